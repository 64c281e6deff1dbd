"""What can be wrong with a pattern: it is not one, or its strings are not known exactly."""

from __future__ import annotations


class Opaque(Exception):  # noqa: N818  # it names what the pattern is, not a failure
    """The set of strings is not known exactly; never an excuse for an empty or wider one.

    ``reason`` says why, in lower case and without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadPattern(Opaque, ValueError):  # noqa: N818  # as above
    """The text is no pattern of its dialect: the engine itself would refuse it."""
