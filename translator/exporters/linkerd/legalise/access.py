"""Access in the target's form: one server a port, closed, with routes whose paths do not overlap.

The target knows grants only, opens what no server names by a default of the pod, and answers 404 where routes are
attached and none matches (linkerd2 policy-controller, 2.20). So each port of each workload that a rule is about becomes
a server of its own; refusals are subtracted exactly; what is left over is refused by a route without admissions; ports
that nobody declared get the default of the pod, or of its namespace where that says the same for all of its pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter

from ir.access import (
    Bypass,
    Closed,
    ExternalDecision,
    Grant,
    Layer,
    MtlsMode,
    PeerMtls,
    Probes,
    Refusal,
)
from ir.attachment import Attachment, EnforcedAt, Scope
from ir.coverage import covers, covers_port, covers_undeclared
from ir.inventory import Inventory, Workload
from ir.language import Opaque
from ir.membership import Enrolment
from ir.model import Fact, Model
from ir.resilience import RateLimit
from translator.api import Loss, Options
from translator.exporters.linkerd.callers import Clause, Known, Who
from translator.exporters.linkerd.legalise import remarks
from translator.exporters.linkerd.legalise.cells import (
    Door,
    Gate,
    Probe,
    cells,
    shut_to_checks,
)
from translator.exporters.linkerd.legalise.doors import Carver
from translator.exporters.linkerd.legalise.paths import form_of
from translator.exporters.linkerd.legalise.rate_limits import Place, RateLimits
from translator.exporters.linkerd.legalise.reach import in_vain, rules, speaks, unreached
from translator.exporters.linkerd.legalise.ruled import long_ranges, ruled
from translator.exporters.linkerd.legalise.rules import PortView, Rule, flatten
from translator.exporters.linkerd.legalise.standins import is_standin, with_standins
from translator.exporters.linkerd.legalise.unnamed import without_unnamed
from translator.exporters.naming import Names
from translator.exporters.ports import (
    all_bypassed,
    bypassed,
    bypasses_of,
    protocol_of,
    readable,
    without_proxy,
)

Ruling = Closed | Grant | Refusal | PeerMtls
"""Facts of the mesh's own layer that say who may connect."""


@dataclass(slots=True)
class Legal:
    """What legalising comes to."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over all workloads shares."""

    model: Model
    inventory: Inventory
    """What is listed, with stand-ins for what is not."""
    options: Options
    known: Known
    names: Names
    legal: Legal
    past: tuple[Bypass, ...]
    """What reaches workloads without their proxy."""
    limits: RateLimits
    undeclared: list[str] = field(default_factory=list)
    """Workloads whose undeclared ports are shut though the source grants something there."""
    unprobed: list[str] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    """Workloads whose health checks are refused, or let in by address alone."""
    own_domain: list[str] = field(default_factory=list)
    """Ports where callers with any certificate become callers of the own trust domain."""
    at_services: list[str] = field(default_factory=list)
    """Workloads that are held to what the source holds requests to a service to."""
    at_both: dict[str, tuple[Fact, ...]] = field(default_factory=dict)
    """Of these, such as have closed doors of their own, with who is let in there."""
    settled: dict[str, str] = field(default_factory=dict)
    """Namespaces whose pods all have the same default, with that default."""
    spoken: set[int] = field(default_factory=set)
    """The rulings that the default of a namespace says, by identity."""
    silent: dict[int, Fact] = field(default_factory=dict)
    """Rulings that hold at workloads of which nothing is written, by what they are."""
    said: set[int] = field(default_factory=set)
    """Rulings that what is written for a workload says."""


