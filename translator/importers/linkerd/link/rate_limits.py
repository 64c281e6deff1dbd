"""Which limit holds at a Server: that of the oldest policy, where requests are read as HTTP.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``ratelimit`` and policy-controller/grpc/src/inbound.rs
``to_server``, linkerd2-proxy linkerd/proxy/server-policy/src/local_rate_limit.rs, 2.20: a request is counted against the
total, then against the bucket of its caller's override, else against that of its identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.match import AllOf
from ir.model import Inactive
from ir.provenance import Traced, Trail, absorb, named, trail
from ir.resilience import RateLimit, Sharing, StateScope
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.backends import OWN_GROUP
from translator.importers.linkerd.link.servers import Held
from translator.importers.linkerd.model import RateLimitPolicy, Statement
from translator.importers.linkerd.silence import silence

_HTTP = ("unknown", "HTTP/1", "HTTP/2")
_DOC = "rate-limiting/"


def link_rate_limits(
    statements: Sequence[Statement], servers: Sequence[Held], options: Options
) -> Linked:
    """The limits of every Server; a policy without a Server of its namespace, or after an older one, is not heeded."""
    policies = sorted((s for s in statements if isinstance(s, RateLimitPolicy)), key=oldest_first)
    by_name = {(h.server.meta.namespace.value, h.server.meta.name.value): h for h in servers}
    taken: dict[int, str] = {}
    facts: list[RateLimit] = []
    idle: list[Inactive] = []
    for policy in policies:
        held = by_name.get((policy.meta.namespace.value, policy.target.name.value))
        if held is None or (policy.target.group, policy.target.kind) != (OWN_GROUP, "Server"):
            idle.append(_idle(policy, "", "its target is no Server's here"))
        elif id(held) in taken:
            idle.append(_idle(policy, taken[id(held)], "an older policy holds the Server"))
        elif not _counts(held):
            idle.append(_idle(policy, "", "its Server reads no HTTP, or gRPC alone"))
        else:
            taken[id(held)] = policy.meta.key
            idle.extend(_of_nobody(policy))
            found = tuple(_facts(policy, held, options))
            facts.extend(found)
            if not found:
                idle.append(_idle(policy, "", "it states no limit"))
    return Linked(tuple(facts), tuple(idle))


def _counts(held: Held) -> bool:
    protocol = held.server.protocol
    return protocol is None or protocol.value in _HTTP


def _idle(policy: RateLimitPolicy, winner: str, why: str) -> Inactive:
    callers = [caller for override in policy.overrides for caller in override.callers]
    rates = [override.rate for override in policy.overrides]
    spent = [override.spent for override in policy.overrides]
    values: list[Traced[object]] = [policy.trail, policy.target.trail, *rates, *spent]
    values += [v for v in (policy.total, policy.identity) if v is not None]
    values += [v for caller in callers for v in traced(caller)]
    leaves = {leaf for value in values for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner=winner, why=why)


def _of_nobody(policy: RateLimitPolicy) -> Iterator[Inactive]:
    """Overrides that name no client: theirs is nobody's rate."""
    for override in policy.overrides:
        if not override.callers:
            leaves = tuple(sorted({*override.rate.origin, *override.spent.origin}))
            yield Inactive(leaves=leaves, winner="", why="it names no client")


def _facts(policy: RateLimitPolicy, held: Held, options: Options) -> Iterator[RateLimit]:
    spent: list[Trail] = [policy.trail, policy.target.trail]
    rules: list[tuple[Traced[int], Sharing, tuple[AllOf, ...], list[Trail]]] = []
    if policy.total is not None:
        rules.append((policy.total, Sharing.EVERYONE, (), []))
    if policy.identity is not None:
        rules.append((policy.identity, Sharing.IDENTITY, (), []))
    named_ones = (override for override in policy.overrides if override.callers)
    rules += [(o.rate, Sharing.EVERYONE, o.callers, [o.spent]) for o in named_ones]
    for rate, sharing, callers, more in rules:
        node = trail(f"limit of {policy.meta.key}", because=policy.meta.because)
        yield RateLimit(
            attachment=held.attachment,
            callers=callers,
            requests=rate,
            seconds=named(1.0, rate),
            burst=Traced(
                rate.value, (), rate.origin, (), silence(options, "burst of a second", _DOC)
            ),
            sharing=named(sharing, rate),
            scope=StateScope.SERVER_POD,
            trail=absorb(node, *more, *spent),
        )
        spent = []
