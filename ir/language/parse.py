"""Regular expressions of the two syntaxes, RE2's and that of Rust's ``regex``, as trees over bytes.

Sources: https://github.com/google/re2/wiki/Syntax, re2/parse.cc (2025-11), https://docs.rs/regex/1/regex/#syntax,
regex-syntax 0.8 ``ast/parse.rs``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ir.language.charset import (
    ALL,
    BEYOND_ASCII,
    SURROGATES,
    Ranges,
    byte_range,
    complement,
    difference,
    holds,
    intersection,
    utf8,
)
from ir.language.classes import bracket_class
from ir.language.errors import Opaque
from ir.language.escapes import escaped_character, escaped_class, everything_beyond_ascii
from ir.language.scanner import Flags, Scanner
from ir.language.syntax import (
    Assertion,
    Choice,
    Dialect,
    Edge,
    Node,
    Repeat,
    Sequence,
    choice_of,
)

_DEEPEST = 100
_RE2_MOST = 1000
"""The highest count, and product of nested counts, of a repetition (kMaxRepeat in re2/parse.cc)."""
_RUST_MOST = 2**32 - 1

_COUNT = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}")
_RUST_COUNT = re.compile(r"\{([0-9]+)(,([0-9]+)?)?\}")
_ODD_COUNT = re.compile(r"\{\s*[0-9,]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FLAGS = re.compile(r"([a-zA-Z]*)(-[a-zA-Z]+)?\Z")
_SWITCHES = {
    "i": "ignore_case",
    "s": "dot_all",
    "m": "multi_line",
    "U": "swap_greed",
    "u": "unicode",
}

_CONTINUED = byte_range(0x80, 0xBF)
RE2_BEYOND_ASCII = (
    (byte_range(0xC2, 0xDF), _CONTINUED),
    (byte_range(0xE0, 0xEF), _CONTINUED, _CONTINUED),
    (byte_range(0xF0, 0xF4), _CONTINUED, _CONTINUED, _CONTINUED),
)
"""What RE2 takes for U+0080 to U+10FFFF: overlong forms too.

