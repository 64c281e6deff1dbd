"""What is closed port by port, as policies that close their pods and let in again.

istio/istio pilot/pkg/security/authz/builder/builder.go, 1.31: as soon as one ALLOW policy selects a pod, all its ports are
closed but for what some rule lets in. So the policy of some pods has a rule for each door, and one for the ports that
nobody closed. Ports that another policy closes for some of the same pods are left out of that rule: what nobody closed
may then be closed, and nothing else is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import starmap

from ir.access import Closed, Direction, Evidence, Grant, GuardedRoutes, Layer, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory, equal_to
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test, Unreadable, View
from ir.model import Fact, Model
from ir.provenance import Traced, bare, derived, named
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.access_findings import (
    closed_too,
    left_out,
    of_routes,
    overtaken,
    requests_alone,
    shut_beside,
    shut_with_others,
    unclosed,
    unknown_number,
)
from translator.exporters.istio.legalise.bystanders import (
    Bystander,
    bystanders,
    shut_by,
    still_shut,
)
from translator.exporters.istio.legalise.callers import in_source_words
from translator.exporters.istio.legalise.guarded import Opened, Way, asked, opened
from translator.exporters.istio.legalise.remarks import (
    probed_behind,
    probed_unread,
    rewritten,
    spellings,
)
from translator.exporters.istio.legalise.territories import (
    Door,
    Pods,
    Territory,
    Unnamed,
    having_by_name,
    held_by_others,
    key_of,
    numbers,
    overlap,
    pods_of,
    shadows,
    spoken,
    within,
)

SEEN = View(headers_joined=True, on_unreadable=Unreadable.SKIP_RULE)
"""How the target's proxy sees a request; a rule on HTTP matches nothing where there is none."""

_MESH = (Layer.MESH_REQUEST, Layer.MESH_CONNECTION)


