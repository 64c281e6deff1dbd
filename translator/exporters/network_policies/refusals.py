"""Refusals of blocks of addresses, taken out of the blocks that rules for the same pods let out: a NetworkPolicy refuses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Grant, Refusal
from ir.attachment import ServicePort, WorkloadPort
from ir.inventory import Inventory
from ir.match import AllOf, Cidr, Part, Term, texts_of
from ir.provenance import Traced, derived
from translator.exporters.egress.names import EVERYWHERE
from translator.exporters.network_policies.subjects import LATER, Place, places_of

_ELSEWHERE = "another rule lets it out"
_UNKNOWN = "the input does not list their pods"
_UNCLOSED = "nothing closes some of these pods"


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal, and what becomes of it: ``taken_out`` of some rules, with what is left of it to say (``rest``).

    ``places``: the pods that it is for, as far as they are known.
    """

    refusal: Refusal
    taken_out: bool
    rest: str = ""
    places: tuple[Place, ...] = ()


def denials_of(
    refusals: Sequence[Refusal],
    grants: Sequence[tuple[Grant, Sequence[Place]]],
    closed: Sequence[Place],
    inventory: Inventory,
) -> Iterator[Denial]:
    """What becomes of each refusal: it holds where every rule for its pods lets out less, and something closes them.

    ``grants``: the rules with the pods for which they are written.
    """
    spaces = {place.namespace for place in closed}
    for refusal in refusals:
        own, reason = places_of(refusal.attachment.subject, inventory, spaces)
        if refusal.requests or not _only_blocks(refusal):
            yield Denial(refusal, taken_out=False, rest=_ELSEWHERE)
            continue
        met = [
            (grant, place)
            for grant, places in grants
            if _lets_out_addresses(grant) and _may_share_ports(refusal, grant)
            for place in places
            if any(one.may_meet(place) for one in own)
        ]
        less = [any(one.holds(place) for one in own) for _, place in met]
        shut = all(any(other.holds(one) for other in closed) for one in own)
        known = reason in ("", LATER)
        rest = _UNKNOWN if not known else "" if all(less) else _ELSEWHERE
        left = rest or ("" if shut else _UNCLOSED)
        yield Denial(refusal, any(less) or not rest, left, tuple(own))


def blocks_of(denials: Sequence[Denial], grant: Grant, place: Place) -> tuple[Traced[Term], ...]:
    """The blocks that are refused to the pods of a rule in one place."""
    return tuple(
        term
        for denial in denials
        if denial.taken_out and _may_share_ports(denial.refusal, grant)
        if any(own.holds(place) for own in denial.places)
        for way in denial.refusal.callers
        for term in _blocks(way)
    )


def _blocks(way: AllOf) -> Iterator[Traced[Term]]:
    """The blocks of an alternative; all blocks of whatever is outside."""
    tests = [test for test in way.tests if test.part is Part.PEER_ADDRESS]
    for test in tests:
        yield from test.any_of
    if not tests:
        said = [term for test in way.tests for term in test.any_of]
        yield from (derived(Cidr(text), said) for text in EVERYWHERE)


def _may_share_ports(refusal: Refusal, grant: Grant) -> bool:
    """Whether both may be for one port."""
    mine, theirs = ([p.value for p in f.attachment.ports] for f in (refusal, grant))
    if not mine or not theirs:
        return True
    return any(_may_share(one, other) for one in mine for other in theirs)


def _may_share(one: WorkloadPort | ServicePort, other: WorkloadPort | ServicePort) -> bool:
    spans = []
    for port in (one, other):
        if not isinstance(port, WorkloadPort) or not isinstance(port.port, int):
            return True
        spans.append((port.port, port.last or port.port))
    (first, last), (low, high) = spans
    return first <= high and low <= last


def _only_blocks(refusal: Refusal) -> bool:
    """Whether all that it is about are addresses outside."""
    return bool(refusal.callers) and all(map(_is_of_addresses, refusal.callers))


def _is_of_addresses(way: AllOf) -> bool:
    parts = {test.part for test in way.tests}
    outside = [texts_of(test) for test in way.tests if test.part is Part.ENTITY]
    return (
        bool(parts)
        and parts <= {Part.PEER_ADDRESS, Part.ENTITY}
        and not any(test.none_of for test in way.tests)
        and (Part.PEER_ADDRESS in parts or outside == [["world"]])
    )


def _lets_out_addresses(grant: Grant) -> bool:
    """Whether it lets out to addresses."""
    parts = {test.part for way in grant.callers for test in way.tests}
    return not grant.callers or bool(parts & {Part.PEER_ADDRESS, Part.ENTITY, Part.DNS_NAME})
