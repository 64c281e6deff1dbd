"""Findings about callers who are held to some requests where these arrive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ir.access import Closed, Grant
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, Trail, named
from translator.api import Loss
from translator.exporters.from_network.findings import sites_of
from translator.report.model import Fate, Impact, Severity, Support


def held(
    grants: Sequence[Grant],
    servers: Sequence[Grant],
    closed: Sequence[Closed],
    accounts: Collection[str],
) -> Iterator[Loss]:
    """Callers who are held to some requests are known by account where these arrive, and by label where they set out.

    ``servers``: the rules that let them in; ``closed``: what closes what leaves them.
    """
    for impact, who, because in (
        (
            Impact.LOOSER,
            "a pod with these labels that runs under another account which is let in there is not held to them",
            (*grants, *closed),
        ),
        (
            Impact.STRICTER,
            "a pod that runs under one of these accounts without the labels is held to them too",
            servers,
        ),
    ):
        if grants:
            yield Loss(
                code="MM477",
                impact=impact,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM if impact is Impact.STRICTER else None,
                fate=Fate.APPROXIMATED,
                sites=sites_of([grant.requests for grant in grants]),
                because=sites_of(because),
                ways=(_by_account(grants[0].trail, accounts, others=impact is Impact.LOOSER),),
                message="callers are held to these requests where they arrive, by their service accounts, and let out by their "
                f"labels: {who}. No listed pod is.",
                why="A NetworkPolicy lets out by ports alone.",
                advice="Give the input all workloads, and give each of them a service account of its own.",
            )


def _by_account(node: Trail, accounts: Collection[str], *, others: bool) -> AllOf:
    """Callers with a certificate of one of the accounts, or of another."""
    there = named(Presence.PRESENT, node)
    terms: tuple[Traced[Term], ...] = tuple(
        named(Pattern(PatternKind.EXACT, text), node) for text in sorted(accounts)
    )
    account = Test(
        part=Part.SERVICE_ACCOUNT,
        any_of=() if others else terms,
        none_of=terms if others else (),
        trail=node,
    )
    shown = Test(part=Part.CERTIFICATE, presence=there, trail=node)
    return AllOf(tests=(shown, account), trail=node)


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
