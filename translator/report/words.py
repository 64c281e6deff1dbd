"""Names of ours as people read them, the same in every form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_NO_NAMESPACE = re.compile(r"\b([A-Z][A-Za-z0-9]*)//(?=[a-z0-9])")
_PARTS = re.compile(r"(?<=[a-z])(?=[A-Z])")

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "newly_allowed": "newly allowed",
        "rate_raised": "more requests pass",
        "evidence": "let in on weaker proof",
        "newly_denied": "newly denied",
        "rate_lowered": "fewer requests pass",
        "rerouted": "routed elsewhere",
        "reweighted": "other shares",
        "rewritten": "changed on the way otherwise",
        "retry": "tried again otherwise",
        "timeout": "another timeout",
        "read": "read where it was passed on as bytes, or the other way round",
        "ejection": "endpoints that fail left out otherwise",
        "ejection_longest": "endpoints that fail again and again left out for another time",
        "ejection_manner": "endpoints that fail looked at in another manner",
    }
)
"""The kinds of changes that the proof finds, gravest first."""

_ORDER = tuple(CHANGES)

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "EQUAL_EXACT": "equal",
        "EQUAL_UNDER": "equal under assumptions",
        "DIFFERENT": "different",
        "MAY_DIFFER": "may differ",
        "UNKNOWN": "too hard to tell",
        "NOTHING_TO_COMPARE": "nothing to compare",
        "NOT_RUN": "not compared",
    }
)
"""How two sides compare."""


def change_title(kind: str) -> str:
    """What changes, in a few words."""
    return CHANGES.get(kind, kind.replace("_", " "))


def change_rank(kind: str) -> int:
    """The place of a kind of change among all, the gravest first."""
    return _ORDER.index(kind) if kind in CHANGES else len(_ORDER)


def verdict_title(verdict: str) -> str:
    """How two sides compare, in a few words."""
    return VERDICTS.get(verdict, verdict.replace("_", " ").lower())


def resource_title(resource: str) -> str:
    """``Namespace/shop`` for ``Namespace//shop``: what is in no namespace shows none."""
    kind, _, rest = resource.partition("/")
    return f"{kind}/{rest[1:]}" if rest.startswith("/") and len(rest) > 1 else resource


def message_title(message: str) -> str:
    """A sentence with the resources in it as :func:`resource_title` has them."""
    return _NO_NAMESPACE.sub(r"\1/", message)


def kind_title(name: str) -> str:
    """``Connection limits`` for ``ConnectionLimits``: a kind of fact as a title."""
    return (
        _PARTS.sub(" ", name).capitalize().replace(" mtls", " mutual TLS").replace(" tls", " TLS")
    )
