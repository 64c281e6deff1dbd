"""What may be reached outside: Gateway API has no object for it."""

from __future__ import annotations

from dataclasses import replace

from ir.edge import EgressPolicy, UnknownEgress
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateway_api.legalise.guards import spoken
from translator.report.model import Impact, Severity, Support


def without_egress(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without limits of egress, and what becomes of each."""
    kept: list[Fact] = []
    losses: list[Loss] = []
    for fact in model.facts:
        if isinstance(fact, EgressPolicy):
            losses.append(_egress(fact))
        else:
            kept.append(fact)
    return replace(model, facts=tuple(kept)), tuple(losses)


def _egress(fact: EgressPolicy) -> Loss:
    refuses = fact.unknown is not None and fact.unknown.value is UnknownEgress.REFUSE
    where = spoken(fact.attachment.subject)
    return Loss(
        code="MM503",
        impact=Impact.LOOSER if refuses else Impact.DIFFERENT,
        support=Support.NEVER,
        severity=None if refuses else Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"what {where} may reach outside is not limited: undeclared destinations, which were refused, pass."
        if refuses
        else f"what {where} know of and by which way undeclared traffic goes cannot be said.",
        why="Gateway API says nothing of egress.",
        advice="Limit egress with NetworkPolicies, or with what implements the routes (EgressNetwork of Linkerd, toFQDNs of "
        "Cilium), before the source goes.",
    )
