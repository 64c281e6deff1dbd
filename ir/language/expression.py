"""Regular expressions as trees over numbered symbols, kept small while they are built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Chars:
    """One of the symbols whose numbers are bits of ``mask``."""

    mask: int
    size: int = field(default=2, compare=False)


@dataclass(frozen=True, slots=True)
class Cat:
    """One part after the other; without parts the empty string."""

    parts: tuple[Expression, ...]
    size: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the branches; without branches nothing at all."""

    branches: tuple[Expression, ...]
    size: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Star:
    """Any number of the part."""

    part: Expression
    size: int = field(default=0, compare=False)


Expression = Chars | Cat | Or | Star

EMPTY = Cat(())
NEVER = Or(())


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """What the expression is a row of."""
    return expression.parts if isinstance(expression, Cat) else (expression,)


def cat(*expressions: Expression) -> Expression:
    """One after the other."""
    row: list[Expression] = []
    for expression in expressions:
        if expression == NEVER:
            return NEVER
        for part in parts_of(expression):
            if not (row and isinstance(part, Star) and part == row[-1]):
                row.append(part)
    if len(row) == 1:
        return row[0]
    return Cat(tuple(row), sum(part.size for part in row))


def either(expressions: Iterable[Expression]) -> Expression:
    """Any of them, with what they share at their ends written once."""
    flat: dict[Expression, None] = {}
    mask = 0
    for expression in expressions:
        for branch in expression.branches if isinstance(expression, Or) else (expression,):
            if isinstance(branch, Chars):
                mask |= branch.mask
            else:
                flat[branch] = None
    if mask:
        flat = {Chars(mask): None, **flat}
    branches = _factored(_factored(list(flat), front=True), front=False)
    branches = _without_needless_empty(branches)
    if len(branches) == 1:
        return branches[0]
    return Or(tuple(branches), sum(branch.size + 1 for branch in branches) + 3)


def star(expression: Expression) -> Expression:
    """Any number of it."""
    simpler: Expression | None = None
    match expression:
        case Star():
            return expression
        case Or(branches=branches):
            inner = [b.part if isinstance(b, Star) else b for b in branches if b != EMPTY]
            simpler = either(inner) if inner != list(branches) else None
        case Cat(parts=parts):
            simpler = _looped(parts)
        case Chars():
            pass
    if simpler is not None:
        return star(simpler)
    return EMPTY if expression in (EMPTY, NEVER) else Star(expression, expression.size + 2)


def _looped(parts: tuple[Expression, ...]) -> Expression | None:
    """What may stand under a star instead of these parts; ``None``: nothing simpler."""
    if parts and all(isinstance(part, Star) for part in parts):
        return either(part.part for part in parts if isinstance(part, Star))
    return parts[-1] if _is_plus(Cat(parts)) else None


def mirrored(expression: Expression) -> Expression:
    """The expression for the reversed strings."""
    match expression:
        case Chars():
            return expression
        case Star(part=part):
            return star(mirrored(part))
        case Cat(parts=parts):
            return cat(*(mirrored(part) for part in reversed(parts)))
        case Or(branches=branches):
            return either([mirrored(branch) for branch in branches])


def nullable(expression: Expression) -> bool:
    """Whether the empty string is among its strings."""
    match expression:
        case Chars():
            return False
        case Star():
            return True
        case Cat(parts=parts):
            return all(nullable(part) for part in parts)
        case Or(branches=branches):
            return any(nullable(branch) for branch in branches)


def _is_plus(expression: Expression) -> bool:
    """Whether it is some part, then any number of that part."""
    parts = parts_of(expression)
    return len(parts) > 1 and isinstance(parts[-1], Star) and parts_of(parts[-1].part) == parts[:-1]


def _without_needless_empty(branches: list[Expression]) -> list[Expression]:
    if EMPTY not in branches:
        return branches
    rest = [branch for branch in branches if branch != EMPTY]
    if any(nullable(branch) for branch in rest):
        return rest
    for number, branch in enumerate(rest):
        if _is_plus(branch):
            rest[number] = parts_of(branch)[-1]
            return rest
    return [*rest, EMPTY]


def _factored(branches: list[Expression], *, front: bool) -> list[Expression]:
    """Branches that begin (or end) with the same part are put together."""
    groups: dict[Expression | None, list[Expression]] = {}
    for branch in branches:
        parts = parts_of(branch)
        groups.setdefault((parts[0] if front else parts[-1]) if parts else None, []).append(branch)
    found: list[Expression] = []
    for shared, group in groups.items():
        if shared is None or len(group) == 1:
            found.extend(group)
            continue
        rest = either([cat(*(parts_of(b)[1:] if front else parts_of(b)[:-1])) for b in group])
        found.append(cat(shared, rest) if front else cat(rest, shared))
    return found
