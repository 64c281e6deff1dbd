"""For whom what a zone lets out is declared: an entry of the registry names the namespaces that see it.

A namespace with a Sidecar of its own still sees what is exported to all, so that entries of the whole mesh are for all only
where no namespace has a zone of its own, nor rules that are for it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Attachment, Audience, Reach
from ir.inventory import Inventory
from ir.provenance import derived, named
from ir.traffic import RouteTable
from translator.exporters.istio.egress.zones import Zone


@dataclass(frozen=True, slots=True)
class View:
    """Clients who fare alike: those in the namespaces ``clients`` (none: all). ``home``: where their objects stand.

    ``known``: a namespace of them by which tables for some clients are told; absent where no table names one.
    """

    home: str
    clients: tuple[str, ...] = ()
    known: str | None = None


def views_of(
    zone: Zone,
    tables: Sequence[RouteTable],
    zoned: Sequence[str],
    inventory: Inventory,
    root: str,
) -> tuple[tuple[View, ...], bool]:
    """The views of a zone, and whether clients of namespaces that are not in the input have none.

    ``zoned``: namespaces with a zone of their own; ``root``: the namespace of what is for the whole mesh.
    """
    if zone.at is not None:
        return (View(zone.at, (zone.at,), zone.at),), False
    single = sorted({space for t in tables for space in _clients(t.attachment)} - set(zoned))
    if not single and not zoned:
        return (View(root),), False
    spaces = (*inventory.namespaces, *(w.namespace for w in inventory.workloads))
    others = sorted({*spaces, *(space for space, _ in inventory.services)} - {*zoned, *single})
    found = [View(space, (space,), space) for space in single]
    if others:
        found.append(View(others[0] if len(others) == 1 else root, tuple(others)))
    return tuple(found), True


def _clients(attachment: Attachment) -> Iterator[str]:
    audience = attachment.audience
    if audience is not None and audience.reach is Reach.NAMESPACES:
        yield from (space.value for space in audience.namespaces)


def exported(view: View, tables: Sequence[RouteTable], zone: Zone) -> Audience:
    """The clients of an entry, as the networks and the tables of the zone say it."""
    said = [t.attachment.audience for t in tables if t.attachment.audience is not None]
    homes = [p.attachment.subject.namespace for p in zone.policies]
    spaces = [space for space in homes if space is not None]
    own = [space for audience in said for space in audience.namespaces]
    reasons = [table.trail for table in tables]
    if not view.clients:
        return Audience(reach=Reach.EVERYONE, trail=named("clients", *reasons))
    found = []
    for client in view.clients:
        sayers = [space for space in (*spaces, *own) if space.value == client]
        found.append(derived(client, sayers) if sayers else named(client, *reasons))
    return Audience(
        reach=Reach.NAMESPACES,
        namespaces=tuple(found),
        trail=derived("clients", [audience.trail for audience in said]),
    )
