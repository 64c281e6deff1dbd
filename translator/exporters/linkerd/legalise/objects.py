"""The rules of one service and port, spread over route objects.

Retries, and before 2.20 time limits, are annotations: all rules of an object share them (linkerd2
policy-controller/k8s/index/src/outbound/index/http.rs). And an object holds 16 rules at most. The objects of one
service are merged again; among rules of one rank the older object wins, then the first by name, so the names are in
the order of the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ir.language import Opaque
from ir.provenance import Traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.rank import in_rank_order
from translator.exporters.linkerd.legalise.wording import MAX_MATCHES
from translator.exporters.routes.alternatives import Alternative, Contradiction
from translator.exporters.routes.destinations import Unreachable
from translator.report.model import Fate, Impact, Severity, Support

MAX_RULES = 16
"""Rules that one route object may have (Gateway API HTTPRoute.spec.rules)."""

_ROOM = (MAX_RULES, 12, 8)
"""Rules that are planned for an object: repairs may add some."""

Key = tuple[object, ...]
"""What all rules of an object share."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The alternatives of each object, in rank order. ``certain``: the winner does not depend on ages or names."""

    objects: tuple[tuple[Alternative, ...], ...]
    certain: bool


def spread(alternatives: Sequence[Alternative], keys: Mapping[int, Key]) -> Spread:
    """The alternatives by object; ``keys`` holds what the rules of a route share, by its place.

    Raises:
        Contradiction: the order cannot be kept, not even in one object.
        Unreachable: one object would have too many rules.
        ir.language.Opaque: a pattern has no exact language.
    """
    for room in _ROOM:
        numbers = _planned(alternatives, keys, room)
        try:
            ordered, certain = in_rank_order(alternatives, numbers), True
        except (Contradiction, Opaque):
            ordered, certain = in_rank_order(alternatives), len(set(numbers.values())) == 1
        objects = _apart(ordered, numbers)
        if all(_size(one) <= MAX_RULES for one in objects):
            return Spread(objects, certain)
    message = f"its rules are more than one object can have ({MAX_RULES})"
    raise Unreachable("MM209", message, "Split the host, or write fewer rules.")


def _planned(
    alternatives: Sequence[Alternative], keys: Mapping[int, Key], room: int
) -> dict[int, int]:
    """The number of the object of each route, numbered as their first rules stand in the list."""
    sizes: dict[int, int] = {}
    for one in alternatives:
        sizes[one.route] = sizes.get(one.route, 0) + 1
    numbers: dict[int, int] = {}
    latest: dict[Key, tuple[int, int]] = {}
    count = 0
    for route, matches in sizes.items():
        rules = -(-matches // MAX_MATCHES)
        number, used = latest.get(keys[route], (-1, room))
        if used + rules > room:
            number, used = count, 0
            count += 1
        latest[keys[route]] = number, used + rules
        numbers[route] = number
    return numbers


def _apart(
    ordered: Sequence[Alternative], numbers: Mapping[int, int]
) -> tuple[tuple[Alternative, ...], ...]:
    found = (
        tuple(a for a in ordered if numbers[a.route] == n) for n in sorted(set(numbers.values()))
    )
    return tuple(one for one in found if one)


def _size(ordered: Sequence[Alternative]) -> int:
    """How many rules the alternatives come to: runs of one route, each within the limit of matches."""
    rules, length, last = 0, 0, -1
    for one in ordered:
        if one.route != last or length == MAX_MATCHES:
            rules, length = rules + 1, 0
        length, last = length + 1, one.route
    return rules


def ordered_by_name(sites: Sequence[Traced[object]], count: int) -> Loss:
    """What to mind where the winner between objects is not certain."""
    return Loss(
        code="MM202",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(sites),
        message=f"the rules stand in {count} objects, and for some requests rules of one rank match in several: "
        "then the oldest object wins, and of one age the first by name. The names are in the right order.",
        advice="Apply the objects together, in the order in which they are written, and never one of them anew.",
    )
