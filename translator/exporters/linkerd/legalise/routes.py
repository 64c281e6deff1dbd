"""Route tables in the target's form: bound to a service, ordered by rank, objects for each set of clients and port.

A route of the target belongs to a service and is found by the address that the client dialled, not by the host name
(linkerd2 policy-controller/k8s/index/src/outbound, 2.20). Clients of one namespace get a route of their own in that
namespace; it is merged with the service's, so it names the service's hosts, which outranks every route without hosts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from ir.attachment import Scope, ServicePort
from ir.inventory import Inventory, Service
from ir.language import Opaque
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.traffic import NoMatch, Order, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.gateways.binding import KINDS
from translator.exporters.linkerd.legalise.calls import call_object, stays_calls
from translator.exporters.linkerd.legalise.connections import connection_objects, inventory_service
from translator.exporters.linkerd.legalise.defaults import pinned_retry
from translator.exporters.linkerd.legalise.objects import ordered_by_name, spread
from translator.exporters.linkerd.legalise.opaque_ports import ADVICE, not_heeded, why_opaque
from translator.exporters.linkerd.legalise.profiles import as_profile
from translator.exporters.linkerd.legalise.retries import in_target_terms, shared
from translator.exporters.linkerd.legalise.scene import Scene
from translator.exporters.linkerd.legalise.unwritten import Reason, left_to_all, unwritten
from translator.exporters.linkerd.legalise.wording import worded
from translator.exporters.naming import Names, name_of
from translator.exporters.routes.alternatives import Alternative, Contradiction, alternative
from translator.exporters.routes.destinations import (
    Subsets,
    Unreachable,
    goes_by_the_port,
    moving_shares,
    taken_names,
    to_itself,
)
from translator.exporters.routes.gaps import Told, left_out
from translator.exporters.routes.headers import with_edits
from translator.exporters.routes.methods import by_method
from translator.exporters.routes.redirects import Redirects, in_target_redirects
from translator.exporters.routes.rivals import host_of, is_http_of, rivals_of
from translator.exporters.routes.slots import (
    is_asked_on,
    is_on,
    read_ports,
    service_ports,
    unread_ports,
)
from translator.exporters.routes.viewers import (
    Viewer,
    audiences,
    clients_of,
    sees,
    settled,
)
from translator.report.model import Fate, Impact, Severity, Support

Slot = Traced[ServicePort] | None


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


_REDIRECTS = Redirects(keeps_port=True, keeps_query=False, passes_on=True)
"""What a proxy of the target makes of redirects.

