"""What policies of the network say: those that stay in force beside every target, and those that go with the source."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from ir.access import Closed, Grant, Layer, Refusal
from ir.model import Fact, Model
from ir.opaque import Opaque
from ir.walk import traced

Ruling = Closed | Grant | Refusal


def is_network(fact: Fact) -> TypeGuard[Ruling]:
    """Whether it is a rule of the network."""
    return isinstance(fact, (Closed, Grant, Refusal)) and fact.layer is Layer.NETWORK


def goes(fact: Fact) -> bool:
    """Whether its document goes with the source: the leaves of one that stays are reasons alone."""
    return any(value.origin for value in traced(fact))


def chosen(fact: Ruling) -> Ruling:
    """The rule for all pods that it selects: what knows no single workloads leaves none of them out.

    Those that are left out by themselves are their node to the network; no proxy stands before them, and no policy of the
    target selects them either.
    """
    subject = fact.attachment.subject
    out = tuple(one for one in subject.excluding if one.workload is None)
    if len(out) == len(subject.excluding):
        return fact
    return replace(
        fact, attachment=replace(fact.attachment, subject=replace(subject, excluding=out))
    )


def stays(fact: Fact) -> bool:
    """Whether it is said of the network by a document that stays."""
    return (is_network(fact) or isinstance(fact, Opaque)) and not goes(fact)


def beside(model: Model) -> tuple[Model, tuple[Fact, ...]]:
    """The model without what stays of the network's policies, and that."""
    network = tuple(f for f in model.facts if stays(f))
    rest = tuple(f for f in model.facts if not stays(f))
    return replace(model, facts=rest), network
