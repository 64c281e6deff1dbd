"""Findings about what the input says and nobody heeds."""

from __future__ import annotations

from collections.abc import Iterable

from ir.provenance import Trail
from translator.api import Loss
from translator.importers.cilium.leaves import leaves_in
from translator.importers.cilium.model import Policy
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.metadata import Meta

API = "https://github.com/cilium/cilium/blob/main/pkg/policy/api/rule_validation.go"


def refused(policy: Policy, why: str) -> Loss:
    """The agent takes none of an object of which it refuses a part."""
    leaves = leaves_in(policy)
    return Loss(
        code="MM170",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.INERT,
        leaves=leaves[:1] or policy.meta.because[:1],
        message=f"{policy.meta.key}: {why}, so the agent refuses all of it and it is in force nowhere.",
        advice="Mend the policy or delete it, then translate again.",
        doc=API,
    )


def pruned(meta: Meta, node: Trail, why: str) -> Loss:
    """A field that the API server drops."""
    return Loss(
        code="MM171",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.INERT,
        leaves=node.origin,
        message=f"{meta.key}: {why}.",
        advice="Write what shall pass as rules that allow; a denial knows peers and ports alone.",
        doc="https://docs.cilium.io/en/stable/security/policy/language/",
    )


def without_peer(meta: Meta, node: Trail, why: str) -> Loss:
    """A selector or a peer that is nobody."""
    return Loss(
        code="MM172",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.INERT,
        leaves=node.origin or meta.because[:1],
        message=f"{meta.key}: {why}, so nobody is selected.",
        advice="Look whether the policy does what it is meant to do.",
        doc="https://docs.cilium.io/en/stable/operations/performance/scalability/identity-relevant-labels/",
    )


def on_nodes(names: Iterable[str]) -> Loss:
    """Pods on the network of their node beside others that policies select."""
    return Loss(
        code="MM172",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        message=f"{', '.join(sorted(names))}: these pods use the network of their node, so they are part of it, and policies that "
        "are for all pods around them leave them out.",
        advice="Guard them with a policy that has a nodeSelector, if they are to be closed.",
        doc="https://docs.cilium.io/en/stable/security/policy/language/",
    )
