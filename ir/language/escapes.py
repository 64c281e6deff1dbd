r"""What stands after a backslash, and the named classes of characters.

Sources: re2/parse.cc (2025-11), regex-syntax 0.8 ``ast/parse.rs``.
"""

from __future__ import annotations

import unicodedata

from ir.language.charset import (
    BEYOND_ASCII,
    LAST,
    Ranges,
    characters,
    complement,
    ranges,
    union,
)
from ir.language.scanner import Scanner

_CONTROL = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_HEX = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")

_DIGIT: Ranges = ((0x30, 0x39),)
_LOWER: Ranges = ((0x61, 0x7A),)
_UPPER: Ranges = ((0x41, 0x5A),)
_ALPHA = union(_LOWER, _UPPER)
_WORD = ranges((*_ALPHA, *_DIGIT, (0x5F, 0x5F)))
_SPACE: Ranges = ((9, 13), (32, 32))

POSIX: dict[str, Ranges] = {
    "alnum": union(_ALPHA, _DIGIT),
    "alpha": _ALPHA,
    "ascii": ((0, 0x7F),),
    "blank": characters(" \t"),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": _LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": _SPACE,
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": ranges((*_DIGIT, (0x41, 0x46), (0x61, 0x66))),
}
"""The classes of ``[[:name:]]``, the same in all dialects."""

_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_PERL_RE2 = {**_PERL, "s": characters("\t\n\f\r ")}
_PERL_CATEGORIES = {"d": ("Nd",), "w": ("L", "M", "Nd", "Pc"), "s": ("Zs",)}
_CATEGORIES = frozenset(
    (
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So"),
        *("Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co"),
    )
)
_FOLD_TO_ASCII = (0x17F, 0x212A)


def escaped_class(scanner: Scanner) -> Ranges | None:
    """The class that the letter after a backslash names; ``None``, and nothing read: none."""
    letter = scanner.text[scanner.at : scanner.at + 1]
    if letter and letter in "dDsSwW":
        scanner.at += 1
        found = _perl(scanner, letter.lower())
        return complement(found) if letter.isupper() else found
    if letter and letter in "pP":
        scanner.at += 1
        return _property(scanner, negated=letter == "P")
    return None


def _perl(scanner: Scanner, letter: str) -> Ranges:
    if not scanner.rust:
        return _PERL_RE2[letter]
    known = _PERL[letter]
    if not scanner.flags.unicode:
        return known
    scanner.note_vague(f"\\{letter}, which goes beyond ASCII")
    return union(known, _folding(_PERL_CATEGORIES[letter]))


def _folding(categories: tuple[str, ...]) -> Ranges:
    """Of the characters that fold to ASCII, those of the categories."""
    return ranges(
        (p, p) for p in _FOLD_TO_ASCII if unicodedata.category(chr(p)).startswith(categories)
    )


def _property(scanner: Scanner, *, negated: bool) -> Ranges:
    name = scanner.until("}") if scanner.skip("{") else scanner.take()
    if not scanner.flags.unicode:
        raise scanner.bad("has a Unicode class where Unicode is off")
    if name.startswith("^") and not scanner.rust:
        negated, name = not negated, name[1:]
    if name not in _CATEGORIES:
        raise scanner.opaque(f"the Unicode class {name!r}")
    scanner.note_vague(f"the Unicode class {name!r}")
    points = (*range(0x80), *_FOLD_TO_ASCII)
    found = ranges((p, p) for p in points if unicodedata.category(chr(p)).startswith(name))
    return complement(found) if negated else found


def escaped_character(scanner: Scanner) -> int:
    """The code point that is written after a backslash.

    Raises:
        BadPattern: the escape means nothing.
    """
    letter = scanner.take()
    if letter in _CONTROL:
        return _CONTROL[letter]
    if letter == "x" or (scanner.rust and letter in "uU"):
        return _hexadecimal(scanner, {"x": 2, "u": 4, "U": 8}[letter])
    if letter in "0123456789":
        return _octal(scanner, letter)
    if letter.isascii() and not letter.isalnum() and not (scanner.rust and letter in "<>"):
        return ord(letter)
    raise scanner.bad(f"has the unknown escape \\{letter}")


def _hexadecimal(scanner: Scanner, size: int) -> int:
    if scanner.skip("{"):
        digits = scanner.until("}")
    else:
        digits = "".join(scanner.take() for _ in range(size))
    if not digits or not _HEX.issuperset(digits):
        raise scanner.bad("has a broken hexadecimal escape")
    point = int(digits, 16)
    if point > LAST or (scanner.rust and 0xD800 <= point <= 0xDFFF):  # noqa: PLR2004  # surrogates
        raise scanner.bad("has an escape beyond Unicode")
    if point > 0x7F and not scanner.flags.unicode:  # noqa: PLR2004  # ASCII
        raise scanner.opaque("bytes beyond ASCII")
    return point


def _octal(scanner: Scanner, first: str) -> int:
    if scanner.rust or first in "89":
        raise scanner.bad(f"has the back-reference or unknown escape \\{first}")
    digits = first
    while len(digits) < 3 and scanner.more and scanner.text[scanner.at] in _OCTAL:  # noqa: PLR2004
        digits += scanner.take()
    if first != "0" and len(digits) == 1:
        raise scanner.bad(f"has the back-reference \\{first}")
    return int(digits, 8)


def everything_beyond_ascii(those: Ranges) -> bool:
    """Whether all characters beyond ASCII are in the set."""
    return bool(those) and those[-1][0] <= BEYOND_ASCII[0][0] and those[-1][1] == LAST
