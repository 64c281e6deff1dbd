"""Names outside that policies of the network let pods reach: what an EgressNetwork can hold of them.

A NetworkPolicy has no names, so it opens their ports to all addresses outside, and an EgressNetwork of the namespace refuses
what bears none of them: TLS by the name in its hello, HTTP by its host, wherever the client dialled. It is for all pods of
the namespace, so all of them must be closed, and a name counts that all may reach who leave by its port (linkerd2
policy-controller/k8s/index/src/outbound/index/egress_network.rs and linkerd/app/outbound, 2.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Certainty, Closed, Grant
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.edge import EgressPolicy, ExternalService, Resolution, UnknownEgress
from ir.inventory import Inventory, meets
from ir.provenance import derived, named
from ir.traffic import Protocol
from translator.api import Loss, Options
from translator.exporters.egress.addresses import networks
from translator.exporters.egress.by_address import Range, ranges_of, unfit
from translator.exporters.egress.by_address import declared as declared_addresses
from translator.exporters.egress.by_name import (
    Held,
    Name,
    declared,
    left_out,
    names_of,
    protocol_of,
)
from translator.exporters.egress.names import text_of
from translator.exporters.linkerd.egress.declared import Entry
from translator.exporters.linkerd.egress.findings import DOC, SINCE, held_by_name, unlisted
from translator.exporters.linkerd.egress.objects import Built, build
from translator.exporters.linkerd.egress.zones import Zone
from translator.exporters.naming import Names
from translator.exporters.network_policies import Ruling
from translator.exporters.network_policies.subjects import Place, places_of
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

_TOO_OLD = f"the target has EgressNetworks since {SINCE}"
_OPEN = (
    "an EgressNetwork is for every pod of its namespace, and other pods there may reach whatever they like, or the input "
    "does not show that they may not"
)
_BESIDE = "an EgressNetwork of their namespace stays"
_EVERY_PORT = "it is let out to on every port"
_BYTES = "what is neither TLS nor HTTP bears no name"
_OTHERS = "other pods of the namespace that leave by the same port may not reach it"


@dataclass(frozen=True, slots=True)
class _Use:
    """A name that some pods of a namespace may reach."""

    name: Name
    place: Place

    @property
    def ports(self) -> tuple[int, ...]:
        """Its ports."""
        return tuple(int(port.value.port) for port in self.name.ports)

    @property
    def text(self) -> str:
        """The name."""
        return text_of(self.name.host.value)


def hold_by_name(
    facts: Sequence[Ruling], inventory: Inventory, options: Options, names: Names
) -> Held:
    """Networks and routes for the namespaces of which all pods are closed, and may reach names alone outside."""
    found = Held()
    closed = [f for f in facts if isinstance(f, Closed) and f.certain is not Certainty.NO]
    grants = [f for f in facts if isinstance(f, Grant)]
    uses: dict[str, list[_Use]] = {}
    for grant in grants:
        for name in names_of(grant):
            for place in places_of(grant.attachment.subject, inventory)[0]:
                uses.setdefault(place.namespace, []).append(_Use(name, place))
    for space, own in sorted(uses.items()):
        shut = [f for f in closed if any(p.namespace == space for p in _places(f, inventory))]
        near = [g for g in grants if any(p.namespace == space for p in _places(g, inventory))]
        besides = list(ranges_of(near))
        by_name = {number for use in own for number in use.ports}
        reason = _unheld(space, shut, inventory, options) or unfit(besides, by_name)
        if reason:
            found.losses.append(left_out([use.name for use in own], reason, DOC))
            continue
        kept = list(_kept(own, found.losses))
        if kept:
            _hold(space, shut, kept, tuple(_of_addresses(besides, space, options)), names, found)
            pods = [p for fact in shut for p in _places(fact, inventory) if p.namespace == space]
            if not _is_whole(pods):
                found.losses.append(unlisted(space, shut))
    return found


def _places(fact: Closed | Grant, inventory: Inventory) -> list[Place]:
    return places_of(fact.attachment.subject, inventory)[0]


def _unheld(
    space: str,
    shut: Sequence[Closed],
    inventory: Inventory,
    options: Options,
) -> str:
    """Why no network can hold the pods of a namespace to names; empty where it can."""
    if not options.target.at_least(SINCE):
        return _TOO_OLD
    if any(one.kind == "EgressNetwork" and one.namespace == space for one in options.beside):
        return _BESIDE
    if not _is_shut(space, shut, inventory):
        return _OPEN
    return ""


def _is_shut(space: str, shut: Sequence[Closed], inventory: Inventory) -> bool:
    """Whether something closes all pods of the namespace."""
    places = [p for fact in shut for p in _places(fact, inventory) if p.namespace == space]
    if _is_whole(places):
        return True
    pods = [w for w in inventory.workloads if w.namespace == space]
    chosen = [place.labels for place in places if place.labels is not None]
    return inventory.complete and all(any(meets(w.labels, own) for own in chosen) for w in pods)


def _is_whole(places: Sequence[Place]) -> bool:
    """Whether one of them is all pods of its namespace, listed or not."""
    return any(place.labels is None for place in places)


def _kept(uses: Sequence[_Use], losses: list[Loss]) -> Iterator[_Use]:
    """The names that a route can tell, and that all pods may reach who leave by their ports."""
    left: dict[str, list[_Use]] = {}
    told: list[_Use] = []
    for one in uses:
        bare = any(protocol_of(port) == "TCP" for port in one.name.ports)
        reason = _EVERY_PORT if not one.ports else _BYTES if bare else ""
        if reason:
            left.setdefault(reason, []).append(one)
        else:
            told.append(one)
    for one in told:
        if all(one.text in _reached(other, port, told) for port in one.ports
               for other in told if port in other.ports):  # fmt: skip
            yield one
        else:
            left.setdefault(_OTHERS, []).append(one)
    for reason, own in left.items():
        losses.append(left_out([use.name for use in own], reason, DOC))


def _reached(one: _Use, port: int, uses: Sequence[_Use]) -> set[str]:
    """The names that the pods of one may reach on a port."""
    return {u.text for u in uses if port in u.ports and u.place.holds(one.place)}


def _hold(
    space: str,
    shut: Sequence[Closed],
    kept: Sequence[_Use],
    more: Sequence[Entry],
    names: Names,
    found: Held,
) -> None:
    """The network of a namespace, and the routes of its names."""
    nodes = [fact.trail for fact in shut]
    hosts: dict[str, ExternalService] = {}
    for one in kept:
        title = one.name.host.value.text.removeprefix(".")
        known = hosts.get(one.text)
        hosts[one.text] = declared(one.name, space, title, Resolution.ORIGINAL, known)
        found.ways[id(one.name.way)] = tuple(nodes)
    subject = Subject(
        scope=Scope.NAMESPACE,
        namespace=named(space, *nodes),
        trail=derived("clients", [fact.attachment.subject.trail for fact in shut]),
    )
    policy = EgressPolicy(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        unknown=derived(UnknownEgress.REFUSE, nodes),
        trail=derived("egress", nodes),
    )
    made = Built()
    entries = [
        Entry(service, port, Protocol.TLS if word == "TLS" else Protocol.HTTP, service.hosts)
        for service in hosts.values()
        for port in service.ports
        if (word := "" if port.protocol is None else port.protocol.value)
    ]
    build(Zone(space, (policy,), refuses=True), (*entries, *more), (space,), names, made)
    found.facts.extend(made.facts)
    found.losses.extend(held_by_name(space, shut, [one.name for one in kept]))


def _of_addresses(besides: Sequence[Range], space: str, options: Options) -> Iterator[Entry]:
    """What passes to addresses on their ports; those of the cluster's networks are no network's that is written."""
    inside = networks(options.cluster_networks or CLUSTER_NETWORKS)
    for one in besides:
        entry = declared_addresses(one, space, "addresses", inside)
        if entry is not None:
            yield from (Entry(entry, p, Protocol.TCP, (), entry.addresses) for p in entry.ports)
