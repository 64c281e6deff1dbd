"""``corsPolicy`` of a rule."""

from __future__ import annotations

import re

from ir.match import Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import CrossOrigin
from translator.api import Said, Tree

ANY = "*"
WILDCARD = "[^/]*"
"""What a star in an origin stands for: a part of a host or a port, in which there are no slashes."""

_KINDS = {PatternKind.EXACT: "exact", PatternKind.PREFIX: "prefix", PatternKind.REGEX: "regex"}


def cors_tree(policy: CrossOrigin) -> Tree:
    """The rules for questions of browsers.

    The exact origin ``*`` is every origin (envoyproxy/envoy source/extensions/filters/http/cors/cors_filter.cc
    ``isOriginAllowed``, 1.35).
    """
    tree: dict[str, Tree] = {}
    if policy.origins:
        tree["allowOrigins"] = [_origin(one, policy) for one in policy.origins]
    for field, values in (
        ("allowMethods", policy.methods),
        ("allowHeaders", policy.headers),
        ("exposeHeaders", policy.exposed),
    ):
        if values:
            tree[field] = list[Tree](values)
    if policy.max_age is not None:
        tree["maxAge"] = policy.max_age.map(_seconds)
    if policy.credentials is not None:
        tree["allowCredentials"] = policy.credentials
    if policy.preflights is not None:
        tree["unmatchedPreflights"] = policy.preflights.map(str.upper)
    return tree or Said({}, (policy.trail,))


def _origin(one: Traced[Pattern], policy: CrossOrigin) -> Tree:
    word, text = _KINDS.get(one.value.kind), one.value.text
    if word is None and text != ANY:
        return {"regex": Said(WILDCARD.join(map(_plain, text.split(ANY))), (one, policy.trail))}
    return {word or "exact": Said(text, (one, policy.trail))}


def _plain(text: str) -> str:
    """The text as an expression for itself."""
    return re.sub(r"([^A-Za-z0-9/:_-])", r"\\\1", text)


def _seconds(age: float) -> str:
    return f"{int(age)}s"
