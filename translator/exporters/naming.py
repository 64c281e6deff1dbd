"""Names of new objects: readable, valid, unique, and the same on every run."""

from __future__ import annotations

import hashlib
import re

from translator.api import Options

_LABEL = 63
_INVALID = re.compile(r"[^a-z0-9-]+")


def name_of(*parts: str, limit: int = _LABEL) -> str:
    """A DNS label made of ``parts``; one that is too long is cut and told apart by a digest of the whole."""
    whole = "-".join(part for part in parts if part)
    plain = _INVALID.sub("-", whole.lower()).strip("-") or "x"
    if plain == whole and len(plain) <= limit:
        return plain
    if len(plain) <= limit and _INVALID.sub("-", whole.lower()) == plain:
        return plain
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{plain[: limit - 9].rstrip('-')}-{digest}"


class Names:
    """The names taken in one run, by kind and namespace; a second taker gets a number."""

    def __init__(self, taken: dict[tuple[str, str], set[str]] | None = None) -> None:
        self._taken = taken or {}

    def take(self, kind: str, namespace: str, *parts: str) -> str:
        """A name that no other object of this kind has in the namespace."""
        used = self._taken.setdefault((kind, namespace), set())
        wanted = name_of(*parts)
        name, number = wanted, 2
        while name in used:
            name = name_of(wanted, str(number))
            number += 1
        used.add(name)
        return name


def taken_by(options: Options) -> dict[tuple[str, str], set[str]]:
    """The names that objects of the input have which stay."""
    taken: dict[tuple[str, str], set[str]] = {}
    for one in options.beside:
        taken.setdefault((one.kind, one.namespace), set()).add(one.name)
    return taken
