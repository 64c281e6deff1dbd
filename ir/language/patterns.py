"""The simple kinds of patterns as trees, each with what a person would write for it."""

from __future__ import annotations

from dataclasses import dataclass

from ir.language.charset import ALL_BYTES
from ir.language.errors import BadPattern
from ir.language.printing import escaped
from ir.language.syntax import EMPTY, Byte, Choice, Node, Repeat, Sequence, text_node

_ANY = Repeat(Byte(ALL_BYTES), 0, None)
_SLASH = Byte(1 << 0x2F)
_LITERALS = "-._~%!$&'()+,;:@"
_SEGMENT = sum(1 << b for b in range(0x80) if chr(b).isalnum() or chr(b) in _LITERALS)
_SEGMENT_TEXT = "[A-Za-z0-9._~%!$&'()+,;:@-]"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A tree and its text; a dot in the text means any character, the newline too."""

    node: Node
    text: str


def literal(text: str, *, ignore_case: bool) -> Pattern:
    """The text; with ``ignore_case`` ASCII letters in either case."""
    written = escaped(text)
    if ignore_case and any(c.isascii() and c.isalpha() for c in text):
        # Not (?i): under it the letters k and s have relatives beyond ASCII.
        written = "".join(
            f"[{c.upper()}{c.lower()}]" if c.isascii() and c.isalpha() else escaped(c) for c in text
        )
    return Pattern(text_node(text.encode(), ignore_case=ignore_case), written)


def row(*patterns: Pattern) -> Pattern:
    """One after the other."""
    return Pattern(Sequence(tuple(p.node for p in patterns)), "".join(p.text for p in patterns))


ANY = Pattern(_ANY, ".*")
SOME = Pattern(Repeat(Byte(ALL_BYTES), 1, None), ".+")
SLASH = Pattern(_SLASH, "/")
BELOW = Pattern(Choice((EMPTY, Sequence((_SLASH, _ANY)))), "(?:/.*)?")
SEGMENT = Pattern(Repeat(Byte(_SEGMENT), 1, None), f"{_SEGMENT_TEXT}+")
SEGMENTS = Pattern(
    Repeat(Byte(_SEGMENT | 1 << 0x2F), 0, None), _SEGMENT_TEXT.replace("-]", "/-]") + "*"
)


def glob(text: str, *, ignore_case: bool) -> Pattern:
    """``*`` is any bytes, everything else itself."""
    pieces = [literal(piece, ignore_case=ignore_case) for piece in text.split("*")]
    found = pieces[:1]
    for piece in pieces[1:]:
        found.extend((ANY, piece))
    return row(*found)


def template(text: str, *, ignore_case: bool) -> Pattern:
    """A path template; see :meth:`ir.language.Language.template`.

    Raises:
        BadPattern: it is none.
    """
    first, *segments = text.split("/")
    if first or not segments:
        raise BadPattern(f'the path template {text!r} does not begin with "/"')
    parts: list[Pattern] = []
    over = False
    for segment in segments:
        parts.append(SLASH)
        if segment in ("{*}", "{**}"):
            if over:
                raise BadPattern(f"the path template {text!r} has an operator after {{**}}")
            over = segment == "{**}"
            parts.append(SEGMENTS if over else SEGMENT)
        elif any(sign in segment for sign in "*{}"):
            raise BadPattern(f"the path template {text!r} has an operator within a segment")
        else:
            parts.append(literal(segment, ignore_case=ignore_case))
    return row(*parts)
