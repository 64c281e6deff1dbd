"""Reports made by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import meshmigrate
from translator.report.model import (
    DefaultRef,
    Fate,
    Finding,
    Impact,
    LedgerRow,
    Output,
    Placement,
    Report,
    Severity,
    Source,
    Summary,
    Support,
    Tool,
    Verification,
    Version,
)

SHOP = Path(__file__).parents[2] / "examples" / "shop"
FAULT_AT = Source("shop/vs.yaml", 20, 9, "VirtualService/shop/reviews", "spec.http[0].fault")
ROUTE = "HTTPRoute/shop/reviews"


@cache
def shop() -> Report:
    """The report of the example."""
    nodes = ("10.128.0.0/20",)
    done = meshmigrate.translate([str(SHOP)], source="istio", target="linkerd", node_networks=nodes)
    return done.report


def finding(
    code: str = "MM301",
    severity: Severity = Severity.HIGH,
    impact: Impact = Impact.DIFFERENT,
    message: str = "faults cannot be injected.",
    *sources: Source,
    accepted: str | None = None,
    default: DefaultRef | None = None,
) -> Finding:
    """A loss; of the fault where no source is given."""
    return Finding(
        code=code,
        severity=severity,
        fate=Fate.LOST,
        impact=impact,
        support=Support.NEVER,
        message=message,
        sources=sources or (() if default else (FAULT_AT,)),
        accepted=accepted,
        default=default,
    )


ROWS = (
    LedgerRow(
        "shop/vs.yaml",
        0,
        14,
        7,
        "VirtualService/shop/reviews",
        "spec.http[0].timeout",
        Fate.PLACED,
        (Placement(ROUTE, "spec.rules[0].timeouts.request"),),
    ),
    LedgerRow(
        "shop/vs.yaml",
        0,
        20,
        9,
        "VirtualService/shop/reviews",
        "spec.http[0].fault",
        Fate.LOST,
        (),
        ("MM301",),
    ),
)


def report(*findings: Finding, fates: dict[str, int] | None = None) -> Report:
    """A run with one file, two leaves and these findings."""
    severities = [one.severity for one in findings]
    counted = {one.value: severities.count(one) for one in Severity}
    return Report(
        schema_version=1,
        tool=Tool("meshmigrate", "0.1.0"),
        source=Version("istio", "1.29"),
        target=Version("linkerd", "2.20"),
        summary=Summary(1, 1, 1, 2, fates or {"placed": 1, "lost": 1}, counted),
        ledger=ROWS,
        findings=findings,
        outputs=(Output(ROUTE, "gateway.networking.k8s.io/v1", "httproute-shop-reviews.yaml"),),
        verification=Verification(reason="not built yet"),
    )
