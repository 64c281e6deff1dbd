"""What proxies take the ports of services for: their ``appProtocol``, else the beginning of their name, else a look.

istio/istio pkg/config/kube/conversion.go ``ConvertProtocol`` and pkg/config/protocol/instance.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject
from ir.inventory import Inventory, PortOfService, Service
from ir.model import Fact, Inactive
from ir.provenance import Traced, named, trail
from ir.traffic import PortProtocol, Protocol, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.importers.istio.model import Statement
from translator.importers.linked import Linked

_WORDS: Mapping[str, str] = {
    "http": "HTTP/1",
    "http2": "HTTP/2",
    "grpc": "HTTP/2",
    "grpc-web": "HTTP/2",
    "https": "TLS",
    "tls": "TLS",
    "tcp": "opaque",
    "mongo": "opaque",
    "mysql": "opaque",
    "redis": "opaque",
}
_STANDARD: Mapping[str, str] = {
    "kubernetes.io/h2c": "HTTP/2",
    "kubernetes.io/ws": "HTTP/1",
    "kubernetes.io/wss": "TLS",
}
"""Names of Kubernetes, for ``appProtocol`` alone and as they are spelt."""

_NEVER_READ = (25, 53, 3306, 27017)
"""Ports that are taken for TCP where nothing else is said of them."""


def link_protocols(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Linked:
    """A fact for each TCP port of each service that is listed."""
    del statements, options
    return Linked(
        tuple(
            _fact(service, port)
            for _, service in sorted(inventory.services.items())
            for port in service.ports
            if port.protocol == "TCP" and not service.external_name
        )
    )


def as_read(facts: Sequence[Fact], inventory: Inventory) -> tuple[list[Fact], list[Inactive]]:
    """The facts, less rules for requests to services of which no port is read as HTTP, which no sidecar has.

    istio/istio pilot/pkg/networking/core/route/route.go ``buildSidecarVirtualHostsForVirtualService``, 1.31.
    """
    heeded: list[Fact] = []
    idle: list[Inactive] = []
    for fact in facts:
        service = _called(fact, inventory)
        if service is None or any(
            spoken(p)[0] in _READ for p in service.ports if p.protocol == "TCP"
        ):
            heeded.append(fact)
        else:
            leaves = {leaf for value in traced(fact) for leaf in value.origin}
            why = f"no port of {service.key} is read as HTTP"
            idle.append(Inactive(leaves=tuple(sorted(leaves)), winner="", why=why))
    return heeded, idle


_READ = ("HTTP/1", "HTTP/2", "unknown")


def _called(fact: Fact, inventory: Inventory) -> Service | None:
    """The service of rules for requests, where its ports are known."""
    if not isinstance(fact, RouteTable) or fact.protocol is not Protocol.HTTP:
        return None
    subject = fact.attachment.subject
    if fact.attachment.enforced_at is EnforcedAt.GATEWAY or subject.scope is not Scope.SERVICE:
        return None
    space, name = subject.namespace, subject.name
    if space is None or name is None:
        return None
    service = inventory.service(space.value, name.value)
    return service if service is not None and service.ports else None


def spoken(port: PortOfService) -> tuple[str, str]:
    """What the port is taken for, and by what."""
    if port.app_protocol in _STANDARD:
        return _STANDARD[port.app_protocol], "appProtocol"
    evidence = "appProtocol" if port.app_protocol else "name"
    word = (port.app_protocol or port.name).lower()
    short = "grpc-web" if word.startswith("grpc-web") else word.partition("-")[0]
    if short in _WORDS:
        return _WORDS[short], evidence
    return ("opaque", "number") if port.number in _NEVER_READ else ("unknown", "guess")


def _fact(service: Service, port: PortOfService) -> PortProtocol:
    protocol, evidence = spoken(port)
    because = Traced("", (), (*service.leaves, *port.leaves))
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(service.namespace, because),
        name=named(service.name, because),
        trail=named(service.key, because),
    )
    number: Traced[ServicePort] = named(ServicePort(port.number), because)
    return PortProtocol(
        attachment=Attachment(subject=subject, ports=(number,), enforced_at=EnforcedAt.CLIENT),
        protocol=Traced(protocol, port.app_leaves, port.leaves),
        evidence=evidence,
        trail=trail(f"protocol of {service.key} port {port.number}", because=port.leaves),
    )
