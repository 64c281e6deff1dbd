"""What ports are taken for, in the target's words: the ``appProtocol`` of Services, lists of ports that are not read.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``appProtocol`` (since 2.18; other words than ``http`` and
``kubernetes.io/h2c`` mean bytes), controller/api/destination/watcher/opaque_ports_watcher.go (the list of a Service is
for its clients), pkg/inject/inject.go (that of a pod is for its own proxy), linkerd2-proxy linkerd/app/inbound/src/detect.rs
and linkerd/app/outbound (10 s for the first bytes), 2.20. A list that is written replaces the default one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Bypass, Closed
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.inventory import Inventory, PortOfService, Service, Workload, inventory
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named
from ir.traffic import PortProtocol
from ir.walk import rebuild
from translator.api import Loss, Options
from translator.exporters.linkerd.legalise.opaque_ports import (
    ANNOTATION,
    is_listed,
    is_opaque_word,
    merged,
)
from translator.exporters.ports import bypasses_of, protocol_of, without_proxy
from translator.report.model import Fate, Impact, Severity, Support

LIST = "list"
"""The evidence of a port that stands, or stands no more, in a list of ports that are not read."""
GUESS = "guess"
"""The evidence of a port of which nothing says what is spoken there, in a mesh that waits for it to be seen."""

_WORDS: Mapping[str, str] = {"HTTP/1": "http", "HTTP/2": "kubernetes.io/h2c"}
_DOC = "https://linkerd.io/2/features/protocol-detection/"


@dataclass(slots=True)
class Protocols:
    """What is to be written about ports, and what is to be told."""

    facts: list[PortProtocol] = field(default_factory=list)
    same: list[PortProtocol] = field(default_factory=list)
    looked_at: list[PortProtocol] = field(default_factory=list)
    unread: list[PortProtocol] = field(default_factory=list)
    of_pods: dict[tuple[str, int], str] = field(default_factory=dict)
    """What the source says that pods take a port for themselves, by their key."""
    by_pods: bool = False
    """Whether the source says so of pods, and not of Services alone."""

    def losses(self) -> Iterator[Loss]:
        """One finding a cause."""
        if any(fact.protocol.origin for fact in self.same):
            yield _same([fact for fact in self.same if fact.protocol.origin])
        if self.looked_at:
            yield _looked_at(self.looked_at)
        if self.unread:
            yield _unread(self.unread)


def in_target_words(model: Model, options: Options) -> tuple[Model, Protocols]:
    """The model with Services as the target is to see them, and what is to be written for that."""
    found = Protocols()
    facts: list[Fact] = []
    services = dict(model.inventory.services)
    for fact in model.facts:
        if not isinstance(fact, PortProtocol) or _of_server(fact):
            facts.append(fact)
            found.by_pods |= isinstance(fact, PortProtocol)
            continue
        key, port = _place(fact)
        if fact.attachment.subject.scope is Scope.WORKLOADS:
            found.of_pods[key[1], port] = fact.protocol.value
            found.by_pods = True
            continue
        service = services[key]
        own = next(p for p in service.ports if p.number == port)
        services[key] = _service(fact, service, own, options, found)
    known = model.inventory
    seen = inventory(
        known.namespaces.values(), services.values(), known.workloads, complete=known.complete
    )
    return replace(model, facts=tuple(facts), inventory=seen), found


def _of_server(fact: PortProtocol) -> bool:
    """Whether it is said of a port that is held by itself, whatever pods it is on."""
    subject = fact.attachment.subject
    return subject.scope is Scope.WORKLOADS and subject.name is None


def _place(fact: PortProtocol) -> tuple[tuple[str, str], int]:
    subject = fact.attachment.subject
    (port,) = fact.attachment.ports
    if subject.namespace is None or subject.name is None or not isinstance(port.value.port, int):
        raise TypeError(fact)
    return (subject.namespace.value, subject.name.value), port.value.port


def _service(
    fact: PortProtocol, service: Service, port: PortOfService, options: Options, found: Protocols
) -> Service:
    """The service as the target is to see it, for one of its ports."""
    word = is_opaque_word(port, options.target)
    listed = is_listed(service.annotations.get(ANNOTATION), port.number)
    protocol = fact.protocol.value
    written = len(found.facts)
    if protocol in _WORDS and word:
        said = _WORDS[protocol]
        found.facts.append(_said(fact, "appProtocol"))
        ports = tuple(replace(p, app_protocol=said) if p is port else p for p in service.ports)
        service = replace(service, ports=ports)
    if (protocol in _WORDS and listed) or (protocol == "opaque" and not listed):
        found.facts.append(_said(fact, LIST))
        opaque, read = ((port.number,), ()) if protocol == "opaque" else ((), (port.number,))
        text = merged(service.annotations.get(ANNOTATION), opaque, read)
        service = replace(service, annotations={**service.annotations, ANNOTATION: text})
    if protocol == "unknown" and fact.evidence == GUESS:
        (found.unread if word or listed else found.looked_at).append(fact)
    elif len(found.facts) == written:
        found.same.append(fact)
    return service


def _said(fact: PortProtocol, evidence: str) -> PortProtocol:
    """The fact as it is written."""
    return PortProtocol(
        attachment=rebuild(fact.attachment, lambda value: named(value.value, value)),
        protocol=fact.protocol.derive(fact.protocol.value),
        evidence=evidence,
        trail=derived(fact.trail.value, (fact.trail,)),
    )


def of_pods(model: Model, spoken: Protocols, legal: Sequence[Fact]) -> Iterator[PortProtocol]:
    """Ports of pods for whose own proxy the list must change; a Server says the protocol of its port by itself.

    Where the source says it of pods that holds, else what it says of their Services.
    """
    held = {
        (f.attachment.subject.name.value, port.value.port)
        for f in legal
        if isinstance(f, Closed) and f.attachment.subject.name is not None
        for port in f.attachment.ports
    }
    past: tuple[Bypass, ...] = bypasses_of(model)
    for workload in model.inventory.workloads:
        if workload.host_network or without_proxy(past, workload, model.inventory):
            continue
        for port in model.inventory.ports_of(workload):
            protocol = spoken.of_pods.get((workload.key, port), "")
            certain = bool(protocol)
            if not spoken.by_pods:
                protocol = protocol_of(workload, port, model.inventory)
                certain = protocol == "opaque" or protocol in _WORDS
            known = is_listed(_list_of(workload, model.inventory), port)
            differs = certain and (protocol == "opaque") is not known
            if differs and (workload.key, port) not in held:
                yield _of_pod(workload, port, protocol, model.inventory)


def _list_of(workload: Workload, known: Inventory) -> str | None:
    """The list of a pod, else that of its namespace."""
    space = known.namespaces.get(workload.namespace)
    wide = None if space is None else space.annotations.get(ANNOTATION)
    return workload.annotations.get(ANNOTATION, wide)


def _of_pod(workload: Workload, port: int, protocol: str, known: Inventory) -> PortProtocol:
    leaves = [
        leaf
        for service in known.services_of(workload)
        for own in service.ports
        if workload.port_number(own.target) == port
        for leaf in own.leaves
    ]
    because = Traced("", (), (*workload.leaves, *leaves))
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=named(workload.namespace, because),
        name=named(workload.key, because),
        trail=named(f"pods of {workload.key}", because),
    )
    number: Traced[WorkloadPort] = named(WorkloadPort(port), because)
    return PortProtocol(
        attachment=Attachment(subject=subject, ports=(number,), enforced_at=EnforcedAt.SERVER),
        protocol=named(protocol, because),
        evidence=LIST,
        trail=named(f"protocol of {workload.key} port {port}", because),
    )


# --- what is told ----------------------------------------------------------------------------------------


def _same(facts: Sequence[PortProtocol]) -> Loss:
    return Loss(
        code="MM552",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(fact.protocol for fact in facts),
        message=f"the appProtocol of these ports stays: the target takes them for the same: {_names(facts)}.",
        doc=_DOC,
    )


def _looked_at(facts: Sequence[PortProtocol]) -> Loss:
    return Loss(
        code="MM551",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(fact.protocol for fact in facts),
        because=tuple(fact.trail for fact in facts),
        message="nothing says what is spoken on these ports, so both meshes look at the first bytes; the target passes a "
        f"connection on as bytes after 10 s without any, where the source waits: {_names(facts)}.",
        advice="Name the ports or give them an appProtocol; where the server speaks first it must be tcp.",
        doc=_DOC,
    )


def _unread(facts: Sequence[PortProtocol]) -> Loss:
    return Loss(
        code="MM550",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        sites=tuple(fact.protocol for fact in facts),
        because=tuple(fact.trail for fact in facts),
        message="the source looks at the first bytes on these ports, and the target does not: HTTP on them is passed on "
        f"as bytes, whatever rules there are: {_names(facts)}.",
        why="An appProtocol that the target does not know, or a port of its list of opaque ports "
        "(25, 587, 3306, 4444, 5432, 6379, 9300, 11211), means bytes to it.",
        advice="Give the port the appProtocol http or kubernetes.io/h2c if HTTP is spoken there; else nothing.",
        doc=_DOC,
    )


def _names(facts: Iterable[PortProtocol]) -> str:
    places = sorted({_place(fact) for fact in facts})
    return ", ".join(f"Service/{space}/{name} port {port}" for (space, name), port in places)
