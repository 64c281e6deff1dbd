"""Ports that the target takes for bytes by their name: no rule for requests holds there, whatever the source made of them.

istio/istio pkg/config/kube/conversion.go ``ConvertProtocol`` and pilot/pkg/networking/core/listener.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.inventory import Service
from ir.provenance import Traced
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import rejects
from translator.exporters.routes.slots import is_http, is_on, read_ports
from translator.report.model import Fate, Impact, Severity, Support


def on_bytes(
    tables: Sequence[RouteTable], service: Service | None, unread: frozenset[tuple[str, int]]
) -> Iterator[Loss]:
    """What is told of the rules of a service on ports that the source reads and the target does not."""
    if service is None:
        return
    ports = [port for port in read_ports(service, unread) if not is_http(port)]
    for port in ports:
        here = [table for table in tables if is_on(table.attachment, port.number)]
        if here:
            yield from _told(here, service, port.number)


def _told(tables: Sequence[RouteTable], service: Service, number: int) -> Iterator[Loss]:
    routes = [route for table in tables for route in table.routes]
    refusing = [value for route in routes if rejects(route) for value in traced(route)]
    others = [v for t in tables for v in traced(t) if not any(v is one for one in refusing)]
    if others:
        yield _loss(Impact.DIFFERENT, others, service, number)
    if refusing:
        yield _loss(Impact.LOOSER, refusing, service, number)


def _loss(impact: Impact, values: Sequence[Traced[object]], service: Service, number: int) -> Loss:
    looser = impact is Impact.LOOSER
    end = "; what these rules refuse is not refused any more" if looser else ""
    return Loss(
        code="MM552",
        impact=impact,
        support=Support.PARTIAL,
        severity=None if looser else Severity.HIGH,
        fate=Fate.APPROXIMATED,
        because=tuple(values),
        message=f"{service.key}: the target takes port {number} for something else than HTTP, by its name or its number: it "
        f"passes connections on unread, and no rule for requests holds there, where the source reads them{end}.",
        advice="Name the port http-..., or set its appProtocol, if HTTP is spoken there.",
    )
