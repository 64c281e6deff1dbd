"""Two configurations compared, and their differences held against the findings that tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ir.model import Model
from translator.verify.access import Comparison
from translator.verify.connections import ConnectionComparison
from translator.verify.edge import EdgeComparison
from translator.verify.egress import EgressComparison
from translator.verify.ejection import EjectionComparison
from translator.verify.explain import Claim, Claims, Explained
from translator.verify.rates import RateComparison
from translator.verify.result import Kind, Slice, Verdict
from translator.verify.routes import RouteComparison
from translator.verify.spoken import Spoken, SpokenComparison

_WORST = (
    Verdict.DIFFERENT,
    Verdict.MAY_DIFFER,
    Verdict.UNKNOWN,
    Verdict.EQUAL_UNDER,
    Verdict.EQUAL_EXACT,
)
"""The verdict of the whole is the first of these that some slice has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a comparison is told beside the two models.

    ``unread``: what was not read and may have a say on who gets in, by the namespace that it may touch; under the empty
    name what may touch all. ``unread_routes``: the same for where requests go.
    """

    trust_domain: str = "cluster.local"
    cluster_domain: str = "cluster.local"
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread_routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claims: Sequence[Claim] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One slice with its changes explained."""

    slice: Slice
    changes: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything that a comparison found."""

    found: tuple[Found, ...]
    exaggerated: tuple[Claim, ...]

    @property
    def doubted(self) -> int:
        """Slices that differ and of which besides not all is understood."""
        return sum(
            one.slice.doubted and one.slice.verdict is Verdict.DIFFERENT for one in self.found
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole."""
        seen = {one.slice.verdict for one in self.found}
        return next((v for v in _WORST if v in seen), Verdict.NOTHING_TO_COMPARE)

    @property
    def counts(self) -> dict[str, int]:
        """How many slices have each verdict, those of the contract always named."""
        seen = Counter(one.slice.verdict for one in self.found)
        return {verdict.value: seen[verdict] for verdict in sorted(_WORST, key=list(Verdict).index)}

    @property
    def reasons(self) -> dict[str, int]:
        """Why slices are no better than they are, with how many they are."""
        return dict(sorted(Counter(r for one in self.found for r in one.slice.reasons).items()))

    @property
    def assumed(self) -> tuple[str, ...]:
        """What is taken for granted anywhere, in the order in which it is met."""
        return tuple(dict.fromkeys(text for one in self.found for text in one.slice.assumed))

    def unexplained(self, *kinds: Kind) -> tuple[tuple[Slice, Explained], ...]:
        """Changes of these kinds (none: of every kind) that no finding explains."""
        return tuple(
            (one.slice, change)
            for one in self.found
            for change in one.changes
            if not change.codes and (not kinds or change.change.kind in kinds)
        )


def compare(before: Model, after: Model, terms: Terms) -> Proof:
    """Compares all that both models say about who gets in and where requests go."""
    claims = Claims(terms.claims)
    access = Comparison(before, after, trust_domain=terms.trust_domain, unread=terms.unread)
    slices = [*access.slices()]
    told = bool(slices)
    routes = RouteComparison(
        before,
        after,
        world=access.world,
        lowered=access.lowered,
        domain=terms.cluster_domain,
        unread=terms.unread_routes,
    )
    slices.extend(routes.slices())
    streams = ConnectionComparison(access.lowered, access.world, terms.unread_routes)
    slices.extend(streams.slices())
    edge = EdgeComparison(before, after, access.world, access.lowered, unread=terms.unread_routes)
    slices.extend(edge.slices())
    leaving = EgressComparison(
        before,
        after,
        lowered=access.lowered,
        domain=terms.cluster_domain,
        unread=terms.unread_routes,
    )
    slices.extend(leaving.slices())
    failing = EjectionComparison(access.lowered, access.world, terms.unread_routes)
    slices.extend(failing.slices())
    spoken = tuple(map(Spoken, access.lowered))
    slices.extend(SpokenComparison(*spoken).slices())
    slices.extend(RateComparison(access.lowered, spoken[0]).slices())
    if not slices:
        slices.extend(leaving.unchanged())
    found = tuple(
        Found(one, tuple(claims.explain(change) for change in one.changes)) for one in slices
    )
    return Proof(found, claims.exaggerations() if told else ())
