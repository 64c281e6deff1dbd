"""Ports on which the target reads nothing, so that HTTP and TLS routes are not heeded there.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs (``appProtocol``, since 2.18) and charts/linkerd-control-plane
``proxy.opaquePorts``, 2.20: the annotation of a Service replaces the default list.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.inventory import PortOfService, Service
from ir.traffic import RouteTable
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

APP_PROTOCOL_SINCE = "2.18"
_READ = ("", "http", "kubernetes.io/h2c")
_OPAQUE = (25, 587, 3306, 4444, 5432, 6379, 9300, 11211)
_ANNOTATION = "config.linkerd.io/opaque-ports"


def why_opaque(port: PortOfService, service: Service, target: Target) -> str:
    """Why the target reads nothing on the port; empty where it does."""
    word = port.app_protocol.lower()
    if target.at_least(APP_PROTOCOL_SINCE) and word not in _READ:
        return f'the appProtocol "{port.app_protocol}" of port {port.number} makes it opaque'
    listed = service.annotations.get(_ANNOTATION)
    if listed is None and port.number in _OPAQUE:
        return f"port {port.number} is on the default list of opaque ports"
    if listed is not None and _lists(listed, port.number):
        return f"the annotation {_ANNOTATION} of the Service lists port {port.number}"
    return ""


def _lists(text: str, number: int) -> bool:
    """Whether a list of ports and ranges (``1,5-9``) has the number."""
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= number <= int(high if high.isdigit() else low):
            return True
    return False


def not_heeded(table: RouteTable, reasons: Sequence[str]) -> Loss:
    """Rules that stand on some ports of their service and not on these."""
    return Loss(
        code="MM213",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=(table.trail,),
        message=f"on some ports these rules hold no more: {'; '.join(reasons)}, where no route is heeded.",
        advice=ADVICE,
    )


ADVICE = (
    "Set the appProtocol to http or kubernetes.io/h2c (both meshes know them), and the annotation "
    f"{_ANNOTATION} of the Service to the ports that are."
)
