"""Route tables of services: routes whose parent is the Service (GAMMA, sigs.k8s.io/gateway-api geps/gep-1294, 1.6).

A route in the service's own namespace is for all clients (producer route); one in another namespace is for the clients
there, and takes the place of the others for them (consumer route), so it has all rules that they have. ``hostnames``
carry no meaning there. A request that no rule matches is not found. Of a rule without backends each implementation makes
something else, so a rule that goes nowhere has none and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ir.attachment import Scope, ServicePort
from ir.inventory import Inventory, Service
from ir.language import Opaque
from ir.match import Part, Pattern
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.traffic import NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import refuses, turns_away
from translator.exporters.naming import name_of
from translator.exporters.route_objects import words
from translator.exporters.route_objects.calls import call_object, stay_calls
from translator.exporters.route_objects.connections import connection_objects
from translator.exporters.route_objects.mirrors import delivered
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.alternatives import Contradiction
from translator.exporters.routes.destinations import Unreachable, to_itself
from translator.exporters.routes.effects import with_effects
from translator.exporters.routes.everybody import for_everybody
from translator.exporters.routes.gaps import Told, left_out
from translator.exporters.routes.methods import by_method
from translator.exporters.routes.redirects import in_target_redirects
from translator.exporters.routes.rivals import host_of, is_http_of, rivals_of
from translator.exporters.routes.slots import is_on, service_ports
from translator.exporters.routes.tables import Place, specific_tables
from translator.exporters.routes.viewers import Viewer, audiences, clients_of, sees, settled
from translator.report.model import Fate, Impact, Severity, Support

Slot = Traced[ServicePort] | None
_ORDER = "Write rules that do not overlap, or put the one with more conditions first."


def legalise_routes(model: Model, scene: Scene) -> tuple[tuple[Fact, ...], list[Loss]]:
    """The facts with route tables of services in legal form, the services made for subsets with them, and the losses."""
    tables = [fact for fact in model.facts if isinstance(fact, RouteTable)]
    facts: list[Fact] = []
    losses: list[Loss] = []
    for fact in model.facts:
        if not isinstance(fact, RouteTable):
            facts.append(fact)
            continue
        try:
            facts.extend(_legal(fact, tables, scene, losses))
        except Unreachable as reason:
            gone = reason.code, str(reason), reason.advice, reason.support
        except Contradiction as reason:
            gone = "MM202", str(reason), _ORDER, Support.PARTIAL
        except Opaque as reason:
            told = f"a pattern has no exact language: {reason}"
            gone = "MM202", told, _ORDER, Support.PARTIAL
        else:
            continue
        public = (
            [o for o in rivals_of(fact, tables) if not _is_private(o)] if _is_private(fact) else []
        )
        losses.append(_whole(fact, public, *gone))
    return tuple(facts), losses


_PLAIN = "Requests go to the service that they address."
_PUBLIC = "Requests of these clients follow the rules that are for everybody."


def _is_private(table: RouteTable) -> bool:
    return bool(_namespaces(table))


def _whole(  # what a finding says
    table: RouteTable,
    public: Sequence[RouteTable],
    code: str,
    reason: str,
    advice: str,
    support: Support,
) -> Loss:
    """The loss of a table; ``public``: the tables for everybody that hold for its clients then."""
    impact = Impact.STRICTER if turns_away(public) else Impact.DIFFERENT
    instead = _PUBLIC if public else _PLAIN
    if refuses(table):
        impact, instead = Impact.LOOSER, f"{instead} What its rules refuse is not refused any more."
    return Loss(
        code=code,
        impact=impact,
        support=support,
        severity=Severity.HIGH,
        sites=tuple(traced(table)),
        message=f"the routes of {host_of(table)} are not written: {reason}. {instead}",
        advice=advice,
    )


def service_of(table: RouteTable, inventory: Inventory) -> Service | None:
    """The service of a table, where it is listed.

    Raises:
        Unreachable: it is none of the cluster, or has no address of its own.
    """
    subject = table.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        raise Unreachable(
            "MM203",
            "the host is no service of the cluster, and a route has an object for a parent",
            "Make a Service for the name, or route at an egress gateway.",
        )
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is not None and (service.headless or service.external_name):
        reason = (
            f"{service.key} has no address of its own, and routes are for services that have one"
        )
        raise Unreachable("MM207", reason, "Give the service a cluster IP.")
    return service


def _legal(
    table: RouteTable, tables: Sequence[RouteTable], scene: Scene, losses: list[Loss]
) -> tuple[RouteTable, ...]:
    """The legal tables of one. What is lost counts only where the table is written."""
    service = service_of(table, scene.inventory)
    rivals = rivals_of(table, tables)
    if table.protocol is not Protocol.HTTP:
        beside = any(is_http_of(other, table) for other in tables)
        return connection_objects(table, service, rivals, scene, losses, beside_http=beside)
    if service is not None and not scene.read(service):
        reason = (
            f"no port of {service.key} is HTTP, so they hold for no request in the source either"
        )
        raise Unreachable("MM207", reason, "Name the port http-..., or set its appProtocol.")
    table, lost = settled(table, scene.inventory)
    replaced = [space.value for other in rivals for space in _namespaces(other)]
    if not scene.edition.consumer_routes:
        table, more = for_everybody(table)
        lost.extend(more)
        replaced = []
    who = audiences(table, scene.inventory, replaced, alone=len(rivals) <= 1)
    if not who.viewers:
        raise Unreachable("MM208", who.reason or "none of its rules is for clients of the mesh")
    lost.extend(who.losses)
    table, more = _prepared(table, scene)
    lost.extend(more)
    calls = stay_calls((table, *rivals), scene)
    found: list[RouteTable] = []
    told = Told()
    apart: list[Loss] = []
    for viewer in who.viewers:
        for slot in _slots(table, service, scene):
            seen = _seen(table, viewer, slot)
            if calls:
                found.extend(_calls(seen, viewer, scene, told, apart))
            else:
                found.extend(_objects(seen, viewer, service, scene, told, apart))
    if not found:
        for gone in told.gone.values():
            raise gone
        raise Unreachable("MM208", "none of its rules is left for clients of the mesh")
    lost.extend(apart)
    lost.extend(_for_some(found))
    lost.extend(_never_reached(table, told, scene))
    lost.extend(left_out(table, host_of(table), told))
    losses.extend(lost)
    return tuple(found)


def _prepared(table: RouteTable, scene: Scene) -> tuple[RouteTable, list[Loss]]:
    table, losses = in_target_redirects(table, scene.edition.redirects)
    table, more = by_method(table)
    losses.extend(more)
    table, more = with_effects(table)
    losses.extend(more)
    table, more = words.in_edition(table, scene.edition, scene.pinned)
    losses.extend(more)
    return table, losses


def _namespaces(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    return () if audience is None else audience.namespaces


def _slots(table: RouteTable, service: Service | None, scene: Scene) -> tuple[Slot, ...]:
    """The ports of the service, each with routes of its own: a parent without a port is read differently by each mesh.

    Raises:
        Unreachable: none of its HTTP ports is one that they are for.
    """
    asked = [
        term
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
        if test.part is Part.SERVICE_PORT
        for term in test.any_of
    ]
    own = service_ports(table.attachment.ports)
    if service is None:
        if table.attachment.excluding_ports:
            reason = "which ports the service has is not known"
            raise Unreachable("MM203", reason, "Add the Service to the input.")
        numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
        return own or tuple(named(ServicePort(n), *asked) for n in numbers) or (None,)
    http = [p for p in scene.read(service) if is_on(table.attachment, p.number)]
    if not http:
        reason = f"no HTTP port of {service.key} is one that they are for"
        raise Unreachable("MM207", reason, "Name a port of the service.")
    because = Traced("", (), service.leaves)
    said = {port.value.port: port for port in own}
    return tuple(said.get(p.number, named(ServicePort(p.number), because)) for p in http)


def _seen(table: RouteTable, viewer: Viewer, slot: Slot) -> RouteTable:
    """The table as one set of clients has it on one port, with what becomes of a request that no rule matches."""
    ports = () if slot is None else (slot,)
    seen = replace(table, attachment=replace(table.attachment, ports=ports, excluding_ports=()))
    node = named("to the service itself", table.trail)
    rest = Route(backends=to_itself(seen), trail=node)
    if viewer.passes:
        return replace(seen, routes=(rest,), no_match=NoMatch.NOT_FOUND)
    if table.no_match is NoMatch.PASS:
        return replace(seen, routes=(*seen.routes, rest), no_match=NoMatch.NOT_FOUND)
    return seen


def _kept(
    table: RouteTable, viewer: Viewer, scene: Scene, told: Told
) -> tuple[RouteTable | None, Callable[[RouteMatch], bool]]:
    """The table with the rules that can be written, if any, and which of their matches hold for the clients on the port."""
    slot = table.attachment.ports[0] if table.attachment.ports else None

    def admits(match: RouteMatch) -> bool:
        return (viewer.passes or sees(match, viewer)) and _on(match, slot)

    here = {
        number
        for number, route in enumerate(table.routes)
        if not route.matches or any(map(admits, route.matches))
    }
    own = told if not viewer.passes else Told()
    writable = own.writable(table, here, scene.subsets.trial())
    if viewer.passes and not writable:
        raise own.gone[0]
    if not writable:
        return None, admits
    kept = replace(table, routes=tuple(table.routes[n] for n in sorted(writable)))
    own.reached.update(writable)
    return kept, admits


def _calls(
    table: RouteTable, viewer: Viewer, scene: Scene, told: Told, losses: list[Loss]
) -> Iterator[RouteTable]:
    """The GRPCRoute of a table on one port."""
    kept, admits = _kept(table, viewer, scene, told)
    unsent: dict[int, Loss] = {}
    if kept is not None:
        made = replace(_frame(table, viewer), routes=kept.routes)
        yield call_object(
            made,
            admits,
            lambda route: delivered(route, table, scene.subsets, unsent),
            scene,
            losses,
        )
    losses.extend(unsent.values())


def _objects(
    table: RouteTable,
    viewer: Viewer,
    service: Service | None,
    scene: Scene,
    told: Told,
    losses: list[Loss],
) -> Iterator[RouteTable]:
    kept, admits = _kept(table, viewer, scene, told)
    if kept is None:
        return
    frame = _frame(table, viewer)
    unsent: dict[int, Loss] = {}
    base = _base(table, viewer, service, scene)
    place = Place(
        frame=frame,
        admits=admits,
        deliver=lambda route: delivered(route, table, scene.subsets, unsent),
        named=lambda number: scene.names.take(
            "HTTPRoute", base[0], name_of(*base[1:], _number(number))
        ),
        merged=False,
    )
    tables, more = specific_tables((kept,), place, scene.tables)
    losses.extend((*more, *unsent.values()))
    yield from tables


def _number(number: int) -> str:
    return str(number + 1) if number else ""


def _on(match: RouteMatch, slot: Traced[object] | None) -> bool:
    asked = [t for t in match.requests.tests if t.part is Part.SERVICE_PORT]
    texts = [{t.value.text for t in test.any_of if isinstance(t.value, Pattern)} for test in asked]
    number = slot.value.port if slot is not None and isinstance(slot.value, ServicePort) else None
    return all(number is not None and str(number) in numbers for numbers in texts)


def _frame(table: RouteTable, viewer: Viewer) -> RouteTable:
    stated: list[Traced[object]] = [table.trail, table.name, *table.hosts]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    return replace(
        table,
        trail=derived(table.trail.value, stated),
        attachment=replace(table.attachment, audience=clients_of(viewer)),
        hosts=(),
        order=Order.SPECIFICITY,
    )


def _base(
    table: RouteTable, viewer: Viewer, service: Service | None, scene: Scene
) -> tuple[str, str, str]:
    """Namespace of the object and the parts of its name: that of the source's own route where there is one."""
    subject = table.attachment.subject
    home = "" if subject.namespace is None else subject.namespace.value
    where = home if viewer.at is None else viewer.at.value
    port = table.attachment.ports[0].value if table.attachment.ports else None
    if scene.keeps("HTTPRoute", where, table.name.value):
        return where, table.name.value, ""
    name = table.name.value if subject.name is None else subject.name.value
    many = service is not None and len(service.ports) > 1
    return where, name, str(port.port) if many and isinstance(port, ServicePort) else ""