linkerd2-proxy linkerd/http/route/src/http/filter/redirect.rs, 2.20: a full path drops the query of the request, and a
prefix that begins with a slash makes the whole policy of the service invalid. Statuses: Gateway API 1.2, with which it
is built.
"""


def subsets_of(inventory: Inventory) -> Subsets:
    """The services for subsets of a run: none yet, and no name of theirs that a service has already."""
    return Subsets(inventory, Names(taken_names(inventory)), implicit=True)


def legalise_routes(model: Model, options: Options, subsets: Subsets, whole: Model) -> Legal:
    """The route tables in legal form, the services made for subsets, and all other facts as they are.

    ``whole``: the model before anything was taken out of it.
    """
    legal = Legal()
    stated = frozenset(one.key for one in model.objects)
    pinned = pinned_retry(model, options)
    unread = unread_ports(whole.facts)
    scene = Scene(subsets, model.inventory, Names(), options, stated, pinned, model.facts, unread)
    originals = {id(f.name): f for f in whole.facts if isinstance(f, RouteTable)}
    filed: dict[str, list[RouteTable]] = {}
    for fact in model.facts:
        if isinstance(fact, RouteTable):
            filed.setdefault(_shelf(fact), []).append(fact)
    for fact in model.facts:
        if not isinstance(fact, RouteTable):
            legal.facts.append(fact)
            continue
        tables = filed[_shelf(fact)]
        try:
            legal.facts.extend(_legal(fact, tables, scene, legal.losses))
        except Unreachable as reason:
            gone = Reason(reason.code, str(reason), reason.advice)
        except Contradiction as reason:
            gone = Reason("MM202", str(reason), _ORDER)
        except Opaque as reason:
            gone = Reason("MM202", f"a pattern has no exact language: {reason}", _ORDER)
        else:
            continue
        before = originals.get(id(fact.name), fact)
        legal.losses.extend(unwritten(fact, before, rivals_of(fact, tables), gone))
    legal.facts.extend(subsets.made.values())
    return legal


_SERVICES = "Add the Service to the input."
_ORDER = "Write rules that do not overlap, or put the one with more conditions first."


def _legal(
    table: RouteTable, tables: Sequence[RouteTable], scene: Scene, losses: list[Loss]
) -> tuple[Fact, ...]:
    """The legal tables of one, or its profile; ``tables``: all for its service.

    What is lost counts only where the table is written.

    Raises:
        Unreachable: it cannot be bound to a service, or one of its destinations not written.
        Contradiction: the order of its rules cannot be kept.
        ir.language.Opaque: a pattern has no exact language.
    """
    service = inventory_service(table, scene.inventory)
    rivals = rivals_of(table, tables)
    if table.protocol is not Protocol.HTTP:
        http = any(is_http_of(other, table) for other in tables)
        return connection_objects(table, service, rivals, scene, losses, beside_http=http)
    _check_http(service, scene)
    whole_table = table
    table, lost = settled(table, scene.inventory)
    replaced = [s.value for other in rivals for s in _namespaces(other)]
    who = audiences(table, scene.inventory, replaced, alone=len(rivals) <= 1)
    if not who.viewers:
        raise Unreachable("MM208", who.reason or "none of its rules is for clients of the mesh")
    lost.extend(left_to_all(who.losses, rivals))
    table, more = in_target_redirects(table, _REDIRECTS)
    lost.extend(more)
    table = replace(table, routes=tuple(with_edits(one, lost) for one in table.routes))
    table, more = by_method(table)
    lost.extend(more)
    profile = as_profile(table, whole_table, who.viewers, scene)
    if profile is not None:
        losses.extend((*lost, *profile.losses))
        return profile.facts
    table = _with_rest(table)
    routes, terms = in_target_terms(table.routes, scene.options.target, scene.pinned)
    lost.extend(terms)
    table = replace(table, routes=routes)
    found: list[RouteTable] = []
    told = Told()
    slots = _slots(table, service, scene, lost)
    alone = not rivals and not any(viewer.passes for viewer in who.viewers)
    calls = alone and stays_calls(table, service, scene)
    for viewer, slot in product(who.viewers, slots):
        on = _on_port(table, slot)
        if calls:
            seen = call_object(on, viewer, scene, told, lost)
        else:
            seen = _objects(on, viewer, scene, lost, told)
        found.extend(_finished(seen, viewer, service, scene))
    if not found:
        losses.extend(lost)
        for reason in told.gone.values():
            raise reason
        raise Unreachable("MM208", "none of its rules is left for clients of the mesh")
    lost.extend((*_leaks(found, rivals), *moving_shares(found), *_never_reached(table, told)))
    losses.extend((*lost, *left_out(table, host_of(table), told)))
    return tuple(found)


def _with_rest(table: RouteTable) -> RouteTable:
    """The table with a rule for what none of its own takes, where that goes to the service: routes alone refuse it."""
    if table.no_match is not NoMatch.PASS or table.attachment.subject.scope is Scope.EGRESS:
        return table
    if any(not route.matches for route in table.routes):
        return replace(table, no_match=NoMatch.NOT_FOUND)
    rest = Route(
        backends=to_itself(table), trail=named("requests that no rule matches", table.trail)
    )
    return replace(table, routes=(*table.routes, rest), no_match=NoMatch.NOT_FOUND)


def _shelf(table: RouteTable) -> str:
    """Where a table is filed: those for one service stand together, and those for names outside."""
    egress = table.attachment.subject.scope is Scope.EGRESS
    return "" if egress else host_of(table)


def _check_http(service: Service | None, scene: Scene) -> None:
    if service is not None and not read_ports(service, scene.unread):
        reason = (
            f"no port of {service.key} is HTTP, so they hold for no request in the source either"
        )
        raise Unreachable("MM207", reason, "Name the port http-..., or set its appProtocol.")


def _namespaces(table: RouteTable) -> tuple[Traced[str], ...]:
    audience = table.attachment.audience
    return () if audience is None else audience.namespaces


def _slots(
    table: RouteTable,
    service: Service | None,
    scene: Scene,
    losses: list[Loss],
) -> tuple[Slot, ...]:
    """The ports of the service that need a table of their own: all HTTP ones together where they see the same rules.

    Raises:
        Unreachable: the target reads HTTP on none of them.
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
            raise Unreachable("MM203", "which ports the service has is not known", _SERVICES)
        numbers = sorted({int(t.value.text) for t in asked if isinstance(t.value, Pattern)})
        return own or tuple(_slot(n, asked) for n in numbers) or (None,)
    http = [p for p in read_ports(service, scene.unread) if is_on(table.attachment, p.number)]
    if not http:
        reason = f"no HTTP port of {service.key} is one that they are for"
        raise Unreachable("MM207", reason, "Name a port of the service.")
    opaque = {p.number: why for p in http if (why := why_opaque(p, service, scene.options.target))}
    heeded = [p for p in http if p.number not in opaque]
    if not heeded:
        reason = f"{'; '.join(opaque.values())}, where no route is heeded"
        raise Unreachable("MM213", reason, ADVICE)
    if opaque:
        losses.extend(not_heeded(table, list(opaque.values())))
    alike = not asked and not own and len(heeded) == len(service.ports) > 1
    if alike and not goes_by_the_port(table, scene.inventory):
        return (None,)
    because = Traced("", (), service.leaves)
    said = {port.value.port: port for port in own}
    return tuple(said.get(p.number, named(ServicePort(p.number), because)) for p in heeded)


