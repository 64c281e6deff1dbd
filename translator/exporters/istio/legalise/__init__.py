"""From a pruned model to one that can be written as it is: one pass a concern, each losing what it must."""

from __future__ import annotations

from dataclasses import replace

from ir.model import Model
from ir.traffic import PortProtocol
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.defaults import lose_defaults
from translator.exporters.istio.legalise.membership import legalise_membership
from translator.exporters.istio.legalise.routes import legalise_routes
from translator.report.model import Fate, Impact, Severity, Support


def legalise(model: Model, options: Options) -> tuple[Model, tuple[Loss, ...]]:
    """The model in legal form, and what was lost on the way."""
    losses: list[Loss] = []
    routed = legalise_routes(model, options)
    losses.extend(routed.losses)
    facts = []
    for fact in routed.facts:
        if isinstance(fact, PortProtocol):
            if any(value.origin for value in traced(fact)):
                losses.append(_protocol(fact))
        else:
            facts.append(fact)
    losses.extend(lose_defaults(model, options))
    joined = tuple(legalise_membership(facts, losses))
    return replace(model, facts=joined, defaults=()), tuple(losses)


def _protocol(fact: PortProtocol) -> Loss:
    """What a Service says stays where it is; what another object says of a port is for the Service to say here."""
    stays = fact.evidence in ("appProtocol", "name", "number", "guess", "service")
    return Loss(
        code="MM552",
        impact=Impact.NONE if stays else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.INFO if stays else Severity.LOW,
        fate=Fate.ABSORBED if stays else Fate.LOST,
        sites=tuple(traced(fact)),
        message="the protocol that the Service names for its port stays."
        if stays
        else f'that a port speaks "{fact.protocol.value}" is not written: the target goes by appProtocol or the name of the '
        "Service's port, else it looks at the first bytes.",
        advice="" if stays else "Set appProtocol on the ports of the Service.",
    )
