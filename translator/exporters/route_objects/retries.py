"""Retries as Gateway API has them: so many further tries, after these statuses and wherever there was no answer.

sigs.k8s.io/gateway-api geps/gep-1731, 1.6: a retry stanza asks for connection errors too, whatever else it names;
statuses from 400 to 599, of which 500, 502, 503 and 504 must be known to whoever has retries at all. It cannot say that
there are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ir.model import Model
from ir.provenance import Traced, derived, merge_equal
from ir.resilience import Retry, RetryCondition, Timeouts
from ir.traffic import Route
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.route_objects.edition import Edition
from translator.report.model import Fate, Impact, Severity, Support

_SERVER = (500, 502, 503, 504)
_GATEWAY = (502, 503, 504)
_CODES: dict[RetryCondition, tuple[int, ...]] = {
    RetryCondition.SERVER_ERROR: _SERVER,
    RetryCondition.SERVER_ANSWER: _SERVER,
    RetryCondition.GATEWAY_ERROR: _GATEWAY,
    RetryCondition.GATEWAY_ANSWER: _GATEWAY,
    RetryCondition.CLIENT_ERROR: (409,),
}
_IMPLIED = (
    RetryCondition.CONNECT_FAILURE,
    RetryCondition.REFUSED_STREAM,
    RetryCondition.RESET,
    RetryCondition.RESET_BEFORE_REQUEST,
)
"""Conditions that every stanza has."""
_WHOLE = (RetryCondition.SERVER_ERROR, RetryCondition.SERVER_ANSWER)
_FIRST, _LAST = 400, 599
DEFAULT = "Route.retry"
"""What a mesh tries again where nothing is written of it."""
_PIN = "pin"


def in_words(route: Route, pinned: Retry | None, losses: list[Loss]) -> Route:
    """The route with retries that can be said; ``pinned``: those of the source where nothing is written."""
    retry = route.retry
    if retry is None:
        return replace(route, retry=pinned) if pinned and route.backends else route
    if not retry.attempts.value:
        losses.append(
            _loss(
                tuple(traced(retry)),
                "that there are no retries cannot be said: what implements the routes may retry by itself.",
                Severity.MEDIUM,
            )
        )
        return replace(route, retry=None)
    return replace(route, retry=_fitting(_said(retry, losses), route.timeouts, losses))


def pinned_retry(model: Model, options: Options, edition: Edition) -> Retry | None:
    """The source's default for retries, where it is to be written and can be."""
    if not edition.retries or options.defaults != _PIN:
        return None
    found = (d.fact for d in model.defaults if d.key == DEFAULT)
    return next((f for f in found if isinstance(f, Retry) and f.attempts.value), None)


def said(retry: Retry) -> Retry:
    """Retries that are written as they are, without account of what is lost."""
    return _said(retry, [])


def _said(retry: Retry, losses: list[Loss]) -> Retry:
    codes: dict[int, list[Traced[object]]] = {}
    implied: list[Traced[RetryCondition]] = []
    lost: list[Traced[object]] = []
    rough: list[Traced[object]] = []
    for condition in retry.conditions:
        for code in _CODES.get(condition.value, ()):
            codes.setdefault(code, []).append(condition)
        if condition.value in _IMPLIED or condition.value is RetryCondition.LISTED_STATUS:
            implied.append(condition)
        elif condition.value not in _CODES:
            lost.append(condition)
        if condition.value in _WHOLE:
            rough.append(condition)
    for status in retry.statuses:
        if _FIRST <= status.value <= _LAST:
            codes.setdefault(status.value, []).append(status)
        else:
            lost.append(status)
    losses.extend(_told(retry, lost, rough))
    return replace(
        retry,
        conditions=tuple(implied),
        statuses=tuple(_code(code, by) for code, by in sorted(codes.items())),
    )


def _code(code: int, by: list[Traced[object]]) -> Traced[int]:
    return merge_equal(tuple(derived(code, (one,)) for one in by))


def _told(retry: Retry, lost: list[Traced[object]], rough: list[Traced[object]]) -> Iterable[Loss]:
    stated = [one for one in lost if one.origin]
    if stated:
        words = ", ".join(dict.fromkeys(str(one.value) for one in stated))
        yield _loss(tuple(stated), f"retries on {words} cannot be said.", Severity.MEDIUM)
    if rough:
        yield replace(
            _loss(
                tuple(rough),
                "of the answers from 500 on those that every implementation must know are retried: "
                f"{', '.join(map(str, _SERVER))}.",
                Severity.LOW,
            ),
            fate=Fate.APPROXIMATED,
        )
    if not any(c.value in (*_IMPLIED, *_CODES) for c in retry.conditions) or _narrow(retry):
        yield replace(
            _loss(
                (retry.attempts,),
                "requests that got no answer at all are retried too: every retry of Gateway API is for those.",
                Severity.LOW,
            ),
            fate=Fate.APPROXIMATED,
        )


def _narrow(retry: Retry) -> bool:
    """Whether the source does not retry all requests that got no answer."""
    whole = (RetryCondition.RESET, RetryCondition.SERVER_ERROR, RetryCondition.GATEWAY_ERROR)
    return not any(condition.value in whole for condition in retry.conditions)


def _fitting(retry: Retry, times: Timeouts | None, losses: list[Loss]) -> Retry:
    """The retry without a time for one try that is longer than that for all, which the schema refuses."""
    one = retry.per_try_timeout
    whole = None if times is None else times.request
    if one is None or whole is None or not whole.value or one.value <= whole.value:
        return retry
    losses.append(
        Loss(
            code="MM303",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=(one,),
            message="one try may take longer than all of them together: the shorter time ends both.",
        )
    )
    return replace(retry, per_try_timeout=None)


def _loss(sites: tuple[Traced[object], ...], message: str, severity: Severity) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=severity,
        sites=sites,
        message=message,
        advice="See whether what implements the routes has a policy for retries.",
    )
