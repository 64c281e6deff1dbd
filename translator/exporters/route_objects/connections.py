"""Tables for connections to a service that are not read as HTTP: a TLSRoute for each rule, or one TCPRoute.

sigs.k8s.io/gateway-api apis/v1/tlsroute_types.go and geps/gep-1294, 1.6: a TLSRoute chooses by the name in the TLS
hello, the most particular first; of a service's port GRPCRoutes come before HTTPRoutes, TLSRoutes and TCPRoutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import ServicePort
from ir.inventory import PortOfService, Service
from ir.language import Language
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.binding import KINDS
from translator.exporters.naming import name_of
from translator.exporters.route_objects.scene import Scene
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.everybody import for_everybody
from translator.exporters.routes.languages import language
from translator.exporters.routes.slots import service_ports
from translator.exporters.routes.viewers import Viewer, audiences, clients_of, sees, settled
from translator.report.model import Fate, Impact, Severity, Support

_READ = ("tcp", "mongo", "redis", "mysql", "https", "tls", "kubernetes.io/wss")


def connection_objects(
    table: RouteTable,
    service: Service | None,
    rivals: Sequence[RouteTable],
    scene: Scene,
    losses: list[Loss],
    *,
    beside_http: bool,
) -> tuple[RouteTable, ...]:
    """The legal tables of one: each has a single rule. ``beside_http``: the service has HTTP routes too.

    Raises:
        Unreachable: it has no form.
    """
    if table.protocol not in scene.edition.service_versions:
        raise scene.edition.missing(table.protocol, on_service=True)
    table, lost = settled(table, scene.inventory)
    if not table.routes:
        losses.extend(lost)
        raise Unreachable("MM208", "none of its rules is left for clients of the mesh")
    replaced = [space.value for other in rivals for space in _spaces(other)]
    if not scene.edition.consumer_routes:
        table, more = for_everybody(table)
        lost.extend(more)
        replaced = []
    who = audiences(table, scene.inventory, replaced, alone=len(rivals) <= 1)
    if not who.viewers:
        raise Unreachable("MM208", who.reason or "none of its rules is for clients of the mesh")
    lost.extend(who.losses)
    found: list[RouteTable] = []
    reached: set[int] = set()
    for viewer in who.viewers:
        for slot in _slots(table, service, lost, beside_http=beside_http):
            attachment = replace(table.attachment, ports=() if slot is None else (slot,))
            seen = replace(table, attachment=attachment)
            rules = _rules(seen, viewer, slot, scene, reached)
            found.extend(_finished(seen, rules, viewer, service, scene))
    if not found:
        raise Unreachable("MM213", "none of its rules is left for clients of the mesh")
    lost.extend(_never_reached(table, reached))
    losses.extend(lost)
    return tuple(found)


def _spaces(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    return () if audience is None else audience.namespaces


def _slots(
    table: RouteTable, service: Service | None, losses: list[Loss], *, beside_http: bool
) -> tuple[Traced[ServicePort] | None, ...]:
    """The ports that need routes: those that are not taken for HTTP, on which HTTPRoutes would outrank them."""
    if service is None and beside_http:
        reason = "the host has HTTP routes too, which alone count where both are for a port"
        raise Unreachable("MM213", reason, "Add the Service to the input.")
    said = {port.value.port: port for port in service_ports(table.attachment.ports)}
    if service is None and said:
        return tuple(said.values())
    if service is None:
        asked = [t for route in table.routes for m in route.matches for t in _on_port(m)]
        numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
        if not numbers:
            losses.append(_any_protocol(table))
            return (None,)
        return tuple(named(ServicePort(n), *asked) for n in numbers)
    own = [port.value for port in table.attachment.ports]
    fitting = [p for p in service.ports if not own or ServicePort(p.number) in own]
    if beside_http:
        fitting = [p for p in fitting if not _is_sniffed(p)]
        if not fitting:
            reason = (
                "the service has HTTP routes too, which alone count on a port that may be either"
            )
            raise Unreachable("MM213", reason, "Declare the protocol of the port.")
    if any(_is_sniffed(p) for p in fitting):
        losses.append(_any_protocol(table))
    because = Traced("", (), service.leaves)
    return tuple(said.get(p.number, named(ServicePort(p.number), because)) for p in fitting)


def _is_sniffed(port: PortOfService) -> bool:
    """Whether the source looks what is spoken on the port, so that HTTP there has no part in the rules."""
    return (port.app_protocol or port.name.partition("-")[0]).lower() not in _READ


def _any_protocol(table: RouteTable) -> Loss:
    return Loss(
        code="MM213",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(table.trail,),
        message="the source looks at what is spoken on the port, and these rules leave HTTP alone; in the target "
        "they are for all connections to the port.",
        advice="Declare the protocol of the port.",
    )


def _on_port(match: RouteMatch) -> list[Traced[object]]:
    tests = [t for t in match.requests.tests if t.part is Part.SERVICE_PORT]
    return [term for test in tests for term in test.any_of]


def _rules(
    table: RouteTable,
    viewer: Viewer,
    slot: Traced[ServicePort] | None,
    scene: Scene,
    reached: set[int],
) -> list[tuple[Route, tuple[Traced[Pattern], ...]]]:
    """The rules of one port that are ever reached, in order, with their names."""
    found: list[tuple[Route, tuple[Traced[Pattern], ...]]] = []
    taken = Language.nothing()
    for number, route in enumerate(table.routes):
        matches = [m for m in route.matches if sees(m, viewer) and _fits(m, slot)]
        if viewer.passes or (route.matches and not matches):
            continue
        made = _plain(scene.subsets.route(route, table), matches)
        if table.protocol is not Protocol.TLS:
            reached.add(number)
            return [(made, ())]
        names = _names(matches)
        own = _language(names)
        if own.issubset(taken):
            continue
        _check(names, taken, own)
        reached.add(number)
        taken = taken | own
        found.append((made, names))
    return found


def _fits(match: RouteMatch, slot: Traced[ServicePort] | None) -> bool:
    asked = [t.value.text for t in _on_port(match) if isinstance(t.value, Pattern)]
    return not asked or (slot is not None and str(slot.value.port) in asked)


def _names(matches: Sequence[RouteMatch]) -> tuple[Traced[Pattern], ...]:
    found: dict[tuple[str, str], Traced[Pattern]] = {}
    for match in matches:
        for test in match.requests.tests:
            for term in test.any_of if test.part is Part.SERVER_NAME else ():
                if isinstance(term.value, Pattern):
                    key = (term.value.kind, term.value.text)
                    known = [found[key]] if key in found else []
                    found[key] = derived(term.value, (*known, term))
    return tuple(found.values())


def _language(terms: Sequence[Traced[Pattern]]) -> Language:
    whole = Language.nothing()
    for term in terms:
        whole = whole | language(term.value)
    return whole


def _check(names: Sequence[Traced[Pattern]], taken: Language, own: Language) -> None:
    """The source takes the most particular name, as the target does; a list that says otherwise has no form.

    Raises:
        Unreachable: a name has no form, or an earlier rule has names in common that are no more particular.
    """
    kinds = (PatternKind.EXACT, PatternKind.SUFFIX)
    for term in names:
        if term.value.kind not in kinds or not term.value.text.strip("."):
            reason = "a rule for every name has no form in a TLSRoute"
            raise Unreachable("MM213", reason, "List the names.")
    exact = [term.value.text for term in names if term.value.kind is PatternKind.EXACT]
    if not (own & taken).is_empty() and any(taken.accepts(name.lower()) for name in exact):
        reason = "an earlier rule is for more names than a later one"
        raise Unreachable("MM213", reason, "Order them.")


def _plain(route: Route, matches: Sequence[RouteMatch]) -> Route:
    """The rule without its matches, whose names the object says, and without its name."""
    spent: list[Traced[object]] = [route.trail]
    if route.name is not None:
        spent.append(route.name)
    for match in matches:
        spent.extend((match.trail, match.requests.trail, *_on_port(match)))
        spent.extend(test.trail for test in match.requests.tests)
        if match.audience is not None:
            spent.extend(traced(match.audience))
    return replace(route, name=None, matches=(), trail=derived(route.trail.value, spent))


def _finished(
    table: RouteTable,
    rules: Sequence[tuple[Route, tuple[Traced[Pattern], ...]]],
    viewer: Viewer,
    service: Service | None,
    scene: Scene,
) -> Iterator[RouteTable]:
    """A table for each rule, with a name and the names in the hello."""
    subject = table.attachment.subject
    home = "" if subject.namespace is None else subject.namespace.value
    where = home if viewer.at is None else viewer.at.value
    kind = KINDS[table.protocol]
    kept = scene.keeps(kind, where, table.name.value)
    base = table.name.value if kept or subject.name is None else subject.name.value
    port = table.attachment.ports[0].value if table.attachment.ports else None
    many = not kept and (service is None or len(service.ports) > 1)
    stated: list[Traced[object]] = [table.trail, table.name, *table.hosts]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    width = len(str(len(rules)))
    for number, (rule, names) in enumerate(rules, start=1):
        parts = [base, str(port.port) if many and isinstance(port, ServicePort) else ""]
        parts.append(str(number).zfill(width) if len(rules) > 1 else "")
        name = scene.names.take(kind, where, name_of(*parts))
        yield replace(
            table,
            trail=derived(table.trail.value, stated),
            name=named(name, table.name),
            attachment=replace(table.attachment, audience=clients_of(viewer)),
            hosts=names,
            order=Order.SPECIFICITY,
            routes=(rule,),
        )


def _never_reached(table: RouteTable, reached: set[int]) -> Iterator[Loss]:
    for number, route in enumerate(table.routes):
        if number not in reached:
            yield Loss(
                code="MM107",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                fate=Fate.ABSORBED,
                sites=tuple(traced(route)),
                message="no connection gets as far as this rule: earlier ones take them all.",
            )
