"""``policy.linkerd.io`` EgressNetwork: what happens to traffic for some destinations outside.

linkerd2 policy-controller/k8s/api/src/policy/egress_network.rs, 2.20.
"""

from __future__ import annotations

from ir.edge import UnknownEgress
from ir.match import Cidr
from ir.provenance import Traced, derived
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.model import EgressNetwork
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
    return EgressNetwork(
        meta=meta,
        created=read_created(root),
        policy=spec.at("trafficPolicy").as_enum(_POLICIES),
        networks=tuple(_network(item) for item in spec.opt_list("networks")),
        trail=meta.fact("EgressNetwork"),
    )


def _network(item: Cursor) -> Traced[Cidr]:
    block, less = item.str("cidr"), item.opt_strings("except")
    return derived(Cidr(block.value, tuple(one.value for one in less)), [block, *less])
