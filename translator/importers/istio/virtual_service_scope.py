"""What routing resources say beside their rules: age, visibility, and remarks made while reading.

The field names are those of istio/api networking/v1alpha3/virtual_service.proto, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ir.provenance import Traced, Trail, absorb
from translator.importers.istio.model import Refused
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_SHORTEST = 0.001


@dataclass(slots=True)
class Margin:
    """What is noted beside the rules of one resource while they are read."""

    meta: Meta
    quiet: list[Traced[str]] = field(default_factory=list)
    """Fields that change no request."""
    refused: list[Refused] = field(default_factory=list)

    def note(self, *values: Traced[str] | None) -> None:
        """Notes fields that change no request."""
        self.quiet.extend(value for value in values if value is not None and value.origin)

    def heed(self, why: str, *values: Traced[object]) -> None:
        """Notes what the webhook would refuse and the data plane takes."""
        leaves = tuple(leaf for value in values for leaf in value.origin)
        self.refused.append(Refused(why=why, leaves=leaves, heeded=True))

    def drop(self, why: str, place: Cursor) -> None:
        """Notes what the webhook would refuse and no data plane could run."""
        self.refused.append(Refused(why=why, leaves=place.leaves()))


def read_created(root: Cursor) -> Traced[str]:
    """The age of an object: it decides between objects, and there is nothing of it to be placed."""
    found = root.map("metadata").opt("creationTimestamp")
    if found is None or not isinstance(found.node.value, str):
        return Traced("")
    return Traced(found.node.value, (), found.leaf)


def duration(place: Cursor, key: str) -> Traced[float] | None:
    """Seconds of a duration of a millisecond or more.

    Raises:
        InputError: no duration, or a shorter one, which the rules of the schema refuse.
    """
    found = place.opt(key)
    if found is None:
        return None
    seconds = found.as_duration()
    if seconds.value < _SHORTEST:
        raise found.refuse(
            f'expected a duration of at least "1ms", found "{found.node.value}". '
            "Leave the field out to have no limit."
        )
    return seconds


def empties(node: Trail, place: Cursor, *keys: str) -> Trail:
    """``node`` with the leaves of collections that are written and have no content."""
    return absorb(node, *(place.empty(key) for key in keys))


def given(values: Iterable[Traced[str] | None]) -> tuple[Traced[str], ...]:
    """Those that are there."""
    return tuple(value for value in values if value is not None)
