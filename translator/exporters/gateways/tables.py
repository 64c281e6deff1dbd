"""Rules at the doors of a gateway in their legal form: one object for each bundle, in the order of specificity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.language import Opaque
from ir.match import Part, Pattern
from ir.provenance import Traced, derived, named, trail
from ir.traffic import NoMatch, Order, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.gateways.binding import ANY, Bundle, holds_at
from translator.exporters.naming import Names, name_of
from translator.exporters.routes.alternatives import Alternative, Contradiction, alternative
from translator.exporters.routes.destinations import Subsets, Unreachable
from translator.exporters.routes.prefixes import (
    Spelled,
    all_in_elements,
    as_it_is,
    in_elements,
)
from translator.exporters.routes.rules import (
    check_prefixes,
    delivered,
    groups,
    rule,
    shielded,
    spread,
)
from translator.exporters.routes.specificity import (
    in_specificity_order,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the rules of all gateways are made with. ``reached``: the parts of the source that are written."""

    subsets: Subsets
    names: Names
    reached: set[int] = field(default_factory=set)


def legal_tables(bundle: Bundle, scene: Scene) -> tuple[tuple[RouteTable, ...], list[Loss]]:
    """The route objects of a bundle; where the rules do not come out with prefixes that are replaced, without that.

    Raises:
        Unreachable: a destination cannot be written, or there are too many rules.
        Contradiction: the order of the rules cannot be kept.
        ir.language.Opaque: a pattern has no exact language.
    """
    routes = [route for table in bundle.tables for route in table.routes]
    whys: list[str] = []
    for spell in (in_elements, all_in_elements):
        try:
            return _spelled(bundle, [spell(table) for table in bundle.tables], scene)
        except (Unreachable, Contradiction, Opaque) as reason:
            if not any(route.rewrite is not None and route.rewrite.prefix for route in routes):
                raise
            whys.append(str(reason))
    why = f"next to the other rules it cannot be said in path elements ({whys[-1]})"
    return _spelled(bundle, [as_it_is(table, why) for table in bundle.tables], scene)


def _spelled(
    bundle: Bundle, spelled: Sequence[Spelled], scene: Scene
) -> tuple[tuple[RouteTable, ...], list[Loss]]:
    tables = _legal(replace(bundle, tables=tuple(one.table for one in spelled)), spelled, scene)
    for one in spelled:
        for made, sources in one.made.items():
            if made in scene.reached:
                scene.reached.update(map(id, sources))
    return tables, [loss for one in spelled for loss in one.losses]


def _legal(bundle: Bundle, spelled: Sequence[Spelled], scene: Scene) -> tuple[RouteTable, ...]:
    routes = [route for table in bundle.tables for route in table.routes]
    below = {made: path for one in spelled for made, path in one.below.items()}
    ordered = in_specificity_order(list(shielded(_alternatives(bundle, routes), routes, below)))
    check_prefixes(ordered, routes)
    frame = frame_of(bundle)
    wanted = sorted({one.route for one in ordered})
    spoken = {number: delivered(routes[number], frame, scene.subsets) for number in wanted}
    parts = spread(ordered)
    scene.reached.update(id(one.source) for one in ordered)
    scene.reached.update(id(routes[number]) for number in wanted)
    return tuple(
        replace(
            frame,
            name=named(_name(bundle, number, scene.names), *(t.name for t in bundle.tables)),
            routes=tuple(rule(spoken[group[0].route], group) for group in groups(part)),
        )
        for number, part in enumerate(parts)
    )


def _alternatives(bundle: Bundle, routes: Sequence[Route]) -> list[Alternative]:
    """The alternatives that hold there, those without any condition last."""
    found: list[Alternative] = []
    for number, route in enumerate(routes):
        matches: Sequence[RouteMatch | None] = route.matches or (None,)
        for match in matches:
            if match is None or (
                holds_at(match.audience, bundle.gateway) and on_ports(match, bundle)
            ):
                tests = () if match is None else match.requests.tests
                asked = [t for t in tests if t.part is not Part.SERVICE_PORT]
                found.append(alternative(number, match or route, asked))
    return sorted(found, key=lambda one: one.everything)


def on_ports(match: RouteMatch, bundle: Bundle) -> bool:
    """Whether a rule that may ask for ports of listeners holds on one of the bundle's."""
    asked = [test for test in match.requests.tests if test.part is Part.SERVICE_PORT]
    ports = {str(port) for port in bundle.ports}
    return all(
        ports.intersection(t.value.text for t in test.any_of if isinstance(t.value, Pattern))
        for test in asked
    )


def frame_of(bundle: Bundle) -> RouteTable:
    """The table without its rules: bound to the gateway by name, port and listener."""
    first = bundle.tables[0]
    space, _, name = bundle.gateway.partition("/")
    gateway = bundle.doors[0].listener.gateway
    every = (*bundle.tables, *bundle.alike)
    audiences = [t.attachment.audience for t in every if t.attachment.audience is not None]
    named_so = [n for a in audiences for n in a.listeners if n.value == bundle.gateway]
    everywhere = any(host.value.text == ANY.text for host in bundle.hosts)
    spent: list[Traced[object]] = [*bundle.hosts] if everywhere else []
    for table in every:
        spent.extend((table.trail, table.name, *traced(table.attachment.subject)))
    for table in bundle.alike:
        spent.extend((*table.hosts, *traced(table.routes)))
    for audience in audiences:
        spent.extend((audience.trail, *audience.namespaces))
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=derived(space, [gateway, *named_so]),
        name=derived(name, [gateway, *named_so]),
        trail=trail("the gateway", because=gateway.because),
    )
    sections = tuple(_section(bundle, d.listener.name) for d in bundle.doors)
    ports = {d.listener.port.value: d.listener.port for d in bundle.doors}
    return replace(
        first,
        attachment=Attachment(
            subject=subject,
            ports=tuple(named(ServicePort(n), port) for n, port in ports.items()),
            audience=Audience(
                reach=Reach.LISTENERS, listeners=sections, trail=trail("by the gateway")
            ),
            enforced_at=EnforcedAt.GATEWAY,
        ),
        hosts=() if everywhere else bundle.hosts,
        order=Order.SPECIFICITY,
        no_match=NoMatch.NOT_FOUND,
        trail=derived(first.trail.value, spent),
    )


def _section(bundle: Bundle, name: Traced[str] | None) -> Traced[str]:
    """``namespace/gateway/listener``."""
    if name is None:
        raise TypeError(bundle)
    return derived(f"{bundle.gateway}/{name.value}", (name,))


def _name(bundle: Bundle, number: int, names: Names) -> str:
    first = bundle.tables[0]
    home = "" if first.home is None else first.home.value
    parts = [first.name.value, str(number + 1) if number else ""]
    return names.take("HTTPRoute", home, name_of(*parts))
