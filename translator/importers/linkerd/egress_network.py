"""``policy.linkerd.io`` EgressNetwork: what happens to traffic for some destinations outside.

linkerd2 policy-controller/k8s/api/src/policy/egress_network.rs, 2.20.
"""

from __future__ import annotations

from ir.edge import UnknownEgress
from ir.match import Cidr
from ir.provenance import Traced, derived
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.annotations import (
    RETRY,
    TIMEOUT,
    Words,
    read_grpc_retry,
    read_http_retry,
    read_timeouts,
)
from translator.importers.linkerd.model import EgressNetwork
from translator.importers.linkerd.services import family
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_POLICIES = {"Allow": UnknownEgress.PASS, "Deny": UnknownEgress.REFUSE}


def read_egress_network(root: Cursor, meta: Meta) -> EgressNetwork:
    """The resource as written.

    Raises:
        InputError: the policy is missing, or the list of networks is there and empty.
    """
    spec = root.map("spec")
    if spec.empty("networks").origin:
        raise spec.refuse(
            "networks: expected at least one block, found none. Leave it out for all."
        )
    words = _words(root)
    return EgressNetwork(
        meta=meta,
        created=read_created(root),
        policy=spec.at("trafficPolicy").as_enum(_POLICIES),
        networks=tuple(_network(item) for item in spec.opt_list("networks")),
        retry=family(read_http_retry, words, RETRY),
        grpc_retry=family(read_grpc_retry, words, RETRY),
        timeouts=family(read_timeouts, words, TIMEOUT),
        trail=meta.fact("EgressNetwork"),
    )


def _words(root: Cursor) -> Words:
    """The families that routes inherit."""
    found = root.map("metadata").opt_map("annotations")
    keys = () if found is None else (*RETRY, *TIMEOUT)
    return {
        key: value
        for key in keys
        if found is not None and (value := found.opt_str(key)) is not None
    }


def _network(item: Cursor) -> Traced[Cidr]:
    block, less = item.str("cidr"), item.opt_strings("except")
    return derived(Cidr(block.value, tuple(one.value for one in less)), [block, *less])