@dataclass(slots=True)
class Access:
    """The facts of access in legal form, and what was lost."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def legalise_access(model: Model) -> Access:
    """Doors become policies of their pods; what closes whole pods by itself stays as it is."""
    found = Access()
    doors = {key_of(f.attachment) for f in model.facts if isinstance(f, Closed) and _is_ported(f)}
    ported = [f for f in model.facts if _is_ported(f) and key_of(_at(f)) in doors]
    own = set(map(id, ported))
    found.facts.extend(f for f in model.facts if id(f) not in own and not isinstance(f, Probes))
    territories = _territories(ported, model.inventory, found)
    for territory in territories:
        others = [t for t in territories if t is not territory and overlap(t.pods, territory.pods)]
        found.facts.extend(_policy(territory, others, model.inventory, found))
    given = list(bystanders(territories, model.inventory))
    found.facts.extend(fact for one in given for fact in _given_back(one))
    found.losses.extend(starmap(shut_with_others, still_shut(territories, given, model.inventory)))
    found.losses.extend(_remarks(model, territories))
    return found


def _remarks(model: Model, territories: Sequence[Territory]) -> Iterator[Loss]:
    routed = [
        (door.guarded, territory)
        for territory in territories
        for door in territory.doors
        if door.guarded is not None
    ]
    names = (name for _, t in routed for name in _names(t.pods, model.inventory))
    yield from spellings([guarded for guarded, _ in routed], list(dict.fromkeys(names)))
    yield from probed_behind(routed, model.inventory)
    yield from probed_unread(model)
    closed = [f for f in model.facts if isinstance(f, Closed)]
    probes = [f for f in model.facts if isinstance(f, Probes)]
    yield from rewritten(probes if closed else ())


def _is_ported(fact: Fact) -> bool:
    """Whether it speaks of some ports, or of pods that others are left out of, or of routes."""
    if not isinstance(fact, (Closed, Grant, GuardedRoutes)) or fact.layer not in _MESH:
        return False
    if isinstance(fact, GuardedRoutes):
        return True
    at = fact.attachment
    own = bool(at.ports or at.excluding_ports or at.subject.excluding)
    named_so = at.subject.name is not None
    return fact.direction is Direction.INBOUND and (own or named_so)


def _territories(facts: Sequence[Fact], inventory: Inventory, found: Access) -> list[Territory]:
    territories: dict[Pods, Territory] = {}
    for closed in facts:
        if not isinstance(closed, Closed):
            continue
        key = key_of(closed.attachment)
        same = [f for f in facts if not isinstance(f, Closed) and key_of(_at(f)) == key]
        try:
            doors = [
                (pods, door)
                for place in pods_of(closed.attachment.subject, inventory)
                for pods, facts in _shares(place, closed, same, inventory, found)
                for door in _doors(closed, facts, inventory, pods)
            ]
        except Unnamed as reason:
            found.losses.append(unclosed((closed, *same), str(reason)))
            continue
        for pods, door in doors:
            territories.setdefault(pods, Territory(pods)).doors.append(door)
    return [territories[pods] for pods in sorted(territories)]


def _shares(
    pods: Pods, closed: Closed, same: Sequence[Fact], inventory: Inventory, found: Access
) -> Iterator[tuple[Pods, Sequence[Fact]]]:
    """The pods, with who is let in. Where a port by name is not one number on all, those that have it by their own labels.

    Another port of other pods may have that number, where these callers would get in; so whatever else has the labels is
    closed there, and lets nobody in.
    """
    having = having_by_name(closed.attachment, inventory, pods)
    if not same or having is None:
        yield pods, same
        return
    for one in having:
        yield one, same
    if not inventory.complete:
        found.losses.append(unknown_number(closed, pods))
        yield pods, ()


def _at(fact: Fact) -> Attachment:
    if not isinstance(fact, (Closed, Grant, GuardedRoutes)):
        raise TypeError(fact)
    return fact.attachment


def _doors(
    closed: Closed, same: Sequence[Fact], inventory: Inventory, pods: Pods
) -> Iterator[Door]:
    """The doors of some of its pods; none where no workload there has a port of its name."""
    at = closed.attachment
    grants = tuple(f for f in same if isinstance(f, Grant))
    guarded = next((f for f in same if isinstance(f, GuardedRoutes)), None)
    elsewhere = tuple(shadows(at.subject, inventory))
    if at.ports:
        for number in numbers(at.ports, at.subject, inventory, pods):
            yield Door(number, closed, grants, guarded, elsewhere=elsewhere)
    else:
        left = numbers(at.excluding_ports, at.subject, inventory)
        yield Door(None, closed, grants, guarded, left, elsewhere)


def _policy(
    territory: Territory,
    others: Sequence[Territory],
    inventory: Inventory,
    found: Access,
) -> Iterator[Fact]:
    """The pods closed, with a grant for each rule."""
    facts = [fact for door in territory.doors for fact in door.facts]
    subject = _subject(territory, facts)
    at = Attachment(subject=subject, enforced_at=EnforcedAt.SERVER)
    grants = [
        grant
        for door in territory.doors
        for grant in _of_door(door, territory, others, at, inventory, found)
    ]
    rest = _open_rest(territory, others, inventory, at, found)
    grants.extend(() if rest is None else (rest,))
    said = {id(value) for grant in grants for value in _ancestry(grant)}
    said.update(id(value) for value in _ancestry(subject))
    spent = [value for fact in facts for value in traced(fact) if id(value) not in said]
    answer = facts[0].answer if isinstance(facts[0], Closed) else None
    yield Closed(
        attachment=at,
        layer=Layer.MESH_REQUEST,
        answer=answer,
        trail=derived(f"policy of {spoken(territory.pods)}", spent or list(traced(facts[0]))),
    )
    yield from grants


def _ancestry(value: object) -> Iterator[Traced[object]]:
    for one in traced(value):
        yield one
        yield from one.parents


def _subject(territory: Territory, facts: Sequence[Fact]) -> Subject:
    space, labels = territory.pods
    subjects = [_at(fact).subject for fact in facts]
    spaces = [s.namespace for s in subjects if s.namespace is not None]
    selectors = [s.labels for s in subjects if s.labels is not None]
    trails = [s.trail for s in subjects]
    return Subject(
        scope=Scope.WORKLOADS if labels else Scope.NAMESPACE if space else Scope.MESH,
        namespace=derived(space, spaces) if space else None,
        labels=derived(equal_to(dict(labels)), selectors) if labels else None,
        trail=derived(f"pods of {spoken(territory.pods)}", trails),
    )


def _names(pods: Pods, inventory: Inventory) -> Iterator[str]:
    """The workloads that are listed of some pods, else the pods by their labels."""
    listed = [w.key for w in inventory.selected(pods[0] or None, equal_to(dict(pods[1])))]
    yield from listed or (spoken(pods),)


def _of_door(
    door: Door,
    territory: Territory,
    others: Sequence[Territory],
    at: Attachment,
    inventory: Inventory,
    found: Access,
) -> Iterator[Grant]:
    """The grants of a door; those that would hold for pods of which another object speaks are left out."""
    if held_by_others(door, territory.pods, inventory):
        found.losses.append(overtaken(door))
        return
    shut = _shut_beside(door, territory, others)
    if shut:
        found.losses.append(shut_beside(door, shut, territory.pods))
    ports = _ports(door, territory, shut)
    foreign = [
        other
        for one in (territory, *others)
        for other in one.doors
        if other.port == door.port and door.elsewhere and other.closed is not door.closed
    ]
    grants = [g for g in door.grants if all(_has(other, g) for other in foreign)]
    gone = [g for g in door.grants if all(g is not kept for kept in grants)]
    if gone or (door.guarded is not None and foreign):
        lost = (*gone, *((door.guarded,) if door.guarded is not None and foreign else ()))
        found.losses.append(left_out(lost))
    if door.guarded is None:
        for grant in grants:
            yield _grant(at, grant.name, in_source_words(grant.callers), (ports,), (), grant)
        return
    if foreign:
        return
    if grants:
        found.losses.append(requests_alone(grants, territory))
    yield from _of_routes(door.guarded, opened(door.guarded, grants), ports, at, found)


def _has(door: Door, grant: Grant) -> bool:
    return door.guarded is None and any(bare(g.callers) == bare(grant.callers) for g in door.grants)


def _shut_beside(door: Door, territory: Territory, others: Sequence[Territory]) -> tuple[int, ...]:
    """Ports without a door of their own here that one has at pods that these leave to others, who let in less there.

    The rules of all policies that select a pod hold together, so that a rule for these ports would open them there too.
    """
    if door.port is not None or not door.elsewhere:
        return ()
    doors = (other for one in others for other in one.doors if other.port is not None)
    less = {d.port for d in doors if not all(_has(d, grant) for grant in door.grants)}
    return tuple(sorted(port for port in less if port is not None and port not in territory.ports))


def _ports(door: Door, territory: Territory, shut: Sequence[int] = ()) -> Test:
    node = derived("port", (door.closed.trail,))
    if door.port is not None:
        said = derived(_port(door.port), door.closed.attachment.ports)
        return Test(part=Part.PORT, any_of=(said,), trail=node)
    less = tuple(
        named(_port(number), door.closed.trail) for number in sorted({*territory.ports, *shut})
    )
    return Test(part=Part.PORT, none_of=less, trail=node)


def _port(number: int) -> Term:
    return Pattern(PatternKind.EXACT, str(number))


def _grant(
    at: Attachment,
    name: Traced[str] | None,
    callers: tuple[AllOf, ...],
    tests: Sequence[Test],
    always: tuple[Test, ...],
    source: Grant | Way,
) -> Grant:
    asks = tuple(t for t in tests if t.any_of or t.none_of)
    node = source.trail
    return Grant(
        name=name,
        attachment=at,
        layer=Layer.MESH_REQUEST,
        callers=callers,
        requests=(AllOf(tests=asks, trail=named("request", node)),) if asks else (),
        always=always,
        view=SEEN,
        evidence=source.evidence if isinstance(source, Grant) else Evidence.CERTIFICATE,
        trail=node,
    )


def _of_routes(
    guarded: GuardedRoutes, passes: Opened, ports: Test, at: Attachment, found: Access
) -> Iterator[Grant]:
    for piece, callers, way in passes.pieces:
        request, always = asked(piece, way)
        name = guarded.routes[way.route].name
        said = in_source_words(callers)
        yield _grant(at, name, said, (ports, *request), always, way)
    found.losses.extend(of_routes(guarded, passes))


def _open_rest(
    territory: Territory,
    others: Sequence[Territory],
    inventory: Inventory,
    at: Attachment,
    found: Access,
) -> Grant | None:
    """The ports that nobody closed."""
    if territory.rest is not None:
        return None
    foreign = [t for t in others if set(t.ports) - set(territory.ports) or t.rest is not None]
    beyond = [t for t in foreign if not within(territory.pods, t.pods)]
    space, labels = territory.pods
    if beyond and not inventory.selected(space or None, equal_to(dict(labels))):
        found.losses.append(closed_too(territory, beyond))
    shut = shut_by(territory, others)
    if shut is None:
        return None
    return _others(at, sorted(shut), [door.closed.trail for door in territory.doors])


def _others(at: Attachment, shut: Sequence[int], trails: Sequence[Traced[str]]) -> Grant:
    """A grant for everybody on all ports but these."""
    less = tuple(named(_port(number), *trails) for number in shut)
    test = Test(part=Part.PORT, none_of=less, trail=named("other ports", *trails))
    node = named("ports that nobody closed", *trails)
    return Grant(
        name=named("other-ports", *trails),
        attachment=at,
        layer=Layer.MESH_REQUEST,
        requests=(AllOf(tests=(test,), trail=named("request", node)),) if less else (),
        view=SEEN,
        evidence=Evidence.NONE,
        trail=node,
    )


def _given_back(one: Bystander) -> Iterator[Fact]:
    """A policy that opens to some pods what is closed with others."""
    space, labels = one.pods
    node = named(f"policy of {spoken(one.pods)}", *one.because)
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=named(space, node),
        labels=named(equal_to(dict(labels)), node),
        trail=named(f"pods of {spoken(one.pods)}", node),
    )
    at = Attachment(subject=subject, enforced_at=EnforcedAt.SERVER)
    yield Closed(attachment=at, layer=Layer.MESH_REQUEST, trail=node)
    yield _others(at, one.closed, one.because)
