"""Pods that are not in the input, made up for the rules that speak of them, so that those are compared too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, islice

from ir.attachment import Attachment, Scope, Subject
from ir.behaviour.lower import Lowering
from ir.behaviour.rulings import is_ruling
from ir.inventory import Workload, inventory
from ir.match import Labels, Operator
from ir.model import Model

MADE_UP = (
    "rules for pods that are not in the input are compared on pods made up for them, one for each selector and for each "
    "two selectors of a namespace together"
)
"""What is taken for granted where there are any."""

_MOST = 200
"""Pods that are made up in one namespace at most."""

_ANYWHERE = "anywhere"

Chosen = tuple[str, tuple[tuple[str, str], ...]]
"""A namespace and the labels of a pod."""


def with_standins(before: Model, after: Model) -> tuple[Model, Model, bool]:
    """Both models with the same pods added where rules speak of none that is listed; and whether there are any."""
    lowered = Lowering(before), Lowering(after)
    chosen = dict.fromkeys(
        one for own, other in (lowered, lowered[::-1]) for one in _chosen(own, other)
    )
    pods = tuple(_pod(*one) for one in sorted({*chosen, *_together(chosen)}))
    if not pods:
        return before, after, False
    first, second = (_with(model, pods) for model in (before, after))
    return first, second, True


def _with(model: Model, pods: tuple[Workload, ...]) -> Model:
    own = model.inventory
    workloads = (*own.workloads, *pods)
    listed = inventory(
        own.namespaces.values(), own.services.values(), workloads, complete=own.complete
    )
    return replace(model, inventory=listed)


def _chosen(own: Lowering, other: Lowering) -> Iterator[Chosen]:
    """A pod for each subject that covers none of those that are listed."""
    listed = (*own.inventory.workloads, *other.inventory.workloads)
    for fact in own.model.facts:
        attachment = getattr(fact, "attachment", None)
        if isinstance(attachment, Attachment) and is_ruling(fact):
            subject = attachment.subject
            if not any(own.covers(subject, workload) for workload in listed):
                pod = _like(subject, own)
                if pod is not None and own.covers_pod(subject, pod[0], dict(pod[1])):
                    yield pod


def _like(subject: Subject, lowering: Lowering) -> Chosen | None:
    """A pod that the subject may cover."""
    space = _ANYWHERE if subject.namespace is None else subject.namespace.value
    match subject.scope:
        case Scope.MESH | Scope.NAMESPACE:
            return space, ()
        case Scope.WORKLOADS:
            return space, _labels(None if subject.labels is None else subject.labels.value)
        case Scope.SERVICE:
            name = "" if subject.name is None else subject.name.value
            service = lowering.inventory.service(space, name)
            return None if service is None else (space, tuple(sorted(service.selector.items())))
        case Scope.LISTENER | Scope.EGRESS:
            return None


def _labels(selector: Labels | None) -> tuple[tuple[str, str], ...]:
    """Labels that meet the selector, as far as it says what there must be."""
    found: dict[str, str] = {}
    for one in () if selector is None else selector.requirements:
        if one.operator in (Operator.IN, Operator.EXISTS):
            found[one.key] = one.values[0] if one.values else "any"
    return tuple(sorted(found.items()))


def _together(chosen: Iterable[Chosen]) -> Iterator[Chosen]:
    """Pods that two selectors choose."""
    by_space: dict[str, list[Mapping[str, str]]] = {}
    for space, labels in chosen:
        if labels:
            by_space.setdefault(space, []).append(dict(labels))
    for space, held in by_space.items():
        pairs = (
            {**one, **two}
            for one, two in combinations(held, 2)
            if all(two.get(key, value) == value for key, value in one.items())
        )
        yield from ((space, tuple(sorted(pair.items()))) for pair in islice(pairs, _MOST))


def _pod(space: str, labels: tuple[tuple[str, str], ...]) -> Workload:
    called = "-".join(f"{key.rpartition('/')[2]}-{value}" for key, value in labels) or "any"
    return Workload(
        kind="Pod",
        namespace=space,
        name=f"(not listed) {called}",
        labels=dict(labels),
        annotations={},
        service_account="default",
        ports=(),
        probes=(),
    )
