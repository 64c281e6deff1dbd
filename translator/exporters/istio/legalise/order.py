"""Rules that win by rank or by specificity, as a list in which the first that matches wins.

By rank a prefix counts its own characters and everything else the whole path (:mod:`ir.behaviour.precedence`). A path that a
prefix matches is longer than it, but for the path that is the prefix: so a prefix is taken apart into that path and what is
below it, and each part has its place whatever the request. Parts that may stand together again do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ir.behaviour.precedence import LEAST
from ir.language import Dialect, Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, RegexDialect, Term, Test
from ir.provenance import Traced, Trail, derived, named
from ir.traffic import Order, Route, RouteMatch, RouteTable
from translator.exporters.routes.languages import language

_ROOT = "/"
LIMIT = 1024
"""Characters that a regular expression may have (istio/istio pkg/config/validation, 1.31)."""


class Unsayable(Exception):  # noqa: N818  # carries a reason upwards
    """A pattern has no form in the target."""


@dataclass(frozen=True, slots=True)
class Item:
    """One rule with one match: ``stem`` is the path of a prefix that was taken apart; ``whole``: that path alone."""

    route: Route
    number: int
    match: RouteMatch
    key: tuple[int, ...]
    path: Pattern | None
    stem: str | None = None
    whole: bool = False


def in_list_order(tables: Sequence[RouteTable]) -> list[tuple[Route, tuple[RouteMatch, ...]]]:
    """The rules of tables that compete, each with the matches that stand together; matches are in the target's words."""
    items: list[Item] = []
    place = 0
    for table in tables:
        for route in table.routes:
            for match in route.matches or (None,):
                items.extend(_items(route, place, match, table))
                place += 1
    if tables[0].order is not Order.LIST:
        items.sort(key=lambda item: item.key)
        items = _rejoined(items)
    return _grouped(items)


def _items(route: Route, place: int, match: RouteMatch | None, table: RouteTable) -> Iterator[Item]:
    node = route.trail
    whole = match or RouteMatch(
        requests=AllOf(trail=named("any request", node)), trail=named("match", node)
    )
    for tests in _alternatives(whole.requests.tests, table):
        pattern = _path(tests)
        said_by = whole.trail, route.trail, table.trail
        for stem, is_whole, said in _parts(pattern, tests, said_by, table.order):
            own = replace(whole, requests=replace(whole.requests, tests=said))
            key = _key(tests, pattern, table.order, place, whole=is_whole)
            yield Item(route, id(route), own, key, _path(said), stem, is_whole)


def _path(tests: Sequence[Test]) -> Pattern | None:
    for test in tests:
        if test.part is Part.PATH and test.any_of and isinstance(test.any_of[0].value, Pattern):
            return test.any_of[0].value
    return None


def _alternatives(tests: Sequence[Test], table: RouteTable) -> Iterator[tuple[Test, ...]]:
    """The match with one pattern for each test, in patterns that the target has; calls of gRPC are paths."""
    choices = [list(_choices(test, table)) for test in _by_name(_as_paths(tests))]
    yield from product(*choices)


def _excludes(test: Test) -> bool:
    """Whether it says what must not be there, which stands in a list of its own."""
    absent = test.presence is not None and test.presence.value is Presence.ABSENT
    return absent or bool(test.none_of)


def _by_name(tests: Sequence[Test]) -> Iterator[Test]:
    """One test for each header and parameter: the target has no more.

    Raises:
        Unsayable: two on one name ask for different things.
    """
    found: dict[tuple[Part, str, bool], Test] = {}
    for test in tests:
        if test.name is None:
            yield test
            continue
        key = test.part, test.name.value.lower(), _excludes(test)
        known = found.get(key)
        if known is None:
            found[key] = test
        elif [t.value for t in known.any_of] == [t.value for t in test.any_of]:
            terms = tuple(
                derived(a.value, (a, b)) for a, b in zip(known.any_of, test.any_of, strict=True)
            )
            name = (
                None if known.name is None else derived(known.name.value, (known.name, test.name))
            )
            node = derived(known.trail.value, (known.trail, test.trail))
            found[key] = replace(known, name=name, any_of=terms, trail=node)
        else:
            message = f"a rule asks for {test.name.value} twice"
            raise Unsayable(message)
    yield from found.values()


def _choices(test: Test, table: RouteTable) -> Iterator[Test]:
    if test.part is Part.AUTHORITY and not table.view.authority_has_port:
        yield from (replace(test, any_of=(one,)) for term in test.any_of for one in _host(term))
    elif len(test.any_of) <= 1 or test.none_of:
        yield _in_words(test)
    else:
        yield from (_in_words(replace(test, any_of=(term,))) for term in test.any_of)


