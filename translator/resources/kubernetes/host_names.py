"""Names of hosts as policies of the network spell them, in ``toFQDNs``, in rules on DNS and as names of servers.

``*`` is any text without a dot, alone any name; ``**.`` at the start is any number of labels (cilium/cilium
pkg/fqdn/matchpattern/matchpattern.go, 1.19 and later). Names are compared in lower case.
"""

from __future__ import annotations

import re

from ir.match import Pattern, PatternKind, RegexDialect

_ALL = "*"
_DEEP = "**."
_LABELS = r"([-a-zA-Z0-9_]+\.)+"
_TEXT = "[-a-zA-Z0-9_]*"


def name_pattern(text: str, *, exactly: bool) -> Pattern:
    """The names that a word means, without the dot at their end; ``exactly``: a star in it stands for itself."""
    word = text.lower().rstrip(".")
    if exactly or _ALL not in word:
        return Pattern(PatternKind.EXACT, word)
    if word == _ALL:
        return Pattern(PatternKind.PREFIX, "")
    head = ""
    if word.startswith(_DEEP):
        head, word = _LABELS, word.removeprefix(_DEEP)
    body = re.escape(word).replace(r"\*", _TEXT).replace(r"\-", "-")
    return Pattern(PatternKind.REGEX, head + body, dialect=RegexDialect.RE2_FULL)


def spelt(pattern: Pattern) -> str:
    """The word that means the names of a pattern: those that :func:`name_pattern` makes, and all below a name.

    Raises:
        ValueError: no word does.
    """
    match pattern.kind:
        case PatternKind.EXACT:
            return pattern.text
        case PatternKind.SUFFIX if pattern.text.startswith("."):
            return f"**{pattern.text}"
        case PatternKind.PREFIX if not pattern.text:
            return _ALL
    deep = pattern.text.startswith(_LABELS)
    body = pattern.text.removeprefix(_LABELS).replace(_TEXT, _ALL)
    word = (_DEEP if deep else "") + re.sub(r"\\(.)", r"\1", body)
    if name_pattern(word, exactly=False) != pattern:
        message = f"no word means the names of {pattern.text}"
        raise ValueError(message)
    return word
