"""The strings that can occur at all in some places of a request."""

from __future__ import annotations

from ir.language.algebra import Language
from ir.language.syntax import Dialect


def _full(text: str) -> Language:
    return Language.regex(text, Dialect.RE2_FULL)


PATH = _full(r"/[!\"$->@-~]*")
"""Paths on the wire without their query: ``/``, then visible ASCII without ``?`` and ``#``."""

_ESCAPED_UNRESERVED = r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
_DOT_ELEMENT = r".*/\.{1,2}(?:/.*)?"

NORMAL_PATH = (
    PATH
    & _full(r"(?:[^%\\]|%[0-9A-Fa-f]{2})*")
    - _full(rf".*{_ESCAPED_UNRESERVED}.*")
    - _full(_DOT_ELEMENT)
).solid()
"""Paths in the form that proxies of the common make bring them to.

No backslash, no element ``.`` or ``..``, no escape of an unreserved character (RFC 3986, 2.3) and
no broken escape; ``//`` and ``%2F`` may occur. Source: Istio 1.29
``meshConfig.pathNormalization.normalization: BASE``, which is Envoy's ``normalize_path`` (RFC 3986,
6.2.2).
"""

TOKEN = _full(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""HTTP methods and header names (RFC 9110, 5.6.2)."""

HEADER_VALUE = _full(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
"""Values of headers in ASCII: no blanks at the ends; may be empty (RFC 9110, 5.5)."""
