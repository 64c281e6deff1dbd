"""Kinds of this mesh that no reader knows yet, and kinds of which only what they may touch is known."""

from __future__ import annotations

from dataclasses import dataclass

from ir.opaque import Column, Intent, Opaque
from translator.api import Loss
from translator.importers.cilium.model import Piece
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.source.leaves import Resource, leaves_below


@dataclass(frozen=True, slots=True)
class Touch:
    """What a kind is for, and what it may touch; ``wide``: its objects are in no namespace."""

    intent: Intent
    columns: tuple[Column, ...]
    wide: bool = False


PIECES = {
    "CiliumEgressGatewayPolicy": Touch(Intent.SOURCE_ADDRESS, (Column.SOURCE_ADDRESS,), wide=True),
    "CiliumLocalRedirectPolicy": Touch(Intent.DESTINATION, (Column.ROUTING,)),
    "CiliumGatewayClassConfig": Touch(Intent.OTHER, ()),
    "CiliumEnvoyExtProcFilter": Touch(Intent.EXTERNAL_PROCESSING, (Column.ACCESS, Column.HEADERS)),
}  # fmt: skip
"""Kinds that are kept whole. Address translation on the way out changes no decision of this cluster, but those of whoever lets
in by address (cilium/cilium Documentation/network/egress-gateway, 1.20)."""


def read_piece(root: Cursor, meta: Meta) -> Piece:
    """The whole of a resource as one piece."""
    touch = PIECES[meta.kind]
    spec = root.opt("spec")
    leaves = () if spec is None else spec.leaves()
    fact = Opaque(
        kind=f"{meta.kind}//{meta.name.value}" if touch.wide else meta.key,
        intent=touch.intent,
        may_touch=touch.columns,
        trail=meta.fact(meta.kind, *leaves),
    )
    return Piece(meta=meta, facts=(fact,))


INSTALLED = dict.fromkeys(
    ("CiliumEndpoint", "CiliumEndpointSlice", "CiliumIdentity", "CiliumNode"),
    "the agent keeps it about what runs; it says nothing by itself",
)
"""Kinds that the agent writes."""

ADDRESSES = dict.fromkeys(("CiliumLoadBalancerIPPool", "CiliumL2AnnouncementPolicy", "CiliumBGPPeeringPolicy", "CiliumBGPClusterConfig", "CiliumBGPPeerConfig", "CiliumBGPAdvertisement", "CiliumBGPNodeConfig", "CiliumBGPNodeConfigOverride", "CiliumNodeConfig", "CiliumPodIPPool"), "it is about addresses and routes between nodes, which no mesh decides on")  # fmt: skip
"""Kinds that are the network's own and stay with it."""


def kind_not_read(resource: Resource) -> Loss:
    """The loss of a whole resource; its leaves are ``unread``."""
    return Loss(
        code="MM102",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves_below(resource),
        message=f"{resource.kind} is not read yet: nothing of it is in the output.",
        advice="Decide by hand what must become of it before traffic moves.",
    )
