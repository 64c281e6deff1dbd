"""What may leave pods, as NetworkPolicies: where policies of the network go with the source, and the network itself stays.

They are enforced by the network for every pod that they select, beside whatever mesh there is, and add up: of the pods that
some policy selects all leaves that some rule of theirs names (kubernetes/api networking/v1/types.go, 1.31). A rule names peers by
label and by block of addresses, and ports; it asks for nothing of requests, and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.access import Certainty, Closed, Evidence, Grant, Refusal
from ir.attachment import Attachment, EnforcedAt, WorkloadPort
from ir.inventory import Inventory, equal_to
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test, texts_of
from ir.provenance import Assumption, Traced, derived, named, trail
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.network_policies import findings
from translator.exporters.network_policies.peers import ByName, Peers
from translator.exporters.network_policies.refusals import Denial, blocks_of, denials_of
from translator.exporters.network_policies.subjects import SOME, Place, places_of

Ruling = Closed | Grant | Refusal

ENFORCED = Assumption(
    "network-policies",
    "the network of the cluster enforces NetworkPolicies, as that of the source does",
)
_TRANSPORTS = ("TCP", "UDP", "SCTP")


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane that proxies of the pods must reach whatever is closed: some pods of a namespace on their ports."""

    namespace: str
    doors: tuple[tuple[tuple[str, str], tuple[int, ...]], ...]
    """A label of pods, and their ports."""
    name: str


@dataclass(slots=True)
class Outward:
    """Closed doors and grants in the words of NetworkPolicies, and what is told of them."""

    facts: list[Closed | Grant] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    assumptions: tuple[Assumption, ...] = ()
    asked: list[tuple[Grant, Sequence[Place]]] = field(default_factory=list)
    """Rules for questions of names alone, and the pods for which they are written."""
    written: list[Grant] = field(default_factory=list)
    """The rules of the source of which something is written."""


def as_network_policies(
    facts: Sequence[Ruling],
    inventory: Inventory,
    options: Options,
    control: Control,
    by_name: ByName,
    unheld: Mapping[int, str],
) -> Outward:
    """What leaves pods in terms of NetworkPolicies.

    ``by_name``: alternatives for names outside, by identity, which something else holds to the names: their ports are open to
    all addresses outside. With each goes what closes the pods. ``unheld``: why the mesh does not hold rules, by identity, to
    the requests that they are for.
    """
    found = Outward()
    closed = [f for f in facts if isinstance(f, Closed) and f.certain is not Certainty.NO]
    if not closed:
        found.losses.extend(findings.lost(facts))
        return found
    found.assumptions = (ENFORCED,)
    peers = Peers(inventory, options, by_name)
    held: list[Closed] = []
    open_places: list[Place] = []
    for fact in closed:
        places, reason = places_of(fact.attachment.subject, inventory)
        if reason:
            found.losses.append(findings.not_selected(fact, reason, whole=not places))
        held.extend(_closed(fact, place) for place in places)
        open_places.extend(places)
    found.facts.extend(held)
    grants = [f for f in facts if isinstance(f, Grant)]
    refusals = [f for f in facts if isinstance(f, Refusal)]
    placed = [(grant, _placed(grant, open_places, inventory)) for grant in grants]
    denials = list(denials_of(refusals, placed, open_places, inventory))
    for grant, places in placed:
        if _is_written(grant, places, inventory, unheld.get(id(grant), ""), found):
            groups = _by_denied(grant, places, denials)
            found.facts.extend(_granted(grant, groups, peers, found))
    found.facts.extend(grant for one in held for grant in _to_control(one, control))
    found.losses.extend(findings.told_of_control(closed, control.name))
    for grant, asking in found.asked:
        near = [f for f in closed if _meets(f, asking, inventory)]
        found.losses.append(findings.of_questions(grant, asking, near))
    found.losses.extend(findings.taken_out([d.refusal for d in denials if d.taken_out]))
    found.losses.extend(findings.denied(denials))
    found.losses.extend(peers.losses())
    rest = [f for f in facts if isinstance(f, Closed) and f not in closed]
    found.losses.extend(findings.lost(rest))
    return found


def _closed(fact: Closed, place: Place) -> Closed:
    return replace(fact, attachment=_at(place))


def _meets(fact: Closed, places: Sequence[Place], inventory: Inventory) -> bool:
    """Whether it is about some of the pods, as far as labels tell."""
    own = places_of(fact.attachment.subject, inventory)[0]
    return any(one.may_meet(place) for one in own for place in places)


def _at(place: Place) -> Attachment:
    return Attachment(subject=place.subject, enforced_at=EnforcedAt.NODE)


def _is_written(
    grant: Grant, at: Sequence[Place], inventory: Inventory, unheld: str, found: Outward
) -> bool:
    """Whether a NetworkPolicy can say the rule, for some of its pods; else it is told why not."""
    places, reason = places_of(grant.attachment.subject, inventory)
    if not places and not at and reason in SOME:
        found.losses.extend(findings.lost([grant]))
    elif (reason and reason not in SOME) or not at:
        found.losses.extend(findings.not_opened([grant], reason or findings.UNCLOSED))
    elif reason := unsaid(grant):
        found.losses.extend(findings.not_opened([grant], reason, unheld))
    else:
        return True
    return False


Denied = tuple[Traced[Term], ...]


