"""Which findings explain a difference that occurs.

Changes of routing for paths that are not in normal form alone need no finding of the translation: the proof makes one.
A finding explains a request that fares otherwise if its impact is that of the change, and it either stands on a rule
that decides the request or names the workload. A class of requests is explained if each request in it that stands for
others is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from translator.report.model import BEYOND, HIDDEN, ODD_PATHS, Impact
from translator.verify.result import Change, Kind, Sample

IMPACTS: Mapping[Kind, frozenset[Impact]] = {
    Kind.NEWLY_ALLOWED: frozenset((Impact.LOOSER,)),
    Kind.NEWLY_DENIED: frozenset((Impact.STRICTER,)),
}
"""Impacts that a finding must have to explain a change of access."""

ANY = frozenset((Impact.DIFFERENT, Impact.STRICTER, Impact.LOOSER))
"""Impacts that explain a change of routing: what is lost of a route may well be called stricter or looser."""

_BY_DEFAULT = (Kind.RETRY, Kind.TIMEOUT)
"""Changes that a finding about a default of the source explains wherever they occur."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding as far as it may explain: input leaves that it stands on, and objects that it names."""

    code: str
    impact: Impact
    leaves: frozenset[int]
    message: str
    default: bool = False
    """Whether it is about what the source does where nothing is written."""


def _may(claim: Claim, change: Change, sample: Sample) -> bool:
    """Whether the finding is about destinations of this kind: two are about the inside of the cluster alone."""
    if claim.code == BEYOND:
        return change.beyond
    return claim.code != HIDDEN or not sample.request.external


@dataclass(frozen=True, slots=True)
class Explained:
    """A change with the codes of the findings that explain it; without any it is unexplained."""

    change: Change
    codes: tuple[str, ...]


class Claims:
    """Findings by what they stand on and by what they name."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.all = tuple(claims)
        self._by_leaf: dict[int, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._defaults = tuple(n for n, claim in enumerate(self.all) if claim.default)
        self.used: set[int] = set()
        for number, claim in enumerate(self.all):
            for leaf in claim.leaves:
                self._by_leaf.setdefault(leaf, []).append(number)
            for name in dict.fromkeys(_NAME.findall(claim.message)):
                self._by_name.setdefault(name, []).append(number)

    def explain(self, change: Change) -> Explained:
        """The change with its findings; none where one of its requests has none."""
        wanted = IMPACTS.get(change.kind, ANY)
        codes: dict[str, None] = {}
        for sample in change.samples:
            near = (*self._near(sample), *(self._defaults if change.kind in _BY_DEFAULT else ()))
            own = [
                n
                for n in near
                if self.all[n].impact in wanted and _may(self.all[n], change, sample)
            ]
            if not own:
                return Explained(change, (ODD_PATHS,) if change.odd else ())
            self.used.update(own)
            codes.update(dict.fromkeys(self.all[n].code for n in own))
        return Explained(change, tuple(sorted(codes)))

    def _near(self, sample: Sample) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for leaf in sample.before_leaves:
            found.update(dict.fromkeys(self._by_leaf.get(leaf, ())))
        request = sample.request
        leaver = request.caller.namespace if request.external else ""
        for name in (request.workload, request.service, f"Service/{request.service}", leaver):
            if name.strip("/") not in ("", "Service"):
                found.update(dict.fromkeys(self._by_name.get(name, ())))
        return tuple(found)

    def exaggerations(self) -> tuple[Claim, ...]:
        """Findings of wider or narrower access whose difference does not occur anywhere."""
        kinds = (Impact.LOOSER, Impact.STRICTER)
        return tuple(
            claim
            for number, claim in enumerate(self.all)
            if claim.impact in kinds and number not in self.used
        )
