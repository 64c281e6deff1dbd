"""Egress networks together, and the routes for what leaves by them.

linkerd2 policy-controller/k8s/index/src/outbound/index/egress_network.rs ``resolve_egress_network`` and index.rs, 2.20: if
the namespace of the client has a network, those of the whole mesh do not count for it; of those that count the one with
the smallest block that holds the address does, then the oldest. A route of another namespace than its network is for
the clients of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.edge import EgressPolicy
from ir.match import Cidr
from ir.model import Fact
from ir.provenance import Assumption, Traced, assumed, named, silent, trail
from translator.api import Options
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.link.servers import HELM_NETWORKS
from translator.importers.linkerd.model import EgressNetwork, Statement
from translator.importers.linkerd.silence import silence
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

GLOBAL = "linkerd-egress"
"""``egress.globalEgressNetworkNamespace`` of the Helm chart where nothing else is set."""

HELM_EGRESS = Assumption(
    "egress namespace",
    f"the egress networks of the whole mesh are those of the namespace that the Helm chart sets: {GLOBAL}",
)


@dataclass(frozen=True, slots=True)
class Networks:
    """What networks say. ``by_default``: one of them says nothing of its blocks."""

    facts: tuple[Fact, ...]
    assumptions: tuple[Assumption, ...]
    by_default: bool


def egress_facts(statements: Sequence[Statement], options: Options) -> Networks:
    """The policies of egress, the oldest first."""
    found = sorted((s for s in statements if isinstance(s, EgressNetwork)), key=oldest_first)
    spaces = sorted({network.meta.namespace.value for network in found} - {GLOBAL})
    facts = tuple(_policy(network, spaces, options) for network in found)
    everywhere = any(network.meta.namespace.value == GLOBAL for network in found)
    return Networks(
        facts=facts,
        assumptions=(HELM_EGRESS,) if everywhere else (),
        by_default=any(not network.networks for network in found),
    )


def _policy(network: EgressNetwork, spaces: Sequence[str], options: Options) -> EgressPolicy:
    meta = network.meta
    everywhere = meta.namespace.value == GLOBAL
    subject = Subject(
        scope=Scope.MESH if everywhere else Scope.NAMESPACE,
        namespace=None if everywhere else named(meta.namespace.value, meta.namespace),
        excluding=tuple(_exception(space) for space in spaces) if everywhere else (),
        trail=trail(f"clients of {meta.key}", because=meta.because),
    )
    return EgressPolicy(
        name=Traced(f"{meta.namespace.value}/{meta.name.value}", (), meta.because),
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        networks=network.networks or tuple(_outside(options)),
        unknown=network.policy,
        trail=network.trail.chosen_by(network.created),
    )


def _exception(space: str) -> Subject:
    return Subject(scope=Scope.NAMESPACE, namespace=Traced(space), trail=trail("exception"))


def _outside(options: Options) -> tuple[Traced[Cidr], ...]:
    """All addresses but those of the cluster, which only the installation knows."""
    inside = options.cluster_networks or CLUSTER_NETWORKS
    found: list[Traced[Cidr]] = []
    for version, everything in ((4, "0.0.0.0/0"), (6, "::/0")):
        less = tuple(n for n in inside if ip_network(n, strict=False).version == version)
        block = Cidr(everything, less)
        if options.cluster_networks:
            what = silence(options, "EgressNetwork.spec.networks", "egress-network/")
            found.append(silent(block, what))
        else:
            found.append(assumed(block, HELM_NETWORKS))
    return tuple(found)
