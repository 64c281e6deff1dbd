"""Kubernetes NetworkPolicies stay in force beside the target; what that means for its proxies is said here.

Between two pods of the mesh the port that is dialled is replaced with the proxy's inbound port, 4143
(linkerd.io/2/common-errors/network-policy, 2.18 and later; before, for opaque ports only), so that rules for ports no
longer see the port that is meant (linkerd2 issue 15246).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Direction, Grant
from ir.attachment import WorkloadPort
from ir.match import Part, Pattern
from ir.model import Fact
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

BEHIND_ONE_PORT = "MM607"
"""The finding about policies of the network that do not let the proxies' own port in or out."""
INBOUND = 4143
TRANSPARENT = "proxy.outboundTransportMode=transparent"
"""A value of the Helm chart: the port that is dialled stays what it is, unless it is opaque (linkerd2 edge-25.3.2)."""
SINCE = "2.18"
"""Since when there is that value, and the port is replaced where it is not opaque."""
CONTROL = (8080, 8086, 8090)
"""Ports of the control plane that every proxy needs: identity, destination, policy."""


SHOWN = 5
"""Policies that a message names."""


def network_losses(network: Sequence[Fact], options: Options) -> Iterator[Loss]:
    """What to add to the policies, and what they no longer hold apart."""
    by_port = [f for f in network if isinstance(f, Grant) and _is_for_ports(f)]
    shut = [f for f in by_port if not _has(f, INBOUND)]
    if shut:
        yield Loss(
            code=BEHIND_ONE_PORT,
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.CARRIED,
            leaves=_leaves(shut),
            message=f"{_names(shut)}: these NetworkPolicies stay in force and let nothing in on port {INBOUND}, by which "
            "the target's proxies talk to one another: traffic within the mesh is refused.",
            why="The port that is dialled between two pods of the mesh is replaced with that of the proxy.",
            advice=f"Add TCP port {INBOUND} to these rules before the pods are restarted; where egress is limited, let "
            f"it out too, and to {options.control_plane_namespace} on {', '.join(map(str, CONTROL))}. "
            + _or_transparent(options),
            doc="https://linkerd.io/2/common-errors/network-policy/",
        )
    if by_port:
        yield Loss(
            code="MM608",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            fate=Fate.CARRIED,
            leaves=_leaves(by_port),
            message=f"{_names(by_port)}: rules for ports do not see the port that is meant between pods of the mesh; "
            f"once {INBOUND} is open, every port of the pod is open to those peers as far as the network goes.",
            why="All traffic between two pods of the mesh takes the proxy's inbound port.",
            advice="Say which ports are open in AuthorizationPolicies on Servers too. "
            + _or_transparent(options),
            doc="https://github.com/linkerd/linkerd2/issues/15246",
        )


def _or_transparent(options: Options) -> str:
    """The way in which the network goes on to see the port that is meant."""
    if not options.target.at_least(SINCE):
        return f"Only ports that are opaque take {INBOUND} before {SINCE}."
    return (
        f"Or install the mesh with {TRANSPARENT}: then only ports that are opaque take {INBOUND}."
    )


def _is_for_ports(grant: Grant) -> bool:
    """Whether a rule lets in on some ports of TCP alone."""
    words = [t.value.text for test in grant.always if test.part is Part.TRANSPORT
             for t in test.any_of if isinstance(t.value, Pattern)]  # fmt: skip
    inbound = grant.direction is Direction.INBOUND
    return inbound and bool(grant.attachment.ports) and (not words or "TCP" in words)


def _has(grant: Grant, number: int) -> bool:
    """Whether a rule for ports lets in on this one, by number."""
    ports = [port.value for port in grant.attachment.ports]
    return any(
        isinstance(port, WorkloadPort)
        and isinstance(port.port, int)
        and port.covers(number, port.port)
        for port in ports
    )


def _leaves(facts: Sequence[Fact]) -> tuple[int, ...]:
    """The first leaf of each policy is enough to show where it stands."""
    return tuple(sorted({min(f.trail.because) for f in facts if f.trail.because}))


def _names(facts: Sequence[Fact]) -> str:
    keys = [f.trail.value.removeprefix("rule of ").removeprefix("NetworkPolicy/") for f in facts]
    found = list(dict.fromkeys(keys))
    rest = len(found) - SHOWN
    return ", ".join(found[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
