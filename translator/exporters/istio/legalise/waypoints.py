"""Rules on requests at a waypoint, in front of the services whose pods they are for.

The pods are closed to all but the waypoint (and those whom rules on connections let in), since what is sent to the address
of a pod, or by a caller outside of the mesh, passes no waypoint of services (istio/istio pilot/pkg/serviceregistry/ambient/
waypoints.go, 1.31). The policy of the service holds all rules of its pods: whoever comes by the waypoint arrives with the
identity of the waypoint, and the rules of the pods do not know him any more (tests/integration/ambient/baseline_test.go).
Where that cannot be had in full for a service, it gets no waypoint, and the rules stay with agents that do not read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Closed, Evidence, Grant, Layer, Refusal
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.inventory import Inventory, Service
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Test
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.access import SEEN
from translator.exporters.istio.legalise.ambient import DOC, is_plain, plain_part
from translator.exporters.istio.legalise.territories import Pods, Unnamed, overlap, pods_of, within
from translator.exporters.istio.legalise.waypoint_routes import heeded_routes, is_ruling
from translator.report.model import Fate, Impact, Severity, Support

NAME = "ambient-waypoint"
"""The Gateway of a namespace; its pods run with a service account of the same name.

istio/istio manifests/charts/istio-control/istio-discovery/files/waypoint.yaml, 1.31.
"""

_ADDRESSES = (Part.PEER_ADDRESS, Part.CLIENT_ADDRESS)
_UNKNOWN = (*_ADDRESSES, Part.DESTINATION_ADDRESS, Part.SERVER_NAME)
"""What a waypoint may see otherwise than the pod does: it is not asked there."""

_BY_CERTIFICATE = (Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.CERTIFICATE)


@dataclass(slots=True)
class Placed:
    """The facts with what stands at waypoints, and what differs then."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Front:
    """A service that gets a waypoint: its pods, its ports by number with the ports of the pods, what closes these."""

    service: Service
    pods: Pods
    ports: tuple[tuple[int, int], ...]
    closed: tuple[Closed, ...]


def at_waypoints(facts: Sequence[Fact], inventory: Inventory) -> Placed:
    """The facts with the rules on requests moved to waypoints, where their services can have one."""
    placed = Placed()
    fronts = list(_fronts(facts, inventory))
    ruled = [p for f in facts if is_ruling(f) for p in _pods(_at_of(f), inventory)]
    heeded = heeded_routes(facts, ruled, [front.service for front in fronts], inventory)
    facts = heeded.facts
    placed.losses.extend(heeded.losses)
    taken: dict[int, list[_Front]] = {}
    made: list[Fact] = []
    for front in fronts:
        grants = [(g, one) for g in _grants(facts, front.pods) for one in _moved(g, front)]
        routed = (front.service.namespace, front.service.name) in heeded.services
        if not routed and all(is_plain(g) for g, _ in grants):
            continue
        made.extend(one for _, one in grants)
        for grant, _ in grants:
            taken.setdefault(id(grant), []).append(front)
        placed.losses.extend(_unknown(facts, front, [g for g, _ in grants]))
    for fact in facts:
        if id(fact) not in taken or not isinstance(fact, Grant) or is_plain(fact):
            placed.facts.append(fact)
            continue
        rest = plain_part(fact)
        placed.facts.extend(() if rest is None else (rest,))
        placed.losses.append(_by_waypoint_alone(fact, taken[id(fact)]))
    placed.facts.extend(made)
    return placed


def _fronts(facts: Sequence[Fact], inventory: Inventory) -> Iterator[_Front]:
    """The services for which all rules of their pods can be said."""
    refused = [p for f in facts if isinstance(f, Refusal) for p in _pods(f.attachment, inventory)]
    closing = [
        (p, f) for f in facts if isinstance(f, Closed) and f.attachment.enforced_at is
        EnforcedAt.SERVER for p in _pods(f.attachment, inventory)
    ]  # fmt: skip
    for _, service in sorted(inventory.services.items()):
        if not service.selector or service.headless or service.external_name:
            continue
        pods = service.namespace, tuple(sorted(service.selector.items()))
        near = [(p, f) for p, f in closing if overlap(p, pods)]
        ports = _ports(service, inventory)
        if not near or ports is None or any(overlap(p, pods) for p in refused):
            continue
        if all(within(pods, p) for p, _ in near):
            yield _Front(service, pods, ports, tuple(f for _, f in near))


def _at_of(fact: Fact) -> Attachment:
    if not isinstance(fact, (Closed, Refusal)):
        raise TypeError(fact)
    return fact.attachment


def _pods(at: Attachment, inventory: Inventory) -> tuple[Pods, ...]:
    """The pods by equal labels; those that cannot be named may be any."""
    try:
        return pods_of(at.subject, inventory)
    except Unnamed:
        return (("", ()),)


