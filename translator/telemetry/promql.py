"""PromQL as far as names and labels go: selectors, groupings and calls with their places in the text.

The grammar is that of https://github.com/prometheus/prometheus/blob/main/promql/parser/lex.go. What is not understood is
:class:`Unclear`; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<number>\d[\w.]*|\.\d\w*)
    |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^(){}\[\],=<>@])""",
    re.VERBOSE,
)
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

AGGREGATORS = frozenset(
    [
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "limitk",
        "limit_ratio",
    ]
)
GROUPINGS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
MATCHING = frozenset(("on", "ignoring", "group_left", "group_right"))
_WORDS = frozenset(
    ("and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "anchored", "smoothed")
)


class Unclear(Exception):  # noqa: N818  # it is no fault: the expression stays as it is
    """A text that is not understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text that means something, with its place."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Matcher:
    """``label op "value"``; ``raw`` is the value as it is written."""

    label: str
    op: str
    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels, and where they stand; ``within``: the calls around it, the innermost last."""

    metric: str
    matchers: tuple[Matcher, ...]
    start: int
    end: int
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """``by (a, b)``: the word, the labels, where they stand between the brackets, and the text that they speak of."""

    word: str
    labels: tuple[str, ...]
    start: int
    end: int
    scope: tuple[int, int]


@dataclass(slots=True)
class Expression:
    """What stands in an expression. ``names``: texts in quotes outside selectors, labels of ``label_replace`` say."""

    text: str
    selectors: list[Selector] = field(default_factory=list)
    groupings: list[Grouping] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def parse(text: str) -> Expression:
    """Reads an expression.

    Raises:
        Unclear: what stands there is no PromQL that is known here.
    """
    return _Reader(text).read()


def tokens(text: str) -> list[Token]:
    """The pieces of a text without blanks and comments.

    Raises:
        Unclear: a character that means nothing.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            message = f"the character {text[at]!r} is not understood"
            raise Unclear(message)
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return found


class _Reader:
    """One pass over the pieces."""

    def __init__(self, text: str) -> None:
        self.found = Expression(text)
        self.tokens = tokens(text)
        self.at = 0
        self.open: list[tuple[str, int]] = []
        """Calls and brackets around the place, with where they begin."""
        self.closed: tuple[int, int] | None = None
        """The last bracket that was closed, if it stands just before the place."""

    def read(self) -> Expression:
        while self.at < len(self.tokens):
            self._step()
        if self.open:
            message = "a bracket is not closed"
            raise Unclear(message)
        return self.found

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place].text if place < len(self.tokens) else ""

    def _step(self) -> None:
        token = self.tokens[self.at]
        word = token.text.lower()
        if token.kind == "name" and word in GROUPINGS:
            self._grouping(word)
        elif token.kind == "name" and self._peek(1) == "(":
            self._open(token.text, self.at + 2)
        elif (
            token.kind == "name"
            and word in AGGREGATORS
            and self._peek(1).lower() in {"by", "without"}
        ):
            self.at += 1
            self._grouping_before(word)
        elif token.kind == "name" and word not in _WORDS:
            self._selector(token.text, token.start)
        elif token.text == "{":
            self._selector("", token.start)
        elif token.text == "(":
            self._open("", self.at + 1)
        elif token.text == ")":
            self._close(token)
        elif token.text == "[":
            self._skip("]")
        else:
            if token.kind == "string":
                self.found.names.append(unquoted(token.text))
            self.closed = None
            self.at += 1

    def _open(self, call: str, after: int) -> None:
        self.open.append((call, self.tokens[after - 1].start))
        self.at = after
        self.closed = None

    def _close(self, token: Token) -> None:
        if not self.open:
            message = "a bracket is closed that was not opened"
            raise Unclear(message)
        _, start = self.open.pop()
        self.closed = (start, token.end)
        self.at += 1

    def _skip(self, end: str) -> None:
        while self._peek() not in {end, ""}:
            self.at += 1
        self.at += 1
        self.closed = None

    def _grouping(self, word: str) -> None:
        """A grouping after what it speaks of, or of two sides of an operator."""
        self.at += 1
        if word in MATCHING:
            if self._peek() == "(":
                self._labels(word, self._around())
            self.closed = None
        elif self.closed is None:
            message = f'"{word}" stands where no aggregation is'
            raise Unclear(message)
        else:
            self._labels(word, self.closed)

    def _grouping_before(self, call: str) -> None:
        """``sum by (a) (...)``: what it speaks of follows."""
        word = self._peek().lower()
        self.at += 1
        self._labels(word, (0, 0))
        if self._peek() != "(":
            message = f'"{call} {word}" speaks of nothing'
            raise Unclear(message)
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                last = self.found.groupings[-1]
                scope = (self.tokens[self.at].start, token.end)
                self.found.groupings[-1] = Grouping(
                    last.word, last.labels, last.start, last.end, scope
                )
                break
        self._open(call, self.at + 1)

    def _around(self) -> tuple[int, int]:
        """The bracket around the place, or the whole text: two sides of an operator are both in it."""
        if not self.open:
            return 0, len(self.found.text)
        start = self.open[-1][1]
        depth = 1
        for token in self.tokens[self.at :]:
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return start, token.end
        message = "a bracket is not closed"
        raise Unclear(message)

    def _labels(self, word: str, scope: tuple[int, int]) -> None:
        if self._peek() != "(":
            message = f'"{word}" without labels in brackets'
            raise Unclear(message)
        start = self.tokens[self.at].end
        self.at += 1
        labels: list[str] = []
        while self._peek() not in {")", ""}:
            token = self.tokens[self.at]
            if token.kind in {"name", "string"}:
                labels.append(unquoted(token.text) if token.kind == "string" else token.text)
            elif token.text != ",":
                message = f'"{token.text}" among the labels of "{word}"'
                raise Unclear(message)
            self.at += 1
        if not self._peek():
            message = "a bracket is not closed"
            raise Unclear(message)
        end = self.tokens[self.at].start
        self.at += 1
        self.found.groupings.append(Grouping(word, tuple(labels), start, end, scope))

    def _selector(self, metric: str, start: int) -> None:
        if metric:
            self.at += 1
        end = self.tokens[self.at - 1].end if metric else start
        matchers: list[Matcher] = []
        if self._peek() == "{":
            self.at += 1
            while self._peek() not in {"}", ""}:
                metric = self._matcher(matchers, metric)
            if not self._peek():
                message = "a selector is not closed"
                raise Unclear(message)
            end = self.tokens[self.at].end
            self.at += 1
        within = tuple(call for call, _ in self.open if call)
        self.found.selectors.append(Selector(metric, tuple(matchers), start, end, within))
        self.closed = None

    def _matcher(self, matchers: list[Matcher], metric: str) -> str:
        """One matcher, or a name in quotes; returns the name of the metric."""
        label = self.tokens[self.at]
        name = unquoted(label.text) if label.kind == "string" else label.text
        follows = self._peek(1)
        if label.kind == "string" and follows in {",", "}"} and not metric:
            self.at += 1
        elif label.kind in {"name", "string"} and follows in {"=", "!=", "=~", "!~"}:
            value = self.tokens[self.at + 2] if self.at + 2 < len(self.tokens) else label
            if value.kind != "string":
                message = f'the value of "{name}" is not in quotes'
                raise Unclear(message)
            matchers.append(Matcher(name, follows, unquoted(value.text), value.text))
            self.at += 3
            name = metric
        else:
            message = f'"{label.text}" in a selector'
            raise Unclear(message)
        if self._peek() == ",":
            self.at += 1
        elif self._peek() != "}":
            message = f'"{self._peek()}" in a selector'
            raise Unclear(message)
        return name


_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def unquoted(text: str) -> str:
    """What a text in quotes means (https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals)."""
    inner = text[1:-1]
    return inner if text[0] == "`" else _ESCAPE.sub(_unescaped, inner)


def _unescaped(match: re.Match[str]) -> str:
    code = match[0][1:]
    if code[0] in "xuU":
        return chr(int(code[1:], 16))
    if len(code) > 1:
        return chr(int(code, 8))
    return _PLAIN.get(code, code)


def quoted(value: str) -> str:
    """A value in quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def label_text(name: str) -> str:
    """A label as it is written: in quotes where it must be."""
    return name if _LABEL.match(name) else quoted(name)
