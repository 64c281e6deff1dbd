"""Access in the target's form: one server a port, closed, with routes whose paths do not overlap.

The target knows grants only, opens what no server names by a default of the pod, and answers 404 where routes are
attached and none matches (linkerd2 policy-controller, 2.20). So each port of each workload that a rule is about becomes
a server of its own; refusals are subtracted exactly; what is left over is refused by a route without admissions; ports
that nobody declared get the default of the pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import (
    Bypass,
    Closed,
    Grant,
    Layer,
    MtlsMode,
    PeerMtls,
    Probes,
    Refusal,
)
from ir.attachment import Attachment
from ir.coverage import covers, covers_port, covers_undeclared
from ir.inventory import Inventory, Workload
from ir.language import Opaque
from ir.match import Part, PathForm
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.callers import Clause, Known, Who, positive
from translator.exporters.linkerd.legalise.cells import Door, Probe, Table, cells
from translator.exporters.linkerd.legalise.doors import Carver
from translator.exporters.linkerd.legalise.paths import ODD, form_of
from translator.exporters.linkerd.legalise.ports import (
    all_bypassed,
    bypassed,
    bypasses_of,
    protocol_of,
    readable,
    without_proxy,
)
from translator.exporters.linkerd.legalise.reach import in_vain, rules, speaks, unreached
from translator.exporters.linkerd.legalise.rules import PortView, Rule, flatten
from translator.exporters.naming import Names
from translator.report.model import Fate, Impact, Severity, Support

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

    known: Known
    names: Names
    legal: Legal
    past: tuple[Bypass, ...]
    undeclared: list[str] = field(default_factory=list)
    """Workloads whose undeclared ports are shut though the source grants something there."""
    unprobed: list[str] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    """Workloads whose health checks are refused."""


def legalise_access(model: Model, options: Options) -> Legal:
    """The access facts of the model in legal form; all other facts are left to the passes that follow."""
    rulings = [f for f in model.facts if _is_ruling(f)]
    legal = Legal()
    known = known_callers(model.inventory, options)
    named_only = (_without_unnamed(ruling, known, legal) for ruling in rulings)
    rulings = [ruling for ruling in named_only if ruling is not None]
    state = Pass(known, Names(), legal, bypasses_of(model))
    reached: set[int] = set()
    idle: dict[int, Fact] = {}
    for workload in sorted(model.inventory.workloads, key=lambda w: w.key):
        mine = [r for r in rulings if covers(_attachment(r).subject, workload, model.inventory)]
        outside = without_proxy(state.past, workload, model.inventory)
        void = {
            id(r): r
            for r in mine
            if outside or all_bypassed(state.past, _attachment(r), workload, model.inventory)
        }
        idle.update(void)
        mine = [r for r in mine if id(r) not in void]
        reached.update(id(r) for r in mine)
        if any(rules(ruling) for ruling in mine) and not workload.host_network:
            _workload(workload, mine, model, options, state)
        else:
            legal.losses.extend(_default_holds(mine))
    legal.losses.extend(_together(state))
    for ruling in rulings:
        if id(ruling) not in reached and speaks(ruling):
            legal.losses.append((in_vain if id(ruling) in idle else unreached)(ruling))
    legal.facts.extend(f for f in model.facts if not _is_ruling(f) and not isinstance(f, Probes))
    return legal


def _is_ruling(fact: Fact) -> bool:
    if isinstance(fact, (Closed, Grant, Refusal)):
        return fact.layer is Layer.MESH_REQUEST
    return isinstance(fact, PeerMtls)


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


def _without_unnamed(ruling: Fact, known: Known, legal: Legal) -> Fact | None:
    """A grant less the alternatives whose callers cannot be named; ``None`` where nobody is left."""
    if not isinstance(ruling, Grant) or not ruling.callers:
        return ruling
    _, unsaid = positive(ruling.callers, known)
    for alternative, reason in unsaid:
        legal.losses.append(
            Loss(
                code="MM410",
                impact=Impact.STRICTER,
                support=Support.NEVER,
                sites=tuple(traced(alternative)),
                message=f"these callers are not let in: {reason}.",
                advice="Name them by service account or namespace, or give --complete with all workloads.",
            )
        )
    if not unsaid:
        return ruling
    left = tuple(a for a in ruling.callers if all(a is not gone for gone, _ in unsaid))
    if left:
        return replace(ruling, callers=left)
    rest = replace(ruling, callers=())
    legal.losses.append(
        Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            sites=tuple(traced(rest)),
            message="this rule lets nobody in: none of its callers can be named.",
        )
    )
    return None


def _default_holds(mine: Iterable[Fact]) -> Iterator[Loss]:
    """Rulings that ask for nothing (clear text is taken): the target does so by itself."""
    for ruling in mine:
        if isinstance(ruling, PeerMtls) and speaks(ruling):
            off = ruling.mode.value is MtlsMode.OFF
            yield Loss(
                code="MM405",
                impact=Impact.DIFFERENT if off else Impact.NONE,
                support=Support.NEVER if off else Support.PARTIAL,
                severity=Severity.LOW if off else Severity.INFO,
                fate=Fate.LOST if off else Fate.ABSORBED,
                sites=tuple(traced(ruling)),
                message=(
                    "mutual TLS cannot be switched off: callers in the mesh will use it."
                    if off
                    else "clear text and mutual TLS are both taken; the target does so where nothing is written."
                ),
            )


def _workload(
    workload: Workload, mine: Sequence[Fact], model: Model, options: Options, state: Pass
) -> None:
    everywhere = [r for r in mine if covers_undeclared(_attachment(r))]
    closed = any(isinstance(r, (Closed, Refusal)) for r in everywhere)
    demanded = _demanded(everywhere)
    carver = Carver(workload, model.inventory, options, state.names)
    ports = [
        p
        for p in model.inventory.ports_of(workload)
        if not bypassed(state.past, workload, p, model.inventory)
    ]
    for port in ports:
        here = [r for r in mine if covers_port(_attachment(r), workload, port)]
        probed = any(workload.port_number(p.port) == port for p in workload.probes)
        if not _needs_server(here, demanded=demanded and not closed, probed=probed):
            continue
        door = _door(here, workload, port, model, options, state.known)
        try:
            table = cells(door)
            facts = tuple(carver.server(port, here, table))
        except Opaque as opaque:
            state.legal.facts.extend(carver.shut(port, here))
            state.legal.losses.append(_not_exact(here, workload, port, opaque))
            continue
        state.legal.facts.extend(facts)
        state.legal.losses.extend(_narrowed(here, workload, port, table))
        if probed and door.closed | door.demanded:
            (state.probed if door.probes else state.unprobed).append(f"{workload.key} port {port}")
    state.legal.facts.extend(carver.default(everywhere, closed=closed, demanded=demanded))
    if closed and any(isinstance(r, Grant) for r in everywhere):
        state.undeclared.append(workload.key)
    if not ports:
        state.legal.losses.append(_no_ports(workload, mine))


def _attachment(ruling: Fact) -> Attachment:
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


def _door(  # one call, all of it needed
    here: Sequence[Fact],
    workload: Workload,
    port: int,
    model: Model,
    options: Options,
    known: Known,
) -> Door:
    view = PortView(port, readable(protocol_of(workload, port, model.inventory)))
    grants: list[Rule] = []
    refusals: list[Rule] = []
    for ruling in here:
        if isinstance(ruling, Grant):
            grants.extend(flatten(ruling, view))
        elif isinstance(ruling, Refusal):
            refusals.extend(flatten(ruling, view))
    return Door(
        closed=any(isinstance(r, Closed) for r in here),
        demanded=_demanded(here),
        grants=tuple(grants),
        refusals=tuple(refusals),
        probes=_probes(workload, port, options) if view.readable else (),
        known=known,
        form=form_of(here),
    )


def _probes(workload: Workload, port: int, options: Options) -> tuple[Probe, ...]:
    if not options.node_networks:
        return ()
    blocks = tuple((block, ()) for block in sorted(options.node_networks))
    nodes = frozenset((Clause(Who.ANYONE, networks=blocks),))
    paths = {
        p.path.partition("?")[0] for p in workload.probes if workload.port_number(p.port) == port
    }
    return tuple(Probe(path, nodes) for path in sorted(paths))


def _narrowed(here: Sequence[Fact], workload: Workload, port: int, table: Table) -> Iterator[Loss]:
    refusing = tuple(t for r in here if isinstance(r, Refusal) for t in traced(r.callers))
    if table.narrowed:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=refusing,
            message=f"{workload.key} port {port}: everyone but some callers cannot be said; "
            "of the callers that were granted only those that can be named are let in.",
            advice="Name the callers that may come in instead of those that may not.",
        )
    if any(cell.paths is not None for cell in table.cells):
        form = _path_form(here, workload, port)
        if form.sites and form_of(here) is not PathForm.RAW:
            yield form


def _together(state: Pass) -> Iterator[Loss]:
    """What happens to many workloads, said once."""
    if state.unprobed:
        yield Loss(
            code="MM404",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            message="the node's health checks are refused, since the networks of the nodes are not "
            "known or the port is not taken for HTTP; these pods will not become ready: "
            f"{_list(state.unprobed)}.",
            advice="Give --node-networks with the address blocks of the nodes; name the port http.",
        )
    if state.probed:
        yield Loss(
            code="MM411",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            message="health checks are known by the address of their node alone: whoever sends from the networks of "
            f"--node-networks may GET the paths that are probed: {_list(state.probed)}.",
            advice="Give blocks that hold nodes and nothing else, and probe paths that tell no secret.",
        )
    if state.undeclared:
        yield Loss(
            code="MM412",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message="ports that neither a container, nor a Service, nor a probe names are shut, "
            f"where the source holds them to its rules: {_list(state.undeclared)}.",
            advice="Declare every port that is served.",
        )


def _list(names: Sequence[str]) -> str:
    return ", ".join(sorted(set(names)))


def _path_form(here: Sequence[Fact], workload: Workload, port: int) -> Loss:
    tests = [
        test
        for r in here
        if isinstance(r, (Grant, Refusal))
        for alternative in r.requests
        for test in alternative.tests
        if test.part is Part.PATH
    ]
    paths = tuple(term for test in tests for term in (*test.any_of, *test.none_of))
    return Loss(
        code="MM408",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(t for t in paths if t.origin),
        message=f"{workload.key} port {port}: requests whose path is not in normal form ({ODD[form_of(here)]}) "
        "are refused.",
        why="The source decides on the normal form of a path, the target on the path as it was sent.",
    )


def _not_exact(here: Sequence[Fact], workload: Workload, port: int, opaque: Opaque) -> Loss:
    grants = [r for r in here if isinstance(r, Grant)]
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(t for r in grants for t in traced((r.callers, r.requests, r.always))),
        message=f"{workload.key} port {port} is shut: its rules cannot be said exactly ({opaque}).",
        advice="Simplify the paths of these rules.",
    )


def _no_ports(workload: Workload, mine: Sequence[Fact]) -> Loss:
    grants = [r for r in mine if isinstance(r, Grant)]
    return Loss(
        code="MM412",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH if grants else Severity.LOW,
        sites=tuple(t for r in grants for t in traced(r)),
        message=f"{workload.key} declares no port: all of its ports are shut.",
        advice="Declare the container's ports, or add the Service that names them.",
    )
