"""Sets of strings, and what can be asked about them."""

from __future__ import annotations

from collections.abc import Sequence as Row
from dataclasses import dataclass
from functools import lru_cache

from ir.language.automaton import Automaton, Table, embed, minimal
from ir.language.charset import ALL_BYTES, ASCII_BYTES
from ir.language.errors import Opaque
from ir.language.formula import Formula, Operation
from ir.language.joint import READABLE, Joint
from ir.language.parse import parse
from ir.language.patterns import ANY, BELOW, SOME, Pattern, glob, literal, row, template
from ir.language.program import automaton
from ir.language.syntax import NEVER, Choice, Dialect, Sequence

CAP = 100_000
"""States that a search may visit."""


class Language:
    """A set of byte strings: a boolean combination of patterns.

    Immutable; ``==`` holds for one and the same object only, :meth:`equals` compares the members.
    All questions raise :class:`Opaque` where the answer is not known exactly: a pattern is not
    modelled beyond ASCII and the question goes there, or too many states have to be told apart.
    """

    __slots__ = ("_joint", "alphabet", "leaf", "operation", "parts", "said", "vague")

    def __init__(
        self,
        operation: Operation,
        parts: tuple[Language, ...] = (),
        leaf: Automaton | None = None,
        *,
        vague: str | None = None,
        said: str | None = None,
    ) -> None:
        """For this package; others begin with the makers below.

        ``alphabet``: bytes that may occur in members, an upper bound. ``vague``: why members beyond
        ASCII are not known. ``said``: the regular expression that an author would write; a dot may
        have to match a newline too.
        """
        self.operation = operation
        self.parts = parts
        self.leaf = leaf
        self.said = said
        self.alphabet = self._bound() if vague is None or leaf is None else ALL_BYTES
        # Where no string beyond ASCII can be a member, all that is known is enough.
        self.vague = vague if self.alphabet & ~ASCII_BYTES else None
        self._joint: tuple[Formula, Joint] | None = None

    def _bound(self) -> int:
        if self.leaf is not None:
            return self.leaf.alphabet
        if self.operation is Operation.NOT:
            return ALL_BYTES
        left, right = self.parts
        if self.operation is Operation.AND:
            return left.alphabet & right.alphabet
        return left.alphabet | right.alphabet

    # --- making -------------------------------------------------------------------------------

    @staticmethod
    def exact(text: str, *, ignore_case: bool = False) -> Language:
        """The text alone; here and below ``ignore_case`` means ASCII letters."""
        return _leaf(literal(text, ignore_case=ignore_case))

    @staticmethod
    def prefix(text: str, *, ignore_case: bool = False) -> Language:
        """Strings that begin with the text: ``/foo`` covers ``/foobar``."""
        return _leaf(row(literal(text, ignore_case=ignore_case), ANY))

    @staticmethod
    def suffix(text: str, *, ignore_case: bool = False) -> Language:
        """Strings that end with the text."""
        return _leaf(row(ANY, literal(text, ignore_case=ignore_case)))

    @staticmethod
    def contains(text: str, *, ignore_case: bool = False) -> Language:
        """Strings with the text somewhere in them."""
        return _leaf(row(ANY, literal(text, ignore_case=ignore_case), ANY))

    @staticmethod
    def element_prefix(text: str, *, ignore_case: bool = False) -> Language:
        """Gateway API ``PathPrefix``: whole elements; a last ``/`` is ignored, ``/`` is everything.

        Source: gateway-api v1.4 ``HTTPPathMatch``, ``PathMatchPathPrefix``.
        """
        trimmed = text.rstrip("/")
        if not trimmed:
            return Language.anything()
        return _leaf(row(literal(trimmed, ignore_case=ignore_case), BELOW))

    @staticmethod
    def glob(text: str, *, ignore_case: bool = False) -> Language:
        """``*`` stands for any bytes, or none, wherever it is."""
        return _leaf(glob(text, ignore_case=ignore_case))

    @staticmethod
    def one_of(chars: str, *, ignore_case: bool = False) -> Language:
        """Strings of exactly one character, which is among ``chars``."""
        letters = [literal(c, ignore_case=ignore_case) for c in dict.fromkeys(chars)]
        node = Choice(tuple(letter.node for letter in letters))
        return _leaf(Pattern(node, "|".join(letter.text for letter in letters)))

    @staticmethod
    def template(text: str, *, ignore_case: bool = False) -> Language:
        """A path template: ``{*}`` is one segment, ``{**}`` any number of them.

        A segment is a non-empty run of RFC 3986 path characters save ``*`` and ``=``; ``{**}`` may
        be empty, but the slashes around it stay: ``/a/{**}`` holds ``/a/`` and not ``/a``. Source:
        envoy ``source/extensions/path/uri_template_lib/uri_template_internal.cc`` (``kLiteral``,
        ``toRegexPattern``).

        Raises:
            BadPattern: an operator is not a whole segment, or follows ``{**}``.
        """
        return _leaf(template(text, ignore_case=ignore_case))

    @staticmethod
    def anything(*, ignore_case: bool = False) -> Language:  # noqa: ARG004  # all makers are called alike
        """Every string."""
        return _ANYTHING

    @staticmethod
    def nothing(*, ignore_case: bool = False) -> Language:  # noqa: ARG004
        """No string."""
        return _NOTHING

    @staticmethod
    def non_empty(*, ignore_case: bool = False) -> Language:  # noqa: ARG004
        """Strings of at least one byte."""
        return _NON_EMPTY

    @staticmethod
    def regex(text: str, dialect: Dialect, *, ignore_case: bool = False) -> Language:
        """The strings that an engine of the dialect says yes to.

        Raises:
            BadPattern: the engine would refuse the pattern.
            Opaque: the pattern says something that is not modelled.
        """
        return _regex(text, Dialect(dialect), ignore_case)

    # --- combining ----------------------------------------------------------------------------

    def __and__(self, other: Language) -> Language:
        if self is other or other is _ANYTHING or self is _NOTHING:
            return self
        if self is _ANYTHING or other is _NOTHING:
            return other
        return Language(Operation.AND, (self, other), vague=self.vague or other.vague)

    def __or__(self, other: Language) -> Language:
        if self is other or other is _NOTHING or self is _ANYTHING:
            return self
        if self is _NOTHING or other is _ANYTHING:
            return other
        return Language(Operation.OR, (self, other), vague=self.vague or other.vague)

    def __sub__(self, other: Language) -> Language:
        return self & ~other

    def __invert__(self) -> Language:
        if self is _ANYTHING:
            return _NOTHING
        if self is _NOTHING:
            return _ANYTHING
        if self.operation is Operation.NOT:
            return self.parts[0]
        return Language(Operation.NOT, (self,), vague=self.vague)

    # --- asking -------------------------------------------------------------------------------

    def witness(self, prefer: str = READABLE) -> bytes | None:
        """A shortest member, its characters as early in ``prefer`` as can be; ``None``: empty."""
        if self is _NOTHING:
            return None
        self.must_be_known()
        form = Formula.of((self,))
        joint = Joint(form.leaves, self.alphabet, form.required(0), prefer)
        return next((word for _, word in form.hits(joint.explore(CAP))), None)

    def is_empty(self) -> bool:
        """Whether it has no member."""
        return self.witness() is None

    def is_everything(self) -> bool:
        """Whether every string is a member."""
        return (~self).is_empty()

    def issubset(self, other: Language) -> bool:
        """Whether all members are members of the other."""
        return (self - other).is_empty()

    def equals(self, other: Language) -> bool:
        """Whether both have the same members."""
        return self is other or ((self - other) | (other - self)).is_empty()

    def disjoint(self, other: Language) -> bool:
        """Whether no string is in both."""
        return (self & other).is_empty()

    def branches(self) -> tuple[Language, ...]:
        """What the set was put together from by ``|``, in order."""
        pending, found = [self], []
        while pending:
            one = pending.pop()
            if one.operation is Operation.OR:
                pending.extend(reversed(one.parts))
            elif one is not _NOTHING:
                found.append(one)
        return tuple(found)

    def accepts(self, text: bytes | str) -> bool:
        """Whether the text is a member; a ``str`` is taken as UTF-8."""
        word = text.encode() if isinstance(text, str) else text
        if not word.isascii():
            self.must_be_known()
        if self._joint is None:
            form = Formula.of((self,))
            self._joint = form, Joint(form.leaves)
        form, joint = self._joint
        return bool(form.evaluate([joint.read(word)])[0])

    def solid(self) -> Language:
        """The same set as one small automaton: cheaper to ask again and again."""
        self.must_be_known()
        return Language(Operation.LEAF, leaf=embed(self.table()), said=self.said)

    def table(self, alphabet: int = ALL_BYTES, cap: int = CAP) -> Table:
        """The minimal deterministic automaton over these bytes."""
        self.must_be_known()
        form = Formula.of((self,))
        classes, rows, signatures = Joint(form.leaves, alphabet).table(cap)
        bits = form.evaluate(signatures)[0]
        accepting = tuple(bool(bits >> number & 1) for number in range(len(rows)))
        return minimal(Table(classes, tuple(tuple(row) for row in rows), accepting))

    def to_regex(
        self,
        dialect: Dialect,
        *,
        limit: int = 1024,
        within: Language | None = None,
        hints: Row[str] = (),
    ) -> str:
        """A regular expression that agrees with this set on all strings of ``within``.

        Without ``within`` it agrees on all well-formed UTF-8. It is parsed again and compared.

        Raises:
            Opaque: none of at most ``limit`` characters was found.
        """
        from ir.language.writing import write_regex  # noqa: PLC0415  # writing needs the algebra

        return write_regex(self, Dialect(dialect), limit, within, hints)

    def must_be_known(self) -> None:
        """Raises :class:`Opaque` where some members are not known."""
        if self.vague is not None:
            raise Opaque(self.vague)


