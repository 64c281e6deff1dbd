"""The order of waves: callees before their callers, namespaces that call one another together.

Of all such orders that one is taken in which the fewest calls cross from mesh to mesh, summed over the waves. Up to
:data:`MOST` parts it is found exactly; of more, the next part is always the one that leaves the fewest crossing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from translator.planning.graph import graph_of
from translator.report.plan import Call

MOST = 14
"""Parts of which every order is weighed."""

Part = tuple[str, ...]


def ordered(calls: Iterable[Call], namespaces: Collection[str]) -> tuple[Part, ...]:
    """The waves, each with its namespaces by name; ``namespaces`` are those that move."""
    import networkx as nx  # noqa: PLC0415  # loaded when a plan is made

    graph = graph_of(calls, namespaces)
    inside = graph.subgraph(namespaces)
    parts = sorted(tuple(sorted(part)) for part in nx.strongly_connected_components(inside))
    of = {name: number for number, part in enumerate(parts) for name in part}
    needs = [0] * len(parts)
    for caller, server in sorted(inside.edges):
        if of[caller] != of[server]:
            needs[of[caller]] |= 1 << of[server]
    weights = _Weights(parts, {(a, b): w for a, b, w in graph.edges.data("weight")})
    order = _best(needs, weights) if len(parts) <= MOST else _greedy(needs, weights)
    return tuple(parts[number] for number in order)


class _Weights:
    """How many calls cross once a set of parts has moved."""

    def __init__(self, parts: Sequence[Part], edges: dict[tuple[str, str], int]) -> None:
        self._bits = {name: 1 << number for number, part in enumerate(parts) for name in part}
        self._edges = edges

    def cut(self, moved: int) -> int:
        """Calls between what has moved and what has not; what never moves stands still."""
        return sum(
            weight
            for (caller, server), weight in self._edges.items()
            if bool(self._bits.get(caller, 0) & moved) != bool(self._bits.get(server, 0) & moved)
        )


def _best(needs: Sequence[int], weights: _Weights) -> tuple[int, ...]:
    """The cheapest order, by sets of parts that may have moved; among equals the first by name."""
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for _ in needs:
        following: dict[int, tuple[int, tuple[int, ...]]] = {}
        for moved, (cost, order) in best.items():
            for number, needed in enumerate(needs):
                after = moved | 1 << number
                if after == moved or needed & ~moved:
                    continue
                found = cost + weights.cut(after), (*order, number)
                if after not in following or found < following[after]:
                    following[after] = found
        best = following
    return best[(1 << len(needs)) - 1][1]


def _greedy(needs: Sequence[int], weights: _Weights) -> tuple[int, ...]:
    order: list[int] = []
    moved = 0
    while len(order) < len(needs):
        free = [n for n, needed in enumerate(needs) if not moved >> n & 1 and not needed & ~moved]
        chosen = min(free, key=lambda n: (weights.cut(moved | 1 << n), n))
        order.append(chosen)
        moved |= 1 << chosen
    return tuple(order)
