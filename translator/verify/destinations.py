"""Destinations outside on one port: exact sets of them, one int each.

A destination is a form (HTTP by host, TLS by name, other bytes) at a place: an address, and the name that led there. Its
bit is that of the pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ir.behaviour.languages import language_of
from ir.language import Dialect, Language
from ir.match import Cidr, Pattern, PatternKind
from translator.verify.dimensions import Strings, strings
from translator.verify.space import bits

_NAMES: Final = Language.regex(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", Dialect.RE2_FULL)
"""Names as clients ask for them: in lower case, and nobody minds another case."""
NOT_SOUGHT: Final = Strings((None,), {})
"""Where nobody asks by which name an address was found."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The destinations on one port: hosts, names and plain bytes, by the addresses that are told apart.

    ``sought``: the names by whose look-up a client may have found the address, none first.
    """

    names: Strings
    addresses: Strings
    sought: Strings = NOT_SOUGHT

    @property
    def forms(self) -> int:
        """How many forms there are: HTTP by each host, none first, then TLS by each name, bytes without one first."""
        return 2 * len(self.names.samples)

    @property
    def places(self) -> int:
        """How many places each form can be at: each address, found by each name."""
        return len(self.addresses.samples) * len(self.sought.samples)

    @property
    def full(self) -> int:
        """All destinations."""
        return (1 << self.forms * self.places) - 1

    def cells(self, forms: int, addresses: int, sought: int | None = None) -> int:
        """The pairs of some forms and some addresses, found by some names (absent: by any)."""
        found = self.sought.everything if sought is None else sought
        step = len(self.sought.samples)
        here = sum(found << place * step for place in bits(addresses))
        if forms == self.all_forms:
            return self._rows * here
        return sum(here << place * self.places for place in bits(forms))

    @property
    def _rows(self) -> int:
        """The lowest bit of each form."""
        return self.full // ((1 << self.places) - 1)

    def web(self, patterns: Iterable[Pattern]) -> int:
        """The forms of HTTP whose host is among the patterns; a host that is absent is among none."""
        found = 0
        for one in patterns:
            found |= self.names.covered[one]
        return found & ~self.names.absent

    def secure(self, patterns: Iterable[Pattern]) -> int:
        """The forms of TLS whose name is among the patterns."""
        return self.web(patterns) << len(self.names.samples)

    @property
    def all_web(self) -> int:
        """All forms of HTTP."""
        return (1 << len(self.names.samples)) - 1

    @property
    def all_forms(self) -> int:
        """All forms."""
        return (1 << self.forms) - 1

    def near(self, blocks: Sequence[Cidr]) -> int:
        """The addresses in one of the blocks; none: all."""
        found = 0 if blocks else self.addresses.everything
        for block in blocks:
            found |= self.addresses.covered[block]
        return found


def names_of(patterns: Iterable[Pattern]) -> Strings:
    """The atoms of a name: none, each name that is asked for, one below each suffix alone, and one of nobody.

    Raises:
        Opaque: a pattern is not known exactly, or too much has to be told apart.
    """
    order = tuple(patterns)
    kinds = (PatternKind.EXACT, PatternKind.SUFFIX)
    if any(p.kind not in kinds or p.text != p.text.lower() for p in order):
        return strings(order, _name, _NAMES, absent=True)
    exact = dict.fromkeys(p.text for p in order if p.kind is PatternKind.EXACT)
    suffixes = dict.fromkeys(p.text for p in order if p.kind is PatternKind.SUFFIX)
    samples: list[str | None] = [None, *exact]
    for suffix in ("elsewhere.invalid", *suffixes):
        wider = [one for one in suffixes if suffix.endswith(one)]
        word = f"x{suffix}"
        while word in exact or [one for one in suffixes if word.endswith(one)] != wider:
            word = f"x{word}"
            if len(word) > len(suffix) + len(order) + 1:
                break
        else:
            samples.append(word)
    return Strings(tuple(samples), {p: _covering(p, samples) for p in order})


def _name(one: object) -> Language:
    if not isinstance(one, Pattern):
        raise TypeError(one)
    language = language_of(one)
    if one.kind is PatternKind.SUFFIX:
        return language - Language.exact(one.text, ignore_case=one.ignore_case)
    return language


def _covering(pattern: Pattern, samples: Sequence[str | None]) -> int:
    exact = pattern.kind is PatternKind.EXACT
    return sum(
        1 << place
        for place, text in enumerate(samples)
        if text is not None
        and (
            text == pattern.text if exact else text.endswith(pattern.text) and text != pattern.text
        )
    )