def _by_denied(
    grant: Grant, at: Sequence[Place], denials: Sequence[Denial]
) -> list[tuple[Denied, list[Place]]]:
    """The pods of a rule by the blocks that other rules refuse them."""
    groups: dict[tuple[int, ...], tuple[Denied, list[Place]]] = {}
    for place in at:
        denied = blocks_of(denials, grant, place)
        groups.setdefault(tuple(map(id, denied)), (denied, []))[1].append(place)
    return list(groups.values())


def _granted(
    grant: Grant, groups: Sequence[tuple[Denied, Sequence[Place]]], peers: Peers, found: Outward
) -> Iterator[Grant]:
    """The rule for each transport and each place where a policy closes its pods."""
    written: list[Place] = []
    for denied, places in groups:
        spoken = peers.spoken(grant, denied)
        if grant.callers and not spoken:
            continue
        written.extend(places)
        wide = any(not way.tests for way in spoken)
        everybody = [v for way in spoken for v in traced(way)] if wide else []
        for place in places:
            for transport, said in _transports(grant):
                yield Grant(
                    attachment=replace(_at(place), ports=grant.attachment.ports),
                    direction=grant.direction,
                    layer=grant.layer,
                    callers=() if wide else spoken,
                    always=() if transport is None else (transport,),
                    evidence=Evidence.LABEL,
                    trail=derived(
                        grant.trail.value, [grant.trail, *everybody, *said, *_questions(grant)]
                    ),
                )
    if not written:
        found.losses.append(findings.emptied(grant, narrower=peers.is_narrower(grant)))
        return
    if grant.requests:
        found.asked.append((grant, written))
    found.written.append(grant)


def _placed(grant: Grant, closed: Sequence[Place], inventory: Inventory) -> list[Place]:
    """The pods for which a rule is written: those that something closes, in namespaces too that policies name alone."""
    spaces = {place.namespace for place in closed}
    places, _ = places_of(grant.attachment.subject, inventory, spaces)
    found = (one for place in places for one in _closed_parts(place, closed))
    return list({one.key: one for one in found}.values())


def _closed_parts(place: Place, closed: Sequence[Place]) -> Sequence[Place]:
    """The pods, or where not all of them are closed, those that are: the others let out whatever leaves."""
    if any(one.holds(place) for one in closed):
        return (place,)
    return [one for one in closed if place.holds(one)]


def _questions(grant: Grant) -> Iterator[Traced[object]]:
    """Patterns for all names that may be asked for, which say nothing."""
    yield from traced(grant.requests)


def unsaid(grant: Grant) -> str:
    """Why a NetworkPolicy cannot say the rule; empty where it can."""
    tests = [test for way in grant.requests for test in way.tests]
    if any(not (test.part is Part.DNS_NAME and _is_any(test)) for test in tests):
        if all(test.part is Part.DNS_NAME for test in tests):
            return "it is for questions about some names only"
        return "it is for some requests only"
    if any(isinstance(p.value.port, str) for p in grant.attachment.ports) and not all(
        isinstance(p.value, WorkloadPort) for p in grant.attachment.ports
    ):
        return "its ports are those of services"
    others = [t for t in grant.always if t.part is not Part.TRANSPORT]
    if others or grant.attachment.excluding_ports:
        return "it asks for more than a transport and ports"
    words = [w for test in grant.always for w in texts_of(test)]
    if any(word not in _TRANSPORTS for word in words):
        return "it is for ICMP or another transport"
    return ""


def _is_any(test: Test) -> bool:
    """Whether all names are meant."""
    return not test.none_of and any(
        isinstance(t.value, Pattern) and t.value.kind is PatternKind.PREFIX and not t.value.text
        for t in test.any_of
    )


def _transports(grant: Grant) -> Iterator[tuple[Test | None, list[Traced[object]]]]:
    """A test for each transport; none where all pass whatever the port."""
    tests = [test for test in grant.always if test.any_of]
    said: list[Traced[object]] = [v for test in tests for v in traced(test)]
    words = [word for test in tests for word in texts_of(test)]
    if not words and not grant.attachment.ports:
        yield None, said
        return
    if set(words) >= set(_TRANSPORTS) and not grant.attachment.ports:
        yield None, said
        return
    for word in words or _TRANSPORTS:
        node = named("transport", grant.trail)
        term = named(Pattern(PatternKind.EXACT, word), grant.trail)
        yield Test(part=Part.TRANSPORT, any_of=(term,), trail=node), said


def _to_control(fact: Closed, control: Control) -> Iterator[Grant]:
    """The ways of the proxies to their control plane."""
    node = named("control plane", fact.trail)

    def test(part: Part, term: Term) -> Test:
        return Test(part=part, any_of=(named(term, fact.trail),), trail=node)

    for label, ports in control.doors:
        yield Grant(
            attachment=replace(
                fact.attachment, ports=tuple(named(WorkloadPort(p), fact.trail) for p in ports)
            ),
            direction=fact.direction,
            layer=fact.layer,
            callers=(
                AllOf(
                    tests=(
                        test(Part.NAMESPACE, Pattern(PatternKind.EXACT, control.namespace)),
                        test(Part.WORKLOAD_LABELS, equal_to(dict((label,)))),
                    ),
                    trail=node,
                ),
            ),
            always=(test(Part.TRANSPORT, Pattern(PatternKind.EXACT, "TCP")),),
            evidence=Evidence.LABEL,
            trail=trail("to the control plane", because=fact.trail.because),
        )
