"""Rulings that no workload of the input is held to."""

from __future__ import annotations

from ir.access import Grant, MtlsMode, PeerMtls
from ir.model import Fact
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support


def rules(ruling: Fact) -> bool:
    """Whether the ruling refuses anything; one that only states the target's own default does not."""
    return not isinstance(ruling, PeerMtls) or ruling.mode.value is MtlsMode.DEMANDED


def speaks(ruling: Fact) -> bool:
    """Whether a leaf of the input stands behind it."""
    return any(value.origin for value in traced(ruling))


def in_vain(ruling: Fact) -> Loss:
    """It is about pods that are kept out of the mesh alone."""
    return Loss(
        code="MM412",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        sites=tuple(traced(ruling)),
        message="all workloads or ports of the input that are covered are kept from the proxy: this holds for none of "
        "them, in the source either.",
        advice="Nothing, if they are meant to stay outside; else enrol them, or let the proxy have the ports.",
    )


def unreached(ruling: Fact) -> Loss:
    """It is about pods that the input does not show."""
    harmless = isinstance(ruling, Grant) or not rules(ruling)
    return Loss(
        code="MM412",
        impact=Impact.STRICTER if harmless else Impact.LOOSER,
        support=Support.PARTIAL,
        severity=Severity.LOW if harmless else None,
        sites=tuple(traced(ruling)),
        message="no workload of the input is covered: the target needs its labels and ports.",
        why="A policy of the target is bound to the ports of pods; the input lists no such pods.",
        advice="Add the Deployments, StatefulSets or Pods that this policy is for to the input.",
    )
