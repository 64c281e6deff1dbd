"""What is told of limits of requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.inventory import Workload
from ir.provenance import Traced
from ir.resilience import RateLimit
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

DOC = "https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/"


def _own(limit: RateLimit) -> tuple[Traced[object], ...]:
    """What a limit says beside the place where it holds, which it shares with others."""
    place = {id(value) for value in traced(limit.attachment)}
    return tuple(value for value in traced(limit) if id(value) not in place)


def not_written(group: Sequence[RateLimit], reason: str) -> Loss:
    """Limits that stand nowhere."""
    return Loss(
        code="MM542",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        sites=tuple(value for limit in group for value in traced(limit)),
        message=f"requests are not limited: {reason}.",
        advice="Limit them in the application, or write an EnvoyFilter with Envoy's local rate limit by hand.",
        doc=DOC,
    )


def answers_alone(limit: RateLimit, written: str) -> Loss | None:
    """What the source adds to answers and is not written; ``written``: what is."""
    gone = tuple(text for text in limit.reply if text.value != written)
    if not gone:
        return None
    return Loss(
        code="MM541",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.LOW,
        sites=gone,
        message=f"refusals above the limit come without what is asked for: {', '.join(one.value for one in gone)}.",
        advice="Add it to the EnvoyFilter that is written, where clients go by it.",
        doc=DOC,
    )


def by_caller(limit: RateLimit) -> Loss:
    """A limit for single callers beside one for all of them."""
    return Loss(
        code="MM542",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        sites=_own(limit),
        message=f"a single caller may use up the limit of all: that of {limit.requests.value} requests a second for one "
        "caller, or for some, is not written.",
        why="The documented form of the target's local rate limit has one bucket for all requests of a port.",
        advice="Limit single callers in the application, or lower the limit for all.",
        doc=DOC,
    )


def needless(limit: RateLimit) -> Loss:
    """A limit for single callers that refuses nothing which that for all lets through."""
    return Loss(
        code="MM540",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=_own(limit),
        message="the limit for all callers is no higher: nothing is refused by this one that passes that.",
        doc=DOC,
    )


def lowered(limit: RateLimit, least: int, parts: int) -> Loss:
    """A limit that several buckets share."""
    return Loss(
        code="MM540",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(limit.requests, limit.burst),
        message=f"the limit of {limit.requests.value} requests is lower: {least} for each of {parts} buckets, so that all of "
        "them together let no more through.",
        why="The target's proxy has a bucket for callers with a certificate and one for those without; before 1.23 a bucket "
        "is filled all at once.",
        advice="Let callers with a certificate in alone, or demand mutual TLS (PeerAuthentication STRICT) and write the whole "
        "number.",
        doc=DOC,
    )


def also_shadowed(limit: RateLimit, names: Sequence[str]) -> Iterator[Loss]:
    """Pods that are limited though another object of the source holds the port there."""
    if names:
        yield _also(
            limit,
            names,
            "though an older object holds the port in the source",
            "A selector of the target names labels that pods have, and no exceptions.",
            "Give these pods a label that the others do not have.",
        )


def also_nameless(limit: RateLimit, names: Sequence[str]) -> Iterator[Loss]:
    """Pods that are limited though their port of that number does not have the name that the source says."""
    if names:
        yield _also(
            limit,
            names,
            "though the source limits a port by its name, which is another there",
            "Which number the name has on pods that are not in the input is not known, and the target says numbers alone.",
            "Say that the input is complete (--complete), if it is; else give the port the same number on all pods.",
        )


def _also(limit: RateLimit, names: Sequence[str], though: str, why: str, advice: str) -> Loss:
    return Loss(
        code="MM540",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(limit.trail,),
        message=f"{', '.join(dict.fromkeys(names))}: the limit holds there too, {though}.",
        why=why,
        advice=advice,
        doc=DOC,
    )


def checks_pass(limit: RateLimit, probed: Sequence[Workload]) -> Iterator[Loss]:
    """Health checks, which come in by the agent of the proxy and count no more."""
    if probed:
        yield Loss(
            code="MM543",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=(limit.trail,),
            message="health checks do not count against the limit, and pass above it: "
            f"{', '.join(workload.key for workload in probed)}.",
            why="The injector turns them to the agent of the proxy, which asks the application itself; in the source they are "
            "requests like others.",
            advice="Nothing, unless the limit was reckoned with them.",
            doc=DOC,
        )
