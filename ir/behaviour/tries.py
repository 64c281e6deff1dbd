"""On which occasions a request is tried again, and how long each part of it may take, in values to be compared.

Envoy source/common/router/retry_state_impl.cc ``wouldRetryFromReset``: conditions about answers of 500 and above and
about gateway errors count every connection that fails or breaks as such an answer.
"""

from __future__ import annotations

from ir.resilience import Retry, RetryCondition, Timeouts

_NO_ANSWER = ("reset", "reset-before-request", "connect-failure", "refused-stream")
_SERVER = tuple(str(status) for status in range(500, 600))
_GATEWAY = ("502", "503", "504")
_OCCASIONS: dict[RetryCondition, tuple[str, ...]] = {
    RetryCondition.SERVER_ERROR: (*_SERVER, *_NO_ANSWER),
    RetryCondition.GATEWAY_ERROR: (*_GATEWAY, *_NO_ANSWER),
    RetryCondition.SERVER_ANSWER: _SERVER,
    RetryCondition.GATEWAY_ANSWER: _GATEWAY,
    RetryCondition.RESET: _NO_ANSWER,
    RetryCondition.RESET_BEFORE_REQUEST: ("reset-before-request", "connect-failure"),
    RetryCondition.CLIENT_ERROR: ("409",),
    RetryCondition.LISTED_STATUS: (),
}
"""What a condition stands for; the others stand for themselves."""


def occasions(retry: Retry | None) -> frozenset[str]:
    """Statuses and names of failures after which there is another try; none where retries are off."""
    if retry is None or not retry.attempts.value:
        return frozenset()
    found = {str(status.value) for status in retry.statuses}
    for condition in retry.conditions:
        found.update(_OCCASIONS.get(condition.value, (condition.value.value,)))
    return frozenset(found)


def limits(times: Timeouts | None, retry: Retry | None) -> tuple[tuple[str, float], ...]:
    """Seconds by the part of a request that they limit, besides the whole of it."""
    parts = [] if times is None else [
        ("response", times.response), ("idle", times.idle), ("one backend", times.per_backend)
    ]  # fmt: skip
    if retry is not None and retry.attempts.value:
        parts.append(("one try", retry.per_try_timeout))
    return tuple((part, value.value) for part, value in parts if value is not None)


def told(found: frozenset[str]) -> str:
    """Occasions for a person, with runs of statuses as ranges."""
    numbers = sorted(int(one) for one in found if one.isdecimal())
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{low}-{high}" if low != high else f"{low}" for low, high in runs]
    return ", ".join([*words, *sorted(one for one in found if not one.isdecimal())])
