"""What holds on ports that no server names: the default of a pod, or of its namespace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import merge
from operator import itemgetter

from ir.access import (
    Closed,
    Grant,
    Refusal,
)
from ir.attachment import Attachment, Scope
from ir.coverage import covers, covers_undeclared
from ir.inventory import Workload
from ir.membership import Enrolment
from ir.model import Fact, Model
from translator.exporters.linkerd.legalise import remarks
from translator.exporters.linkerd.legalise.course import (
    Pass,
    attachment_of,
    is_demanded,
)
from translator.exporters.linkerd.legalise.doors import Carver
from translator.exporters.linkerd.legalise.reach import speaks
from translator.exporters.ports import (
    without_proxy,
)


def write_namespaces(filed: Filed, state: Pass) -> None:
    """Writes the default of a namespace where it says the same for all of its pods."""
    joined = _joined(state.model)
    for name, namespace in sorted(state.model.inventory.namespaces.items()):
        rulings = filed.near(name)
        wide = [r for r in rulings if _covers_namespace(attachment_of(r), name)]
        whole = [r for r in wide if covers_undeclared(attachment_of(r))]
        default = default_of(whole)
        if not default or not namespace.leaves or not any(speaks(r) for r in whole):
            continue
        pods = [
            w
            for w in state.model.inventory.workloads_in(name)
            if not w.host_network and not without_proxy(state.past, w, state.inventory)
        ]
        if any(default_of(everywhere_of(rulings, w, state)) != default for w in pods):
            continue
        if not pods and joined and name not in joined:
            continue
        if not pods:
            granted = any(isinstance(r, Grant) for r in rulings)
            closed = any(isinstance(r, Closed) for r in whole) and not granted
            state.legal.losses.extend(
                remarks.unknown_pods(name, whole, shut=default == "deny" and not closed)
            )
        state.settled[name] = default
        state.told.spoken.update(id(r) for r in whole if not isinstance(r, Grant))
        state.legal.facts.append(Carver.of_namespace(namespace, whole, default))


def _joined(model: Model) -> frozenset[str]:
    """The namespaces whose pods are in the mesh, so far as any says so."""
    return frozenset(
        f.subject.namespace.value
        for f in model.facts
        if isinstance(f, Enrolment)
        and f.enrolled.value
        and f.subject.scope is Scope.NAMESPACE
        and f.subject.namespace is not None
    )


def _covers_namespace(attachment: Attachment, name: str) -> bool:
    """Whether a fact holds for all pods of a namespace, whatever their labels."""
    subject = attachment.subject
    out = [s.namespace.value for s in subject.excluding if s.namespace is not None]
    match subject.scope:
        case Scope.MESH:
            return name not in out
        case Scope.NAMESPACE:
            return subject.namespace is not None and subject.namespace.value == name and not out
        case _:
            return False


def everywhere_of(rulings: Iterable[Fact], workload: Workload, state: Pass) -> list[Fact]:
    """The rulings about a workload that hold on ports which nobody declared too."""
    return [
        r
        for r in rulings
        if covers(attachment_of(r).subject, workload, state.inventory)
        and covers_undeclared(attachment_of(r))
        and attachment_of(r).subject.scope is not Scope.SERVICE
    ]


def default_of(everywhere: Sequence[Fact]) -> str:
    """What must hold on ports that no server names: ``deny``, ``all-authenticated``, or nothing."""
    if any(isinstance(r, (Closed, Refusal)) for r in everywhere):
        return "deny"
    return "all-authenticated" if is_demanded(everywhere) else ""


class Filed:
    """Rulings by the namespace that they are about."""

    def __init__(self, rulings: Sequence[Fact]) -> None:
        self._near: dict[str, list[tuple[int, Fact]]] = {}
        self._wide: list[tuple[int, Fact]] = []
        for place, ruling in enumerate(rulings):
            subject = attachment_of(ruling).subject
            if subject.scope is Scope.MESH or subject.namespace is None:
                self._wide.append((place, ruling))
            else:
                self._near.setdefault(subject.namespace.value, []).append((place, ruling))

    def near(self, namespace: str) -> tuple[Fact, ...]:
        """Those that may be about workloads of the namespace, in their order."""
        both = merge(self._wide, self._near.get(namespace, ()), key=itemgetter(0))
        return tuple(ruling for _, ruling in both)
