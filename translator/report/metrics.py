"""Metrics that have another name in another mesh."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Renamed:
    """A metric of the source and what the target counts instead, empty for nothing; ``note``: what differs."""

    source: str
    target: str
    note: str
