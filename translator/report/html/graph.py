"""Who calls whom, and what changes on each way: drawn in columns, callers to the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from translator.report.exhibits import Exhibits
from translator.report.model import Report
from translator.report.words import change_rank

MOST = 48
"""Names that one map shows; the less busy of more are one."""
_STEP, _ROW, _LANE, _WIDTH, _HEIGHT, _EDGE = 280, 50, 20, 208, 34, 16
_LONGEST = 25
_SWEEPS = 4
_DRAWN = {
    "newly_allowed": "newly_allowed",
    "rate_raised": "newly_allowed",
    "evidence": "evidence",
    "newly_denied": "newly_denied",
    "rate_lowered": "newly_denied",
}
"""How changes are drawn; all others as ``other``."""

Name = tuple[str, ...]
"""A box by its name, or a bend of a way by its ends and its column."""


@dataclass(slots=True)
class Way:
    """All that goes from one to another: by which words and rules, and which changes the proof found."""

    caller: str
    callee: str
    words: dict[str, None] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    path: str = ""

    @property
    def kind(self) -> str:
        """The gravest change, else ``refused`` or ``same``: how it is drawn."""
        gravest = min(self.changes, key=change_rank, default="")
        if gravest:
            return _DRAWN.get(gravest, "other")
        return "refused" if list(self.words) == ["is refused"] else "same"


Ways = Mapping[tuple[str, str], Way]
"""Ways by caller and callee."""


@dataclass(frozen=True, slots=True)
class Box:
    """Somebody: the name as it is, as it fits, and where it stands."""

    name: str
    shown: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and the ways between them. Empty ``boxes``: nobody is known to call anybody."""

    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]
    width: int
    height: int


def drawn(found: Ways) -> Drawing:
    """The ways, drawn from box to box."""
    depth = _depths(found)
    columns = _columns(found, depth)
    place: dict[Name, tuple[int, int]] = {}
    height = 0
    for x, column in enumerate(columns):
        y = _EDGE
        for name in column:
            place[name] = _EDGE + x * _STEP, y
            y += _ROW if len(name) == 1 else _LANE
        height = max(height, y)
    height = _draw(found, depth, place, height)
    boxes = tuple(Box(n[0], fitted(n[0]), x, y) for n, (x, y) in place.items() if len(n) == 1)
    width = 2 * _EDGE + max(len(columns) - 1, 0) * _STEP + _WIDTH + 40
    return Drawing(boxes, in_order(found), width, height + _EDGE)


def in_order(found: Ways) -> tuple[Way, ...]:
    """The ways by caller and callee."""
    return tuple(sorted(found.values(), key=lambda w: (w.caller, w.callee)))


def ways_of(report: Report, exhibits: Exhibits) -> dict[tuple[str, str], Way]:
    """Who calls whom by the rules of the source, and what the proof found on each way."""
    found: dict[tuple[str, str], Way] = {}
    for call in exhibits.calls:
        way = found.setdefault((call.caller, call.callee), Way(call.caller, call.callee))
        way.words[call.word] = None
        way.rules.update(dict.fromkeys(call.rules))
    for change in report.verification.changes:
        witness = change.get("witness")
        if isinstance(witness, Mapping) and witness.get("destination"):
            account = str(witness.get("source") or "somebody")
            caller = exhibits.callers.get(account, (account,))[0]
            callee = _named(str(witness["destination"]))
            way = found.setdefault((caller, callee), Way(caller, callee))
            kind = str(change.get("kind", ""))
            way.changes[kind] = way.changes.get(kind, 0) + 1
    return found


def _named(destination: str) -> str:
    """``shop/orders`` for ``Deployment/shop/orders``."""
    if destination == "*":
        return "any service"
    return destination.partition("/")[2] if destination.count("/") > 1 else destination


def joined(found: Ways, into: Callable[[str], str]) -> dict[tuple[str, str], Way]:
    """The same with several as one."""
    joined: dict[tuple[str, str], Way] = {}
    for way in found.values():
        pair = into(way.caller), into(way.callee)
        there = joined.setdefault(pair, Way(*pair))
        there.words.update(way.words)
        there.rules.update(way.rules)
        for kind, number in way.changes.items():
            there.changes[kind] = there.changes.get(kind, 0) + number
    return joined


