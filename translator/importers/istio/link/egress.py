"""What is outside, and who may reach what nobody declared.

istio/istio pilot/pkg/model/sidecar.go ``getSidecarScope`` and push_context.go, 1.31: a Sidecar with a selector, else the
oldest of the namespace without one, else that of the root namespace, as a whole; what it leaves out comes from the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Resolution
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.opaque import Intent, Opaque
from ir.provenance import Traced, named, silent, trail
from translator.api import Options
from translator.importers.istio.defaults import silence
from translator.importers.istio.envoy.intent import TOUCHES
from translator.importers.istio.link.mesh_config import exported, mesh_config
from translator.importers.istio.link.visibility import audience_of, visibility_of
from translator.importers.istio.model import Statement
from translator.importers.istio.model.egress import (
    ServiceEntry,
    Sidecar,
    WorkloadEntry,
    WorkloadGroup,
)
from translator.importers.linked import AGE, Linked


def link_egress(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """External services and workloads, and what the Sidecars say of egress."""
    del inventory
    config = mesh_config(statements)
    facts: list[Fact] = []
    for one in statements:
        match one:
            case ServiceEntry():
                facts.append(_service(one, config.service_export_to, options))
            case WorkloadEntry():
                facts.append(_workload(one))
            case WorkloadGroup():
                facts.append(_opaque("WorkloadGroup", Intent.REGISTRATION, None, one.trail))
            case _:
                pass
    heeded, idle = _heeded([s for s in statements if isinstance(s, Sidecar)])
    facts.extend(fact for sidecar in heeded for fact in _of_sidecar(sidecar, heeded, options))
    return Linked(tuple(facts), tuple(idle), (), (AGE,) if idle else ())


def _service(
    entry: ServiceEntry, default: Sequence[Traced[str]], options: Options
) -> ExternalService:
    meta = entry.meta
    seen = visibility_of(entry.export_to or exported(default), meta)
    node = entry.trail
    where = silence(
        options, "ServiceEntry.spec.location", "reference/config/networking/service-entry/"
    )
    how = silence(
        options, "ServiceEntry.spec.resolution", "reference/config/networking/service-entry/"
    )
    return ExternalService(
        name=Traced(f"{meta.namespace.value}/{meta.name.value}", (), meta.because),
        audience=audience_of(seen, meta),
        hosts=entry.hosts,
        addresses=entry.addresses,
        ports=entry.ports,
        resolution=entry.resolution or silent(Resolution.ORIGINAL, how, *meta.because),
        internal=entry.internal or silent(False, where, *meta.because),  # a value
        endpoints=entry.endpoints,
        workloads=entry.workloads,
        subject_names=entry.subject_names,
        trail=node,
    )


def _workload(entry: WorkloadEntry) -> ExternalWorkload:
    return ExternalWorkload(
        name=Traced(entry.meta.name.value, (), entry.meta.because),
        namespace=Traced(entry.meta.namespace.value, (), entry.meta.because),
        endpoint=entry.endpoint,
        trail=entry.trail,
    )


def _opaque(kind: str, intent: Intent, where: Attachment | None, node: Traced[str]) -> Opaque:
    return Opaque(attachment=where, kind=kind, intent=intent, may_touch=TOUCHES[intent], trail=node)


def _heeded(sidecars: Sequence[Sidecar]) -> tuple[list[Sidecar], list[Inactive]]:
    """The Sidecars that count: of several for the same workloads the first by name."""
    first: dict[tuple[str, str], Sidecar] = {}
    idle: list[Inactive] = []
    for one in sorted(sidecars, key=lambda s: (s.meta.namespace.value, s.meta.name.value)):
        scope = "" if one.selector is None else str(one.selector.value)
        winner = first.setdefault((one.meta.namespace.value, scope), one)
        if winner is not one:
            why = "an older Sidecar of the same scope counts"
            idle.append(Inactive(leaves=_leaves(one), winner=winner.meta.key, why=why))
    return list(first.values()), idle


def _leaves(one: Sidecar) -> tuple[int, ...]:
    values = (one.trail, one.selector, one.unknown, one.through, one.ports, *one.seen)
    return tuple(sorted({leaf for v in values if v is not None for leaf in v.origin}))


def _of_sidecar(one: Sidecar, others: Sequence[Sidecar], options: Options) -> Iterator[Fact]:
    subject = _subject(one, others, options)
    where = Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT)
    if one.ports is not None:
        server = replace(where, enforced_at=EnforcedAt.SERVER)
        yield _opaque("Sidecar", Intent.CAPTURE, server, one.ports)
    yield EgressPolicy(
        attachment=where,
        unknown=one.unknown,
        through=one.through,
        seen=one.seen,
        trail=one.trail,
    )


def _subject(one: Sidecar, others: Sequence[Sidecar], options: Options) -> Subject:
    """The workloads that no Sidecar of a narrower scope replaces it for."""
    plain = _scope(one, options)
    rank = _RANK[plain.scope]
    narrower = (
        _shadow(_scope(other, options))
        for other in others
        if _RANK[_scope(other, options).scope] > rank
        and (plain.scope is Scope.MESH or other.meta.namespace.value == one.meta.namespace.value)
    )
    return replace(plain, excluding=tuple(narrower))


_RANK = {Scope.MESH: 0, Scope.NAMESPACE: 1, Scope.WORKLOADS: 2}


def _scope(one: Sidecar, options: Options) -> Subject:
    node = trail(f"subject of {one.meta.key}", because=one.meta.because)
    if one.selector is not None:
        return Subject(
            scope=Scope.WORKLOADS,
            namespace=one.meta.namespace,
            labels=one.selector,
            trail=node,
        )
    if one.meta.namespace.value == options.root_namespace:
        return Subject(scope=Scope.MESH, trail=node)
    return Subject(scope=Scope.NAMESPACE, namespace=one.meta.namespace, trail=node)


def _shadow(subject: Subject) -> Subject:
    """The subject as an exception of a wider one: it is named there, its meaning stays with its own fact."""
    space, labels = subject.namespace, subject.labels
    return Subject(
        scope=subject.scope,
        namespace=None if space is None else named(space.value, space),
        labels=None if labels is None else named(labels.value, labels),
        trail=trail("exception"),
    )
