"""One HTTP rule: all its fields must hold of a request.

cilium/cilium pkg/policy/api/http.go and pkg/envoy/policy/envoy_l7_rules_translator.go, 1.20: ``path``, ``method`` and
``host`` are regular expressions (RE2) that must match the whole of ``:path`` (with its query), ``:method`` and
``:authority`` (with its port).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ir.match import AllOf, Part, Pattern, PatternKind, Presence, RegexDialect, Term, Test
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, absorb
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_FIELDS = {"path": Part.PATH, "method": Part.METHOD, "host": Part.AUTHORITY}
_PSEUDO = {
    ":path": Part.PATH,
    ":method": Part.METHOD,
    ":authority": Part.AUTHORITY,
    "host": Part.AUTHORITY,
}
_ACTIONS = ("LOG", "ADD", "DELETE", "REPLACE")


@dataclass(slots=True)
class HttpRule:
    """The rule as an alternative, and what it does besides deciding."""

    way: AllOf
    odd: list[Opaque] = field(default_factory=list)


def read_http(place: Cursor, meta: Meta) -> HttpRule:
    """A rule without fields is met by every HTTP request."""
    there = Traced(Presence.PRESENT, (), meta.because)
    tests: list[Test] = []
    for key, part in _FIELDS.items():
        text = place.opt_str(key)
        if text is not None and not _says_nothing(key, text.value):
            term: Traced[Term] = text.map(_regex)
            tests.append(Test(part=part, any_of=(term,), trail=meta.fact(key)))
    tests.extend(_header(one, meta) for one in place.opt_list("headers"))
    rule = HttpRule(AllOf(trail=meta.fact("http")))
    for one in place.opt_list("headerMatches"):
        tests.extend(_header_match(one, rule, meta))
    if not tests:
        tests.append(Test(part=Part.METHOD, presence=there, trail=meta.fact("http")))
    fields = ((key, place.opt_str(key)) for key in _FIELDS)
    blank = [text for key, text in fields if text is not None and _says_nothing(key, text.value)]
    spent = (place.here, place.empty("headers"), place.empty("headerMatches"), *blank)
    rule.way = AllOf(tests=tuple(tests), trail=absorb(meta.fact("http"), *spent))
    return rule


def _says_nothing(key: str, text: str) -> bool:
    """Whether every request meets the expression: each has a method and a path, and paths begin with a slash."""
    return not text or (text == ".*" and key != "host") or (text == "/.*" and key == "path")


def _regex(text: str) -> Term:
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)


def _named(name: str, leaves: tuple[int, ...]) -> tuple[Part, Traced[str] | None]:
    """The part that a header is: some names stand for other parts of a request."""
    part = _PSEUDO.get(name.lower())
    return (Part.HEADER, Traced(name.lower(), leaves)) if part is None else (part, None)


def _header(place: Cursor, meta: Meta) -> Test:
    """``Name: value`` or ``Name value``, cut at the first space; without one, the name of a header that must be there.

    A value that is empty is taken for any value by Envoy.
    """
    text = place.as_str()
    name, space, value = text.value.partition(" ")
    part, called = _named(name.removesuffix(":") if space else name, text.origin)
    if not space or not value:
        there = Traced(Presence.PRESENT, text.origin)
        return Test(part=part, name=called, presence=there, trail=meta.fact("header"))
    term: Traced[Term] = Traced(Pattern(PatternKind.EXACT, value), text.origin)
    return Test(part=part, name=called, any_of=(term,), trail=meta.fact("header"))


def _header_match(place: Cursor, rule: HttpRule, meta: Meta) -> Iterator[Test]:
    """With an action the rule holds all the same, and the action is done where the header is not as asked."""
    name, value = place.str("name"), place.opt_str("value")
    action = place.opt_enum("mismatch", {word: word for word in _ACTIONS})
    secret = place.opt_map("secret")
    if action is not None:
        rule.odd.append(
            Opaque(
                kind=f"headerMatches {action.value}",
                intent=Intent.LOG if action.value == "LOG" else Intent.HEADER_CHANGE,
                may_touch=(Column.TELEMETRY,) if action.value == "LOG" else (Column.HEADERS,),
                trail=meta.fact("headerMatches", *place.leaves()),
            )
        )
        return
    part, called = _named(name.value, name.origin)
    node = absorb(meta.fact("headerMatches"), name)
    if secret is not None:
        leaves = secret.leaves()
        hidden: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "value of a secret"), leaves)
        yield Test(part=Part.EXTENSION, name=Traced("secret", leaves), any_of=(hidden,), trail=node)
    elif value is not None and value.value:
        term: Traced[Term] = Traced(Pattern(PatternKind.EXACT, value.value), value.origin)
        yield Test(part=part, name=called, any_of=(term,), trail=node)
    else:
        leaves = (*name.origin, *(() if value is None else value.origin))
        there = Traced(Presence.PRESENT, leaves)
        yield Test(part=part, name=called, presence=there, trail=node)
