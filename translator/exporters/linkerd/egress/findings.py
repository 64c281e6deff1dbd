"""What limits of egress become, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.attachment import Scope
from ir.edge import EgressPolicy, Resolution
from ir.inventory import Inventory
from ir.provenance import Assumption, Traced
from ir.traffic import Protocol, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.egress.known import knows_all, refuses, sees
from translator.exporters.egress.names import names_of, text_of
from translator.exporters.handed_on import turns_away
from translator.exporters.linkerd.egress.declared import Entry, Unreached
from translator.exporters.linkerd.egress.zones import (
    GLOBAL,
    Zone,
    mixed,
)
from translator.report.model import Fate, Impact, Severity, Support

SINCE = "2.17"
"""Since when the target has EgressNetworks, TLSRoutes and TCPRoutes."""

HOME = Assumption(
    "egress-namespace",
    f"the egress networks of the whole mesh are those of the namespace {GLOBAL}, as the Helm chart has it "
    "(egress.globalEgressNetworkNamespace)",
)
_SHOWN = 5
_HTTP = (Protocol.HTTP, Protocol.GRPC)


def let_out(tables: Iterable[RouteTable], written: Sequence[Entry]) -> Iterator[Loss]:
    """Rules for names outside that let out a part of the requests only: where egress is limited, all of them leave."""
    named_there = {text_of(h.value) for e in written for h in e.hosts if e.protocol in _HTTP}
    for table in tables:
        subject = table.attachment.subject
        name = "" if subject.name is None else subject.name.value
        outside = subject.scope is Scope.SERVICE and subject.namespace is None
        if outside and table.protocol in _HTTP and name in named_there and turns_away((table,)):
            yield Loss(
                code="MM203",
                impact=Impact.LOOSER,
                support=Support.NOT_YET,
                fate=Fate.APPROXIMATED,
                because=() if subject.name is None else (subject.name,),
                message=f"requests to {name} that none of its rules matches are not found in the source; in the target "
                "they leave, as all does that goes to a declared name.",
                advice="Limit the paths at an egress gateway, or where the requests arrive.",
            )


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


def by_own_look_up(entries: Sequence[Entry]) -> Iterator[Loss]:
    """Names that the source's proxy looks up, so that a client cannot choose the address."""
    named = (Protocol.HTTP, Protocol.TLS)
    found = {
        id(e.service): e.service
        for e in entries
        if e.protocol in named and e.service.resolution.value is not Resolution.ORIGINAL
    }
    if found:
        yield Loss(
            code="MM522",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(service.resolution for service in found.values()),
            message=f"{names_of(found.values())}: requests go to the address that the client dialled, whatever it is, "
            "and not to one that the proxy looked up for the name.",
            why="The target lets a name through by what the request says, and forwards to the address dialled.",
            advice="Limit the addresses with NetworkPolicies where clients are not trusted.",
        )


def hidden_inside(zones: Sequence[Zone], inventory: Inventory, domain: str) -> Iterator[Loss]:
    """Services of the cluster that clients could not reach since their proxies did not know of them."""
    for zone in zones:
        if not zone.refuses or not zone.filters:
            continue
        if all(knows_all(words) for words in zone.filters):
            continue
        hidden = [
            f"{space}/{name}"
            for space, name in sorted(inventory.services)
            if not sees(zone.filters, space, f"{name}.{space}.svc.{domain}", zone.at or space)
        ]
        if inventory.complete and not hidden:
            continue
        told = f" ({_some(hidden)})" if hidden else ""
        yield Loss(
            code="MM523",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            sites=tuple(word for words in zone.filters for word in words),
            message=f"{_clients(zone)} reach Services of the cluster that their proxies did not know of{told}.",
            why="The target refuses nothing on the way to a Service; its servers decide who may come in.",
            advice="Say in authorization policies of those Services who may call them.",
        )


def nothing_hidden(
    zones: Sequence[Zone], told: Sequence[Loss], written: Sequence[Entry]
) -> Iterator[Loss]:
    """Items that name nothing which is declared outside, and hide nothing of the cluster."""
    known = {id(value) for loss in told for value in loss.sites}
    known.update(id(value) for entry in written for value in entry.spent)
    words = [w for zone in zones for p in zone.policies for w in p.seen if id(w) not in known]
    shown = {id(w) for zone in zones if not zone.refuses for p in zone.policies for w in p.seen}
    if open_to_all := tuple(w for w in words if id(w) in shown):
        yield _knows_all(open_to_all, limited=True)
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
            why="The target's proxies learn of a service when a client asks for it.",
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


def not_reached(found: Sequence[Unreached], written: Sequence[Entry]) -> Iterator[Loss]:
    """Declared ports that are refused now, in part or as a whole."""
    ports = {id(entry.port) for entry in written}
    services = {id(entry.service) for entry in written}
    groups: dict[tuple[str, bool], dict[int, Unreached]] = {}
    for one in found:
        group = one.reason, id(one.port) in ports
        groups.setdefault(group, {})[id(one.port)] = one
    for (reason, in_part), ones in sorted(groups.items()):
        shown = [f"{names_of([o.service])}:{o.port.number.value}" for o in ones.values()]
        said = "part of what was declared" if in_part else "what was declared"
        sites: list[Traced[object]] = []
        for one in ones.values():
            sites.extend(traced(one.port if id(one.service) in services else one.service))
        yield Loss(
            code="MM525",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED if in_part else Fate.LOST,
            sites=tuple(sites),
            because=tuple(value for one in ones.values() for value in traced(one.service)),
            message=f"{_some(shown)}: {said} is refused: {reason}.",
            advice="Write an EgressNetwork for the addresses, with a TCPRoute for the port.",
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _clients(zone: Zone) -> str:
    return "clients of the mesh" if zone.at is None else f"clients in the namespace {zone.at}"


def passing(policies: Sequence[EgressPolicy]) -> Iterator[Loss]:
    """Policies that refuse nothing, where nothing is to be written for them."""
    for fact in policies:
        if fact.through is not None:
            yield lost_way(tuple(traced(fact)))
        else:
            yield _knows_all(tuple(traced(fact)), limited=bool(fact.seen))


def lost_way(sites: tuple[Traced[object], ...]) -> Loss:
    """Traffic that no longer takes a service on its way out."""
    return Loss(
        code="MM503",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=sites,
        message="traffic to undeclared destinations took a service on its way, and goes directly.",
        advice="Route it there in the network, or close what may go out with NetworkPolicies.",
    )


def _knows_all(sites: tuple[Traced[object], ...], *, limited: bool) -> Loss:
    return Loss(
        code="MM504",
        impact=Impact.DIFFERENT if limited else Impact.NONE,
        support=Support.NEVER,
        severity=Severity.LOW if limited else Severity.INFO,
        fate=Fate.LOST if limited else Fate.ABSORBED,
        sites=sites,
        message="what proxies know of is not limited: rules that were hidden from these clients hold for them now."
        if limited
        else "undeclared destinations pass; the target does so by itself.",
        why="The target's proxies learn of a service when a client asks for it.",
    )
