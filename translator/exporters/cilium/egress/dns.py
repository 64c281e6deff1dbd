"""The cluster's DNS: what the agent must see of the look-ups that names outside are known by.

The rule names the pods, since a resolver of somebody else's choice could send a name to any address; the port is theirs,
not that of the Service (docs.cilium.io/en/v1.20/security/policy/language/#dns-policy-and-ip-discovery).
"""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import WorkloadPort
from ir.inventory import Inventory, PortOfService, Service, equal_to
from ir.match import Labels
from ir.provenance import Assumption, Traced, assumed

_SERVICES = (
    ("kube-system", "kube-dns"),
    ("kube-system", "coredns"),
    ("kube-system", "rke2-coredns-rke2-coredns"),
    ("openshift-dns", "dns-default"),
)
"""What the Service of the cluster's DNS is called, by installation."""
_PORT = 53

USUAL = Assumption(
    "cluster DNS",
    "the cluster's DNS is the pods with the label k8s-app: kube-dns in kube-system, on port 53, and clients ask it",
)


@dataclass(frozen=True, slots=True)
class Resolver:
    """The pods that answer look-ups. ``assumption``: what of it is taken for granted, if the input does not show them."""

    namespace: Traced[str]
    labels: Traced[Labels]
    port: Traced[WorkloadPort]
    assumption: Assumption | None = None


def resolver_of(inventory: Inventory) -> Resolver:
    """The DNS that the input lists, else that of most clusters."""
    for space, name in _SERVICES:
        service = inventory.service(space, name)
        if service is not None and service.selector:
            port = _target(service, inventory)
            return Resolver(
                namespace=Traced(space, (), service.leaves),
                labels=Traced(equal_to(service.selector), (), service.leaves),
                port=Traced(WorkloadPort(port), (), service.leaves),
            )
    return Resolver(
        namespace=assumed("kube-system", USUAL),
        labels=assumed(equal_to({"k8s-app": "kube-dns"}), USUAL),
        port=assumed(WorkloadPort(_PORT), USUAL),
        assumption=USUAL,
    )


def _target(service: Service, inventory: Inventory) -> int:
    """The port of the pods behind port 53 of the Service."""
    own: PortOfService | None = next((p for p in service.ports if p.number == _PORT), None)
    if own is None:
        return _PORT
    if isinstance(own.target, int):
        return own.target
    numbers = [w.port_number(own.target) for w in inventory.endpoints(service)]
    return next((number for number in numbers if number is not None), _PORT)
