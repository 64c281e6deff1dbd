"""Connections at a gateway: a TLSRoute for each rule by the name in the TLS hello, or one TCPRoute; of datagrams one UDPRoute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.edge import narrower
from ir.match import Part, Pattern, Test
from ir.provenance import Traced, derived, named
from ir.traffic import Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.exporters.gateways.binding import KINDS, Bundle, holds_at
from translator.exporters.gateways.tables import frame_of, on_ports
from translator.exporters.naming import name_of
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.rules import delivered
from translator.exporters.routes.tables import Scene

_ADVICE = "Write the route by hand, or give these connections a host or a port of their own."


def stream_tables(bundle: Bundle, scene: Scene) -> tuple[RouteTable, ...]:
    """The route objects of a bundle of TLS or TCP tables, each with one rule.

    Raises:
        Unreachable: a rule asks for something else than the name, or no winner is certain.
    """
    frame = frame_of(bundle)
    hosts = tuple(host for table in bundle.tables for host in table.hosts)
    frame = replace(frame, trail=derived(frame.trail.value, (frame.trail, *bundle.hosts, *hosts)))
    found: list[RouteTable] = []
    taken: list[Pattern] = []
    for table in bundle.tables:
        for route in table.routes:
            here = [m for m in route.matches if holds_at(m.audience, bundle.gateway)]
            here = [m for m in here if on_ports(m, bundle)]
            if route.matches and not here:
                continue
            names = _names(here, bundle, table.protocol)
            if any(narrower(own.value, other) for own in names for other in taken) or (
                found and not names
            ):
                reason = "several rules are for one name"
                raise Unreachable("MM202", reason, _ADVICE)
            taken.extend(name.value for name in names)
            scene.reached.note(route, *here)
            made = delivered(_plain(route, here), frame, scene.subsets)
            name = scene.names.take(KINDS[table.protocol], _home(table), name_of(table.name.value))
            found.append(
                replace(frame, name=named(name, table.name), hosts=tuple(names), routes=(made,))
            )
    if not found:
        raise Unreachable("MM510", "none of its rules is for this gateway")
    return tuple(found)


def _home(table: RouteTable) -> str:
    return "" if table.home is None else table.home.value


def _plain(route: Route, here: list[RouteMatch]) -> Route:
    """The rule without its matches, which its host names say, and without its name."""
    spent: list[Traced[object]] = [value for match in here for value in traced(match)]
    own = () if route.name is None else (route.name,)
    node = derived(route.trail.value, (route.trail, *own, *spent))
    return replace(route, name=None, matches=(), trail=node)


def _names(matches: list[RouteMatch], bundle: Bundle, protocol: Protocol) -> list[Traced[Pattern]]:
    """The names that the rule is for, each within those of the bundle."""
    tests = [test for match in matches for test in match.requests.tests]
    for test in tests:
        if test.part not in (Part.SERVER_NAME, Part.SERVICE_PORT):
            reason = f"the {test.part.value.replace('_', ' ')} cannot be asked of a connection"
            raise Unreachable("MM201", reason, _ADVICE)
    if protocol in (Protocol.TCP, Protocol.UDP):
        return []
    asked = list(_patterns(tests)) or list(bundle.hosts)
    found: dict[str, Traced[Pattern]] = {}
    for term in asked:
        for host in bundle.hosts:
            pattern = narrower(term.value, host.value)
            if pattern is not None:
                found[f"{pattern.kind} {pattern.text}"] = derived(pattern, (term, host))
    if any(not one.value.text for one in found.values()) or not found:
        raise Unreachable("MM201", "a TLSRoute must name hosts", _ADVICE)
    return list(found.values())


def _patterns(tests: list[Test]) -> Iterator[Traced[Pattern]]:
    for test in tests:
        if test.part is Part.SERVER_NAME:
            for term in test.any_of:
                if isinstance(term.value, Pattern):
                    yield derived(term.value, (term,))