def legalise_access(model: Model, options: Options) -> Legal:
    """The access facts of the model in legal form; all other facts are left to the passes that follow."""
    legal = Legal()
    known = known_callers(model.inventory, options)
    gateways = [f for f in model.facts if _at_gateway(f)]
    legal.losses.extend(remarks.at_gateway(gateways))
    rulings = [
        named
        for f in model.facts
        if _is_ruling(f) and (named := without_unnamed(f, known, legal.losses)) is not None
    ]
    held = [f for f in model.facts if isinstance(f, RateLimit)]
    everyone = with_standins([*(r for r in rulings if rules(r)), *held], model.inventory)
    limits = RateLimits(held, everyone)
    state = Pass(model, everyone, options, known, Names(), legal, bypasses_of(model), limits)
    idle: dict[int, Fact] = {}
    filed = _Filed(rulings)
    _namespaces(filed, state)
    reached = set(state.spoken)
    for workload in sorted(everyone.workloads, key=lambda w: (is_standin(w), w.key)):
        mine = _of(workload, filed.near(workload.namespace), state, idle)
        limited = bool(limits.about(workload)) and not without_proxy(state.past, workload, everyone)
        if limited or any(rules(r) for r in mine):
            reached.update(id(r) for r in _workload(workload, mine, state))
        elif not is_standin(workload):
            reached.update(id(r) for r in mine)
            state.silent.update((id(r), r) for r in mine)
    legal.losses.extend((*remarks.together(state), *limits.losses()))
    quiet: list[Fact] = []
    for ruling in rulings:
        there = id(ruling) in reached or id(ruling) not in idle
        if id(ruling) in state.silent or (
            there and not (rules(ruling) or id(ruling) in state.said)
        ):
            quiet.append(ruling)
        elif id(ruling) not in reached and speaks(ruling):
            legal.losses.append((in_vain if id(ruling) in idle else unreached)(ruling))
    legal.losses.extend(remarks.default_holds(quiet))
    legal.facts.extend(
        f
        for f in model.facts
        if not _is_ruling(f) and not _at_gateway(f) and not isinstance(f, (Probes, RateLimit))
    )
    return legal


def _at_gateway(fact: Fact) -> bool:
    if isinstance(fact, (Closed, Grant, Refusal)):
        return fact.layer is Layer.GATEWAY
    return isinstance(fact, ExternalDecision)


def _is_ruling(fact: Fact) -> bool:
    if isinstance(fact, (Closed, Grant, Refusal)):
        return fact.layer is Layer.MESH_REQUEST
    return isinstance(fact, PeerMtls)


def _of(
    workload: Workload, rulings: Sequence[Fact], state: Pass, idle: dict[int, Fact]
) -> list[Fact]:
    """The rulings that the workload is held to; ``idle`` takes those that are about what its proxy never sees.

    Pods on the network of their node have no proxy.
    """
    found = [r for r in rulings if covers(attachment_of(r).subject, workload, state.inventory)]
    outside = workload.host_network or without_proxy(state.past, workload, state.inventory)
    void = {
        id(r): r
        for r in found
        if outside or all_bypassed(state.past, attachment_of(r), workload, state.inventory)
    }
    idle.update(void)
    return [r for r in found if id(r) not in void]


def known_callers(inventory: Inventory, options: Options) -> Known:
    """The service accounts of the workloads that are listed."""
    accounts: dict[str, set[str]] = {name: set() for name in inventory.namespaces}
    for workload in inventory.workloads:
        accounts.setdefault(workload.namespace, set()).add(workload.service_account)
    return Known(
        trust_domain=options.trust_domain,
        accounts={name: tuple(sorted(found)) for name, found in sorted(accounts.items())},
        complete=inventory.complete,
    )


class _Filed:
    """Rulings by the namespace that they are about."""

    def __init__(self, rulings: Sequence[Fact]) -> None:
        self._near: dict[str, list[tuple[int, Fact]]] = {}
        self._wide: list[tuple[int, Fact]] = []
        for place, ruling in enumerate(rulings):
            subject = attachment_of(ruling).subject
            if subject.scope is Scope.MESH or subject.namespace is None:
                self._wide.append((place, ruling))
            else:
                self._near.setdefault(subject.namespace.value, []).append((place, ruling))

    def near(self, namespace: str) -> tuple[Fact, ...]:
        """Those that may be about workloads of the namespace, in their order."""
        both = merge(self._wide, self._near.get(namespace, ()), key=itemgetter(0))
        return tuple(ruling for _, ruling in both)


