"""For whom what a zone lets out is declared: all clients of it, and those who have routes of their own besides.

An entry that is exported to all is seen by every proxy whose Sidecar does not say otherwise. So namespaces that fare otherwise
than the mesh have a Sidecar that knows of the services of the cluster and of what their own namespace declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Attachment, Audience, Reach
from ir.provenance import derived, named
from ir.traffic import RouteTable
from translator.exporters.istio.egress.zones import Zone


@dataclass(frozen=True, slots=True)
class View:
    """Clients who fare alike: those in the namespace ``at`` (absent: all others). ``home``: where their objects stand."""

    home: str
    at: str | None = None


def views_of(
    zone: Zone, tables: Sequence[RouteTable], zoned: Sequence[str], root: str
) -> tuple[View, ...]:
    """The views of a zone.

    ``zoned``: namespaces with a zone of their own; ``root``: the namespace of what is for the whole mesh.
    """
    if zone.at is not None:
        return (View(zone.at, zone.at),)
    single = sorted({space for t in tables for space in _clients(t.attachment)} - set(zoned))
    return (View(root), *(View(space, space) for space in single))


def _clients(attachment: Attachment) -> Iterator[str]:
    audience = attachment.audience
    if audience is not None and audience.reach is Reach.NAMESPACES:
        yield from (space.value for space in audience.namespaces)


def exported(view: View, tables: Sequence[RouteTable], zone: Zone) -> Audience:
    """The clients of an entry, as the networks and the tables of the zone say it."""
    reasons = [table.trail for table in tables]
    if view.at is None:
        return Audience(reach=Reach.EVERYONE, trail=named("clients", *reasons))
    said = [t.attachment.audience for t in tables if t.attachment.audience is not None]
    homes = [p.attachment.subject.namespace for p in zone.policies]
    spaces = (*homes, *(space for audience in said for space in audience.namespaces))
    sayers = [space for space in spaces if space is not None and space.value == view.at]
    return Audience(
        reach=Reach.NAMESPACES,
        namespaces=(derived(view.at, sayers) if sayers else named(view.at, *reasons),),
        trail=derived("clients", [audience.trail for audience in said]),
    )
