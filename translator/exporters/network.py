"""Kubernetes NetworkPolicies stay in force beside every target."""

from __future__ import annotations

from dataclasses import replace

from ir.access import Closed, Grant, Layer
from ir.model import Fact, Model
from ir.opaque import Opaque
from ir.walk import traced


def beside(model: Model) -> tuple[Model, tuple[Fact, ...]]:
    """The model without what the network says, and that."""
    network = tuple(f for f in model.facts if _of_network(f))
    rest = tuple(f for f in model.facts if not _of_network(f))
    return replace(model, facts=rest), network


def _of_network(fact: Fact) -> bool:
    if isinstance(fact, (Closed, Grant)):
        return fact.layer is Layer.NETWORK
    return isinstance(fact, Opaque) and not any(value.origin for value in traced(fact))
