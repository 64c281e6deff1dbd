"""Workloads outside the cluster that are part of the mesh: as ExternalWorkloads where that is the same.

linkerd2 controller/api/external-workload/endpoints and .../destination/watcher, 2.20: Services select them by their labels;
a port that a Service names is looked up in their ports, a number is taken as it is. istio/istio
pilot/pkg/serviceregistry/kube/controller/endpointslice.go, 1.31, does the same, and takes a port called as that of the
Service before the number; mutual TLS is used where a service account is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from ir.edge import ExternalWorkload
from ir.inventory import Inventory, Service, contains
from ir.match import Operator
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

SINCE = "2.15"
"""Since when the target has ExternalWorkloads."""
_ADVICE = (
    "Write an ExternalWorkload with the identity that its machine has, and a Service that selects it; for a machine "
    "without the mesh an EndpointSlice."
)


@dataclass(frozen=True, slots=True)
class Machines:
    """The workloads that can be written, and what is told of all."""

    facts: tuple[ExternalWorkload, ...]
    losses: tuple[Loss, ...]


def machines(facts: Sequence[ExternalWorkload], inventory: Inventory, options: Options) -> Machines:
    """The workloads outside in legal form."""
    found: list[ExternalWorkload] = []
    losses: list[Loss] = []
    for fact in facts:
        reason = _reason(fact, inventory, options)
        if reason:
            losses.append(_lost(fact, reason))
            continue
        found.append(replace(fact, endpoint=replace(fact.endpoint, placement=())))
        losses.append(_to_do(fact, options))
        losses.extend(_placement(fact))
    return Machines(tuple(found), tuple(losses))


def identity_of(fact: ExternalWorkload, trust_domain: str) -> str:
    """The identity that the certificate of the machine has in the source: that of an account, or one of its own."""
    account = fact.endpoint.account
    name = "" if account is None else account.value
    if name.startswith("spiffe://"):
        return name
    return f"spiffe://{trust_domain}/ns/{fact.namespace.value}/sa/{name}"


def server_name_of(fact: ExternalWorkload, cluster_domain: str) -> str:
    """The name by which its proxy is asked for in the TLS hello."""
    return f"{fact.name.value}.{fact.namespace.value}.{cluster_domain}"


def labels_of(fact: ExternalWorkload) -> dict[str, str]:
    """Its labels."""
    requirements = () if fact.endpoint.labels is None else fact.endpoint.labels.value.requirements
    return {r.key: r.values[0] for r in requirements if r.operator is Operator.IN and r.values}


def _reason(fact: ExternalWorkload, inventory: Inventory, options: Options) -> str:
    """Why the workload has no form in the target; empty where it has."""
    endpoint = fact.endpoint
    labels = labels_of(fact)
    if not options.target.at_least(SINCE):
        return f"it needs Linkerd {SINCE}"
    if endpoint.address is None or not _is_address(endpoint.address.value):
        return "it has no IP address, and names are not looked up"
    called_in_clear = labels.get("security.istio.io/tlsMode", "istio") != "istio"
    if endpoint.account is None or not endpoint.account.value or called_in_clear:
        return "it is called in clear text, and an ExternalWorkload has an identity"
    services = [
        service
        for (space, _), service in sorted(inventory.services.items())
        if space == fact.namespace.value and service.selector and contains(labels, service.selector)
    ]
    if not services:
        return "no Service of the input selects it, and no other name leads to it"
    named = dict(port.value for port in endpoint.ports)
    return next((reason for s in services if (reason := _ports_differ(s, named))), "")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _ports_differ(service: Service, named: dict[str, int]) -> str:
    """Why a port of the service leads elsewhere in the target."""
    for port in service.ports:
        if isinstance(port.target, str):
            if port.target not in named:
                return f"it has no port that {service.key} calls {port.target}"
        elif named.get(port.name, port.target) != port.target:
            return f"its port {port.name} is another than the number that {service.key} has"
    return ""


def _name(fact: ExternalWorkload) -> str:
    return f"{fact.namespace.value}/{fact.name.value}"


def _lost(fact: ExternalWorkload, reason: str) -> Loss:
    return Loss(
        code="MM526",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(fact)),
        message=f"the workload {_name(fact)} outside the cluster is not written: {reason}.",
        advice=_ADVICE,
    )


def _to_do(fact: ExternalWorkload, options: Options) -> Loss:
    identity = identity_of(fact, options.trust_domain)
    node: tuple[Traced[object], ...] = (fact.trail, *filter(None, (fact.endpoint.account,)))
    return Loss(
        code="MM526",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=node,
        message=f"the workload {_name(fact)} outside the cluster gets requests once its machine runs the target's proxy "
        f"as {identity}. Policies that let in its service account do not let in the machine as a caller.",
        why="The target knows callers in the cluster by another form of identity, and machines by SPIFFE ids.",
        advice="Run the proxy with an identity from SPIRE under the trust anchor of the mesh, and with the server name of "
        "the ExternalWorkload; set its condition Ready; add the identity to the MeshTLSAuthentications that need it.",
    )


def _placement(fact: ExternalWorkload) -> Iterator[Loss]:
    if fact.endpoint.placement:
        yield Loss(
            code="MM527",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.LOW,
            sites=fact.endpoint.placement,
            message=f"the workload {_name(fact)} outside the cluster gets its share by latency: network, locality and weight "
            "do not count.",
            why="An ExternalWorkload has none of them.",
            advice="Give machines that must get less a Service of their own, with a weight in an HTTPRoute.",
        )
