"""Whose egress is limited in one way: the clients of a namespace, or all that have no policy of their own.

The target knows clients by their namespace only, and the networks of a namespace hide those for everybody
(linkerd2 policy-controller/k8s/index/src/outbound/index/egress_network.rs ``resolve_egress_network``, 2.20). Where the
workloads of a namespace may reach different things, all of them are held to what every one of them may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Scope
from ir.edge import EgressPolicy
from ir.provenance import Traced
from translator.exporters.egress.known import refuses

GLOBAL = "linkerd-egress"
"""The namespace whose networks hold for clients without one of their own (Helm ``egress.globalEgressNetworkNamespace``)."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Clients in the namespace ``at`` (absent: in all that have no zone) with the policies that are in force there.

    Where the policy of the mesh leaves a namespace out, a network there lets all out: else that of the mesh would hold.
    ``refuses``: what nobody declared does not pass. ``held``: policies whose workloads may reach less than before.
    """

    at: str | None
    policies: tuple[EgressPolicy, ...]
    refuses: bool
    held: tuple[EgressPolicy, ...] = ()

    @property
    def home(self) -> str:
        """The namespace of its networks."""
        return GLOBAL if self.at is None else self.at

    @property
    def filters(self) -> tuple[tuple[Traced[str], ...], ...]:
        """What each policy that refuses knows of, where that is not all."""
        return tuple(p.seen for p in self.policies if refuses(p) and p.seen)


def zones(policies: Sequence[EgressPolicy]) -> tuple[Zone, ...]:
    """The zones that need networks of their own; none where nothing is refused."""
    mesh = next((p for p in policies if p.attachment.subject.scope is Scope.MESH), None)
    wide = mesh is not None and refuses(mesh)
    found = tuple(_of_namespaces(policies, mesh if wide else None))
    if mesh is None or not wide:
        return found
    return (Zone(None, (mesh,), refuses=True), *found)


def _of_namespaces(policies: Sequence[EgressPolicy], mesh: EgressPolicy | None) -> Iterator[Zone]:
    spaces: dict[str, list[EgressPolicy]] = {}
    for policy in policies:
        space = policy.attachment.subject.namespace
        if space is not None:
            spaces.setdefault(space.value, []).append(policy)
    for one in () if mesh is None else mesh.attachment.subject.excluding:
        if one.scope is Scope.NAMESPACE and one.namespace is not None:
            spaces.setdefault(one.namespace.value, [])
    for at, own in sorted(spaces.items()):
        if not own and mesh is not None:
            yield Zone(at, (mesh,), refuses=False)
            continue
        whole = [p for p in own if p.attachment.subject.scope is Scope.NAMESPACE]
        some = [p for p in own if p.attachment.subject.scope is Scope.WORKLOADS]
        base = whole[0] if whole else mesh
        members = [*([] if base is None else [base]), *some]
        strict = [p for p in members if refuses(p)]
        if not strict:
            if mesh is not None:
                yield Zone(at, tuple(members), refuses=False)
            continue
        held = [p for p in own if p in strict and _differ(p, strict)]
        held.extend(p for p in own if p not in strict)
        yield Zone(at, tuple(members), refuses=True, held=tuple(held))


def _differ(policy: EgressPolicy, others: Sequence[EgressPolicy]) -> bool:
    """Whether another of the policies knows of other services."""
    mine = {host.value for host in policy.seen}
    return any({host.value for host in other.seen} != mine for other in others)


def mixed(zone: Zone) -> bool:
    """Whether workloads of the namespace that no policy names are held too."""
    scopes = [p.attachment.subject.scope for p in zone.policies]
    return zone.refuses and zone.at is not None and all(s is Scope.WORKLOADS for s in scopes)
