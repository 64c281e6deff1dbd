"""Parts of services that routes send to: each name stands for one selector of a host.

istio/istio pilot/pkg/model/destination_rule.go ``mergeDestinationRule``, 1.31: subsets of one host are united by name. The
source may have several rules for a host, each for its own clients; here one rule is written for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ir.match import Labels
from ir.model import Fact
from ir.traffic import Destination, Route, RouteTable

_Host = tuple[str, str]


@dataclass(slots=True)
class _Known:
    names: dict[tuple[_Host, str], Labels] = field(default_factory=dict)

    def settled(self, to: Destination) -> Destination:
        """The destination under a name that stands for its labels alone."""
        if to.subset is None or to.labels is None or to.namespace is None:
            return to
        host, wanted = (to.namespace.value, to.name.value), to.labels.value
        for name in _names(to.subset.value):
            if self.names.setdefault((host, name), wanted) == wanted:
                same = name == to.subset.value
                return to if same else replace(to, subset=to.subset.derive(name))
        raise AssertionError(to)


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def settled_subsets(facts: Iterable[Fact]) -> list[Fact]:
    """The facts with names of subsets that say the same wherever they stand."""
    known = _Known()
    return [
        replace(fact, routes=tuple(_route(route, known) for route in fact.routes))
        if isinstance(fact, RouteTable)
        else fact
        for fact in facts
    ]


def _route(route: Route, known: _Known) -> Route:
    backends = tuple(
        replace(one, destination=known.settled(one.destination)) for one in route.backends
    )
    mirrors = tuple(
        replace(one, destination=known.settled(one.destination)) for one in route.mirrors
    )
    return replace(route, backends=backends, mirrors=mirrors)
