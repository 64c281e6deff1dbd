"""Which rules of a VirtualService the sidecars hold, and which the gateways.

istio/istio pilot/pkg/networking/core/route/route.go ``BuildHTTPRoutesForVirtualService`` and
``sourceMatchHTTP``, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Audience, Reach
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, absorb
from ir.traffic import Route, RouteMatch
from translator.importers.istio.link.leaves import Idle, in_order, leaves_in
from translator.importers.istio.model import VirtualService
from translator.resources.kubernetes.metadata import Meta

_MESH = "mesh"
_ELSEWHERE = (
    "a match that names gateways holds on those of them that have the VirtualService, "
    "and does not look at the client"
)


@dataclass(frozen=True, slots=True)
class Surface:
    """Proxies that hold the rules: all sidecars, or the gateways ``names`` (``namespace/name``).

    For the sidecars ``names`` is the word ``mesh``, where it is written.
    """

    mesh: bool
    names: tuple[Traced[str], ...]
    routes: tuple[Route, ...]


def surfaces(service: VirtualService) -> tuple[tuple[Surface, ...], tuple[Idle, ...]]:
    """The surfaces of a VirtualService with their rules, and the rules that none of them holds."""
    names = tuple(gateway_name(name, service.meta) for name in service.gateways)
    words = tuple(name for name in names if name.value == _MESH)
    others = tuple(name for name in names if name.value != _MESH)
    found: list[Surface] = []
    idles: list[Idle] = []
    sides = [(True, words)] if words or not names else []
    sides += [(False, others)] if others else []
    for mesh, own in sides:
        values = [name.value for name in own] or [_MESH]
        visible = [_visible(route, values, service.meta, mesh=mesh) for route in service.http]
        kept, cut = until_everything([route for route in visible if route is not None])
        found.append(Surface(mesh, own, kept))
        idles.extend(cut)
    idles.extend(idle for route in service.http for idle in _elsewhere(route))
    return tuple(found), tuple(idles)


def _elsewhere(route: Route) -> Iterator[Idle]:
    """What no surface holds of a route, or all of it, since its matches name other gateways."""
    bound = [m for m in route.matches if m.audience and m.audience.reach is Reach.LISTENERS]
    whole = (route,) if len(bound) == len(route.matches) else ()
    if bound:
        yield from (Idle(in_order(leaves_in(part)), _ELSEWHERE) for part in (*whole, *bound))


def gateway_name(name: Traced[str], meta: Meta) -> Traced[str]:
    """``namespace/name`` of a gateway given as ``name``, ``./name`` or (old) ``name.space``."""
    text = name.value
    if text == _MESH:
        return name
    own = meta.namespace.value
    if "/" in text:
        space, _, gateway = text.partition("/")
        full = f"{own if space == '.' else space}/{gateway}"
    else:
        gateway, _, rest = text.partition(".")
        full = f"{rest.partition('.')[0] or own}/{gateway}"
    return Traced(full, name.origin, meta.namespace.origin)


def _visible(route: Route, names: Sequence[str], meta: Meta, *, mesh: bool) -> Route | None:
    """The route with the matches that count there; ``None`` where it had some and none is left."""
    if not route.matches:
        return route
    matches = tuple(
        seen
        for match in route.matches
        if (seen := _seen(match, names, meta, mesh=mesh)) is not None
    )
    return replace(route, matches=matches) if matches else None


def _seen(match: RouteMatch, names: Sequence[str], meta: Meta, *, mesh: bool) -> RouteMatch | None:
    audience = match.audience
    if audience is None or audience.reach is not Reach.LISTENERS:
        return match
    asked = (gateway_name(name, meta) for name in audience.listeners)
    here = tuple(name for name in asked if name.value in names)
    if not here:
        return None
    if mesh:
        return replace(match, audience=None, trail=absorb(match.trail, *here, audience.trail))
    narrowed = Audience(reach=Reach.LISTENERS, listeners=here, trail=audience.trail)
    return replace(match, audience=narrowed)


def at_listeners(match: RouteMatch, names: Sequence[str], meta: Meta) -> RouteMatch | None:
    """A match of a connection as the proxies ``names`` hold it: gateways, labels and namespace must all fit.

    ``None`` where it is for other proxies (istio/istio pilot/pkg/networking/core/tls.go ``matchTCP``, 1.31).
    """
    audience = match.audience
    if audience is None or audience.reach is not Reach.LISTENERS:
        return match
    asked = (gateway_name(name, meta) for name in audience.listeners)
    here = tuple(name for name in asked if name.value in names)
    if not here:
        return None
    if _MESH not in names:
        narrowed = replace(audience, listeners=here)
        return replace(match, audience=narrowed)
    rest = replace(audience, reach=_reach(audience), listeners=())
    kept = rest if rest.labels is not None or rest.namespaces else None
    spent = here if kept is not None else (*here, audience.trail)
    return replace(match, audience=kept, trail=absorb(match.trail, *spent))


def _reach(audience: Audience) -> Reach:
    return Reach.NAMESPACES if audience.labels is None else Reach.WORKLOADS


def until_everything(routes: Sequence[Route]) -> tuple[tuple[Route, ...], tuple[Idle, ...]]:
    """The routes up to the first that takes every request of every client, and what comes after."""
    kept: list[Route] = []
    for number, route in enumerate(routes):
        last = next((n for n, m in enumerate(route.matches) if takes_everything(m)), None)
        if route.matches and last is None:
            kept.append(route)
            continue
        matches = () if last is None else route.matches[: last + 1]
        kept.append(replace(route, matches=matches))
        rest = (*route.matches[len(matches) :], *routes[number + 1 :])
        why = "an earlier rule takes every request"
        cut = tuple(Idle(in_order(leaves_in(one)), why, route.trail.value) for one in rest)
        return tuple(kept), cut
    return tuple(kept), ()


def takes_everything(match: RouteMatch) -> bool:
    """Whether the match asks for nothing: no test, or only path prefix ``/`` or regex ``.*``."""
    return match.audience is None and all(
        test.part is Part.PATH and all(_every_path(term.value) for term in test.any_of)
        for test in match.requests.tests
    )


def _every_path(term: object) -> bool:
    if not isinstance(term, Pattern):
        return False
    everything = {PatternKind.PREFIX: ("/", ""), PatternKind.REGEX: (".*",)}
    return term.text in everything.get(term.kind, ())
