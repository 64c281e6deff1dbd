"""Paths, methods and hosts as regular expressions of the target: RE2, and the whole string must match.

What is compared is ``:path`` with its query (cilium/cilium pkg/envoy/policy/envoy_l7_rules_translator.go, 1.20), so a set
of paths is said as an expression that takes no ``?``, and the query is let through behind it when it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from ir.behaviour.languages import language_of
from ir.language import PATH, TOKEN, Dialect, Language
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, RegexDialect, Test
from ir.provenance import Traced, trail
from translator.api import Loss
from translator.exporters.cilium.legalise.boxes import HOSTS, Box
from translator.exporters.cilium.legalise.remarks import POLICY
from translator.report.model import Fate, Impact, Severity, Support

LIMIT = 4096
"""Characters that an expression may have before it is taken apart (:mod:`translator.exporters.cilium.legalise.room`)."""

WIRE = Language.regex("/[!-~]*", Dialect.RE2_FULL)
"""What may stand in ``:path``."""

_NAMED = HOSTS - Language.exact("")

NO_QUERY = Language.regex("[^?]*", Dialect.RE2_FULL)


def path_pattern(paths: Language, origins: Iterable[Traced[object]]) -> Pattern | None:
    """The set of paths as one pattern; ``None`` where it is all of them.

    Raises:
        ir.language.Opaque: it would be too long.
    """
    return _path(paths, patterns_of(origins))


def patterns_of(origins: Iterable[Traced[object]]) -> tuple[Pattern, ...]:
    """The patterns among some values, each once."""
    found = (value.value for value in origins)
    return tuple(dict.fromkeys(p for p in found if isinstance(p, Pattern)))


@lru_cache(maxsize=2048)
def _path(paths: Language, asked: tuple[Pattern, ...]) -> Pattern | None:
    if (PATH - paths).is_empty():
        return None
    for one in asked:
        plain = one.kind in (PatternKind.EXACT, PatternKind.PREFIX) and not one.ignore_case
        if plain and "?" not in one.text and (language_of(one) & PATH).equals(paths & PATH):
            return one
    text = (paths & NO_QUERY).to_regex(
        Dialect.RE2_FULL, limit=LIMIT, within=WIRE, hints=_hints(asked)
    )
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)


def _hints(asked: Sequence[Pattern]) -> tuple[str, ...]:
    """How somebody would write it: each pattern by itself, or all that are wanted as alternatives."""
    said = [text for one in asked if (text := without_query(one)) is not None]
    return (*said, "|".join(said)) if said else ()


def without_query(pattern: Pattern) -> str | None:
    """An expression for the paths of a pattern that takes no ``?``."""
    said = language_of(pattern).said
    return None if said is None else said.replace(".*", "[^?]*").replace(".+", "[^?]+")


def with_query(pattern: Pattern) -> str:
    """The expression for ``:path`` that takes the paths of a legal pattern with any query."""
    said = language_of(pattern).said or ""
    match pattern.kind:
        case PatternKind.PREFIX:
            return said
        case PatternKind.EXACT:
            return f"{said}(?:\\?.*)?"
        case _:
            return f"(?:{pattern.text})(?:\\?.*)?"


def method_pattern(methods: Language, origins: Iterable[Traced[object]]) -> Pattern | None:
    """The set of methods as one pattern; ``None`` where it is all of them."""
    return _within(methods, TOKEN, patterns_of(origins))


def host_pattern(hosts: Language, origins: Iterable[Traced[object]]) -> Pattern | None:
    """The set of authorities as one pattern; ``None`` where it is all of them."""
    return _within(hosts, HOSTS, patterns_of(origins))


def has_host(box: Box) -> bool:
    """Whether some request of the box names a host: none is read that does not, and an empty ``host`` would mean any."""
    return not (box.host & _NAMED).is_empty()


def without_host(boxes: Iterable[Box], names: Sequence[str]) -> Iterator[Loss]:
    """What becomes of requests that name no host, where others of a box may name some hosts and not others."""
    nowhere = trail("no host")
    none = Test(part=Part.AUTHORITY, presence=Traced(Presence.ABSENT), trail=nowhere)
    for box in boxes:
        if box.by.host and box.host.accepts("") and not (HOSTS - box.host).is_empty():
            yield Loss(
                code="MM403",
                impact=Impact.STRICTER,
                support=Support.NEVER,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED,
                because=tuple(box.by.host),
                ways=(AllOf(tests=(none,), trail=nowhere),),
                message=f"requests that name no host are refused: {', '.join(names)}.",
                why="An empty host means any host in a rule of the target; its proxy answers HTTP/1.1 without a host by 400.",
                doc=POLICY,
            )


@lru_cache(maxsize=2048)
def _within(wanted: Language, domain: Language, asked: tuple[Pattern, ...]) -> Pattern | None:
    if (domain - wanted).is_empty():
        return None
    said = [text for one in asked if (text := language_of(one).said) is not None]
    text = wanted.to_regex(
        Dialect.RE2_FULL, limit=LIMIT, within=domain, hints=(*said, "|".join(said)) if said else ()
    )
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)