def _slot(number: int, asked: Sequence[Traced[object]]) -> Traced[ServicePort]:
    return named(ServicePort(number), *asked)


def _on_port(table: RouteTable, slot: Slot) -> RouteTable:
    ports = () if slot is None else (slot,)
    return replace(table, attachment=replace(table.attachment, ports=ports, excluding_ports=()))


def _objects(
    seen: RouteTable, viewer: Viewer, scene: Scene, losses: list[Loss], told: Told
) -> tuple[RouteTable, ...]:
    """The table as one set of clients sees it on one port: one object or several, in rank order."""
    if viewer.passes:
        node = named("to the service itself", seen.trail)
        return (replace(seen, routes=(Route(backends=to_itself(seen), trail=node),)),)
    alternatives: list[Alternative] = []
    for number, route in enumerate(seen.routes):
        matches: Sequence[RouteMatch | None] = route.matches or (None,)
        for match in matches:
            tests = () if match is None else match.requests.tests
            if match is None or (sees(match, viewer) and is_asked_on(tests, seen.attachment.ports)):
                asked = [t for t in tests if t.part is not Part.SERVICE_PORT]
                alternatives.append(alternative(number, match, asked))
    writable = told.writable(seen, {a.route for a in alternatives}, scene.subsets.trial())
    alternatives = [a for a in alternatives if a.route in writable]
    if not alternatives:
        return ()
    target = scene.options.target
    keys = {number: shared(route, target) for number, route in enumerate(seen.routes)}
    parts = spread(alternatives, keys)
    wanted = sorted({one.route for part in parts.objects for one in part})
    routes = {number: scene.subsets.partly(seen.routes[number], seen)[0] for number in wanted}
    told.reached.update(id(one.source) for part in parts.objects for one in part)
    told.reached.update(one.route for part in parts.objects for one in part)
    if not parts.certain:
        losses.append(ordered_by_name((seen.trail,), len(parts.objects)))
    return tuple(replace(seen, routes=worded(part, routes, seen)) for part in parts.objects)


