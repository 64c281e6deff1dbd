"""What decides at one port of a workload: which rulings, in which gates, and whether it needs a server."""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import (
    Closed,
    Grant,
    Refusal,
)
from ir.attachment import Attachment, Scope
from ir.coverage import covers_port
from ir.inventory import Workload
from ir.model import Fact
from translator.api import Options
from translator.exporters.linkerd.callers import Clause, Who
from translator.exporters.linkerd.legalise.course import (
    Pass,
    attachment_of,
    is_demanded,
)
from translator.exporters.linkerd.legalise.door import Door, Gate, Probe
from translator.exporters.linkerd.legalise.paths import form_of
from translator.exporters.linkerd.legalise.rules import PortView, Rule, flatten
from translator.exporters.ports import (
    protocol_of,
    readable,
)


def is_on(ruling: Fact, workload: Workload, port: int, state: Pass) -> bool:
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


def needs_server(here: Sequence[Fact], *, demanded: bool, probed: bool, shut: bool) -> bool:
    """Whether the default of the pod does not say what holds on the port; ``shut``: it lets nobody in.

    Without a server the target lets health checks in by their path, from anyone: looser than a port that demands a
    certificate.
    """
    if shut or any(isinstance(r, (Closed, Refusal)) for r in here):
        return True
    return is_demanded(here) != demanded or (is_demanded(here) and probed)


def door_of(here: Sequence[Fact], workload: Workload, port: int, state: Pass) -> Door:
    """What decides at a port: its gates, whether a certificate is demanded, and the health checks that pass."""
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
        demanded=is_demanded(here),
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
    return tuple(Probe(path, nodes, method) for path, method in asked_for(workload, port))


def asked_for(workload: Workload, port: int) -> list[tuple[str, str]]:
    """The paths that health checks ask for, with their methods."""
    mine = (p for p in workload.probes if workload.port_number(p.port) == port)
    return sorted({(p.path.partition("?")[0], p.method) for p in mine})
