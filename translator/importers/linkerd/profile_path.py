"""Regular expressions of ServiceProfiles, which Linkerd anchors by putting ``^`` before and ``$`` behind.

There is no group around: of ``/a|/b`` the first branch is anchored at its start alone, the last at its end alone
(linkerd2-proxy linkerd/service-profiles/src/proto.rs ``convert_req_match``, 2.20; the path is searched).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ir.match import Pattern, PatternKind, RegexDialect

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s<>])")
_REST = "(?s:.*)"
"""Any text."""


def anchored(text: str) -> Pattern:
    """The paths that a regular expression of a profile is for; those of one path are that path."""
    own = text.strip()
    branches = list(_branches(own.removeprefix("^")))
    end = len(branches) - 1
    closed = own.endswith("$") and not _is_escaped(own, len(own) - 1)
    open_end = own.endswith("$") and not closed
    if closed:
        branches[end] = branches[end][:-1]
    parts = [
        f"{'' if number == 0 else _REST}{branch}{'' if number == end and not open_end else _REST}"
        for number, branch in enumerate(branches)
    ]
    if len(parts) == 1 and not open_end and (plain := _literal(parts[0])) is not None:
        return Pattern(PatternKind.EXACT, plain)
    return Pattern(PatternKind.REGEX, "|".join(parts), dialect=RegexDialect.RE2_FULL)


def _is_escaped(text: str, at: int) -> bool:
    before = text[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _branches(text: str) -> Iterator[str]:
    """The branches of the alternation at the top."""
    depth, start, inside, at = 0, 0, 0, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign == "[":
            inside += 1
            at += 1 if text.startswith("^", at + 1) else 0
            at += 1 if text.startswith("]", at + 1) else 0
        elif sign == "]" and inside:
            inside -= 1
        elif not inside:
            depth += (sign == "(") - (sign == ")")
            if sign == "|" and depth == 0:
                yield text[start:at]
                start = at + 1
        at += 1
    yield text[start:]


def _literal(text: str) -> str | None:
    """The only text that the expression matches, where it says one outright."""
    plain = _ESCAPED.sub("", text)
    if _SPECIAL.search(plain) or not text.startswith("/"):
        return None
    return _ESCAPED.sub(r"\1", text)
