"""Charts as regular expressions, by eliminating states.

How short the result is depends on the order, and on whether what several states have in common is
given a state of its own first; so that is done in several fixed ways, of which the caller takes the
shortest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ir.language.automaton import live_states
from ir.language.chart import MOST_STATES, Chart, reversed_chart
from ir.language.errors import Opaque
from ir.language.expression import EMPTY, NEVER, Chars, Expression, cat, either, mirrored, star

_START, _END = -1, -2
_STOP = -1
"""Stands among the symbols for the end of the string."""
_ORDERS = 4
_SHORT = 300
"""Expressions of this size are not improved upon."""
_MOST_SHARING = 60
"""States among which common parts are looked for."""

_Rows = dict[int, dict[int, int]]
"""For each state where its symbols lead."""


def expressions(found: Chart, limit: int) -> Iterator[Expression]:
    """Regular expressions for the chart, of different lengths, none larger than ``limit``."""
    yield from _forward(found, limit)
    try:
        backward = reversed_chart(found)
    except Opaque:
        return
    for read in _forward(backward, limit):
        yield mirrored(read)


def _forward(found: Chart, limit: int) -> Iterator[Expression]:
    rows = _live_rows(found)
    if len(rows) > MOST_STATES:
        return
    shapes: list[tuple[_Rows, tuple[tuple[int, int], ...]]] = [(rows, ())]
    if len(rows) <= _MOST_SHARING:
        shapes += [_shared(rows, price) for price in (0, 1)]
    smallest: int | None = None
    for order in range(_ORDERS):
        for shape, empties in shapes:
            bound = limit if smallest is None else min(limit, smallest + smallest // 4)
            read = _eliminated(shape, empties, bound, order)
            if read is not None:
                smallest = read.size if smallest is None else min(smallest, read.size)
                yield read
        if smallest is None or smallest <= _SHORT:
            return


def _live_rows(found: Chart) -> _Rows:
    live = live_states(found.rows, found.accepting)
    rows: _Rows = {}
    for state, row in enumerate(found.rows):
        if live[state]:
            rows[state] = {symbol: target for symbol, target in enumerate(row) if live[target]}
            if found.accepting[state]:
                rows[state][_STOP] = _END
    return rows


def _shared(rows: _Rows, price: int) -> tuple[_Rows, tuple[tuple[int, int], ...]]:
    """The rows with states for what several have in common, and the empty moves that lead to those.

    ``price``: what an empty move is taken to cost.
    """
    rows = {state: dict(row) for state, row in rows.items()}
    empties: list[tuple[int, int]] = []
    while True:
        common, users = _best_common(rows, price)
        if not users:
            return rows, tuple(empties)
        new = max(rows) + 1
        for user in users:
            rows[user] = {s: t for s, t in rows[user].items() if common.get(s) != t}
            empties.append((user, new))
        rows[new] = common


def _best_common(rows: _Rows, price: int) -> tuple[dict[int, int], tuple[int, ...]]:
    """The part of rows that it pays most to write once, and the states that have it."""
    best, common, users = 0, dict[int, int](), tuple[int, ...]()
    seen: dict[frozenset[tuple[int, int]], None] = {}
    for one, other in combinations(rows.values(), 2):
        both = one.items() & other.items()
        part = frozenset(both)
        targets = len({target for _, target in part})
        if targets < 2 or part in seen:  # noqa: PLR2004  # a single way gains nothing
            continue
        seen[part] = None
        having = tuple(state for state, row in rows.items() if part <= row.items())
        gain = (len(having) - 1) * (targets - 1 + price) - price * (len(having) + 1)
        if gain > best:
            best, common, users = gain, dict(sorted(part)), having
    return common, users


def _eliminated(
    rows: _Rows, empties: tuple[tuple[int, int], ...], limit: int, order: int
) -> Expression | None:
    """The expression, cheapest states out first (Delgado and Morais); ``None``: too large."""
    graph = _Graph(limit)
    try:
        graph.fill(rows, empties)
        remaining = list(rows)
        while remaining:
            costs = {state: _cost(graph.weight(state), state, order) for state in remaining}
            cheapest = min(remaining, key=lambda state: (costs[state], -state))
            remaining.remove(cheapest)
            graph.eliminate(cheapest)
    except Opaque:
        return None
    return graph.onward.get(_START, {}).get(_END, NEVER)


def _cost(weight: int, state: int, order: int) -> int:
    """The weight of a state, shaken a little, differently in each order; order 0 leaves it."""
    noise = (state + 3) * (order * 2_654_435_761) >> 7
    return weight * (16 + noise % 16) + noise // 16 % 400 if order else weight * 16


class _Graph:
    """States with expressions between them."""

    __slots__ = ("_limit", "backward", "onward")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.onward: dict[int, dict[int, Expression]] = {}
        self.backward: dict[int, dict[int, None]] = {}

    def fill(self, rows: _Rows, empties: tuple[tuple[int, int], ...]) -> None:
        """Adds the ways of the rows."""
        self.join(_START, 0, EMPTY)
        for state, row in rows.items():
            masks: dict[int, int] = {}
            for symbol, target in row.items():
                if symbol == _STOP:
                    self.join(state, _END, EMPTY)
                else:
                    masks[target] = masks.get(target, 0) | 1 << symbol
            for target, mask in masks.items():
                self.join(state, target, Chars(mask))
        for source, target in empties:
            self.join(source, target, EMPTY)

    def join(self, source: int, target: int, label: Expression) -> None:
        """Adds a way from one state to another."""
        known = self.onward.setdefault(source, {}).get(target)
        label = label if known is None else either((known, label))
        if label.size > self._limit:
            raise Opaque("the expression would be too large")
        self.onward[source][target] = label
        self.backward.setdefault(target, {})[source] = None

    def weight(self, state: int) -> int:
        """About how much longer all becomes if the state goes."""
        into = [s for s in self.backward.get(state, {}) if s != state]
        out = {t: label for t, label in self.onward.get(state, {}).items() if t != state}
        loop = self.onward.get(state, {}).get(state, EMPTY)
        grown = sum(self.onward[s][state].size for s in into) * (len(out) - 1)
        grown += sum(label.size for label in out.values()) * (len(into) - 1)
        return grown + loop.size * (len(into) * len(out) - 1)

    def eliminate(self, state: int) -> None:
        """Takes a state out and joins those around it."""
        out = self.onward.pop(state, {})
        loop = star(out.pop(state, NEVER))
        into = self.backward.pop(state, {})
        for target in out:
            self.backward[target].pop(state, None)
        for source in into:
            if source == state:
                continue
            way = self.onward[source].pop(state)
            for target, label in out.items():
                self.join(source, target, cat(way, loop, label))
