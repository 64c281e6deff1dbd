"""The shape of a finding's page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """The page of one code: stable for ever, a retired code is never used again.

    ``what`` says what the finding means for requests, ``why`` when it appears, ``advice`` what to
    do about it; ``example`` is a piece of input that it appears on.
    """

    code: str
    title: str
    what: str
    why: str
    advice: str
    example: str
