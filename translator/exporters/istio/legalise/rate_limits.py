"""Limits of requests: a bucket in front of the application for each port of some pods.

istio.io/docs/tasks/policy-enforcement/rate-limit (local rate limit) and envoyproxy/envoy
source/extensions/filters/http/local_ratelimit, 1.37: each filter chain has a bucket of its own. istio/istio
pilot/pkg/networking/core/filterchain_options.go, 1.31: a port that takes clear text beside mutual TLS has a chain for
either, so that a limit is shared out to both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.coverage import covers, covers_port
from ir.inventory import Inventory, Workload, equal_to
from ir.model import Fact, Model
from ir.provenance import Assumption, Traced, derived, named
from ir.resilience import RateLimit, Sharing
from translator.api import AMBIENT, Loss, Options
from translator.exporters.istio.legalise.limit_findings import (
    also_nameless,
    also_shadowed,
    answers_alone,
    by_caller,
    checks_pass,
    lowered,
    needless,
    not_written,
)
from translator.exporters.istio.legalise.proofs import asks_for_certificates
from translator.exporters.istio.legalise.territories import (
    Pods,
    Unnamed,
    having_by_name,
    key_of,
    numbers,
    overlap,
    pods_of,
    pods_of_workload,
    shadows,
    within,
)
from translator.exporters.ports import protocol_of, readable

EVEN_SINCE = "1.23"
"""Since when buckets are filled evenly (Envoy 1.31); before, two intervals' tokens may be taken within a moment."""

GRPC_REPLY = "RESOURCE_EXHAUSTED to gRPC clients"
"""What is added to answers, in the words of the importer."""

_MOST = 2**32 - 1
"""The greatest number of tokens."""

SERVED = Assumption(
    "limited ports", "ports with a limit of requests are ports of a Service, by which HTTP is read"
)
"""Taken for granted where the input shows no Service for the pods."""


