"""Classes in brackets: ``[a-z]``, ``[^/]``, ``[[:alpha:]_]``, and Rust's ``[a-z&&[^x]]``."""

from __future__ import annotations

from ir.language.charset import (
    BEYOND_ASCII,
    NONE,
    Ranges,
    complement,
    difference,
    intersection,
    union,
)
from ir.language.errors import Opaque
from ir.language.escapes import POSIX, escaped_character, escaped_class
from ir.language.scanner import Scanner

_DEEPEST = 50


def bracket_class(scanner: Scanner, depth: int = 0) -> Ranges:
    """The class whose opening bracket was just read, with both cases where case is ignored.

    Raises:
        BadPattern: it is no class of the dialect.
        Opaque: it is nested too deeply.
    """
    if depth > _DEEPEST:
        raise Opaque(f"the regular expression nests classes deeper than {_DEEPEST}")
    negated = scanner.skip("^")
    found = _opening(scanner)
    operation, left = "", NONE
    # A bracket that comes first is a member.
    opening = not scanner.rust
    while opening or not scanner.skip("]"):
        opening = False
        following = _operation(scanner)
        if following:
            left, found = _combined(scanner, operation, left, found), NONE
            operation = following
        else:
            item = _known(scanner, _item(scanner, depth))
            found = union(found, scanner.cased(item))
    found = _combined(scanner, operation, left, found)
    return _known(scanner, complement(found) if negated else found)


def _known(scanner: Scanner, found: Ranges) -> Ranges:
    """The class itself, unless Rust would have to read bytes beyond ASCII in it."""
    if not scanner.flags.unicode and intersection(found, BEYOND_ASCII) != NONE:
        raise scanner.opaque("bytes beyond ASCII")
    return found


def _opening(scanner: Scanner) -> Ranges:
    """Hyphens or else a bracket at the start, which in Rust are never the end of a range."""
    found = NONE
    while scanner.rust and scanner.skip("-"):
        found = ((0x2D, 0x2D),)
    if scanner.rust and found == NONE and scanner.skip("]"):
        found = ((0x5D, 0x5D),)
    return found


def _operation(scanner: Scanner) -> str:
    if scanner.rust:
        for sign in ("&&", "--", "~~"):
            if scanner.skip(sign):
                return sign
    return ""


def _combined(scanner: Scanner, operation: str, left: Ranges, right: Ranges) -> Ranges:
    right = scanner.cased(right)
    match operation:
        case "&&":
            return intersection(left, right)
        case "--":
            return difference(left, right)
        case "~~":
            return union(difference(left, right), difference(right, left))
        case _:
            return right


def _item(scanner: Scanner, depth: int) -> Ranges:
    named = _posix(scanner)
    if named is not None:
        return named
    if scanner.rust and scanner.skip("["):
        return bracket_class(scanner, depth + 1)
    low = _member(scanner)
    if not isinstance(low, int):
        if scanner.rust and _range_follows(scanner):
            raise scanner.bad("has a class as the end of a range")
        return low
    if not _range_follows(scanner):
        return ((low, low),)
    scanner.skip("-")
    high = _member(scanner)
    if not isinstance(high, int) or high < low:
        raise scanner.bad("has a broken range in a class")
    return ((low, high),)


def _range_follows(scanner: Scanner) -> bool:
    if not scanner.sees("-") or scanner.sees("-]"):
        return False
    return not (scanner.rust and scanner.sees("--"))


def _member(scanner: Scanner) -> int | Ranges:
    letter = scanner.take()
    if letter != "\\":
        return ord(letter)
    found = escaped_class(scanner)
    return escaped_character(scanner) if found is None else found


def _posix(scanner: Scanner) -> Ranges | None:
    """A class such as ``[:alpha:]``; of an unknown name Rust makes a nested class, RE2 an error."""
    if not scanner.sees("[:"):
        return None
    end = scanner.text.find(":]", scanner.at + 2)
    name = scanner.text[scanner.at + 2 : end] if end >= 0 else ""
    negated = name.startswith("^")
    if name.removeprefix("^") not in POSIX:
        if scanner.rust or end < 0:
            return None
        raise scanner.bad(f"has the unknown class [:{name}:]")
    scanner.at = end + 2
    found = scanner.cased(POSIX[name.removeprefix("^")])
    return complement(found) if negated else found