def _namespaces(filed: _Filed, state: Pass) -> None:
    """Writes the default of a namespace where it says the same for all of its pods."""
    joined = _joined(state.model)
    for name, namespace in sorted(state.model.inventory.namespaces.items()):
        rulings = filed.near(name)
        wide = [r for r in rulings if _covers_namespace(attachment_of(r), name)]
        whole = [r for r in wide if covers_undeclared(attachment_of(r))]
        default = _default(whole)
        if not default or not namespace.leaves or not any(speaks(r) for r in whole):
            continue
        pods = [
            w
            for w in state.model.inventory.workloads_in(name)
            if not w.host_network and not without_proxy(state.past, w, state.inventory)
        ]
        if any(_default(_everywhere(rulings, w, state)) != default for w in pods):
            continue
        if not pods and joined and name not in joined:
            continue
        if not pods:
            granted = any(isinstance(r, Grant) for r in rulings)
            closed = any(isinstance(r, Closed) for r in whole) and not granted
            state.legal.losses.extend(
                remarks.unknown_pods(name, whole, shut=default == "deny" and not closed)
            )
        state.settled[name] = default
        state.spoken.update(id(r) for r in whole if not isinstance(r, Grant))
        state.legal.facts.append(Carver.of_namespace(namespace, whole, default))


def _joined(model: Model) -> frozenset[str]:
    """The namespaces whose pods are in the mesh, so far as any says so."""
    return frozenset(
        f.subject.namespace.value
        for f in model.facts
        if isinstance(f, Enrolment)
        and f.enrolled.value
        and f.subject.scope is Scope.NAMESPACE
        and f.subject.namespace is not None
    )


def _covers_namespace(attachment: Attachment, name: str) -> bool:
    """Whether a fact holds for all pods of a namespace, whatever their labels."""
    subject = attachment.subject
    out = [s.namespace.value for s in subject.excluding if s.namespace is not None]
    match subject.scope:
        case Scope.MESH:
            return name not in out
        case Scope.NAMESPACE:
            return subject.namespace is not None and subject.namespace.value == name and not out
        case _:
            return False


def _everywhere(rulings: Iterable[Fact], workload: Workload, state: Pass) -> list[Fact]:
    """The rulings about a workload that hold on ports which nobody declared too."""
    return [
        r
        for r in rulings
        if covers(attachment_of(r).subject, workload, state.inventory)
        and covers_undeclared(attachment_of(r))
        and attachment_of(r).subject.scope is not Scope.SERVICE
    ]


def _on(ruling: Fact, workload: Workload, port: int, state: Pass) -> bool:
    """Whether a ruling is about a port of a workload that it covers; one for a service is about what is behind it."""
    attachment = attachment_of(ruling)
    if attachment.subject.scope is Scope.SERVICE:
        return bool(_service_ports(attachment, workload, port, state))
    return covers_port(attachment, workload, port)


def _service_ports(
    attachment: Attachment, workload: Workload, port: int, state: Pass
) -> tuple[int, ...]:
    """The ports of the service that lead to this port of the workload."""
    subject = attachment.subject
    where = "" if subject.namespace is None else subject.namespace.value
    service = state.inventory.service(where, "" if subject.name is None else subject.name.value)
    ports = () if service is None else service.ports
    return tuple(p.number for p in ports if workload.port_number(p.target) == port)


def _default(everywhere: Sequence[Fact]) -> str:
    """What must hold on ports that no server names: ``deny``, ``all-authenticated``, or nothing."""
    if any(isinstance(r, (Closed, Refusal)) for r in everywhere):
        return "deny"
    return "all-authenticated" if _demanded(everywhere) else ""


