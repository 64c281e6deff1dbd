"""Questions shared out among processes: the same answers, whoever gives them, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from translator.verify import hands

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are copied on Linux only"
)

QUESTIONS = range(3 * hands.LEAST)


@pytest.fixture(autouse=True)
def three_hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hands, "_hands", 3)
    yield
    assert not multiprocessing.active_children()


def test_answers_come_in_order_from_several_processes() -> None:
    found = list(hands.answered(lambda one: (one * one, os.getpid()), QUESTIONS))
    assert [square for square, _ in found] == [one * one for one in QUESTIONS]
    assert len({process for _, process in found}) == 3


def test_few_questions_are_answered_here() -> None:
    found = list(hands.answered(lambda _: os.getpid(), range(hands.LEAST)))
    assert set(found) == {os.getpid()}


def test_a_library_starts_no_process_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = list(hands.answered(lambda _: os.getpid(), QUESTIONS))
    assert set(found) == {os.getpid()}


def test_what_a_helper_cannot_send_is_answered_here() -> None:
    """Locks cannot be sent from one process to another."""
    found = list(hands.answered(lambda one: (one, threading.Lock()), QUESTIONS))
    assert [number for number, _ in found] == list(QUESTIONS)


def test_a_helper_that_dies_is_stood_in_for() -> None:
    here = os.getpid()

    def ask(one: int) -> int:
        if os.getpid() != here:
            os._exit(9)
        return one

    assert list(hands.answered(ask, QUESTIONS)) == list(QUESTIONS)


@pytest.mark.parametrize("wrong", [0, QUESTIONS[-1]])
def test_an_error_of_any_process_is_raised_here(wrong: int) -> None:
    def ask(one: int) -> int:
        if one == wrong:
            raise ValueError(one)
        return one

    with pytest.raises(ValueError, match=str(wrong)):
        list(hands.answered(ask, QUESTIONS))


def test_an_interruption_leaves_no_process_behind() -> None:
    def ask(_: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(hands.answered(ask, QUESTIONS))


def test_there_are_as_many_as_processors_and_never_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    hands.use_all()
    assert hands._hands == hands.MOST
