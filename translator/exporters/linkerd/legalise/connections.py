"""Tables for connections that are not HTTP: a TLSRoute for each rule, or one TCPRoute, on a port of the service.

linkerd2 policy-controller/k8s/index/src/outbound/index/{tls,tcp}.rs and policy-controller/grpc/src/outbound.rs
``to_proto``, 2.20: a TLSRoute chooses by the name in the TLS hello, the most particular first, and a name that none has
is refused. Where a port has HTTPRoutes they alone count, and where it has an ``appProtocol`` that is not HTTP only
TCPRoutes do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Scope, ServicePort
from ir.inventory import Inventory, PortOfService, Service
from ir.language import Language
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced, derived, named
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.opaque_ports import not_heeded, why_opaque
from translator.exporters.linkerd.legalise.scene import Scene
from translator.exporters.naming import name_of
from translator.exporters.routes.destinations import Subsets, Unreachable, moving_shares
from translator.exporters.routes.languages import language
from translator.exporters.routes.slots import service_ports
from translator.exporters.routes.viewers import (
    Viewer,
    audiences,
    clients_of,
    sees,
    settled,
)
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

SINCE = "2.17"
"""Since when the target has TLSRoute and TCPRoute."""
MAX_NAMES = 16
"""Host names that one route may have (Gateway API TLSRoute.spec.hostnames)."""
_COMPETES = (
    "clients of one namespace cannot have connection rules of their own beside those for all: "
    "which of them wins would depend on their age"
)
_KINDS = {Protocol.TLS: "TLSRoute", Protocol.TCP: "TCPRoute"}


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
    if not scene.options.target.at_least(SINCE):
        raise Unreachable(
            "MM213", f"rules for connections need Linkerd {SINCE}", "Raise --target-version."
        )
    table, lost = settled(table, scene.inventory)
    if not table.routes:
        losses.extend(lost)
        raise Unreachable("MM208", "none of its rules is left for clients of the mesh")
    who = audiences(
        table,
        scene.inventory,
        [s.value for r in rivals for s in _spaces(r)],
        alone=len(rivals) <= 1,
    )
    if not who.viewers:
        raise Unreachable("MM208", who.reason or "none of its rules is for clients of the mesh")
    lost.extend(who.losses)
    found: list[RouteTable] = []
    reached: set[int] = set()
    slots = _slots(table, service, scene.options.target, lost, beside_http=beside_http)
    for viewer in who.viewers:
        if viewer.at is not None and (len(who.viewers) > 1 or rivals):
            lost.append(_competes(viewer))
            continue
        for slot in slots:
            seen = replace(
                table, attachment=replace(table.attachment, ports=() if slot is None else (slot,))
            )
            rules = _rules(seen, viewer, slot, scene.subsets, reached)
            found.extend(_finished(seen, rules, viewer, service, scene))
    if not found:
        raise Unreachable("MM213", _COMPETES, "Give these clients a service of their own.")
    lost.extend(moving_shares(found))
    lost.extend(_never_reached(table, reached))
    losses.extend(lost)
    return tuple(found)


def _spaces(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    return () if audience is None else audience.namespaces


def _competes(viewer: Viewer) -> Loss:
    """Of two TCPRoutes, or two TLSRoutes for one name, the older wins: nothing says which that will be."""
    return Loss(
        code="MM213",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=() if viewer.at is None else (viewer.at,),
        message=f"{_COMPETES}. They have the rules for all.",
        advice="Give these clients a service of their own.",
    )


def _slots(
    table: RouteTable,
    service: Service | None,
    target: Target,
    losses: list[Loss],
    *,
    beside_http: bool,
) -> tuple[Traced[ServicePort] | None, ...]:
    """The ports that need routes; a port on which such routes would not be heeded is left out."""
    if service is None and beside_http:
        reason = "the host has HTTP routes too, which alone count where both are for a port"
        raise Unreachable("MM213", reason, "Add the Service to the input.")
    if service is None:
        asked = [t for route in table.routes for m in route.matches for t in _on_port(m)]
        numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
        if not numbers:
            losses.append(_any_protocol(table))
            return (None,)
        return tuple(named(ServicePort(n), *asked) for n in numbers)
    own = [port.value for port in table.attachment.ports]
    ports = [p for p in service.ports if not own or ServicePort(p.number) in own]
    fitting = list(ports)
    if table.protocol is Protocol.TLS:
        opaque = {p.number: why for p in ports if (why := why_opaque(p, service, target))}
        fitting = [p for p in ports if p.number not in opaque]
        if not fitting:
            reason = f"{'; '.join(opaque.values())}, where no name is looked at"
            advice = "Take the appProtocol off the port: the target sees by itself that it is TLS."
            raise Unreachable("MM213", reason, advice)
        if opaque:
            losses.extend(not_heeded(table, list(opaque.values())))
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
    said = {p.value.port: p for p in service_ports(table.attachment.ports)}
    return tuple(said.get(p.number, named(ServicePort(p.number), because)) for p in fitting)


def _is_sniffed(port: PortOfService) -> bool:
    """Whether the source looks what is spoken on the port, so that HTTP there has no part in the rules."""
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    return word not in ("tcp", "mongo", "redis", "mysql", "https", "tls", "kubernetes.io/wss")


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
    subsets: Subsets,
    reached: set[int],
) -> list[Route]:
    """The rules of one port that are ever reached, in order."""
    if viewer.passes:
        return []
    found: list[Route] = []
    taken = Language.nothing()
    for number, route in enumerate(table.routes):
        matches = [m for m in route.matches if sees(m, viewer) and _fits(m, slot)]
        if route.matches and not matches:
            continue
        if table.protocol is Protocol.TCP:
            reached.add(number)
            return [_plain(subsets.route(route, table), matches)]
        names = _names(matches)
        own = _language(names)
        if own.issubset(taken):
            continue
        _check(names, taken, own)
        reached.add(number)
        taken = taken | own
        found.append(_plain(subsets.route(route, table), matches))
    return found


def _fits(match: RouteMatch, slot: Traced[ServicePort] | None) -> bool:
    asked = [t.value.text for t in _on_port(match) if isinstance(t.value, Pattern)]
    return not asked or (slot is not None and str(slot.value.port) in asked)


def _names(matches: Sequence[RouteMatch]) -> list[Traced[object]]:
    tests = [t for m in matches for t in m.requests.tests if t.part is Part.SERVER_NAME]
    return [term for test in tests for term in test.any_of]


def _language(terms: Sequence[Traced[object]]) -> Language:
    whole = Language.nothing()
    for term in terms:
        whole = whole | language(term.value)
    return whole


def _check(names: Sequence[Traced[object]], taken: Language, own: Language) -> None:
    """The source takes the most particular name, as the target does; a list that says otherwise has no form.

    Raises:
        Unreachable: a name has no form, or an earlier rule has names in common that are no more particular.
    """
    for term in names:
        value = term.value
        kinds = (PatternKind.EXACT, PatternKind.SUFFIX)
        if not isinstance(value, Pattern) or value.kind not in kinds or not value.text.strip("."):
            raise Unreachable(
                "MM213", "a rule for every name has no form in a TLSRoute", "List the names."
            )
    if len(names) > MAX_NAMES:
        raise Unreachable("MM209", f"a rule has more than {MAX_NAMES} names", "Split the rule.")
    exact = [
        t.value.text
        for t in names
        if isinstance(t.value, Pattern) and t.value.kind is PatternKind.EXACT
    ]
    if not (own & taken).is_empty() and any(taken.accepts(name.lower()) for name in exact):
        raise Unreachable(
            "MM213", "an earlier rule is for more names than a later one", "Order them."
        )


def _plain(route: Route, matches: Sequence[RouteMatch]) -> Route:
    """The rule with one match on the names, and all else that was asked spent on it."""
    tests = [t for m in matches for t in m.requests.tests if t.part is Part.SERVER_NAME]
    spent: list[Traced[object]] = [route.trail]
    for match in matches:
        spent.extend((match.trail, match.requests.trail, *_on_port(match)))
        spent.extend(test.trail for test in match.requests.tests)
        if match.audience is not None:
            spent.extend(traced(match.audience))
    node = derived(route.trail.value, spent)
    if not tests:
        return replace(route, matches=(), trail=node)
    asked = Test(
        part=Part.SERVER_NAME,
        any_of=tuple(term for test in tests for term in test.any_of),
        trail=named("names", node),
    )
    requests = AllOf(tests=(asked,), trail=named("requests", node))
    return replace(
        route, matches=(RouteMatch(requests=requests, trail=named("match", node)),), trail=node
    )


def _finished(
    table: RouteTable,
    rules: Sequence[Route],
    viewer: Viewer,
    service: Service | None,
    scene: Scene,
) -> Iterator[RouteTable]:
    """A table for each rule, with a name."""
    subject = table.attachment.subject
    home = "" if subject.namespace is None else subject.namespace.value
    where = home if viewer.at is None else viewer.at.value
    kept = scene.keeps(_KINDS[table.protocol], where, table.name.value)
    base = table.name.value if kept or subject.name is None else subject.name.value
    port = table.attachment.ports[0].value if table.attachment.ports else None
    many = not kept and (service is None or len(service.ports) > 1)
    stated: list[Traced[object]] = [table.trail, table.name]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    width = len(str(len(rules)))
    for number, rule in enumerate(rules, start=1):
        parts = [base, str(port.port) if many and isinstance(port, ServicePort) else ""]
        parts.append(str(number).zfill(width) if len(rules) > 1 else "")
        name = scene.names.take(_KINDS[table.protocol], where, name_of(*parts))
        yield replace(
            table,
            trail=derived(table.trail.value, stated),
            name=named(name, table.name),
            attachment=replace(table.attachment, audience=clients_of(viewer)),
            order=Order.RANK,
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


def inventory_service(table: RouteTable, inventory: Inventory) -> Service | None:
    """The service of a table.

    Raises:
        Unreachable: it is none of the cluster, or has no address of its own.
    """
    subject = table.attachment.subject
    if subject.scope is Scope.EGRESS:
        return None
    if subject.namespace is None or subject.name is None:
        reason = "the host is no service of the cluster"
        raise Unreachable("MM203", reason, "Write the rules as HTTPRoutes on an EgressNetwork.")
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is not None and (service.headless or service.external_name):
        reason = (
            f"{service.key} has no address of its own, and requests to a pod's address, or to another name, "
            "pass by all routes"
        )
        raise Unreachable("MM207", reason, "Give the service a cluster IP.")
    return service
