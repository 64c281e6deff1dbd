"""Where the requests of a rule go: shares, references that hold nothing, and those that nobody granted.

sigs.k8s.io/gateway-api apis/v1/httproute_types.go ``HTTPRouteRule.BackendRefs``, 1.6: a backend that does not exist, is
of a kind nobody knows or is not granted keeps its share, which is answered with 500; so is a rule without any backend
that has a share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ir.inventory import Inventory, Knowledge
from ir.provenance import Traced, absorb, derived, silent
from ir.traffic import Backend, FixedAnswer, Mirror, Route
from ir.walk import rebuild, traced
from translator.api import Options
from translator.importers.route_objects.grants import Grants
from translator.importers.route_objects.model import RouteObject, Rule
from translator.importers.route_objects.silence import silence
from translator.resources.gateway_api.references import Reference

NOBODY = 500
_SERVICE = ("", "Service")
_OF_CLUSTERS = ("multicluster.x-k8s.io", "ServiceImport")
_FIELD = "HTTPRoute.spec.rules[].backendRefs"


@dataclass(frozen=True, slots=True)
class Scene:
    """What decides whether a reference holds. ``granted``: references across namespaces need a grant here."""

    inventory: Inventory
    grants: Grants
    options: Options
    granted: bool


def routes_of(statement: RouteObject, scene: Scene) -> tuple[Route, ...]:
    """The rules with their backends."""
    routes = (delivered(rule, statement, scene) for rule in statement.rules)
    return tuple(rebuild(route, partial(_stated, statement.meta.because)) for route in routes)


def _stated(because: tuple[int, ...], value: Traced[object]) -> Traced[object]:
    """A value of no leaf with the object that states it as its reason."""
    if value.origin or value.because:
        return value
    return replace(value, because=because)


def delivered(rule: Rule, statement: RouteObject, scene: Scene) -> Route:
    """The rule with the backends that have a share; without any it is answered with 500."""
    route = rule.route
    node = route.trail
    backends: list[Backend] = []
    held = 0
    for one in rule.references:
        weight = one.backend.weight
        if weight is not None and not weight.value:
            node = absorb(node, *_spent(one.backend))
            continue
        made = _held(one, statement, scene)
        held += made is not None
        backends.append(one.backend if made is None else made)
    mirrors = tuple(m for m in route.mirrors if _is_sent(m, statement, scene))
    node = absorb(node, *(v for m in route.mirrors if m not in mirrors for v in traced(m)))
    if route.redirect is not None:
        return replace(route, mirrors=mirrors, trail=absorb(node, *_all_spent(backends)))
    if not held:
        answer = silent(NOBODY, silence(scene.options, _FIELD))
        node = absorb(node, *_all_spent(backends))
        made_up = FixedAnswer(status=answer, trail=node)
        return replace(route, answer=made_up, mirrors=mirrors, trail=node)
    return replace(
        route, backends=_shares(backends, rule, statement, scene), mirrors=mirrors, trail=node
    )


def _shares(
    backends: Sequence[Backend], rule: Rule, statement: RouteObject, scene: Scene
) -> tuple[Backend, ...]:
    """Shares are weights, 1 where none is written; the only backend has all requests."""
    if len(backends) == 1:
        only = backends[0]
        if only.weight is None:
            return (only,)
        return (replace(only, weight=None, trail=absorb(only.trail, only.weight)),)
    by_id = {id(one.backend): one for one in rule.references}
    found = []
    for backend in backends:
        reference = by_id.get(id(backend))
        if reference is not None and _held(reference, statement, scene) is None:
            backend = _to_nobody(reference)  # noqa: PLW2901  # the same share
        weight = backend.weight or silent(1, silence(scene.options, f"{_FIELD}[].weight"))
        found.append(replace(backend, weight=weight))
    return tuple(found)


def _held(one: Reference, statement: RouteObject, scene: Scene) -> Backend | None:
    """The backend with the grant by which it is one; ``None`` where its share is answered with 500."""
    place = one.backend.destination
    if (one.group, one.kind) == _OF_CLUSTERS:
        return _to_every_cluster(one.backend)
    if (one.group, one.kind) != _SERVICE or place.namespace is None:
        return None
    if scene.inventory.knows_service(place.namespace.value, place.name.value) is Knowledge.ABSENT:
        return None
    return _granted(one, place.namespace.value, statement, scene)


def _granted(one: Reference, space: str, statement: RouteObject, scene: Scene) -> Backend | None:
    """The backend with the grant that it needs; ``None`` where there is none."""
    place = one.backend.destination
    kind, home = statement.meta.kind, statement.meta.namespace.value
    by = scene.grants.allowed(kind, home, _SERVICE, space, place.name.value)
    if not scene.granted or by == ():
        return one.backend
    if by is None:
        return None
    named_so = place.name.chosen_by(Traced("", (), by))
    return replace(one.backend, destination=replace(place, name=named_so))


def _to_every_cluster(backend: Backend) -> Backend:
    """A service of several clusters, by the name that it has in all of them (GEP-1748)."""
    place = backend.destination
    parts = [place.name, *(() if place.namespace is None else (place.namespace,))]
    name = derived(".".join((*(part.value for part in parts), "svc.clusterset.local")), parts)
    return replace(backend, destination=replace(place, namespace=None, name=name))


def _to_nobody(reference: Reference) -> Backend:
    """A share that is answered with 500: it goes to a name that nothing has."""
    backend = reference.backend
    place = backend.destination
    parents = [place.name, *(() if place.namespace is None else (place.namespace,))]
    text = ".".join((reference.kind.lower(), *(part.value for part in parents), "invalid"))
    wrong = replace(place, namespace=None, port=None, name=derived(text, parents))
    node = backend.trail if place.port is None else absorb(backend.trail, place.port)
    return replace(backend, destination=wrong, trail=node)


def _is_sent(mirror: Mirror, statement: RouteObject, scene: Scene) -> bool:
    """Whether copies are sent: none go to a backend that is not granted."""
    place = mirror.destination
    space = "" if place.namespace is None else place.namespace.value
    kind, home = statement.meta.kind, statement.meta.namespace.value
    return not scene.granted or (
        scene.grants.allowed(kind, home, _SERVICE, space, place.name.value) is not None
    )


def _all_spent(backends: Sequence[Backend]) -> list[Traced[object]]:
    return [value for backend in backends for value in _spent(backend)]


def _spent(backend: Backend) -> list[Traced[object]]:
    place = backend.destination
    values: list[Traced[object]] = [backend.trail, place.trail, place.name]
    values.extend(one for one in (backend.weight, place.namespace, place.port) if one is not None)
    for edit in backend.header_edits:
        values.extend((edit.trail, edit.name, *(() if edit.value is None else (edit.value,))))
    return values
