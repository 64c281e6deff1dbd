"""PeerAuthentications together: workload before namespace before mesh, the oldest within a level.

istio/istio pilot/pkg/security/authn/policy_applier.go ``ComposePeerAuthentication``, 1.31. A selector in the root
namespace holds nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import MtlsMode, PeerMtls
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.provenance import Traced, Trail, absorb, named, trail
from translator.api import Options
from translator.importers.istio.defaults import silent_facts
from translator.importers.istio.model import PeerAuthentication, Statement
from translator.importers.linked import AGE, Linked

_MODES = {
    "DISABLE": MtlsMode.OFF,
    "PERMISSIVE": MtlsMode.OPTIONAL,
    "STRICT": MtlsMode.DEMANDED,
}


def link_mtls(statements: Sequence[Statement], inventory: Inventory, options: Options) -> Linked:
    """One fact for each level that says a mode, less the narrower ones that replace it there."""
    del inventory
    policies = [s for s in statements if isinstance(s, PeerAuthentication)]
    policies.sort(key=lambda p: (p.meta.namespace.value, p.meta.name.value))
    heeded, inactive = _heeded(policies, options)
    narrower: list[tuple[int, Subject]] = []
    facts: list[Fact] = []
    for level, policy in sorted(heeded, key=lambda pair: -pair[0]):
        subject = _subject(policy, level)
        facts.extend(_facts(policy, subject, [s for low, s in narrower if low > level]))
        if _says(policy.mode):
            narrower.append((level, subject))
    for fact in silent_facts(options):
        if isinstance(fact, PeerMtls):
            bare = replace(
                fact.attachment.subject, excluding=tuple(_shadow(s) for _, s in narrower)
            )
            facts.append(replace(fact, attachment=replace(fact.attachment, subject=bare)))
        else:
            facts.append(fact)
    assumptions = (AGE,) if inactive else ()
    return Linked(tuple(facts), tuple(inactive), (), assumptions)


def _says(mode: Traced[str] | None) -> bool:
    return mode is not None and mode.value in _MODES


def _heeded(
    policies: Sequence[PeerAuthentication], options: Options
) -> tuple[list[tuple[int, PeerAuthentication]], list[Inactive]]:
    """Policies with their level (0 mesh, 1 namespace, 2 workloads); of one level and scope the first stands."""
    heeded: list[tuple[int, PeerAuthentication]] = []
    inactive: list[Inactive] = []
    seen: dict[tuple[str, str], PeerAuthentication] = {}
    for policy in policies:
        root = policy.meta.namespace.value == options.root_namespace
        if policy.selector is not None:
            if root:
                why = "a selector in the root namespace holds in no namespace"
                inactive.append(_idle(policy, "", why))
                continue
            level, scope = 2, str(policy.selector.value)
        else:
            level, scope = (0, "") if root else (1, "")
        first = seen.setdefault((policy.meta.namespace.value, scope), policy)
        if first is not policy:
            inactive.append(
                _idle(policy, first.meta.key, "an older policy of the same scope counts")
            )
            continue
        if not _says(policy.mode) and not any(_says(mode) for _, mode in policy.ports):
            inactive.append(_idle(policy, "", "it says nothing of its own and inherits"))
            continue
        heeded.append((level, policy))
    return heeded, inactive


def _idle(policy: PeerAuthentication, winner: str, why: str) -> Inactive:
    values: list[Traced[object]] = [policy.trail, *(mode for _, mode in policy.ports)]
    values.extend(v for v in (policy.mode, policy.selector) if v is not None)
    leaves = {leaf for value in values for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner=winner, why=why)


def _subject(policy: PeerAuthentication, level: int) -> Subject:
    node = trail(f"subject of {policy.meta.key}", because=policy.meta.because)
    match level:
        case 0:
            return Subject(scope=Scope.MESH, trail=node)
        case 1:
            return Subject(scope=Scope.NAMESPACE, namespace=policy.meta.namespace, trail=node)
        case _:
            return Subject(
                scope=Scope.WORKLOADS,
                namespace=policy.meta.namespace,
                labels=policy.selector,
                trail=node,
            )


def _shadow(subject: Subject) -> Subject:
    """The subject as an exception of a wider fact: it is named there, its meaning stays with its own fact."""
    return Subject(
        scope=subject.scope,
        namespace=None
        if subject.namespace is None
        else named(subject.namespace.value, subject.namespace),
        labels=None if subject.labels is None else named(subject.labels.value, subject.labels),
        trail=trail("exception"),
    )


def _facts(
    policy: PeerAuthentication, subject: Subject, narrower: Sequence[Subject]
) -> Iterator[PeerMtls]:
    node: Trail = policy.trail
    ports = [(port, mode) for port, mode in policy.ports if _says(mode)]
    silent_modes = [mode for _, mode in policy.ports if not _says(mode)]
    if policy.mode is not None and not _says(policy.mode):
        silent_modes.append(policy.mode)
    node = absorb(node, *silent_modes)
    exact = replace(subject, excluding=tuple(_shadow(s) for s in narrower))
    if policy.mode is not None and _says(policy.mode):
        yield PeerMtls(
            attachment=Attachment(
                subject=exact,
                excluding_ports=tuple(_port(port, mode) for port, mode in ports),
                enforced_at=EnforcedAt.SERVER,
            ),
            mode=policy.mode.map(_MODES.__getitem__),
            trail=node,
        )
    for port, mode in ports:
        at = _port(port, mode)
        yield PeerMtls(
            attachment=Attachment(subject=exact, ports=(at,), enforced_at=EnforcedAt.SERVER),
            mode=mode.map(_MODES.__getitem__),
            trail=absorb(trail(f"port {port} of {policy.meta.key}"), node),
        )


def _port(port: int, mode: Traced[str]) -> Traced[WorkloadPort | ServicePort]:
    """A key of ``portLevelMtls``: the workload's port, which is no leaf of its own."""
    return Traced(WorkloadPort(port), (), mode.origin)
