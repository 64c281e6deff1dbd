"""Rules on what leaves, in plain values: gates, rules and tests of a certificate."""

from __future__ import annotations

from collections.abc import Sequence

from ir.match import Cidr, Part, Pattern, PatternKind, Presence, Unreadable
from ir.traffic import NoMatch
from translator.verify.certificate import Tree, term

HOST, HELLO, LOOKED_UP = "host", "hello", "looked_up"
"""What leaves by a name: the host of a request, the name in a TLS hello, the one for which DNS gave the address dialled."""


def asks(
    part: Part | str,
    any_of: Sequence[Pattern | Cidr] = (),
    none_of: Sequence[Pattern | Cidr] = (),
    presence: Presence = Presence.EITHER,
) -> Tree:
    """That a part of what leaves is one of some values, and none of others."""
    return {
        "of": part.value if isinstance(part, Part) else part,
        "any_of": [term(one) for one in any_of],
        "none_of": [term(one) for one in none_of],
        "presence": presence.value,
        "missing_is_empty": False,
    }


REQUEST = asks(Part.METHOD, presence=Presence.PRESENT)
"""That it is an HTTP request."""
BYTES = asks(Part.METHOD, presence=Presence.ABSENT)
"""That it is none."""
REQUEST_SEEN: Tree = {"path": "raw", "on_unreadable": Unreadable.NO_MATCH.value}
BYTES_SEEN: Tree = {"path": "raw", "on_unreadable": Unreadable.IGNORE_TEST.value}


def rule(ways: list[list[Tree]], view: Tree = REQUEST_SEEN) -> Tree:
    """That one of these ways holds, seen as that."""
    return {"callers": [], "requests": ways, "always": [], "view": view, "asks_http": False}


def near(blocks: Sequence[Cidr]) -> Tree:
    """That the address is in one of these blocks."""
    return asks("address", blocks)


def named(part: str, hosts: Sequence[Pattern]) -> list[Tree]:
    """That the name is one of these; below a suffix there is something before it."""
    return [
        asks(
            part,
            [one],
            [Pattern(PatternKind.EXACT, one.text)] if one.kind is PatternKind.SUFFIX else (),
        )
        for one in hosts
    ]


def gate(
    layer: str,
    where: list[list[Tree]],
    grants: Sequence[Tree],
    refusals: Sequence[Tree] = (),
    *,
    closed: bool,
) -> Tree:
    """One layer: refusals first, then grants, then its door."""
    rules = {"refusals": list(refusals), "grants": list(grants), "tables": []}
    return {"layer": layer, "where": where, "closed": closed, **rules, "itself": NoMatch.PASS.value}
