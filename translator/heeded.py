"""Objects of the input that the target heeds and the source did not: they begin to hold once the target is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.model import Model
from translator.api import Import, Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.owners import is_of_gateways
from translator.source.leaves import Resource, leaves_below
from translator.source.load import Loaded
from translator.verify.compare import Proof
from translator.verify.explain import Claim
from translator.verify.settings import settings

CODE = "MM108"
LATER = (CODE, "MM261")
"""Findings about what begins to hold: they explain what it decides afterwards."""

_HARMS = (Impact.LOOSER, Impact.STRICTER, Impact.DIFFERENT)
_ADVICE = (
    "Decide whether it is meant to hold after the migration; delete it before, if it is not. Where the other mesh is "
    "in the cluster already and heeds it, nothing changes."
)
_BEGINS = "the source does not heed it, the target does"
_STAYS = "it is a gateway's, stays as it is and is not translated, and the two are not read alike"
_BY_HAND = "Compare what the gateway does before and after by hand."


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


def told_of(resources: Sequence[Resource], proof: Proof, after: Model) -> Iterator[Loss]:
    """A finding for each harm that the proof found such objects to do, and one for those that do none.

    Of what they state by which requests are not compared (sessions, budgets of retries) it is told that it begins. What is
    a gateway's begins nothing with a mesh: of it only what the proof found is told.
    """
    used = {
        (claim.message, claim.impact)
        for found in proof.found
        for change in found.changes
        for claim in change.claims
        if claim.later
    }
    for impact in _HARMS:
        own = [one for one in resources if (named(one), impact) in used]
        mine = [one for one in own if not is_of_gateways(one)]
        theirs = [one for one in own if is_of_gateways(one)]
        if mine:
            yield _loss(mine, impact, f"{_BEGINS}; requests fare otherwise by it", _ADVICE)
        if theirs:
            yield _loss(theirs, impact, f"{_STAYS}; requests fare otherwise by it", _BY_HAND)
    idle = [one for one in resources if not any((named(one), impact) in used for impact in _HARMS)]
    idle = [one for one in idle if not is_of_gateways(one)]
    stated = [(setting.noun, frozenset(setting.leaves)) for setting in settings(after)]
    begun: dict[str, list[Resource]] = {}
    for one in idle:
        leaves = frozenset(leaves_below(one))
        nouns = sorted({noun for noun, own in stated if own & leaves})
        if nouns:
            begun.setdefault(" and ".join(nouns), []).append(one)
    for words, alike in begun.items():
        so = f"{_BEGINS}; with it begins what requests are not compared by: {words}"
        yield _loss(alike, Impact.DIFFERENT, so, _ADVICE, Severity.MEDIUM)
    idle = [one for one in idle if not any(one in alike for alike in begun.values())]
    if idle:
        so = f"{_BEGINS}; no request was found that fares otherwise"
        yield _loss(idle, Impact.NONE, so, _ADVICE, Severity.LOW)


def named(resource: Resource) -> str:
    """``Kind/namespace/name``."""
    return f"{resource.kind}/{resource.namespace or ''}/{resource.name}"


def _loss(
    own: Sequence[Resource], impact: Impact, so: str, advice: str, severity: Severity | None = None
) -> Loss:
    return Loss(
        code=CODE,
        impact=impact,
        support=Support.PARTIAL,
        severity=severity,
        fate=Fate.CARRIED,
        leaves=tuple(next(iter(leaves_below(one))) for one in own),
        message=f"{', '.join(sorted(map(named, own)))}: {so}.",
        advice=advice,
    )
