"""Clients for whom the subsets of a route are other endpoints: each namespace of them has a table of its own.

istio/istio pilot/pkg/model/push_context.go ``destinationRule``, 1.31: a subset is looked up in the rules that the client
sees, those of its own namespace first, whoever wrote the VirtualService that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Audience
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
    """The clients of a table by what the subsets in it are for them."""
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
