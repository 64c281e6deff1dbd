"""Where two forms of a path make a difference to a rule.

The target's proxy brings a path into normal form, undoes escaped slashes and merges slashes before it looks, and sends it
on in that form (``http-normalize-path``, cilium/cilium pkg/envoy/xds_server.go, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ir.access import Grant
from ir.behaviour.languages import dotted, language_of, resolved, seen_as, undotted
from ir.inventory import Inventory
from ir.language import Opaque
from ir.match import Part, PathForm, Pattern
from ir.model import Fact
from ir.provenance import Traced
from translator.exporters.cilium.legalise.regions import pods_in, regions_of
from translator.report.model import Impact

TARGET = PathForm.DECODED_AND_MERGED


@dataclass(frozen=True, slots=True)
class Spelt:
    """A path that means more, or less, than in the source; ``names``: of the workloads, else of the policy."""

    names: tuple[str, ...]
    harm: frozenset[Impact]
    by: tuple[Traced[object], ...]


def spelt(facts: Sequence[Fact], form: PathForm, inventory: Inventory) -> Iterator[Spelt]:
    """The paths of legal grants that differ; ``form``: what the source does to a path."""
    for fact in facts:
        if not isinstance(fact, Grant) or fact.name is None:
            continue
        for way in fact.requests:
            for test in way.tests:
                for term in test.any_of:
                    if test.part is Part.PATH and isinstance(term.value, Pattern):
                        harm = _harm(term.value, form)
                        if harm:
                            yield Spelt(_names(fact, inventory), harm, (term,))


def _names(fact: Grant, inventory: Inventory) -> tuple[str, ...]:
    pods = pods_in(regions_of(fact.attachment.subject, inventory), inventory)
    own = () if fact.name is None else (fact.name.value,)
    return tuple(workload.key for workload in pods) or own


@lru_cache(maxsize=2048)
def _harm(pattern: Pattern, form: PathForm) -> frozenset[Impact]:
    if form is TARGET:
        return frozenset()
    try:
        domain = undotted(frozenset((form, TARGET)))
        was, becomes = seen_as(pattern, form) & domain, seen_as(pattern, TARGET) & domain
        looser = not becomes.issubset(was) or _leads_in(pattern)
        stricter = not was.issubset(becomes) or _leads_out(pattern)
    except Opaque:
        return frozenset((Impact.LOOSER, Impact.STRICTER))
    return frozenset(
        impact
        for impact, occurs in ((Impact.LOOSER, looser), (Impact.STRICTER, stricter))
        if occurs
    )


def _leads_in(pattern: Pattern) -> bool:
    """Whether a path with dot elements that is none of the pattern's can lead to one that is (``/x/../a``, ``/x/..%2fa``)."""
    own = language_of(pattern)
    return not (own & resolved(TARGET)).is_empty() and not dotted(TARGET).issubset(own)


def _leads_out(pattern: Pattern) -> bool:
    """Whether a path of the pattern with dot elements can lead to one that is none of it (``/a/../b``, ``/a/..%2fb``)."""
    own = language_of(pattern)
    return not resolved(TARGET).issubset(own) and not (own & dotted(TARGET)).is_empty()
