"""HTTPRoute and GRPCRoute of ``gateway.networking.k8s.io``, as Istio reads them.

istio/istio pilot/pkg/config/kube/gateway/conversion.go ``convertHTTPRoute``, 1.31: rules become those of a
VirtualService. A filter of a type that it does not know makes it leave out the whole object; a rule without a backend
that has a share is answered with 500. A remote call is a request for its path, whatever the method of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, Trail, absorb, derived, trail
from ir.resilience import Retry, Timeouts
from ir.traffic import AS_ASKED, Backend, FixedAnswer, Protocol, Redirect, Route, RouteMatch
from ir.walk import rebuild
from translator.importers.istio.defaults import RETRY_CONDITIONS
from translator.importers.istio.model import GatewayRoute, Refused
from translator.importers.istio.virtual_service_scope import read_created
from translator.resources.gateway_api.calls import Call, read_calls
from translator.resources.gateway_api.effects import (
    Limits,
    Tries,
    read_effects,
    read_limits,
    read_tries,
)
from translator.resources.gateway_api.read import (
    ROUTE_GROUP,
    read_filters,
    read_matches,
    read_parents,
)
from translator.resources.gateway_api.references import (
    Reference,
    read_idle_filters,
    read_references,
)
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_NOBODY = 500
_FOUND = 302
_ATTEMPTS = 2
_LISTS = ("parentRefs", "hostnames", "rules")
_OWN_LISTS = ("matches", "backendRefs", "timeouts", "retry", "sessionPersistence")
_SERVICES = (("", "Service"), ("networking.istio.io", "Hostname"))
"""Kinds of backends that the source sends requests to."""
_OF_SEVERAL_CLUSTERS = ("multicluster.x-k8s.io", "ServiceImport")


@dataclass(slots=True)
class Margin:
    """What is noted beside the rules of one object while they are read."""

    home: Traced[str]
    quiet: list[Traced[str]] = field(default_factory=list)
    faults: list[Refused] = field(default_factory=list)

    def note(self, *values: Traced[str] | None) -> None:
        """Notes fields that change no request."""
        self.quiet.extend(value for value in values if value is not None)

    def fault(self, why: str, place: Cursor) -> None:
        """Notes what makes the source leave the whole object out."""
        self.faults.append(Refused(why=why, leaves=place.leaves()))


def read_http_route(root: Cursor, meta: Meta) -> GatewayRoute:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    return _read(root, meta, _requests)


def read_grpc_route(root: Cursor, meta: Meta) -> GatewayRoute:
    """The resource as written; raises as :func:`read_http_route`."""
    return _read(root, meta, _calls)


def _requests(item: Cursor) -> Iterator[AllOf]:
    yield from read_matches(item, RegexDialect.RE2_FULL)


def _calls(item: Cursor) -> Iterator[AllOf]:
    for call in read_calls(item, RegexDialect.RE2_FULL):
        path = _path(call)
        tests = () if path is None else (Test(part=Part.PATH, any_of=(path,), trail=trail("call")),)
        yield AllOf(tests=(*tests, *call.headers), trail=call.trail)


def _path(call: Call) -> Traced[Pattern] | None:
    """``createGRPCURIMatch``: the paths of a call; ``None`` for every call."""
    words = [word for word in (call.service, call.method) if word is not None]
    if not words:
        return None
    regex = call.kind is not None and call.kind.value is PatternKind.REGEX
    dialect = RegexDialect.RE2_FULL
    if regex:
        service = "[^/]+" if call.service is None else call.service.value
        method = ".+" if call.method is None else call.method.value
        pattern = Pattern(PatternKind.REGEX, f"/{service}/{method}", dialect=dialect)
    elif call.method is None:
        pattern = Pattern(PatternKind.PREFIX, f"/{words[0].value}/")
    elif call.service is None:
        text = f"/[^/]+/{call.method.value}"
        pattern = Pattern(PatternKind.REGEX, text, dialect=dialect)
    else:
        pattern = Pattern(PatternKind.EXACT, f"/{call.service.value}/{call.method.value}")
    return derived(pattern, [*words, *(() if call.kind is None else (call.kind,))])


def _read(
    root: Cursor, meta: Meta, matches_of: Callable[[Cursor], Iterator[AllOf]]
) -> GatewayRoute:
    spec = root.map("spec")
    margin = margin_of(meta)
    written = tuple(_rule(item, matches_of(item), margin) for item in spec.opt_list("rules"))
    routes = written or (_answered(Route(trail=trail("the rule that is there by default"))),)
    return GatewayRoute(
        meta=meta,
        created=read_created(root),
        protocol=Protocol.HTTP,
        parents=tuple(read_parents(spec, ROUTE_GROUP)),
        hosts=spec.opt_strings("hostnames"),
        routes=tuple(stated(route, meta) for route in routes),
        quiet=tuple(margin.quiet),
        faults=tuple(margin.faults),
        trail=absorb(meta.fact(meta.kind), *(spec.empty(key) for key in _LISTS)),
    )


def margin_of(meta: Meta) -> Margin:
    """What is noted beside the rules of one object."""
    home = meta.namespace
    return Margin(Traced(home.value, (), meta.because, (), home.stated_by))


def stated(route: Route, meta: Meta) -> Route:
    """The rule with the object that states it as the reason of what no leaf says."""
    return rebuild(route, partial(_stated, meta))


def _stated(meta: Meta, value: Traced[object]) -> Traced[object]:
    """A value of no leaf with the object that states it as its reason."""
    if value.origin or value.because:
        return value
    return replace(value, because=meta.because)


def _rule(item: Cursor, matches: Iterator[AllOf], margin: Margin) -> Route:
    margin.note(item.opt_str("name"))
    affinity = item.opt_map("sessionPersistence")
    if affinity is not None:
        margin.note(Traced("", affinity.leaves()))
    filters = read_filters(item)
    effects = read_effects(filters, margin.home)
    for one in effects.unknown:
        margin.fault("a filter of a type that it does not know", one)
    limits, tries = read_limits(item), read_tries(item)
    node = absorb(trail("rule"), item.here, *(item.empty(key) for key in _OWN_LISTS))
    node = absorb(node, *read_idle_filters(item), *limits.none)
    backends, node = read_shares(read_references(item, margin.home), node, margin)
    route = Route(
        matches=tuple(RouteMatch(requests=one, trail=trail("alternative")) for one in matches),
        backends=backends,
        redirect=None if effects.redirect is None else _redirect(effects.redirect),
        rewrite=effects.rewrite,
        header_edits=effects.edits,
        mirrors=effects.mirrors,
        cross_origin=effects.cross_origin,
        timeouts=_timeouts(limits, tries, margin),
        retry=None if tries is None else _retry(tries, limits),
        trail=node,
    )
    return route if backends or route.redirect is not None else _answered(route)


def _answered(route: Route) -> Route:
    """A rule that has nobody to send requests to."""
    answer = FixedAnswer(status=Traced(_NOBODY), trail=trail("nobody has a share"))
    return replace(route, backends=(), answer=answer)


def read_shares(
    references: Sequence[Reference], node: Trail, margin: Margin
) -> tuple[tuple[Backend, ...], Trail]:
    """The backends that have a share, and the trail of the rule with those that have none."""
    found: list[Backend] = []
    for reference in references:
        backend = reference.backend
        for one in reference.unknown:
            margin.fault("a filter of a backend that edits no headers", one)
        if reference.redirect is not None:
            leaves = reference.redirect.trail.origin
            margin.faults.append(Refused(why="a redirect of a backend", leaves=leaves))
        if backend.weight is not None and not backend.weight.value:
            node = absorb(node, *_spent(backend))
            continue
        if (reference.group, reference.kind) == _OF_SEVERAL_CLUSTERS:
            backend = _to_every_cluster(backend)
        elif (reference.group, reference.kind) not in _SERVICES:
            backend = _to_nobody(reference)
        found.append(backend)
    if len(found) == 1 and found[0].weight is not None:
        only = found[0]
        found = [replace(only, trail=absorb(only.trail, *_weights(only)), weight=None)]
    return tuple(found), node


def _weights(backend: Backend) -> tuple[Traced[int], ...]:
    return () if backend.weight is None else (backend.weight,)


def _spent(backend: Backend) -> list[Traced[object]]:
    place = backend.destination
    values: list[Traced[object]] = [backend.trail, place.name, *_weights(backend)]
    values.extend(one for one in (place.namespace, place.port) if one is not None)
    for edit in backend.header_edits:
        values.extend((edit.trail, edit.name, *(() if edit.value is None else (edit.value,))))
    return values


def _to_every_cluster(backend: Backend) -> Backend:
    """A service of several clusters, by the name that it has in all of them."""
    place = backend.destination
    parts = [place.name, *(() if place.namespace is None else (place.namespace,))]
    name = derived(".".join((*(part.value for part in parts), "svc.clusterset.local")), parts)
    return replace(backend, destination=replace(place, name=name))


def _to_nobody(reference: Reference) -> Backend:
    """A kind of backend that the source does not know: its share is answered with 500."""
    backend = reference.backend
    place = backend.destination
    name = place.name.map(lambda text: f"{reference.kind.lower()}.{text}.invalid")
    return replace(backend, destination=replace(place, name=name))


def _redirect(redirect: Redirect) -> Redirect:
    """Without a port it is that of the request, unless the scheme is given; without a status it is 302."""
    status = redirect.status or Traced(_FOUND)
    port = redirect.port
    if port is None and redirect.scheme is None:
        port = Traced(AS_ASKED)
    return replace(redirect, status=status, port=port)


def _timeouts(limits: Limits, tries: Tries | None, margin: Margin) -> Timeouts | None:
    """``backendRequest`` is a limit for each try; where nothing is said of tries it takes the place of ``request``."""
    request = limits.request
    if limits.backend is not None and tries is None:
        margin.note(None if request is None else request.derive(""))
        request = limits.backend
    return None if request is None else Timeouts(request=request, trail=trail("timeouts"))


def _retry(tries: Tries, limits: Limits) -> Retry:
    """Tries for the usual reasons and for the statuses that are listed; 2 where no number is given."""
    return Retry(
        attempts=tries.attempts or Traced(_ATTEMPTS),
        per_try_timeout=limits.backend,
        conditions=tuple(Traced(condition) for condition in RETRY_CONDITIONS),
        statuses=tries.codes,
        backoff=tries.backoff,
        trail=absorb(trail("retries"), tries.place),
    )
