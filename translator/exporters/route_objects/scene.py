"""What all route tables of services are legalised with."""

from __future__ import annotations

from dataclasses import dataclass

from ir.inventory import Inventory, PortOfService, Service
from ir.resilience import Retry
from translator.exporters.naming import Names
from translator.exporters.route_objects.edition import Edition
from translator.exporters.routes.destinations import Subsets
from translator.exporters.routes.slots import read_ports
from translator.exporters.routes.tables import Scene as Tables


@dataclass(frozen=True, slots=True)
class Scene:
    """The services made for subsets, what is listed, the names that are taken, and what the edition can say.

    ``pinned``: the retries of routes that say nothing of it, where the source's default is to be written. ``stated``:
    keys of the objects of the source; ``unread``: ports of services, by key and number, on which it reads no request.
    """

    tables: Tables
    inventory: Inventory
    edition: Edition
    pinned: Retry | None = None
    stated: frozenset[str] = frozenset()
    unread: frozenset[tuple[str, int]] = frozenset()

    @property
    def subsets(self) -> Subsets:
        """The services made for subsets."""
        return self.tables.subsets

    @property
    def names(self) -> Names:
        """The names that are taken."""
        return self.tables.names

    def read(self, service: Service) -> tuple[PortOfService, ...]:
        """The ports on which rules for requests hold: the source says on which they do not."""
        return read_ports(service, self.unread)

    def keeps(self, kind: str, namespace: str, name: str) -> bool:
        """Whether the source has such an object: its translation stands in its place, by its name."""
        return f"{kind}/{namespace}/{name}" in self.stated
