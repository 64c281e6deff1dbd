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
    """Whether it is said by a document that stays: its leaves are reasons alone."""
    network = isinstance(fact, (Closed, Grant)) and fact.layer is Layer.NETWORK
    said = isinstance(fact, Opaque) or network
    return said and not any(value.origin for value in traced(fact))
