"""What all route tables are legalised with."""

from __future__ import annotations

from dataclasses import dataclass

from ir.inventory import Inventory
from ir.model import Fact
from ir.resilience import Retry
from translator.api import Options
from translator.exporters.naming import Names
from translator.exporters.routes.destinations import Subsets


@dataclass(frozen=True, slots=True)
class Scene:
    """The services made for subsets, what is listed, the names that are taken, and the run's options.

    ``pinned``: the retries of routes that say nothing of it, where the source's default is to be written.
    """

    subsets: Subsets
    inventory: Inventory
    names: Names
    options: Options
    stated: frozenset[str] = frozenset()
    """Keys of the objects of the source."""
    pinned: Retry | None = None
    facts: tuple[Fact, ...] = ()
    """All that is said."""
    unread: frozenset[tuple[str, int]] = frozenset()
    """Ports of services, by key and number, on which the source reads no request."""

    def keeps(self, kind: str, namespace: str, name: str) -> bool:
        """Whether the source has such an object: its translation stands in its place, by its name."""
        return f"{kind}/{namespace}/{name}" in self.stated
