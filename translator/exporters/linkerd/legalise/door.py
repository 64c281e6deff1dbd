"""What decides at one port, and the table that it comes to: who may do what, over all requests."""

from __future__ import annotations

from dataclasses import dataclass

from ir.language import Language, Opaque
from ir.match import PathForm, Pattern
from translator.exporters.linkerd.callers import (
    Callers,
    Known,
    Who,
)
from translator.exporters.linkerd.legalise.axes import Axis
from translator.exporters.linkerd.legalise.rules import Rule

Methods = tuple[tuple[str, Callers], ...]
"""The callers of each method."""

Combination = tuple[int, ...]
"""An option of each axis, by number."""

Row = tuple[tuple[Combination, Methods], ...]
"""The callers of each method for each combination."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A health check to be let in: this method on exactly this path, from these callers."""

    path: str
    callers: Callers
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Gate:
    """Rules that decide together; ``closed``: who is not granted is refused."""

    closed: bool
    grants: tuple[Rule, ...]
    refusals: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """All rules of one port: a request must pass each of the gates. ``form``: how rules see paths."""

    gates: tuple[Gate, ...]
    demanded: bool
    probes: tuple[Probe, ...]
    known: Known
    form: PathForm = PathForm.NORMAL

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all gates."""
        return tuple(rule for gate in self.gates for rule in (*gate.grants, *gate.refusals))

    @property
    def closed(self) -> bool:
        """Whether some gate asks for a grant."""
        return any(gate.closed for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Cell:
    """A set of paths on which each combination and method has the same callers everywhere.

    ``paths``: overlapping sets, each of which is said by itself; ``None`` for all paths that no other cell names.
    """

    paths: tuple[Language, ...] | None
    row: Row
    patterns: tuple[Pattern, ...] = ()
    """The patterns that the paths are made of."""
    only: tuple[str, ...] | None = None
    """The methods that have to be said, where for all others the same holds as for what no rule names.

    A route that names a method wins over the one for those paths, which may hold these paths too.
    """

    def callers(self, combination: Combination, method: str) -> Callers:
        """Who may send requests with this method and combination to these paths."""
        return dict(self.methods(combination))[method]

    def methods(self, combination: Combination) -> Methods:
        """The callers of each method."""
        return dict(self.row)[combination]


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a door, and where they are not exact.

    ``narrowed``: some callers had to be left out because they cannot be told from others. ``blurred``: the axes on
    which requests had to be refused because they cannot be told from others. ``spelt``: axes on which another spelling
    gets what the rules give to one. ``plain``: no rule asks for anything of HTTP. ``rooted``: on the path ``/`` some had
    to be left out that only it admits.
    """

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    narrowed: bool
    blurred: tuple[str, ...] = ()
    spelt: tuple[str, ...] = ()
    plain: bool = False
    rooted: bool = False

    def lets_in(self, who: Who) -> bool:
        """Whether callers that are named in this way come in with some request."""
        rows = (methods for cell in self.cells for _, methods in cell.row)
        return any(c.who is who for methods in rows for _, callers in methods for c in callers)

    def must_be_exact(self, *, refuse: bool) -> None:
        """Raises ``Opaque`` where the table is not exact and what is not exact is to be refused."""
        if refuse and (self.narrowed or self.blurred or self.spelt or self.rooted):
            raise Opaque("some of it only by refusing more, or by weaker evidence")
