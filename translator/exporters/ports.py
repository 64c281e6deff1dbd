"""What a port speaks, as far as its services say.

Names and ``appProtocol`` as the source reads them (istio/istio pkg/config/kube/conversion.go, 1.31): the part before
the first dash, ``appProtocol`` first; what says nothing is sniffed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Bypass, Direction
from ir.attachment import Attachment, ServicePort, WorkloadPort
from ir.coverage import covers, covers_port, covers_undeclared
from ir.inventory import Inventory, PortOfService, Workload
from ir.model import Model
from ir.provenance import Traced
from translator.report.bounds import At, Span, all_but

_HTTP1 = ("http", "kubernetes.io/ws")
_HTTP2 = ("http2", "grpc", "grpc-web", "kubernetes.io/h2c")
_TLS = ("https", "tls", "kubernetes.io/wss")
_TCP = ("tcp", "mongo", "redis", "mysql")
_TCP_PORTS = (25, 53, 3306, 27017)
"""Ports that are taken for TCP where nothing says otherwise."""


def protocol_of(workload: Workload, port: int, inventory: Inventory) -> str:
    """``HTTP/1``, ``HTTP/2``, ``opaque``, ``TLS`` or ``unknown``; ``unknown`` where services disagree.

    Istio takes the oldest service's word then, of equally old ones that of the first host name (istio/istio
    pilot/pkg/networking/core/listener_inbound.go ``getFilterChainsByServicePort``, pilot/pkg/model/context.go
    ``SetServiceTargets``, 1.31). How old they are is in no manifest, and an object that is made anew is the youngest: so
    it may be either, and Linkerd, which looks at the first bytes where no list or Server says otherwise, is right for both.
    """
    found = {
        _spoken(own)
        for service in inventory.services_of(workload)
        for own in service.ports
        if own.protocol == "TCP" and workload.port_number(own.target) == port
    }
    if len(found) == 1:
        return next(iter(found))
    return "unknown"


def readable(protocol: str) -> bool:
    """Whether requests on such a port are read as HTTP."""
    return protocol not in ("opaque", "TLS")


def _spoken(port: PortOfService) -> str:
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    for words, protocol in (
        (_HTTP1, "HTTP/1"),
        (_HTTP2, "HTTP/2"),
        (_TLS, "TLS"),
        (_TCP, "opaque"),
    ):
        if word in words:
            return protocol
    return "opaque" if port.number in _TCP_PORTS else "unknown"


def bypasses_of(model: Model) -> tuple[Bypass, ...]:
    """What reaches workloads without their proxy."""
    found = (f for f in model.facts if isinstance(f, Bypass))
    return tuple(f for f in found if f.direction is Direction.INBOUND)


def without_proxy(past: Sequence[Bypass], workload: Workload, inventory: Inventory) -> bool:
    """Whether the workload is kept out of the mesh: no policy exists on any of its ports, declared or not."""
    return any(
        not fact.object
        and covers_undeclared(fact.attachment)
        and covers(fact.attachment.subject, workload, inventory)
        for fact in past
    )


def bypassed(past: Sequence[Bypass], workload: Workload, port: int, inventory: Inventory) -> bool:
    """Whether connections to the port reach the workload without its proxy: no policy exists there."""
    return any(
        covers_port(fact.attachment, workload, port)
        and covers(fact.attachment.subject, workload, inventory)
        for fact in past
    )


def all_bypassed(
    past: Sequence[Bypass], attachment: Attachment, workload: Workload, inventory: Inventory
) -> bool:
    """Whether a fact is about ports of the workload alone on which no policy exists."""
    numbers = [
        workload.port_number(port.value.port)
        for port in attachment.ports
        if isinstance(port.value, WorkloadPort)
    ]
    return bool(numbers) and all(
        number is not None and bypassed(past, workload, number, inventory) for number in numbers
    )


def spans_of(attachment: Attachment) -> tuple[Span, ...]:
    """The ports that an attachment names; none where it names none, or some by name."""
    found: list[Span] = []
    for port in attachment.ports:
        number = port.value.port
        if isinstance(number, str):
            return ()
        last = port.value.last if isinstance(port.value, WorkloadPort) else 0
        found.append((number, max(number, last)))
    return tuple(found)


def spans_at(attachment: Attachment, workload: Workload) -> tuple[Span, ...]:
    """The ports of a workload that an attachment is about."""

    def spans(ports: Iterable[Traced[WorkloadPort | ServicePort]]) -> Iterator[Span]:
        for one in (port.value for port in ports if isinstance(port.value, WorkloadPort)):
            first = workload.port_number(one.port)
            if first is not None:
                yield first, max(first, one.last)

    if attachment.ports:
        return tuple(spans(attachment.ports))
    return all_but(spans(attachment.excluding_ports))


def undeclared(workload: Workload, declared: Iterable[int]) -> At:
    """The ports of a workload that are none of these."""
    return At(workload.key, all_but((number, number) for number in declared))
