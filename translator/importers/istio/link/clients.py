"""Clients for whom the subsets of a route are other endpoints: each namespace of them has a table of its own.

istio/istio pilot/pkg/model/push_context.go ``destinationRule``, 1.31: a subset is looked up in the rules that the client
sees, those of its own namespace first, whoever wrote the VirtualService that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Audience, Reach
from ir.match import Labels
from ir.provenance import Traced, derived, merge_equal
from ir.traffic import Route
from translator.api import Options
from translator.importers.istio.link.destinations import Rulebook
from translator.importers.istio.link.hosts import place_of
from translator.importers.istio.link.subsets import with_subsets_of_their_own
from translator.importers.istio.link.visibility import Visibility, audience_of, only, without
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True)
class Clients:
    """Whom a table is for. ``apart``: the namespaces among them that have a table of their own.

    ``taken``: those that go by another VirtualService altogether.
    """

    audience: Audience
    seen: Visibility
    apart: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()


def by_subsets(
    routes: Sequence[Route], clients: Clients, meta: Meta, book: Rulebook, options: Options
) -> Iterator[Clients]:
    """The clients of a table by what the subsets in it are for them; none at all where no rule is for any."""
    asked = [backend.destination for route in routes for backend in route.backends]
    asked += [mirror.destination for route in routes for mirror in route.mirrors]
    wanted = [(one, place_of(one.name, meta, options)) for one in asked]
    for some in _with_rules(routes, clients, meta):
        every = with_subsets_of_their_own(wanted, book, some.seen)
        own = tuple(space for space in every if space.value not in clients.taken)
        rest = without(some.seen, own)
        if not own:
            yield some
        elif rest.public or rest.namespaces:
            apart = tuple(space.value for space in own)
            yield Clients(_audience(rest, meta, some.audience), rest, apart)
        for space in own:
            seen = only(space)
            yield Clients(_audience(seen, meta, some.audience), seen)


def _audience(seen: Visibility, meta: Meta, wider: Audience) -> Audience:
    """Those of the wider audience in the namespaces that are seen."""
    found = audience_of(seen, meta)
    if wider.labels is None:
        return found
    return replace(found, reach=Reach.WORKLOADS, labels=wider.labels)


def _with_rules(routes: Sequence[Route], clients: Clients, meta: Meta) -> Iterator[Clients]:
    """The clients less those for whom every rule falls away: their proxies hold no table at all.

    istio/istio pilot/pkg/networking/core/route/route.go ``BuildHTTPRoutesForVirtualService``, 1.31: without a route the next
    VirtualService of the host counts, and in the end the default of the service.
    """
    limits = _limits(routes)
    # a table for labels would go before those of the namespaces that others have: rather nobody else finds anything
    clash = limits is not None and bool(clients.taken) and any(one.labels for one in limits)
    if limits is None or clash:
        yield clients
        return
    by_labels: dict[Labels | None, list[Audience]] = {}
    for one in limits:
        by_labels.setdefault(None if one.labels is None else one.labels.value, []).append(one)
    for labels, own in by_labels.items():
        seen = _narrowed(clients.seen, own)
        if not (seen.public or seen.namespaces):
            continue
        audience = audience_of(seen, meta)
        if labels is not None:
            told = merge_equal([one.labels for one in own if one.labels is not None])
            audience = replace(audience, reach=Reach.WORKLOADS, labels=told)
        yield Clients(audience, seen)


def held_by(routes: Sequence[Route], seen: Visibility) -> tuple[Visibility, bool]:
    """The clients who see something and whom a rule is for; and whether it is for those with some labels only."""
    limits = _limits(routes)
    if limits is None:
        return seen, False
    return _narrowed(seen, limits), any(one.labels is not None for one in limits)


def _limits(routes: Sequence[Route]) -> tuple[Audience, ...] | None:
    """The clients whom some rule is for; ``None`` where one is for all of them."""
    found: list[Audience] = []
    for route in routes:
        for match in route.matches:
            if match.audience is None or match.audience.reach not in _SOME:
                return None
            found.append(match.audience)
        if not route.matches:
            return None
    return tuple(found)


_SOME = (Reach.NAMESPACES, Reach.WORKLOADS)


def _narrowed(seen: Visibility, limits: Sequence[Audience]) -> Visibility:
    """Those of the clients who see something for whom one of the limits leaves it."""
    if not all(one.namespaces for one in limits):
        return seen
    spaces: dict[str, list[Traced[str]]] = {}
    for one in limits:
        for space in one.namespaces:
            spaces.setdefault(space.value, []).append(space)
    mine = {space.value: space for space in seen.namespaces}
    held = tuple(
        derived(name, (*found, *((mine[name],) if name in mine else ())))
        for name, found in sorted(spaces.items())
        if seen.public or name in mine
    )
    gone = tuple(space for name, space in mine.items() if name not in spaces)
    return Visibility(public=False, namespaces=held, spent=(*seen.spent, *gone))
