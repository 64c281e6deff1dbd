"""Whether one failure is worth another try."""

from __future__ import annotations

from functools import cache

from ir.resilience import Retry, RetryCondition

NO_ANSWER = frozenset(("reset", "reset-before-request", "connect-failure", "refused-stream"))
"""Failures without any answer; the others are statuses, or have the name of their condition."""

FAILURES = (
    *map(str, range(100, 600)),
    *sorted(NO_ANSWER),
    "rate-limited",
    "retriable-headers",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)
"""Every failure that can be told from the others."""

_STATUSES = {
    RetryCondition.SERVER_ERROR: range(500, 600),
    RetryCondition.SERVER_ANSWER: range(500, 600),
    RetryCondition.GATEWAY_ERROR: range(502, 505),
    RetryCondition.GATEWAY_ANSWER: range(502, 505),
    RetryCondition.CLIENT_ERROR: range(409, 410),
}
_UNANSWERED = (RetryCondition.SERVER_ERROR, RetryCondition.GATEWAY_ERROR, RetryCondition.RESET)


def failures_of(retry: Retry | None) -> frozenset[str]:
    """The failures after which there is another try."""
    if retry is None:
        return frozenset()
    statuses = tuple(status.value for status in retry.statuses)
    conditions = tuple(condition.value for condition in retry.conditions)
    return _after(retry.attempts.value, conditions, statuses)


@cache
def _after(
    attempts: int, conditions: tuple[RetryCondition, ...], statuses: tuple[int, ...]
) -> frozenset[str]:
    """One failure after the other; few retries differ in a whole input, so each is decided once."""
    return frozenset(
        failure
        for failure in FAILURES
        if attempts
        and (
            failure in map(str, statuses)
            or any(_counts(condition, failure) for condition in conditions)
        )
    )


def _counts(condition: RetryCondition, failure: str) -> bool:
    if failure.isdecimal():
        return int(failure) in _STATUSES.get(condition, ())
    if condition in _UNANSWERED:
        return failure in NO_ANSWER
    if condition is RetryCondition.RESET_BEFORE_REQUEST and failure == "connect-failure":
        return True
    return failure == condition.value
