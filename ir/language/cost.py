"""How large RE2's program for an expression is: what Envoy limits (``re2.max_program_size.error_level``, 100 unless set).

Instructions as in re2/compile.cc (2025-11), never fewer than there are: what several branches begin or end with is not
counted once, and of the moves between instructions those are counted that may be left when the program is flattened.
"""

from __future__ import annotations

import re
from math import prod

from ir.language.charset import members
from ir.language.errors import Opaque
from ir.language.parse import RE2_BEYOND_ASCII, parse
from ir.language.syntax import (
    Assertion,
    Byte,
    Choice,
    Dialect,
    Node,
    Repeat,
    Sequence,
    choice_of,
    may_be_empty,
)

_CAPTURING = re.compile(r"\((?!\?)|\(\?P?<")
"""What a pair of instructions notes the place of; escaped or in a class it is none, and counted all the same."""
_COUNTED = re.compile(r"\{(\d+),?(\d*)\}")

_FRAME = 6
"""To fail, to match, and the loop ahead of a search, with room for two more that loops may need."""

_BEYOND = frozenset(choice_of(RE2_BEYOND_ASCII).branches)  # type: ignore[union-attr]  # several rows
_BEYOND_SIZE = 6
"""``Compiler::Add_80_10ffff``: the rows share their ends."""

_AROUND_EMPTY = 4
"""Moves around a part that may be empty where it is repeated."""


def program_size(text: str) -> int:
    """At most so many instructions.

    Raises:
        Opaque: RE2 does not take the expression, or how many there are is not known.
    """
    parsed = parse(text, Dialect.RE2_FULL)
    if parsed.vague is not None:
        raise Opaque(parsed.vague)
    copies = prod(int(last or first) for first, last in _COUNTED.findall(text))
    return _FRAME + _size(parsed.node) + 2 * len(_CAPTURING.findall(text)) * max(copies, 1)


def _size(node: Node) -> int:
    match node:
        case Byte(mask=mask):
            return _runs(mask)
        case Assertion():
            return 1
        case Sequence(parts=parts):
            return sum(map(_size, parts))
        case Choice(branches=branches):
            rest = [one for one in branches if one not in _BEYOND]
            shared = {*branches} >= _BEYOND
            own = rest if shared else list(branches)
            moves = any(isinstance(one, Repeat) for one in branches)
            return sum(map(_size, own)) + (_BEYOND_SIZE if shared else 0) + moves
        case Repeat(part=part, least=least, most=most):
            each = _size(part)
            again = _AROUND_EMPTY if may_be_empty(part) else 0
            if most is None:
                return max(least, 1) * each + 2 + again
            return least * each + (most - least) * (each + 1 + again)


def _runs(mask: int) -> int:
    """The ranges of a set of bytes; a letter in either case is one."""
    listed = list(members(mask))
    if len(listed) == 2 and listed[1] - listed[0] == 0x20 and chr(listed[0]).isupper():  # noqa: PLR2004
        return 1
    return sum(1 for at, byte in enumerate(listed) if not at or byte != listed[at - 1] + 1)
