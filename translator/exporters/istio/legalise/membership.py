"""Membership in the target's terms: labels of namespaces and pods, annotations of proxies.

istio/istio manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml, 1.31: no webhook selects a pod of
a namespace that is ``disabled``, whatever its own label says; in a namespace without a label, the pod's label decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Bypass, Direction
from ir.attachment import Scope, WorkloadPort
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact
from ir.walk import traced
from translator.api import AMBIENT, Loss, Options
from translator.exporters.istio.standing import stands
from translator.report.model import Fate, Impact, Severity, Support

ANNOTATIONS = {
    Aspect.CPU_REQUEST: "sidecar.istio.io/proxyCPU",
    Aspect.CPU_LIMIT: "sidecar.istio.io/proxyCPULimit",
    Aspect.MEMORY_REQUEST: "sidecar.istio.io/proxyMemory",
    Aspect.MEMORY_LIMIT: "sidecar.istio.io/proxyMemoryLimit",
}
"""Annotations of pods (istio/istio pkg/kube/inject, 1.31)."""


def legalise_membership(
    facts: Sequence[Fact], losses: list[Loss], options: Options
) -> Iterator[Fact]:
    """The facts with what can be written of proxies; in an ambient mesh these are those of nodes, that pods have no say over."""
    ambient = options.profile == AMBIENT
    kept_in = {
        f.subject.namespace.value
        for f in facts
        if isinstance(f, Enrolment)
        and f.enrolled.value
        and f.subject.scope is Scope.WORKLOADS
        and f.subject.namespace is not None
    }
    for fact in facts:
        match fact:
            case Enrolment() | ProxySetting() | Bypass() if stands(fact, options):
                yield fact
            case Enrolment() if _would_keep_out(fact, kept_in) and not ambient:
                losses.append(_silent(fact))
                yield fact
            case ProxySetting() if ambient or not _is_said(fact):
                losses.append(_setting(fact))
                if fact.object:
                    yield fact
            case Bypass() if ambient and not is_whole(fact):
                losses.append(_captured(fact))
                yield fact  # the source's word for it leaves all the same
            case Bypass() if not ambient and fact.object and not _is_on_pods(fact):
                losses.append(_bypass(fact))
            case Bypass() if any(
                isinstance(p.value, WorkloadPort) and p.value.last for p in fact.attachment.ports
            ):
                yield fact
            case _:
                yield fact


def _would_keep_out(fact: Enrolment, kept_in: set[str]) -> bool:
    """Whether the target's word for this namespace would keep out pods that are in the mesh."""
    space = fact.subject.namespace
    wide = fact.subject.scope is Scope.NAMESPACE and space is not None
    return wide and not fact.enrolled.value and space is not None and space.value in kept_in


def keeps_silent(fact: Enrolment, facts: Sequence[Fact]) -> bool:
    """Whether nothing is written for a namespace: its pods that join say so, the others are out by silence."""
    space = fact.subject.namespace
    return (
        fact.subject.scope is Scope.NAMESPACE
        and not fact.enrolled.value
        and any(
            isinstance(f, Enrolment)
            and f.enrolled.value
            and f.subject.scope is Scope.WORKLOADS
            and f.subject.namespace is not None
            and space is not None
            and f.subject.namespace.value == space.value
            for f in facts
        )
    )


def _silent(fact: Enrolment) -> Loss:
    return Loss(
        code="MM601",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(traced(fact)),
        message="the namespace gets no label: one that keeps pods out would keep out those that join by a label of their "
        "own, and pods that say nothing are out without it.",
    )


def _is_said(fact: ProxySetting) -> bool:
    return (
        fact.aspect in ANNOTATIONS and bool(fact.object) and fact.subject.scope is Scope.WORKLOADS
    )


def said(fact: ProxySetting) -> bool:
    """Whether an annotation says the setting."""
    return _is_said(fact)


def _setting(fact: ProxySetting) -> Loss:
    return Loss(
        code="MM604",
        impact=Impact.NONE if fact.aspect not in _MATTERS else Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.LOW,
        sites=tuple(traced(fact)),
        message=f"{fact.trail.value} {fact.value.value}: this setting of proxies is not written.",
        advice="Set it in meshConfig.defaultConfig, in the values of the chart, or by proxy.istio.io/config on the pods.",
    )


_MATTERS = (
    Aspect.CONNECT_TIMEOUT,
    Aspect.DETECT_TIMEOUT,
    Aspect.CAPTURE,
    Aspect.CAPTURE_OUT,
    Aspect.TRUSTED_HOPS,
    Aspect.INBOUND,
    Aspect.INGRESS,
    Aspect.NETWORKS,
    Aspect.EGRESS,
)


def _is_on_pods(fact: Bypass) -> bool:
    subject = fact.attachment.subject
    return subject.scope is Scope.WORKLOADS and not fact.attachment.excluding_ports


def is_whole(fact: Bypass) -> bool:
    """Whether it is all that comes in to some pods: the agent of a node leaves out that, or nothing."""
    inbound = fact.direction is Direction.INBOUND
    return inbound and not fact.attachment.ports and _is_on_pods(fact)


def _captured(fact: Bypass) -> Loss:
    inbound = fact.direction is Direction.INBOUND
    return Loss(
        code="MM603",
        impact=Impact.STRICTER if inbound else Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"{fact.direction.value} ports of {fact.object or 'all pods'} skip the proxy in the source; the agent of a node takes all "
        "ports of a pod, so policies hold there.",
        why="cni/pkg/iptables/iptables.go, 1.31: of the ports of a pod in the ambient mesh none is left out, or all that come "
        "in (ambient.istio.io/bypass-inbound-capture).",
        advice="Let in on these ports whoever needs them, or keep the pods out by istio.io/dataplane-mode: none.",
    )


def _bypass(fact: Bypass) -> Loss:
    inbound = fact.direction is Direction.INBOUND
    return Loss(
        code="MM603",
        impact=Impact.STRICTER if inbound else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"{fact.direction.value} ports of {fact.object} skip the proxy in the source; in the target only pods can "
        "say so, not namespaces, and not for all ports but some.",
        advice="Set traffic.sidecar.istio.io/excludeInboundPorts or excludeOutboundPorts on the pod templates.",
    )


__all__ = ["ANNOTATIONS", "is_whole", "keeps_silent", "legalise_membership", "replace", "said"]
