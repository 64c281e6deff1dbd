"""``policy.linkerd.io`` HTTPLocalRateLimitPolicy: so many requests a second for the port of a Server."""

from __future__ import annotations

from collections.abc import Sequence

from ir.provenance import Traced
from ir.resilience import RateLimit, Sharing
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.write.authorization import ALPHA, POLICY, account_of
from translator.exporters.linkerd.write.server import server_name


def write_rate_limit(limits: Sequence[RateLimit]) -> Manifest:
    """The policy of a Server; its name is that of the Server, which has one at most.

    ``limits``: one for all requests, one for those of each identity, and others for some callers, who share it.
    """
    first = limits[0]
    space = first.attachment.subject.namespace
    if space is None:
        raise TypeError(first)
    name, node = server_name(first.attachment), tuple(limit.trail for limit in limits)
    target = {"group": POLICY, "kind": "Server", "name": name}
    spec: dict[str, Tree] = {"targetRef": {key: Said(value, node) for key, value in target.items()}}
    overrides: list[Tree] = []
    for limit in limits:
        rate: dict[str, Tree] = {"requestsPerSecond": _rate(limit)}
        if limit.callers:
            overrides.append({**rate, "clientRefs": _clients(limit)})
        elif limit.sharing.value is Sharing.IDENTITY:
            spec["identity"] = rate
        else:
            spec["total"] = rate
    if overrides:
        spec["overrides"] = overrides
    return Manifest(
        api_version=ALPHA,
        kind="HTTPLocalRateLimitPolicy",
        namespace=space.value,
        name=name,
        tree={"spec": spec},
        purpose=node,
    )


def _rate(limit: RateLimit) -> Traced[int]:
    return limit.requests.derive(limit.requests.value, limit.seconds, limit.burst, limit.sharing)


def _clients(limit: RateLimit) -> list[Tree]:
    return [
        {
            "kind": Said("ServiceAccount", (caller.trail, term)),
            "name": term.derive(account),
            "namespace": term.derive(namespace),
        }
        for caller in limit.callers
        for test in caller.tests
        for term in test.any_of
        for namespace, account in (account_of(term),)
    ]
