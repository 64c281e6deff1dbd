"""What is said of services and of names outside beside their routes, as far as Gateway API has no object for it."""

from __future__ import annotations

from dataclasses import replace

from ir.access import ClientTls, TlsMode
from ir.edge import EgressPolicy, UnknownEgress
from ir.model import Fact, Model
from ir.resilience import RetryBudget
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateway_api.legalise.guards import spoken
from translator.report.model import Impact, Severity, Support

_IMPLEMENTS = "See whether what implements the routes has a policy for it."


def without_leftovers(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model without these, and what becomes of each."""
    kept: list[Fact] = []
    losses: list[Loss] = []
    for fact in model.facts:
        match fact:
            case EgressPolicy():
                losses.append(_egress(fact))
            case ClientTls():
                losses.append(_client_tls(fact))
            case RetryBudget():
                losses.append(_budget(fact))
            case _:
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


def _client_tls(fact: ClientTls) -> Loss:
    where = spoken(fact.attachment.subject)
    own = fact.mode.value in (TlsMode.MESH, TlsMode.OFF)
    return Loss(
        code="MM405",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW if own else Severity.HIGH,
        sites=tuple(traced(fact)),
        message=f"whether connections to {where} are secured by the mesh is for what implements the routes to say."
        if own
        else f"TLS to {where} is not started: requests go there as they come.",
        advice=""
        if own
        else "Write a BackendTLSPolicy by hand where its certificate is verified by a ConfigMap or by the "
        "system's roots; let the application speak TLS itself otherwise.",
    )


def _budget(fact: RetryBudget) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.MEDIUM,
        sites=tuple(traced(fact)),
        message=f"a budget for further tries to {spoken(fact.attachment.subject)} is not written yet.",
        advice="Write an XBackendTrafficPolicy by hand (experimental channel).",
    )
