"""What is told of names outside and of limits of egress, whatever the target."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.edge import EgressPolicy, ExternalService
from ir.inventory import Inventory
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.egress.known import Filters, knows_all, sees
from translator.exporters.egress.names import Unreached, is_reached_anyway, names_of
from translator.report.model import Fate, Impact, Severity, Support

_SHOWN = 5


def outside(
    services: Sequence[ExternalService], stated: Collection[int], routed: Collection[int]
) -> Iterator[Loss]:
    """What is left to say of services outside. ``stated``: values that are written; ``routed``: services with a way out."""
    unsaid = [f for f in services if any(id(v) not in stated for v in traced(f))]
    plain = [f for f in unsaid if is_reached_anyway(f)]
    other = [f for f in unsaid if not is_reached_anyway(f)]
    if plain:
        yield Loss(
            code="MM502",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(v for f in plain for v in traced(f) if id(v) not in stated),
            message=f"{names_of(plain)}: clients reach these names by their own look-up; nothing is to be written.",
            why="The target passes traffic for destinations that are no service of the cluster.",
        )
    if other:
        sites = [v for f in other for v in traced(f) if id(v) not in stated]
        yield Loss(
            code="MM502",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(sites),
            because=tuple(f.trail for f in other if id(f) in routed),
            message=f"{names_of(other)}: endpoints, addresses or identities of these names are known to the source "
            "only; clients that rely on them go elsewhere or fail.",
            why="The target looks nothing up for a name that is no service of the cluster.",
            advice="Make a Service for each (ExternalName, or without selector and with EndpointSlices).",
        )


def not_reached(
    found: Sequence[Unreached], written: Collection[int], routed: Collection[int], advice: str
) -> Iterator[Loss]:
    """Declared ports that are refused now, in part or as a whole.

    ``written``: ports with a way out; ``routed``: services with one.
    """
    groups: dict[tuple[str, bool], dict[int, Unreached]] = {}
    for one in found:
        group = one.reason, id(one.port) in written
        groups.setdefault(group, {})[id(one.port)] = one
    for (reason, in_part), ones in sorted(groups.items()):
        shown = [f"{names_of([o.service])}:{o.port.number.value}" for o in ones.values()]
        said = "part of what was declared" if in_part else "what was declared"
        sites: list[Traced[object]] = []
        for one in ones.values():
            sites.extend(traced(one.port if id(one.service) in routed else one.service))
        yield Loss(
            code="MM525",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED if in_part else Fate.LOST,
            sites=tuple(sites),
            because=tuple(value for one in ones.values() for value in traced(one.service)),
            message=f"{listed(shown)}: {said} is refused: {reason}.",
            advice=advice,
        )


@dataclass(frozen=True, slots=True)
class Limited:
    """Clients whose proxies know of some services only: how they are ``called``, their namespace, and what they know of."""

    called: str
    at: str | None
    filters: Filters


def hidden_inside(
    clients: Sequence[Limited], inventory: Inventory, domain: str, told: Loss
) -> Iterator[Loss]:
    """Services of the cluster that clients could not reach since their proxies did not know of them.

    Told once of all clients that did not know of the same; ``told``: what the target does instead.
    """
    groups: dict[tuple[str, ...], list[Limited]] = {}
    for one in clients:
        hidden = tuple(
            f"{space}/{name}"
            for space, name in sorted(inventory.services)
            if not sees(one.filters, space, f"{name}.{space}.svc.{domain}", one.at or space)
        )
        limited = one.filters and not all(knows_all(words) for words in one.filters)
        if limited and (hidden or not inventory.complete):
            groups.setdefault(hidden, []).append(one)
    for hidden, ones in groups.items():
        shown = f" ({listed(hidden)})" if hidden else ""
        yield replace(
            told,
            sites=tuple(word for one in ones for words in one.filters for word in words),
            message=f"{listed([one.called for one in ones])} reach Services of the cluster that their proxies did not know of"
            f"{shown}.",
        )


def by_own_look_up(services: Sequence[ExternalService]) -> Iterator[Loss]:
    """Names that the source's proxy looks up, so that a client cannot choose the address."""
    if services:
        yield Loss(
            code="MM522",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(service.resolution for service in services),
            message=f"{names_of(services)}: requests go to the address that the client dialled, whatever it is, "
            "and not to one that the proxy looked up for the name.",
            why="The target lets a name through by what the request says, and forwards to the address dialled.",
            advice="Limit the addresses with NetworkPolicies where clients are not trusted.",
        )


def passing(policies: Sequence[EgressPolicy], why: str) -> Iterator[Loss]:
    """Policies that refuse nothing, where nothing is to be written for them; ``why`` the target needs no words."""
    for fact in policies:
        if fact.through is not None:
            yield lost_way(tuple(traced(fact)))
        else:
            yield all_is_known(tuple(traced(fact)), why, limited=bool(fact.seen))


def lost_way(sites: tuple[Traced[object], ...]) -> Loss:
    """Traffic that no longer takes a service on its way out."""
    return Loss(
        code="MM503",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=sites,
        message="traffic to undeclared destinations took a service on its way, and goes directly.",
        advice="Route it there in the network, or close what may go out with NetworkPolicies.",
    )


def all_is_known(sites: tuple[Traced[object], ...], why: str, *, limited: bool) -> Loss:
    """What proxies know of, where the target limits it no more; ``limited``: the source did."""
    return Loss(
        code="MM504",
        impact=Impact.DIFFERENT if limited else Impact.NONE,
        support=Support.NEVER,
        severity=Severity.LOW if limited else Severity.INFO,
        fate=Fate.LOST if limited else Fate.ABSORBED,
        sites=sites,
        message="what proxies know of is not limited: rules that were hidden from these clients hold for them now."
        if limited
        else "undeclared destinations pass; the target does so by itself.",
        why=why,
    )


def listed(names: Sequence[str]) -> str:
    """The first few of the names, and how many there are besides."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