@dataclass(frozen=True, slots=True)
class Atom:
    """A class of strings that are in the same languages.

    ``signature``: bit ``i`` says that they are in the ``i``-th language; ``witness`` is a shortest.
    """

    signature: int
    witness: bytes


def atoms(
    languages: Row[Language], *, within: Language | None = None, cap: int = CAP
) -> tuple[Atom, ...]:
    """All classes of strings (of ``within``) that the languages tell apart, short ones first.

    Complete, since the search is closed.

    Raises:
        Opaque: it would take more than ``cap`` states, or a language is not known well enough.
    """
    domain = _ANYTHING if within is None else within
    for language in languages:
        (language & domain).must_be_known()
    domain.must_be_known()
    form = Formula.of((*languages, domain))
    joint = Joint(form.leaves, domain.alphabet, form.required(len(languages)))
    found = list(joint.explore(cap))
    *columns, inside = form.evaluate([signature for signature, _ in found])
    first: dict[int, bytes] = {}
    for number, (_, word) in enumerate(found):
        if inside >> number & 1:
            signature = sum((column >> number & 1) << i for i, column in enumerate(columns))
            first.setdefault(signature, word)
    return tuple(Atom(signature, word) for signature, word in first.items())


def _leaf(pattern: Pattern) -> Language:
    return Language(Operation.LEAF, leaf=automaton(pattern.node), said=pattern.text)


@lru_cache(maxsize=4096)
def _regex(text: str, dialect: Dialect, ignore_case: bool) -> Language:  # noqa: FBT001  # a cache key
    parsed = parse(text, dialect, ignore_case=ignore_case)
    node, said = parsed.node, f"(?i:{text})" if ignore_case else text
    if dialect is Dialect.GO_SEARCH:
        node, said = Sequence((ANY.node, node, ANY.node)), f".*(?:{said}).*"
    leaf = automaton(node, leftmost_first=dialect is Dialect.RUST_SPAN)
    return Language(Operation.LEAF, leaf=leaf, vague=parsed.vague, said=said)


_ANYTHING = _leaf(ANY)
_NOTHING = Language(Operation.LEAF, leaf=automaton(NEVER))
_NON_EMPTY = _leaf(SOME)
