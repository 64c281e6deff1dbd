"""What leaves pods, as NetworkPolicies beside the mesh, and what its proxies change of the ports that the network sees.

Between two pods of the mesh a proxy dials port 4143 in the place of the port that is meant; installed with
``proxy.outboundTransportMode=transparent`` only where the port is opaque (linkerd2 CHANGES edge-25.3.2 and
controller/api/destination/endpoint_translator.go; that was so for all before 2.18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ir.access import Grant
from ir.inventory import SYSTEM, Inventory
from ir.match import AllOf, Part, texts_of
from ir.provenance import Assumption
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.linkerd.networks import (
    BEHIND_ONE_PORT,
    CONTROL,
    INBOUND,
    SINCE,
    TRANSPARENT,
)
from translator.exporters.network_policies import Control, Outward, Ruling, as_network_policies
from translator.exporters.network_policies.peers import ByName
from translator.report.model import Fate, Impact, Severity, Support

DIALLED = Assumption(
    "transport-mode",
    f"the mesh is installed with {TRANSPARENT}, and no port of a pod that a written NetworkPolicy names is opaque, so that the "
    "network sees the port that is meant",
)
_OPAQUE = "25, 587, 3306, 4444, 5432, 6379, 9300, 11211"
_COMPONENT = "linkerd.io/control-plane-component"
_DOORS = (((_COMPONENT, "identity"), (8080,)), ((_COMPONENT, "destination"), (8086, 8090)))
"""Pods of the control plane, and the ports of :data:`CONTROL` that are theirs (linkerd2 charts/linkerd-control-plane, 2.20)."""


def legalise_ways_out(
    facts: Sequence[Ruling],
    inventory: Inventory,
    options: Options,
    by_name: ByName,
    unheld: Mapping[int, str],
) -> Outward:
    """What leaves pods in terms of NetworkPolicies, which see the ports that proxies dial."""
    home = options.control_plane_namespace
    name = f"the control plane in {home} on ports {', '.join(map(str, CONTROL))}"
    control = Control(home, _DOORS, name)
    found = as_network_policies(facts, inventory, options, control, by_name, unheld)
    by_port = [grant for grant in found.written if _is_for_ports_of_pods(grant)]
    if by_port:
        found.losses.append(_dialled(by_port, options))
        found.assumptions = (*found.assumptions, DIALLED)
    return found


def _is_for_ports_of_pods(grant: Grant) -> bool:
    """Whether it lets out to some ports of pods that may have a proxy."""
    spoken = [word for test in grant.always for word in texts_of(test)]
    tcp = not spoken or "TCP" in spoken
    ways = grant.callers or (None,)
    return tcp and bool(grant.attachment.ports) and any(map(_may_be_meshed, ways))


def _may_be_meshed(way: AllOf | None) -> bool:
    """Whether the peers may be pods, others than those of Kubernetes itself."""
    for test in () if way is None else way.tests:
        words = texts_of(test)
        if test.part in (Part.PEER_ADDRESS, Part.DNS_NAME) or words == ["world"]:
            return False
        if test.part is Part.NAMESPACE and words and set(words) <= set(SYSTEM):
            return False
    return True


def _dialled(grants: Sequence[Grant], options: Options) -> Loss:
    """The network sees another port than the one that is meant."""
    new = options.target.at_least(SINCE)
    what = (
        f"in the place of the port that is meant, unless the mesh is installed with {TRANSPARENT}; ports that are opaque "
        f"({_OPAQUE} where nothing else is said) are replaced even then"
        if new
        else f"in the place of a port that is opaque ({_OPAQUE} where nothing else is said)"
    )
    first = (
        f"Install the mesh with {TRANSPARENT} before the pods are restarted, and take"
        if new
        else "Take"
    )
    return Loss(
        code=BEHIND_ONE_PORT,
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=tuple(grant.trail for grant in grants),
        because=tuple(value for grant in grants for value in traced(grant)),
        message=f"the NetworkPolicies that are written let out to ports of pods. Between two pods of the mesh proxies dial {INBOUND} "
        f"{what}. What is dialled so is refused.",
        why=f"All ports of a pod are behind {INBOUND}: it is not let out to, since that would let out to every one of them.",
        advice=f"{first} ports that these rules name from the opaque ones (config.linkerd.io/opaque-ports on the Service).",
        doc="https://linkerd.io/2/common-errors/network-policy/",
    )
