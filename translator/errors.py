"""What can go wrong, drawn as one tree.

    MeshMigrateError
    ├── InputError       the user's file: malformed, or what its own API server would refuse   exit 4
    ├── TargetError      the request: an unknown mesh, version or option                       exit 2
    └── AccountingError  our bug: a leaf was lost on the way                                   exit 70

Losses are not exceptions: they are results. Input errors of one run are collected and raised together as an
``ExceptionGroup`` of :class:`InputError`.
"""

from __future__ import annotations

from dataclasses import dataclass


class MeshMigrateError(Exception):
    """The root of all errors that this library raises on purpose."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the input.

    ``file`` as the user named it (``-`` for standard input); ``line`` and ``column`` count from 1 and are ``None``
    where the input has no text (a cluster); ``path`` is the field's path from the root of its YAML document, empty for
    the document itself.
    """

    file: str
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        where = ":".join(
            str(part) for part in (self.file, self.line, self.column) if part is not None
        )
        return f"{where}: {self.path}" if self.path else where


class InputError(MeshMigrateError):
    """A file that cannot be read, or a resource that its own API server would refuse.

    ``message`` says what was found, what was expected and what to do; it starts in lower case and ends in a full stop.
    """

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message


class TargetError(MeshMigrateError):
    """A request that cannot be served: an unknown mesh, version, channel or option value."""


class AccountingError(MeshMigrateError):
    """Our bug: the account of leaves does not add up."""
