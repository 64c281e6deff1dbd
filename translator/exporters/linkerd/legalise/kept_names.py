"""Names of objects that stay: their own where that is free, and behind those that they must not outrank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.model import Fact
from ir.traffic import RouteTable
from translator.api import Options
from translator.exporters.naming import taken_by

_LONGEST = 253
"""Characters that the name of an object may have."""
_ROUTES = ("HTTPRoute", "GRPCRoute")


class KeptNames:
    """The names that are taken, by kind and namespace; ``beside``: what is written besides."""

    def __init__(self, beside: Sequence[Fact], options: Options) -> None:
        self._taken = taken_by(options)
        for fact in beside:
            if isinstance(fact, RouteTable):
                for kind in _ROUTES:
                    for space in _homes(fact):
                        self._taken.setdefault((kind, space), set()).add(fact.name.value)

    def take(self, kind: str, namespace: str, own: str, *more: str, after: str = "") -> str:
        """The own name if nobody has it, else with ``more``; of names in order it follows ``after``."""
        used = self._taken.setdefault((kind, namespace), set())
        wanted = own
        number = 2
        while (name := _behind(after, wanted)) in used:
            wanted = "-".join((own, *more, *((str(number),) if number > 2 else ())))  # noqa: PLR2004  # the second
            number += 1
        used.add(name)
        return name


def _homes(table: RouteTable) -> Iterator[str]:
    """The namespaces in which the object of a table may stand."""
    spaces = [table.attachment.subject.namespace, table.home]
    if table.attachment.audience is not None:
        spaces.extend(table.attachment.audience.namespaces)
    yield from (space.value for space in spaces if space is not None)


def _behind(first: str, name: str) -> str:
    if name > first:
        return name
    room = _LONGEST - len(first) - 1
    return f"{first}-{name[:room].rstrip('-.')}"
