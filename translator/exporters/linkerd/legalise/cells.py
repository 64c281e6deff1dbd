"""Who may do what on one port, over all requests: the table that routes are made of.

The paths that occur in the rules cut all paths into atoms; on each atom and method the callers are computed once:
granted, less refused, with a certificate where one is demanded. Atoms on which every method has the same callers become
one set of paths, so that routes never overlap in their paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.language import PATH, Language, atoms
from ir.match import PathForm, Pattern, PatternKind
from translator.exporters.linkerd.callers import (
    ANYONE,
    NOBODY,
    Callers,
    Doubts,
    Known,
    authenticated,
    positive,
    refuse,
)
from translator.exporters.linkerd.legalise.paths import safe
from translator.exporters.linkerd.legalise.rules import METHODS, OTHER, Rule

Row = tuple[tuple[str, Callers], ...]
"""The callers of each method."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A health check to be let in: GET on exactly this path, from these callers."""

    path: str
    callers: Callers


@dataclass(frozen=True, slots=True)
class Door:
    """All rules of one port. ``closed``: who is not granted is refused."""

    closed: bool
    demanded: bool
    grants: tuple[Rule, ...]
    refusals: tuple[Rule, ...]
    probes: tuple[Probe, ...]
    known: Known
    form: PathForm = PathForm.NORMAL
    """What the source does to a path before its rules look."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A set of paths on which each method has the same callers everywhere.

    ``paths`` is ``None`` for all paths that no other cell names. Only a cell that lets in nobody whom another cell
    keeps out may be that one: what its owner wrote in an unusual form ends up there.
    """

    paths: Language | None
    methods: Row
    patterns: tuple[Pattern, ...] = ()
    """The patterns that the paths are made of."""

    def callers(self, method: str) -> Callers:
        """Who may send requests with this method to these paths."""
        return dict(self.methods)[method]


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a door, and whether some callers had to be left out because they cannot be told from others."""

    cells: tuple[Cell, ...]
    narrowed: bool


def cells(door: Door) -> Table:
    """The table of a door.

    Raises:
        ir.language.Opaque: the paths cannot be told apart exactly.
    """
    languages = _languages(door)
    if not languages:
        row, narrowed = _row(door, 0, {})
        return Table((Cell(None, row),), narrowed)
    index = {id(language): number for number, language in enumerate(languages)}
    groups: dict[Row, list[int]] = {}
    narrowed = False
    for atom in atoms(languages, within=PATH):
        row, narrow = _row(door, atom.signature, index)
        narrowed = narrowed or narrow
        groups.setdefault(row, []).append(atom.signature)
    if len(groups) == 1:
        return Table((Cell(None, next(iter(groups))),), narrowed)
    rest = _rest(tuple(groups))
    patterns = _patterns(door)
    found = tuple(
        Cell(None if row is rest else _paths(languages, signatures, door.form), row, patterns)
        for row, signatures in groups.items()
    )
    return Table(found, narrowed)


def _rest(rows: Sequence[Row]) -> Row | None:
    """The row that is nowhere wider than any other, if there is one."""
    for row in rows:
        if all(own <= other for one in rows for (_, own), (_, other) in zip(row, one, strict=True)):
            return row
    return None


def _languages(door: Door) -> tuple[Language, ...]:
    found: dict[int, Language] = {}
    for rule in (*door.grants, *door.refusals):
        for language, _ in rule.paths:
            found[id(language)] = language
    for probe in door.probes:
        exact = _exact(probe.path)
        found[id(exact)] = exact
    return tuple(found.values())


def _patterns(door: Door) -> tuple[Pattern, ...]:
    found = [p for rule in (*door.grants, *door.refusals) for p in rule.patterns]
    found.extend(Pattern(PatternKind.EXACT, probe.path) for probe in door.probes)
    return tuple(dict.fromkeys(found))


_EXACT: dict[str, Language] = {}


def _exact(path: str) -> Language:
    return _EXACT.setdefault(path, Language.exact(path))


def _paths(languages: Sequence[Language], signatures: Iterable[int], form: PathForm) -> Language:
    """The paths of some atoms, in the form that is safe on the wire."""
    wanted = sorted(signatures)
    whole, upward = Language.nothing(), Language.nothing()
    for signature in wanted:
        inside = [one for n, one in enumerate(languages) if signature >> n & 1]
        outside = [one for n, one in enumerate(languages) if not signature >> n & 1]
        part = PATH
        for one in inside:
            part = part & one
        upward = upward | part
        for one in outside:
            part = part - one
        whole = whole | part
    return safe(whole, (upward - whole).is_empty(), form)


def _row(door: Door, signature: int, index: dict[int, int]) -> tuple[Row, bool]:
    row: list[tuple[str, Callers]] = []
    narrowed = False
    for method in (*METHODS, OTHER):
        callers, narrow = _callers(door, signature, index, method)
        narrowed = narrowed or narrow
        row.append((method, callers))
    return tuple(row), narrowed


def _callers(
    door: Door, signature: int, index: dict[int, int], method: str
) -> tuple[Callers, bool]:
    granted: Callers = NOBODY if door.closed else frozenset((ANYONE,))
    for rule in _holding(door.grants, signature, index, method):
        granted |= positive(rule.callers, door.known)[0]
    left, doubts = granted, Doubts()
    for rule in _holding(door.refusals, signature, index, method):
        left = refuse(left, rule.callers, door.known, doubts)
    narrowed = bool(doubts) and bool(left or granted)
    if door.demanded:
        left = authenticated(left)
    for probe in door.probes:
        if method == "GET" and signature >> index[id(_exact(probe.path))] & 1:
            left |= probe.callers
    return left, narrowed


def _holding(
    rules: Iterable[Rule], signature: int, index: dict[int, int], method: str
) -> Iterator[Rule]:
    for rule in rules:
        if method in rule.methods and all(
            bool(signature >> index[id(language)] & 1) is wanted for language, wanted in rule.paths
        ):
            yield rule
