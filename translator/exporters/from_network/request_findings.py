"""Findings about what rules of a network ask of requests, where a mesh compares them in another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.match import AllOf, Test
from translator.api import Loss
from translator.exporters.from_network.findings import sites_of
from translator.report.model import SPELLING, Fate, Impact, Severity, Support


def queries(ways: Sequence[AllOf], fate: Fate) -> Iterator[Loss]:
    """Paths that are let in without a query, or with some."""
    if ways:
        yield Loss(
            code="MM479",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=fate,
            sites=sites_of(ways),
            message="these patterns let a path in without a query, or with some queries alone; the target looks at the path "
            "and would let it in with any, so that what is not let in with every query is refused.",
            advice="End the pattern in (\\?.*)? if the query does not matter, then translate again.",
            doc="https://docs.cilium.io/en/stable/security/policy/language/#http",
        )


def no_words(ways: Sequence[AllOf]) -> Iterator[Loss]:
    """Regular expressions that are no lists of words."""
    if ways:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            sites=sites_of(ways),
            message="the target compares paths, methods and hosts whole or by their beginning: regular expressions that say "
            "more than that are left out, and what they let in is refused.",
            advice="Write them as words, or as words that end in .*",
        )


def spelt(paths: Sequence[Test]) -> Iterator[Loss]:
    """Paths that the source brings into another form than the target before it looks."""
    if paths:
        yield Loss(
            code=SPELLING,
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=sites_of(paths),
            message="a request that spells its path with // or %2F is refused where the source takes it for the same with /.",
            why="The proxy of the node merges slashes and undoes escaped ones; meshConfig.pathNormalization is BASE where nothing "
            "is set, which does neither.",
            advice="Set meshConfig.pathNormalization to DECODE_AND_MERGE_SLASHES, if clients send such paths.",
            doc="https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ProxyPathNormalization",
        )
