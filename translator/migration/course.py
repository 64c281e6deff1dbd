"""What is in force at each moment: the objects of start and end, and the temporary ones between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translator.bridges.api import Way
from translator.migration.beneath import WORKLOADS
from translator.migration.entrances import entrances
from translator.migration.ground import Ground, account_of
from translator.planning.coexistence import SOURCE, TARGET, Spell, spells
from translator.planning.gateways import STAYS
from translator.planning.waves import ordered
from translator.state import (
    Key,
    Piece,
    State,
    applied,
    changed,
)

MEMBERSHIP = ("Namespace", *WORKLOADS)
"""Kinds whose change moves pods from mesh to mesh."""


EDGE_KINDS = ("Gateway", "GatewayClass", "ListenerSet", "ReferenceGrant")
"""Kinds by which requests enter the cluster: they go last."""


class Course:
    """The states that a migration goes through."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.options = ground.options
        self.parts = ordered(ground.calls, ground.moving)
        self.gateways = entrances(ground)
        goes = any(gateway.fate != STAYS for gateway in self.gateways)
        self.edge = len(self.parts) + 1 if goes else 0
        self.last = len(self.parts) + (2 if goes else 1)
        self.wave_of = {name: n for n, part in enumerate(self.parts, 1) for name in part}
        found = spells(ground.calls, self.wave_of, self.last)
        self.spells = tuple(s for s in found if not ground.bridges[s.side].knows)
        self.workloads = {w.key: w for w in ground.models[0].inventory.workloads}
        self.new = [*changed(ground.start, ground.end)]

    def spaces(self, number: int) -> tuple[str, ...]:
        """The namespaces that move in a wave."""
        return self.parts[number - 1] if number <= len(self.parts) else ()

    def moved(self, number: int) -> frozenset[str]:
        """The namespaces that have moved once the wave is over."""
        return frozenset(name for part in self.parts[:number] for name in part)

    def prepared(self, number: int, before: State) -> dict[Key, Piece]:
        """What is applied before pods move: routes and policies, and the ways that must be open meanwhile."""
        spaces = self.spaces(number)
        served = {c.namespace for c in self.ground.calls if c.client in spaces} | set(spaces)
        pieces = [
            piece
            for piece in self.new
            if piece.key[1] not in (*MEMBERSHIP, *EDGE_KINDS)
            and (piece.namespace in spaces or (_for_clients(piece) and piece.namespace in served))
            and not _at_gateways(piece)
        ]
        if number == 1:
            comes = self.ground.bridges[TARGET]
            pieces += [p for p in self.new if comes.is_everywhere(p, self.options)]
        # what is in no namespace comes early where it can be confined to the pods that have moved
        wide = [p for p in self.new if not p.namespace and self._is_confined(number, p)]
        return self.bridged(
            number, applied(before, self.beside(number, (*pieces, *wide))), after=False
        )

    def beside(self, number: int, pieces: Iterable[Piece]) -> list[Piece]:
        """Objects of the target as they are while pods of the source's mesh are still there."""
        comes, moved = self.ground.bridges[TARGET], self.moved(number)
        found = (comes.beside(piece, self.options, moved) for piece in pieces)
        return [piece for piece in found if piece is not None]

    def _is_confined(self, number: int, piece: Piece) -> bool:
        found = self.beside(number, (piece,))
        return bool(found) and found[0].value != piece.value

    def settled(self, number: int) -> list[Piece]:
        """What was confined in the namespaces of a wave, as it is once their pods have moved."""
        spaces = self.spaces(number)
        return [p for p in self.new if p.namespace in spaces and self._is_confined(number, p)]

    def membership(self, number: int) -> list[Piece]:
        """The changed objects that move the pods of a wave."""
        spaces = self.spaces(number)
        return [p for p in self.new if p.key[1] in MEMBERSHIP and p.namespace in spaces]

    def fresh(self, number: int, before: State) -> list[Piece]:
        """What is new by then, of what no wave of namespaces brought: gateways, and what is in no namespace that moves."""
        return self.beside(number, [p for p in self.new if p.key not in before])

    def switched(self) -> list[Piece]:
        """Objects of gateways that change where they are."""
        return [
            piece
            for piece in self.new
            if piece.key in self.ground.start
            and (piece.key[1] in EDGE_KINDS or _at_gateways(piece))
        ]

    def ways(self, number: int, side: int, *, after: bool) -> tuple[Way, ...]:
        """The ways that a side opens in a wave, or keeps open after it."""
        grouped: dict[tuple[str, int], list[Spell]] = {}
        for spell in self.spells:
            is_open = spell.open_after(number) if after else spell.open_in(number)
            if spell.side == side and is_open:
                grouped.setdefault((spell.call.server, spell.call.port), []).append(spell)
        return tuple(
            Way(
                workload=self.workloads[server],
                port=port,
                peers=tuple(sorted({account_of(s.call.caller) for s in own})),
                until=max(s.until for s in own),
            )
            for (server, port), own in sorted(grouped.items())
        )

    def _bridges(self, number: int, *, after: bool) -> dict[Key, Piece]:
        """All temporary objects of that moment."""
        left, comes = self.ground.bridges
        opened = left.open(self.ground.start, self.ways(number, SOURCE, after=after), self.options)
        pieces = [*opened]
        if number < self.last:
            pieces += left.release(self.ground.start, self.moved(number), self.last, self.options)
        pieces += comes.open(self.ground.end, self.ways(number, TARGET, after=after), self.options)
        return {piece.key: piece for piece in pieces}

    def bridged(self, number: int, state: State, *, after: bool) -> dict[Key, Piece]:
        """The state with the temporary objects of that moment, and without those of others."""
        wanted = self._bridges(number, after=after)
        others = (
            {}
            if number == 1 and not after
            else self._bridges(number if after else number - 1, after=not after)
        )
        stale = [key for key in others if key not in wanted]
        # an object that was there before, or that is to stay, gets back what it said
        kept = {**self.ground.end, **self.ground.start}
        back = [kept[key] for key in stale if key in kept]
        found = applied(state, wanted.values(), stale)
        return applied(found, back)


def _for_clients(piece: Piece) -> bool:
    """Whether the clients of a service heed the object: the service itself, and routes that are bound to it."""
    return piece.key[1] == "Service" or any(kind in ("Service", "") for kind in _parents(piece))


def _at_gateways(piece: Piece) -> bool:
    kinds = [*_parents(piece)]
    return bool(kinds) and all(kind == "Gateway" for kind in kinds)


def _parents(piece: Piece) -> Iterator[str]:
    spec = piece.value.get("spec")
    parents = spec.get("parentRefs") if isinstance(spec, dict) else None
    for parent in parents if isinstance(parents, list) else ():
        if isinstance(parent, dict):
            yield str(parent.get("kind", "Gateway"))
