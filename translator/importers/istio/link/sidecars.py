"""Sidecars together, and the mode of the mesh: what the proxies of whom know of, and what of the rest they let out.

istio/istio pilot/pkg/model/sidecar.go ``convertToSidecarScope`` and push_context.go ``getSidecarScope``, 1.31: a proxy
takes the oldest Sidecar of its namespace whose selector meets it, else the oldest without a selector, else that of the
root namespace, as a whole. Without ``outboundTrafficPolicy`` the mode is that of the mesh. ``./`` is the namespace of
the Sidecar, for that of the root namespace the one of the proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.coverage import may_meet
from ir.edge import EgressPolicy, UnknownEgress
from ir.model import Fact, Inactive
from ir.opaque import Intent, Opaque
from ir.provenance import Traced, absorb, named, trail
from translator.api import Options
from translator.importers.istio.envoy.intent import TOUCHES
from translator.importers.istio.link.visibility import by_age
from translator.importers.istio.model import MeshConfig
from translator.importers.istio.model.egress import Sidecar
from translator.importers.linked import AGE, Linked

REFUSING = "REGISTRY_ONLY"
_OLDER = "an older Sidecar of the same scope counts"
_REPLACED = "each Sidecar that there is says so itself, that of the root namespace for all others"


def opaque(kind: str, intent: Intent, where: Attachment | None, node: Traced[str]) -> Opaque:
    """A piece that is not looked into."""
    return Opaque(attachment=where, kind=kind, intent=intent, may_touch=TOUCHES[intent], trail=node)


@dataclass(frozen=True, slots=True)
class _Heeded:
    """A Sidecar that counts, whom it is for, and whether its age decided that."""

    sidecar: Sidecar
    subject: Subject
    contested: bool


def link_sidecars(sidecars: Sequence[Sidecar], config: MeshConfig, options: Options) -> Linked:
    """What proxies let out, and the Sidecars that do not count."""
    known = all(one.created.value for one in sidecars)
    order = sorted(sidecars, key=lambda s: by_age(s.created if known else Traced(""), s.meta))
    first: dict[tuple[str, str], Sidecar] = {}
    idle: list[Inactive] = []
    for one in order:
        scope = "" if one.selector is None else str(one.selector.value)
        winner = first.setdefault((one.meta.namespace.value, scope), one)
        if winner is not one:
            idle.append(Inactive(leaves=_leaves(one), winner=winner.meta.key, why=_OLDER))
    heeded = _heeded(list(first.values()), options)
    mode = _refusing(config)
    facts = [fact for one in heeded for fact in _of_sidecar(one, mode)]
    facts.extend(_of_mesh(mode, heeded))
    if mode is not None and not any(mode.origin == _origin(f) for f in facts):
        idle.append(Inactive(leaves=mode.origin, winner=_root(heeded), why=_REPLACED))
    aged = idle or any(one.contested for one in heeded)
    return Linked(tuple(facts), tuple(idle), (), (AGE,) if aged and not known else ())


def _refusing(config: MeshConfig) -> Traced[UnknownEgress] | None:
    mode = config.outbound_mode
    return mode.map(_refuse) if mode is not None and mode.value == REFUSING else None


def _refuse(word: str) -> UnknownEgress:
    del word
    return UnknownEgress.REFUSE


def _origin(fact: Fact) -> tuple[int, ...] | None:
    written = fact.unknown if isinstance(fact, EgressPolicy) else None
    return None if written is None else written.origin


def _root(heeded: Sequence[_Heeded]) -> str:
    return next((one.sidecar.meta.key for one in heeded if one.subject.scope is Scope.MESH), "")


def _leaves(one: Sidecar) -> tuple[int, ...]:
    values = (one.trail, one.selector, one.unknown, one.through, one.ports, *one.seen)
    return tuple(sorted({leaf for v in values if v is not None for leaf in v.origin}))


def _of_mesh(mode: Traced[UnknownEgress] | None, heeded: Sequence[_Heeded]) -> Iterator[Fact]:
    """What the configuration of the mesh says for proxies that no Sidecar is for."""
    if mode is None or _root(heeded):
        return
    subject = Subject(
        scope=Scope.MESH,
        excluding=tuple(_shadow(one.subject) for one in heeded),
        trail=trail("the mesh", because=mode.because),
    )
    yield EgressPolicy(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        unknown=mode,
        trail=trail("egress of the mesh", because=mode.origin),
    )


def _of_sidecar(one: _Heeded, mode: Traced[UnknownEgress] | None) -> Iterator[Fact]:
    sidecar = one.sidecar
    where = Attachment(subject=one.subject, enforced_at=EnforcedAt.CLIENT)
    if sidecar.ports is not None:
        server = replace(where, enforced_at=EnforcedAt.SERVER)
        yield opaque("Sidecar", Intent.CAPTURE, server, sidecar.ports)
    yield EgressPolicy(
        attachment=where,
        unknown=sidecar.unknown or mode,
        through=sidecar.through,
        seen=tuple(_host(host, one) for host in sidecar.seen),
        trail=absorb(sidecar.trail, sidecar.created) if one.contested else sidecar.trail,
    )


def _host(host: Traced[str], one: _Heeded) -> Traced[str]:
    """The host with the namespace that ``./`` stands for, where that is one."""
    without, _, name = host.value.partition("/")
    if one.subject.scope is Scope.MESH or without not in (".", "~."):
        return host
    space = one.sidecar.meta.namespace
    return Traced(f"{without[:-1]}{space.value}/{name}", host.origin, space.because)


_RANK = {Scope.MESH: 0, Scope.NAMESPACE: 1, Scope.WORKLOADS: 2}


def _heeded(sidecars: Sequence[Sidecar], options: Options) -> list[_Heeded]:
    """The Sidecars, the oldest first, each with the workloads that no other replaces it for."""
    plain = [_scope(one, options) for one in sidecars]
    found: list[_Heeded] = []
    for place, (one, subject) in enumerate(zip(sidecars, plain, strict=True)):
        others = [
            other
            for number, other in enumerate(plain)
            if _goes_before(other, subject, older=number < place)
        ]
        alike = [
            o
            for o in plain
            if o is not subject and _same_place(o, subject) and may_meet(o, subject)
        ]
        narrowed = replace(subject, excluding=tuple(_shadow(other) for other in others))
        found.append(_Heeded(one, narrowed, bool(alike)))
    return found


def _same_place(one: Subject, other: Subject) -> bool:
    """Whether two are for workloads of one namespace, so that the older has those that both select."""
    both = one.scope is other.scope is Scope.WORKLOADS
    return both and _space(one) == _space(other)


def _goes_before(one: Subject, other: Subject, *, older: bool) -> bool:
    """Whether the first has the workloads that both are for."""
    if _same_place(one, other):
        return older
    narrower = _RANK[one.scope] > _RANK[other.scope]
    return narrower and (other.scope is Scope.MESH or _space(one) == _space(other))


def _space(subject: Subject) -> str:
    return "" if subject.namespace is None else subject.namespace.value


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
        excluding=(),
        trail=trail("exception"),
    )
