"""PeerAuthentications together: workload before namespace before mesh, the oldest within a level.

istio/istio pilot/pkg/security/authn/policy_applier.go ``ComposePeerAuthentication``, 1.31: of all policies whose
selector fits a pod the oldest alone counts, whatever the others select; ``UNSET`` inherits; ports are heeded where there
is a selector only; a selector in the root namespace holds nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import MtlsMode, PeerMtls
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import Traced, Trail, absorb, named, trail
from translator.api import Options
from translator.importers.istio.defaults import silent_facts
from translator.importers.istio.link.visibility import by_age
from translator.importers.istio.model import PeerAuthentication, Statement
from translator.importers.linked import AGE, Linked

_MODES = {
    "DISABLE": MtlsMode.OFF,
    "PERMISSIVE": MtlsMode.OPTIONAL,
    "STRICT": MtlsMode.DEMANDED,
}
_NOWHERE = "a selector in the root namespace holds in no namespace"
_NO_SELECTOR = "ports are heeded only where there is a selector"
_OLDER = "an older policy of the same scope counts"
_SILENT = "it says nothing of its own and inherits"

Port = Traced[WorkloadPort | ServicePort]


@dataclass(frozen=True, slots=True)
class _Region:
    """The pods that a policy counts for: those of its selector, less those of older ones."""

    policy: PeerAuthentication
    subject: Subject


@dataclass(slots=True)
class _Levels:
    """The policies that count; of ``pods`` the oldest first."""

    mesh: PeerAuthentication | None = None
    spaces: dict[str, PeerAuthentication] = field(default_factory=dict)
    pods: dict[str, list[_Region]] = field(default_factory=dict)
    inactive: list[Inactive] = field(default_factory=list)


def link_mtls(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """One fact for each level that says a mode, less the narrower ones that replace it there."""
    del inventory
    policies = [s for s in statements if isinstance(s, PeerAuthentication)]
    known = all(policy.created.value for policy in policies)
    blank = Traced("")
    policies.sort(key=lambda p: by_age(p.created if known else blank, p.meta))
    levels = _levels(policies, options)
    defaults = silent_facts(options)
    (silent,) = (fact for fact in defaults if isinstance(fact, PeerMtls))
    facts, narrower = _of_levels(levels, silent)
    facts.extend(_without(f, narrower) if isinstance(f, PeerMtls) else f for f in defaults)
    guessed = not known and any(one.winner for one in levels.inactive)
    return Linked(tuple(facts), tuple(levels.inactive), (), (AGE,) if guessed else ())


def _levels(policies: Sequence[PeerAuthentication], options: Options) -> _Levels:
    found = _Levels()
    for policy in policies:
        home = policy.meta.namespace.value
        root = home == options.root_namespace
        if policy.selector is not None:
            if root:
                found.inactive.append(_idle(policy, "", _NOWHERE))
            else:
                _add(policy, found.pods.setdefault(home, []), found.inactive)
            continue
        first = found.mesh if root else found.spaces.get(home)
        if first is not None:
            found.inactive.append(_idle(policy, first.meta.key, _OLDER))
            continue
        if root:
            found.mesh = policy
        else:
            found.spaces[home] = policy
        if policy.ports and _says(policy.mode):
            found.inactive.append(_inert(tuple(mode for _, mode in policy.ports), _NO_SELECTOR))
        elif not _says(policy.mode):
            found.inactive.append(_idle(policy, "", _SILENT))
    return found


def _add(policy: PeerAuthentication, regions: list[_Region], inactive: list[Inactive]) -> None:
    """Adds a policy to the older ones of its namespace."""
    asked = set() if policy.selector is None else set(policy.selector.value.requirements)
    for older in regions:
        labels = older.subject.labels
        if labels is not None and set(labels.value.requirements) <= asked:
            inactive.append(_idle(policy, older.policy.meta.key, _OLDER))
            return
    subject = Subject(
        scope=Scope.WORKLOADS,
        namespace=policy.meta.namespace,
        labels=policy.selector,
        excluding=tuple(replace(_shadow(older.subject), excluding=()) for older in regions),
        trail=trail(f"subject of {policy.meta.key}", because=policy.meta.because),
    )
    regions.append(_Region(policy, subject))
    if not _says(policy.mode) and not any(_says(mode) for _, mode in policy.ports):
        inactive.append(_idle(policy, "", _SILENT))


def _of_levels(levels: _Levels, silent: PeerMtls) -> tuple[list[Fact], list[Subject]]:
    """The facts, narrow ones first, and the subjects that they speak of."""
    facts: list[Fact] = []
    narrower: list[Subject] = []
    wide = () if levels.mesh is None else (levels.mesh,)
    for home, regions in sorted(levels.pods.items()):
        own = levels.spaces.get(home)
        above = [p for p in (own, levels.mesh) if p is not None and _says(p.mode)]
        for region in regions:
            made = tuple(_of_pods(region, above[0] if above else None, silent))
            facts.extend(made)
            if made:
                narrower.append(region.subject)
    pods = tuple(narrower)
    for home, policy in sorted(levels.spaces.items()):
        if _says(policy.mode):
            where = [s for s in pods if s.namespace is not None and s.namespace.value == home]
            subject = _subject(policy, Scope.NAMESPACE)
            facts.append(_without(_mode(policy, subject), where))
            narrower.append(subject)
    for policy in wide:
        if _says(policy.mode):
            subject = _subject(policy, Scope.MESH)
            facts.append(_without(_mode(policy, subject), narrower))
            narrower.append(subject)
    return facts, narrower


def _says(mode: Traced[str] | None) -> bool:
    return mode is not None and mode.value in _MODES


def _idle(policy: PeerAuthentication, winner: str, why: str) -> Inactive:
    values: list[Traced[object]] = [policy.trail, *(mode for _, mode in policy.ports)]
    values.extend(v for v in (policy.mode, policy.selector) if v is not None)
    return replace(_inert(values, why), winner=winner)


def _inert(values: Sequence[Traced[object]], why: str) -> Inactive:
    leaves = {leaf for value in values for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why=why)


def _subject(policy: PeerAuthentication, scope: Scope) -> Subject:
    node = trail(f"subject of {policy.meta.key}", because=policy.meta.because)
    where = policy.meta.namespace if scope is Scope.NAMESPACE else None
    return Subject(scope=scope, namespace=where, trail=node)


def _shadow(subject: Subject) -> Subject:
    """The subject as an exception of another fact: it is named there, its meaning stays with its own fact."""
    space, labels = subject.namespace, subject.labels
    return Subject(
        scope=subject.scope,
        namespace=None if space is None else named(space.value, space),
        labels=None if labels is None else named(labels.value, labels),
        excluding=subject.excluding,
        trail=trail("exception"),
    )


def _without(fact: PeerMtls, narrower: Sequence[Subject]) -> PeerMtls:
    subject = replace(fact.attachment.subject, excluding=tuple(map(_shadow, narrower)))
    return replace(fact, attachment=replace(fact.attachment, subject=subject))


def _mode(policy: PeerAuthentication, subject: Subject) -> PeerMtls:
    """The mode that a policy says; ports that say ``UNSET`` have it too."""
    if policy.mode is None:
        raise TypeError(policy)
    quiet = [mode for _, mode in policy.ports if not _says(mode)]
    return PeerMtls(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.SERVER),
        mode=policy.mode.map(_MODES.__getitem__),
        trail=absorb(policy.trail, *(quiet if policy.selector is not None else ())),
    )


def _of_pods(
    region: _Region, above: PeerAuthentication | None, silent: PeerMtls
) -> Iterator[PeerMtls]:
    """What a policy with a selector says of its pods: its ports, and on all others its mode or the inherited one."""
    policy = region.policy
    ports = [(port, mode) for port, mode in policy.ports if _says(mode)]
    if not ports and not _says(policy.mode):
        return
    at = Attachment(subject=region.subject, enforced_at=EnforcedAt.SERVER)
    rest = replace(at, excluding_ports=tuple(_port(port, mode) for port, mode in ports))
    node: Trail = policy.trail
    if _says(policy.mode):
        yield replace(_mode(policy, region.subject), attachment=rest)
    else:
        quiet = [m for m in (policy.mode, *(m for _, m in policy.ports)) if m is not None]
        node = absorb(node, *(mode for mode in quiet if not _says(mode)))
        yield _inherited(policy, above, silent, rest)
    for port, mode in ports:
        yield PeerMtls(
            attachment=replace(at, ports=(_port(port, mode),)),
            mode=mode.map(_MODES.__getitem__),
            trail=absorb(trail(f"port {port} of {policy.meta.key}"), node),
        )


def _inherited(
    policy: PeerAuthentication,
    above: PeerAuthentication | None,
    silent: PeerMtls,
    at: Attachment,
) -> PeerMtls:
    """The mode of the level above on the ports of which a policy says nothing."""
    labels = at.subject.labels
    subject = replace(at.subject, labels=None if labels is None else named(labels.value, labels))
    said = silent if above is None else _mode(above, subject)
    node = (
        said.trail
        if above is None
        else replace(said.trail, value=f"inherited by {policy.meta.key}")
    )
    return replace(said, attachment=replace(at, subject=subject), trail=node)


def _port(port: int, mode: Traced[str]) -> Port:
    """A key of ``portLevelMtls``: the workload's port, which is no leaf of its own."""
    return Traced(WorkloadPort(port), (), mode.origin)