def _host(term: Traced[Term]) -> Iterator[Traced[Term]]:
    """A name whatever port is asked with it, and with a dot at its end or without."""
    pattern = term.value
    if not isinstance(pattern, Pattern):
        raise TypeError(term)
    if pattern.kind is PatternKind.EXACT:
        yield term.derive(Pattern(PatternKind.EXACT, pattern.text))
        yield term.derive(Pattern(PatternKind.PREFIX, f"{pattern.text}:"))
        dotted = f"{_escaped(pattern.text)}\\.(:[0-9]*)?"
        yield term.derive(Pattern(PatternKind.REGEX, dotted, dialect=RegexDialect.RE2_FULL))
    else:
        text = f".*{_escaped(pattern.text)}\\.?(:[0-9]*)?"
        yield term.derive(Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL))


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_/" else f"\\{c}" for c in text)


def _as_paths(tests: Sequence[Test]) -> tuple[Test, ...]:
    """``/service/method`` in the place of a test on each."""
    calls = {t.part: t for t in tests if t.part in (Part.RPC_SERVICE, Part.RPC_METHOD)}
    if not calls:
        return tuple(tests)
    service, method = calls.get(Part.RPC_SERVICE), calls.get(Part.RPC_METHOD)
    terms = [t for test in calls.values() for t in test.any_of]
    if any(
        not isinstance(t.value, Pattern) or t.value.kind is not PatternKind.EXACT for t in terms
    ):
        message = "a call is asked for by more than its name"
        raise Unsayable(message)
    texts = [_text(service), _text(method)]
    if method is None:
        pattern = Pattern(PatternKind.PREFIX, f"/{texts[0]}/")
    elif service is None:
        pattern = Pattern(
            PatternKind.REGEX, f"/[^/]+/{_escaped(texts[1])}", dialect=RegexDialect.RE2_FULL
        )
    else:
        pattern = Pattern(PatternKind.EXACT, f"/{texts[0]}/{texts[1]}")
    node = derived("call", [test.trail for test in calls.values()])
    path = Test(part=Part.PATH, any_of=(derived(pattern, terms),), trail=node)
    return (path, *(t for t in tests if t.part not in calls))


def _text(test: Test | None) -> str:
    if test is None:
        return ""
    value = test.any_of[0].value
    return value.text if isinstance(value, Pattern) else ""


def _in_words(test: Test) -> Test:
    """The test with a pattern that the target has, where it is no prefix of elements."""
    terms = tuple(_term(term) for term in test.any_of)
    return (
        test
        if all(a is b for a, b in zip(terms, test.any_of, strict=True))
        else replace(test, any_of=terms)
    )


def _term(term: Traced[Term]) -> Traced[Term]:
    pattern = term.value
    if not isinstance(pattern, Pattern):
        message = f"{pattern} is no text"
        raise Unsayable(message)
    match pattern.kind:
        case PatternKind.EXACT | PatternKind.PREFIX | PatternKind.ELEMENT_PREFIX:
            return term
        case PatternKind.REGEX if pattern.dialect is RegexDialect.RE2_FULL:
            return term
        case _:
            return term.derive(_regex(pattern))


def _regex(pattern: Pattern) -> Pattern:
    """The same strings as a regular expression of RE2 that the whole text must match."""
    try:
        wanted = language(pattern)
    except Opaque as reason:
        message = f'"{pattern.text}": {reason}'
        raise Unsayable(message) from None
    same = _same_text(pattern, wanted)
    if same is not None:
        return same
    try:
        text = wanted.to_regex(Dialect.RE2_FULL, limit=LIMIT)
    except Opaque as reason:
        message = f'"{pattern.text}" cannot be said as a regular expression of RE2: {reason}'
        raise Unsayable(message) from None
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)


def _same_text(pattern: Pattern, wanted: Language) -> Pattern | None:
    if pattern.kind is not PatternKind.REGEX or len(pattern.text) > LIMIT:
        return None
    said = Pattern(PatternKind.REGEX, pattern.text, dialect=RegexDialect.RE2_FULL)
    try:
        read = language(said)
    except Opaque:
        return None
    return said if (read - wanted).is_empty() and (wanted - read).is_empty() else None


