"""Refusals of blocks of addresses, taken out of the blocks that rules for the same pods let out: a NetworkPolicy refuses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Grant, Refusal
from ir.inventory import Inventory
from ir.match import Part, Pattern, Term, Test
from ir.provenance import Traced
from translator.exporters.network_policies.subjects import places_of


def is_taken_out(refusal: Refusal, grants: Sequence[Grant], inventory: Inventory) -> bool:
    """Whether every rule that lets out some of its pods lets out all of its peers by block, or none of them."""
    if refusal.requests or not _only_blocks(refusal):
        return False
    own, reason = places_of(refusal.attachment.subject, inventory)
    if reason:
        return False
    met = [
        (grant, place)
        for grant in grants
        if _lets_out_addresses(grant)
        for place in places_of(grant.attachment.subject, inventory)[0]
        if any(one.may_meet(place) for one in own)
    ]
    return all(
        grant.callers and not _is_open(grant) and any(one.holds(place) for one in own)
        for grant, place in met
    )


def blocks_of(
    refusals: Sequence[Refusal], grant: Grant, inventory: Inventory
) -> tuple[Traced[Term], ...]:
    """The blocks that are refused to the pods of a rule, on whatever port."""
    places = places_of(grant.attachment.subject, inventory)[0]
    return tuple(
        term
        for refusal in refusals
        if any(
            own.holds(place)
            for own in places_of(refusal.attachment.subject, inventory)[0]
            for place in places
        )
        for test in _tests(refusal)
        if test.part is Part.PEER_ADDRESS
        for term in test.any_of
    )


def _tests(refusal: Refusal) -> Iterator[Test]:
    for way in refusal.callers:
        yield from way.tests


def _only_blocks(refusal: Refusal) -> bool:
    return bool(refusal.callers) and all(
        any(test.part is Part.PEER_ADDRESS for test in way.tests)
        and all(
            test.part in (Part.PEER_ADDRESS, Part.ENTITY) and not test.none_of for test in way.tests
        )
        for way in refusal.callers
    )


def _lets_out_addresses(grant: Grant) -> bool:
    """Whether it lets out to addresses."""
    parts = {test.part for way in grant.callers for test in way.tests}
    return not grant.callers or bool(parts & {Part.PEER_ADDRESS, Part.ENTITY, Part.DNS_NAME})


def _is_open(grant: Grant) -> bool:
    """Whether one of its alternatives is for everybody."""
    words = (
        term.value.text
        for way in grant.callers
        for test in way.tests
        if test.part is Part.ENTITY
        for term in test.any_of
        if isinstance(term.value, Pattern)
    )
    return "all" in words
