"""The pods that a rule is for."""

from __future__ import annotations

from collections.abc import Iterator

from ir.attachment import Scope, Subject
from ir.inventory import Inventory, meets
from ir.match import Labels, Part, Pattern, Presence, Test
from ir.provenance import Traced, absorb, trail
from translator.importers.cilium.model import Policy, Selection


class Strange(Exception):  # noqa: N818  # it carries a reason upwards
    """The pods of a rule cannot be told by namespace and label."""


def subjects_of(policy: Policy, chosen: Selection, inventory: Inventory) -> tuple[Subject, ...]:
    """The subjects of a rule; several where it names several namespaces.

    A policy of a namespace is for pods of that one, whatever its selector says
    (cilium/cilium pkg/k8s/apis/cilium.io/utils/utils.go ``getEndpointSelector``, 1.20).

    Raises:
        Strange: other parts of an identity are asked for.
    """
    tests = [t for t in chosen.tests if t.part is not Part.WORKLOAD_LABELS]
    spaces = _spaces(tests, inventory)
    if not policy.wide:
        home = policy.meta.namespace
        if spaces is not None and home.value not in [s.value for s in spaces]:
            return ()
        own = Traced(home.value, (), policy.meta.because)
        spent = () if spaces is None else tuple(s for s in spaces if s.value == home.value)
        return (_subject(policy, chosen, own.derive(own.value, *spent)),)
    if spaces is None:
        return (_subject(policy, chosen, None),)
    return tuple(_subject(policy, chosen, space) for space in spaces)


def _spaces(tests: list[Test], inventory: Inventory) -> tuple[Traced[str], ...] | None:
    """The namespaces that are asked for; ``None``: all."""
    found: tuple[Traced[str], ...] | None = None
    for test in tests:
        present = test.presence is None or test.presence.value is Presence.PRESENT
        if test.part is Part.NAMESPACE and present and not test.none_of:
            if test.any_of:
                own = tuple(
                    Traced(t.value.text, t.origin)
                    for t in test.any_of
                    if isinstance(t.value, Pattern)
                )
                found = own if found is None else tuple(_both(found, own))
        elif test.part is Part.NAMESPACE_LABELS and inventory.complete:
            own = tuple(
                Traced(name, t.origin)
                for t in test.any_of
                for name, space in sorted(inventory.namespaces.items())
                if isinstance(t.value, Labels) and meets(space.labels, t.value)
            )
            found = own if found is None else tuple(_both(found, own))
        else:
            raise Strange(f"pods that are chosen by their {test.part.value.replace('_', ' ')}")
    return found


def _both(one: tuple[Traced[str], ...], two: tuple[Traced[str], ...]) -> Iterator[Traced[str]]:
    for space in one:
        yield from (space.derive(space.value, other) for other in two if other.value == space.value)


def _subject(policy: Policy, chosen: Selection, space: Traced[str] | None) -> Subject:
    node = trail(f"pods of {policy.meta.key}", because=policy.meta.because)
    if chosen.labels is None:
        scope = Scope.MESH if space is None else Scope.NAMESPACE
        return Subject(scope=scope, namespace=space, trail=node)
    return Subject(scope=Scope.WORKLOADS, namespace=space, labels=chosen.labels, trail=absorb(node))
