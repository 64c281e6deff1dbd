"""Names outside that policies of the network let pods reach: what a mesh can hold of them.

The network lets a pod out to the addresses that it saw in answers to questions for a name. A NetworkPolicy has no names, so it
opens their ports to all addresses outside, and a Sidecar of the mode REGISTRY_ONLY holds these pods to the names: TLS by the
name in its hello, HTTP by its host, other bytes by the port where one name alone is meant and the namespace has no other pods. An exact name is looked up by the
proxy, whatever address was dialled; one with a wildcard goes where the client dialled (istio/istio
pilot/pkg/networking/core/listener.go and tls.go, 1.31).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.access import Certainty, Closed, Grant, Refusal
from ir.attachment import Attachment, EnforcedAt
from ir.edge import EgressPolicy, ExternalService, Resolution, UnknownEgress
from ir.inventory import Inventory, meets
from ir.match import Operator, Part, Pattern, PatternKind
from ir.provenance import derived, named
from translator.api import Options
from translator.exporters.egress.by_address import Range, ranges_of, unfit
from translator.exporters.egress.by_address import declared as declared_addresses
from translator.exporters.egress.by_name import (
    Held,
    Name,
    declared,
    leaves,
    left_out,
    names_of,
    protocol_of,
)
from translator.exporters.egress.names import text_of
from translator.exporters.istio.egress import findings
from translator.exporters.istio.egress.entries import NOBODY
from translator.exporters.istio.egress.ways import is_inside, taken
from translator.exporters.naming import Names
from translator.exporters.network_policies.subjects import Place, places_of

Ruling = Closed | Grant | Refusal

_INSIDE = "the name of one is that of a Service too, whose requests an entry would take"
_KIND = "ServiceEntry"


def hold_by_name(
    facts: Sequence[Ruling], inventory: Inventory, options: Options, names: Names
) -> Held:
    """Sidecars and entries for pods that may reach names outside, where all else that they may reach can be declared too."""
    found = Held()
    closed = [f for f in facts if isinstance(f, Closed) and f.certain is not Certainty.NO]
    grants = [f for f in facts if isinstance(f, Grant)]
    places = {p.key: p for f in closed for p in places_of(f.attachment.subject, inventory)[0]}
    hosts: dict[tuple[str, str], ExternalService] = {}
    for place in places.values():
        own = [g for g in grants if _is_for(g, place, inventory)]
        said = [name for grant in own for name in names_of(grant)]
        if not said:
            continue
        wide = [g for g in grants if g not in own and _holds_all(g, place, inventory)]
        near = [g for g in grants if _may_meet(g, place, inventory)]
        others = [g for g in near if not any(g is one for one in (*own, *wide))]
        besides = list(ranges_of((*own, *wide)))
        reason = _unheld(place, others, said, options) or _unfit(place, said, besides, inventory)
        if reason:
            found.losses.append(left_out(said, reason, findings.DOC))
            continue
        shut = [f for f in closed if _is_for(f, place, inventory)]
        _hold(place, shut, said, options, names, hosts, found, besides)
        stated = [(n.grant, n.way) for n in said]
        about = [f for f in closed if _meets(f, place, inventory)]
        found.losses.extend(findings.held_by_name(place.namespace, about, stated))
    found.facts.extend(hosts.values())
    return found


def _is_for(fact: Closed | Grant, place: Place, inventory: Inventory) -> bool:
    return any(one.key == place.key for one in places_of(fact.attachment.subject, inventory)[0])


def _holds_all(grant: Grant, place: Place, inventory: Inventory) -> bool:
    """Whether the rule is for all of the pods and more, and lets them out by no name."""
    places = places_of(grant.attachment.subject, inventory)[0]
    return any(one.holds(place) for one in places) and not any(
        test.part is Part.DNS_NAME for way in grant.callers for test in way.tests
    )


def _may_meet(grant: Grant, place: Place, inventory: Inventory) -> bool:
    """Whether the rule is for some of the pods too, and for destinations outside."""
    return _meets(grant, place, inventory) and leaves(grant)


def _meets(fact: Closed | Grant, place: Place, inventory: Inventory) -> bool:
    """Whether it is for some of the pods, as far as labels tell."""
    return any(one.may_meet(place) for one in places_of(fact.attachment.subject, inventory)[0])


def _unheld(
    place: Place,
    others: Sequence[Grant],
    said: Sequence[Name],
    options: Options,
) -> str:
    """Why the mesh cannot hold the pods to names; empty where it can."""
    chosen = () if place.labels is None else place.labels.requirements
    bare = [n for n in said if any(protocol_of(p) == "TCP" for p in n.ports)]
    ports = [p.value.port for n in bare for p in n.ports]
    checks = (
        (
            any(o.kind == "Sidecar" and o.namespace == place.namespace for o in options.beside),
            "a Sidecar of their namespace stays",
        ),
        (
            place.labels is None and place.namespace == options.root_namespace,
            "a Sidecar of the root namespace is for the whole mesh",
        ),
        (bool(others), "another rule lets some of these pods out to other destinations"),
        (
            not all(_is_equal(r.operator, r.values) for r in chosen),
            "a Sidecar selects pods by equal labels alone",
        ),
        (any(not name.ports for name in said), "they may reach a name on every port"),
        (
            any(n.host.value.kind is not PatternKind.EXACT for n in bare),
            "what is neither TLS nor HTTP is not told by a name with a wildcard",
        ),
        (
            any(ports.count(port) > 1 for port in ports),
            "what is neither TLS nor HTTP is told by its port, which is that of several names",
        ),
    )
    return next((reason for holds, reason in checks if holds), "")


def _unfit(
    place: Place, said: Sequence[Name], besides: Sequence[Range], inventory: Inventory
) -> str:
    """Why there can be no entry for a name or for addresses, or a port cannot be that of one; empty where they can.

    An entry for the name of a Service would stand for it too. An entry of bytes without addresses has the listener of all addresses on its port, with every proxy that knows of it: those
    of the namespace that the entry is exported to, whatever their Sidecar limits (istio/istio pilot/pkg/networking/core/
    listener.go ``buildSidecarOutboundTCPListenerOpts``, 1.31).
    """
    if any(is_inside(name.host.value, inventory) for name in said):
        return _INSIDE
    ports = {int(p.value.port): protocol_of(p) for name in said for p in name.ports}
    bare = sorted(number for number, word in ports.items() if word == "TCP")
    if bare and not _alone(place, inventory):
        words = ", ".join(map(str, bare))
        return (
            f"what is neither TLS nor HTTP is told by its port alone, and what other pods of the namespace {place.namespace} "
            f"send to port {words}, wherever they send it, would go to the name"
        )
    found = (
        unfit(besides, ports),
        *(taken(number, inventory, http=word == "HTTP") for number, word in ports.items()),
        *(taken(number, inventory, http=False) for one in besides for number in one.numbers),
    )
    return next((reason for reason in found if reason), "")


def _alone(place: Place, inventory: Inventory) -> bool:
    """Whether there are no other pods in the namespace."""
    labels = place.labels
    if labels is None:
        return True
    pods = [w for w in inventory.workloads if w.namespace == place.namespace]
    return inventory.complete and all(meets(w.labels, labels) for w in pods)


def _is_equal(operator: Operator, values: Sequence[str]) -> bool:
    return operator is Operator.IN and len(values) == 1


# --- facts ------------------------------------------------------------------------------------------


def _hold(  # noqa: PLR0913, PLR0917  # all that one set of pods is made of
    place: Place,
    closed: Sequence[Closed],
    said: Sequence[Name],
    options: Options,
    names: Names,
    hosts: dict[tuple[str, str], ExternalService],
    found: Held,
    besides: Sequence[Range],
) -> None:
    """The Sidecar of some pods, and the entries of their names."""
    nodes = [fact.trail for fact in closed]
    for name in said:
        key = place.namespace, text_of(name.host.value)
        hosts[key] = _entry(name, place, hosts.get(key), names)
        found.ways[id(name.way)] = tuple(nodes)
    words = [f"*/*.svc.{options.cluster_domain}"]
    words += dict.fromkeys(f"{place.namespace}/{text_of(n.host.value)}" for n in said)
    more = [one for own in besides if (one := _of_addresses(own, place, names)) is not None]
    found.facts.extend(more)
    found.facts.append(
        EgressPolicy(
            attachment=Attachment(
                subject=replace(place.subject, trail=derived("clients", [place.subject.trail])),
                enforced_at=EnforcedAt.CLIENT,
            ),
            unknown=derived(UnknownEgress.REFUSE, nodes),
            seen=(
                *(named(word, *nodes) for word in words),
                *(
                    named(f"{place.namespace}/{text_of(host.value)}", *nodes, one.trail)
                    for one in more
                    for host in one.hosts
                ),
            ),
            trail=derived("egress", (*nodes, *(one.grant.trail for one in besides))),
        )
    )


def _entry(
    name: Name, place: Place, known: ExternalService | None, names: Names
) -> ExternalService:
    """The entry of a host, with the ports that it has already."""
    exact = name.host.value.kind is PatternKind.EXACT
    way = Resolution.NAME if exact else Resolution.ORIGINAL
    text = name.host.value.text.removeprefix(".")
    title = "" if known is not None else names.take(_KIND, place.namespace, text)
    return declared(name, place.namespace, title, way, known)


def _of_addresses(one: Range, place: Place, names: Names) -> ExternalService | None:
    """The entry of addresses, under a name that nobody asks for."""
    title = names.take(_KIND, place.namespace, "addresses", *map(str, one.numbers))
    host = Pattern(PatternKind.EXACT, f"{title}.{place.namespace}.{NOBODY}", ignore_case=True)
    made = declared_addresses(one, place.namespace, title)
    return None if made is None else replace(made, hosts=(named(host, made.trail),))
