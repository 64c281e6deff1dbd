"""What ports speak: the target goes by ``appProtocol`` of the Service, then by the name of its port, else it looks.

istio/istio pkg/config/kube/conversion.go ``ConvertProtocol``, 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.attachment import Scope, ServicePort, Subject
from ir.coverage import covers, covers_port
from ir.inventory import Inventory, PortOfService, Workload
from ir.model import Fact
from ir.traffic import UNREAD, PortProtocol
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.slots import is_http
from translator.report.model import Fate, Impact, Severity, Support

OPAQUE = "opaque"
_BYTES = ("tcp", "mongo", "mysql", "redis")
_TLS = ("https", "tls", "kubernetes.io/wss")
_OWN = ("appProtocol", "name", "number", "guess", "service")
"""Evidence that stands on the Service, where it stays."""


def legalise_protocols(
    facts: Sequence[Fact], inventory: Inventory, losses: list[Loss]
) -> list[Fact]:
    """The facts with those ports that the target must be told to pass on unread."""
    kept: list[Fact] = []
    told = [f for f in facts if isinstance(f, PortProtocol) and _is_said(f, inventory)]
    ports = [port_of(fact, inventory) for fact in told]
    for fact in facts:
        if not isinstance(fact, PortProtocol):
            kept.append(fact)
            continue
        said = any(fact is one for one in told)
        if said:
            kept.append(fact)
            losses.append(_at_both_ends(fact))
        elif any(value.origin for value in traced(fact)):
            losses.append(_loss(fact))
        services = () if said else _services(fact, inventory, ports)
        if services:
            losses.append(_of_pods(fact, services))
        port = port_of(fact, inventory)
        if fact.protocol.value.upper() != "TLS" and _is_tls(port):
            losses.append(_by_name(fact))
        bytes_there = port is not None and not is_http(port) and not _is_tls(port)
        if fact.protocol.value not in UNREAD and bytes_there:
            losses.append(_unread(fact))
    return kept


def _is_said(fact: PortProtocol, inventory: Inventory) -> bool:
    return fact.evidence not in _OWN and must_be_said(fact, inventory)


def _services(
    fact: PortProtocol, inventory: Inventory, told: Sequence[PortOfService | None]
) -> tuple[str, ...]:
    """The services of pods whose port is not read, by whose ports the target reads it, or looks at it.

    ``told``: ports of services that are written as ports of bytes.
    """
    subject = fact.attachment.subject
    if subject.scope is not Scope.WORKLOADS or fact.protocol.value not in UNREAD:
        return ()
    found = {
        service.key: None
        for workload in inventory.workloads
        if _is_of(subject, workload, inventory)
        for service in inventory.services_of(workload)
        for port in service.ports
        if _is_read(port, fact.protocol.value)
        and all(port is not one for one in told)
        and (number := workload.port_number(port.target)) is not None
        and covers_port(fact.attachment, workload, number)
    }
    return tuple(sorted(found))


def _is_of(subject: Subject, workload: Workload, inventory: Inventory) -> bool:
    if subject.name is not None:
        return subject.name.value == workload.key
    return covers(subject, workload, inventory)


def _is_read(port: PortOfService, where: str) -> bool:
    """Whether the target reads a port that pods pass on ``where`` so; what TLS is shows itself where it looks."""
    return is_http(port) if where != OPAQUE else _word(port) not in _BYTES


def _at_both_ends(fact: PortProtocol) -> Loss:
    subject = fact.attachment.subject
    names = [v.value for v in (subject.namespace, subject.name) if v is not None]
    return Loss(
        code="MM552",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(fact.protocol,),
        message=f"a port of Service/{'/'.join(names)} is passed on unread by the proxies of its pods too, whatever these said.",
        advice="Give the pods another Service where requests to them are to be read.",
    )


def _is_tls(port: PortOfService | None) -> bool:
    """Whether the Service declares the port as TLS, by whatever word the target goes by."""
    return port is not None and _word(port) in _TLS


def _word(port: PortOfService) -> str:
    word = (port.app_protocol or port.name).lower()
    return word if word.startswith("kubernetes.io/") else word.partition("-")[0]


def _by_name(fact: PortProtocol) -> Loss:
    """A port that the source looks at, or does not read at all."""
    subject = fact.attachment.subject
    names = [v.value for v in (subject.namespace, subject.name) if v is not None]
    ports = ", ".join(str(port.value.port) for port in fact.attachment.ports)
    unread = fact.protocol.value == OPAQUE
    return Loss(
        code="MM552",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.INFO if unread else Severity.LOW,
        fate=Fate.APPROXIMATED,
        because=(fact.trail,),
        message=f"Service/{'/'.join(names)} declares port {ports} as TLS, which the target goes by: it passes connections on by "
        f"the name in their hello, where the source {'does not read them' if unread else 'looks at what is sent'}.",
        advice="Nothing, if what is sent there is TLS; else change appProtocol or the name of the port.",
    )


def _unread(fact: PortProtocol) -> Loss:
    """A port that the source looks at and the target takes for bytes."""
    subject = fact.attachment.subject
    names = [v.value for v in (subject.namespace, subject.name) if v is not None]
    ports = ", ".join(str(port.value.port) for port in fact.attachment.ports)
    return Loss(
        code="MM552",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        because=(fact.trail,),
        message=f"Service/{'/'.join(names)}: the target takes port {ports} for bytes, by its name or its number, and passes "
        "connections on unread, where the source looks at what is sent.",
        advice="Nothing, if it is no HTTP; else change appProtocol or the name of the port.",
    )


def _of_pods(fact: PortProtocol, services: Sequence[str]) -> Loss:
    return Loss(
        code="MM552",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        sites=(fact.protocol,),
        message=f"pods pass on a port without reading requests; the target goes by their services, which do not say so: {', '.join(services)}.",
        advice="Set appProtocol on the ports of these services: tcp, or tls for what is TLS.",
    )


def port_of(fact: PortProtocol, inventory: Inventory) -> PortOfService | None:
    """The port of a listed service that a fact is about."""
    subject = fact.attachment.subject
    numbers = [p.value.port for p in fact.attachment.ports if isinstance(p.value, ServicePort)]
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return None
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is None or len(numbers) != 1:
        return None
    return next((port for port in service.ports if port.number == numbers[0]), None)


def must_be_said(fact: PortProtocol, inventory: Inventory) -> bool:
    """Whether the source passes on unread what the target would read or look at."""
    port = port_of(fact, inventory)
    if port is None or fact.protocol.value != OPAQUE:
        return False
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    return word not in (*_BYTES, *_TLS)


def _loss(fact: PortProtocol) -> Loss:
    """What a Service says stays where it is; what another object says of a port is for the Service to say here."""
    stays = fact.evidence in _OWN
    return Loss(
        code="MM552",
        impact=Impact.NONE if stays else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.INFO if stays else Severity.LOW,
        fate=Fate.ABSORBED if stays else Fate.LOST,
        sites=tuple(traced(fact)),
        message="the protocol that the Service names for its port stays."
        if stays
        else f'that a port speaks "{fact.protocol.value}" is not written: the target goes by appProtocol or the name of the '
        "Service's port, else it looks at the first bytes.",
        advice="" if stays else "Set appProtocol on the ports of the Service.",
    )
