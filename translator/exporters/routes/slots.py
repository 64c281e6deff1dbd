"""Ports of a service that a route table is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ir.attachment import Attachment, ServicePort, WorkloadPort
from ir.inventory import PortOfService, Service
from ir.match import Part, Pattern, Test
from ir.provenance import Traced
from ir.traffic import UNREAD, PortProtocol

Ports = Sequence[Traced[WorkloadPort | ServicePort]]


def service_ports(ports: Ports) -> tuple[Traced[ServicePort], ...]:
    """Those that are ports of a service."""
    return tuple(port for port in ports if _is_of_service(port))  # type: ignore[misc]  # narrowed by the line


def _is_of_service(port: Traced[WorkloadPort | ServicePort]) -> bool:
    return isinstance(port.value, ServicePort)


def is_on(attachment: Attachment, number: int) -> bool:
    """Whether the table is for the port with this number."""
    if number in _numbers(attachment.excluding_ports):
        return False
    return not attachment.ports or number in _numbers(attachment.ports)


def meet(one: Attachment, other: Attachment) -> bool:
    """Whether two tables of one service are for a port in common."""
    if not one.ports or not other.ports:
        narrow, wide = (one, other) if one.ports else (other, one)
        return not narrow.ports or any(is_on(wide, n) for n in _numbers(narrow.ports))
    return any(is_on(other, number) for number in _numbers(one.ports))


def _numbers(ports: Ports) -> tuple[int, ...]:
    return tuple(port.value.port for port in service_ports(ports))


_NEVER_SNIFFED = (25, 53, 3306, 27017)
"""Ports that are TCP where nothing is declared."""


def is_http(port: PortOfService) -> bool:
    """HTTP by name or ``appProtocol``, or sniffed (istio/istio pkg/config/kube/conversion.go, 1.31)."""
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    if port.number in _NEVER_SNIFFED and not word.startswith(("http", "grpc", "kubernetes.io/")):
        return False
    return port.protocol == "TCP" and word not in (
        "https",
        "tls",
        "tcp",
        "mongo",
        "redis",
        "mysql",
        "udp",
        "kubernetes.io/wss",
    )


def unread_ports(facts: Iterable[object]) -> frozenset[tuple[str, int]]:
    """Ports of services, by key and number, that the source takes for something else than HTTP: no rule holds there."""
    return frozenset(
        (spelled(fact.attachment), port.value.port)
        for fact in facts
        if isinstance(fact, PortProtocol) and fact.protocol.value in UNREAD
        for port in service_ports(fact.attachment.ports)
    )


def read_ports(service: Service, unread: frozenset[tuple[str, int]]) -> tuple[PortOfService, ...]:
    """The ports on which rules for requests hold, whatever they are called: all of TCP but those that are ``unread``."""
    return tuple(
        port
        for port in service.ports
        if port.protocol == "TCP" and (service.key, port.number) not in unread
    )


def spelled(attachment: Attachment) -> str:
    """The key of the service."""
    subject = attachment.subject
    return "Service/" + "/".join(
        v.value for v in (subject.namespace, subject.name) if v is not None
    )


def is_asked_on(tests: Iterable[Test], ports: Ports) -> bool:
    """Whether tests that may ask for ports of the service hold on the only one of these; where it has none, those that do not."""
    asked = [t for t in tests if t.part is Part.SERVICE_PORT]
    texts = [{t.value.text for t in test.any_of if isinstance(t.value, Pattern)} for test in asked]
    own = [str(number) for number in _numbers(ports)]
    return all(bool(own) and own[0] in numbers for numbers in texts)
