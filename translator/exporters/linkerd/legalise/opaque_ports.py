"""Ports on which the target reads nothing, so that HTTP and TLS routes are not heeded there.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs (``appProtocol``, since 2.18) and charts/linkerd-control-plane
``proxy.opaquePorts``, 2.20: the annotation of a Service replaces the default list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.inventory import PortOfService, Service
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import rejects
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

APP_PROTOCOL_SINCE = "2.18"
_READ = ("", "http", "kubernetes.io/h2c")
_OPAQUE = (25, 587, 3306, 4444, 5432, 6379, 9300, 11211)
ANNOTATION = "config.linkerd.io/opaque-ports"


def why_opaque(port: PortOfService, service: Service, target: Target) -> str:
    """Why the target reads nothing on the port; empty where it does."""
    if is_opaque_word(port, target):
        return f'the appProtocol "{port.app_protocol}" of port {port.number} makes it opaque'
    listed = service.annotations.get(ANNOTATION)
    if listed is None and port.number in _OPAQUE:
        return f"port {port.number} is on the default list of opaque ports"
    if listed is not None and is_listed(listed, port.number):
        return f"the annotation {ANNOTATION} of the Service lists port {port.number}"
    return ""


def is_opaque_word(port: PortOfService, target: Target) -> bool:
    """Whether the ``appProtocol`` means bytes."""
    return target.at_least(APP_PROTOCOL_SINCE) and port.app_protocol.lower() not in _READ


def is_listed(text: str | None, number: int) -> bool:
    """Whether a list of ports and ranges (``1,5-9``), or the default one, has the number."""
    return any(low <= number <= high for low, high in _spans(text))


def merged(text: str | None, opaque: Iterable[int], read: Iterable[int]) -> str:
    """The list (``None``: the default one) with the ports ``opaque``, without those of ``read``."""
    ports = {n for low, high in _spans(text) for n in range(low, high + 1)}
    return ranges((ports | set(opaque)) - set(read))


def _spans(text: str | None) -> list[tuple[int, int]]:
    if text is None:
        return [(number, number) for number in _OPAQUE]
    found = []
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit():
            found.append((int(low), int(high if high.isdigit() else low)))
    return found


def ranges(ports: set[int]) -> str:
    """Ports as the target writes them: ``1-8079,8081``."""
    found: list[list[int]] = []
    for port in sorted(ports):
        if found and found[-1][1] == port - 1:
            found[-1][1] = port
        else:
            found.append([port, port])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in found)


def not_heeded(table: RouteTable, reasons: Sequence[str]) -> Iterator[Loss]:
    """Rules that stand on some ports of their service and not on these; what they refuse there passes."""
    refusing = [value for route in table.routes if rejects(route) for value in traced(route)]
    others = [v for v in traced(table) if not any(v is one for one in refusing)]
    for impact, values, end in (
        (Impact.DIFFERENT, others, ""),
        (Impact.LOOSER, refusing, " What they refuse is not refused any more."),
    ):
        if values:
            yield Loss(
                code="MM213",
                impact=impact,
                support=Support.PARTIAL,
                severity=None if end else Severity.HIGH,
                fate=Fate.APPROXIMATED,
                sites=tuple(values),
                message=f"on some ports these rules hold no more: {'; '.join(reasons)}, where no route is heeded.{end}",
                advice=ADVICE,
            )


ADVICE = (
    "Set the appProtocol to http or kubernetes.io/h2c (both meshes know them), and the annotation "
    f"{ANNOTATION} of the Service to the ports that are."
)
