"""Order as specificity: the first rule of the list must stay the winner on every request, whatever the gateway's class.

Gateway API takes an exact path first, then the longest prefix, then a rule with a method, then the one with more
headers, then with more query parameters; equals go by place in the list of one route (sigs.k8s.io/gateway-api
apis/v1/httproute_types.go ``HTTPRouteRule.Matches``, 1.4). Where a regular expression on the path stands among these
each class decides for itself; taken for granted is only that an exact path goes before it. So two rules that some
request meets must either have no regular expression, or share no path, or have the same path word for word: then the
path decides nothing. Rules are split until that holds, and it is proved again, pair by pair, with exact languages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ir.language import PATH, Language
from ir.match import Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, derived
from translator.exporters.routes.alternatives import (
    Alternative,
    Ask,
    Contradiction,
    both,
    meet,
    only,
    reached,
    within_both,
)
from translator.exporters.routes.expressions import LIMIT, say

ROUNDS = 96
"""Repairs after which a table is given up."""

_EXACT = re.compile(r"(/([-A-Za-z0-9._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+\Z")
_REFUSED = re.compile(r"//|/\./|/\.\./|%2[fF]|/\.\.?\Z")
"""Exact paths that the API server takes (``HTTPPathMatch``, rules of the schema)."""

Form = tuple[str, str]


def in_specificity_order(alternatives: Sequence[Alternative]) -> tuple[Alternative, ...]:
    """The alternatives that are ever reached, split so that specificity decides as the list did.

    Raises:
        Contradiction: it does not come out in a bounded number of repairs.
        ir.language.Opaque: a pattern has no exact language.
    """
    left = reached(alternatives)
    for _ in range(ROUNDS):
        clash = _first_clash(left)
        if clash is None:
            return tuple(reached(left))
        _repair(left, *clash)
    message = "the order of these rules contradicts that of Gateway API too often"
    raise Contradiction(message)


def beats(first: Alternative, second: Alternative) -> bool:
    """Whether ``first``, standing before ``second`` in one object, wins every request that both match."""
    return first.route == second.route or _wins(first, second) or not meet(first, second)


def outranks(first: Alternative, second: Alternative) -> bool:
    """Whether ``first`` wins whatever object holds ``second``: by more than its place."""
    if not meet(first, second):
        return True
    return _comparable(first, second) and _key(first) > _key(second)


def _wins(first: Alternative, second: Alternative) -> bool:
    return _comparable(first, second) and _key(first) >= _key(second)


def _comparable(first: Alternative, second: Alternative) -> bool:
    """Whether every class takes the two paths in the same order, or sees no difference between them."""
    one, other = form(first), form(second)
    return one == other or "exact" in (one[0], other[0]) or "regex" not in (one[0], other[0])


def _key(one: Alternative) -> tuple[int, ...]:
    headers, query, method = one.rank
    kind, text = form(one)
    length = len(text) if kind == "elements" else 0
    return int(kind == "exact"), length, method, headers, query


def form(one: Alternative) -> Form:
    """How the path is said: every path, one exact path, elements at its beginning, or a regular expression."""
    if (PATH - one.paths).is_empty():
        return "every", ""
    term = one.path.test.any_of[0].value if one.path and len(one.path.test.any_of) == 1 else None
    exact = isinstance(term, Pattern) and term.kind is PatternKind.EXACT and not term.ignore_case
    if exact and isinstance(term, Pattern) and is_path(term.text):
        return "exact", term.text
    if isinstance(term, Pattern) and term.kind is PatternKind.ELEMENT_PREFIX:
        return "elements", term.text
    return "regex", say(one.paths)


def is_path(text: str) -> bool:
    """Whether the schema takes the text as an exact path."""
    return len(text) <= LIMIT and bool(_EXACT.match(text)) and not _REFUSED.search(text)


def _first_clash(left: Sequence[Alternative]) -> tuple[int, int] | None:
    for second in range(len(left)):
        for first in range(second):
            if not beats(left[first], left[second]) and not _taken_before(left, first, second):
                return first, second
    return None


def _taken_before(left: Sequence[Alternative], first: int, second: int) -> bool:
    """Whether what both match is taken by a repeated statement of the first one's route."""
    return any(
        left[n].route == left[first].route
        and _wins(left[n], left[second])
        and within_both(left[n], left[first], left[second])
        for n in range(second)
    )


def _repair(left: list[Alternative], first: int, second: int) -> None:
    one, other = left[first], left[second]
    if one.plain:
        rest = other.paths - one.paths
        left[second : second + 1] = [] if rest.is_empty() else [only(other, rest, one)]
    elif form(one) == form(other):
        again = both(one, other)
        if not _wins(again, other):
            message = "two rules on one path ask for different things"
            raise Contradiction(message)
        left.insert(first, again)
    else:
        shared = _shared(one, other)
        left[second : second + 1] = _parts(other, one, shared)
        left[first : first + 1] = _parts(one, other, shared)


def _parts(one: Alternative, other: Alternative, shared: Ask | None) -> list[Alternative]:
    """The rule once for the paths that both have, word for word the same, and once for the rest."""
    rest = one.paths - other.paths
    parts = [replace(one, path=shared)]
    if not rest.is_empty():
        parts.append(only(one, rest, other))
    return parts


def _shared(one: Alternative, other: Alternative) -> Ask | None:
    """The paths of both as one test, which says what either says."""
    parents = [t for ask in (one.path, other.path) if ask is not None for t in ask.test.any_of]
    paths = one.paths & other.paths
    exact = next((f[1] for f in (form(one), form(other)) if f[0] == "exact"), None)
    if exact is not None:
        return _ask(Pattern(PatternKind.EXACT, exact), Language.exact(exact), parents)
    text = say(paths)
    return _ask(Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RUST_SPAN), paths, parents)


def on_path(one: Alternative, path: str, why: Alternative) -> Alternative:
    """The alternative for this very path, which another asks for."""
    asks = [ask for ask in (one.path, why.path) if ask is not None]
    parents = [term for ask in asks for term in ask.test.any_of]
    return replace(one, path=_ask(Pattern(PatternKind.EXACT, path), Language.exact(path), parents))


def _ask(pattern: Pattern, accepts: Language, parents: Sequence[Traced[object]]) -> Ask:
    term: Traced[Pattern] = derived(pattern, parents)
    return Ask(accepts, Test(part=Part.PATH, any_of=(term,), trail=derived("path", parents)))
