"""VirtualServices together: a table of routes for each host and each set of clients.

istio/istio pilot/pkg/networking/core/httproute.go, 1.31: at a sidecar the first VirtualService of a
host takes all of its requests, and one that no rule matches gets 404; at a gateway the rules of all
of them stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, ServicePort
from ir.inventory import Inventory
from ir.match import View
from ir.model import Fact
from ir.provenance import Assumption, Traced, absorb
from ir.traffic import Destination, NoMatch, Order, Route, RouteTable
from translator.api import Loss, Options
from translator.importers.istio.link.acting import acting
from translator.importers.istio.link.clients import Clients, by_subsets, held_by
from translator.importers.istio.link.connections import Bound, connection_tables
from translator.importers.istio.link.delegates import included
from translator.importers.istio.link.destinations import (
    Rulebook,
    close_rulebook,
    rulebook,
)
from translator.importers.istio.link.dialled import as_dialled
from translator.importers.istio.link.ejections import ejections
from translator.importers.istio.link.gateway_routes import as_virtual_services
from translator.importers.istio.link.hosts import (
    Place,
    asked_for,
    place_of,
    subject_at,
    unfinished,
)
from translator.importers.istio.link.leaves import (
    Idle,
    in_order,
    inactive,
    leaves_in,
    of_service,
    origins,
)
from translator.importers.istio.link.mesh_config import (
    exported,
    mesh_config,
    path_form,
)
from translator.importers.istio.link.names import is_nobody, spread, unlisted, unserved
from translator.importers.istio.link.refusals import refusals
from translator.importers.istio.link.route_ports import every_port, ports_there, table_ports
from translator.importers.istio.link.subsets import resolved
from translator.importers.istio.link.surfaces import Surface, surfaces
from translator.importers.istio.link.unsaid import said
from translator.importers.istio.link.visibility import (
    Claim,
    Standing,
    Visibility,
    audience_of,
    by_age,
    standings_by_port,
    visibility_of,
)
from translator.importers.istio.link.waypoints import Heeded, not_joined
from translator.importers.istio.model import (
    DestinationRule,
    MeshConfig,
    ServiceEntry,
    Statement,
    VirtualService,
)
from translator.importers.linked import AGE, NO_SERVICE, Linked
from translator.report.model import Fate

_REFUSED = "the webhook of the source refuses the rule"
_OTHER = "another VirtualService has the requests of these clients to this host"


@dataclass(frozen=True, slots=True)
class Scene:
    """What all tables are made with."""

    inventory: Inventory
    options: Options
    book: Rulebook
    config: MeshConfig
    declared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """A VirtualService with its surfaces, before it is known which others claim its hosts."""

    service: VirtualService
    places: tuple[Place, ...]
    surfaces: tuple[Surface, ...]
    idles: tuple[Idle, ...]

    @property
    def mesh_routes(self) -> tuple[Route, ...]:
        """The rules that sidecars hold."""
        return next((side.routes for side in self.surfaces if side.mesh), ())


def link_routes(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """Route tables, and the policies of DestinationRules."""
    config = mesh_config(statements)
    made = as_virtual_services(statements, options)
    services = (*(s for s in statements if isinstance(s, VirtualService)), *made.services)
    written = [
        replace(s, export_to=s.export_to or exported(config.virtual_service_export_to))
        for s in services
    ]
    rules = [
        replace(s, export_to=s.export_to or exported(config.destination_rule_export_to))
        for s in statements
        if isinstance(s, DestinationRule)
    ]
    entries = (s for s in statements if isinstance(s, ServiceEntry))
    declared = frozenset(host.value.text.lower() for one in entries for host in one.hosts)
    scene = Scene(inventory, options, rulebook(rules, options), config, declared)
    whole = included(written, options)
    drafts = [_draft(service, options) for service in whole.services]
    heeded, assumptions = _heeded(drafts, scene)
    streams, unheld, more = _streams(drafts, scene)
    parts = [
        _linked(draft, own, scene, leaves_in(*streams))
        for draft, own in zip(drafts, heeded, strict=True)
    ]
    dialled = as_dialled(tuple(_in_order(drafts, parts)), inventory, options)
    tables: list[Fact] = [*dialled.tables, *streams]
    losses = [*more, *dialled.losses, *(loss for part in parts for loss in part.losses)]
    pairs = [Heeded(d.service, d.mesh_routes, own) for d, own in zip(drafts, heeded, strict=True)]
    losses.extend(not_joined(pairs, leaves_in(*tables), inventory))
    known = (*whole.losses, *made.losses, *losses)
    told = leaves_in(*tables).union(
        leaf for loss in known if loss.fate is not Fate.INERT for leaf in loss.leaves
    )
    of_parts = (one for part in parts for one in part.idles)
    idles = (*unheld, *of_parts, *whole.idles, *made.idles)
    policies = close_rulebook(scene.book, leaves_in(*tables), inventory, options)
    failing = ejections(scene.book, leaves_in(*tables), inventory, options)
    return Linked(
        facts=(*tables, *policies.facts, *failing),
        inactive=(*inactive(idles, told), *policies.inactive),
        losses=(
            *(loss for service in whole.services for loss in refusals(service)),
            *known,
            *policies.losses,
        ),
        assumptions=(*made.assumptions, *assumptions, *policies.assumptions),
    )


def _in_order(drafts: Sequence[Draft], parts: Sequence[Part]) -> Iterator[RouteTable]:
    """The tables of sidecars as they come, and those of gateways by the age of what states them.

    istio/istio pilot/pkg/networking/core/gateway.go ``buildGatewayHTTPRouteConfig``, 1.31: the rules of several
    VirtualServices on one host follow each other.
    """
    for part in parts:
        yield from (t for t in part.tables if t.attachment.enforced_at is EnforcedAt.CLIENT)
    known = all(draft.service.created.value for draft in drafts)
    blank = Traced("")
    both = sorted(
        zip(drafts, parts, strict=True),
        key=lambda pair: by_age(pair[0].service.created if known else blank, pair[0].service.meta),
    )
    for _, part in both:
        yield from (t for t in part.tables if t.attachment.enforced_at is EnforcedAt.GATEWAY)


def _streams(
    drafts: Sequence[Draft], scene: Scene
) -> tuple[list[RouteTable], list[Idle], list[Loss]]:
    """The tables of connections that are not HTTP, of all VirtualServices together."""
    losses: list[Loss] = []

    def resolve(service: VirtualService, wanted: Destination, seen: Visibility) -> Destination:
        goal = place_of(wanted.name, service.meta, scene.options)
        found, more = resolved(wanted, goal, scene.book, seen)
        losses.extend(more)
        return found

    bound = [
        Bound(draft.service, place, host, spread(host, place, scene.inventory, scene.options))
        for draft in drafts
        for place, host in zip(draft.places, draft.service.hosts, strict=True)
        if unfinished(place, scene.inventory) is None
    ]
    tables, idles = connection_tables(bound, scene.inventory, resolve)
    return tables, idles, losses


@dataclass(frozen=True, slots=True)
class Part:
    """What one VirtualService comes to for HTTP."""

    tables: tuple[RouteTable, ...]
    idles: tuple[Idle, ...]
    losses: tuple[Loss, ...]


def _draft(service: VirtualService, options: Options) -> Draft:
    places = tuple(place_of(host, service.meta, options) for host in service.hosts)
    pairs = [acting(route) for route in service.http]
    service = replace(service, http=tuple(route for route, _ in pairs))
    found, idles = surfaces(service)
    still = (idle for _, own in pairs for idle in own)
    return Draft(service, places, found, (*still, *idles))


def _heeded(
    drafts: Sequence[Draft], scene: Scene
) -> tuple[list[list[Standing]], tuple[Assumption, ...]]:
    """What each VirtualService is heeded for at the sidecars, by its place in the input."""
    claims: dict[str, list[Claim]] = {}
    for number, draft in enumerate(drafts):
        service = draft.service
        shown = visibility_of(service.export_to, service.meta)
        if not any(side.mesh and side.routes for side in draft.surfaces):
            continue
        seen, by_labels = held_by(draft.mesh_routes, shown)
        for host, place in zip(service.hosts, draft.places, strict=True):
            if unfinished(place, scene.inventory) is None:
                prefers = service.from_gateway_api
                port = None if service.port is None else service.port.value
                for one in spread(host, place, scene.inventory, scene.options):
                    about = host, one, seen, service.created, service.meta
                    claim = Claim(number, *about, port, prefers, shown, by_labels)
                    claims.setdefault(one.text, []).append(claim)
    heeded: list[list[Standing]] = [[] for _ in drafts]
    guessed = False
    for of_host in claims.values():
        found, by_guess = standings_by_port(of_host)
        guessed = guessed or by_guess
        for standing in found:
            heeded[standing.claim.number].append(standing)
    return heeded, (AGE,) if guessed else ()


def _linked(
    draft: Draft, heeded: Sequence[Standing], scene: Scene, elsewhere: frozenset[int]
) -> Part:
    """The tables of one VirtualService, and all that is not in them; ``elsewhere``: leaves in use outside of them."""
    service = draft.service
    tables: list[RouteTable] = []
    losses: list[Loss] = []
    beyond: Idle | None = None
    gone: list[Idle] = []
    for surface in draft.surfaces:
        asked = every_port(surface.routes)
        for place, audience, seen, one in _clients(draft, surface, heeded):
            if surface.mesh and is_nobody(place, scene.inventory, scene.declared):
                gone.append(Idle(origins(place.name, *surface.names), NO_SERVICE))
                continue
            there = ports_there(subject_at(place, draft.service.meta), scene.inventory)
            if surface.mesh and asked and there is not None and not asked & there:
                beyond = Idle(of_service(service), f"{place.text} has none of the ports it is for")
                continue
            whole = Clients(audience, seen, taken=frozenset() if one is None else one.taken)
            book = service.meta, scene.book, scene.options
            for who in by_subsets(surface.routes, whole, *book) if surface.mesh else (whole,):
                table, more = _table(draft, surface, place, who, scene)
                tables.append(_narrowed(table, one) if one is not None else table)
                losses.extend(more)
    used = leaves_in(*tables) | elsewhere
    idles = [
        Idle(origins(*service.quiet), "it names something for logs and metrics, or shapes nothing"),
        *(Idle(r.leaves, f"{_REFUSED}: {r.why}") for r in service.refused if not r.heeded),
        *_lost(draft, heeded, alone=not tables),
    ]
    if _is_for_sidecars(draft):
        about = scene.inventory, scene.options
        losses.extend(unserved(service, draft.places, used, *about, alone=not tables))
        losses.extend(unlisted(service, draft.places, *about))
    idles.extend((*_absent(draft, scene, alone=not tables), *draft.idles))
    streams = leaves_in(*service.tls, *service.tcp)
    idles.append(Idle(in_order(streams), "no proxy of these clients holds it"))
    if beyond is not None and not tables:
        idles.insert(0, beyond)
    idles[:0] = gone if tables else [Idle(of_service(service), one.why) for one in gone[:1]]
    if not tables:
        idles.append(Idle(of_service(service), "it has no rule for requests of any client"))
    return Part(tuple(tables), tuple(idles), tuple(losses))


def _narrowed(table: RouteTable, standing: Standing) -> RouteTable:
    """The table less the ports of its host that others have, with the age that decided."""
    without = tuple(Traced(ServicePort(p.value), (), p.because) for p in standing.without)
    attachment = replace(table.attachment, excluding_ports=without)
    return replace(table, attachment=attachment, trail=absorb(table.trail, standing.age))


def _clients(
    draft: Draft, surface: Surface, heeded: Sequence[Standing]
) -> Iterator[tuple[Place, Audience, Visibility, Standing | None]]:
    """The hosts of a surface, each with the clients for whom the VirtualService is heeded, and by what standing."""
    meta = draft.service.meta
    if surface.mesh:
        for one in heeded:
            if one.stands:
                yield one.claim.place, audience_of(one.seen, meta), one.seen, one
        return
    seen = visibility_of(draft.service.export_to, meta)
    if surface.routes and (seen.public or seen.namespaces):
        by_gateway = replace(
            audience_of(seen, meta), reach=Reach.LISTENERS, listeners=surface.names
        )
        for place in draft.places:
            yield place, by_gateway, seen, None


def _table(  # all that one table is made of
    draft: Draft,
    surface: Surface,
    place: Place,
    clients: Clients,
    scene: Scene,
) -> tuple[RouteTable, list[Loss]]:
    service = draft.service
    meta = service.meta
    losses: list[Loss] = []

    def deliver(wanted: Destination) -> Destination:
        goal = place_of(wanted.name, meta, scene.options)
        found, more = resolved(wanted, goal, scene.book, clients.seen, clients.apart)
        losses.extend(more)
        return found

    hosts = () if surface.mesh else asked_for(service.hosts[draft.places.index(place)], place)
    words = surface.names if surface.mesh else ()
    subject = subject_at(place, meta)
    table = RouteTable(
        name=Traced(meta.name.value, (), meta.because),
        home=Traced(meta.namespace.value, (), meta.because),
        attachment=Attachment(
            subject=subject,
            ports=table_ports(service, surface, ports_there(subject, scene.inventory)),
            audience=clients.audience,
            enforced_at=EnforcedAt.CLIENT if surface.mesh else EnforcedAt.GATEWAY,
        ),
        hosts=hosts,
        order=Order.LIST,
        routes=tuple(_spoken(_delivered(r, deliver), scene) for r in surface.routes),
        no_match=NoMatch.NOT_FOUND,
        view=View(path=path_form(scene.config), authority_has_port=True),
        trail=absorb(meta.fact(f"routes of {place.text}"), service.trail, *words),
    )
    return table, losses


def _spoken(route: Route, scene: Scene) -> Route:
    """The route with what the mesh says where it says nothing: of retries a whole block, never a part of one."""
    if route.retry is None:
        route = replace(route, retry=scene.config.retry)
    return said(route, scene.options)


def _delivered(route: Route, deliver: Callable[[Destination], Destination]) -> Route:
    backends = tuple(replace(b, destination=deliver(b.destination)) for b in route.backends)
    mirrors = tuple(replace(m, destination=deliver(m.destination)) for m in route.mirrors)
    return replace(route, backends=backends, mirrors=mirrors)


def _lost(draft: Draft, heeded: Sequence[Standing], *, alone: bool) -> Iterator[Idle]:
    """What others are heeded for: a host, some of its clients, or (``alone``) everything."""
    for one in heeded:
        if not one.winner:
            continue
        leaves = origins(*one.lost)
        if not one.stands:
            words = next((side.names for side in draft.surfaces if side.mesh), ())
            leaves = in_order((*leaves, *origins(one.claim.host, *words)))
        yield Idle(of_service(draft.service) if alone else leaves, _OTHER, one.winner)


def _absent(draft: Draft, scene: Scene, *, alone: bool) -> Iterator[Idle]:
    """Hosts that nobody serves, known from complete data, and surfaces without a rule."""
    service = draft.service
    if scene.inventory.complete:
        for host, place in zip(service.hosts, draft.places, strict=True):
            if unfinished(place, scene.inventory) is not None and _is_for_sidecars(draft):
                leaves = of_service(service) if alone else host.origin
                yield Idle(leaves, f"the name {host.value} is literal; no such service")
    for side in draft.surfaces:
        if not side.routes:
            yield Idle(origins(*side.names), "no rule holds there")


def _is_for_sidecars(draft: Draft) -> bool:
    return any(side.mesh and side.routes for side in draft.surfaces)