def _leaks(objects: Sequence[RouteTable], rivals: Sequence[RouteTable]) -> Iterator[Loss]:
    """Clients with rules of their own fall through to the service's where none of them matches."""
    if all(_namespaces(rival) for rival in rivals):
        return
    spaces = {s.value: s for one in objects for s in _namespaces(one)}
    for space, value in sorted(spaces.items()):
        own = [one for one in objects if space in [s.value for s in _namespaces(one)]]
        if any(not route.matches for one in own for route in one.routes):
            continue
        yield Loss(
            code="MM211",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=(value,),
            message=f"a request from {space} that none of its own rules matches gets 404 in the source; in the "
            "target it goes by the rules for all clients.",
            advice="Add a last rule without conditions to the rules of these clients.",
        )


def _never_reached(table: RouteTable, told: Told) -> Iterator[Loss]:
    """Alternatives that earlier rules cover whole: the source never reaches them either."""
    for number, route in enumerate(table.routes):
        if number in told.gone:
            continue
        for part in (route,) if number not in told.reached else route.matches:
            if part is route or id(part) not in told.reached:
                yield Loss(
                    code="MM107",
                    impact=Impact.NONE,
                    support=Support.PARTIAL,
                    fate=Fate.ABSORBED,
                    sites=tuple(traced(part)),
                    message="no request comes as far as this rule: none meets it, or earlier ones take them all.",
                )


def _finished(
    objects: Sequence[RouteTable], viewer: Viewer, service: Service | None, scene: Scene
) -> Iterator[RouteTable]:
    """The objects with names, their clients as a namespace, and hosts where they must outrank others."""
    width = len(str(len(objects)))
    for number, table in enumerate(objects, start=1):
        subject = table.attachment.subject
        home = subject.namespace.value if subject.namespace else ""
        port = table.attachment.ports[0].value if table.attachment.ports else None
        outside = subject.scope is Scope.EGRESS
        many = outside or (service is not None and len(service.ports) > 1)
        where = home if viewer.at is None else viewer.at.value
        kind = KINDS[table.protocol]
        kept = scene.keeps(kind, where, table.name.value)
        base = table.name.value if kept else _base(table)
        parts = [
            base,
            str(port.port) if many and not kept and isinstance(port, ServicePort) else "",
        ]
        if number > 1:
            parts.append(str(number).zfill(width))
        name = scene.names.take(kind, where, name_of(*parts))
        stated: list[Traced[object]] = [table.trail, table.name]
        if table.attachment.audience is not None:
            stated.extend(traced(table.attachment.audience))
        yield replace(
            table,
            trail=derived(table.trail.value, stated),
            name=named(name, table.name),
            attachment=replace(table.attachment, audience=clients_of(viewer)),
            hosts=_hosts(table, viewer, scene.options),
            order=Order.RANK,
        )


def _base(table: RouteTable) -> str:
    subject = table.attachment.subject
    if subject.scope is Scope.EGRESS:
        return table.name.value
    return subject.name.value if subject.name else table.name.value


def _hosts(table: RouteTable, viewer: Viewer, options: Options) -> tuple[Traced[Pattern], ...]:
    subject = table.attachment.subject
    if subject.scope is Scope.EGRESS:
        return table.hosts
    if viewer.at is None or subject.name is None or subject.namespace is None:
        return ()
    short = f"{subject.name.value}.{subject.namespace.value}"
    forms = (short, f"{short}.svc", f"{short}.svc.{options.cluster_domain}")
    parents = (subject.name, subject.namespace)
    return tuple(named(Pattern(PatternKind.EXACT, form), *parents) for form in forms)
