"""What limits of egress become, as findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ir.access import Closed, Grant
from ir.edge import EgressPolicy
from ir.match import AllOf, Part, PathForm, Test
from ir.model import Fact
from ir.provenance import Traced
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Beside, Loss
from translator.exporters.egress.addresses import Addresses
from translator.exporters.egress.known import refuses
from translator.exporters.egress.names import text_of
from translator.exporters.istio.egress.ways import Refused
from translator.exporters.istio.egress.zones import Zone
from translator.report.model import BY_CLAIM, CLOSED_IN, SPELLING, Fate, Impact, Severity, Support

DOC = "https://istio.io/latest/docs/reference/config/networking/sidecar/"
_SHOWN = 3


def clients_of(zone: Zone) -> str:
    """Whose ways out a zone is about, for messages."""
    return "clients of the mesh" if zone.at is None else f"clients in the namespace {zone.at}"


def closed_in(zone: Zone, inside: Addresses, outside: Addresses) -> Iterator[Loss]:
    """Addresses that no limit was about: what a proxy does not know of is refused at all of them."""
    open_inside = inside - zone.refused
    open_outside = outside - zone.refused
    if not open_inside and not open_outside:
        return
    where = (
        f"outside of the cluster too, though the source limits some blocks alone ({_some(open_outside)} are open there)"
        if open_outside
        else "inside the networks of the cluster too: pods that are called by their own address, machines of private "
        "networks"
    )
    yield Loss(
        code=CLOSED_IN,
        impact=Impact.STRICTER,
        support=Support.NEVER,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=tuple(p.unknown for p in zone.policies if p.unknown is not None),
        because=tuple(value for policy in zone.policies for value in traced(policy)),
        message=f"{clients_of(zone)} may no longer reach what no Service and no ServiceEntry declares, {where}.",
        why="REGISTRY_ONLY lets a proxy out to what the registry knows, whatever the address; an EgressNetwork is about its "
        "blocks alone.",
        advice="Write a ServiceEntry with addresses and the port for each of them that is called, and watch "
        "BlackHoleCluster in the metrics of the proxies before the source goes.",
        doc=DOC,
    )


def _some(addresses: Addresses) -> str:
    """A few blocks, for messages; those of the older family first."""
    blocks = addresses.blocks
    more = f" and {len(blocks) - _SHOWN} more" if len(blocks) > _SHOWN else ""
    return ", ".join(blocks[:_SHOWN]) + more


def not_let_out(found: Iterable[Refused], written: Collection[int] = ()) -> Iterator[Loss]:
    """Routes that let something out which is refused now; ``written``: those of which other parts are, by identity."""
    groups: dict[str, list[Refused]] = {}
    for one in found:
        groups.setdefault(one.reason, []).append(one)
    for reason, ones in sorted(groups.items()):
        names = dict.fromkeys(text_of(h.value) for one in ones for h in one.hosts)
        tables = {id(one.table): one.table for one in ones}.values()
        shown = ", ".join(names) or ", ".join(dict.fromkeys(map(shown_as, tables)))
        yield Loss(
            code="MM525",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            sites=tuple(v for one in ones for v in _left(one, written)),
            because=tuple(v for table in tables for v in traced(table)),
            message=f"{shown}: what was let out is refused: {reason}.",
            advice="Write a ServiceEntry by hand for what is called.",
        )


def shown_as(table: RouteTable) -> str:
    """A table of routes, for messages."""
    ports = ", ".join(str(port.value.port) for port in table.attachment.ports)
    return f"the routes of {table.name.value} on port {ports}"


def _left(one: Refused, written: Collection[int]) -> Iterable[Traced[object]]:
    """What of a table is not written: some hosts, or all of it."""
    return one.hosts if one.hosts and id(one.table) in written else traced(one.table)


def spelt_otherwise(tables: Sequence[RouteTable]) -> Iterator[Loss]:
    """Paths that are brought into their normal form before rules look at them, where what no rule matches is refused."""
    asked = {id(table): _asked_paths(table) for table in tables}
    tables = [table for table in tables if asked[id(table)]]
    if tables:
        yield Loss(
            code=SPELLING,
            impact=Impact.LOOSER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=tuple(v for table in tables for v in traced(asked[id(table)])),
            because=tuple(v for table in tables for v in traced(table)),
            message=f"{', '.join(map(shown_as, tables))}: paths are brought into their normal form (/a/../b, /%61, "
            "backslashes) before they are compared: a request that spells /a in another way leaves where /a does, and is "
            "sent on as /a.",
            why="The source compares the path as it was sent; meshConfig.pathNormalization is BASE where nothing is set.",
            advice="Nothing, if who is outside takes both spellings for one path.",
        )


def _asked_paths(table: RouteTable) -> tuple[Test, ...]:
    """The paths that its rules compare as they were sent."""
    if table.view.path is not PathForm.RAW:
        return ()
    matches = (match for route in table.routes for match in route.matches)
    tests = (test for match in matches for test in match.requests.tests)
    return tuple(test for test in tests if test.part is Part.PATH)


def not_written(found: Sequence[Fact], reason: str) -> Loss:
    """Limits that are not written at all."""
    policies = [fact for fact in found if isinstance(fact, EgressPolicy)]
    hard = any(map(refuses, policies))
    return Loss(
        code="MM503",
        impact=Impact.LOOSER if hard else Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=None if hard else Severity.MEDIUM,
        sites=tuple(value for fact in found for value in traced(fact)),
        message=f"what may be reached outside is not limited: {reason}."
        if hard
        else f"rules for what leaves the cluster are not written: {reason}.",
        advice="Limit egress with NetworkPolicies, or with a Sidecar of the mode REGISTRY_ONLY and ServiceEntries.",
        doc=DOC,
    )


def in_the_way(zone: Zone, others: Sequence[Beside]) -> str:
    """Why a Sidecar of ours would not hold for all clients of a zone."""
    named = ", ".join(one.key for one in others)
    return f"{named} stays, and for whom it is no other does (for {clients_of(zone)})"


def passes_anyway(found: Sequence[Traced[object]]) -> Loss:
    """Routes and networks that change nothing, since all passes."""
    return Loss(
        code="MM502",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(found),
        message="undeclared destinations pass, and so does what these say: nothing is to be written.",
        why="The target lets out what it does not know, unless it is told otherwise.",
    )


def rules_lost(tables: Sequence[RouteTable], reason: str) -> Loss:
    """Rules for requests that leave, where everything may leave."""
    return Loss(
        code="MM226",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(v for table in tables for v in traced(table)),
        message=f"{', '.join(map(shown_as, tables))}: the rules are not written: {reason}. Requests leave as they are.",
        advice="Write a ServiceEntry and a VirtualService by hand.",
    )


def effects_lost(table: RouteTable, effects: Sequence[object]) -> Loss:
    """Limits of time and the like for names with a wildcard."""
    return Loss(
        code="MM226",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.MEDIUM,
        sites=tuple(v for effect in effects for v in traced(effect)),
        because=tuple(traced(table)),
        message=f"{shown_as(table)}: limits of time, further tries and changes of headers do not hold for its names with a "
        "wildcard.",
        advice="Name the hosts.",
    )


def for_nobody(tables: Sequence[RouteTable]) -> Loss:
    """Routes for clients whom the network is not about, or on ports where others count."""
    return Loss(
        code="MM502",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.ABSORBED,
        sites=tuple(v for table in tables for v in traced(table)),
        message=f"{', '.join(map(shown_as, tables))}: no client has them: nothing is to be written.",
        why="A route of another namespace than its network is for the clients of its own, whom the network is about only if "
        "they have none.",
    )


Stated = tuple[Grant, AllOf]
"""An alternative of a rule, and the rule."""


def held_by_name(
    namespace: str, closed: Sequence[Closed], stated: Sequence[Stated]
) -> Iterator[Loss]:
    """Names that proxies hold pods to, where the network did: the name is what the client says, and a pod may get past it."""
    grants = tuple(v for grant, _ in stated for v in traced(grant))
    names = [t for _, way in stated for test in way.tests for t in test.any_of]
    yield Loss(
        code=BY_CLAIM,
        impact=Impact.LOOSER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=tuple(names),
        because=(*(v for fact in closed for v in traced(fact)), *grants),
        message=f"pods of the namespace {namespace} are held to names outside by their own proxies, not by the network: on the "
        "ports of these names the network lets them out to every address outside, and a pod that has no proxy, or gets past it, reaches "
        "it. What passes the proxy by name is what the client says it asks for: an exact name is looked up by the proxy "
        "whatever was dialled, one with a wildcard goes where it was dialled, at any depth of names.",
        why="A NetworkPolicy knows no names, and REGISTRY_ONLY is no boundary against a client that does not want to be held "
        "(istio.io, Security Best Practices).",
        advice="Keep the policy of the source for these pods where the source stays as the network of the cluster; or route "
        "these names through an egress gateway, and let nothing else out.",
        doc="https://istio.io/latest/docs/ops/best-practices/security/#understand-traffic-capture-limitations",
    )
    yield Loss(
        code="MM525",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        sites=tuple(names),
        because=grants,
        message=f"pods of the namespace {namespace} reach these names by TLS on 443 and 8443, by HTTP on 80 and 8080: what does "
        "not bear the name is refused there. They reach nothing else that no Service and no entry declares, pods by their own "
        "address included.",
        why="The source looks at addresses and ports alone, the target at what is said.",
        advice="Write a ServiceEntry with addresses for what is called without a name.",
        doc=DOC,
    )