@dataclass(slots=True)
class Limited:
    """The facts with limits in legal form, what was lost, and what is taken for granted."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: tuple[Assumption, ...] = ()


def legalise_rate_limits(model: Model, options: Options) -> Limited:
    """One limit for each port of each set of pods; those of single callers are lost."""
    found = Limited()
    groups: dict[str, list[RateLimit]] = {}
    for fact in model.facts:
        if isinstance(fact, RateLimit):
            groups.setdefault(key_of(fact.attachment), []).append(fact)
        else:
            found.facts.append(fact)
    for group in groups.values():
        try:
            found.facts.extend(_group(group, model, options, found))
        except Unnamed as reason:
            found.losses.append(not_written(group, str(reason)))
    return found


def _group(
    group: Sequence[RateLimit], model: Model, options: Options, found: Limited
) -> Iterator[RateLimit]:
    """The limit that all limits of one place come to.

    Raises:
        Unnamed: it cannot be said there.
    """
    if options.profile == AMBIENT:
        message = "agents of nodes count no requests, and a limit at a waypoint is not written yet"
        raise Unnamed(message)
    totals = [one for one in group if not one.callers and one.sharing.value is Sharing.EVERYONE]
    if not totals:
        message = (
            "each caller is counted apart, and the target counts all requests of a port together"
        )
        raise Unnamed(message)
    inventory = model.inventory
    at = totals[0].attachment
    ports = numbers(at.ports, at.subject, inventory)
    if not ports:
        message = "it is for every port, those that nobody declared included"
        raise Unnamed(message)
    places = _places(at, inventory)
    workloads = [w for w in inventory.workloads if covers(at.subject, w, inventory)]
    _check_chains(at, workloads, ports, inventory, found)
    parts = _parts(at, model, options)
    requests, seconds, burst = _least(totals)
    held = _shared_out(requests, parts), _shared_out(burst, parts)
    if min(one.value for one in held) < 1:
        message = "it is too low to be shared out to the buckets that the target has for it"
        raise Unnamed(message)
    doors = [(pods, n) for pods in places for n in numbers(at.ports, at.subject, inventory, pods)]
    for pods, port in doors:
        yield _limit(group, totals, pods, port, (held[0], seconds, held[1]))
    found.losses.extend(_told(group, totals, held, parts))
    found.losses.extend(also_shadowed(totals[0], _shadowed(at.subject, places, inventory)))
    found.losses.extend(also_nameless(totals[0], tuple(_nameless(at, doors, inventory))))
    probed = [w for w in workloads if _is_probed(w, at)]
    found.losses.extend(checks_pass(totals[0], probed))


def _places(at: Attachment, inventory: Inventory) -> tuple[Pods, ...]:
    """The pods by equal labels, less those of which another object speaks.

    Where a port by name is not one number on all of them, those that have it by their own labels, if no others can have
    it: a limit is better on too many pods than on too few.

    Raises:
        Unnamed: the pods cannot be named.
    """
    others = tuple(shadows(at.subject, inventory))
    places = tuple(
        one
        for pods in pods_of(at.subject, inventory)
        if not any(within(pods, other) for other in others)
        for one in (having_by_name(at, inventory, pods) if inventory.complete else None) or (pods,)
    )
    if not places:
        message = "another object holds the port for all pods that it is about"
        raise Unnamed(message)
    return places


def _shadowed(subject: Subject, places: Sequence[Pods], inventory: Inventory) -> tuple[str, ...]:
    """The workloads that another object holds and that are limited too, since a selector says no exceptions."""
    others = [o for o in shadows(subject, inventory) if any(overlap(p, o) for p in places)]
    return tuple(
        workload.key
        for workload in inventory.workloads
        for space, labels in others
        if workload in inventory.selected(space or None, equal_to(dict(labels)))
        and any(workload in inventory.selected(s or None, equal_to(dict(n))) for s, n in places)
    )


def _nameless(
    at: Attachment, doors: Sequence[tuple[Pods, int]], inventory: Inventory
) -> Iterator[str]:
    """The workloads that are limited on a port which does not have the name there."""
    for workload in inventory.workloads:
        own = [n for pods, n in doors if within(pods_of_workload(workload), pods)]
        if covers(at.subject, workload, inventory) and any(
            n in inventory.ports_of(workload) and not covers_port(at, workload, n) for n in own
        ):
            yield workload.key


def _check_chains(
    at: Attachment,
    workloads: Sequence[Workload],
    ports: Sequence[int],
    inventory: Inventory,
    found: Limited,
) -> None:
    """Sees that the target's proxy reads HTTP on the ports, in a chain of their own: ports of Services have one.

    Raises:
        Unnamed: it passes a port on as bytes, or with all ports that nobody declared.
    """
    known = False
    for workload in workloads:
        services = inventory.services_of(workload)
        for number in ports:
            if not covers_port(at, workload, number):
                continue
            if not readable(protocol_of(workload, number, inventory)):
                message = f"the target passes port {number} of {workload.key} on as bytes"
                raise Unnamed(message)
            served = any(
                workload.port_number(p.target) == number for s in services for p in s.ports
            )
            if not served and (services or inventory.complete):
                message = f"port {number} of {workload.key} is no port of a Service, and the target limits no other"
                raise Unnamed(message)
            known = known or served
    if not known:
        found.assumptions = (SERVED,)


def _parts(at: Attachment, model: Model, options: Options) -> int:
    """Into how many buckets the limit is shared out, so that all of them together let no more through."""
    chains = 1 if asks_for_certificates(at, model.facts) else 2
    return chains if options.target.at_least(EVEN_SINCE) else 2 * chains


def _least(
    totals: Sequence[RateLimit],
) -> tuple[Traced[int], Traced[float], Traced[int]]:
    """The slowest rate and the smallest bucket of those that all hold."""
    slowest = min(totals, key=_rate)
    smallest = min(totals, key=lambda one: one.burst.value)
    return slowest.requests, slowest.seconds, smallest.burst


def _rate(limit: RateLimit) -> Fraction:
    return Fraction(limit.requests.value) / Fraction(str(limit.seconds.value))


def _shared_out(number: Traced[int], parts: int) -> Traced[int]:
    value = min(number.value, _MOST) // parts
    return number if value == number.value else number.derive(value)


def _limit(
    group: Sequence[RateLimit],
    totals: Sequence[RateLimit],
    pods: Pods,
    port: int,
    bucket: tuple[Traced[int], Traced[float], Traced[int]],
) -> RateLimit:
    requests, seconds, burst = bucket
    space, labels = pods
    places = [one.attachment for one in group]
    spaces = [a.subject.namespace for a in places if a.subject.namespace is not None]
    selectors = [a.subject.labels for a in places if a.subject.labels is not None]
    own = [p for a in places for p in a.ports]
    subject = Subject(
        scope=Scope.WORKLOADS if labels else Scope.NAMESPACE if space else Scope.MESH,
        namespace=derived(space, spaces) if space else None,
        labels=derived(equal_to(dict(labels)), selectors) if labels else None,
        trail=derived(
            "limited pods",
            [*(a.subject.trail for a in places), *(() if labels else selectors)],
        ),
    )
    node = derived("rate limit", [v for one in totals for v in (one.trail, one.sharing)])
    return replace(
        totals[0],
        attachment=Attachment(
            subject=subject,
            ports=(derived(WorkloadPort(port), own),),
            enforced_at=EnforcedAt.SERVER,
        ),
        requests=requests,
        seconds=seconds,
        burst=burst,
        reply=(named(GRPC_REPLY, node),),
        status=_status(totals, node),
        trail=node,
    )


def _status(totals: Sequence[RateLimit], node: Traced[str]) -> Traced[int] | None:
    """The status of refusals, where all limits that stand together have one."""
    found = [one.status for one in totals if one.status is not None]
    if not found:
        return None
    return derived(found[0].value, (*found, node))


def _told(
    group: Sequence[RateLimit],
    totals: Sequence[RateLimit],
    held: tuple[Traced[int], Traced[int]],
    parts: int,
) -> Iterator[Loss]:
    requests, _, burst = _least(totals)
    for one in group:
        unanswered = answers_alone(one, GRPC_REPLY)
        if unanswered is not None:
            yield unanswered
        if any(one is total for total in totals):
            gives = one.requests is requests or one.burst is burst
            if gives and (parts > 1 or held[0] is not requests or held[1] is not burst):
                yield lowered(one, held[0].value, parts)
            elif not gives:
                yield needless(one)
        elif any(_rate(t) <= _rate(one) and t.burst.value <= one.burst.value for t in totals):
            yield needless(one)
        else:
            yield by_caller(one)


def _is_probed(workload: Workload, at: Attachment) -> bool:
    return any(
        number is not None and covers_port(at, workload, number)
        for number in (workload.port_number(probe.port) for probe in workload.probes)
    )
