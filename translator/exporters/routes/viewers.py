"""Which clients hold which rules of a table: the target knows clients by their namespace only.

A route in the namespace of its service is for all clients; one in another namespace is for the clients there, beside
the service's own (linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20). Rules for some workloads can be
said where these are all of a namespace, and rules for the service's own namespace only where all others are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Audience, Reach
from ir.inventory import Inventory
from ir.provenance import Traced, absorb, derived, named
from ir.traffic import RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.handed_on import OR_PASSED, told_of_rest
from translator.report.model import Fate, Impact, Severity, Support


@dataclass(frozen=True, slots=True)
class Viewer:
    """Clients with a route object of their own.

    ``sees``: the namespace whose rules they have, ``None`` for those of clients that no rule names; ``at``: the
    namespace of the object, ``None`` for that of the service. ``passes``: they have no rules, and go to the service.
    """

    sees: str | None
    at: Traced[str] | None = None
    passes: bool = False


@dataclass(slots=True)
class Audiences:
    """The clients of one table, and what could not be said of them."""

    viewers: tuple[Viewer, ...] = ()
    losses: list[Loss] = field(default_factory=list)
    reason: str = ""
    """Why there is no viewer at all."""


def settled(table: RouteTable, inventory: Inventory) -> tuple[RouteTable, list[Loss]]:
    """The table with its clients by namespace; a rule for other workloads goes."""
    losses: list[Loss] = []
    routes = []
    for route in table.routes:
        pairs = [(match, _by_namespace(match, inventory)) for match in route.matches]
        kept = tuple(found for _, found in pairs if isinstance(found, RouteMatch))
        gone = [(match, found) for match, found in pairs if isinstance(found, Loss)]
        if kept or not route.matches:
            routes.append(replace(route, matches=kept))
            losses.extend(
                told_of_rest(replace(loss, sites=tuple(traced(match))), route, table)
                for match, loss in gone
            )
        else:
            gravest = max(
                (loss for _, loss in gone), key=lambda loss: loss.impact is not Impact.NONE
            )
            losses.append(told_of_rest(replace(gravest, sites=tuple(traced(route))), route, table))
    return replace(table, routes=tuple(routes)), losses


def _by_namespace(match: RouteMatch, inventory: Inventory) -> RouteMatch | Loss:
    """The match for whole namespaces, or why there is none."""
    audience = match.audience
    if audience is None or audience.labels is None:
        return match
    spaces = [space.value for space in audience.namespaces] or sorted(inventory.by_namespace)
    wanted = audience.labels.value
    full: list[str] = []
    part: list[str] = []
    for space in spaces:
        here = inventory.workloads_in(space)
        chosen = inventory.selected(space, wanted)
        if chosen:
            (full if len(chosen) == len(here) else part).append(space)
    if not inventory.complete or part or not full:
        return _some_workloads(inventory, part, full)
    leaves = tuple(leaf for s in full for w in inventory.workloads_in(s) for leaf in w.leaves)
    because = Traced("", (), leaves)
    parents = (audience.labels, *audience.namespaces)
    clients = tuple(derived(space, (*parents, because)) for space in full)
    by_name = replace(audience, reach=Reach.NAMESPACES, namespaces=clients, labels=None)
    return replace(match, audience=by_name)


def _some_workloads(inventory: Inventory, part: Sequence[str], full: Sequence[str]) -> Loss:
    """The loss of a match for workloads that are not all of their namespaces; none of them: nothing is lost."""
    nobody = inventory.complete and not part and not full
    text = "it is for clients with certain labels, which the target cannot tell from the others of their namespace"
    if nobody:
        message = "no workload has the labels of these clients: nothing is lost."
    elif not inventory.complete:
        message = (
            f"{text}: it is left out, and their requests go to the next rule that matches{OR_PASSED}. "
            "With --complete, labels of all workloads of a namespace are said as the namespace."
        )
    else:
        message = (
            f"{text} ({', '.join(part)}): it is left out, and their requests go to the next rule that "
            f"matches{OR_PASSED}."
        )
    return Loss(
        code="MM208",
        impact=Impact.NONE if nobody else Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.LOW if nobody else Severity.HIGH,
        message=message,
        advice="" if nobody else "Give these clients a namespace of their own.",
    )


def audiences(
    table: RouteTable, inventory: Inventory, replaced: Sequence[str], *, alone: bool
) -> Audiences:
    """The viewers of a settled table.

    ``replaced``: namespaces that have a table of their own for the service; ``alone``: no other table is for it.
    """
    home = _home(table)
    audience = table.attachment.audience
    if audience is not None and audience.reach is Reach.NAMESPACES:
        return _private(table, audience, inventory, alone=alone)
    return _public(table, home, inventory, replaced)


def _private(
    table: RouteTable, audience: Audience, inventory: Inventory, *, alone: bool
) -> Audiences:
    home = _home(table)
    abroad = [space for space in audience.namespaces if space.value != home]
    own = next((space for space in audience.namespaces if space.value == home), None)
    viewers = [Viewer(sees=space.value, at=space) for space in abroad]
    if own is None:
        return Audiences(tuple(viewers))
    if not (inventory.complete and alone):
        reason = (
            f"it is for the clients of {home}, the service's own namespace, and a route there is for "
            "the clients of all namespaces"
        )
        found = Audiences(tuple(viewers), reason=reason)
        if viewers:
            rules = tuple(value for route in table.routes for value in traced(route))
            found.losses.append(replace(_not_at_home((own,), home), because=rules))
        return found
    named_here = [space.value for space in abroad]
    others = _others(inventory, (home, *named_here))
    passers = [Viewer(sees=None, at=named(n, own), passes=True) for n in others]
    return Audiences((Viewer(sees=home), *viewers, *passers), [_later(table, own)])


def _public(
    table: RouteTable, home: str, inventory: Inventory, replaced: Sequence[str]
) -> Audiences:
    spaces: dict[str, list[Traced[str]]] = {}
    for match in (match for route in table.routes for match in route.matches):
        for space in _spaces(match):
            if space.value not in replaced:
                spaces.setdefault(space.value, []).append(space)
    at_home = spaces.pop(home, [])
    viewers = [Viewer(sees=n, at=derived(n, found)) for n, found in sorted(spaces.items())]
    if not at_home:
        return Audiences((Viewer(sees=None), *viewers))
    if not inventory.complete or replaced:
        found = Audiences((Viewer(sees=None), *viewers))
        found.losses.extend(_match_at_home(table, home))
        return found
    others = _others(inventory, (home, *spaces))
    rest = [Viewer(sees=None, at=named(n, *at_home)) for n in others]
    return Audiences((Viewer(sees=home), *viewers, *rest), [_later(table, *at_home)])


def _home(table: RouteTable) -> str:
    space = table.attachment.subject.namespace
    return "" if space is None else space.value


def _later(table: RouteTable, *own: Traced[str]) -> Loss:
    """What is for the service's own namespace is for those that nobody lists, too."""
    home, name = _home(table), table.attachment.subject.name
    return Loss(
        code="MM208",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=own,
        message=f"what is for the clients of {home} only stands at Service/{home}/{name.value if name else ''} for all; "
        "the namespaces of the input have routes of their own, but one that is added later has these.",
        advice="Give a namespace that is added later a route of its own to the service.",
    )


