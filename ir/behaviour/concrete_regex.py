"""Regular expressions of other languages, in the subset where Python's means the same.

What is outside of that subset is refused: a wrong answer here would vouch for a wrong translation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ir.match import Pattern, RegexDialect


class Unsupported(Exception):  # noqa: N818  # it is no error of anybody: the question is too hard for a naive answer
    """What one concrete decision cannot tell; the message says why."""


_TOKEN = re.compile(
    r"""
    (?P<escape>\\(?:[dDwWsSnrtfbB]|x[0-9A-Fa-f]{2}|[^0-9A-Za-z\s<>]))
  | (?P<end>\\z|\$)
  | (?P<start>\\A|\^)
  | (?P<members>\[\^?(?:\\(?:[dDwWsSnrtf]|x[0-9A-Fa-f]{2}|[^0-9A-Za-z\s<>])|[^\]\\\[])+\])
  | (?P<group>\(\?(?:P<\w+>|[is]*:)|\((?!\?)|\))
  | (?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?]))
  | (?P<literal>[^\\$^()\[\]{}*+?])
""",
    re.VERBOSE | re.DOTALL,
)
"""One token that RE2, Rust's ``regex`` and Python read alike, anchors aside.

Left out on purpose: look-around, back references, possessive repeats, ``{,n}``, set operations and
POSIX classes inside brackets, Unicode classes, flags in the middle.
"""

_MEMBER_TRAPS = ("&&", "--", "~~", "||")
_FLAGS = re.compile(r"\(\?([is]+)\)")


def regex_matches(pattern: Pattern, value: str) -> bool:
    """Whether the expression matches the value in the manner of its dialect.

    Raises:
        Unsupported: expression or value lie outside of the common subset, or no dialect is given.
    """
    if not value.isascii() or not pattern.text.isascii() or "\v" in value:
        message = f"dialects differ on this text: {pattern.text!r} on {value!r}"
        raise Unsupported(message)
    compiled = _compiled(pattern)
    match pattern.dialect:
        case RegexDialect.RE2_FULL:
            return compiled.fullmatch(value) is not None
        case RegexDialect.RUST_SPAN:
            # The leftmost match starts at 0 if any does; its first choice must then reach the end.
            found = compiled.match(value)
            return found is not None and found.end() == len(value)
        case RegexDialect.GO_SEARCH:
            return compiled.search(value) is not None
        case None:
            message = f"{pattern.text!r} names no dialect"
            raise Unsupported(message)


@lru_cache(maxsize=4096)
def _compiled(pattern: Pattern) -> re.Pattern[str]:
    flags = re.ASCII | (re.IGNORECASE if pattern.ignore_case else re.NOFLAG)
    text = pattern.text
    leading = _FLAGS.match(text)
    if leading is not None:
        text = text[leading.end() :]
        flags |= re.IGNORECASE if "i" in leading[1] else re.NOFLAG
        flags |= re.DOTALL if "s" in leading[1] else re.NOFLAG
    try:
        return re.compile(_translated(text), flags)
    except re.error as error:
        message = f"{pattern.text!r}: {error}"
        raise Unsupported(message) from error


def _translated(text: str) -> str:
    """The same expression for Python, whose ``$`` also stops before a last line break."""
    spelt: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or (
            token.lastgroup == "members" and any(trap in token[0] for trap in _MEMBER_TRAPS)
        ):
            message = f"{text!r}: not read from {text[at:]!r} on"
            raise Unsupported(message)
        spelt.append({"end": r"\Z", "start": r"\A"}.get(token.lastgroup or "", token[0]))
        at = token.end()
    return "".join(spelt)
