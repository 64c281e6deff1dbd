"""Proxies and who has one: for what implements the routes to say; nothing of it is changed in the documents that stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_IMPLEMENTS = "what implements the routes"


def without_proxies(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without what is said of proxies, and what becomes of it."""
    proxies = (Enrolment, ProxySetting)
    kept: tuple[Fact, ...] = tuple(f for f in model.facts if not isinstance(f, proxies))
    losses = (
        *_enrolments([f for f in model.facts if isinstance(f, Enrolment)]),
        *_settings([f for f in model.facts if isinstance(f, ProxySetting)]),
    )
    return replace(model, facts=kept), losses


def _enrolments(facts: Sequence[Enrolment]) -> Iterator[Loss]:
    if facts:
        yield Loss(
            code="MM601",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.MEDIUM,
            fate=Fate.CARRIED,
            sites=tuple(value for fact in facts for value in traced(fact)),
            message=f"which workloads are in the mesh is for {_IMPLEMENTS} to say: the labels and annotations of the source "
            "stay, and mean something to the source alone.",
            advice="Enrol the same namespaces and workloads in the mesh that implements the routes; take the old labels away "
            "when the source goes.",
        )


def _settings(facts: Sequence[ProxySetting]) -> Iterator[Loss]:
    groups: dict[tuple[Aspect, bool], list[ProxySetting]] = {}
    for fact in facts:
        groups.setdefault((fact.aspect, bool(fact.object)), []).append(fact)
    for (aspect, stays), group in groups.items():
        words = ", ".join(dict.fromkeys(f"{one.trail.value} {one.value.value}" for one in group))
        harm = _HARM.get(aspect, Impact.NONE)
        yield Loss(
            code="MM604",
            impact=harm,
            support=Support.NEVER,
            severity=Severity.LOW if harm is Impact.NONE else Severity.MEDIUM,
            fate=Fate.CARRIED if stays else Fate.LOST,
            sites=tuple(value for one in group for value in traced(one)),
            message=f"{words}: how proxies run is for {_IMPLEMENTS} to say.",
            advice=f"See what {_IMPLEMENTS} has for it.",
        )


_HARM = dict.fromkeys(
    (
        Aspect.CONNECT_TIMEOUT,
        Aspect.DETECT_TIMEOUT,
        Aspect.HTTP2_UPGRADE,
        Aspect.RETRY,
        Aspect.BALANCING,
        Aspect.NEAR,
        Aspect.AFFINITY,
        Aspect.POOL,
        Aspect.PATH_FORM,
        Aspect.HEADERS,
        Aspect.TRUSTED_HOPS,
        Aspect.CLIENT_TLS,
        Aspect.TLS_VERSION,
        Aspect.EXPORT,
        Aspect.RULE_EXPORT,
        Aspect.NETWORKS,
        Aspect.INGRESS,
        Aspect.INBOUND,
        Aspect.WAYPOINT,
        Aspect.DECISIONS,
        Aspect.EGRESS,
        Aspect.BOOTSTRAP,
        Aspect.CAPTURE,
        Aspect.CAPTURE_OUT,
    ),
    Impact.DIFFERENT,
)
"""Settings that change what becomes of requests; the others are about the proxies alone."""
