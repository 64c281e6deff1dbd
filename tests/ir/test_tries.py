"""Occasions for another try, exactly and naively."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete_tries import failures_of
from ir.behaviour.tries import limits, occasions, told
from ir.provenance import Traced, trail
from ir.resilience import Retry, RetryCondition, Timeouts


def retry(*conditions: RetryCondition, attempts: int = 2, statuses: tuple[int, ...] = ()) -> Retry:
    return Retry(
        attempts=Traced(attempts),
        conditions=tuple(map(Traced, conditions)),
        statuses=tuple(map(Traced, statuses)),
        trail=trail("retries"),
    )


@pytest.mark.parametrize("condition", list(RetryCondition))
def test_both_readings_of_a_condition_agree(condition: RetryCondition) -> None:
    found = retry(condition)
    assert occasions(found) == failures_of(found)


def test_conditions_about_answers_count_connections_that_break_where_they_say_so() -> None:
    assert "reset" in occasions(retry(RetryCondition.SERVER_ERROR))
    assert "reset" in occasions(retry(RetryCondition.GATEWAY_ERROR))
    assert "reset" not in occasions(retry(RetryCondition.SERVER_ANSWER))
    assert told(occasions(retry(RetryCondition.GATEWAY_ANSWER, statuses=(409,)))) == "409, 502-504"


def test_retries_that_are_off_have_no_occasion() -> None:
    assert not occasions(retry(RetryCondition.SERVER_ERROR, attempts=0))
    assert not occasions(None)
    assert not failures_of(retry(RetryCondition.RESET, attempts=0))
    assert not failures_of(None)


def test_time_limits_are_told_by_the_part_that_they_limit() -> None:
    times = Timeouts(request=Traced(9.0), idle=Traced(1.0), trail=trail("times"))
    assert limits(times, None) == (("idle", 1.0),)
