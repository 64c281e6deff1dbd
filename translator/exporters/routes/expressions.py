"""Sets of paths as one regular expression, proved to say them."""

from __future__ import annotations

from ir.language import PATH, Dialect, Language, Opaque
from ir.match import Pattern, PatternKind

LIMIT = 1024
"""Characters that a path match may have (Gateway API HTTPPathMatch.value)."""


def say(paths: Language, hints: tuple[str, ...] = ()) -> str:
    """A regular expression that, of all paths, accepts exactly ``paths``; ``hints`` are tried first.

    Raises:
        ir.language.Opaque: it would need more than :data:`LIMIT` characters.
    """
    key = (paths & PATH).table()
    if key not in _SAID:
        _SAID[key] = _tried(paths, hints)
    said = _SAID[key]
    if isinstance(said, Opaque):
        raise said
    return said


def _tried(paths: Language, hints: tuple[str, ...]) -> str | Opaque:
    try:
        return paths.to_regex(Dialect.RUST_SPAN, limit=LIMIT, within=PATH, hints=hints)
    except Opaque as opaque:
        return opaque


_SAID: dict[object, str | Opaque] = {}
"""Regular expressions by the minimal automaton that they stand for, or why there is none: estates repeat their paths."""


def beside(first: Pattern, second: Pattern | None) -> tuple[str, ...]:
    """How the paths of ``second`` (absent: all) that ``first`` does not accept may be said, letter by letter."""
    whole = "/" if second is None else second.text
    plain = (None, PatternKind.PREFIX)
    kind = None if second is None else second.kind
    if first.ignore_case or kind not in plain or not first.text.startswith(whole):
        return ()
    rest = first.text[len(whole) :]
    if not rest or first.kind not in (PatternKind.PREFIX, PatternKind.EXACT):
        return ()
    tail = "" if first.kind is PatternKind.PREFIX else ".+"
    for letter in reversed(rest):
        more = f"|{escaped(letter)}{tail}" if tail else ""
        tail = f"(?:[^{_in_class(letter)}].*{more})?"
    return (escaped(whole) + tail,)


def escaped(text: str) -> str:
    """A text that is to be taken literally."""
    return "".join(c if c.isalnum() or c in "/-_~%" else f"\\{c}" for c in text)


def _in_class(letter: str) -> str:
    return letter if letter.isalnum() or letter in "/_~%." else f"\\{letter}"
