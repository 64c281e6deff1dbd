"""Annotations of routes and Services that say what clients' proxies do about slow and failing endpoints.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_timeouts``, ``parse_accrual_config``,
``parse_duration`` and .../outbound/index/{http,grpc}.rs ``parse_http_retry``, ``parse_grpc_retry``, 2.20. Each family is
taken whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ir.attachment import Attachment
from ir.provenance import Traced, derived, silent, trail
from ir.resilience import AppliesTo, Outliers, Retry, RetryCondition, Timeouts
from translator.api import Options
from translator.importers.linkerd.silence import silence

SINCE = "2.16"
"""Since when ``retry.linkerd.io/*`` and ``timeout.linkerd.io/*`` are read."""

RETRY = tuple(f"retry.linkerd.io/{word}" for word in ("limit", "http", "grpc", "timeout"))
TIMEOUT = tuple(f"timeout.linkerd.io/{word}" for word in ("request", "response", "idle"))
ACCRUAL = "balancer.linkerd.io/failure-accrual"
UNIFIED_SINCE = "2.20"
"""Since when the mode ``unified`` is known; before, it is none."""

_MODES = ("consecutive", "unified")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)\Z|0\Z", re.ASCII)
_CODES = {
    condition.value: condition
    for condition in (
        RetryCondition.GRPC_CANCELLED,
        RetryCondition.GRPC_DEADLINE_EXCEEDED,
        RetryCondition.GRPC_INTERNAL,
        RetryCondition.GRPC_RESOURCE_EXHAUSTED,
        RetryCondition.GRPC_UNAVAILABLE,
    )
}
_ANSWERS = {"5xx": RetryCondition.SERVER_ANSWER, "gateway-error": RetryCondition.GATEWAY_ANSWER}
_LARGEST_LIMIT = 65535
_LARGEST_COUNT = 2**32 - 1

Words = Mapping[str, Traced[str]]
"""The annotations of an object by their keys."""


class Refused(Exception):  # noqa: N818  # carries a reason upwards
    """A value is not one that Linkerd takes: its whole family counts for nothing."""


def is_limit(text: str) -> bool:
    """Whether a route's own limit counts: ``1m30s`` does not, nor does ``0s``."""
    return _DURATION.match(text) is not None and bool(text.strip("0msdh"))


def seconds(words: Words, key: str) -> Traced[float] | None:
    """A whole number with one unit, or 0.

    Raises:
        Refused: it is neither.
    """
    value = words.get(key)
    if value is None:
        return None
    found = _DURATION.match(value.value)
    if found is None:
        message = (
            f'{key}: expected a whole number and one unit such as "1500ms", found "{value.value}"'
        )
        raise Refused(message)
    number, unit = found.groups()
    return value.map(lambda _: float(number) * _UNITS[unit] if number else 0.0)


def _number(words: Words, key: str, largest: int) -> Traced[int] | None:
    value = words.get(key)
    if value is None:
        return None
    if not value.value.isascii() or not value.value.isdecimal() or int(value.value) > largest:
        message = f'{key}: expected a number up to {largest}, found "{value.value}"'
        raise Refused(message)
    return value.map(int)


def read_timeouts(words: Words) -> Timeouts | None:
    """Time limits of requests; 0 is no word for "none" here: such a request expires at once.

    Raises:
        Refused: a value is no duration.
    """
    request, response, idle = (seconds(words, key) for key in TIMEOUT)
    if request is None and response is None and idle is None:
        return None
    return Timeouts(request=request, response=response, idle=idle, trail=trail("timeouts"))


def read_http_retry(words: Words) -> Retry | None:
    """Further tries of HTTP requests: once where only conditions are written.

    Streams that were refused are tried again whatever is listed (linkerd2-proxy
    linkerd/app/outbound/src/policy/route/retry.rs, 2.20).

    Raises:
        Refused: a value is none that Linkerd takes.
    """
    http = words.get("retry.linkerd.io/http")
    conditions: list[Traced[RetryCondition]] = []
    statuses: list[Traced[int]] = []
    for word in () if http is None else http.value.split(","):
        if word in _ANSWERS:
            conditions.append(Traced(_ANSWERS[word], () if http is None else http.origin))
        else:
            statuses.extend(Traced(n, () if http is None else http.origin) for n in _codes(word))
    return _retry(words, http, conditions, statuses)


def _codes(word: str) -> Iterator[int]:
    low, dash, high = word.partition("-")
    bounds = [part for part in (low, high if dash else low) if re.fullmatch(r"[1-5]\d\d", part)]
    if len(bounds) < 2:  # noqa: PLR2004  # both ends
        message = f'retry.linkerd.io/http: expected 5xx, gateway-error or statuses, found "{word}"'
        raise Refused(message)
    yield from range(int(bounds[0]), int(bounds[1]) + 1)


def read_grpc_retry(words: Words) -> Retry | None:
    """Further tries of gRPC requests, which ports with GRPCRoutes have.

    Raises:
        Refused: a value is none that Linkerd takes.
    """
    codes = words.get("retry.linkerd.io/grpc")
    conditions: list[Traced[RetryCondition]] = []
    for word in () if codes is None else codes.value.split(","):
        if word not in _CODES:
            message = f'retry.linkerd.io/grpc: expected {", ".join(_CODES)}, found "{word}"'
            raise Refused(message)
        conditions.append(Traced(_CODES[word], () if codes is None else codes.origin))
    return _retry(words, codes, conditions, [])


def _retry(
    words: Words,
    listed: Traced[str] | None,
    conditions: list[Traced[RetryCondition]],
    statuses: list[Traced[int]],
) -> Retry | None:
    limit = _number(words, "retry.linkerd.io/limit", _LARGEST_LIMIT)
    timeout = seconds(words, "retry.linkerd.io/timeout")
    given = [
        limit if limit and limit.value else None,
        timeout if timeout and timeout.value else None,
    ]
    parts = [part for part in (listed, *given) if part is not None]
    if not parts:
        return None
    origin = tuple(leaf for part in parts for leaf in part.origin)
    attempts = given[0] if limit is not None and limit.value else None
    refused = Traced(RetryCondition.REFUSED_STREAM, (), origin)
    return Retry(
        attempts=Traced(1, (), origin) if attempts is None else attempts.map(int),
        per_try_timeout=timeout if timeout is not None and timeout.value else None,
        conditions=(*conditions, refused),
        statuses=tuple(statuses),
        trail=trail("retries"),
    )


def read_accrual(words: Words, at: Attachment, options: Options) -> Outliers | None:
    """Failing endpoints of the service that the client addressed.

    Raises:
        Refused: a value is none that Linkerd takes, or the mode is none.
    """
    mode = words.get(ACCRUAL)
    if mode is None:
        return None
    known = _MODES if options.source.at_least(UNIFIED_SINCE) else _MODES[:1]
    if mode.value not in known:
        message = f'{ACCRUAL}: expected {" or ".join(known)}, found "{mode.value}"'
        raise Refused(message)
    failures = _number(words, f"{ACCRUAL}-consecutive-max-failures", _LARGEST_COUNT)
    first = seconds(words, f"{ACCRUAL}-consecutive-min-penalty")
    longest = seconds(words, f"{ACCRUAL}-consecutive-max-penalty")
    what = silence(options, f"{ACCRUAL}-consecutive-*", "circuit-breaking/")
    first = silent(1.0, what) if first is None else first
    longest = silent(60.0, what) if longest is None else longest
    if longest.value <= 0 or longest.value < first.value:
        message = f"{ACCRUAL}-consecutive-max-penalty: expected no less than the least penalty"
        raise Refused(message)
    return Outliers(
        attachment=at,
        applies_to=AppliesTo.ADDRESS,
        consecutive_errors=silent(7, what) if failures is None else failures,
        ejection_time=first,
        longest_ejection=longest,
        trail=derived("failure accrual", (mode,)),
    )
