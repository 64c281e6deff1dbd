"""What reading tells: fields that are not there, kinds that no reader knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.model import Fact, Inactive
from ir.walk import traced
from translator.api import Edit, Loss, Options
from translator.importers.route_objects.link.mesh import is_service
from translator.importers.route_objects.model import GatewayObject, RouteObject
from translator.importers.route_objects.places import GROUPS
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaves_below

_IDLE = "nothing of it holds anywhere"
DROPPED = "the field is dropped or passed over in this version and channel"


def pruned(route: RouteObject, options: Options) -> Iterator[Loss]:
    """Fields that the API server of this version and channel drops without a word."""
    for rule in route.rules:
        for field, leaves in rule.pruned:
            yield Loss(
                code="MM260",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.INERT,
                leaves=leaves,
                message=f"{route.meta.key}: {field} is nothing to {options.source}, so nothing of it holds: it is dropped or "
                "passed over.",
                advice=f"If {field} does hold in your cluster, name the version and channel that are installed, for "
                f"instance --from {options.source.mesh}@{options.source.version}+experimental.",
            )


def of_others(route: RouteObject) -> Iterator[Loss]:
    """A route that belongs to an object which one mesh alone knows: it stays, and that mesh heeds it."""
    foreign = [
        p
        for p in route.parents
        if p.group not in GROUPS and not is_service(p) and p.kind != "Gateway"
    ]
    if foreign:
        kinds = ", ".join(dict.fromkeys(f"{p.kind} of {p.group or 'core'}" for p in foreign))
        rules = tuple(v for rule in route.rules for v in traced(rule.route))
        yield Loss(
            code="MM261",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.CARRIED,
            because=(route.trail, *(p.name for p in foreign), *rules),
            message=f"{route.meta.key} belongs to {kinds}, which Gateway API does not know: it stays as it is, and holds "
            "from the day on which a mesh that knows the kind is there.",
            advice="See whether its rules are meant for the target; else delete it before the target is installed.",
        )


def idle(
    claimed: Sequence[Resource],
    facts: Sequence[Fact],
    inactive: Sequence[Inactive],
    losses: Sequence[Loss],
) -> Iterator[Inactive]:
    """Objects of which nothing holds: those that no fact says anything of."""
    said = {leaf for fact in facts for value in traced(fact) for leaf in value.origin}
    told = {leaf for one in inactive for leaf in one.leaves}
    told.update(leaf for loss in losses for leaf in loss.leaves)
    for resource in claimed:
        own = set(leaves_below(resource))
        if not own & said:
            yield Inactive(leaves=tuple(sorted(own - told)), winner="", why=_IDLE)


def of_class(gateway: GatewayObject, options: Options) -> Iterator[tuple[Edit, Loss]]:
    """The change of a Gateway that gets the class that is given, and what it means."""
    own, other = gateway.class_name, options.gateway_class
    if other is None or own.value == other or options.source.mesh == options.target.mesh:
        return
    put = ((("spec", "gatewayClassName"), own.derive(other)),)
    loss = Loss(
        code="MM505",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        leaves=own.origin,
        message=f"{gateway.meta.key} becomes one of class {other}: other pods serve it, at an address of their own.",
        why="Another class is to take over.",
        advice=f"See that {other} knows what its listeners and routes ask for, test, then point DNS to the new address.",
    )
    yield Edit(resource=gateway.meta.key, put=put, restart=False), loss


def unserved(gateway: GatewayObject, options: Options) -> Iterator[Loss]:
    """Listeners that the class which takes a Gateway over has no routes for.

    istio/istio pilot/pkg/config/kube/gateway/supported_features.go, 1.31: no UDPRoute in any version. cilium/cilium
    operator/pkg/gateway-api, 1.20: TCPRoute and UDPRoute since then.
    """
    other = options.gateway_class
    if other is None or gateway.class_name.value == other or other != options.target.mesh:
        return
    later = () if options.target.at_least("1.20") else ("TCP", "UDP")
    for protocol in {"istio": ("UDP",), "cilium": later}.get(other, ()):
        own = [d.listener for d in gateway.doors if d.listener.protocol.value == protocol]
        if own:
            yield Loss(
                code="MM213",
                impact=Impact.STRICTER,
                support=Support.VERSION if other == "cilium" else Support.NEVER,
                severity=Severity.HIGH,
                fate=Fate.CARRIED,
                because=tuple(listener.protocol for listener in own),
                message=f"{gateway.meta.key}: the class {other} serves no {protocol}Route in {other} "
                f"{options.target.version}: nothing enters by its listeners for {protocol}.",
                advice="Take Cilium 1.20 or later, or leave these listeners to another class."
                if other == "cilium"
                else "Leave these listeners to a Gateway of another class.",
            )