def _workload(workload: Workload, mine: Sequence[Fact], state: Pass) -> Sequence[Fact]:
    """Writes what holds at a workload; the rulings that stand there now.

    Of a stand-in only those on a port that is known: its default has no object to be written on.
    """
    everywhere = _everywhere(mine, workload, state)
    default = _default(everywhere)
    here_only = is_standin(workload) and state.settled.get(workload.namespace) != default
    carver = Carver(workload, state.inventory, state.options, state.names)
    ports = [
        p
        for p in sorted({*state.inventory.ports_of(workload), *ruled(mine, workload)})
        if not bypassed(state.past, workload, p, state.inventory)
    ]
    stated: list[Fact] = []
    about = state.limits.about(workload)
    for port in ports:
        here = [r for r in mine if _on(r, workload, port, state)]
        probed = any(workload.port_number(p.port) == port for p in workload.probes)
        by_default = default == "all-authenticated" and not here_only
        closed = _needs_server(here, demanded=by_default, probed=probed or is_standin(workload))
        if closed:
            _port(port, here, carver, state, probed=probed)
            stated.extend(here)
            state.said.update(map(id, here))
        _limit(state.limits.at(about, workload, port), port, here, carver, state, closed=closed)
    state.limits.undeclared(about, workload, shut=default == "deny" and not here_only)
    if is_standin(workload):
        if stated:
            settled = not here_only or not default
            state.legal.losses.append(remarks.standin(workload, ports, stated, settled=settled))
        return stated
    if default:
        state.said.update(map(id, everywhere))
    if state.settled.get(workload.namespace) != default:
        state.legal.facts.extend(
            carver.default(everywhere, closed=default == "deny", demanded=_demanded(everywhere))
        )
        stated.extend(everywhere if default else ())
    said = {*map(id, stated), *state.spoken}
    demanded = (r for r in mine if id(r) not in said and _demanded((r,)))
    state.legal.losses.extend(remarks.default_holds(demanded))
    _note_services(workload, mine, state)
    if default == "deny" and (_lets_in(everywhere) or long_ranges(mine, workload)):
        state.undeclared.append(workload.key)
    if default == "deny" and not ports:
        state.legal.losses.append(remarks.no_ports(workload, mine))
    return mine


def _lets_in(everywhere: Sequence[Fact]) -> bool:
    """Whether somebody may come in on ports that nobody declared: by a grant, or where rules refuse some alone."""
    if any(isinstance(r, Closed) for r in everywhere):
        return any(isinstance(r, Grant) for r in everywhere)
    refusals = [r for r in everywhere if isinstance(r, Refusal)]
    return not any(not (r.callers or r.requests or r.always) for r in refusals)


def _note_services(workload: Workload, mine: Sequence[Fact], state: Pass) -> None:
    """Notes a workload behind a proxy of its service, and what it asks of its callers itself."""
    if any(attachment_of(r).enforced_at is EnforcedAt.WAYPOINT for r in mine):
        state.at_services.append(workload.key)
        own = [r for r in mine if attachment_of(r).enforced_at is EnforcedAt.SERVER]
        if any(isinstance(r, Closed) for r in own):
            state.at_both[workload.key] = tuple(r for r in own if isinstance(r, Grant))


def _limit(
    limits: Sequence[RateLimit],
    port: int,
    here: Sequence[Fact],
    carver: Carver,
    state: Pass,
    *,
    closed: bool,
) -> None:
    """The limit of one port, if any, at its server if it has one."""
    if not limits:
        return
    last = next((f for f in reversed(state.legal.facts) if isinstance(f, Closed)), None)
    at = last.attachment if closed and last is not None else None
    place = Place(carver=carver, port=port, server=at, demanded=_demanded(here))
    state.legal.facts.extend(state.limits.facts(limits, place))


