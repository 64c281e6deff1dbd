"""Rules of a route as languages: what one accepts, what two have in common, one less the other.

What an order of rules comes to is proved with these, pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ir.language import PATH, Language
from ir.match import Part, Pattern, PatternKind, Presence, RegexDialect, Test
from ir.provenance import Traced, derived
from translator.exporters.routes.expressions import beside, say
from translator.exporters.routes.languages import union


@dataclass(frozen=True, slots=True)
class Ask:
    """What one test comes to: the strings that it accepts, and the terms that say so."""

    accepted: Language
    test: Test


@dataclass(frozen=True, slots=True)
class Alternative:
    """One match of one route: ``route`` is its place in the table, ``source`` its match in the model."""

    route: int
    source: object
    path: Ask | None
    method: Ask | None
    headers: tuple[tuple[str, Ask], ...]
    query: tuple[tuple[str, Ask], ...]
    paths: Language = field(init=False)
    """The paths that are accepted."""

    def __post_init__(self) -> None:
        """Works out the paths once: they are compared with those of every other rule."""
        paths = PATH if self.path is None else self.path.accepted & PATH
        object.__setattr__(self, "paths", paths)

    @property
    def rank(self) -> tuple[int, int, int]:
        """What decides once paths are equal: headers, query parameters, method."""
        return len(self.headers), len(self.query), int(self.method is not None)

    @property
    def everything(self) -> bool:
        """Whether every request is accepted: such a rule is written without a path and counts one character, as ``/`` does."""
        return self.plain and (PATH - self.paths).is_empty()

    @property
    def plain(self) -> bool:
        """Whether nothing but the path is asked."""
        return self.rank == (0, 0, 0)


class Contradiction(Exception):  # noqa: N818  # carries a reason upwards
    """The order cannot be kept."""


def alternative(route: int, source: object, tests: Sequence[Test]) -> Alternative:
    """A match as languages. Tests are on path, method, headers and query only: pruning has seen to it."""
    asks = [(test, Ask(accepted(test), test)) for test in tests]
    one = {test.part: ask for test, ask in asks if test.part in (Part.PATH, Part.METHOD)}
    return Alternative(
        route=route,
        source=source,
        path=one.get(Part.PATH),
        method=one.get(Part.METHOD),
        headers=_by_name(asks, Part.HEADER),
        query=_by_name(asks, Part.QUERY),
    )


def _by_name(asks: Sequence[tuple[Test, Ask]], part: Part) -> tuple[tuple[str, Ask], ...]:
    found = ((t.name.value.lower() if part is Part.HEADER else t.name.value, a) for t, a in asks
             if t.part is part and t.name is not None)  # fmt: skip
    return tuple(sorted(found, key=lambda pair: pair[0]))


def accepted(test: Test) -> Language:
    """The strings that a positive test accepts; presence alone accepts any."""
    if test.any_of:
        return union(tuple(t.value for t in test.any_of if isinstance(t.value, Pattern)))
    if test.presence is not None and test.presence.value is Presence.ABSENT:
        return Language.nothing()
    return Language.anything()


def reached(alternatives: Sequence[Alternative]) -> list[Alternative]:
    """Those that no earlier one covers whole."""
    left: list[Alternative] = []
    for one in alternatives:
        if not any(_includes(first, one) for first in left):
            left.append(one)
    return left


def _includes(first: Alternative, second: Alternative) -> bool:
    return (
        implied(first, second)
        and not _plainly_apart(first, second)
        and second.paths.issubset(first.paths)
    )


def implied(first: Alternative, second: Alternative) -> bool:
    """Whether whatever ``second`` asks beside the path includes all that ``first`` asks."""
    method = first.method is None or (
        second.method is not None and second.method.accepted.issubset(first.method.accepted)
    )
    return method and all(
        name in theirs and theirs[name].accepted.issubset(ask.accepted)
        for mine, theirs in (
            (first.headers, dict(second.headers)),
            (first.query, dict(second.query)),
        )
        for name, ask in mine
    )


def within_both(again: Alternative, first: Alternative, second: Alternative) -> bool:
    """Whether ``again`` matches all that ``first`` and ``second`` both match."""
    if not ((first.paths & second.paths) - again.paths).is_empty():
        return False
    if not _covers(again.method, first.method, second.method):
        return False
    return _named_cover(again.headers, first.headers, second.headers) and _named_cover(
        again.query, first.query, second.query
    )


def _named_cover(
    again: Sequence[tuple[str, Ask]],
    first: Sequence[tuple[str, Ask]],
    second: Sequence[tuple[str, Ask]],
) -> bool:
    a, b = dict(first), dict(second)
    return all(_covers(ask, a.get(name), b.get(name)) for name, ask in again)


def _covers(again: Ask | None, first: Ask | None, second: Ask | None) -> bool:
    if again is None:
        return True
    if first is None and second is None:
        return False
    both = Language.anything()
    for ask in (first, second):
        if ask is not None:
            both = both & ask.accepted
    return both.issubset(again.accepted)


def meet(first: Alternative, second: Alternative) -> bool:
    """Whether some request matches both."""
    if _exclude(first.headers, second.headers) or _exclude(first.query, second.query):
        return False
    if not _covers_some(first.method, second.method):
        return False
    return not _plainly_apart(first, second) and not (first.paths & second.paths).is_empty()


def _covers_some(first: Ask | None, second: Ask | None) -> bool:
    return first is None or second is None or not first.accepted.disjoint(second.accepted)


def _plainly_apart(first: Alternative, second: Alternative) -> bool:
    """Whether two paths, each exact or a prefix, are seen at a glance to have nothing in common."""
    one, other = _sole(first.path), _sole(second.path)
    if one is None or other is None or one.ignore_case or other.ignore_case:
        return False
    match one.kind, other.kind:
        case PatternKind.EXACT, PatternKind.EXACT:
            return one.text != other.text
        case PatternKind.EXACT, PatternKind.PREFIX:
            return not one.text.startswith(other.text)
        case PatternKind.PREFIX, PatternKind.EXACT:
            return not other.text.startswith(one.text)
        case PatternKind.PREFIX, PatternKind.PREFIX:
            return not (one.text.startswith(other.text) or other.text.startswith(one.text))
        case _:
            return False


def _exclude(first: Sequence[tuple[str, Ask]], second: Sequence[tuple[str, Ask]]) -> bool:
    """Whether no request of the source meets both.

    Envoy joins the values of a repeated header to one (source/common/http/header_utility.cc) and looks at the first of
    a repeated parameter (source/common/router/config_utility.cc, 1.31): each has one value for all rules.
    """
    theirs = dict(second)
    return any(
        name in theirs and ask.accepted.disjoint(theirs[name].accepted) for name, ask in first
    )


def only(second: Alternative, rest: Language, first: Alternative) -> Alternative:
    """The second rule without the paths of the first."""
    parents = [*_terms(second.path), *_terms(first.path)]
    one, other = _sole(first.path), _sole(second.path)
    hints: tuple[str, ...] = ()
    if one is not None and (other is not None or second.path is None):
        hints = beside(one, other)
    return replace(second, path=_regex(rest, parents, second.path, hints))


def both(first: Alternative, second: Alternative) -> Alternative:
    """The first rule once more, for the requests of the second only."""
    path = first.path
    if second.path is not None and (path is None or not first.paths.issubset(second.paths)):
        shared = first.paths & second.paths
        parents = [*_terms(first.path), *_terms(second.path)]
        path = _regex(shared, parents, first.path)
    return replace(
        first,
        path=path,
        method=first.method or second.method,
        headers=_merged(first.headers, second.headers),
        query=_merged(first.query, second.query),
    )


def _merged(
    first: Sequence[tuple[str, Ask]], second: Sequence[tuple[str, Ask]]
) -> tuple[tuple[str, Ask], ...]:
    """Tests of both by name; of two on one name the narrower, or what both accept."""
    found = dict(second)
    for name, ask in first:
        other = found.get(name)
        if other is None or ask.accepted.issubset(other.accepted):
            found[name] = ask
        elif not other.accepted.issubset(ask.accepted):
            message = f'two rules ask different things of "{name}"'
            raise Contradiction(message)
    return tuple(sorted(found.items()))


def _regex(
    accepts: Language,
    parents: Sequence[Traced[object]],
    own: Ask | None,
    hints: tuple[str, ...] = (),
) -> Ask:
    text = say(accepts, hints)
    term = Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RUST_SPAN)
    traced = derived(term, parents)
    base = own.test.trail if own is not None else derived("path", parents)
    return Ask(accepts, Test(part=Part.PATH, any_of=(traced,), trail=derived("path", (base,))))


def _sole(ask: Ask | None) -> Pattern | None:
    """The pattern of a test that has only one."""
    if ask is None or len(ask.test.any_of) != 1:
        return None
    value = ask.test.any_of[0].value
    return value if isinstance(value, Pattern) else None


def _terms(ask: Ask | None) -> list[Traced[object]]:
    return [] if ask is None else list(ask.test.any_of)