def _others(inventory: Inventory, known: Sequence[str]) -> list[str]:
    return [space for space in sorted(inventory.by_namespace) if space not in known]


def _spaces(match: RouteMatch) -> tuple[Traced[str], ...]:
    audience = match.audience
    named_so = audience is not None and audience.reach is Reach.NAMESPACES
    return audience.namespaces if audience is not None and named_so else ()


def _match_at_home(table: RouteTable, home: str) -> Iterator[Loss]:
    for route, match in ((one, match) for one in table.routes for match in one.matches):
        spaces = _spaces(match)
        own = [space for space in spaces if space.value == home]
        if own:
            sites = own if len(spaces) > 1 else tuple(traced(match))
            yield told_of_rest(_not_at_home(sites, home), route, table)


def _not_at_home(sites: Sequence[Traced[object]], home: str) -> Loss:
    return Loss(
        code="MM208",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(sites),
        message=f"what is for the clients of {home} only is left out for them: a route in the service's own "
        "namespace is for the clients of all namespaces. Their requests go to the next rule that "
        f"matches{OR_PASSED}.",
        advice="With --complete and all namespaces in the input, the others get routes of their own.",
    )


def sees(match: RouteMatch, viewer: Viewer) -> bool:
    """Whether the viewer's clients have the match."""
    audience = match.audience
    if audience is None or audience.reach is Reach.EVERYONE:
        return True
    return viewer.sees is not None and viewer.sees in [space.value for space in _spaces(match)]


def clients_of(viewer: Viewer) -> Audience | None:
    """The clients of the viewer's object; ``None`` for all."""
    if viewer.at is None:
        return None
    node = absorb(named("clients", viewer.at))
    return Audience(reach=Reach.NAMESPACES, namespaces=(viewer.at,), trail=node)
