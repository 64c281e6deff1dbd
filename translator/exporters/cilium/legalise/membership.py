"""Membership: pods leave the source's mesh, and the target needs no word of theirs.

The network of every pod is the target's already; there is no proxy beside a pod that could be set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.access import Bypass
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_DIFFERENT = {
    Aspect.CAPTURE: ("MM603", Impact.DIFFERENT, Severity.MEDIUM),
    Aspect.CAPTURE_OUT: ("MM603", Impact.DIFFERENT, Severity.MEDIUM),
    Aspect.BOOTSTRAP: ("MM801", Impact.DIFFERENT, Severity.MEDIUM),
    Aspect.NETWORKS: ("MM604", Impact.DIFFERENT, Severity.MEDIUM),
    Aspect.WAYPOINT: ("MM604", Impact.DIFFERENT, Severity.LOW),
    Aspect.INGRESS: ("MM604", Impact.DIFFERENT, Severity.MEDIUM),
    Aspect.EGRESS: ("MM604", Impact.DIFFERENT, Severity.MEDIUM),
}
"""Settings whose loss changes more than how a proxy runs."""


def legalise_membership(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model as it is; settings of proxies stay where their words can leave an object."""
    losses = [*_left(model), *_settings(model), *_past(model)]
    kept = tuple(f for f in model.facts if not _leaves_nothing(f))
    return replace(model, facts=kept), tuple(losses)


def _leaves_nothing(fact: Fact) -> bool:
    """Whether no word of the setting can leave an object: those of the mesh as a whole."""
    return isinstance(fact, ProxySetting) and not fact.object


def _left(model: Model) -> Iterator[Loss]:
    joined = [f for f in model.facts if isinstance(f, Enrolment)]
    values: list[Traced[object]] = [v for f in joined for v in (f.enrolled, f.trail)]
    if values:
        yield Loss(
            code="MM601",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(values),
            message="the words that put pods into the source's mesh, or keep them out, go; the target has no proxy beside "
            "a pod and needs no word.",
            advice="Apply the policies while the old proxies still run only where they name callers and ports; rules for "
            "requests need the clear text that comes once the proxies are gone.",
            doc="https://docs.cilium.io/en/v1.20/network/servicemesh/istio/",
        )


def _past(model: Model) -> Iterator[Loss]:
    facts = [f for f in model.facts if isinstance(f, Bypass)]
    values: list[Traced[object]] = [v for f in facts for v in traced(f) if v.origin]
    if values:
        yield Loss(
            code="MM603",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(values),
            message="there is no proxy beside a pod that ports could get past; where a policy closes the pod, those that did "
            "are open to everyone.",
        )


def _settings(model: Model) -> Iterator[Loss]:
    groups: dict[Aspect, list[ProxySetting]] = {}
    for fact in model.facts:
        if isinstance(fact, ProxySetting):
            groups.setdefault(fact.aspect, []).append(fact)
    for aspect, facts in groups.items():
        code, impact, severity = _DIFFERENT.get(aspect, ("MM604", Impact.NONE, Severity.LOW))
        said = dict.fromkeys(f"{f.trail.value} {f.value.value}" for f in facts)
        yield Loss(
            code=code,
            impact=impact,
            support=Support.NEVER,
            severity=severity,
            sites=tuple(v for fact in facts for v in traced(fact)),
            message=f"{', '.join(said)}: there is no proxy beside a pod; the proxy of the node is set for the whole cluster.",
            advice="Look at envoy.* among the values of the target's chart.",
        )
