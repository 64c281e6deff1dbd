"""What a comparison of two configurations tells: the verdict, what changes for whom, and what is left open.

The JSON form is that of ``meshmigrate verify --format json``, schema version 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from translator.report.model import Source, Tool, Version


@dataclass(frozen=True, slots=True)
class Decided:
    """What one side makes of a request: ``text`` says it, ``rules`` are the places of the input that decide."""

    text: str
    rules: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """A class of requests that fare otherwise, shown by its smallest request.

    ``world`` is ``closed`` where callers of the input are among them, else ``open``: callers of tomorrow. ``classes``:
    how many classes of the port change alike. ``sender``: from where the request must come to show it; ``curl``: the
    request as a command.
    """

    kind: str
    world: str
    slice: str
    classes: int
    witness: dict[str, object]
    sender: str
    curl: str
    before: Decided
    after: Decided


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting that only one side has, or that each side has otherwise; ``None``: that side does not state it."""

    what: str
    subject: str
    before: Decided | None
    after: Decided | None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Ports whose requests may fare otherwise, and why this cannot be told."""

    verdict: str
    reasons: tuple[str, ...]
    slices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One side: its mesh and how much was read."""

    mesh: Version
    files: int
    documents: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that a comparison tells. ``settings_count``: settings are part of the verdict (one mesh on both sides)."""

    schema_version: int
    tool: Tool
    before: Compared
    after: Compared
    verdict: str
    slices: dict[str, int]
    changes: tuple[Changed, ...] = ()
    settings: tuple[SettingChanged, ...] = ()
    settings_count: bool = True
    open: tuple[OpenQuestion, ...] = ()
    assumptions: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As ``meshmigrate verify --format json``."""
        from translator.report.render.difference import difference_json  # noqa: PLC0415  # when asked for

        return difference_json(self)

    def to_text(self) -> str:
        """For a terminal."""
        from translator.report.render.difference import difference_text  # noqa: PLC0415

        return difference_text(self)

    def to_markdown(self) -> str:
        """For a pull request."""
        from translator.report.render.difference import difference_markdown  # noqa: PLC0415

        return difference_markdown(self)