def _ports(service: Service, inventory: Inventory) -> tuple[tuple[int, int], ...] | None:
    """The ports with those of the pods; ``None`` where a number is not that of one port at the service and at all pods."""
    found: list[tuple[int, int]] = []
    for port in service.ports:
        if port.protocol != "TCP":
            continue
        own = {w.port_number(port.target) for w in inventory.endpoints(service)}
        numbers = {port.target} if isinstance(port.target, int) else own
        if len(numbers) != 1:
            return None
        (number,) = numbers
        if not isinstance(number, int):
            return None
        found.append((port.number, number))
    if any(number == pod and number != other for number, _ in found for other, pod in found):
        return None  # a rule on a port must never be taken for one on another
    return tuple(found) or None


def _grants(facts: Sequence[Fact], pods: Pods) -> Iterator[Grant]:
    for fact in facts:
        if isinstance(fact, Grant) and fact.attachment.enforced_at is EnforcedAt.SERVER:
            subject = fact.attachment.subject
            space = "" if subject.namespace is None else subject.namespace.value
            labels = () if subject.labels is None else subject.labels.value.requirements
            own = space, tuple((one.key, one.values[0]) for one in labels)
            if within(pods, own):
                yield fact


# --- a rule of the pods, for those who come by the waypoint ------------------------------------------


def _moved(grant: Grant, front: _Front) -> Iterator[Grant]:
    """The rule for the ports of the service, for callers with a certificate; nothing where none is left of it."""
    if any(t.part in (*_UNKNOWN, Part.PORT) for t in grant.always):
        return
    callers = tuple(_certified(one) for one in grant.callers if _is_seen(one))
    if not grant.callers:
        callers = (AllOf(tests=(_any_certificate(grant),), trail=named("callers", grant.trail)),)
    for one in grant.requests or (AllOf(trail=named("request", grant.trail)),):
        asked = [t for t in one.tests if t.part is Part.PORT]
        ports = [number for number, pod in front.ports if all(_has(t, pod) for t in asked)]
        if not callers or not ports or not _is_seen(one):
            continue
        others = tuple(t for t in one.tests if t.part is not Part.PORT)
        trail = derived(one.trail.value, (one.trail, *(t.trail for t in asked)))
        yield replace(
            grant,
            attachment=_at(front, grant, ports, asked),
            layer=Layer.MESH_REQUEST,
            callers=callers,
            requests=(replace(one, tests=others, trail=trail),) if others else (),
            trail=grant.trail if others else derived(grant.trail.value, (grant.trail, trail)),
        )


def _is_seen(one: AllOf) -> bool:
    return not any(test.part in _UNKNOWN for test in one.tests)


def _certified(one: AllOf) -> AllOf:
    """The callers with a certificate, which all have that come by a waypoint."""
    if any(t.part in _BY_CERTIFICATE and (t.any_of or t.presence) for t in one.tests):
        return one
    return replace(one, tests=(*one.tests, _any_certificate(one)))


def _any_certificate(of: Grant | AllOf) -> Test:
    shown = named(Presence.PRESENT, of.trail)
    return Test(part=Part.CERTIFICATE, presence=shown, trail=named("a certificate", of.trail))


def _has(test: Test, port: int) -> bool:
    number = _number(port)
    yes = not test.any_of or any(term.value == number for term in test.any_of)
    return yes and all(term.value != number for term in test.none_of)


def _number(port: int) -> Pattern:
    return Pattern(PatternKind.EXACT, str(port))


def _at(front: _Front, grant: Grant, numbers: Sequence[int], asked: Sequence[Test]) -> Attachment:
    """Ports of the service, chosen since its pods are those of the rule."""
    why = Traced("", (), front.service.leaves)
    own = grant.attachment.subject
    pods = [v for v in (own.labels, own.namespace, own.trail) if v is not None]
    said = [term for test in asked for term in (*test.any_of, *test.none_of)]
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(front.service.namespace, *pods, why),
        name=derived(front.service.name, (*pods, why)),
        trail=named(f"waypoint of {front.service.key}", *pods, why),
    )
    return Attachment(
        subject=subject,
        ports=tuple(derived(ServicePort(number), said) for number in numbers)
        if said
        else tuple(named(ServicePort(number), why) for number in numbers),
        enforced_at=EnforcedAt.WAYPOINT,
    )


# --- how that is written -----------------------------------------------------------------------------------