def _for_some(objects: Sequence[RouteTable]) -> Iterator[Loss]:
    """Routes in another namespace than the service's: not every implementation has them."""
    spaces = [space for one in objects for space in _namespaces(one)]
    if spaces:
        yield Loss(
            code="MM265",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            sites=tuple(spaces),
            message=f"rules for the clients of {', '.join(dict.fromkeys(s.value for s in spaces))} alone are consumer "
            "routes, in the namespace of the clients.",
            why="They are an extended feature (MeshConsumerRoute): an ambient mesh of Istio and Cilium do not have them, "
            "Linkerd adds them to the service's own rules.",
            advice="See whether what implements the routes has MeshConsumerRoute; else give these clients a service of "
            "their own.",
        )


def _never_reached(table: RouteTable, told: Told, scene: Scene) -> Iterator[Loss]:
    """Alternatives that earlier rules cover whole: the source never reaches them either."""
    reached = scene.tables.reached
    for number, route in enumerate(table.routes):
        if number in told.gone:
            continue
        whole = id(route) not in reached
        for part in (route,) if whole else route.matches:
            if whole or id(part) not in reached:
                yield Loss(
                    code="MM107",
                    impact=Impact.NONE,
                    support=Support.PARTIAL,
                    fate=Fate.ABSORBED,
                    sites=tuple(traced(part)),
                    message="no request gets as far as this rule: earlier ones take them all.",
                )
