"""Names outside that policies of the network let pods reach: what a mesh can hold of them.

The network lets a pod out to the addresses that it saw in answers to questions for a name. A NetworkPolicy has no names, so it
opens their ports to all addresses outside, and a Sidecar of the mode REGISTRY_ONLY holds these pods to the names: TLS by the
name in its hello, HTTP by its host, other bytes by the port where one name alone is meant and the namespace has no other pods. An exact name is looked up by the
proxy, whatever address was dialled; one with a wildcard goes where the client dialled (istio/istio
pilot/pkg/networking/core/listener.go and tls.go, 1.31).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Certainty, Closed, Grant, Refusal
from ir.attachment import Attachment, Audience, EnforcedAt, Reach, WorkloadPort
from ir.edge import EgressPolicy, ExternalPort, ExternalService, Resolution, UnknownEgress
from ir.inventory import Inventory, meets
from ir.match import AllOf, Operator, Part, Pattern, PatternKind, Term
from ir.model import Fact
from ir.provenance import Traced, derived, named, trail
from translator.api import Loss, Options
from translator.exporters.egress.names import text_of
from translator.exporters.istio.egress import findings
from translator.exporters.istio.egress.ways import is_inside, taken
from translator.exporters.naming import Names
from translator.exporters.network_policies.subjects import Place, places_of

Ruling = Closed | Grant | Refusal

_INSIDE = "the name of one is that of a Service too, whose requests an entry would take"
_WEB, _SECURE = (80, 8080), (443, 8443)
"""Ports by which it is told what is spoken where nothing else says so."""
_MOST_PORTS = 16
_LABEL = r"\[-a-zA-Z0-9_\]\*\\\."
_ONE, _MANY = re.compile(_LABEL), re.compile(r"\(\[-a-zA-Z0-9_\]\+\\\.\)\+")
_PLAIN = re.compile(r"(?:[a-z0-9_-]|\\\.)+\Z")
_KIND = "ServiceEntry"


@dataclass(slots=True)
class Named:
    """What holds pods to names, and the alternatives of rules that it holds, by identity."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    ways: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name outside on some ports, as a rule says it."""

    host: Traced[Pattern]
    ports: tuple[Traced[WorkloadPort], ...]
    grant: Grant
    way: AllOf


def hold_by_name(
    facts: Sequence[Ruling], inventory: Inventory, options: Options, names: Names
) -> Named:
    """Sidecars and entries for pods that may reach names outside, where all else that they may reach can be declared too."""
    found = Named()
    closed = [f for f in facts if isinstance(f, Closed) and f.certain is not Certainty.NO]
    grants = [f for f in facts if isinstance(f, Grant)]
    places = {p.key: p for f in closed for p in places_of(f.attachment.subject, inventory)[0]}
    hosts: dict[tuple[str, str], ExternalService] = {}
    for place in places.values():
        own = [g for g in grants if _is_for(g, place, inventory)]
        said = [name for grant in own for name in _names(grant)]
        if not said:
            continue
        others = [g for g in grants if g not in own and _may_meet(g, place, inventory)]
        reason = _unheld(place, own, others, said, options) or _unfit(place, said, inventory)
        if reason:
            found.losses.append(findings.names_left_out([(n.grant, n.way) for n in said], reason))
            continue
        shut = [f for f in closed if _is_for(f, place, inventory)]
        _hold(place, shut, said, options, names, hosts, found)
        near = [f for f in closed if _meets(f, place, inventory)]
        stated = [(n.grant, n.way) for n in said]
        found.losses.extend(findings.held_by_name(place.namespace, near, stated))
    found.facts.extend(hosts.values())
    return found


def _is_for(fact: Closed | Grant, place: Place, inventory: Inventory) -> bool:
    return any(one.key == place.key for one in places_of(fact.attachment.subject, inventory)[0])


def _may_meet(grant: Grant, place: Place, inventory: Inventory) -> bool:
    """Whether the rule is for some of the pods too, and for destinations outside."""
    return _meets(grant, place, inventory) and _leaves(grant)


def _meets(fact: Closed | Grant, place: Place, inventory: Inventory) -> bool:
    """Whether it is for some of the pods, as far as labels tell."""
    return any(one.may_meet(place) for one in places_of(fact.attachment.subject, inventory)[0])


def _leaves(grant: Grant) -> bool:
    """Whether it lets out to destinations outside."""
    return not grant.callers or any(
        test.part in (Part.DNS_NAME, Part.PEER_ADDRESS)
        or (test.part is Part.ENTITY and {"world", "all"} & set(_words(test.any_of)))
        for way in grant.callers
        for test in way.tests
    )


def _words(terms: Sequence[Traced[Term]]) -> list[str]:
    return [t.value.text for t in terms if isinstance(t.value, Pattern)]


