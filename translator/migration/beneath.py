"""The network beneath the proxies, where it is the mesh that is left: its policies hold for every pod by its labels."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from dataclasses import replace

from ir.access import Closed, Grant, Layer, Refusal
from ir.model import Fact, Model
from ir.opaque import Column, Opaque
from translator.resources.kubernetes.read import template_path
from translator.state import State, applied, new_piece

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "Rollout")  # fmt: skip
"""Kinds that make pods."""


def marked(state: State, spaces: Collection[str], mark: str) -> State:
    """The state with the label that pods of these namespaces bear, as their injector writes it."""
    pieces = []
    for piece in state.values():
        if piece.key[1] in WORKLOADS and piece.namespace in spaces:
            value = deepcopy(dict(piece.value))
            inner: dict[str, object] = value
            for key in (*template_path(piece.key[1]), "metadata", "labels"):
                below = inner.get(key)
                below = below if isinstance(below, dict) else {}
                inner[key] = below
                inner = below
            inner.setdefault(mark, "")
            pieces.append(new_piece(value, piece.namespace))
    return applied(state, pieces)


def upon(mesh: Model, network: Model) -> Model:
    """What the mesh says, upon a network that holds its own policies and those of Kubernetes as one."""
    own = (f for f in mesh.facts if not _of_network(f))
    beneath = (f for f in network.facts if _of_network(f) or _has_a_say(f))
    return replace(mesh, facts=(*own, *beneath))


def _of_network(fact: Fact) -> bool:
    return isinstance(fact, (Closed, Grant, Refusal)) and fact.layer is Layer.NETWORK


def _has_a_say(fact: Fact) -> bool:
    return isinstance(fact, Opaque) and Column.ACCESS in fact.may_touch
