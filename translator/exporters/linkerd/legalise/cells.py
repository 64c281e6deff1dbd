"""Who may do what on one port, over all requests: the table that routes are made of.

The paths that occur in the rules cut all paths into atoms; headers and hosts cut requests along axes
(:mod:`translator.exporters.linkerd.legalise.axes`). For each atom, each combination of options and each method the
callers are computed once: granted, less refused, with a certificate where one is demanded. Atoms on which everything
has the same callers become one set of paths, so that routes never overlap in their paths; combinations are told apart by
rank, since a route that asks for more headers, or for a host, wins over one that asks for fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

from ir.language import Language, Opaque
from ir.match import Pattern, PatternKind
from translator.exporters.linkerd.callers import (
    ANYONE,
    NOBODY,
    Callers,
    Doubts,
    authenticated,
    intersect,
    positive,
    refuse,
    simplest,
    within,
)
from translator.exporters.linkerd.legalise.atoms import ROOT, path_atoms
from translator.exporters.linkerd.legalise.axes import HOST, Axis, axes_of
from translator.exporters.linkerd.legalise.door import (
    Cell,
    Combination,
    Door,
    Methods,
    Probe,
    Row,
    Table,
)
from translator.exporters.linkerd.legalise.paths import beyond
from translator.exporters.linkerd.legalise.rules import OTHER, Rule
from translator.exporters.routes.languages import METHODS

MOST = 64
"""Combinations of options beyond which routes would be too many to read."""


def cells(door: Door) -> Table:
    """The table of a door.

    Raises:
        ir.language.Opaque: the paths cannot be told apart exactly, or there are too many combinations.
    """
    survey = _Survey(door)
    groups: dict[Row, list[int]] = {}
    for signature in survey.atoms.signatures:
        groups.setdefault(survey.row(signature), []).append(signature)
    if len(groups) == 1:
        return survey.table((Cell(None, next(iter(groups))),))
    return survey.table(tuple(_cells(groups, survey)))


def shut_to_checks(door: Door, checks: Iterable[tuple[str, str]]) -> bool:
    """Whether the rules keep out some who ask as health checks do, unknown: for one of these paths, by its method."""
    asked = tuple(Probe(path, NOBODY, method) for path, method in checks)
    survey = _Survey(replace(door, probes=asked))
    return any(
        ANYONE not in dict(methods)[probe.method]
        for probe in asked
        for signature in survey.atoms.signatures
        if survey.holds(signature, probe.path)
        for _, methods in survey.row(signature)
    )


def _cells(groups: Mapping[Row, Sequence[int]], survey: _Survey) -> Iterator[Cell]:
    """A cell for each row.

    What no rule names is the rest. What is not in normal form would be in it too, so where the rest lets anybody in
    who is kept out elsewhere, those paths are named, and get the row that lets in the fewest.

    On the path ``/`` the rest counts as much as a route for that path alone (:data:`ir.behaviour.precedence.LEAST`).
    So what may be the rest must not be wider there; and where the rest asks for methods or headers, which would decide,
    ``/`` is left to it.
    """
    atoms, patterns = survey.atoms, _patterns(survey.door)
    narrow = _narrowest(tuple(groups))
    wide = next((row for row, signatures in groups.items() if 0 in signatures), narrow)
    rest = wide if wide is not None and atoms.root in groups[wide] else narrow
    odd = None if rest is narrow else beyond(atoms.form)
    refused = survey.nobody() if narrow is None else narrow
    partly = {
        row: only
        for row in groups
        if row not in (rest, refused) and (only := _only_refused(row, wide, refused))
    }
    for row, found in groups.items():
        signatures = tuple(found)
        if row is rest:
            yield Cell(None, row)
        elif row == refused and odd is not None:
            yield Cell((*atoms.loosely(signatures, ()), odd), row, patterns)
        elif row in partly:
            harmless = tuple(
                s for r, own in groups.items() if _refuses(r, partly[row]) for s in own
            )
            yield Cell(atoms.loosely(signatures, harmless), row, patterns, partly[row])
        else:
            around = [s for one in partly for s in groups[one]] if row is wide else []
            paths = atoms.exactly((*signatures, *around))
            if atoms.root in signatures and rest is not None and not _even(rest):
                survey.rooted = True
                paths = paths - ROOT
            if not paths.is_empty():
                yield Cell((paths,), row, patterns)
    if odd is not None and refused not in groups:
        yield Cell((odd,), refused)


def _even(row: Row) -> bool:
    """Whether neither method nor header makes a difference."""
    return len({callers for _, methods in row for _, callers in methods}) == 1


def _only_refused(row: Row, wide: Row | None, refused: Row) -> tuple[str, ...]:
    """The methods that a row refuses, if it is the wide row but for these.

    A route for one of these methods may take paths that are not in normal form too: they are refused anyway.
    """
    if wide is None or len(row) > 1 or not _refuses(refused, (*METHODS, OTHER)):
        return ()
    pairs = list(zip(row[0][1], wide[0][1], strict=True))
    if any(own and own != others for (_, own), (_, others) in pairs):
        return ()
    found = tuple(method for (method, own), (_, others) in pairs if own != others)
    return () if OTHER in found else found


def _refuses(row: Row, methods: Sequence[str]) -> bool:
    return not any(callers for _, found in row for m, callers in found if m in methods)


def _narrowest(rows: Sequence[Row]) -> Row | None:
    """The row that is nowhere wider than any other, if there is one."""
    for row in rows:
        if all(_nowhere_wider(row, other) for other in rows):
            return row
    return None


def _nowhere_wider(row: Row, other: Row) -> bool:
    return row is other or all(
        own <= theirs or within(own, theirs)
        for (_, mine), (_, yours) in zip(row, other, strict=True)
        for (_, own), (_, theirs) in zip(mine, yours, strict=True)
    )


def _patterns(door: Door) -> tuple[Pattern, ...]:
    found = [p for rule in door.rules for p in rule.patterns]
    found.extend(Pattern(PatternKind.EXACT, probe.path) for probe in door.probes)
    return tuple(dict.fromkeys(found))


@cache
def _exact(path: str) -> Language:
    """One and the same object for a path: languages are known by it."""
    return Language.exact(path)


class _Survey:
    """Callers of requests, by the languages that their path, headers and host are in."""

    def __init__(self, door: Door) -> None:
        self.door = door
        paths = _path_languages(door)
        self.atoms = path_atoms(paths, door.form)
        self.index = {id(language): number for number, language in enumerate(paths)}
        self.axes = axes_of(door.rules)
        self.narrowed = False
        self.rooted = False
        self.blurred: dict[str, None] = {}
        self.spelt: dict[str, None] = {}
        self._known: dict[tuple[int, Combination, str], Callers] = {}
        self._alike = _alike(door)
        self._paths = {id(rule): self._masks(rule) for rule in door.rules}
        numbers = [range(len(axis.options)) for axis in self.axes]
        self.combinations = tuple(product(*numbers))
        if len(self.combinations) > MOST:
            raise Opaque(f"{len(self.combinations)} combinations of headers and hosts")

    def table(self, found: tuple[Cell, ...]) -> Table:
        return Table(
            axes=self.axes,
            cells=found,
            narrowed=self.narrowed,
            rooted=self.rooted,
            blurred=tuple(self.blurred),
            spelt=tuple(self.spelt),
            plain=all(rule.plain for rule in self.door.rules),
        )

    def nobody(self) -> Row:
        """The row that lets nobody in."""
        methods = tuple((m, NOBODY) for m in (*METHODS, OTHER))
        return tuple((c, methods) for c in self.combinations)

    def row(self, path: int) -> Row:
        return tuple((c, self._methods(path, c)) for c in self.combinations)

    def _methods(self, path: int, combination: Combination) -> Methods:
        first = {m: self._seen(path, combination, m) for m in dict.fromkeys(self._alike.values())}
        return tuple((method, first[like]) for method, like in self._alike.items())

    def _seen(self, path: int, combination: Combination, method: str) -> Callers:
        """What all the signatures have that the source may have seen in this combination."""
        options = [a.options[n] for a, n in zip(self.axes, combination, strict=True)]
        found = {
            signatures: self._callers(path, signatures, method)
            for signatures in product(*(sorted(o.signatures) for o in options))
        }
        common = _common(found.values())
        for number, axis in enumerate(self.axes):
            several = len(options[number].signatures) > 1
            if several and any(not within(callers, common) for callers in found.values()):
                self.blurred[axis.key] = None
            if options[number].spelt:
                plain = next(iter(found))
                bare = (*plain[:number], 0, *plain[number + 1 :])
                if not within(common, self._callers(path, bare, method)):
                    self.spelt[axis.key] = None
        return common

    def _callers(self, path: int, signatures: Combination, method: str) -> Callers:
        key = (path, signatures, method)
        if key not in self._known:
            callers, narrow = self._decided(path, signatures, method)
            self.narrowed = self.narrowed or narrow
            self._known[key] = callers
        return self._known[key]

    def _decided(self, path: int, signatures: Combination, method: str) -> tuple[Callers, bool]:
        door = self.door
        left: Callers = frozenset((ANYONE,))
        narrowed = False
        for gate in door.gates:
            granted: Callers = NOBODY if gate.closed else frozenset((ANYONE,))
            for rule in self._holding(gate.grants, path, signatures, method):
                granted |= positive(rule.callers, door.known)[0]
            passed, doubts = granted, Doubts()
            for rule in self._holding(gate.refusals, path, signatures, method):
                passed = refuse(passed, rule.callers, door.known, doubts)
            narrowed = narrowed or (bool(doubts) and bool(passed or granted))
            left = passed if left == frozenset((ANYONE,)) else intersect(left, passed)
        if door.demanded:
            left = authenticated(left)
        for probe in door.probes:
            if method == probe.method and self.holds(path, probe.path):
                left |= probe.callers
        return left, narrowed

    def holds(self, signature: int, path: str) -> bool:
        """Whether the paths with this signature are this one."""
        return bool(signature >> self.index[id(_exact(path))] & 1)

    def _holding(
        self, rules: Iterable[Rule], path: int, signatures: Combination, method: str
    ) -> Iterator[Rule]:
        by_axis: Mapping[str, tuple[Axis, int]] = {
            axis.key: (axis, signature)
            for axis, signature in zip(self.axes, signatures, strict=True)
        }
        for rule in rules:
            within, outside = self._paths[id(rule)]
            if method not in rule.methods or path & within != within or path & outside:
                continue
            asks = [(HOST, language, wanted) for language, wanted in rule.hosts]
            asks += [(h.name, h.language, h.wanted) for h in rule.headers]
            if all(_meets(by_axis[key], language) is wanted for key, language, wanted in asks):
                yield rule

    def _masks(self, rule: Rule) -> tuple[int, int]:
        """The bits of the languages that a path must be in, and of those that it must be outside of."""
        within = outside = 0
        for language, wanted in rule.paths:
            bit = 1 << self.index[id(language)]
            within, outside = (within | bit, outside) if wanted else (within, outside | bit)
        return within, outside


def _alike(door: Door) -> dict[str, str]:
    """For each method the first that no rule or probe tells apart from it."""
    first: dict[tuple[bool, ...], str] = {}
    return {
        method: first.setdefault(
            (
                *(method in rule.methods for rule in door.rules),
                *(method == probe.method for probe in door.probes),
            ),
            method,
        )
        for method in (*METHODS, OTHER)
    }


def _meets(seen: tuple[Axis, int], language: Language) -> bool:
    axis, signature = seen
    return bool(signature >> axis.bit(language) & 1)


def _common(found: Iterable[Callers]) -> Callers:
    first, *others = found
    for callers in others:
        if callers != first:
            first = frozenset(simplest(intersect(first, callers)))
    return first


def _path_languages(door: Door) -> tuple[Language, ...]:
    found: dict[int, Language] = {}
    for rule in door.rules:
        for language, _ in rule.paths:
            found[id(language)] = language
    for probe in door.probes:
        exact = _exact(probe.path)
        found[id(exact)] = exact
    return tuple(found.values())
