"""Access in the target's form: one server a port, closed, with routes whose paths do not overlap.

The target knows grants only, opens what no server names by a default of the pod, and answers 404 where routes are
attached and none matches (linkerd2 policy-controller, 2.20). So each port of each workload that a rule is about becomes
a server of its own; refusals are subtracted exactly; what is left over is refused by a route without admissions; ports
that nobody declared get the default of the pod, or of its namespace where that says the same for all of its pods.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import (
    Closed,
    ExternalDecision,
    Grant,
    Layer,
    PeerMtls,
    Probes,
    Refusal,
)
from ir.attachment import EnforcedAt
from ir.coverage import covers
from ir.inventory import Inventory, Workload
from ir.language import Opaque
from ir.model import Fact, Model
from ir.resilience import RateLimit
from translator.api import Options
from translator.exporters.linkerd.callers import Known, Who, of_any_domain
from translator.exporters.linkerd.legalise import remarks
from translator.exporters.linkerd.legalise.alike import mixed, shut
from translator.exporters.linkerd.legalise.cells import cells, shut_to_checks
from translator.exporters.linkerd.legalise.course import (
    Legal,
    Pass,
    Ruling,
    attachment_of,
    is_demanded,
)
from translator.exporters.linkerd.legalise.doors import Carver
from translator.exporters.linkerd.legalise.gates import asked_for, door_of, is_on, needs_server
from translator.exporters.linkerd.legalise.inexact import narrowed, unread
from translator.exporters.linkerd.legalise.levels import (
    Filed,
    default_of,
    everywhere_of,
    write_namespaces,
)
from translator.exporters.linkerd.legalise.rate_limits import Place, RateLimits
from translator.exporters.linkerd.legalise.reach import rules
from translator.exporters.linkerd.legalise.ruled import far_refusals, long_ranges, ruled
from translator.exporters.linkerd.legalise.standins import is_standin, with_standins
from translator.exporters.linkerd.legalise.unnamed import without_unnamed
from translator.exporters.naming import Names
from translator.exporters.ports import (
    all_bypassed,
    bypassed,
    bypasses_of,
    protocol_of,
    readable,
    undeclared,
    without_proxy,
)
from translator.report.bounds import At


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
    filed = Filed(rulings)
    inside = [w for w in model.inventory.workloads if not _outside(w, state)]
    state.mixed.update(mixed(inside, lambda w: _of(w, filed.near(w.namespace), state, {})))
    write_namespaces(filed, state)
    reached = set(state.told.spoken)
    for workload in sorted(everyone.workloads, key=lambda w: (is_standin(w), w.key)):
        mine = _of(workload, filed.near(workload.namespace), state, idle)
        limited = bool(limits.about(workload)) and not without_proxy(state.past, workload, everyone)
        if limited or any(rules(r) for r in mine):
            reached.update(id(r) for r in _workload(workload, mine, state))
        elif not is_standin(workload):
            reached.update(id(r) for r in mine)
            state.told.silent.update((id(r), r) for r in mine)
    legal.losses.extend((*remarks.together(state), *limits.losses()))
    legal.losses.extend(state.told.losses(rulings, reached, idle))
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
    outside = _outside(workload, state)
    void = {
        id(r): r
        for r in found
        if outside or all_bypassed(state.past, attachment_of(r), workload, state.inventory)
    }
    idle.update(void)
    return [r for r in found if id(r) not in void]


def _outside(workload: Workload, state: Pass) -> bool:
    """Whether no proxy of the mesh stands before its pods."""
    return workload.host_network or without_proxy(state.past, workload, state.inventory)


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


def _workload(workload: Workload, mine: Sequence[Fact], state: Pass) -> Sequence[Fact]:
    """Writes what holds at a workload; the rulings that stand there now.

    Of a stand-in only those on a port that is known: its default has no object to be written on.
    """
    everywhere = everywhere_of(mine, workload, state)
    far = far_refusals(mine, workload)
    default = default_of((*everywhere, *far))
    here_only = is_standin(workload) and state.settled.get(workload.namespace) != default
    spread = bool(far) and default_of(everywhere) != default
    shut = spread or (default == "deny" and not here_only)
    carver = Carver(workload, state.inventory, state.options, state.names)
    ports = [
        p
        for p in sorted({*state.inventory.ports_of(workload), *ruled(mine, workload)})
        if not bypassed(state.past, workload, p, state.inventory)
    ]
    stated: list[Fact] = []
    about = state.limits.about(workload)
    for port in ports:
        here = [r for r in mine if is_on(r, workload, port, state)]
        probed = any(workload.port_number(p.port) == port for p in workload.probes)
        by_default = default == "all-authenticated" and not here_only
        probed_here = probed or is_standin(workload)
        closed = needs_server(here, demanded=by_default, probed=probed_here, shut=shut)
        if closed:
            _port(port, here or far or everywhere, carver, state, probed=probed)
            stated.extend(here)
            state.told.said.update(map(id, here))
        _limit(state.limits.at(about, workload, port), port, here, carver, state, closed=closed)
    state.limits.undeclared(about, workload, shut=default == "deny" and not here_only)
    if is_standin(workload):
        if stated:
            settled = not here_only or not default
            state.legal.losses.append(remarks.standin(workload, ports, stated, settled=settled))
        return stated
    inherits = default == "deny" and not ports and state.settled.get(workload.namespace) == default
    if default:
        state.told.default(everywhere, inherits=inherits)
    if state.settled.get(workload.namespace) != default:
        by = [*everywhere, *far]
        state.legal.facts.extend(
            carver.default(by, closed=default == "deny", demanded=is_demanded(everywhere))
        )
        stated.extend(by if default else ())
        state.told.said.update(map(id, far))
    state.told.held.update((id(r), r) for r in far)
    said = {*map(id, stated), *state.told.spoken}
    demanded = (r for r in mine if id(r) not in said and is_demanded((r,)))
    state.legal.losses.extend(remarks.default_holds(demanded))
    _note_services(workload, mine, state)
    if default == "deny" and (_lets_in(everywhere) or long_ranges(mine, workload)):
        state.undeclared.append(undeclared(workload, ports))
    if default == "deny" and not ports:
        state.legal.losses.append(remarks.no_ports(workload, mine))
    else:
        state.told.grants(mine, shut=default == "deny")
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
    place = Place(carver=carver, port=port, server=at, demanded=is_demanded(here))
    state.legal.facts.extend(state.limits.facts(limits, place))


def _port(port: int, here: Sequence[Fact], carver: Carver, state: Pass, *, probed: bool) -> None:
    """The server of one port, or a shut one where its rules cannot be said."""
    workload, legal = carver.workload, state.legal
    if others := state.mixed.get(workload.key, ()):
        legal.facts.extend(carver.shut(port, here))
        legal.losses.extend(shut(here, workload.key, port, others))
        return
    try:
        on = [r for r in here if is_on(r, workload, port, state)]
        door = door_of(on, workload, port, state)
        table = cells(door)
        table.must_be_exact(refuse=state.options.on_inexact == "refuse")
        facts = tuple(carver.server(port, here, table))
    except Opaque as opaque:
        legal.facts.extend(carver.shut(port, here))
        legal.losses.append(remarks.not_exact(here, workload, port, opaque, state.options))
        return
    legal.facts.extend(facts)
    legal.losses.extend(narrowed(here, workload, port, table))
    if not readable(protocol_of(workload, port, state.inventory)):
        legal.losses.extend(unread(here, workload, port))
    if table.lets_in(Who.AUTHENTICATED) or _of_any_domain(here, state.known):
        state.own_domain.append(At(workload.key, ((port, port),)))
    if probed and shut_to_checks(door, asked_for(workload, port)):
        (state.probed if door.probes else state.unprobed).append(f"{workload.key} port {port}")


def _of_any_domain(here: Sequence[Fact], known: Known) -> bool:
    return any(
        of_any_domain(tests, known, refuses=isinstance(rule, Refusal))
        for rule in here
        if isinstance(rule, (Grant, Refusal))
        for tests in (rule.always, *(way.tests for way in rule.callers))
    )


__all__ = ["Legal", "Pass", "Ruling", "attachment_of", "known_callers", "legalise_access"]