def _parts(
    pattern: Pattern | None, tests: tuple[Test, ...], said_by: Sequence[Trail], order: Order
) -> Iterator[tuple[str | None, bool, tuple[Test, ...]]]:
    """A prefix of elements as its own path and what is below it; every path asks for nothing, but for ``/`` by rank."""
    if pattern is not None and pattern.kind is not PatternKind.ELEMENT_PREFIX:
        yield None, pattern.kind is not PatternKind.PREFIX, tests
        return
    stem = "" if pattern is None else pattern.text.rstrip("/")
    if stem:
        yield stem, True, _with(tests, Pattern(PatternKind.EXACT, stem))
        yield stem, False, _with(tests, Pattern(PatternKind.PREFIX, f"{stem}/"))
        return
    if order is Order.RANK:
        yield _ROOT, True, _at_root(tests, said_by)
    yield _ROOT, False, tests if pattern is None else _every_path(tests)


def _at_root(tests: tuple[Test, ...], said_by: Sequence[Trail]) -> tuple[Test, ...]:
    """The tests for the path ``/`` alone."""
    root = Pattern(PatternKind.EXACT, _ROOT)
    if _path(tests) is not None:
        return _with(tests, root)
    path = Test(part=Part.PATH, any_of=(named(root, *said_by),), trail=named("path", *said_by))
    return (path, *tests)


def _with(tests: Sequence[Test], pattern: Pattern) -> tuple[Test, ...]:
    return tuple(
        replace(t, any_of=(t.any_of[0].derive(pattern),)) if t.part is Part.PATH else t
        for t in tests
    )


def _every_path(tests: Sequence[Test]) -> tuple[Test, ...]:
    return _with(tests, Pattern(PatternKind.PREFIX, "/"))


def _key(
    tests: Sequence[Test], pattern: Pattern | None, order: Order, place: int, *, whole: bool
) -> tuple[int, ...]:
    """What stands first has the smaller key."""
    parts = [test.part for test in tests]
    headers, query = -parts.count(Part.HEADER), -parts.count(Part.QUERY)
    method = 0 if Part.METHOD in parts else 1
    length = -_length(pattern)
    exact = pattern is not None and pattern.kind is PatternKind.EXACT
    if order is Order.SPECIFICITY:
        return (*_host_key(tests), 0 if exact else 1, 0 if whole else 1, 0 if whole else length,
                method, headers, query, place)  # fmt: skip
    return (
        *_host_key(tests),
        0 if whole else 1,
        0 if whole else length,
        headers,
        query,
        method,
        place,
    )


def _length(pattern: Pattern | None) -> int:
    if pattern is None:
        return LEAST
    return max(LEAST, len(pattern.text.rstrip("/")))


def _host_key(tests: Sequence[Test]) -> tuple[int, int]:
    """An exact name, then the longest suffix, then none."""
    for test in tests:
        if test.part is Part.AUTHORITY and test.any_of:
            value = test.any_of[0].value
            if isinstance(value, Pattern):
                exact = value.kind is not PatternKind.REGEX
                return 0 if exact else 1, -len(value.text)
    return 2, 0


def _rejoined(items: list[Item]) -> list[Item]:
    """The path of a prefix goes down to what is below it, past all that cannot match that path."""
    left = list(items)
    prefixes = [item for item in items if item.whole and item.stem not in (None, _ROOT)]
    roots = [item for item in items if item.whole and item.stem == _ROOT]
    # the last first, so that those that stay are known to those before them
    for item in (*prefixes, *reversed(roots)):
        at = left.index(item)
        below = next(
            (
                n
                for n, other in enumerate(left)
                if not other.whole
                and other.stem == item.stem
                and other.number == item.number
                and _beside_path(other) == _beside_path(item)
            ),
            None,
        )
        if below is None or below <= at:
            continue
        between = left[at + 1 : below]
        if any(_comes_between(other, item) for other in between):
            continue
        if item.stem != _ROOT:  # what takes every path takes that one too
            left.insert(below, item)
        del left[at]
    return left


def _comes_between(other: Item, item: Item) -> bool:
    """Whether it takes requests for the path; rules for every path stand in one order, at ``/`` and below it."""
    if other.number == item.number or item.stem is None:
        return False
    if item.stem == other.stem == _ROOT:
        return other.whole
    return _may_match(other, item.stem)


def _beside_path(item: Item) -> list[int]:
    return [id(test) for test in item.match.requests.tests if test.part is not Part.PATH]


def _may_match(item: Item, path: str) -> bool:
    if item.path is None:
        return True
    try:
        return not language(item.path).disjoint(Language.exact(path))
    except Opaque:
        return True


def _grouped(items: Sequence[Item]) -> list[tuple[Route, tuple[RouteMatch, ...]]]:
    """Neighbours of one rule together."""
    found: list[tuple[int, Route, list[RouteMatch]]] = []
    for item in items:
        if found and found[-1][0] == item.number:
            found[-1][2].append(item.match)
        else:
            found.append((item.number, item.route, [item.match]))
    return [(route, tuple(matches)) for _, route, matches in found]
