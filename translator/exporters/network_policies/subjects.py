"""The pods that policies select: a NetworkPolicy is of one namespace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ir.attachment import Scope, Subject
from ir.coverage import may_meet
from ir.inventory import Inventory
from ir.match import Labels, Operator, Requirement
from ir.provenance import named

UNLISTED = "it is for pods of all namespaces, of which the input does not list all"
LATER = "it is for pods of namespaces that are added later too"
SOME = (UNLISTED, LATER)
"""Reasons why a policy holds for some of its pods alone, which are known all the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """Pods of one namespace: all of them, or those with labels."""

    subject: Subject

    @property
    def namespace(self) -> str:
        """Their namespace."""
        return "" if self.subject.namespace is None else self.subject.namespace.value

    @property
    def labels(self) -> Labels | None:
        """Their labels; none: all pods of the namespace."""
        return None if self.subject.labels is None else self.subject.labels.value

    @property
    def shown(self) -> str:
        """For messages."""
        words = ", ".join(
            f"{r.key}={r.values[0]}" if _is_equal(r) else f"{r.key} {r.operator} {r.values}"
            for r in (() if self.labels is None else self.labels.requirements)
        )
        return f"pods of the namespace {self.namespace}" + (f" with {words}" if words else "")

    @property
    def key(self) -> str:
        """By which places are told apart."""
        return f"{self.namespace} {self.labels}"

    def holds(self, other: Place) -> bool:
        """Whether all pods of the other are among these."""
        same = self.labels is None or self.labels == other.labels
        return self.namespace == other.namespace and same

    def may_meet(self, other: Place) -> bool:
        """Whether some pod may be among both: not where one label must have two values."""
        return may_meet(self.subject, other.subject)


def _is_equal(one: Requirement) -> bool:
    return one.operator is Operator.IN and len(one.values) == 1


def places_of(
    subject: Subject, inventory: Inventory, also: Iterable[str] = ()
) -> tuple[list[Place], str]:
    """The pods, namespace by namespace, and why not all of them can be said; empty where they can.

    ``also``: namespaces that the input knows besides those that it lists.
    """
    if any(one.scope is not Scope.NAMESPACE for one in subject.excluding):
        return [], "it is for some pods less others"
    if subject.scope in (Scope.NAMESPACE, Scope.WORKLOADS) and subject.namespace is not None:
        empty = subject.labels is not None and not subject.labels.value.requirements
        whole = replace(subject, labels=None) if empty else subject
        return [Place(_plain(whole))], ""
    if subject.scope not in (Scope.MESH, Scope.WORKLOADS):
        return [], "it is for no pods of their own"
    out = [one.namespace.value for one in subject.excluding if one.namespace is not None]
    pods = (w.namespace for w in inventory.workloads)
    spaces = sorted({*inventory.namespaces, *pods, *also} - set(out))
    found = [
        Place(_plain(replace(subject, namespace=named(space, subject.trail), excluding=())))
        for space in spaces
    ]
    return found, LATER if inventory.complete else UNLISTED


def _plain(subject: Subject) -> Subject:
    """The subject by the scope that a reader finds."""
    labels = subject.labels
    chosen = labels is not None and bool(labels.value.requirements)
    return replace(subject, scope=Scope.WORKLOADS if chosen else Scope.NAMESPACE)
