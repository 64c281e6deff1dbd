"""Where a value comes from, carried by the value itself.

An input **leaf** is one ``int``. A :class:`Traced` value names the leaves whose meaning it is (``origin``), the leaves
that only helped to choose, name or order it (``because``) and the values that it was made from (``parents``). The
account of a translation is computed from these and from nothing else, so it cannot disagree with the code.

A value that the input did not state has a ``stated_by``: a :class:`Silence` (a default of the source) or an
:class:`Assumption` of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Silence:
    """What a mesh does where nothing is written: ``field`` is the field that was left out."""

    mesh: str
    version: str
    field: str
    doc: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """What we take for granted because the input cannot tell; it is named in the report."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Traced(Generic[T_co]):
    """A value with its trail.

    Equality includes the trail; laws compare :func:`bare`. Unhashable on purpose: two equal values from two places are
    two values, and only :func:`merge_equal` makes one of them.
    """

    value: T_co
    origin: tuple[int, ...] = ()
    because: tuple[int, ...] = ()
    parents: tuple[Traced[object], ...] = ()
    stated_by: Silence | Assumption | None = None

    __hash__ = None  # type: ignore[assignment]  # unhashable, see above

    def derive(self, value: U, *others: Traced[object]) -> Traced[U]:
        """Another value with the meaning of this one (and of ``others``): nothing is lost on the way."""
        return derived(value, (self, *others))

    def map(self, function: Callable[[T_co], U]) -> Traced[U]:
        """The value in another unit or spelling; ``function`` must be invertible."""
        return derived(function(self.value), (self,))

    def chosen_by(self, *others: Traced[object]) -> Traced[T_co]:
        """The same value, which ``others`` helped to choose."""
        leaves = united(t.origin + t.because for t in others)
        return Traced(
            self.value, self.origin, united((self.because, leaves)), (self,), self.stated_by
        )


Trail = Traced[str]
"""The trail of a fact itself: its value says what the fact is, its leaves are those spent on a decision."""


def united(trails: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Leaves of all trails, each once, in input order."""
    return tuple(sorted({leaf for trail in trails for leaf in trail}))


def derived(value: U, parents: Iterable[Traced[object]]) -> Traced[U]:
    """A value whose meaning is that of all ``parents`` together."""
    made_of = tuple(parents)
    stated_by = next((p.stated_by for p in made_of if p.stated_by), None)
    return Traced(
        value,
        united(p.origin for p in made_of),
        united(p.because for p in made_of),
        made_of,
        stated_by if not any(p.origin for p in made_of) else None,
    )


def merge_equal(values: Iterable[Traced[T]]) -> Traced[T]:
    """One value for several equal ones, with all their trails."""
    made_of = tuple(values)
    first = made_of[0]
    if any(other.value != first.value for other in made_of[1:]):
        message = f"merge_equal: {[v.value for v in made_of]} differ"
        raise ValueError(message)
    return first if len(made_of) == 1 else derived(first.value, made_of)


def named(value: T, *reasons: Traced[object]) -> Traced[T]:
    """A value that we chose (a name, an order): ``reasons`` helped, none of them is placed by it."""
    return Traced(value, (), united(r.origin + r.because for r in reasons))


def silent(value: T, silence: Silence, *because: int) -> Traced[T]:
    """A value that the source does not write and that holds all the same."""
    return Traced(value, (), tuple(because), (), silence)


def assumed(value: T, assumption: Assumption, *because: int) -> Traced[T]:
    """A value that the input did not state and that we take for granted."""
    return Traced(value, (), tuple(because), (), assumption)


def trail(what: str, *leaves: int, because: Iterable[int] = ()) -> Trail:
    """The trail of a new fact, spent on it: ``leaves``."""
    spent = tuple(sorted(set(leaves))) if leaves else ()
    return Traced(what, spent, tuple(sorted(set(because))) if because else ())


def absorb(into: Trail, *values: Traced[object]) -> Trail:
    """Binds the leaves of ``values``, spent on a decision, to the node that they shaped.

    They share the fate of that node. Which decision it was stands in the code that calls.
    """
    if not any(v.origin or v.because for v in values):
        return into
    return Traced(
        into.value,
        united((into.origin, *(v.origin for v in values))),
        united((into.because, *(v.because for v in values))),
        (),
        into.stated_by,
    )


def ancestors(value: Traced[object]) -> Iterator[Traced[object]]:
    """``value`` and everything that it was made from, nearest first."""
    stack: list[Traced[object]] = [value]
    seen: set[int] = set()
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        stack.extend(reversed(current.parents))


def bare(value: T) -> T:
    """The same structure without its trails: what laws compare."""
    from ir.walk import rebuild  # noqa: PLC0415  # walk is built on this module

    return rebuild(value, lambda t: Traced(t.value))
