"""Callers whose names several patterns of rules cover at once: one for each set of patterns that one name can meet.

A rule may ask for a namespace, another for an account whatever its namespace, a third for the beginning of the whole name.
Each pattern is turned into one on whole names, ``<trust domain>/ns/<namespace>/sa/<account>``, and all are told apart
together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.behaviour.languages import language_of
from ir.behaviour.request import Caller
from ir.language import Dialect, Language, Opaque, atoms
from ir.match import Part, Pattern, PatternKind, RegexDialect

Named = tuple[Part, Pattern]

_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DOTTED = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"


def _regex(text: str, *, ignore_case: bool = False) -> Language:
    return Language.regex(text, Dialect.RE2_FULL, ignore_case=ignore_case)


SHAPES = {
    Part.IDENTITY: _regex(rf"[a-z0-9.-]+/ns/{_NAME}/sa/{_DOTTED}"),
    Part.NAMESPACE: _regex(_NAME),
    Part.SERVICE_ACCOUNT: _regex(rf"{_NAME}/{_DOTTED}"),
    Part.TRUST_DOMAIN: _regex(_DOTTED),
}
"""How the names of callers are spelt."""

MOST = 400
"""Callers that are made up for patterns that cover a name at once."""

CAPPED = f"of names that several patterns of rules cover at once, the first {MOST} that can be told apart are looked at"
"""What is taken for granted where there would be more."""

_ROUNDS = 24
_STATES = 6_000
"""Of a search for names: beyond, there are more of them than could be looked at."""
_WHOLE = (Part.IDENTITY, Part.SERVICE_ACCOUNT)
_ANY = "[^/]*"


@dataclass(frozen=True, slots=True)
class Met:
    """Callers, and whether they are all that can be told apart."""

    callers: tuple[Caller, ...]
    complete: bool = True


def met_at_once(named: Sequence[Named]) -> Met:
    """A caller for each set of patterns that a name meets; none where all patterns are whole names.

    Those of whole names are left out: who bears one of these is known.
    """
    asked = [one for one in named if one[0] in SHAPES]
    if all(_is_whole(pattern) for _, pattern in asked):
        return Met(())
    try:
        languages = [_lifted(*one) for one in asked if not (_is_whole(one[1]) and one[0] in _WHOLE)]
        found = tuple(_apart(languages, {one[1].text for one in asked if one[0] in _WHOLE}))
    except Opaque:
        return Met((), complete=False)
    return Met(found[:MOST], complete=len(found) <= MOST)


def _is_whole(pattern: Pattern) -> bool:
    return pattern.kind is PatternKind.EXACT and not pattern.ignore_case


def _apart(languages: Sequence[Language], taken: set[str]) -> Iterator[Caller]:
    """A caller of each class of names; none that is ``taken``, as a whole name or as namespace and account.

    Raises:
        Opaque: too much has to be told apart.
    """
    within = SHAPES[Part.IDENTITY]
    for _ in range(_ROUNDS):
        names = [atom.witness.decode() for atom in atoms(languages, within=within, cap=_STATES)]
        clashing = [name for name in names if name in taken or _account(name) in taken]
        if not clashing:
            break
        for name in clashing:
            whole = name in taken
            within = within - (Language.exact(name) if whole else _of_account(_account(name)))
    else:
        raise Opaque("too many names are taken")
    for name in names:
        domain, _, space, _, account = name.split("/")
        yield Caller(namespace=space, service_account=account, trust_domain=domain)


def _account(name: str) -> str:
    _, _, space, _, account = name.split("/")
    return f"{space}/{account}"


def _of_account(text: str) -> Language:
    space, _, account = text.partition("/")
    return _regex(f"{_ANY}/ns/{re.escape(space)}/sa/{re.escape(account)}")


def _lifted(part: Part, pattern: Pattern) -> Language:
    """The whole names whose part the pattern covers.

    Raises:
        Opaque: that cannot be said.
    """
    if part is Part.IDENTITY:
        return language_of(pattern)
    fold = pattern.ignore_case
    if part is Part.NAMESPACE:
        return _regex(f"{_ANY}/ns/{_inner(pattern)}/sa/{_ANY}", ignore_case=fold)
    if part is Part.TRUST_DOMAIN:
        return _regex(f"{_inner(pattern)}/ns/{_ANY}/sa/{_ANY}", ignore_case=fold)
    left, slash, right = pattern.text.partition("/")
    one, other = re.escape(left), re.escape(right)
    match pattern.kind:
        case PatternKind.EXACT:
            said = f"{_ANY}/ns/{one}/sa/{other}"
        case PatternKind.PREFIX:
            said = f"{_ANY}/ns/{one}" + (f"/sa/{other}{_ANY}" if slash else f"{_ANY}/sa/{_ANY}")
        case PatternKind.SUFFIX:
            said = f"{_ANY}/ns/{_ANY}" + (f"{one}/sa/{other}" if slash else f"/sa/{_ANY}{one}")
        case PatternKind.NON_EMPTY:
            said = ".*"
        case _:
            raise Opaque("a pattern on accounts that is neither a beginning nor an end")
    return _regex(said, ignore_case=fold)


def _inner(pattern: Pattern) -> str:
    """The pattern within one part of a name."""
    text = re.escape(pattern.text)
    plain = {
        PatternKind.EXACT: text,
        PatternKind.PREFIX: f"{text}{_ANY}",
        PatternKind.SUFFIX: f"{_ANY}{text}",
        PatternKind.CONTAINS: f"{_ANY}{text}{_ANY}",
        PatternKind.NON_EMPTY: "[^/]+",
        PatternKind.GLOB: _ANY.join(map(re.escape, pattern.text.split("*"))),
    }
    if pattern.kind is PatternKind.REGEX and pattern.dialect in (None, RegexDialect.RE2_FULL):
        return f"(?:{pattern.text})"
    if pattern.kind not in plain:
        raise Opaque("a pattern within a name that is not known")
    return plain[pattern.kind]