def busiest(found: Ways) -> Callable[[str], str]:
    """Keeps the names with the most changes and ways, and makes one of the others."""
    weight: Counter[str] = Counter()
    for (a, b), way in found.items():
        for name in (a, b):
            weight[name] += 1 + 100 * sum(way.changes.values())
    kept = sorted(weight, key=lambda name: (-weight[name], name))[: MOST // 2]
    others = f"{len(weight) - len(kept)} others"
    return lambda name: name if name in kept else others


# --- where everything stands ---------------------------------------------------------------------


def _depths(ways: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each name, not counting ways that lead back."""
    after: dict[str, list[str]] = {}
    for a, b in sorted(ways):
        after.setdefault(a, []).append(b)
        after.setdefault(b, [])
    order = list(_finished(after))[::-1]
    place = {name: number for number, name in enumerate(order)}
    depth = dict.fromkeys(order, 0)
    for a in order:
        for b in after[a]:
            if place[b] > place[a]:
                depth[b] = max(depth[b], depth[a] + 1)
    return depth


def _finished(after: Mapping[str, list[str]]) -> Iterator[str]:
    """The names, each after all that can be reached from it (depth first)."""
    seen: set[str] = set()
    called = {b for others in after.values() for b in others}
    for start in sorted(after, key=lambda name: (name in called, name)):
        stack = [] if start in seen else [(start, iter(after[start]))]
        seen.add(start)
        while stack:
            name, rest = stack[-1]
            following = next((b for b in rest if b not in seen), None)
            if following is None:
                stack.pop()
                yield name
            else:
                seen.add(following)
                stack.append((following, iter(after[following])))


def _stops(a: str, b: str, depth: Mapping[str, int]) -> list[Name]:
    """A way forward as what it passes: its ends, and a bend in each column between."""
    between = range(depth[a] + 1, depth[b])
    return [(a,), *((a, b, str(column)) for column in between), (b,)]


def _columns(ways: Iterable[tuple[str, str]], depth: Mapping[str, int]) -> list[list[Name]]:
    """Boxes and bends by column; within a column near what they are tied to on the left, then on the right."""
    columns: list[list[Name]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(depth):
        columns[depth[name]].append((name,))
    left: dict[Name, list[Name]] = {}
    right: dict[Name, list[Name]] = {}
    for a, b in sorted(ways):
        if depth[b] > depth[a]:
            stops = _stops(a, b, depth)
            for number, stop in enumerate(stops[1:-1], depth[a] + 1):
                columns[number].append(stop)
            for one, two in pairwise(stops):
                right.setdefault(one, []).append(two)
                left.setdefault(two, []).append(one)
    for _ in range(_SWEEPS):
        for before, column in pairwise(columns):
            _sort(column, before, left)
        for before, column in pairwise(columns[::-1]):
            _sort(column, before, right)
    return columns


def _sort(column: list[Name], beside: Sequence[Name], tied: Mapping[Name, Sequence[Name]]) -> None:
    rows = {name: number / max(len(beside), 1) for number, name in enumerate(beside)}
    own = {name: number / max(len(column), 1) for number, name in enumerate(column)}

    def middle(name: Name) -> float:
        there = [rows[one] for one in tied.get(name, ()) if one in rows]
        return sum(there) / len(there) if there else own[name]

    column.sort(key=lambda name: (middle(name), name))


def _draw(
    ways: Mapping[tuple[str, str], Way],
    depth: Mapping[str, int],
    place: Mapping[Name, tuple[int, int]],
    height: int,
) -> int:
    """Gives each way its path, and says how far down they reach; ends at one box are spread over its side."""
    leaving = _spread(ways, place, 0)
    coming = _spread(ways, place, 1)
    low = height
    for (a, b), way in sorted(ways.items()):
        ax, ay = place[a,][0] + _WIDTH, place[a,][1] + leaving[a, b]
        bx, by = place[b,][0], place[b,][1] + coming[a, b]
        if depth[b] > depth[a]:
            middles = [place[stop] for stop in _stops(a, b, depth)[1:-1]]
            points = [(ax, ay)]
            for x, y in middles:
                points.extend([(x, y + _LANE // 2), (x + _WIDTH, y + _LANE // 2)])
            way.path = _curve([*points, (bx, by)])
        elif a == b:
            way.path = f"M{ax} {ay}c30 -24 30 24 0 8"
        elif depth[a] == depth[b]:
            way.path = f"M{ax} {ay}C{ax + 56} {ay} {ax + 56} {by} {ax} {by}"
        else:
            low += _LANE // 2
            way.path = (
                f"M{ax} {ay}C{ax + 60} {low} {ax} {low} {ax - 60} {low}"
                f"L{bx + 40} {low}C{bx - 40} {low} {bx - 60} {by} {bx} {by}"
            )
    return low


def _spread(
    ways: Iterable[tuple[str, str]], place: Mapping[Name, tuple[int, int]], end: int
) -> dict[tuple[str, str], int]:
    """How far below the top of its box each way leaves (``end`` 0) or comes in (1)."""
    there: dict[str, list[tuple[str, str]]] = {}
    for pair in ways:
        there.setdefault(pair[end], []).append(pair)
    found: dict[tuple[str, str], int] = {}
    for pairs in there.values():
        pairs.sort(key=lambda pair: (place[pair[1 - end],][1], pair))
        for number, pair in enumerate(pairs, 1):
            found[pair] = round(_HEIGHT * number / (len(pairs) + 1))
    return found


def _curve(points: Sequence[tuple[int, int]]) -> str:
    """A line through the points that is level at each of them."""
    path = "M{} {}".format(*points[0])
    for (ax, ay), (bx, by) in pairwise(points):
        half = (bx - ax) // 2
        path += f"C{ax + half} {ay} {bx - half} {by} {bx} {by}"
    return path


def fitted(name: str) -> str:
    """A name as it fits into a box."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
