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
from ir.inventory import Inventory, Service
from ir.language import Language
from ir.match import AllOf, Part, Test
from ir.provenance import Traced, derived, named
from ir.traffic import Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.opaque_ports import not_heeded, why_opaque
from translator.exporters.linkerd.legalise.scene import Scene
from translator.exporters.routes.connections import (
    Slot,
    check_names,
    fits,
    language_of_names,
    never_reached,
    place_of,
    slots_of_host,
    slots_of_service,
    spaces_of,
    spent_on,
    titles,
)
from translator.exporters.routes.destinations import Subsets, Unreachable, moving_shares
from translator.exporters.routes.viewers import (
    Viewer,
    audiences,
    clients_of,
    sees,
    settled,
)
from translator.report.model import Impact, Severity, Support
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
        [s.value for r in rivals for s in spaces_of(r)],
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
    lost.extend(never_reached(table, reached))
    losses.extend(lost)
    return tuple(found)


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
) -> tuple[Slot, ...]:
    """The ports that need routes; a port on which such routes would not be heeded is left out."""
    if service is None:
        return slots_of_host(table, losses, beside_http=beside_http)
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
    return slots_of_service(table, service, fitting, losses, beside_http=beside_http)


def _rules(
    table: RouteTable,
    viewer: Viewer,
    slot: Slot,
    subsets: Subsets,
    reached: set[int],
) -> list[Route]:
    """The rules of one port that are ever reached, in order."""
    if viewer.passes:
        return []
    found: list[Route] = []
    taken = Language.nothing()
    for number, route in enumerate(table.routes):
        matches = [m for m in route.matches if sees(m, viewer) and fits(m, slot)]
        if route.matches and not matches:
            continue
        if table.protocol is Protocol.TCP:
            reached.add(number)
            return [_plain(subsets.route(route, table), matches)]
        names = _names(matches)
        own = language_of_names(names)
        if own.issubset(taken):
            continue
        if len(names) > MAX_NAMES:
            raise Unreachable("MM209", f"a rule has more than {MAX_NAMES} names", "Split the rule.")
        check_names(names, taken, own)
        reached.add(number)
        taken = taken | own
        found.append(_plain(subsets.route(route, table), matches))
    return found


def _names(matches: Sequence[RouteMatch]) -> list[Traced[object]]:
    tests = [t for m in matches for t in m.requests.tests if t.part is Part.SERVER_NAME]
    return [term for test in tests for term in test.any_of]


def _plain(route: Route, matches: Sequence[RouteMatch]) -> Route:
    """The rule with one match on the names, and all else that was asked spent on it."""
    tests = [t for m in matches for t in m.requests.tests if t.part is Part.SERVER_NAME]
    node = derived(route.trail.value, spent_on(route, matches))
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
    kind, where = _KINDS[table.protocol], place_of(table, viewer)
    kept = scene.keeps(kind, where, table.name.value)
    stated: list[Traced[object]] = [table.trail, table.name]
    if table.attachment.audience is not None:
        stated.extend(traced(table.attachment.audience))
    for rule, title in zip(rules, titles(table, len(rules), service, kept=kept), strict=True):
        name = scene.names.take(kind, where, title)
        yield replace(
            table,
            trail=derived(table.trail.value, stated),
            name=named(name, table.name),
            attachment=replace(table.attachment, audience=clients_of(viewer)),
            order=Order.RANK,
            routes=(rule,),
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
