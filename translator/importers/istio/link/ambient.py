"""Pods of an ambient mesh: the node's agent enforces policies for them and reads no HTTP.

istio/istio pilot/pkg/serviceregistry/ambient/authorization.go ``convertAuthorizationPolicy``, 1.31: a rule that lets in
and asks for something of HTTP is left out; a rule that refuses loses what asks for HTTP, and refuses nothing where one
of its lists is left with nothing. Routes are heeded by waypoints alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Grant, Refusal
from ir.attachment import EnforcedAt, Scope, Subject
from ir.match import HTTP_PARTS, AllOf, Part, Test
from ir.model import Fact, Inactive
from ir.provenance import trail
from ir.traffic import RouteTable
from ir.walk import traced
from translator.importers.istio.membership import captured, has_sidecars
from translator.importers.istio.words import Where, Words

_UNSEEN = HTTP_PARTS | {Part.CLIENT_ADDRESS, Part.SERVER_NAME, Part.TRUST_DOMAIN}
"""What the agent does not read, or does not carry over from a policy."""

_NO_HTTP = "the pods' traffic is not read as HTTP: there is no waypoint that the rule is for"
_NO_WAYPOINT = "routes are heeded by waypoints alone, and none serves this host"
USE_WAYPOINT = "istio.io/use-waypoint"


@dataclass(slots=True)
class Heeded:
    """The facts that the ambient mesh heeds, and those that it does not."""

    facts: list[Fact] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)


def as_heeded(facts: Sequence[Fact], words: Sequence[Words]) -> Heeded:
    """The facts, as far as agents and waypoints heed them; those of a mesh of sidecars stay as they are."""
    taken = captured(words)
    found = Heeded()
    alone = bool(taken) and not has_sidecars(words)
    for fact in facts:
        if taken and isinstance(fact, (Grant, Refusal)) and _at_server(fact):
            _ruling(fact, taken, found)
        elif alone and isinstance(fact, RouteTable) and _is_idle(fact, words):
            found.inactive.append(_not_heeded(fact, _NO_WAYPOINT))
        else:
            found.facts.append(fact)
    return found


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
    for subject in taken:
        found.facts.append(replace(seen, attachment=replace(seen.attachment, subject=subject)))


def _elsewhere(fact: Grant | Refusal, taken: Sequence[Subject]) -> Grant | Refusal:
    subject = fact.attachment.subject
    left = replace(subject, excluding=(*subject.excluding, *map(_shadow, taken)))
    return replace(fact, attachment=replace(fact.attachment, subject=left))


def _shadow(subject: Subject) -> Subject:
    return replace(subject, trail=trail("exception"))


def _inside(subject: Subject, taken: Sequence[Subject]) -> bool:
    """Whether all pods of the subject are taken by the agent."""
    if subject.scope not in (Scope.NAMESPACE, Scope.WORKLOADS) or subject.namespace is None:
        return False
    return any(
        one.scope is Scope.NAMESPACE
        and not one.excluding
        and one.namespace is not None
        and one.namespace.value == subject.namespace.value
        for one in taken
    )


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


def _is_idle(table: RouteTable, words: Sequence[Words]) -> bool:
    """Whether the host is a service for which no waypoint is named, in a namespace of the input."""
    subject = table.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return False
    space = next((w for w in words if w.where is Where.NAMESPACE
                  and w.namespace == subject.namespace.value), None)  # fmt: skip
    service = next((w for w in words if w.where is Where.SERVICE
                    and w.key == f"Service/{subject.namespace.value}/{subject.name.value}"), None)  # fmt: skip
    if space is None:
        return False
    own = None if service is None else service.label(USE_WAYPOINT)
    named = own if own is not None else space.label(USE_WAYPOINT)
    return named is None or named.value in ("", "none")


def _not_heeded(fact: Fact, why: str) -> Inactive:
    leaves = {leaf for value in traced(fact) for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why=why)
