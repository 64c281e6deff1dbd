"""Rules whose expressions are no larger than the target's proxy takes: larger ones are taken apart, for rules add up.

Envoy refuses an expression whose program has more than 100 instructions (``re2.max_program_size.error_level``), which no
setting of the agent or the chart changes, and with it the policy of the endpoint as a whole (cilium/cilium issues 41314 and
48773, open at 1.20.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from ir.language import TOKEN, Dialect, Language, Opaque, in_pieces, program_size
from ir.match import Pattern, PatternKind, RegexDialect
from translator.exporters.cilium.legalise.boxes import HOSTS, Box
from translator.exporters.cilium.legalise.words import (
    NO_QUERY,
    WIRE,
    host_pattern,
    method_pattern,
    path_pattern,
    with_query,
)

PROGRAM = 100
"""Instructions that an expression may have."""

MOST = 64
"""Rules that one may become."""

Spell = Callable[[Pattern], str]


def in_room(boxes: Iterable[Box]) -> tuple[tuple[Box, ...], tuple[Opaque, ...]]:
    """The boxes in parts that can be said, and why others cannot."""
    found: list[Box] = []
    left: list[Opaque] = []
    for box in boxes:
        try:
            found.extend(_parts(box))
        except Opaque as opaque:
            left.append(opaque)
    return tuple(found), tuple(left)


def _parts(box: Box) -> Sequence[Box]:
    """The box, or several that together are the same.

    Raises:
        Opaque: some of it is too large to say.
    """
    by = box.by
    paths = _said(path_pattern(box.path, by.path), box.path & NO_QUERY, WIRE, with_query)
    methods = _said(method_pattern(box.method, by.method), box.method, TOKEN, _text)
    hosts = _said(host_pattern(box.host, by.host), box.host, HOSTS, _text)
    every = (
        replace(box, path=path or box.path, method=method or box.method, host=host or box.host)
        for path in paths
        for method in methods
        for host in hosts
    )
    found = list(islice(every, MOST + 1))
    if len(found) > MOST:
        raise Opaque(f"it would take more than {MOST} rules")
    return found


def _said(
    pattern: Pattern | None, wanted: Language, within: Language, spell: Spell
) -> tuple[Language | None, ...]:
    """The language in pieces that can be said; none is given where it can be as it is."""
    if pattern is None or _fits(spell(pattern)):
        return (None,)

    def fits(text: str) -> bool:
        return _fits(spell(_regex(text)))

    texts = in_pieces(wanted, Dialect.RE2_FULL, within, fits)
    return tuple(Language.regex(text, Dialect.RE2_FULL) for text in texts)


def _regex(text: str) -> Pattern:
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)


def _text(pattern: Pattern) -> str:
    return pattern.text


def _fits(text: str) -> bool:
    return program_size(text) <= PROGRAM
