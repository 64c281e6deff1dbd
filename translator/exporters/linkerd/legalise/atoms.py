"""The classes into which the paths of a port's rules cut all paths, and sets of them in words of the target.

A class is known by its signature: bit ``i`` says that its paths are in the ``i``-th of the languages. All is remembered
by the languages themselves, which are the same objects for the same patterns: estates repeat their paths.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ir.language import PATH, Language, atoms
from ir.match import PathForm
from translator.exporters.linkerd.legalise.paths import safe

_REMEMBERED = 4096

ROOT = Language.exact("/")


@lru_cache(maxsize=_REMEMBERED)
def path_atoms(languages: tuple[Language, ...], form: PathForm) -> PathAtoms:
    """The classes that the languages tell apart.

    Raises:
        ir.language.Opaque: they cannot be told apart exactly.
    """
    found = [a.signature for a in atoms(languages, within=PATH)] if languages else [0]
    return PathAtoms(languages, tuple(found), form)


@dataclass(frozen=True, slots=True)
class PathAtoms:
    """All classes of paths; ``form``: how the source sees paths."""

    languages: tuple[Language, ...]
    signatures: tuple[int, ...]
    form: PathForm

    @property
    def root(self) -> int:
        """The class of the path ``/``."""
        return sum(one.accepts("/") << number for number, one in enumerate(self.languages))

    @lru_cache(maxsize=_REMEMBERED)  # noqa: B019  # a value
    def exactly(self, signatures: tuple[int, ...]) -> Language:
        """The paths of some classes, in the form that is safe on the wire."""
        inside = set(signatures)
        closed = all(self._closed(one, inside) for one in signatures)
        return safe(self._union(signatures), closed=closed, form=self.form)

    def loosely(self, signatures: Sequence[int], harmless: Collection[int]) -> tuple[Language, ...]:
        """Sets of paths that hold those of some classes, as the author put them where possible.

        They may hold paths of the ``harmless`` classes as well, and any that are not in normal form.
        """
        allowed = {*signatures, *harmless}
        closed = [one for one in signatures if self._closed(one, allowed)]
        found = list(_largest(part for one in closed for part in self._above(one)))
        others = [one for one in signatures if one not in closed]
        if others:
            found.append(safe(self._union(others), closed=False, form=self.form))
        return tuple(found)

    def _closed(self, signature: int, inside: Collection[int]) -> bool:
        """Whether all paths that are in the languages of this class, and maybe in more, are of classes ``inside``."""
        return all(one in inside for one in self.signatures if one & signature == signature)

    def _above(self, signature: int) -> Iterable[Language]:
        """Sets that together hold the paths which are in all of the languages of a class."""
        inside = self._inside(signature)
        if len(inside) == 1:
            return inside[0].branches()
        part = PATH
        for one in inside:
            part = part & one
        return (part,)

    def _inside(self, signature: int) -> Sequence[Language]:
        return [one for n, one in enumerate(self.languages) if signature >> n & 1]

    def _union(self, signatures: Iterable[int]) -> Language:
        whole = Language.nothing()
        for signature in sorted(signatures):
            part = PATH
            for number, one in enumerate(self.languages):
                part = part & one if signature >> number & 1 else part - one
            whole = whole | part
        return whole


def _largest(languages: Iterable[Language]) -> Iterator[Language]:
    """Those that are not part of another."""
    found = list(dict.fromkeys(languages))
    for n, one in enumerate(found):
        others = [(m, other) for m, other in enumerate(found) if m != n and one.issubset(other)]
        if not any(m < n or not other.issubset(one) for m, other in others):
            yield one
