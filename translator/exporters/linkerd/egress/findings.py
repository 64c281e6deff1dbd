"""What limits of egress become, as findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed
from ir.edge import EgressPolicy, Resolution
from ir.inventory import Inventory
from ir.provenance import Assumption
from ir.traffic import Protocol
from ir.walk import traced
from translator.api import Loss
from translator.exporters.egress.by_name import Name
from translator.exporters.egress.findings import (
    Limited,
    all_is_known,
    by_own_look_up,
    hidden_inside,
)
from translator.exporters.egress.known import refuses
from translator.exporters.linkerd.egress.declared import Entry
from translator.exporters.linkerd.egress.zones import (
    GLOBAL,
    Zone,
    mixed,
)
from translator.report.model import BY_CLAIM, Fate, Impact, Severity, Support

SINCE = "2.17"
"""Since when the target has EgressNetworks, TLSRoutes and TCPRoutes."""

HOME = Assumption(
    "egress-namespace",
    f"the egress networks of the whole mesh are those of the namespace {GLOBAL}, as the Helm chart has it "
    "(egress.globalEgressNetworkNamespace)",
)
BY_HAND = "Write an EgressNetwork for the addresses, with a TCPRoute for the port."
DOC = "https://linkerd.io/2/reference/egress-network/"
LEARNS = "The target's proxies learn of a service when a client asks for it."


def too_old(policies: Sequence[EgressPolicy]) -> Loss:
    """A target that cannot limit egress at all."""
    return Loss(
        code="MM503",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        sites=tuple(value for fact in policies for value in traced(fact)),
        message="traffic to destinations that nobody declared was refused, and passes.",
        why=f"The target has EgressNetworks since {SINCE}.",
        advice="Raise --target-version, or limit egress with NetworkPolicies.",
    )


def inside_passes(policies: Sequence[EgressPolicy], inside: Sequence[str]) -> Loss:
    """What is in the cluster's networks is no destination outside for the target."""
    return Loss(
        code="MM521",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=tuple(p.unknown for p in policies if p.unknown is not None),
        message="destinations that nobody declared pass where their address is one of the cluster's networks "
        f"({', '.join(inside)}): pods that are called without a Service, machines of a private network.",
        why="An EgressNetwork is about what is outside of the cluster's networks.",
        advice="Set clusterNetworks of Linkerd's chart to the blocks of pods and Services (and --cluster-networks here), "
        "and limit the rest with NetworkPolicies.",
    )


def looked_up(entries: Sequence[Entry]) -> Iterator[Loss]:
    """Names that the source's proxy looks up."""
    named = (Protocol.HTTP, Protocol.TLS)
    found = {
        id(e.service): e.service
        for e in entries
        if e.protocol in named and e.service.resolution.value is not Resolution.ORIGINAL
    }
    yield from by_own_look_up(tuple(found.values()))


def hidden(zones: Sequence[Zone], inventory: Inventory, domain: str) -> Iterator[Loss]:
    """Services of the cluster that clients could not reach since their proxies did not know of them."""
    clients = [Limited(_clients(z), z.at, z.filters) for z in zones if z.refuses]
    told = Loss(
        code="MM523",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        message="",
        why="The target refuses nothing on the way to a Service; its servers decide who may come in.",
        advice="Say in authorization policies of those Services who may call them.",
    )
    yield from hidden_inside(clients, inventory, domain, told)


def nothing_hidden(
    zones: Sequence[Zone], told: Sequence[Loss], written: Sequence[Entry]
) -> Iterator[Loss]:
    """Items that name nothing which is declared outside, and hide nothing of the cluster."""
    known = {id(value) for loss in told for value in loss.sites}
    known.update(id(value) for entry in written for value in entry.spent)
    words = [w for zone in zones for p in zone.policies for w in p.seen if id(w) not in known]
    shown = {id(w) for zone in zones if not zone.refuses for p in zone.policies for w in p.seen}
    if open_to_all := tuple(w for w in words if id(w) in shown):
        yield all_is_known(open_to_all, LEARNS, limited=True)
    words = [w for w in words if id(w) not in shown]
    if words:
        yield Loss(
            code="MM504",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(words),
            message="what proxies know of hides nothing that these clients could reach otherwise.",
            why=LEARNS,
        )


def held(zones: Sequence[Zone]) -> Iterator[Loss]:
    """Workloads that may reach less than before, since the target knows namespaces only."""
    for zone in zones:
        if not zone.held and not mixed(zone):
            continue
        facts = zone.held or tuple(p for p in zone.policies if refuses(p))
        yield Loss(
            code="MM524",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(fact.trail for fact in facts),
            because=tuple(value for fact in facts for value in traced(fact)),
            message=f"{_clients(zone)} may all reach only what each of them may: the limits of some workloads hold for "
            "every workload of the namespace.",
            why="The target knows by its namespace alone who asks to leave.",
            advice="Give workloads that may reach more a namespace of their own.",
        )


def _clients(zone: Zone) -> str:
    return "clients of the mesh" if zone.at is None else f"clients in the namespace {zone.at}"


def held_by_name(namespace: str, closed: Sequence[Closed], held: Sequence[Name]) -> Iterator[Loss]:
    """Names that proxies hold pods to, where the network did: the name is what the client says, and a pod may get past it."""
    grants = tuple(v for name in held for v in traced(name.grant))
    names = tuple(t for name in held for test in name.way.tests for t in test.any_of)
    yield Loss(
        code=BY_CLAIM,
        impact=Impact.LOOSER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=names,
        because=(*(v for fact in closed for v in traced(fact)), *grants),
        message=f"pods of the namespace {namespace} are held to names outside by their own proxies, not by the network: on the "
        "ports of these names the network lets them out to every address outside, and a pod that has no proxy, or gets past it, "
        "reaches it. What passes the proxy by name is what the client says it asks for, wherever it dials; one with a "
        "wildcard is any name below it, at any depth.",
        why="A NetworkPolicy knows no names, and an EgressNetwork is no boundary against a client that does not want to be held.",
        advice="Keep the policy of the source for these pods where the source stays as the network of the cluster: then delete the "
        "NetworkPolicies that are written.",
        doc=DOC,
    )
    yield Loss(
        code="MM525",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=names,
        because=grants,
        message=f"pods of the namespace {namespace} reach these names by TLS on 443 and 8443, by HTTP on 80 and 8080: what does "
        "not bear the name is refused there.",
        why="The source looks at addresses and ports alone, the target at what is said.",
        advice="Write a TCPRoute for what is called without a name.",
        doc=DOC,
    )


def unlisted(namespace: str, closed: Sequence[Closed]) -> Loss:
    """Pods of a namespace that the input does not list: its network holds for them too."""
    return Loss(
        code="MM524",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(fact.trail for fact in closed),
        because=tuple(value for fact in closed for value in traced(fact)),
        message=f"pods that are added to the namespace {namespace} may reach only what those of the input may: no policy of the "
        "source closes pods with other labels.",
        why="The target knows by its namespace alone who asks to leave.",
        advice="Give workloads that may reach more a namespace of their own.",
        doc=DOC,
    )