def _port(port: int, here: Sequence[Fact], carver: Carver, state: Pass, *, probed: bool) -> None:
    """The server of one port, or a shut one where its rules cannot be said."""
    workload, legal = carver.workload, state.legal
    try:
        door = _door(here, workload, port, state)
        table = cells(door)
        table.must_be_exact(refuse=state.options.on_inexact == "refuse")
        facts = tuple(carver.server(port, here, table))
    except Opaque as opaque:
        legal.facts.extend(carver.shut(port, here))
        legal.losses.append(remarks.not_exact(here, workload, port, opaque, state.options))
        return
    legal.facts.extend(facts)
    legal.losses.extend(remarks.narrowed(here, workload, port, table))
    if table.lets_in(Who.AUTHENTICATED):
        state.own_domain.append(f"{workload.key} port {port}")
    if probed and shut_to_checks(door, _asked_for(workload, port)):
        (state.probed if door.probes else state.unprobed).append(f"{workload.key} port {port}")


def attachment_of(ruling: Fact) -> Attachment:
    """Where a ruling holds."""
    attachment = ruling.attachment  # type: ignore[union-attr]  # rulings have one
    if attachment is None:
        raise TypeError(ruling)
    return attachment


def _demanded(rulings: Iterable[Fact]) -> bool:
    return any(isinstance(r, PeerMtls) and r.mode.value is MtlsMode.DEMANDED for r in rulings)


def _needs_server(here: Sequence[Fact], *, demanded: bool, probed: bool) -> bool:
    """Whether the default of the pod does not say what holds on the port.

    Without a server the target lets health checks in by their path, from anyone: looser than a port that demands a
    certificate.
    """
    if any(isinstance(r, (Closed, Refusal)) for r in here):
        return True
    return _demanded(here) != demanded or (_demanded(here) and probed)


def _door(here: Sequence[Fact], workload: Workload, port: int, state: Pass) -> Door:
    read = readable(protocol_of(workload, port, state.inventory))
    groups: dict[str, list[Fact]] = {}
    for ruling in here:
        groups.setdefault(_gate_of(ruling), []).append(ruling)

    def view(group: Sequence[Fact]) -> PortView:
        at = attachment_of(group[0])
        service = at.subject.scope is Scope.SERVICE
        ports = _service_ports(at, workload, port, state) if service else (port,)
        return PortView(ports, read)

    return Door(
        gates=tuple(_gate(group, view(group)) for _, group in sorted(groups.items())),
        demanded=_demanded(here),
        probes=_probes(workload, port, state.options) if read else (),
        known=state.known,
        form=form_of(here),
    )


def _gate_of(ruling: Fact) -> str:
    """Rules for requests to one service decide apart from those for the workload: a request must pass both."""
    subject = attachment_of(ruling).subject
    if subject.scope is Scope.SERVICE and subject.name is not None:
        return subject.name.value
    return ""


def _gate(group: Sequence[Fact], view: PortView) -> Gate:
    grants: list[Rule] = []
    refusals: list[Rule] = []
    for ruling in group:
        if isinstance(ruling, Grant):
            grants.extend(flatten(ruling, view))
        elif isinstance(ruling, Refusal):
            refusals.extend(flatten(ruling, view))
    return Gate(any(isinstance(r, Closed) for r in group), tuple(grants), tuple(refusals))


def _probes(workload: Workload, port: int, options: Options) -> tuple[Probe, ...]:
    if not options.node_networks:
        return ()
    blocks = tuple((block, ()) for block in sorted(options.node_networks))
    nodes = frozenset((Clause(Who.ANYONE, networks=blocks),))
    return tuple(Probe(path, nodes, method) for path, method in _asked_for(workload, port))


def _asked_for(workload: Workload, port: int) -> list[tuple[str, str]]:
    """The paths that health checks ask for, with their methods."""
    mine = (p for p in workload.probes if workload.port_number(p.port) == port)
    return sorted({(p.path.partition("?")[0], p.method) for p in mine})


__all__ = ["Legal", "Pass", "Ruling", "attachment_of", "known_callers", "legalise_access"]
