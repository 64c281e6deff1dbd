"""Words for people: on one line, counted, cut to length."""

from __future__ import annotations

from collections.abc import Iterator

from translator.report.model import Verification


def printable(text: str) -> str:
    """The text on one line: control characters, which may come from the input, are spelt out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def counts(numbers: dict[str, int]) -> str:
    """``1 high, 2 medium``: what is not zero."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)


def times(number: int, noun: str) -> str:
    """``1 file``, ``3 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def doubts(verdict: Verification, most: int = 0) -> Iterator[str]:
    """Why ports are no better than they are, as many reasons as fit; 0 for all."""
    reasons = list(verdict.reasons.items())
    shown = reasons[: most or len(reasons)]
    yield from (f"{times(number, 'port')}: {why}" for why, number in shown)
    rest = len(reasons) - len(shown)
    if rest:
        yield f"and {times(rest, 'further reason')}"


def shortened(text: str, longest: int) -> str:
    """A text of at most so many characters, cut between words."""
    if len(text) <= longest:
        return text
    return text[: longest - 3].rsplit(" ", 1)[0].rstrip(",;:. ") + "..."
