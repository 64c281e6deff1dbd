"""Questions of which none depends on another's answer, shared out among processes.

The answers are the same however many share the work. A library never starts processes unasked: the command line, which
has its process for itself, asks for as many as the machine has processors (:func:`use_all`).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 4
"""Processes at most: a container may be allowed fewer processors than it sees, and each holds a share of the memory."""

LEAST = 100
"""Questions for each at least: below, starting another process costs more than it brings."""

_hands = 1


def use_all() -> None:
    """Lets as many processes share the work as there are processors; one where processes cannot be copied (not Linux)."""
    global _hands  # noqa: PLW0603  # how many there are is the process's, not a caller's
    if sys.platform == "linux":
        _hands = min(len(os.sched_getaffinity(0)), MOST)


def answered(ask: Callable[[Q], A], questions: Sequence[Q]) -> Iterator[A]:
    """The answers in order. What another process fails to answer is asked again here, where its error is at home."""
    hands = min(_hands, len(questions) // LEAST)
    if hands < 2:  # noqa: PLR2004  # one does it alone
        yield from map(ask, questions)
        return
    ends = [len(questions) * hand // hands for hand in range(hands + 1)]
    mine, *others = [questions[start:end] for start, end in pairwise(ends)]
    helpers = [_Helper(partial(_all, ask, share)) for share in others]
    try:
        yield from _all(ask, mine)
        for helper in helpers:
            yield from helper.answers()
    finally:
        for helper in helpers:
            helper.stop()


class _Helper(Generic[A]):
    """A copy of this process that answers a share of the questions."""

    def __init__(self, answer: Callable[[], list[A]]) -> None:
        from multiprocessing import get_context  # noqa: PLC0415  # most runs need no helper

        self._answer = answer
        copies = get_context("fork")
        self._receiver, sender = copies.Pipe(duplex=False)
        self._process = copies.Process(target=_send, args=(answer, sender), daemon=True)
        self._process.start()
        sender.close()  # the copy has its own; where it dies, the pipe ends

    def answers(self) -> list[A]:
        """What it found."""
        try:
            found: list[A] = self._receiver.recv()
        except EOFError:
            found = self._answer()
        return found

    def stop(self) -> None:
        """Ends it, whatever it is doing."""
        self._process.kill()
        self._process.join()


def _all(ask: Callable[[Q], A], questions: Sequence[Q]) -> list[A]:
    return [ask(one) for one in questions]


def _send(answer: Callable[[], object], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends its helpers itself
    with suppress(Exception):
        sender.send(answer())
