"""Pods that one policy can select, with the doors into them.

An AuthorizationPolicy selects pods by equal labels, and closes all their ports at once: so all that is said of the ports of
the same pods comes together here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from ir.access import Closed, Grant, GuardedRoutes
from ir.attachment import Attachment, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, Workload
from ir.match import Labels, Operator
from ir.model import Fact
from ir.provenance import Traced

Pods = tuple[str, tuple[tuple[str, str], ...]]
"""A namespace (empty: all) and the labels that its pods have."""

_MOST = 16
"""Policies that one selector may become."""


class Unnamed(Exception):  # noqa: N818  # carries a reason upwards
    """The pods, or their port, cannot be named."""


@dataclass(frozen=True, slots=True)
class Door:
    """A port of some pods with who comes in there; no port: those that have no door of their own.

    ``left``: the ports that it is not about. ``elsewhere``: pods that it does not hold for.
    """

    port: int | None
    closed: Closed
    grants: tuple[Grant, ...]
    guarded: GuardedRoutes | None
    left: tuple[int, ...] = ()
    elsewhere: tuple[Pods, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All that it is made of."""
        routes = () if self.guarded is None else (self.guarded,)
        return (self.closed, *self.grants, *routes)


@dataclass(slots=True)
class Territory:
    """The pods of one policy, and their doors."""

    pods: Pods
    doors: list[Door] = field(default_factory=list)

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that have a door, or that another object has one for."""
        own = {d.port for d in self.doors if d.port is not None}
        return tuple(sorted(own.union(*(set(d.left) for d in self.doors if d.port is None))))

    @property
    def rest(self) -> Door | None:
        """What holds for the other ports, where they are closed."""
        return next((door for door in self.doors if door.port is None), None)


def pods_of(subject: Subject, inventory: Inventory) -> tuple[Pods, ...]:
    """The pods of a subject by equal labels: those that it asks for, else those of the workloads that are listed.

    Raises:
        Unnamed: neither names them.
    """
    space = "" if subject.namespace is None else subject.namespace.value
    if subject.scope in (Scope.MESH, Scope.NAMESPACE):
        return ((space, ()),)
    if subject.scope is not Scope.WORKLOADS or subject.labels is None:
        message = "a policy selects pods by labels"
        raise Unnamed(message)
    spelled = _by_values(subject.labels.value)
    if spelled is not None:
        return tuple((space, one) for one in spelled)
    found = {
        tuple(sorted(w.labels.items()))
        for w in inventory.selected(space or None, subject.labels.value)
    }
    if not found or () in found:
        message = "a policy selects pods by equal labels, and no workload of the input has the labels that are asked for"
        raise Unnamed(message)
    return tuple((space, one) for one in sorted(found))


def _by_values(labels: Labels) -> list[tuple[tuple[str, str], ...]] | None:
    choices: list[list[tuple[str, str]]] = []
    for one in labels.requirements:
        if one.operator is not Operator.IN or not one.values:
            return None
        choices.append([(one.key, value) for value in one.values])
    found = [tuple(sorted(pick)) for pick in product(*choices)]
    return found if len(found) <= _MOST else None


def numbers(
    ports: Sequence[Traced[WorkloadPort | ServicePort]],
    subject: Subject,
    inventory: Inventory,
    pods: Pods | None = None,
) -> tuple[int, ...]:
    """The numbers of some ports of a subject; a port by name has those of ``pods``, as far as workloads of these are listed.

    Raises:
        Unnamed: a port has a name, and no workload of the input says which number that is.
    """
    found: set[int] = set()
    for port in ports:
        value = port.value
        if not isinstance(value, WorkloadPort):
            message = "it is about ports of a service"
            raise Unnamed(message)
        if isinstance(value.port, int):
            found.update(range(value.port, max(value.port, value.last) + 1))
            continue
        space = None if subject.namespace is None else subject.namespace.value
        labels = Labels() if subject.labels is None else subject.labels.value
        everywhere = inventory.selected(space, labels)
        if not _called(value.port, everywhere):
            message = f'no workload of the input has a port called "{value.port}"'
            raise Unnamed(message)
        listed = [w for w in everywhere if pods is None or within(pods_of_workload(w), pods)]
        found.update(_called(value.port, listed or everywhere))
    return tuple(sorted(found))


def _called(name: str, workloads: Iterable[Workload]) -> set[int]:
    return {number for w in workloads if (number := w.port_number(name)) is not None}


def having_by_name(at: Attachment, inventory: Inventory, pods: Pods) -> tuple[Pods, ...] | None:
    """Where a port by name is not one number on all workloads of some pods: the pods of each that has it."""
    names = [port.value.port for port in at.ports if isinstance(port.value.port, str)]
    listed = [w for w in inventory.workloads if within(pods_of_workload(w), pods)]
    said = [(w, [w.port_number(name) for name in names]) for w in listed]
    if all(numbers == said[0][1] for _, numbers in said):
        return None
    return tuple(dict.fromkeys(pods_of_workload(w) for w, numbers in said if any(numbers)))


def held_by_others(door: Door, pods: Pods, inventory: Inventory) -> bool:
    """Whether a door is not about any of some pods: about none at all, or about none of the workloads that are listed."""
    own = [pods_of_workload(w) for w in inventory.workloads]
    listed = [one for one in own if within(one, pods)] or [pods]
    return all(any(within(one, other) for other in door.elsewhere) for one in listed)


def pods_of_workload(workload: Workload) -> Pods:
    """The pods with all the labels by which those of a workload are known to the target."""
    return workload.namespace, tuple(sorted(workload.lasting.items()))


def overlap(one: Pods, other: Pods) -> bool:
    """Whether a pod may be of both."""
    if one[0] and other[0] and one[0] != other[0]:
        return False
    mine = dict(one[1])
    return all(mine.get(key, value) == value for key, value in other[1])


def within(one: Pods, other: Pods) -> bool:
    """Whether every pod of the first is of the second."""
    return other[0] in ("", one[0]) and set(other[1]) <= set(one[1])


def shadows(subject: Subject, inventory: Inventory) -> Iterator[Pods]:
    """The pods that a subject leaves to others, as far as they can be named."""
    for narrower in subject.excluding:
        try:
            yield from pods_of(narrower, inventory)
        except Unnamed:
            continue


def key_of(attachment: Attachment) -> str:
    """What makes two attachments the same."""
    return str(
        (
            _subject(attachment.subject),
            [_subject(s) for s in attachment.subject.excluding],
            [p.value for p in attachment.ports],
            [p.value for p in attachment.excluding_ports],
        )
    )


def _subject(subject: Subject) -> Sequence[object]:
    return [
        subject.scope,
        *(v and v.value for v in (subject.namespace, subject.name, subject.labels)),
    ]


def spoken(pods: Pods) -> str:
    """The pods in words."""
    labels = ", ".join(f"{key}={value}" for key, value in pods[1])
    return f"{pods[0] or 'the mesh'} {labels}".strip()
