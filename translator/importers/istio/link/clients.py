"""Clients for whom the subsets of a route are other endpoints: each namespace of them has a table of its own.

istio/istio pilot/pkg/model/push_context.go ``destinationRule``, 1.31: a subset is looked up in the rules that the client
sees, those of its own namespace first, whoever wrote the VirtualService that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Audience, Reach
from ir.provenance import Traced, derived
from ir.traffic import Route
from translator.api import Options
from translator.importers.istio.link.destinations import Rulebook, with_subsets_of_their_own
from translator.importers.istio.link.hosts import place_of
from translator.importers.istio.link.visibility import Visibility, audience_of, only, without
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True)
class Clients:
    """Whom a table is for. ``apart``: the namespaces among them that have a table of their own."""

    audience: Audience
    seen: Visibility
    apart: tuple[str, ...] = ()


def by_subsets(
    routes: Sequence[Route], clients: Clients, meta: Meta, book: Rulebook, options: Options
) -> Iterator[Clients]:
    """The clients of a table by what the subsets in it are for them; none at all where no rule is for any."""
    clients = _with_rules(routes, clients, meta)
    if not (clients.seen.public or clients.seen.namespaces):
        return
    asked = [backend.destination for route in routes for backend in route.backends]
    asked += [mirror.destination for route in routes for mirror in route.mirrors]
    wanted = [(one, place_of(one.name, meta, options)) for one in asked]
    own = with_subsets_of_their_own(wanted, book, clients.seen)
    rest = without(clients.seen, own)
    if not own:
        yield clients
    elif rest.public or rest.namespaces:
        yield Clients(audience_of(rest, meta), rest, tuple(space.value for space in own))
    yield from (Clients(audience_of(only(space), meta), only(space)) for space in own)


def _with_rules(routes: Sequence[Route], clients: Clients, meta: Meta) -> Clients:
    """The clients less those for whom every rule falls away: their proxies hold no table at all.

    istio/istio pilot/pkg/networking/core/route/route.go ``BuildHTTPRoutesForVirtualService``, 1.31: without a route the
    service has its default.
    """
    spaces: dict[str, list[Traced[str]]] = {}
    for route in routes:
        if not route.matches:
            return clients
        for match in route.matches:
            if match.audience is None or match.audience.reach is not Reach.NAMESPACES:
                return clients
            for space in match.audience.namespaces:
                spaces.setdefault(space.value, []).append(space)
    seen = clients.seen
    mine = {space.value: space for space in seen.namespaces}
    held = tuple(
        derived(name, (*found, *((mine[name],) if name in mine else ())))
        for name, found in sorted(spaces.items())
        if seen.public or name in mine
    )
    gone = tuple(space for name, space in mine.items() if name not in spaces)
    rest = Visibility(public=False, namespaces=held, spent=(*seen.spent, *gone))
    return Clients(audience_of(rest, meta), rest)
