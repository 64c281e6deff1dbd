"""``policy.linkerd.io`` HTTPLocalRateLimitPolicy: how many requests a second a Server takes.

linkerd2 policy-controller/k8s/api/src/policy/ratelimit_policy.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.match import AllOf
from ir.provenance import Traced, absorb
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.authentication import account
from translator.importers.linkerd.authorization_policy import CORE, read_reference
from translator.importers.linkerd.model import Override, RateLimitPolicy
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def rate_limit_reader(options: Options) -> Callable[[Cursor, Meta], RateLimitPolicy]:
    """The reader of limits for callers in the trust domain that the options name."""

    def read_rate_limit(root: Cursor, meta: Meta) -> RateLimitPolicy:
        spec = root.map("spec")
        total, identity = spec.opt_map("total"), spec.opt_map("identity")
        overrides = tuple(_override(item, meta, options) for item in spec.opt_list("overrides"))
        return RateLimitPolicy(
            meta=meta,
            created=read_created(root),
            target=read_reference(spec.map("targetRef"), meta),
            total=None if total is None else _rate(total),
            identity=None if identity is None else _rate(identity),
            overrides=overrides,
            trail=absorb(meta.fact("HTTPLocalRateLimitPolicy"), spec.empty("overrides")),
        )

    return read_rate_limit


def _rate(place: Cursor) -> Traced[int]:
    rate = place.int("requestsPerSecond")
    if rate.value < 1:
        raise place.refuse(
            f"expected requestsPerSecond above 0, found {rate.value}. Linkerd refuses it."
        )
    return rate


def _override(item: Cursor, meta: Meta, options: Options) -> Override:
    return Override(
        rate=_rate(item),
        callers=tuple(_client(one, meta, options) for one in item.list("clientRefs")),
        spent=item.empty("clientRefs"),
    )


def _client(item: Cursor, meta: Meta, options: Options) -> AllOf:
    kind, group = item.str("kind"), item.opt_str("group")
    if kind.value != "ServiceAccount" or (group is not None and group.value not in CORE):
        raise item.refuse(f'expected the kind ServiceAccount, found "{kind.value}".')
    space = item.opt_str("namespace")
    spent = (kind,) if group is None else (kind, group)
    return account(item.str("name"), meta.namespace if space is None else space, options, *spent)
