"""What a field of a fact is for, which decides the harm of not being able to say it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

C = TypeVar("C")


class Role(StrEnum):
    """The five things that a field can be to a request."""

    CONDITION = "condition"
    """Chooses the requests of a rule. Unsayable: the smallest enclosing rule goes, never the condition alone."""
    EFFECT = "effect"
    """Happens to a request. Unsayable: the effect alone goes."""
    SUBJECT = "subject"
    """Chooses where a fact holds. Unsayable: the fact goes."""
    EVIDENCE = "evidence"
    """Says by what proof a condition is known. Unsayable: the rule goes."""
    NOTE = "note"
    """Changes no request."""


ROLES: dict[type, dict[str, Role]] = {}
"""Role of each field of each fact, filled by :func:`roles`."""


def roles(**fields: Role) -> Callable[[type[C]], type[C]]:
    """Declares the role of each field of the fact below."""

    def declare(fact: type[C]) -> type[C]:
        ROLES[fact] = fields
        return fact

    return declare