def as_written(
    facts: Sequence[Fact], inventory: Inventory, options: Options
) -> tuple[list[Fact], list[Closed]]:
    """The facts with what a waypoint needs, and what it closes: ports as tests, and that it gets in to its pods itself."""
    found: list[Fact] = []
    groups: dict[str, list[Grant]] = {}
    for fact in facts:
        if isinstance(fact, Grant) and fact.attachment.enforced_at is EnforcedAt.WAYPOINT:
            space, name = fact.attachment.subject.namespace, fact.attachment.subject.name
            groups.setdefault(f"{space and space.value}/{name and name.value}", []).append(fact)
        else:
            found.append(fact)
    fronts = {f"{f.service.namespace}/{f.service.name}": f for f in _fronts(facts, inventory)}
    closed: list[Closed] = []
    for key, grants in groups.items():
        front = fronts[key]
        closed.append(_closed(front, grants))
        found.append(closed[-1])
        found.extend(_on_ports(grant, front) for grant in grants)
        found.extend(_admission(front, grants, options))
    return found, closed


def _is_whole(grant: Grant, front: _Front) -> bool:
    return len(grant.attachment.ports) == len(front.ports)


def _on_ports(grant: Grant, front: _Front) -> Grant:
    """The rule with a test on its ports, where they are not all of the service."""
    if _is_whole(grant, front):
        return grant
    ports = grant.attachment.ports
    test = Test(
        part=Part.PORT,
        any_of=tuple(p.derive(_number(int(p.value.port))) for p in ports),
        trail=named("port", grant.trail),
    )
    request = grant.requests[0] if grant.requests else AllOf(trail=named("request", grant.trail))
    return replace(grant, requests=(replace(request, tests=(test, *request.tests)),))


def _closed(front: _Front, grants: Sequence[Grant]) -> Closed:
    first = front.closed[0]
    trails = [one.trail for one in front.closed]
    ports = [p for grant in grants if _is_whole(grant, front) for p in grant.attachment.ports]
    return replace(
        first,
        attachment=replace(grants[0].attachment, ports=()),
        layer=Layer.MESH_REQUEST,
        answer=None if first.answer is None else named(first.answer.value, first.answer),
        trail=derived(f"policy of the waypoint of {front.service.key}", [*trails, *ports]),
    )


def _admission(front: _Front, grants: Sequence[Grant], options: Options) -> Iterator[Grant]:
    """The waypoint itself is let in to the pods, on the ports of the service alone."""
    trails = [grant.trail for grant in grants]
    principal = waypoint_principal(front.service.namespace, options)
    term = named(Pattern(PatternKind.EXACT, principal), *trails)
    caller = Test(part=Part.IDENTITY, any_of=(term,), trail=named("the waypoint", *trails))
    numbers = sorted({pod for _, pod in front.ports})
    port = Test(
        part=Part.PORT,
        any_of=tuple(named(_number(number), *trails) for number in numbers),
        trail=named("ports behind the waypoint", *trails),
    )
    node = named(f"what comes by the waypoint of {front.service.key}", *trails)
    for closed in front.closed:
        if closed.attachment.subject.scope is not Scope.MESH:
            yield Grant(
                attachment=closed.attachment,
                layer=Layer.MESH_REQUEST,
                callers=(AllOf(tests=(caller,), trail=named("caller", node)),),
                requests=(AllOf(tests=(port,), trail=named("request", node)),),
                view=SEEN,
                evidence=Evidence.CERTIFICATE,
                trail=node,
            )


def waypoint_principal(namespace: str, options: Options) -> str:
    """The identity with which a waypoint that is written calls the pods behind it."""
    return f"{options.trust_domain}/ns/{namespace}/sa/{NAME}"


def _unknown(facts: Sequence[Fact], front: _Front, moved: Sequence[Grant]) -> Iterator[Loss]:
    """Rules on connections to ports of the service that let in nobody, or not all, who comes by the waypoint."""
    for grant in _grants(facts, front.pods):
        asked = [t for one in grant.requests for t in one.tests if t.part is Part.PORT]
        here = any(all(_has(t, pod) for t in asked) for _, pod in front.ports)
        whole = any(g is grant for g in moved) and all(map(_is_seen, grant.callers))
        if here and is_plain(grant) and not (whole and grant.callers):
            yield _by_waypoint_alone(grant, [front])


def _by_waypoint_alone(grant: Grant, fronts: Sequence[_Front]) -> Loss:
    names = ", ".join(dict.fromkeys(front.service.key for front in fronts))
    return Loss(
        code="MM532",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(traced(grant)),
        message=f"the waypoint of {names} has a say here: callers that are known by their address, or not at all, are not known "
        "to it, and a rule on requests lets in nobody who asks for the address of a pod or is not in the mesh.",
        why="An ingress gateway passes the waypoint only where its service has istio.io/ingress-use-waypoint.",
        advice="Let callers join the mesh and ask for the service by its name.",
        doc=DOC,
    )
