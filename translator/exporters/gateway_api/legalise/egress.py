"""What may be reached outside: Gateway API has no object for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.edge import EgressPolicy, ExternalService, UnknownEgress
from ir.model import Fact, Model
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.egress.parts import let_out, names_declared
from translator.exporters.gateway_api.legalise.guards import spoken
from translator.report.model import Impact, Severity, Support


def without_egress(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without limits of egress, and what becomes of each and of rules that let out a part of what is declared."""
    kept: list[Fact] = []
    losses: list[Loss] = []
    tables = [fact for fact in model.facts if isinstance(fact, RouteTable)]
    for fact in model.facts:
        if isinstance(fact, EgressPolicy):
            losses.append(_egress(fact, [t for t in tables if _is_of(t, fact)]))
        else:
            kept.append(fact)
    services = [fact for fact in model.facts if isinstance(fact, ExternalService)]
    losses.extend(let_out(tables, names_declared(services)))
    return replace(model, facts=tuple(kept)), tuple(losses)


def _is_of(table: RouteTable, policy: EgressPolicy) -> bool:
    """Whether the table is about what leaves by the policy: what none of its rules matched was refused."""
    subject = table.attachment.subject
    if policy.name is None or subject.namespace is None or subject.name is None:
        return False
    return policy.name.value == f"{subject.namespace.value}/{subject.name.value}"


def _egress(fact: EgressPolicy, tables: Sequence[RouteTable]) -> Loss:
    refuses = fact.unknown is not None and fact.unknown.value is UnknownEgress.REFUSE
    where = spoken(fact.attachment.subject)
    return Loss(
        code="MM503",
        impact=Impact.LOOSER if refuses else Impact.DIFFERENT,
        support=Support.NEVER,
        severity=None if refuses else Severity.MEDIUM,
        sites=tuple(traced(fact)),
        because=tuple(value for table in tables for value in traced(table)),
        message=f"what {where} may reach outside is not limited: undeclared destinations, which were refused, pass."
        if refuses
        else f"what {where} know of and by which way undeclared traffic goes cannot be said.",
        why="Gateway API says nothing of egress.",
        advice="Limit egress with NetworkPolicies, or with what implements the routes (EgressNetwork of Linkerd, toFQDNs of "
        "Cilium), before the source goes.",
    )
