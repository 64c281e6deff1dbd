"""Faults and mirrors of no request: they are written and do nothing.

A percentage that is left out is 0 for a fault and 100 for a mirror (istio/istio pilot/pkg/networking/core/route/route.go
``TranslateFault`` and ``MirrorPercent``, 1.31).
"""

from __future__ import annotations

from dataclasses import replace

from ir.provenance import Traced
from ir.resilience import Fault
from ir.traffic import Route
from translator.importers.istio.link.leaves import Idle, in_order, leaves_in

_NO_FAULT = "a fault without a percentage, or of 0 %, happens to no request"
_NO_MIRROR = "a mirror of 0 % gets no request"


def acting(route: Route) -> tuple[Route, tuple[Idle, ...]]:
    """The route with the faults and mirrors that some request meets, and the others."""
    idles: list[Idle] = []
    fault = route.fault
    if fault is not None and not _happens(fault):
        idles.append(Idle(in_order(leaves_in(fault)), _NO_FAULT))
        fault = None
    mirrors = tuple(m for m in route.mirrors if m.percent is None or m.percent.value)
    gone = [m for m in route.mirrors if m not in mirrors]
    idles.extend(Idle(in_order(leaves_in(mirror)), _NO_MIRROR) for mirror in gone)
    return replace(route, fault=fault, mirrors=mirrors), tuple(idles)


def _happens(fault: Fault) -> bool:
    aborts = fault.abort_status is not None or fault.abort_grpc_status is not None
    return (fault.delay is not None and _some(fault.delay_percent)) or (
        aborts and _some(fault.abort_percent)
    )


def _some(percent: Traced[float] | None) -> bool:
    return percent is not None and percent.value > 0
