"""Pods of an ambient mesh: the node's agent enforces policies for them and reads no HTTP.

istio/istio pilot/pkg/serviceregistry/ambient/authorization.go ``convertAuthorizationPolicy``, 1.31: a rule that lets in
and asks for something of HTTP is left out; a rule that refuses loses what asks for HTTP, and refuses nothing where one
of its lists is left with nothing. Routes are heeded by waypoints alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ir.access import Bypass, Grant, MtlsMode, PeerMtls, Refusal
from ir.attachment import EnforcedAt, Scope, Subject
from ir.edge import EgressPolicy
from ir.match import HTTP_PARTS, AllOf, Labels, Operator, Part, Test
from ir.model import Fact, Inactive
from ir.provenance import Traced, trail
from ir.resilience import RateLimit
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import AMBIENT, Options
from translator.importers.istio.membership import captured, has_sidecars
from translator.importers.istio.words import Where, Words

R = TypeVar("R", bound=Grant | Refusal | RateLimit | EgressPolicy | Bypass)

_UNSEEN = HTTP_PARTS | {Part.CLIENT_ADDRESS, Part.SERVER_NAME, Part.TRUST_DOMAIN}
"""What the agent does not read, or does not carry over from a policy."""

_NO_HTTP = "the pods' traffic is not read as HTTP: there is no waypoint that the rule is for"
_NO_CHAINS = (
    "the pods' traffic comes in by the node's agent, which has no filters that patches could add to"
)
_NO_WAYPOINT = "routes are heeded by waypoints alone, and none serves this host"
_ALL_PORTS = "the node's agent takes all ports of its pods, whatever proxies leave out"
_NO_LIMIT = "the node's agent lets out what nobody declared, and no proxy stands beside these pods"
_UNHEEDED = {RateLimit: _NO_CHAINS, EgressPolicy: _NO_LIMIT, Bypass: _ALL_PORTS}
_FAR = "a waypoint heeds rules of its service's namespace and of its own, for all clients alike"
USE_WAYPOINT = "istio.io/use-waypoint"
_ITS_NAMESPACE = "istio.io/use-waypoint-namespace"


@dataclass(slots=True)
class Heeded:
    """The facts that the ambient mesh heeds, and those that it does not."""

    facts: list[Fact] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)


def as_heeded(facts: Sequence[Fact], words: Sequence[Words], options: Options) -> Heeded:
    """The facts, as far as agents and waypoints heed them; those of a mesh of sidecars stay as they are.

    Where the ambient mesh is what was written, all pods without a sidecar are taken to be of it.
    """
    taken = captured(words, by_default=options.profile == AMBIENT)
    found = Heeded()
    alone = bool(taken) and not has_sidecars(words)
    for fact in facts:
        if isinstance(fact, RouteTable) and fact.attachment.enforced_at is EnforcedAt.GATEWAY:
            found.facts.append(fact)  # gateways heed their rules whatever the mesh is
        elif taken and isinstance(fact, (Grant, Refusal)) and _at_server(fact):
            _ruling(fact, taken, found)
        elif taken and isinstance(fact, (RateLimit, EgressPolicy, Bypass)):
            whole = alone and not isinstance(fact, RateLimit)
            if whole or _inside(fact.attachment.subject, taken):
                found.inactive.append(_not_heeded(fact, _UNHEEDED[type(fact)]))
            else:
                found.facts.append(_elsewhere(fact, taken))
        elif isinstance(fact, PeerMtls) and (alone or _inside(fact.attachment.subject, taken)):
            found.facts.append(_taken_clear(fact))
        elif alone and isinstance(fact, RouteTable) and _is_idle(fact, words, options):
            found.inactive.append(_not_heeded(fact, _NO_WAYPOINT))
        elif alone and isinstance(fact, RouteTable) and _is_far(fact, words):
            found.inactive.append(_not_heeded(fact, _FAR))
        else:
            found.facts.append(fact)
    return found


def _taken_clear(fact: PeerMtls) -> PeerMtls:
    """Agents take clear text beside what comes by them, which is by mutual TLS whatever the mode says.

    istio/istio pilot/pkg/serviceregistry/ambient/authorization.go ``convertPeerAuthentication``, 1.31.
    """
    if fact.mode.value is not MtlsMode.OFF:
        return fact
    return replace(fact, mode=fact.mode.derive(MtlsMode.OPTIONAL))


def _at_server(fact: Grant | Refusal) -> bool:
    return fact.attachment.enforced_at is EnforcedAt.SERVER


def _ruling(fact: Grant | Refusal, taken: Sequence[Subject], found: Heeded) -> None:
    seen = _as_seen(fact)
    if seen is fact:
        found.facts.append(fact)
        return
    inside = _inside(fact.attachment.subject, taken)
    if inside:
        found.inactive.append(_not_heeded(fact, _NO_HTTP))
    else:
        found.facts.append(_elsewhere(fact, taken))
    if seen is None:
        return
    if inside:
        found.facts.append(seen)
        return
    for one in taken:
        subject = _both(seen.attachment.subject, one)
        if subject is not None:
            found.facts.append(replace(seen, attachment=replace(seen.attachment, subject=subject)))


def _elsewhere(fact: R, taken: Sequence[Subject]) -> R:
    subject = fact.attachment.subject
    left = replace(subject, excluding=(*subject.excluding, *map(_shadow, taken)))
    return replace(fact, attachment=replace(fact.attachment, subject=left))


def _shadow(subject: Subject) -> Subject:
    return replace(subject, trail=trail("exception"))


def _both(subject: Subject, taken: Subject) -> Subject | None:
    """The pods of a rule that the agent takes; ``None`` where there are none."""
    spaces = [s.namespace.value for s in (subject, taken) if s.namespace is not None]
    if len(set(spaces)) > 1:
        return None
    if subject.scope is Scope.MESH or (subject.scope is Scope.NAMESPACE and taken.labels):
        return replace(taken, excluding=(*taken.excluding, *subject.excluding))
    without = (*subject.excluding, *map(_shadow, taken.excluding))
    space = subject.namespace or taken.namespace
    if subject.labels is None or taken.labels is None:
        return replace(subject, namespace=space, excluding=without)
    asked = (*subject.labels.value.requirements, *taken.labels.value.requirements)
    labels = subject.labels.derive(Labels(tuple(dict.fromkeys(asked))), taken.labels)
    return replace(subject, namespace=space, labels=labels, excluding=without)


def _inside(subject: Subject, taken: Sequence[Subject]) -> bool:
    """Whether all pods of the subject are taken by the agent."""
    if any(one.scope is Scope.MESH and not one.excluding for one in taken):
        return True
    if subject.scope not in (Scope.NAMESPACE, Scope.WORKLOADS) or subject.namespace is None:
        return False
    return any(
        one.scope is Scope.NAMESPACE
        and not any(_may_share(subject, out) for out in one.excluding)
        and one.namespace is not None
        and one.namespace.value == subject.namespace.value
        for one in taken
    )


def _may_share(some: Subject, others: Subject) -> bool:
    """Whether a pod may be of both; not where both ask for one label with different values."""
    asked: dict[str, set[tuple[str, ...]]] = {}
    for subject in (some, others):
        for one in () if subject.labels is None else subject.labels.value.requirements:
            if one.operator is Operator.IN and len(one.values) == 1:
                asked.setdefault(one.key, set()).add(one.values)
    return all(len(values) == 1 for values in asked.values())


def _as_seen(fact: Grant | Refusal) -> Grant | Refusal | None:
    """The rule as the agent has it: itself, less what it does not read, or nothing at all."""
    every = [*fact.always, *_tests(fact.callers), *_tests(fact.requests)]
    if not any(_unseen(test) for test in every):
        return fact
    if isinstance(fact, Grant):
        return None
    callers, requests = _kept(fact.callers), _kept(fact.requests)
    always = tuple(test for test in fact.always if not _unseen(test))
    lists = ((fact.callers, callers), (fact.requests, requests), (fact.always, always))
    if any(before and not after for before, after in lists):
        return None
    return replace(fact, callers=callers, requests=requests, always=always)


def _kept(alternatives: Sequence[AllOf]) -> tuple[AllOf, ...]:
    found = []
    for one in alternatives:
        tests = tuple(test for test in one.tests if not _unseen(test))
        if tests or not one.tests:
            found.append(replace(one, tests=tests))
    return tuple(found)


def _tests(alternatives: Sequence[AllOf]) -> Iterator[Test]:
    return (test for one in alternatives for test in one.tests)


def _unseen(test: Test) -> bool:
    return test.part in _UNSEEN


def _is_idle(table: RouteTable, words: Sequence[Words], options: Options) -> bool:
    """Whether the host is a service for which no waypoint is named, in a namespace of the input."""
    listed = any(True for _ in _bearers(table, words, Where.NAMESPACE))
    if not listed and options.profile != AMBIENT:
        return False
    named = _label(table, words, USE_WAYPOINT)
    return named is None or named.value in ("", "none")


def _is_far(table: RouteTable, words: Sequence[Words]) -> bool:
    """Whether the rules stand neither in the namespace of the service nor in that of its waypoint.

    istio/istio pilot/pkg/networking/core/waypoint.go, 1.31. Nothing is known where the namespace is not in the input.
    """
    space = table.attachment.subject.namespace
    mesh = table.attachment.enforced_at is EnforcedAt.CLIENT
    if not mesh or table.home is None or space is None:
        return False
    if not any(True for _ in _bearers(table, words, Where.NAMESPACE)):
        return False
    elsewhere = _label(table, words, _ITS_NAMESPACE)
    near = (space.value, space.value if elsewhere is None else elsewhere.value)
    return table.home.value not in near


def _label(table: RouteTable, words: Sequence[Words], key: str) -> Traced[str] | None:
    """A label of the service that the table is about, else of its namespace."""
    for where in (Where.SERVICE, Where.NAMESPACE):
        for one in _bearers(table, words, where):
            if (value := one.label(key)) is not None:
                return value
    return None


def _bearers(table: RouteTable, words: Sequence[Words], where: Where) -> Iterator[Words]:
    subject = table.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return
    space, name = subject.namespace.value, subject.name.value
    keys = (f"Service/{space}/{name}", f"Namespace//{space}")
    yield from (one for one in words if one.where is where and one.key in keys)


def _not_heeded(fact: Fact, why: str) -> Inactive:
    leaves = {leaf for value in traced(fact) for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why=why)
