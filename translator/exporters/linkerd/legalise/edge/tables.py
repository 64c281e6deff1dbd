"""Rules at the doors of a gateway in their legal form: one object for each bundle, in the order of specificity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.language import Opaque
from ir.match import AllOf, Part, Pattern
from ir.provenance import Traced, derived, named, trail
from ir.traffic import Backend, Mirror, NoMatch, Order, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.destinations import Subsets, Unreachable
from translator.exporters.linkerd.legalise.edge.binding import ANY, Bundle, holds_at
from translator.exporters.linkerd.legalise.edge.effects import nowhere
from translator.exporters.linkerd.legalise.edge.prefixes import (
    Spelled,
    all_in_elements,
    as_it_is,
    in_elements,
)
from translator.exporters.linkerd.legalise.edge.specificity import (
    form,
    in_specificity_order,
    on_path,
    outranks,
)
from translator.exporters.linkerd.legalise.rank import Alternative, Contradiction, alternative
from translator.exporters.linkerd.legalise.wording import said_test, spent_by
from translator.exporters.naming import Names, name_of

MAX_RULES, MAX_MATCHES = 16, 64
"""Rules of one route and matches of one rule (Gateway API 1.4); all matches together may be 128."""
_MAX_ALL = 128


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
    ordered = in_specificity_order(list(_shielded(_alternatives(bundle, routes), routes, below)))
    _check_prefixes(ordered, routes)
    frame = frame_of(bundle)
    wanted = sorted({one.route for one in ordered})
    spoken = {number: delivered(routes[number], frame, scene.subsets) for number in wanted}
    parts = _spread(ordered)
    scene.reached.update(id(one.source) for one in ordered)
    scene.reached.update(id(routes[number]) for number in wanted)
    return tuple(
        replace(
            frame,
            name=named(_name(bundle, number, scene.names), *(t.name for t in bundle.tables)),
            routes=tuple(_rule(spoken[group[0].route], group) for group in _groups(part)),
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


def _shielded(
    found: Sequence[Alternative], routes: list[Route], below: Mapping[int, str]
) -> Iterator[Alternative]:
    """The alternatives, and before one that is for what is below a path those that the path itself belongs to.

    Where the path belongs to none, a rule that goes nowhere keeps it out.
    """
    for place, one in enumerate(found):
        path = below.get(id(routes[one.route]))
        if path is not None:
            later = [other for other in found[place + 1 :] if other.paths.accepts(path)]
            plain = next((n for n, other in enumerate(later) if other.plain), None)
            yield from (
                on_path(other, path, one) for other in later[: None if plain is None else plain + 1]
            )
            if plain is None:
                node = derived("nothing is there", (routes[one.route].trail,))
                routes.append(Route(answer=nowhere(node), trail=node))
                bare = replace(one, route=len(routes) - 1, method=None, headers=(), query=())
                yield on_path(bare, path, one)
        yield one


def _check_prefixes(ordered: Sequence[Alternative], routes: Sequence[Route]) -> None:
    """A prefix can be replaced only where the rule asks for that prefix.

    Raises:
        Contradiction: the rule came to ask for another path.
    """
    for one in ordered:
        rewrite = routes[one.route].rewrite
        if (
            rewrite is not None
            and rewrite.prefix is not None
            and form(one)[0] not in ("every", "elements")
        ):
            message = "a rule that was made to fit asks for a regular expression"
            raise Contradiction(message)


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


def delivered(route: Route, table: RouteTable, subsets: Subsets) -> Route:
    """The route with destinations that can be written, those of copies too."""
    made = subsets.route(route, table)
    if route.backends and not made.backends:  # a rule without backends goes to no Service here
        message = f"the port of {route.backends[0].destination.name.value} is not known"
        raise Unreachable(
            "MM203", message, "Write destination.port, or add the Service to the input."
        )
    mirrors: list[Mirror] = []
    for mirror in route.mirrors:
        copy = Backend(destination=mirror.destination, trail=mirror.trail)
        (found,) = subsets.route(replace(route, backends=(copy,)), table).backends
        mirrors.append(replace(mirror, destination=found.destination))
    return replace(made, mirrors=tuple(mirrors))


def _spread(ordered: Sequence[Alternative]) -> list[list[Alternative]]:
    """The alternatives by object, where more than one is needed; between objects rank must decide, not age.

    Raises:
        Unreachable: it would not.
    """
    parts: list[list[Alternative]] = [[]]
    for group in _groups(ordered):
        rules = len(list(_groups(parts[-1])))
        if rules == MAX_RULES or len(parts[-1]) + len(group) > _MAX_ALL:
            parts.append([])
        parts[-1].extend(group)
    for number, part in enumerate(parts):
        later = [one for other in parts[number + 1 :] for one in other]
        if any(not outranks(first, second) for first in part for second in later):
            message = f"its rules are more than one route can have ({MAX_RULES}), and several compete by age"
            raise Unreachable("MM209", message, "Split the host, or write fewer rules.")
    return parts


def _groups(ordered: Sequence[Alternative]) -> Iterator[list[Alternative]]:
    run: list[Alternative] = []
    for one in ordered:
        alone = run and "elements" in (form(run[-1])[0], form(one)[0])
        if run and (run[-1].route != one.route or len(run) == MAX_MATCHES or alone):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _rule(route: Route, group: Sequence[Alternative]) -> Route:
    own = () if route.name is None else (route.name,)
    matches = tuple(_match(one) for one in group)
    spent: list[Traced[object]] = []
    if not any(match.requests.tests for match in matches):
        spent = [value for match in matches for value in traced(match)]
        matches = ()
    node = derived(route.trail.value, (route.trail, *own, *spent))
    return replace(route, name=None, matches=matches, trail=node)


def _match(one: Alternative) -> RouteMatch:
    asks = [one.method, *(a for _, a in one.headers), *(a for _, a in one.query)]
    tests = [said_test(ask) for ask in asks if ask is not None]
    if one.path is not None and form(one)[0] != "every":
        elements = form(one)[0] == "elements"
        tests.insert(0, one.path.test if elements else said_test(one.path))
    source = one.source
    if not isinstance(source, (RouteMatch, Route)):
        raise TypeError(source)
    node = source.trail
    spent = spent_by(source) if isinstance(source, RouteMatch) else [named("match", node)]
    return RouteMatch(
        requests=AllOf(tests=tuple(tests), trail=named("requests", node)),
        trail=derived("match", spent),
    )


def _name(bundle: Bundle, number: int, names: Names) -> str:
    first = bundle.tables[0]
    home = "" if first.home is None else first.home.value
    parts = [first.name.value, str(number + 1) if number else ""]
    return names.take("HTTPRoute", home, name_of(*parts))
