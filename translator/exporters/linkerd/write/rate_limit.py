"""``policy.linkerd.io`` HTTPLocalRateLimitPolicy: so many requests a second for the port of a Server."""

from __future__ import annotations

from ir.resilience import RateLimit
from translator.api import Manifest, Said
from translator.exporters.linkerd.write.authorization import ALPHA, POLICY
from translator.exporters.linkerd.write.server import server_name


def write_rate_limit(limit: RateLimit) -> Manifest:
    """The policy of a Server; its name is that of the Server, which has one at most."""
    space = limit.attachment.subject.namespace
    if space is None:
        raise TypeError(limit)
    name, node = server_name(limit.attachment), (limit.trail,)
    target = {"group": POLICY, "kind": "Server", "name": name}
    return Manifest(
        api_version=ALPHA,
        kind="HTTPLocalRateLimitPolicy",
        namespace=space.value,
        name=name,
        tree={
            "spec": {
                "targetRef": {key: Said(value, node) for key, value in target.items()},
                "total": {"requestsPerSecond": limit.requests},
            }
        },
        purpose=node,
    )
