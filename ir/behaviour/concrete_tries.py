"""Whether one failure is worth another try."""

from __future__ import annotations

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


def tried_again(retry: Retry | None, failure: str) -> bool:
    """Whether there is another try after the failure."""
    if retry is None or retry.attempts.value == 0:
        return False
    if any(str(status.value) == failure for status in retry.statuses):
        return True
    return any(_counts(condition.value, failure) for condition in retry.conditions)


def _counts(condition: RetryCondition, failure: str) -> bool:
    if failure.isdecimal():
        return int(failure) in _STATUSES.get(condition, ())
    if condition in _UNANSWERED:
        return failure in NO_ANSWER
    if condition is RetryCondition.RESET_BEFORE_REQUEST and failure == "connect-failure":
        return True
    return failure == condition.value
