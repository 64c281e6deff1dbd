"""The dimensions of a request: each a finite set of atoms, on which all rules in play are constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product

from ir.behaviour.concrete_match import seen_path
from ir.behaviour.languages import (
    HOST,
    dotted,
    host_seen_as,
    language_of,
    resolved,
    seen_as,
    undotted,
)
from ir.language import HEADER_VALUE, PATH, TOKEN, Language, Opaque, atoms
from ir.match import Cidr, PathForm, Pattern, PatternKind, View

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE")
"""Methods that witnesses prefer, in this order."""

HOME = "10.1.0.1"
"""The address that callers have where no rule asks for one."""


@dataclass(frozen=True, slots=True)
class Strings:
    """Atoms of a string: a sample each (``None``: it is absent), and for each pattern those that it covers."""

    samples: tuple[str | None, ...]
    covered: dict[object, int]

    @property
    def everything(self) -> int:
        """All atoms."""
        return (1 << len(self.samples)) - 1

    @property
    def absent(self) -> int:
        """The atom of requests that lack the part; 0 where they never do."""
        return int(self.samples[0] is None) if self.samples else 0


@dataclass(frozen=True, slots=True)
class PathAtom:
    """A class of paths. ``tail``: what a dotted path resolves to in the form that is asked for."""

    sample: str
    tail: str | None = None


@dataclass(frozen=True, slots=True)
class Paths:
    """Atoms of the path on the wire.

    Paths with dot elements are known by pairs: what they are on the wire, and what they resolve to. Such a pair may
    have no path at all, so what is said of it counts only with a witness.
    """

    atoms: tuple[PathAtom, ...]
    covered: dict[tuple[Pattern, PathForm], int]
    odd: int = 0
    """Atoms without any path in normal form, where that was asked for."""
    _spelt: dict[int, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def dotted(self) -> int:
        """The atoms that are pairs."""
        return sum(1 << n for n, atom in enumerate(self.atoms) if atom.tail is not None)

    def spellings(self, place: int) -> tuple[str, ...]:
        """Paths of an atom, the plainest first; none of a pair for which none was found."""
        if place not in self._spelt:
            atom = self.atoms[place]
            tried = (atom.sample,) if atom.tail is None else _tried(atom.sample, atom.tail)
            dotted = atom.tail is not None
            self._spelt[place] = tuple(p for p in tried if not dotted or self._has(place, p))
        return self._spelt[place]

    def _has(self, place: int, path: str) -> bool:
        """Whether a path is of the atom: by its letters on the wire, and by what it is in the forms asked for."""
        forms = {form for _, form in self.covered}
        seen = {form: seen_path(path, View(path=form)) for form in forms}
        return all(
            language_of(pattern).accepts(seen[form]) == bool(covered >> place & 1)
            for (pattern, form), covered in self.covered.items()
        )


SeenPattern = tuple[Pattern, PathForm]


@lru_cache(maxsize=4096)
def paths_of(asked: frozenset[SeenPattern], *, by_form: bool = False) -> Paths:
    """The atoms of all paths, told apart by patterns that see them in some form.

    ``by_form``: paths in normal form are told from others too.

    Raises:
        ir.language.Opaque: a pattern is not known exactly, or too much has to be told apart.
    """
    order = sorted(asked, key=str)
    forms = frozenset(form for _, form in order) - {PathForm.RAW}
    found: list[PathAtom] = []
    covered = dict.fromkeys(order, 0)
    languages = [seen_as(*one) for one in order]
    if by_form:
        languages.append(resolved(PathForm.NORMAL))
    odd = 0
    for atom in atoms(languages, within=undotted(forms)):
        for place, one in enumerate(order):
            covered[one] |= (atom.signature >> place & 1) << len(found)
        odd |= (~atom.signature >> len(order) & 1) << len(found)
        found.append(PathAtom(atom.witness.decode()))
    if forms:
        odd |= -1 << len(found)
        _add_dotted(order, sorted(forms), found, covered)
    return Paths(tuple(found), covered, odd & (1 << len(found)) - 1 if by_form else 0)


def _add_dotted(
    order: Sequence[SeenPattern],
    forms: Sequence[PathForm],
    found: list[PathAtom],
    covered: dict[SeenPattern, int],
) -> None:
    raw = [one for one in order if one[1] is PathForm.RAW]
    inside = Language.nothing()
    for form in forms:
        inside = inside | dotted(form)
    groups = [(raw, atoms([language_of(p) for p, _ in raw], within=inside & PATH))]
    for form in forms:
        mine = [one for one in order if one[1] is form]
        groups.append((mine, atoms([language_of(p) for p, _ in mine], within=resolved(form))))
    for combined in product(*(held for _, held in groups)):
        for (asked, _), atom in zip(groups, combined, strict=True):
            for place, one in enumerate(asked):
                covered[one] |= (atom.signature >> place & 1) << len(found)
        wire, *seen = combined
        found.append(PathAtom(wire.witness.decode(), seen[0].witness.decode()))


def _tried(wire: str, tail: str) -> Iterator[str]:
    """Paths that may be written like ``wire`` and resolve to ``tail``."""
    yield from (f"/.{tail}", f"/x/..{tail}", f"/%2e{tail}", wire)
    yield from (f"{wire}{'/..' * up}{tail}" for up in range(1, wire.count("/") + 1))


Maker = Callable[[object], Language]


def strings(
    asked: Iterable[object],
    language: Maker,
    within: Language,
    *,
    absent: bool,
    prefer: Sequence[str] = (),
) -> Strings:
    """The atoms of a string that is told apart by some patterns.

    Raises:
        ir.language.Opaque: a pattern is not known exactly, or too much has to be told apart.
    """
    order = sorted(set(asked), key=str)
    made = [language(one) for one in order]
    samples: list[str | None] = [None] if absent else []
    covered = dict.fromkeys(order, 0)
    for atom in atoms(made, within=within):
        for place, one in enumerate(order):
            covered[one] |= (atom.signature >> place & 1) << len(samples)
        samples.append(_nicest(atom.signature, atom.witness.decode(), made, prefer))
    return Strings(tuple(samples), covered)


def _nicest(signature: int, shortest: str, made: Sequence[Language], prefer: Sequence[str]) -> str:
    for word in prefer:
        if sum(one.accepts(word) << place for place, one in enumerate(made)) == signature:
            return word
    return shortest


@lru_cache(maxsize=4096)
def methods_of(asked: frozenset[Pattern]) -> Strings:
    """The atoms of the method. Methods that are named one by one need no search."""
    if all(p.kind is PatternKind.EXACT and not p.ignore_case for p in asked):
        named = {p.text for p in asked}
        other = next(m for m in (*METHODS, "PURGE", "OTHER-THAN-ALL") if m not in named)
        samples = sorted({*named, other}, key=lambda m: (_preference(m), m))
        covered: dict[object, int] = {p: 1 << samples.index(p.text) for p in asked}
        return Strings(tuple(samples), covered)
    return strings(asked, _pattern_language, TOKEN, absent=False, prefer=METHODS)


def _preference(method: str) -> int:
    return METHODS.index(method) if method in METHODS else len(METHODS)


def _pattern_language(one: object) -> Language:
    if not isinstance(one, Pattern):
        raise TypeError(one)
    return language_of(one)


@lru_cache(maxsize=4096)
def values_of(asked: frozenset[Pattern]) -> Strings:
    """The atoms of a header or a query parameter: absent, then the values that the patterns tell apart."""
    return strings(asked, _pattern_language, HEADER_VALUE, absent=True)


HostPattern = tuple[Pattern, bool]


@lru_cache(maxsize=4096)
def hosts_of(asked: frozenset[HostPattern]) -> Strings:
    """The atoms of the authority: absent, then the names that the patterns tell apart."""

    def language(one: object) -> Language:
        if not isinstance(one, tuple):
            raise TypeError(one)
        return host_seen_as(*one)

    return strings(asked, language, HOST - Language.exact(""), absent=True)


@lru_cache(maxsize=4096)
def addresses_of(blocks: frozenset[Cidr]) -> Strings:
    """The atoms of an address: every block begins and ends at one of those that are tried.

    Raises:
        Opaque: a block is none.
    """
    try:
        return _addresses(sorted(blocks, key=str))
    except ValueError as error:
        raise Opaque(str(error)) from error


def _addresses(order: Sequence[Cidr]) -> Strings:
    edges: set[IPv4Address | IPv6Address] = set()
    for one in order:
        for block in (one.block, *one.excluding):
            network = ip_network(block, strict=False)
            edges.add(network.network_address)
            if int(network.broadcast_address) + 1 < 1 << network.max_prefixlen:
                edges.add(network.broadcast_address + 1)
    tried = [
        ip_address(HOME),
        ip_address("203.0.113.7"),
        *sorted(edges, key=lambda a: (a.version, int(a))),
    ]
    if any(address.version == 4 for address in edges):  # noqa: PLR2004  # the version of a protocol
        tried.append(ip_address("0.0.0.0"))  # noqa: S104  # the lowest address, to compare with
    if any(address.version == 6 for address in edges):  # noqa: PLR2004
        tried.append(ip_address("::"))
    found: dict[int, str] = {}
    for address in tried:
        signature = sum(_inside(address, one) << place for place, one in enumerate(order))
        found.setdefault(signature, str(address))
    covered: dict[object, int] = {
        one: sum(1 << n for n, signature in enumerate(found) if signature >> place & 1)
        for place, one in enumerate(order)
    }
    return Strings(tuple(found.values()), covered)


def _inside(address: IPv4Address | IPv6Address, one: Cidr) -> bool:
    return address in ip_network(one.block, strict=False) and not any(
        address in ip_network(block, strict=False) for block in one.excluding
    )
