"""Which requests a route takes (envoyproxy/envoy api/envoy/config/route/v3/route_components.proto ``RouteMatch``, 1.37).

``prefix`` is one of text; ``path`` and ``safe_regex`` look at the path without its query, the expression at all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Term, Test
from ir.provenance import Traced
from translator.importers.cilium.envoy.shape import Page, Unknown, flag, get, items, only, text
from translator.source.cursor import Cursor

_PATHS = {
    "prefix": PatternKind.PREFIX,
    "path": PatternKind.EXACT,
    "path_separated_prefix": PatternKind.ELEMENT_PREFIX,
}
_STRINGS = {
    "exact": PatternKind.EXACT,
    "prefix": PatternKind.PREFIX,
    "suffix": PatternKind.SUFFIX,
    "contains": PatternKind.CONTAINS,
}
_OLD = {f"{name}_match": name for name in (*_STRINGS, "safe_regex")}
"""Names of matches of headers before ``string_match``."""
_EVERY_PATH = "/"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a route asks for, and the pattern of its path."""

    way: AllOf
    path: Pattern
    everything: bool
    """Every path, and nothing else is asked for."""


def read_match(place: Cursor, page: Page) -> Taken:
    """The requests of a route.

    Raises:
        Unknown: something else decides.
    """
    only(place, *_PATHS, "safe_regex", "headers", "query_parameters", "case_sensitive")
    exact_case = flag(place, "case_sensitive")
    if exact_case is not None and not exact_case.value:
        raise Unknown("paths in any case")
    term = _path(place)
    tests = [Test(part=Part.PATH, any_of=(term,), trail=page.fact("path"))]
    tests.extend(_header(one, page) for one in items(place, "headers"))
    tests.extend(_parameter(one, page) for one in items(place, "query_parameters"))
    pattern = term.value
    if not isinstance(pattern, Pattern):
        raise TypeError(pattern)
    everything = len(tests) == 1 and pattern == Pattern(PatternKind.PREFIX, _EVERY_PATH)
    return Taken(AllOf(tests=tuple(tests), trail=page.fact("requests")), pattern, everything)


def _path(place: Cursor) -> Traced[Term]:
    for name, kind in _PATHS.items():
        found = text(place, name)
        if found is not None:
            return Traced(Pattern(kind, found.value), found.origin)
    found_regex = get(place, "safe_regex")
    if found_regex is None:
        raise Unknown("a match without a path")
    word = expression(found_regex)
    return Traced(_regex(word.value), word.origin)


def expression(place: Cursor) -> Traced[str]:
    """The text of a regular expression."""
    only(place, "google_re2", "regex")
    found = text(place, "regex")
    if found is None:
        raise Unknown("an expression without a text")
    return found


def _regex(word: str) -> Pattern:
    return Pattern(PatternKind.REGEX, word, dialect=RegexDialect.RE2_FULL)


def _header(place: Cursor, page: Page) -> Test:
    only(place, "name", "string_match", "present_match", *_OLD)
    name = text(place, "name")
    if name is None:
        raise Unknown("a header without a name")
    part, called = Part.HEADER, Traced(name.value.lower(), name.origin)
    pseudo = {":method": Part.METHOD, ":authority": Part.AUTHORITY, "host": Part.AUTHORITY}
    if name.value.startswith(":") or called.value == "host":
        if called.value not in pseudo:
            raise Unknown(f"a match on {name.value}")
        part = pseudo[called.value]
    more = () if part is Part.HEADER else name.origin
    terms = [Traced(one.value, (*one.origin, *more)) for one in _strings(place)]
    present = flag(place, "present_match")
    own = called if part is Part.HEADER else None
    node = page.fact("header")
    if terms and present is None:
        return Test(part=part, name=own, any_of=tuple(terms), trail=node)
    bare = None if own is None else Traced(own.value, (), own.origin)
    return Test(part=part, name=bare, any_of=(_there(name, present),), trail=node)


def _there(name: Traced[str], present: Traced[bool] | None) -> Traced[Term]:
    """That a value is there: any."""
    if present is not None and not present.value:
        raise Unknown(f"{name.value} that must be absent")
    return Traced(_regex(".*"), (*name.origin, *(() if present is None else present.origin)))


def _strings(place: Cursor) -> Iterator[Traced[Term]]:
    block = get(place, "string_match")
    if block is not None:
        only(block, *_STRINGS, "safe_regex")
        if not any(get(block, key) for key in (*_STRINGS, "safe_regex")):
            raise Unknown("a comparison with nothing")
        for key, kind in _STRINGS.items():
            found = text(block, key)
            if found is not None:
                yield Traced(Pattern(kind, found.value), found.origin)
        inner = get(block, "safe_regex")
        if inner is not None:
            word = expression(inner)
            yield Traced(_regex(word.value), word.origin)
    for old, key in _OLD.items():
        found_old = get(place, old)
        if found_old is not None and key == "safe_regex":
            word = expression(found_old)
            yield Traced(_regex(word.value), word.origin)
        elif found_old is not None:
            value = found_old.as_str()
            yield Traced(Pattern(_STRINGS[key], value.value), value.origin)


def _parameter(place: Cursor, page: Page) -> Test:
    only(place, "name", "string_match", "present_match")
    name = text(place, "name")
    if name is None:
        raise Unknown("a parameter without a name")
    terms = tuple(_strings(place))
    present = flag(place, "present_match")
    node = page.fact("query parameter")
    if terms:
        return Test(part=Part.QUERY, name=name, any_of=terms, trail=node)
    bare = Traced(name.value, (), name.origin)
    return Test(part=Part.QUERY, name=bare, any_of=(_there(name, present),), trail=node)