def _unheld(
    place: Place,
    own: Sequence[Grant],
    others: Sequence[Grant],
    said: Sequence[_Name],
    options: Options,
) -> str:
    """Why the mesh cannot hold the pods to names; empty where it can."""
    chosen = () if place.labels is None else place.labels.requirements
    bare = [n for n in said if any(_protocol(p) == "TCP" for p in n.ports)]
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
        (
            any(_leaves(g) and not all(map(_by_name, g.callers or (None,))) for g in own),
            "they may reach addresses outside besides, which would have to be declared port by port",
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


def _unfit(place: Place, said: Sequence[_Name], inventory: Inventory) -> str:
    """Why there can be no entry for a name, or a port cannot be that of one; empty where they can.

    An entry for the name of a Service would stand for it too. An entry of bytes without addresses has the listener of all addresses on its port, with every proxy that knows of it: those
    of the namespace that the entry is exported to, whatever their Sidecar limits (istio/istio pilot/pkg/networking/core/
    listener.go ``buildSidecarOutboundTCPListenerOpts``, 1.31).
    """
    if any(is_inside(name.host.value, inventory) for name in said):
        return _INSIDE
    ports = {int(p.value.port): _protocol(p) for name in said for p in name.ports}
    bare = sorted(number for number, word in ports.items() if word == "TCP")
    if bare and not _alone(place, inventory):
        words = ", ".join(map(str, bare))
        return (
            f"what is neither TLS nor HTTP is told by its port alone, and what other pods of the namespace {place.namespace} "
            f"send to port {words}, wherever they send it, would go to the name"
        )
    found = (taken(number, inventory, http=word == "HTTP") for number, word in ports.items())
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


def _by_name(way: AllOf | None) -> bool:
    """Whether an alternative is for a name outside, or for something inside."""
    if way is None:
        return False
    parts = {test.part for test in way.tests}
    outside = Part.PEER_ADDRESS in parts or any(
        test.part is Part.ENTITY and {"world", "all"} & set(_words(test.any_of))
        for test in way.tests
    )
    return Part.DNS_NAME in parts or not outside


def _names(grant: Grant) -> Iterator[_Name]:
    """The names that a rule for TCP lets out to; of those with patterns the ones that a wildcard covers."""
    spoken = [w for test in grant.always for w in _words(test.any_of)]
    if grant.requests or (spoken and "TCP" not in spoken):
        return
    ports = tuple(_ports(grant))
    for way in grant.callers:
        for term in (t for test in way.tests if test.part is Part.DNS_NAME for t in test.any_of):
            host = _host(term.value)
            if host is not None:
                yield _Name(term.derive(host), ports, grant, way)


def _ports(grant: Grant) -> Iterator[Traced[WorkloadPort]]:
    """The ports one by one; none where they are too many, or have names."""
    for port in grant.attachment.ports:
        own = port.value
        if not isinstance(own, WorkloadPort) or not isinstance(own.port, int):
            return
        last = own.last or own.port
        if last - own.port >= _MOST_PORTS:
            return
        for number in range(own.port, last + 1):
            yield port.derive(WorkloadPort(number))


def _host(term: Term) -> Pattern | None:
    """The name, or all names below a domain where labels are left open; nothing where the pattern is another."""
    if not isinstance(term, Pattern):
        return None
    if term.kind is PatternKind.EXACT:
        return Pattern(PatternKind.EXACT, term.text, ignore_case=True)
    if term.kind is not PatternKind.REGEX:
        return None
    rest = _MANY.sub("", term.text, count=1)
    match = _ONE.match(rest)
    body = rest[match.end() :] if match else rest
    if body == term.text or not _PLAIN.match(body):
        return None
    return Pattern(PatternKind.SUFFIX, "." + body.replace("\\.", "."), ignore_case=True)


def _protocol(port: Traced[WorkloadPort]) -> str:
    if port.value.port in _SECURE:
        return "TLS"
    return "HTTP" if port.value.port in _WEB else "TCP"


# --- facts ------------------------------------------------------------------------------------------


def _hold(  # noqa: PLR0913, PLR0917  # all that one set of pods is made of
    place: Place,
    closed: Sequence[Closed],
    said: Sequence[_Name],
    options: Options,
    names: Names,
    hosts: dict[tuple[str, str], ExternalService],
    found: Named,
) -> None:
    """The Sidecar of some pods, and the entries of their names."""
    nodes = [fact.trail for fact in closed]
    for name in said:
        key = place.namespace, text_of(name.host.value)
        hosts[key] = _entry(name, place, hosts.get(key), names)
        found.ways.add(id(name.way))
    words = [f"*/*.svc.{options.cluster_domain}"]
    words += dict.fromkeys(f"{place.namespace}/{text_of(n.host.value)}" for n in said)
    found.facts.append(
        EgressPolicy(
            attachment=Attachment(
                subject=replace(place.subject, trail=derived("clients", [place.subject.trail])),
                enforced_at=EnforcedAt.CLIENT,
            ),
            unknown=derived(UnknownEgress.REFUSE, nodes),
            seen=tuple(named(word, *nodes) for word in words),
            trail=derived("egress", nodes),
        )
    )


def _entry(
    name: _Name, place: Place, known: ExternalService | None, names: Names
) -> ExternalService:
    """The entry of a host, with the ports that it has already."""
    reasons = (name.grant.trail, name.way.trail)
    exact = name.host.value.kind is PatternKind.EXACT
    ports = {p.number.value: p for p in (() if known is None else known.ports)}
    for port in name.ports:
        number = int(port.value.port)
        word = _protocol(port)
        ports.setdefault(
            number,
            ExternalPort(
                number=port.derive(number),
                protocol=named(word, port),
                name=named(f"{word.lower()}-{number}", port),
                trail=named("port", port),
            ),
        )
    held = tuple(ports[number] for number in sorted(ports))
    if known is not None:
        return replace(
            known,
            hosts=(derived(name.host.value, (*known.hosts, name.host)),),
            ports=held,
            trail=derived(known.trail.value, (known.trail, *reasons)),
        )
    title = names.take(_KIND, place.namespace, name.host.value.text.removeprefix("."))
    return ExternalService(
        name=named(f"{place.namespace}/{title}", *reasons),
        audience=Audience(
            reach=Reach.NAMESPACES,
            namespaces=(named(place.namespace, *reasons),),
            trail=trail("clients"),
        ),
        hosts=(name.host,),
        ports=held,
        resolution=named(Resolution.NAME if exact else Resolution.ORIGINAL, *reasons),
        internal=named(False, *reasons),  # a value
        trail=derived("declared outside", reasons),
    )
