"""Patterns as exact sets of what is on the wire, seen through the view of an enforcement point."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from ir.language import PATH, Dialect, Language
from ir.language.automaton import Table, byte_classes, embed, minimal, tabulate
from ir.language.formula import Operation
from ir.language.patterns import ANY
from ir.language.program import automaton
from ir.language.syntax import Byte, Choice, Node, Repeat, Sequence, text_node
from ir.match import PathForm, Pattern, PatternKind, RegexDialect

_HEX = b"0123456789abcdefABCDEF"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SLASH, _BACKSLASH, _PERCENT, _COLON, _DOT, _MARK = b"/\\%:.?"
_ESCAPED_SLASHES = frozenset(b"/\\")

HOST = Language.regex(r"[a-z0-9._-]*(?::[0-9]{1,5})?", Dialect.RE2_FULL)
"""Authorities as clients send them: a name or an address in lower case, and perhaps a port."""

_MAKERS = {
    PatternKind.EXACT: Language.exact,
    PatternKind.PREFIX: Language.prefix,
    PatternKind.SUFFIX: Language.suffix,
    PatternKind.CONTAINS: Language.contains,
    PatternKind.ELEMENT_PREFIX: Language.element_prefix,
    PatternKind.TEMPLATE: Language.template,
    PatternKind.GLOB: Language.glob,
}


@lru_cache(maxsize=8192)
def language_of(pattern: Pattern) -> Language:
    """The strings that the pattern covers.

    Raises:
        ir.language.Opaque: they are not known exactly.
    """
    if pattern.kind is PatternKind.NON_EMPTY:
        return Language.non_empty()
    if pattern.kind is PatternKind.REGEX:
        dialect = Dialect((pattern.dialect or RegexDialect.RE2_FULL).value)
        return Language.regex(pattern.text, dialect, ignore_case=pattern.ignore_case)
    return _MAKERS[pattern.kind](pattern.text, ignore_case=pattern.ignore_case)


@lru_cache(maxsize=8192)
def seen_as(pattern: Pattern, form: PathForm) -> Language:
    """Paths on the wire that the pattern covers once they are brought into the form.

    Exact for paths outside of :func:`dotted`: there the form undoes escapes and turns and merges slashes, which a finite
    automaton can follow. Resolving ``..`` cannot be followed by one.
    """
    if form is PathForm.RAW:
        return language_of(pattern)
    return _spelt(pattern, form) or _before(language_of(pattern), form)


def _escape(byte: int) -> Sequence:
    return text_node(f"%{byte:02x}".encode(), ignore_case=True)


_PLAIN = re.compile(r"[A-Za-z0-9._~/-]*\Z")
_SLASHES: dict[PathForm, Node] = {
    PathForm.NORMAL: Byte(1 << _SLASH | 1 << _BACKSLASH),
    PathForm.MERGED: Repeat(Byte(1 << _SLASH | 1 << _BACKSLASH), 1, None),
    PathForm.DECODED_AND_MERGED: Repeat(
        Choice((Byte(1 << _SLASH | 1 << _BACKSLASH), _escape(_SLASH), _escape(_BACKSLASH))), 1, None
    ),
}


def _spelt(pattern: Pattern, form: PathForm) -> Language | None:
    """What :func:`_before` says of a plain text or prefix, letter by letter: much quicker, and most patterns are."""
    text = pattern.text
    plain = pattern.kind in (PatternKind.EXACT, PatternKind.PREFIX) and not pattern.ignore_case
    if not plain or not _PLAIN.match(text):
        return None
    if form is not PathForm.NORMAL and not text.strip("/"):
        return None  # a path of slashes alone is merged to two
    if "//" in text and form is not PathForm.NORMAL:
        return Language.nothing()
    nodes = [_SLASHES[form] if c == "/" else _letter(c) for c in text]
    tail = (ANY.node,) if pattern.kind is PatternKind.PREFIX else ()
    return Language(Operation.LEAF, leaf=automaton(Sequence((*nodes, *tail))))


@lru_cache(maxsize=256)
def _letter(letter: str) -> Node:
    """An unreserved character as itself or escaped."""
    return Choice((Byte(1 << ord(letter)), _escape(ord(letter))))


@lru_cache(maxsize=4)
def dotted(form: PathForm) -> Language:
    """Paths on the wire that have an element ``.`` or ``..`` after the escapes of the form are undone."""
    if form is PathForm.RAW:
        return Language.nothing()
    dots = Language.regex(r".*/\.{1,2}(?:/.*)?", Dialect.RE2_FULL)
    plain = PathForm.DECODED_AND_MERGED if form is PathForm.DECODED_AND_MERGED else PathForm.NORMAL
    return (PATH & _before(dots, plain, merge=False)).solid()


@lru_cache(maxsize=8)
def undotted(forms: frozenset[PathForm]) -> Language:
    """Paths on the wire that have no dot elements in any of the forms."""
    found = PATH
    for form in forms:
        found = found - dotted(form)
    return found.solid() if forms else PATH


@lru_cache(maxsize=4)
def resolved(form: PathForm) -> Language:
    """Paths in the form: what a path can be once it is seen so."""
    escaped = r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
    dots = Language.regex(r".*/\.{1,2}(?:/.*)?", Dialect.RE2_FULL)
    found = PATH - Language.contains("\\") - dots
    found = found - Language.regex(f".*{escaped}.*", Dialect.RE2_FULL)
    if form in (PathForm.MERGED, PathForm.DECODED_AND_MERGED):
        found = found - Language.contains("//") | Language.exact("//")
    return found.solid()


def _before(language: Language, form: PathForm, *, merge: bool | None = None) -> Language:
    """The strings that become members when escapes are undone and slashes turned and merged."""
    sight = _Sight(
        language.table(),
        merging=form is not PathForm.NORMAL if merge is None else merge,
        slashes=form is PathForm.DECODED_AND_MERGED,
    )
    return _made(tabulate(sight.start, sight.classes, sight.step, sight.accepts))


class _Run(IntEnum):
    """What the characters seen so far say of the next slash."""

    NONE = 0
    """The last one was no slash."""
    SLASH = 1
    """It was one, which stands for all that follow at once."""
    START = 2
    ONE = 3
    """There was nothing but one slash."""
    MANY = 4
    """There was nothing but several, of which Envoy leaves two if nothing follows (``PathUtil::mergeSlashes``)."""


_AFTER_SLASH = {
    _Run.NONE: _Run.SLASH,
    _Run.SLASH: _Run.SLASH,
    _Run.START: _Run.ONE,
    _Run.ONE: _Run.MANY,
    _Run.MANY: _Run.MANY,
}

State = tuple[int, bytes, _Run]
"""State of the language, what is held back of an escape, what is known of slashes."""


class _Sight:
    """An automaton that reads a path on the wire and feeds what becomes of it to the table of a language."""

    def __init__(self, table: Table, *, merging: bool, slashes: bool) -> None:
        self._table = table
        self._merging = merging
        self.start: State = (0, b"", _Run.START if merging else _Run.NONE)
        self._slashes = slashes
        own = [1 << byte for byte in (*_HEX, _SLASH, _BACKSLASH, _PERCENT)]
        self.classes = byte_classes((*table.classes, *own))
        self._samples = [(mask & -mask).bit_length() - 1 for mask in self.classes]
        self._column = {
            byte: next(n for n, mask in enumerate(table.classes) if mask >> byte & 1)
            for byte in range(256)
        }
        self._idle = [
            all(target == state for target in row) for state, row in enumerate(table.rows)
        ]

    def _feed(self, here: int, text: bytes, run: _Run) -> tuple[int, _Run]:
        """The state after characters that are seen as they are, save for the slashes."""
        for byte in text:
            seen = _SLASH if byte == _BACKSLASH else byte
            if self._merging and seen == _SLASH:
                if run in (_Run.NONE, _Run.START):
                    here = self._table.rows[here][self._column[seen]]
                run = _AFTER_SLASH[run]
            else:
                here = self._table.rows[here][self._column[seen]]
                run = _Run.NONE
        return here, run

    def step(self, state: State, symbol: int) -> State:
        """The state after one more byte."""
        here, held, run = state
        byte = self._samples[symbol]
        if self._idle[here]:
            return here, b"", _Run.NONE
        if byte == _PERCENT:
            here, run = self._feed(here, held, run)
            return here, b"%", run
        if held == b"%" and byte in b"234567":
            return here, held + bytes((byte,)), run
        text = held + bytes((byte,))
        if len(text) == 3 and byte in _HEX and self._undone(text):  # noqa: PLR2004  # a whole escape
            text = bytes((int(text[1:], 16),))
        here, run = self._feed(here, text, run)
        return here, b"", run

    def _undone(self, escape: bytes) -> bool:
        decoded = int(escape[1:], 16)
        return decoded in _UNRESERVED or (self._slashes and decoded in _ESCAPED_SLASHES)

    def accepts(self, state: State) -> bool:
        """Whether a path that ends here is a member once it is seen."""
        here, held, run = state
        here, run = self._feed(here, held, run)
        if run is _Run.MANY:
            here = self._table.rows[here][self._column[_SLASH]]
        return self._table.accepting[here]


def _made(table: Table) -> Language:
    return Language(Operation.LEAF, leaf=embed(minimal(table)))


@lru_cache(maxsize=4096)
def host_seen_as(pattern: Pattern, with_port: bool) -> Language:  # noqa: FBT001  # a cache key
    """Authorities that the pattern covers, or whose name it covers without the port and the dot at its end.

    Exact within :data:`HOST`.
    """
    language = language_of(pattern)
    if with_port:
        return language
    table = language.table()
    classes = byte_classes((*table.classes, 1 << _COLON, 1 << _DOT))
    samples = [(mask & -mask).bit_length() - 1 for mask in classes]
    column = [
        next(n for n, mask in enumerate(table.classes) if mask >> sample & 1) for sample in samples
    ]
    dot = column[samples.index(_DOT)]

    def step(state: tuple[int, bool, bool], symbol: int) -> tuple[int, bool, bool]:
        here, held, port = state  # a dot is held back: at the end of the name it does not count
        if port or samples[symbol] == _COLON:
            return here, False, True
        if held:
            here = table.rows[here][dot]
        if samples[symbol] == _DOT:
            return here, True, False
        return table.rows[here][column[symbol]], False, False

    return _made(
        tabulate((0, False, False), classes, step, lambda state: table.accepting[state[0]])
    )


@lru_cache(maxsize=4096)
def with_any_query(language: Language) -> Language:
    """The paths of a language, alone and with any query after ``?``."""
    table = language.table()
    classes = byte_classes((*table.classes, 1 << _MARK))
    samples = [(mask & -mask).bit_length() - 1 for mask in classes]
    column = [
        next(n for n, mask in enumerate(table.classes) if mask >> sample & 1) for sample in samples
    ]

    def step(state: tuple[int, bool], symbol: int) -> tuple[int, bool]:
        here, asked = state
        if asked or samples[symbol] == _MARK:
            return here, True
        return table.rows[here][column[symbol]], False

    return _made(tabulate((0, False), classes, step, lambda state: table.accepting[state[0]]))


@lru_cache(maxsize=4096)
def before_a_query(language: Language) -> Language:
    """What stands before the first ``?`` of members that have one."""
    table = language.table()
    mark = next(n for n, mask in enumerate(table.classes) if mask >> _MARK & 1)
    alive = {state for state, accepting in enumerate(table.accepting) if accepting}
    size = -1
    while size != len(alive):
        size = len(alive)
        alive.update(s for s, row in enumerate(table.rows) if any(t in alive for t in row))
    return _made(
        tabulate(
            0,
            table.classes,
            lambda state, symbol: table.rows[state][symbol],
            lambda state: table.rows[state][mark] in alive,
        )
    )
