"""Paths and authorities through the view of an enforcement point: the automata against the plain functions."""

from __future__ import annotations

import random

import pytest

from ir.behaviour.concrete_match import pattern_matches, seen_authority, seen_path
from ir.behaviour.languages import HOST, dotted, host_seen_as, resolved, seen_as
from ir.match import PathForm, Pattern, PatternKind, RegexDialect, View

PIECES = ("/", ".", "a", "p", "%61", "%2e", "%2F", "%2f", "\\", "%", "2", "x", "%5C", "ap", "%25")
PATTERNS = (
    Pattern(PatternKind.PREFIX, "/ap/"),
    Pattern(PatternKind.EXACT, "/a/p"),
    Pattern(PatternKind.SUFFIX, "/x"),
    Pattern(PatternKind.EXACT, "/a%2Fp"),
    Pattern(PatternKind.REGEX, "/[ap]+(/x)?", dialect=RegexDialect.RE2_FULL),
)


def spellings() -> list[str]:
    choice = random.Random(7)  # noqa: S311  # words for a test
    return ["/" + "".join(choice.choices(PIECES, k=choice.randint(0, 5))) for _ in range(1500)]


@pytest.mark.parametrize("form", list(PathForm))
def test_a_path_is_covered_as_it_is_seen(form: PathForm) -> None:
    plain = [path for path in spellings() if not dotted(form).accepts(path)]
    covered = 0
    for pattern in PATTERNS:
        language = seen_as(pattern, form)
        for path in plain:
            seen = pattern_matches(pattern, seen_path(path, View(path=form)))
            assert language.accepts(path) is seen, (pattern, path)
            covered += seen
    assert covered > 10


@pytest.mark.parametrize("form", [f for f in PathForm if f is not PathForm.RAW])
def test_whatever_is_sent_resolves_to_a_path_in_the_form(form: PathForm) -> None:
    sent = spellings()
    assert any(dotted(form).accepts(path) for path in sent)
    for path in sent:
        assert resolved(form).accepts(seen_path(path, View(path=form))), path


@pytest.mark.parametrize("with_port", [True, False])
def test_an_authority_is_covered_as_it_is_seen(with_port: bool) -> None:  # noqa: FBT001
    patterns = [
        Pattern(PatternKind.EXACT, "shop"),
        Pattern(PatternKind.SUFFIX, ".shop"),
        Pattern(PatternKind.EXACT, "shop:80"),
    ]
    for pattern in patterns:
        language = host_seen_as(pattern, with_port)
        for host in (
            "shop",
            "shop:80",
            "shop:8080",
            "a.shop",
            "a.shop:1",
            "shops",
            "shop.",
            "shop.:80",
            "a.shop.",
            "shop..",
        ):
            seen = seen_authority(host, View(authority_has_port=with_port))
            assert language.accepts(host) is pattern_matches(pattern, seen), (pattern, host)
            assert HOST.accepts(host)
