"""Which clients have a proxy at all, and what leaves past it: there no policy of a mesh is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.access import Bypass, Direction
from ir.attachment import Scope, WorkloadPort
from ir.behaviour.lower import Lowering
from ir.inventory import SYSTEM
from ir.membership import Enrolment


@dataclass(frozen=True, slots=True)
class Proxies:
    """The clients of one side.

    ``without``: pods that are kept out of the mesh; ``past``: ports that are dialled past the proxy; ``joined``: the
    namespaces whose pods are in the mesh, none where the input does not show which; ``single``: pods that are in it by
    themselves; ``listed``: the namespaces that both sides show.
    """

    lowering: Lowering
    without: tuple[Bypass, ...]
    past: tuple[Bypass, ...]
    joined: frozenset[str]
    single: tuple[Enrolment, ...]
    listed: frozenset[str]

    def stand_by(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether pods with these labels have a proxy: none in Kubernetes' own namespaces, nor in one that has not joined."""
        shown = (self.joined or self.single) and namespace in self.listed
        if (shown or namespace in SYSTEM) and namespace not in self.joined:
            covers = self.lowering.covers_pod
            return any(covers(one.subject, namespace, labels) for one in self.single)
        return not any(self._covers(one, namespace, labels) for one in self.without)

    def let_by(self, namespace: str, labels: Mapping[str, str], port: int) -> bool:
        """Whether what goes to the port passes the proxy by."""
        return any(self._covers(one, namespace, labels) and _dials(one, port) for one in self.past)

    def about(self, namespace: str, labels: Mapping[str, str]) -> tuple[bool, ...]:
        """All that can be told of such pods."""
        own = (self._covers(one, namespace, labels) for one in self.past)
        return self.stand_by(namespace, labels), *own

    def _covers(self, fact: Bypass, namespace: str, labels: Mapping[str, str]) -> bool:
        return self.lowering.covers_pod(fact.attachment.subject, namespace, labels)


def proxies_of(lowering: Lowering, listed: frozenset[str]) -> Proxies:
    """What the facts of a model say of proxies; ``listed``: the namespaces that both sides show."""
    bypasses = [f for f in lowering.model.facts if isinstance(f, Bypass)]
    joined = [f for f in lowering.model.facts if isinstance(f, Enrolment) and f.enrolled.value]
    spaces = (f.subject.namespace for f in joined if f.subject.scope is Scope.NAMESPACE)
    return Proxies(
        lowering,
        tuple(f for f in bypasses if _is_whole(f)),
        tuple(f for f in bypasses if f.direction is Direction.OUTBOUND),
        frozenset(space.value for space in spaces if space is not None),
        tuple(f for f in joined if f.subject.scope is not Scope.NAMESPACE),
        listed,
    )


def _is_whole(fact: Bypass) -> bool:
    """Whether it keeps pods out of the mesh, not ports from a proxy."""
    at = fact.attachment
    return fact.direction is Direction.INBOUND and not (
        fact.object or at.ports or at.excluding_ports
    )


def _dials(fact: Bypass, port: int) -> bool:
    def meant(value: object) -> bool:
        return (
            isinstance(value, WorkloadPort)
            and isinstance(value.port, int)
            and value.covers(port, value.port)
        )

    at = fact.attachment
    if any(meant(own.value) for own in at.excluding_ports):
        return False
    return not at.ports or any(meant(own.value) for own in at.ports)
