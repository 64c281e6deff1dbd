"""Certificates: every claim is confirmed by a checker that shares nothing with what made it, and a false one is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ir.behaviour.languages import language_of
from ir.match import Pattern, PatternKind, RegexDialect
from ir.model import Model
from tests.fixtures.cases import Case, cases
from tests.verify.random_access import changed, drawn
from translator import check
from translator.check import NotUnderstood, changes
from translator.verify.access import Comparison
from translator.verify.certificate import certificate

LEFT_OUT = {
    "datagrams",
    "runs of slashes are merged",
    "callers that are known by labels",
    "something beyond the rules has a say",
    "routes in the order of specificity",
    "route tables that differ in order",
}
"""Why a port may be left out of a certificate."""


def certified(before: Model, after: Model) -> dict[str, Any]:
    """The certificate as it is read from a file."""
    comparison = Comparison(before, after)
    found = certificate(comparison, tuple(comparison.slices()))
    read: dict[str, Any] = json.loads(json.dumps(found))
    return read


def claimed(entry: dict[str, Any]) -> tuple[bool, bool]:
    return entry["newly_allowed"], entry["newly_denied"]


def test_the_checker_is_small_and_imports_nothing_of_ours() -> None:
    text = Path(check.__file__).read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) < 300
    imported = re.findall(r"^(?:from|import) ([\w.]+)", text, re.MULTILINE)
    assert not [name for name in imported if name.split(".")[0] in {"ir", "translator"}]


@pytest.mark.parametrize("case", cases(target="linkerd"), ids=lambda case: case.name)
def test_the_claims_about_a_translation_are_confirmed(case: Case) -> None:
    before, after = case.result().model, case.after()
    if not before.inventory.workloads:
        return
    told = certified(before, after)
    for entry in told["ports"]:
        found = changes(entry, told["callers"])
        assert found == claimed(entry), entry["ports"]
    assert {one["why"] for one in told["left_out"]} <= LEFT_OUT
    assert told["ports"] or told["left_out"]


@pytest.mark.parametrize("seed", range(16))
def test_the_claims_about_models_at_random_are_confirmed_and_their_contrary_is_not(
    seed: int,
) -> None:
    choice = Random(seed)  # noqa: S311  # models for a test
    before = drawn(choice)
    after = changed(choice, before)
    told = certified(before, after)
    assert {one["why"] for one in told["left_out"]} <= LEFT_OUT
    for entry in told["ports"]:
        one, other = entry["before"], entry["after"]
        turned, same = {**entry, "before": other, "after": one}, {**entry, "after": one}
        assert changes(entry, told["callers"]) == claimed(entry)
        assert changes(turned, told["callers"]) == claimed(entry)[::-1]
        assert changes(same, told["callers"]) == (False, False)


def test_most_ports_of_models_at_random_are_in_their_certificate() -> None:
    entries = left = differing = 0
    for seed in range(30):
        choice = Random(seed)  # noqa: S311  # models for a test
        before = drawn(choice)
        told = certified(before, changed(choice, before))
        entries += sum(len(one["ports"]) for one in told["ports"])
        left += sum(len(one["ports"]) for one in told["left_out"])
        differing += sum(any(claimed(one)) for one in told["ports"])
    assert entries > 3 * left
    assert differing > 8


WORDS = ("", "/", "/a", "/a/", "/a/b", "/ab", "/b", "ab", "A", "a.b", "/a/b/c", "aa", "b", "/.a")
TEXTS = ("", "/", "/a", "/a/", "a", "a*b", "/{*}/b", "/{**}/c", "/a/{*}")
REGEXES = (
    "/a|/ab", "/ab|/a", "a*", "a+?", "(?:a|b)*", "/a(/.*)?", "[^/]+", "/[a-c]{1,2}", "(?i)/A", "a??b?",
    "/(?:a|ab)(?:/b)?", "^/a$", r"/\.a", r"\d|\w", "a{2}", "(a|b|)b?", ".*b", "/a.*?", "(?:a*)*b?",
)  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in PatternKind if kind is not PatternKind.REGEX])
def test_the_checker_reads_plain_patterns_as_the_searcher_does(kind: PatternKind) -> None:
    for text in (t for t in TEXTS if t[:1] == "/" or kind is not PatternKind.TEMPLATE):
        for fold in (False, True):
            language = language_of(Pattern(kind, text, fold))
            machine = check._machine(kind.value, text, None, fold=fold)
            assert [w for w in WORDS if machine.covers(w)] == [
                w for w in WORDS if language.accepts(w)
            ]


@pytest.mark.parametrize("dialect", [RegexDialect.RE2_FULL, RegexDialect.RUST_SPAN])
@pytest.mark.parametrize("text", REGEXES)
def test_the_checker_reads_regular_expressions_as_the_searcher_does(
    text: str, dialect: RegexDialect
) -> None:
    language = language_of(Pattern(PatternKind.REGEX, text, dialect=dialect))
    machine = check._machine("regex", text, dialect.value, fold=False)
    assert [w for w in WORDS if machine.covers(w)] == [w for w in WORDS if language.accepts(w)]


@pytest.mark.parametrize(
    "text", [r"\bx", "[[:alpha:]]", "(?s)a", "a{,2}", "(?P<x>a)", r"\pL", "é", "(", "x^"]
)
def test_the_checker_does_not_judge_what_it_does_not_understand(text: str) -> None:
    with pytest.raises(NotUnderstood):
        check._machine("regex", text, "re2_full", fold=False)
