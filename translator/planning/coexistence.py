"""Which calls cross from mesh to mesh, from which wave to which, and which side has to let them in.

While pods are made anew both the old and the new ones serve, so what moves in a wave is on both sides until its end: a
call within a wave crosses too, in both directions, and so does every call to or from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from translator.report.plan import Call

SOURCE, TARGET = 0, 1
"""The meshes, as sides."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A call that ``side`` (the mesh of its server) has to let in in clear text, from wave to wave."""

    call: Call
    side: int
    since: int
    until: int

    def open_in(self, wave: int) -> bool:
        """Whether it is open while the pods of the wave are made anew."""
        return self.since <= wave <= self.until

    def open_after(self, wave: int) -> bool:
        """Whether it stays open after the wave."""
        return self.since <= wave < self.until


def spells(calls: Iterable[Call], wave_of: Mapping[str, int], last: int) -> tuple[Spell, ...]:
    """The spells of all calls; what is in no wave moves in the ``last``."""
    return tuple(spell for call in calls for spell in _spells(call, wave_of, last))


def _spells(call: Call, wave_of: Mapping[str, int], last: int) -> Iterator[Spell]:
    client, server = (wave_of.get(space, last) for space in (call.client, call.namespace))
    if client <= server and client < last and call.shows[SOURCE]:
        yield Spell(call, SOURCE, client, server)
    if server <= client and server < last and call.shows[TARGET]:
        yield Spell(call, TARGET, server, client)
