"""Gateways of another class in front of the mesh: what makes their pods members of it."""

from __future__ import annotations

from translator.exporters.gateways.findings import Takeover

ENROLLED = {
    "linkerd.io/inject": "enabled",
    "config.linkerd.io/default-inbound-policy": "all-unauthenticated",
}
"""What makes the gateway's pods members of the mesh, as they were of the source's, which let in whom their listeners do.

A class copies annotations of ``spec.infrastructure`` to what it makes (sigs.k8s.io/gateway-api apis/v1/gateway_types.go
``GatewayInfrastructure``, 1.4). Clients from outside have no certificate of the mesh, and the source demands none at a
gateway: PeerAuthentication holds at sidecars (istio/istio pilot/pkg/networking/core/gateway.go, 1.31).
"""


def takeover(class_name: str) -> Takeover:
    """The gateways of a class, with their pods in the mesh."""
    return Takeover(
        class_name,
        joins=f"See that the pods of {class_name} have the annotations of spec.infrastructure, which enrol them in the "
        "mesh (else set linkerd.io/inject on their namespace or pod template; ingress instead of enabled where they "
        "connect to pods and not to Services)",
        features=("GatewayInfrastructurePropagation",),
    )


def advice_on_class(class_name: str) -> str:
    """What to see to where a Gateway of the input gets another class."""
    return (
        f"See that its pods have the annotations of spec.infrastructure and that {class_name} knows what its "
        "routes ask for, test, then point DNS to the new address."
    )
