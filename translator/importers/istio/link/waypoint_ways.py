"""The ways into pods of an ambient mesh that was written: by the waypoint of a service, or straight to the pod.

A request gets in that passes either. So a policy at a waypoint refuses nothing by itself: that pods are closed is said by
what their agent holds, and what the waypoint lets in passes where the agent lets in the waypoint. The agent sees the
identity of the waypoint then (istio/istio tests/integration/ambient/baseline_test.go, 1.31), and its refusals by caller do
not hold for what comes by it. A waypoint without policies lets in everybody of the mesh. Ports in a policy at a waypoint
are those of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.access import Closed, Grant, Layer, Refusal
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.inventory import Inventory, PortOfService, Service, contains
from ir.match import AllOf, Operator, Part, Pattern, PatternKind, Presence, Test
from ir.membership import Aspect, ProxySetting
from ir.model import Fact
from ir.provenance import Assumption, Traced, trail
from translator.api import AMBIENT, Options
from translator.importers.istio.gateway_kinds import WAYPOINT
from translator.importers.istio.link.scope import waypoint_of
from translator.importers.istio.words import Where, Words

OWN_CALLS = Assumption(
    "waypoints",
    "the pods of a waypoint send to servers nothing but what others sent to the waypoint",
)
_FOR = "istio.io/waypoint-for"
_USE = ("istio.io/use-waypoint", _FOR)
_SERVICES = ("service", "all")

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Front:
    """A service behind a waypoint that is there; ``admitted``: its ports on which pods may let in the waypoint."""

    service: Service
    admitted: tuple[int, ...]


def _waypoints(facts: Sequence[Fact], words: Sequence[Words]) -> frozenset[Name]:
    """The waypoints of the input that stand in front of services, by namespace and name."""
    named = {
        one.object
        for one in facts
        if isinstance(one, ProxySetting)
        and one.aspect is Aspect.GATEWAY_CLASS
        and one.value.value == WAYPOINT
    }
    found: set[Name] = set()
    for one in words:
        if one.where is Where.GATEWAY and one.key in named:
            kind = one.label(_FOR)
            if kind is None or kind.value in _SERVICES:
                found.add((one.namespace, one.resource.name))
    return frozenset(found)


def _is_understood(fact: Fact, known: frozenset[Name], inventory: Inventory) -> bool:
    """Whether it is a word about waypoints that are there, which the ways say."""
    if not isinstance(fact, ProxySetting) or fact.aspect is not Aspect.WAYPOINT:
        return False
    space, name = fact.subject.namespace, fact.subject.name
    if fact.trail.value not in _USE or space is None or name is None:
        return False
    if fact.subject.scope is Scope.LISTENER:
        return (space.value, name.value) in known
    service = inventory.service(space.value, name.value)
    return service is not None and waypoint_of(service, inventory) in known


def by_all_ways(
    facts: Sequence[Fact], words: Sequence[Words], inventory: Inventory, options: Options
) -> tuple[list[Fact], tuple[Assumption, ...]]:
    """The facts with what gets in by one way or the other, where the ambient mesh is what was written."""
    if options.profile != AMBIENT:
        return list(facts), ()
    known = _waypoints(facts, words)
    facts = [fact for fact in facts if not _is_understood(fact, known, inventory)]
    identities = {f"{options.trust_domain}/ns/{space}/sa/{name}" for space, name in sorted(known)}
    fronts = {
        key: _front(service, name, facts, (inventory, options))
        for key, service in sorted(inventory.services.items())
        if (name := waypoint_of(service, inventory)) in known and name is not None
    }
    found: list[Fact] = []
    ruled: set[Name] = set()
    for fact in facts:
        if isinstance(fact, (Closed, Grant, Refusal)) and _is_waypoints(fact):
            name = _name(fact.attachment.subject)
            if isinstance(fact, Closed) and name in fronts:
                ruled.add(name)
            found.extend(_by_waypoint(fact, fronts))
        elif isinstance(fact, Grant) and fact.attachment.enforced_at is EnforcedAt.SERVER:
            found.extend(_straight(fact, identities))
        elif isinstance(fact, Refusal) and _is_passed(fact, fronts.values()):
            continue
        else:
            found.append(fact)
    found.extend(_unruled(f) for key, f in fronts.items() if key not in ruled and f.admitted)
    return found, (OWN_CALLS,) if known else ()


def _is_waypoints(fact: Closed | Grant | Refusal) -> bool:
    return fact.attachment.enforced_at is EnforcedAt.WAYPOINT


def _name(subject: Subject) -> Name:
    space, name = subject.namespace, subject.name
    return ("" if space is None else space.value, "" if name is None else name.value)


def _front(
    service: Service, name: Name, facts: Sequence[Fact], about: tuple[Inventory, Options]
) -> Front:
    inventory, options = about
    ports: set[int] = set()
    for fact in facts:
        if not isinstance(fact, Grant) or _is_waypoints(fact) or fact.layer is Layer.NETWORK:
            continue
        if not _may_meet(fact.attachment.subject, service) or not _admits(fact, name, options):
            continue
        ports.update(
            port.number
            for port in service.ports
            if any(_is_for(fact, number) for number in _targets(service, port, inventory))
        )
    return Front(service, tuple(sorted(ports)))


def _admits(grant: Grant, name: Name, options: Options) -> bool:
    """Whether the waypoint may be one of the callers."""
    space, account = name
    own = {
        Part.IDENTITY: f"{options.trust_domain}/ns/{space}/sa/{account}",
        Part.NAMESPACE: space,
        Part.SERVICE_ACCOUNT: f"{space}/{account}",
    }
    return not grant.callers or any(
        all(_may_be(test, own.get(test.part, "")) for test in one.tests) for one in grant.callers
    )


def _may_be(test: Test, text: str) -> bool:
    """Whether a caller by that name may pass; what it is not known by it may have."""
    known = [term.value for term in test.any_of if isinstance(term.value, Pattern)]
    if not text or not known:
        return True
    return any(_fits(one, text) for one in known)


def _fits(pattern: Pattern, text: str) -> bool:
    match pattern.kind:
        case PatternKind.EXACT:
            return pattern.text == text
        case PatternKind.PREFIX:
            return text.startswith(pattern.text)
        case PatternKind.SUFFIX:
            return text.endswith(pattern.text)
        case _:
            return True


def _targets(service: Service, port: PortOfService, inventory: Inventory) -> set[int]:
    """The ports of the pods behind a port of their service."""
    if isinstance(port.target, int):
        return {port.target}
    own = {w.port_number(port.target) for w in inventory.endpoints(service)}
    return {number for number in own if number is not None}


def _is_for(grant: Grant, port: int) -> bool:
    """Whether the rule may be for a connection to a port."""
    return not grant.requests or any(
        all(test.part is not Part.PORT or _has(test, str(port)) for test in one.tests)
        for one in grant.requests
    )


def _has(test: Test, text: str) -> bool:
    number = Pattern(PatternKind.EXACT, text)
    yes = not test.any_of or any(term.value == number for term in test.any_of)
    return yes and all(term.value != number for term in test.none_of)


def _by_waypoint(fact: Closed | Grant | Refusal, fronts: Mapping[Name, Front]) -> Iterator[Fact]:
    """What a waypoint lets in, on the ports on which it gets in itself; that it refuses the rest counts for nothing."""
    front = fronts.get(_name(fact.attachment.subject))
    if not isinstance(fact, Grant) or front is None:
        return
    for port in front.service.ports:
        own = _on(fact, port.number)
        if port.number in front.admitted and own is not None:
            at = replace(fact.attachment, ports=(Traced(ServicePort(port.number)),))
            yield replace(own, attachment=at)


def _on(grant: Grant, port: int) -> Grant | None:
    """The rule on one port of the service, of which it does not speak any more."""
    if any(t.part is Part.PORT and not _has(t, str(port)) for t in grant.always):
        return None
    requests = tuple(
        replace(one, tests=tuple(t for t in one.tests if t.part is not Part.PORT))
        for one in grant.requests
        if all(t.part is not Part.PORT or _has(t, str(port)) for t in one.tests)
    )
    if grant.requests and not requests:
        return None
    always = tuple(t for t in grant.always if t.part is not Part.PORT)
    whole = any(not one.tests for one in requests)
    return replace(grant, requests=() if whole else requests, always=always)


def _straight(grant: Grant, identities: set[str]) -> Iterator[Grant]:
    """What pods let in that does not come by a waypoint."""
    callers = tuple(one for caller in grant.callers if (one := _less(caller, identities)))
    if callers or not grant.callers:
        yield replace(grant, callers=callers)


def _less(caller: AllOf, identities: set[str]) -> AllOf | None:
    tests = []
    for test in caller.tests:
        if test.part is not Part.IDENTITY or not test.any_of:
            tests.append(test)
            continue
        kept = tuple(
            term
            for term in test.any_of
            if not isinstance(term.value, Pattern)
            or term.value.kind is not PatternKind.EXACT
            or term.value.text not in identities
        )
        if not kept:
            return None
        tests.append(replace(test, any_of=kept))
    return replace(caller, tests=tuple(tests))


def _is_passed(refusal: Refusal, fronts: Iterable[Front]) -> bool:
    """Whether pods behind a waypoint are among those of a refusal, which it does not hold for."""
    return any(_may_meet(refusal.attachment.subject, front.service) for front in fronts)


def _may_meet(subject: Subject, service: Service) -> bool:
    """Whether a pod of the service may be of the subject."""
    space = subject.namespace
    if space is not None and space.value != service.namespace:
        return False
    if subject.labels is None:
        return True
    equal = {
        one.key: one.values[0]
        for one in subject.labels.value.requirements
        if one.operator is Operator.IN and len(one.values) == 1 and one.key in service.selector
    }
    return contains(service.selector, equal)


def _unruled(front: Front) -> Grant:
    """Everybody of the mesh, by a waypoint for whose service nothing is said."""
    service = front.service
    node = trail(f"no policy at the waypoint of {service.key}", because=service.leaves)
    shown = Test(
        part=Part.CERTIFICATE, presence=Traced(Presence.PRESENT), trail=trail("a certificate")
    )
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=Traced(service.namespace),
        name=Traced(service.name),
        trail=trail(service.key),
    )
    return Grant(
        attachment=Attachment(
            subject=subject,
            ports=tuple(Traced(ServicePort(number)) for number in front.admitted),
            enforced_at=EnforcedAt.WAYPOINT,
        ),
        layer=Layer.MESH_REQUEST,
        callers=(AllOf(tests=(shown,), trail=trail("callers")),),
        trail=node,
    )
