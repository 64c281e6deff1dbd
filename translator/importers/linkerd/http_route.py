"""HTTPRoute of ``gateway.networking.k8s.io`` and of ``policy.linkerd.io``, with its annotations.

linkerd2 policy-controller/k8s/index/src/outbound/index/http.rs and .../inbound/index/http.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ir.match import AllOf, Pattern, PatternKind, RegexDialect
from ir.provenance import Traced, absorb, named, silent, trail
from ir.resilience import Timeouts
from ir.traffic import AS_ASKED, Protocol, Route, RouteMatch
from ir.walk import traced
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.annotations import (
    RETRY,
    SINCE,
    TIMEOUT,
    Refused,
    Words,
    is_limit,
    read_http_retry,
    read_timeouts,
)
from translator.importers.linkerd.backends import OWN_GROUP, read_backends
from translator.importers.linkerd.model import HttpRoute
from translator.importers.linkerd.silence import silence
from translator.resources.gateway_api.read import (
    ROUTE_GROUP,
    read_filters,
    read_matches,
    read_parents,
)
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.target import EDGE

FIELD_SINCE = "2.20"
"""Since when ``timeouts.request`` is honoured on the kind of ``gateway.networking.k8s.io`` (linkerd2 pull 14750)."""

ANNOTATIONS = frozenset((*RETRY, *TIMEOUT))
"""Annotations that say what happens to requests."""

_DIALECT = RegexDialect.RUST_SPAN
_NEWER_STATUSES = (303, 307, 308)
_STATUS = "HTTPRoute.spec.rules[].filters[].requestRedirect.statusCode"
T = TypeVar("T")


def http_route_reader(options: Options) -> Callable[[Cursor, Meta], HttpRoute]:
    """The reader of routes for the version that the options name."""

    def read_http_route(root: Cursor, meta: Meta) -> HttpRoute:
        spec = root.map("spec")
        group = root.str("apiVersion").value.rpartition("/")[0]
        own = group == OWN_GROUP
        heeds = own or options.source.at_least(FIELD_SINCE)
        entered = enters(spec)
        spoken = options.source.at_least(SINCE)
        rules = spec.opt_list("rules")
        guarded = tuple(read_matches(rule, _DIALECT) for rule in rules)
        limits = [_limit(rule, own=own, entered=entered) if heeds else None for rule in rules]
        return HttpRoute(
            meta=meta,
            created=read_created(root),
            group=group,
            protocol=Protocol.HTTP,
            parents=tuple(read_parents(spec, OWN_GROUP if own else ROUTE_GROUP)),
            hosts=tuple(read_host(host) for host in spec.opt_strings("hostnames")),
            guarded=guarded or ((),),
            routes=tuple(
                with_redirect(_route(rule, meta, matches, limit), options)
                for rule, matches, limit in zip(rules, guarded, limits, strict=True)
            )
            or (Route(trail=trail("the rule that is there by default")),),
            retry=read_family(root, RETRY, read_http_retry) if spoken else None,
            timeouts=read_family(root, TIMEOUT, read_timeouts) if spoken else None,
            foreign=foreign(rules, meta),
            undecoded=() if options.source.at_least(EDGE) else _newer_statuses(rules, meta),
            trail=absorb(meta.fact("HTTPRoute"), spec.empty("rules"), spec.empty("parentRefs")),
        )

    return read_http_route


def enters(spec: Cursor) -> bool:
    """Whether a route is bound to a gateway, too."""
    kinds = (parent.opt_str("kind") for parent in spec.opt_list("parentRefs"))
    return any(kind is None or kind.value == "Gateway" for kind in kinds)


def foreign(rules: Sequence[Cursor], meta: Meta) -> tuple[int, ...]:
    """The leaves of filters that are not known, for which Linkerd leaves the whole route out."""
    unknown = (item for rule in rules for item in read_filters(rule, meta.namespace).unknown)
    return tuple(leaf for item in unknown for leaf in item.leaves())


def _newer_statuses(rules: Sequence[Cursor], meta: Meta) -> tuple[int, ...]:
    """The leaves of statuses of redirects that came with Gateway API 1.5.

    Linkerd is built against 1.2 until edge-26.8.2 (linkerd2 pull 15567): it cannot decode an object that has one, and goes
    on as if the whole were not there.
    """
    redirects = (read_filters(rule, meta.namespace).redirect for rule in rules)
    statuses = (one.status for one in redirects if one is not None and one.status is not None)
    return tuple(leaf for one in statuses if one.value in _NEWER_STATUSES for leaf in one.origin)


def said_of_requests(route: HttpRoute) -> tuple[int, ...]:
    """The leaves of hosts and rules, less those of filters that are not known."""
    values = (*route.hosts, *(value for rule in route.routes for value in traced(rule)))
    return tuple(sorted({leaf for value in values for leaf in value.origin} - {*route.foreign}))


def read_host(host: Traced[str]) -> Traced[Pattern]:
    """The host, or the hosts below one."""
    if host.value.startswith("*."):
        return host.map(lambda text: Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True))
    return host.map(lambda text: Pattern(PatternKind.EXACT, text, ignore_case=True))


def counts(limit: Cursor, *, own: bool) -> bool:
    """Whether a limit is one: 0 is none, and that of a route of ``gateway.networking.k8s.io`` is a number with one unit."""
    return limit.as_duration().value > 0 if own else is_limit(limit.as_str().value)


def _limit(rule: Cursor, *, own: bool, entered: bool) -> Traced[float] | None:
    """The limit of a rule; at a gateway it is for that to say what it means."""
    times = rule.opt_map("timeouts")
    limit = None if times is None else times.opt("request")
    if limit is None or not (entered or counts(limit, own=own)):
        return None
    return limit.as_duration()


def _route(
    rule: Cursor, meta: Meta, matches: tuple[AllOf, ...], request: Traced[float] | None
) -> Route:
    filters = read_filters(rule, meta.namespace)
    return Route(
        matches=tuple(_alternative(match) for match in matches),
        backends=read_backends(rule, meta.namespace),
        redirect=filters.redirect,
        rewrite=filters.rewrite,
        mirrors=filters.mirrors,
        header_edits=filters.edits,
        timeouts=Timeouts(request=request, trail=trail("timeouts")) if request else None,
        trail=absorb(trail("rule"), rule.here, rule.empty("matches"), rule.empty("backendRefs")),
    )


def with_redirect(route: Route, options: Options) -> Route:
    """The route with what goes without saying of a redirect: its status is 302, its port that of the host asked for.

    The definitions of both kinds fill in the status. To another host or scheme the port stays, and a full path takes the
    place of the query too; a request that would be sent to where it is goes on as if there were no redirect (linkerd2-proxy
    linkerd/http/route/src/http/filter/redirect.rs ``authority``, ``path_and_query``, ``apply``, 2.20).
    """
    redirect = route.redirect
    if redirect is None:
        return route
    port = redirect.port
    if port is None and (redirect.authority is not None or redirect.scheme is not None):
        port = redirect.trail.derive(AS_ASKED)
    status = redirect.status or silent(302, silence(options, _STATUS, "httproute/"))
    path = redirect.path
    dropped = None if path is None or "?" in path.value else named(True, path)
    scheme = None if redirect.scheme is None else redirect.scheme.value
    elsewhere = redirect.authority or redirect.port or scheme not in (None, "http")
    said = replace(
        redirect,
        port=port,
        status=status,
        drops_query=dropped,
        unless_there=None if dropped is None or elsewhere else named(True, dropped),
    )
    return replace(route, redirect=said)


def _alternative(match: AllOf) -> RouteMatch:
    asked = tuple(leaf for value in traced(match) for leaf in value.origin)
    return RouteMatch(requests=match, trail=trail("alternative", because=asked))


def with_effects(route: Route, statement: HttpRoute) -> Route:
    """The route with the time limits and retries of its object; an annotation outranks the field."""
    own, given = route.timeouts, statement.timeouts
    timeouts = own if given is None else given
    if own is not None and given is not None and given.request is None:
        timeouts = replace(given, request=own.request)
    return replace(route, timeouts=timeouts, retry=statement.retry)


def _annotations(root: Cursor) -> Cursor | None:
    return root.map("metadata").opt_map("annotations")


def read_family(root: Cursor, keys: Sequence[str], read: Callable[[Words], T | None]) -> T | None:
    """What a family of annotations says."""
    found = _annotations(root)
    if found is None:
        return None
    given = {key: value for key in keys if (value := found.opt_str(key)) is not None}
    try:
        return read(given)
    except Refused as reason:
        message = f"{reason}."
        raise found.refuse(message) from None