Source: ``Compiler::Add_80_10ffff`` in re2/compile.cc.
"""
_REPLACEMENT = 0xFFFD


@dataclass(frozen=True, slots=True)
class Parsed:
    """A regular expression as read; ``vague`` says why only its ASCII strings are known."""

    node: Node
    vague: str | None


def parse(text: str, dialect: Dialect, *, ignore_case: bool = False) -> Parsed:
    """The tree of a regular expression; anchoring is not part of it.

    Raises:
        BadPattern: the engine would refuse it.
        Opaque: it says something that is not modelled.
    """
    parser = _Parser(Scanner(text, dialect, Flags(ignore_case=ignore_case)))
    return Parsed(parser.pattern(), parser.scanner.vague)


class _Parser:
    __slots__ = ("depth", "names", "repeatable", "scanner")

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.depth = 0
        self.names: list[str] = []
        self.repeatable = False

    def pattern(self) -> Node:
        try:
            self.scanner.text.encode()
        except UnicodeEncodeError:
            raise self.scanner.bad("holds a lone surrogate") from None
        node = self._choices()
        if self.scanner.more:
            raise self.scanner.bad("closes a group that is not open")
        if not self.scanner.rust and _nested_count(node) > _RE2_MOST:
            raise self.scanner.bad(f"repeats more than {_RE2_MOST} times")
        return node

    def _choices(self) -> Node:
        """Branches up to the end of the group; flags set in one hold in the later ones too."""
        branches = [self._sequence()]
        while self.scanner.skip("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        self.repeatable = False
        while self.scanner.more and not self.scanner.sees("|") and not self.scanner.sees(")"):
            count = self._count()
            if count is not None:
                self._repeat(parts, *count)
            elif self.scanner.sees("\\Q") and not self.scanner.rust:
                self._quoted(parts)
            else:
                self._atom(parts)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _count(self) -> tuple[int, int | None] | None:
        """The bounds of the repetition that comes next, if one does."""
        scanner = self.scanner
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if scanner.skip(sign):
                return bounds
        if not scanner.sees("{"):
            return None
        found = (_RUST_COUNT if scanner.rust else _COUNT).match(scanner.text, scanner.at)
        if found is None:
            self._refuse_odd_brace()
            return None
        scanner.at = found.end()
        least = int(found[1])
        most = least if found[2] is None else (None if found[3] is None else int(found[3]))
        ceiling = _RUST_MOST if scanner.rust else _RE2_MOST
        if max(least, most or 0) > ceiling or (most is not None and most < least):
            raise scanner.bad("has a repetition with bad bounds")
        return least, most

    def _refuse_odd_brace(self) -> None:
        """RE2 reads a brace that repeats nothing as itself; Rust refuses it, or knows more."""
        scanner = self.scanner
        if not scanner.rust:
            return
        if self.repeatable and _ODD_COUNT.match(scanner.text, scanner.at):
            raise scanner.opaque("an unusual repetition")
        raise scanner.bad("has a brace that repeats nothing")

    def _repeat(self, parts: list[Node], least: int, most: int | None) -> None:
        scanner = self.scanner
        if not parts or not self.repeatable:
            raise scanner.bad("repeats nothing or a repetition")
        lazy = scanner.skip("?")
        self.repeatable = scanner.rust
        parts[-1] = Repeat(parts[-1], least, most, lazy is scanner.flags.swap_greed)

    def _quoted(self, parts: list[Node]) -> None:
        r"""``\Q...\E``: all in between is literal; without an end, all the rest."""
        scanner = self.scanner
        scanner.skip("\\Q")
        text, _, _ = scanner.text[scanner.at :].partition("\\E")
        scanner.at += len(text)
        scanner.skip("\\E")
        if not text and scanner.more and scanner.text[scanner.at] in "*+?{":
            raise scanner.opaque("a repetition of an empty quotation")
        parts.extend(self._literal(ord(letter)) for letter in text)
        self.repeatable = self.repeatable or bool(text)

    def _atom(self, parts: list[Node]) -> None:
        letter = self.scanner.take()
        flags = self.scanner.flags
        if letter == "(":
            self._group(parts)
            return
        match letter:
            case "[":
                node = self._one_of(bracket_class(self.scanner))
            case ".":
                node = self._dot()
            case "^":
                node = Assertion(Edge.LINE_START if flags.multi_line else Edge.START)
            case "$":
                node = Assertion(Edge.LINE_END if flags.multi_line else Edge.END)
            case "\\":
                node = self._escape()
            case _:
                node = self._literal(ord(letter))
        parts.append(node)
        self.repeatable = True

    def _dot(self) -> Node:
        if not self.scanner.flags.unicode:
            raise self.scanner.opaque("bytes beyond ASCII")
        return self._one_of(ALL if self.scanner.flags.dot_all else complement(((10, 10),)))

    def _literal(self, point: int) -> Node:
        return self._one_of(self.scanner.cased(((point, point),)))

    def _one_of(self, those: Ranges) -> Node:
        """One character of the set, as the engine reads bytes."""
        scanner = self.scanner
        if scanner.rust:
            if (
                not scanner.flags.unicode
                and len(intersection(those, BEYOND_ASCII)) > 0
                and not _single(those)
            ):
                raise scanner.opaque("bytes beyond ASCII")
            return choice_of(utf8(difference(those, SURROGATES)))
        if scanner.dialect is Dialect.GO_SEARCH and holds(those, _REPLACEMENT):
            # Go reads each byte that is not UTF-8 as U+FFFD.
            scanner.note_vague("a class that ill-formed UTF-8 is in")
        if everything_beyond_ascii(those):
            ascii_only = difference(those, BEYOND_ASCII)
            return choice_of((*utf8(ascii_only), *RE2_BEYOND_ASCII))
        return choice_of(utf8(those))

    def _escape(self) -> Node:
        scanner = self.scanner
        edge = self._edge()
        if edge is not None:
            return Assertion(edge)
        found = escaped_class(scanner)
        if found is not None:
            return self._one_of(scanner.cased(found))
        if scanner.sees("C") and not scanner.rust:
            raise scanner.opaque("\\C, a single byte")
        return self._literal(escaped_character(scanner))

    def _edge(self) -> Edge | None:
        scanner = self.scanner
        for sign, edge in _EDGES.items():
            if (scanner.rust or (len(sign) == 1 and sign not in "<>")) and scanner.skip(sign):
                if sign not in "Az":
                    self._note_word(edge)
                return edge
        return None

    def _note_word(self, edge: Edge) -> None:
        scanner = self.scanner
        if scanner.rust and scanner.flags.unicode:
            scanner.note_vague("word boundaries, which go by Unicode")
        elif edge is Edge.NO_WORD_EDGE and scanner.dialect is not Dialect.RE2_FULL:
            # Such an engine looks between characters, not between bytes.
            scanner.note_vague("\\B, which depends on where characters begin")

    def _group(self, parts: list[Node]) -> None:
        scanner = self.scanner
        outer = scanner.flags
        if scanner.skip("?"):
            inner = self._group_head()
            if inner is None:
                self.repeatable = False
                return
            scanner.flags = inner
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Opaque(f"the regular expression nests groups deeper than {_DEEPEST}")
        node = self._choices()
        self.depth -= 1
        scanner.flags = outer
        if not scanner.skip(")"):
            raise scanner.bad("has an open group")
        parts.append(node)
        self.repeatable = True

    def _group_head(self) -> Flags | None:
        """The flags inside of a group; ``None`` where it only sets flags and is over."""
        scanner = self.scanner
        if scanner.sees("P<") or (
            scanner.sees("<") and not scanner.sees("<=") and not scanner.sees("<!")
        ):
            scanner.skip("P")
            scanner.skip("<")
            self._name(scanner.until(">"))
            return scanner.flags
        start = scanner.at
        while scanner.more and scanner.text[scanner.at] not in ":)":
            scanner.at += 1
        flags = self._switched(scanner.text[start : scanner.at])
        if scanner.take() == ":":
            return flags
        if scanner.at == start + 1:
            raise scanner.bad("has an empty group of flags")
        scanner.flags = flags
        return None

    def _name(self, name: str) -> None:
        if name in self.names:
            raise self.scanner.bad(f"has two groups named {name!r}")
        if not _NAME.match(name):
            raise self.scanner.opaque(f"the group name {name!r}")
        self.names.append(name)

    def _switched(self, text: str) -> Flags:
        found = _FLAGS.match(text)
        if found is None:
            raise self.scanner.bad("has an unknown kind of group")
        changes: dict[str, bool] = {}
        for letters, value in ((found[1], True), ((found[2] or "")[1:], False)):
            for letter in letters:
                if self.scanner.rust and letter in "xR":
                    raise self.scanner.opaque(f"the flag {letter}")
                if letter not in _SWITCHES or (letter == "u" and not self.scanner.rust):
                    raise self.scanner.bad(f"has the unknown flag {letter}")
                if _SWITCHES[letter] in changes and self.scanner.rust:
                    raise self.scanner.bad(f"has the flag {letter} twice")
                changes[_SWITCHES[letter]] = value
        return replace(self.scanner.flags, **changes)


_EDGES = {
    "A": Edge.START,
    "z": Edge.END,
    "b{start}": Edge.WORD_START,
    "b{end}": Edge.WORD_END,
    "b{start-half}": Edge.WORD_START_HALF,
    "b{end-half}": Edge.WORD_END_HALF,
    "<": Edge.WORD_START,
    ">": Edge.WORD_END,
    "b": Edge.WORD_EDGE,
    "B": Edge.NO_WORD_EDGE,
}


def _single(those: Ranges) -> bool:
    return len(those) == 1 and those[0][0] == those[0][1]


def _nested_count(node: Node) -> int:
    match node:
        case Repeat(part=part, least=least, most=most):
            return max(least if most is None else most, 1) * _nested_count(part)
        case Sequence(parts=parts) | Choice(branches=parts):
            return max((_nested_count(part) for part in parts), default=1)
        case _:
            return 1
