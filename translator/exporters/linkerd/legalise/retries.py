"""Retries in the target's terms: conditions by status, one set for each route object.

``retry.linkerd.io/*`` stand on the object (linkerd2 policy-controller/k8s/index/src/outbound.rs, 2.20), so all rules of
one object share them; what is retried besides listed statuses is fixed. Before there were annotations, the time limit
of a request was heeded in the HTTPRoute of the target's own group alone, which cannot edit answers for a whole rule.
Retries were then a matter of ServiceProfiles (``profiles.py``), which say few of them: one puts all routes of its service
out of force, and knows no limit for one request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.provenance import Traced, derived, named
from ir.resilience import Retry, RetryCondition
from ir.traffic import HeaderSide, Route
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

ANNOTATIONS_SINCE = "2.16"
"""Since when routes have ``retry.linkerd.io/*`` and ``timeout.linkerd.io/*``."""
FIELD_SINCE = "2.20"
"""Since when the field ``timeouts.request`` is honoured in a route (linkerd2 pull 14750)."""

_BY_STATUS = {
    RetryCondition.SERVER_ERROR: RetryCondition.SERVER_ANSWER,
    RetryCondition.GATEWAY_ERROR: RetryCondition.GATEWAY_ANSWER,
    RetryCondition.SERVER_ANSWER: RetryCondition.SERVER_ANSWER,
    RetryCondition.GATEWAY_ANSWER: RetryCondition.GATEWAY_ANSWER,
}
"""Conditions by status, less the failures without an answer, on which the target does not retry."""
_UNANSWERED = (RetryCondition.SERVER_ERROR, RetryCondition.GATEWAY_ERROR, RetryCondition.RESET)
"""Conditions that hold for streams that are refused too."""


def in_target_terms(
    routes: Sequence[Route], target: Target, pinned: Retry | None = None
) -> tuple[tuple[Route, ...], tuple[Loss, ...]]:
    """The routes with retries and time limits that an object can state, and what was lost for it.

    ``pinned``: the retries of routes that say nothing of it. They are written unless some route has its retries
    switched off, since these would have to stand in objects of their own.
    """
    losses: list[Loss] = []
    if not target.at_least(ANNOTATIONS_SINCE):
        edits = [edit.side for route in routes for edit in route.header_edits]
        held = HeaderSide.RESPONSE not in edits
        return tuple(_without(route, losses, held=held) for route in routes), tuple(losses)
    off = any(r.retry is not None and not r.retry.attempts.value for r in routes)
    usual = None if off or pinned is None else _retry(pinned, [])
    spoken = tuple(
        replace(r, retry=usual if r.retry is None else _retry(r.retry, losses)) for r in routes
    )
    return spoken, tuple(losses)


def _without(route: Route, losses: list[Loss], *, held: bool) -> Route:
    """The route for a version that reads no annotations of it; ``held``: the field for the whole request is heeded."""
    times, kept = route.timeouts, None
    if held and times is not None and times.request is not None:
        kept = replace(times, response=None, idle=None)
        times = None
    tries = None if route.retry is None else replace(route.retry, per_try_timeout=None)
    one_try = None if route.retry is None else route.retry.per_try_timeout
    for what, code in ((tries, "MM302"), (one_try, "MM303"), (times, "MM303")):
        if what is not None:
            losses.append(
                Loss(
                    code=code,
                    impact=Impact.DIFFERENT,
                    support=Support.VERSION,
                    sites=(what,) if isinstance(what, Traced) else tuple(traced(what)),
                    message=f"retries and time limits of routes need Linkerd {ANNOTATIONS_SINCE}.",
                    why="A ServiceProfile is written where all rules of the service are for paths and methods and go to the "
                    "service itself, and each request that fails is tried again once.",
                    advice="Raise --target-version.",
                )
            )
    if route.retry is not None and route.retry.per_try_timeout is not None:
        losses.append(_with_the_retries(route.retry.per_try_timeout))
    return replace(route, retry=None, timeouts=kept)


def shared(route: Route, target: Target) -> tuple[object, ...]:
    """What the rules of one object must have in common: retries, and time limits where they are annotations."""
    times = route.timeouts
    if times is None:
        return (_key(route.retry), None)
    by_field = target.at_least(FIELD_SINCE) or not target.at_least(ANNOTATIONS_SINCE)
    whole = None if by_field or times.request is None else times.request.value
    limits = [None if t is None else t.value for t in (times.response, times.idle)]
    return (_key(route.retry), (whole, *limits) if any((whole, *limits)) else None)


def _key(retry: Retry | None) -> tuple[object, ...]:
    if retry is None:
        return ()
    return (
        retry.attempts.value,
        tuple(sorted(c.value for c in retry.conditions)),
        tuple(sorted(s.value for s in retry.statuses)),
        retry.per_try_timeout.value if retry.per_try_timeout else None,
    )


def _retry(retry: Retry | None, losses: list[Loss]) -> Retry | None:
    """A retry with the conditions that the target has; none where nothing is left to retry on.

    Whatever is listed, the target tries streams again that were refused (linkerd2-proxy
    linkerd/app/outbound/src/policy/route/retry.rs, 2.20).
    """
    if retry is None:
        return None
    if retry.attempts.value == 0:
        losses.append(_absent(retry))
        return None
    said = _sorted(retry)
    refused = [c for c in retry.conditions if c.value is RetryCondition.REFUSED_STREAM]
    if not said.kept and not said.statuses and not refused:
        losses.append(_lost(retry, "the target retries by HTTP status only, and none is named"))
        if retry.per_try_timeout is not None:
            losses.append(_with_the_retries(retry.per_try_timeout))
        return None
    losses.extend(_differing(retry, said, refused=bool(refused)))
    if retry.per_try_timeout is not None:
        losses.append(_headers_only(retry.per_try_timeout))
    always = refused[0] if refused else named(RetryCondition.REFUSED_STREAM, retry.trail)
    return replace(
        retry,
        conditions=(*said.kept, always),
        statuses=said.statuses,
        trail=derived(retry.trail.value, (retry.trail, *said.spent, *refused[1:])),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The conditions of a retry by what becomes of them; ``spent``: they only announce a list of statuses."""

    kept: tuple[Traced[RetryCondition], ...]
    statuses: tuple[Traced[int], ...]
    gone: tuple[Traced[RetryCondition], ...]
    spent: tuple[Traced[RetryCondition], ...]


def _sorted(retry: Retry) -> _Said:
    kept: list[Traced[RetryCondition]] = []
    statuses = list(retry.statuses)
    gone: list[Traced[RetryCondition]] = []
    spent: list[Traced[RetryCondition]] = []
    for condition in retry.conditions:
        if condition.value in _BY_STATUS:
            kept.append(condition.derive(_BY_STATUS[condition.value]))
        elif condition.value is RetryCondition.CLIENT_ERROR:
            statuses.append(condition.derive(409))
        elif condition.value is RetryCondition.LISTED_STATUS:
            spent.append(condition)
        elif condition.value is not RetryCondition.REFUSED_STREAM:
            gone.append(condition)
    return _Said(tuple(kept), tuple(statuses), tuple(gone), tuple(spent))


def _differing(retry: Retry, said: _Said, *, refused: bool) -> Iterator[Loss]:
    """On which occasions the target does not retry, and on which it does so besides."""
    written = [c for c in said.gone if c.origin]
    silent = [c for c in said.gone if not c.origin]
    if written:
        yield _conditions(written, Fate.LOST, written)
    if silent:
        yield _conditions(silent, Fate.APPROXIMATED, [retry.attempts])
    unanswered = [c for c in retry.conditions if c.value in _UNANSWERED]
    lumped = [c for c in unanswered if c.value is not RetryCondition.RESET]
    if lumped:
        yield _no_answer(lumped)
    if not refused and not unanswered:
        yield _also_refused(retry)


def _lost(retry: Retry, reason: str) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        sites=tuple(traced(retry)),
        message=f"these retries are not written: {reason}.",
        advice='Retry on statuses: "5xx", "gateway-error" or numbers. Codes of gRPC can be named on a GRPCRoute '
        "(retry.linkerd.io/grpc).",
    )


def _absent(retry: Retry) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=tuple(traced(retry)),
        message="retries are off; the target does not retry unless it is told to.",
    )


def _conditions(
    gone: Sequence[Traced[RetryCondition]], fate: Fate, sites: Sequence[Traced[object]]
) -> Loss:
    names = ", ".join(dict.fromkeys(c.value.value for c in gone))
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=fate,
        sites=tuple(sites),
        message=f"the target does not retry on {names}.",
    )


def _no_answer(conditions: Sequence[Traced[RetryCondition]]) -> Loss:
    names = ", ".join(dict.fromkeys(c.value.value for c in conditions))
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(conditions),
        message=f"{names}: the target retries on these answers, but not where there is no answer at all (a connection "
        "that fails or breaks), which counts in the source.",
    )


def _also_refused(retry: Retry) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(retry.attempts,),
        message="the target also tries a request again whose stream the server refused before it began with it.",
    )


def _with_the_retries(timeout: Traced[float]) -> Loss:
    return Loss(
        code="MM303",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        sites=(timeout,),
        message="the time limit of one try goes with the retries: nothing bounds the first try either.",
        advice="Set a time limit for the whole request.",
    )


def _headers_only(timeout: Traced[float]) -> Loss:
    return Loss(
        code="MM303",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(timeout,),
        message="the time limit of one try covers the wait for the response's headers only, "
        "and not the last try.",
    )
