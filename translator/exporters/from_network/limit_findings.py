"""Findings about callers who are held to some requests where these arrive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ir.access import Closed, Grant
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, named
from translator.api import Loss
from translator.exporters.from_network.findings import sites_of
from translator.report.model import Fate, Impact, Severity, Support


def held(
    grants: Sequence[Grant], closed: Sequence[Closed], accounts: Collection[str]
) -> Iterator[Loss]:
    """Callers who are held to some requests are known by account where these arrive, and by label where they set out."""
    if grants:
        node = grants[0].trail
        there = named(Presence.PRESENT, node)
        theirs: tuple[Traced[Term], ...] = tuple(
            named(Pattern(PatternKind.EXACT, text), node) for text in sorted(accounts)
        )
        others = AllOf(
            tests=(
                Test(part=Part.CERTIFICATE, presence=there, trail=node),
                Test(part=Part.SERVICE_ACCOUNT, none_of=theirs, trail=node),
            ),
            trail=node,
        )
        yield Loss(
            code="MM477",
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=sites_of([grant.requests for grant in grants]),
            because=sites_of((*grants, *closed)),
            ways=(others,),
            message="callers are held to these requests where they arrive, by their service accounts, and let out by their labels: "
            "a pod with these labels that runs under another account which is let in there is not held to them. No listed pod does.",
            why="A NetworkPolicy lets out by ports alone.",
            advice="Give the input all workloads, and give each of them a service account of its own.",
        )


def not_let_in(grants: Sequence[Grant]) -> Iterator[Loss]:
    """Requests that no server takes from these callers anyway."""
    if grants:
        yield Loss(
            code="MM486",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=sites_of([grant.requests for grant in grants]),
            message="nothing lets these callers in to the pods that they may call, so that nothing is to be said of what they ask "
            "for.",
        )
