"""Decisions of a service outside, which the target asks nobody for: what it would be asked about is refused.

A request that the service would let pass and that is refused all the same is stricter; one that it would refuse and
that passes were wider. With ``--on-inexact refuse`` the rule is left out instead, which is a blocker.
"""

from __future__ import annotations

from dataclasses import replace

from ir.access import ExternalDecision, Layer, Refusal
from ir.attachment import Scope
from ir.model import Fact, Model
from translator.api import Loss, Options
from translator.report.model import Impact, Support


def narrow_decisions(model: Model, options: Options) -> tuple[Model, tuple[Loss, ...]]:
    """The model with a refusal in the place of each decision from outside."""
    if options.on_inexact == "refuse":
        return model, ()
    facts: list[Fact] = []
    asked: list[ExternalDecision] = []
    for fact in model.facts:
        if isinstance(fact, ExternalDecision):
            asked.append(fact)
            facts.append(_refusal(fact))
        else:
            facts.append(fact)
    losses = tuple(_narrowed(one) for one in asked)
    return (replace(model, facts=tuple(facts)) if asked else model), losses


def _refusal(fact: ExternalDecision) -> Refusal:
    gateway = fact.attachment.subject.scope is Scope.LISTENER
    return Refusal(
        attachment=fact.attachment,
        layer=Layer.GATEWAY if gateway else Layer.MESH_REQUEST,
        callers=fact.callers,
        requests=fact.requests,
        always=fact.always,
        view=fact.view,
        trail=fact.trail,
    )


def _narrowed(fact: ExternalDecision) -> Loss:
    return Loss(
        code="MM407",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=(fact.provider,),
        because=(fact.trail,),
        message=f'the target asks no service outside itself: every request about which "{fact.provider.value}" '
        "would be asked is refused.",
        why="Whatever that service would refuse must not pass; what it would let pass cannot be known.",
        advice="Ask it in an ingress in front of the mesh or in the application, then take the policy out; with "
        "--on-inexact refuse the policy is left out instead and reported as a blocker.",
    )
