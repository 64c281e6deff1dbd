"""Pods that the input does not list, made from what it says of them: the selector of a policy, or of a Service.

Their ports are those that Services and rules name; their labels are taken to be those of the selector. So a policy whose
pods are deployed elsewhere still becomes something that can be applied; what nobody can know (other ports, the pods'
default) is reported by whoever uses a stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Grant, Refusal
from ir.attachment import Attachment, Scope, WorkloadPort
from ir.coverage import covers
from ir.inventory import (
    ContainerPort,
    Inventory,
    Workload,
    contains,
    inventory,
)
from ir.match import Labels, Operator, Part, Pattern, Requirement
from ir.model import Fact
from ir.provenance import Assumption

KIND = "Pods"
"""The kind of a stand-in, where a listed workload has that of its object."""

_USUAL = ("app", "app.kubernetes.io/name", "k8s-app")

LABELS = Assumption(
    "pods of policies",
    "pods that the input does not list carry the labels of the selector that a policy or a Service names them by, "
    "and of no other selector of the input",
)


def with_standins(rulings: Sequence[Fact], known: Inventory) -> Inventory:
    """The inventory with a stand-in for each Service and each policy whose pods are not listed."""
    found = list(_of_services(known))
    for attachment in map(_attachment, rulings):
        labels = _plain(attachment)
        space = attachment.subject.namespace
        if labels and space is not None:
            names = {one.name for one in found if one.namespace == space.value}
            own = _standin(space.value, labels, _name(labels, names), _leaves(attachment))
            if not any(_same(own, w) for w in (*known.workloads_in(space.value), *found)):
                found.append(own)
    found = [_with_ports(one, rulings, known) for one in found]
    found = [one for one in found if _tellable(one, found, known)]
    return inventory(
        known.namespaces.values(),
        known.services.values(),
        (*known.workloads, *found),
        complete=known.complete,
    )


def is_standin(workload: Workload) -> bool:
    """Whether the workload is one that the input does not list."""
    return workload.kind == KIND


def _attachment(ruling: Fact) -> Attachment:
    return ruling.attachment  # type: ignore[union-attr, return-value]  # rulings have one


def _leaves(attachment: Attachment) -> tuple[int, ...]:
    labels = attachment.subject.labels
    return () if labels is None else labels.origin


def _plain(attachment: Attachment) -> dict[str, str]:
    """The labels of a selector that asks for equal labels only."""
    subject = attachment.subject
    if subject.scope is not Scope.WORKLOADS or subject.labels is None:
        return {}
    asked = subject.labels.value.requirements
    if any(r.operator is not Operator.IN or len(r.values) != 1 for r in asked):
        return {}
    return {r.key: r.values[0] for r in asked}


def _of_services(known: Inventory) -> Iterator[Workload]:
    for _, service in sorted(known.services.items()):
        if service.selector and not known.endpoints(service):
            own = _standin(service.namespace, dict(service.selector), service.name, service.leaves)
            yield own


def _standin(
    namespace: str, labels: dict[str, str], name: str, leaves: tuple[int, ...]
) -> Workload:
    return Workload(
        kind=KIND,
        namespace=namespace,
        name=name,
        labels=labels,
        annotations={},
        service_account="",
        ports=(),
        probes=(),
        leaves=leaves,
    )


def _name(labels: dict[str, str], taken: set[str]) -> str:
    """The usual label that names an application, else the first; with all of them where that is taken."""
    usual = [labels[key] for key in _USUAL if labels.get(key)]
    name = next(iter(usual or [labels[key] for key in sorted(labels)])) or "pods"
    return name if name not in taken else "-".join(f"{k}-{labels[k]}" for k in sorted(labels))


def _same(own: Workload, other: Workload) -> bool:
    """Whether another workload is what the selector of ``own`` is about."""
    return own.namespace == other.namespace and contains(other.labels, own.labels)


def _with_ports(own: Workload, rulings: Sequence[Fact], known: Inventory) -> Workload:
    """The stand-in with the ports that rules about it name, and names of ports that its Services use by number."""
    numbers: set[int] = set()
    for ruling in rulings:
        if covers(_attachment(ruling).subject, own, known):
            numbers.update(_named(ruling))
    return replace(own, ports=tuple(ContainerPort("", n) for n in sorted(numbers)))


def _named(ruling: Fact) -> Iterator[int]:
    attachment = _attachment(ruling)
    for port in (*attachment.ports, *attachment.excluding_ports):
        if isinstance(port.value, WorkloadPort) and isinstance(port.value.port, int):
            yield port.value.port
    if isinstance(ruling, (Grant, Refusal)):
        tests = [*(t for a in ruling.requests for t in a.tests), *ruling.always]
        for test in tests:
            for term in (*test.any_of, *test.none_of):
                text = term.value.text if isinstance(term.value, Pattern) else ""
                if test.part is Part.PORT and text.isdigit():
                    yield int(text)


def _tellable(own: Workload, others: Sequence[Workload], known: Inventory) -> bool:
    """Whether a selector can name its pods without naming those of others too."""
    return all(
        len(other.labels) - len(own.labels) <= 1
        for other in (*known.workloads_in(own.namespace), *others)
        if other is not own and _same(own, other)
    )


def selector_of(own: Workload, known: Inventory) -> Labels:
    """The labels of a stand-in, less the pods of others that have them too and one label more."""
    requirements = [
        Requirement(key, Operator.IN, (value,)) for key, value in sorted(own.labels.items())
    ]
    more: dict[str, set[str]] = {}
    for other in known.workloads_in(own.namespace):
        if other is not own and _same(own, other):
            for key in other.lasting.keys() - own.labels.keys():
                more.setdefault(key, set()).add(other.lasting[key])
    requirements += [
        Requirement(key, Operator.NOT_IN, tuple(sorted(values)))
        for key, values in sorted(more.items())
    ]
    return Labels(tuple(requirements))


def own_labels(workload: Workload, inventory: Inventory) -> Labels:
    """A selector for exactly this workload.

    Its labels, and for each other workload that has them all too, one label that this one lacks. Labels that go with the
    source's mesh select nothing once they are gone.
    """
    labels = workload.lasting
    requirements = [
        Requirement(key, Operator.IN, (value,)) for key, value in sorted(labels.items())
    ]
    absent: set[str] = set()
    for other in inventory.workloads_in(workload.namespace):
        more = {k for k in other.lasting if k not in labels}
        if other.key != workload.key and more and labels.items() <= other.lasting.items():
            absent.add(min(more))
    requirements += [Requirement(key, Operator.DOES_NOT_EXIST) for key in sorted(absent)]
    return Labels(tuple(requirements))


__all__ = ["KIND", "LABELS", "is_standin", "own_labels", "selector_of", "with_standins"]
