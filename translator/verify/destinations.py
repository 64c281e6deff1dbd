"""Destinations outside on one port: exact sets of them, one int each.

A destination is a form (HTTP by host, TLS by name, other bytes) at an address; its bit is that of the pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ir.language import Opaque
from ir.match import Cidr, Pattern, PatternKind
from translator.verify.dimensions import Strings
from translator.verify.space import bits


@dataclass(frozen=True, slots=True)
class Grid:
    """The destinations on one port: hosts, names and plain bytes, by the addresses that are told apart."""

    names: Strings
    addresses: Strings

    @property
    def forms(self) -> int:
        """How many forms there are: HTTP by each host, none first, then TLS by each name, bytes without one first."""
        return 2 * len(self.names.samples)

    @property
    def full(self) -> int:
        """All destinations."""
        return (1 << self.forms * len(self.addresses.samples)) - 1

    def cells(self, forms: int, addresses: int) -> int:
        """The pairs of some forms and some addresses."""
        width = len(self.addresses.samples)
        if forms == self.all_forms:
            return self._rows * addresses
        return sum(addresses << place * width for place in bits(forms))

    @property
    def _rows(self) -> int:
        """The lowest bit of each form."""
        return self.full // ((1 << len(self.addresses.samples)) - 1)

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
        Opaque: a pattern is neither a name nor a suffix.
    """
    order = tuple(patterns)
    kinds = (PatternKind.EXACT, PatternKind.SUFFIX)
    if any(p.kind not in kinds or p.text != p.text.lower() for p in order):
        raise Opaque("a pattern on names that is neither a name nor a suffix")
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
