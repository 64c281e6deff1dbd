"""Objects of the input that the target heeds and the source did not: they begin to hold once the target is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from translator.api import Import, Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaves_below
from translator.source.load import Loaded
from translator.verify.compare import Proof
from translator.verify.explain import Claim

CODE = "MM108"
LATER = (CODE, "MM261")
"""Findings about what begins to hold: they explain what it decides afterwards."""

_HARMS = (Impact.LOOSER, Impact.STRICTER, Impact.DIFFERENT)
_ADVICE = (
    "Decide whether it is meant to hold after the migration; delete it before, if it is not. Where the other mesh is "
    "in the cluster already and heeds it, nothing changes."
)


def newly_heeded(loaded: Loaded, before: Import, after: Import) -> Iterator[Resource]:
    """The resources of the input that the importer of the target claims, and that of the source did not look at."""
    there = {id(resource.node) for resource in loaded.resources}
    known = {id(resource.node) for resource in before.claimed}
    for resource in after.claimed:
        new = id(resource.node) in there and id(resource.node) not in known
        if new and before.reads.isdisjoint(leaves_below(resource)):
            yield resource


def claims_of(resources: Iterable[Resource]) -> Iterator[Claim]:
    """What such an object explains: whatever it decides on the later side."""
    for resource in resources:
        leaves = frozenset(leaves_below(resource))
        for impact in _HARMS:
            yield Claim(CODE, impact, leaves, named(resource), later=True)


def told_of(resources: Sequence[Resource], proof: Proof) -> Iterator[Loss]:
    """A finding for each harm that the proof found such objects to do, and one for those that do none."""
    used = {
        (claim.message, claim.impact)
        for found in proof.found
        for change in found.changes
        for claim in change.claims
        if claim.later
    }
    for impact in _HARMS:
        own = [one for one in resources if (named(one), impact) in used]
        if own:
            yield _loss(own, impact, "requests fare otherwise by it", None)
    idle = [one for one in resources if not any((named(one), impact) in used for impact in _HARMS)]
    if idle:
        yield _loss(idle, Impact.NONE, "no request was found that fares otherwise", Severity.LOW)


def named(resource: Resource) -> str:
    """``Kind/namespace/name``."""
    return f"{resource.kind}/{resource.namespace or ''}/{resource.name}"


def _loss(own: Sequence[Resource], impact: Impact, so: str, severity: Severity | None) -> Loss:
    return Loss(
        code=CODE,
        impact=impact,
        support=Support.PARTIAL,
        severity=severity,
        fate=Fate.CARRIED,
        leaves=tuple(next(iter(leaves_below(one))) for one in own),
        message=f"{', '.join(sorted(map(named, own)))}: the source does not heed it, the target does; {so}.",
        advice=_ADVICE,
    )
