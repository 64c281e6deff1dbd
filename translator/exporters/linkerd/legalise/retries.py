"""Retries in the target's terms: conditions by status, one set for each route object.

``retry.linkerd.io/*`` stand on the object (linkerd2 policy-controller/k8s/index/src/outbound.rs, 2.20), so all rules of
one object share them; what is retried besides listed statuses is fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryCondition
from ir.traffic import Route
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

_BY_STATUS = (RetryCondition.SERVER_ERROR, RetryCondition.GATEWAY_ERROR)
_IMPLICIT = (RetryCondition.REFUSED_STREAM, RetryCondition.LISTED_STATUS)
"""Conditions that the target always has, or that only announce a list of statuses."""


def in_target_terms(
    routes: Sequence[Route], target: Target
) -> tuple[tuple[Route, ...], tuple[Loss, ...]]:
    """The routes of one object with retries that the object can state, and what was lost for it."""
    del target
    losses: list[Loss] = []
    spoken = [replace(r, retry=_retry(r.retry, losses)) for r in routes]
    wanted = {_key(r.retry) for r in spoken}
    if len(wanted) <= 1:
        return tuple(spoken), tuple(losses)
    apart = "rules of one host with different retries cannot be kept apart"
    losses.extend(_lost(route.retry, apart) for route in spoken if route.retry is not None)
    return tuple(replace(r, retry=None) for r in spoken), tuple(losses)


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
    """A retry with the conditions that the target has; none where nothing is left to retry on."""
    if retry is None:
        return None
    if retry.attempts.value == 0:
        losses.append(_absent(retry))
        return None
    kept = [c for c in retry.conditions if c.value in _BY_STATUS]
    statuses = list(retry.statuses)
    gone: list[Traced[RetryCondition]] = []
    spent: list[Traced[object]] = []
    for condition in retry.conditions:
        if condition.value is RetryCondition.CLIENT_ERROR:
            statuses.append(condition.derive(409))
        elif condition.value in _IMPLICIT:
            spent.append(condition)
        elif condition.value not in _BY_STATUS:
            gone.append(condition)
    if not kept and not statuses:
        losses.append(_lost(retry, "the target retries by HTTP status only, and none is named"))
        return None
    if any(c.origin for c in gone):
        losses.append(_conditions(gone))
    if retry.per_try_timeout is not None:
        losses.append(_headers_only(retry.per_try_timeout))
    return replace(
        retry,
        conditions=tuple(kept),
        statuses=tuple(statuses),
        trail=derived(retry.trail.value, (retry.trail, *spent)),
    )


def _lost(retry: Retry, reason: str) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        sites=tuple(traced(retry)),
        message=f"these retries are not written: {reason}.",
        advice='Retry on statuses ("5xx", "gateway-error" or numbers), alike for all rules of a host.',
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


def _conditions(gone: Sequence[Traced[RetryCondition]]) -> Loss:
    names = ", ".join(c.value.value for c in gone)
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW,
        sites=tuple(gone),
        message=f"the target does not retry on {names}.",
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
