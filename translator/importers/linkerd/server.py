"""``policy.linkerd.io`` Server: a port of some pods, and what holds there without a policy.

linkerd2 policy-controller/k8s/api/src/policy/server.rs, 2.20.
"""

from __future__ import annotations

from ir.match import Labels, Operator, Requirement
from ir.provenance import Traced, absorb
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.model import Server
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

DEFAULT_POLICIES = {
    word: word
    for word in (
        "deny",
        "audit",
        "all-unauthenticated",
        "all-authenticated",
        "cluster-unauthenticated",
        "cluster-authenticated",
    )
}
_PROTOCOLS = {word: word for word in ("unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS")}
_OPERATORS = {operator.value: operator for operator in Operator}


def read_server(root: Cursor, meta: Meta) -> Server:
    """The Server as written.

    Raises:
        InputError: the port or the selector is missing, or a word is unknown to Linkerd's webhook.
    """
    spec = root.map("spec")
    chosen = spec.only_one("podSelector", "externalWorkloadSelector") or "podSelector"
    labels = root.map("metadata").opt_string_map("labels")
    return Server(
        meta=meta,
        created=read_created(root),
        labels=tuple((key, value.value) for key, value in labels),
        selector=read_selector(spec.map(chosen)),
        machines=chosen != "podSelector",
        port=spec.at("port").as_port(),
        protocol=spec.opt_enum("proxyProtocol", _PROTOCOLS),
        access=spec.opt_enum("accessPolicy", DEFAULT_POLICIES),
        trail=absorb(meta.fact("Server")),
    )


def read_selector(place: Cursor) -> Traced[Labels]:
    """A label selector; without entries it selects everything."""
    equal = place.opt_string_map("matchLabels")
    leaves = list(place.leaf + place.empty("matchLabels").origin)
    leaves += place.empty("matchExpressions").origin
    found = [Requirement(key, Operator.IN, (value.value,)) for key, value in sorted(equal)]
    leaves += [leaf for _, value in equal for leaf in value.origin]
    for item in place.opt_list("matchExpressions"):
        key, operator = item.str("key"), item.at("operator").as_enum(_OPERATORS)
        values = item.opt_strings("values")
        found.append(Requirement(key.value, operator.value, tuple(v.value for v in values)))
        leaves += [leaf for v in (key, operator, *values) for leaf in v.origin]
        leaves += item.empty("values").origin
    return Traced(Labels(tuple(found)), tuple(sorted(leaves)))
