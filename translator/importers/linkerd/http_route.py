"""HTTPRoute of ``gateway.networking.k8s.io`` and of ``policy.linkerd.io``, with its annotations.

linkerd2 policy-controller/k8s/index/src/outbound/index/http.rs and .../inbound/index/http.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ir.match import AllOf, Pattern, PatternKind, RegexDialect
from ir.provenance import Traced, absorb, trail
from ir.resilience import Retry, RetryCondition, Timeouts
from ir.traffic import Route, RouteMatch
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.model import HttpRoute
from translator.resources.gateway_api.read import (
    ROUTE_GROUP,
    read_backends,
    read_filters,
    read_matches,
    read_parents,
)
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

OWN_GROUP = "policy.linkerd.io"
FIELD_SINCE = "2.20"
"""Since when ``timeouts.request`` is honoured on the kind of ``gateway.networking.k8s.io`` (linkerd2 pull 14750)."""

ANNOTATIONS = frozenset(
    (
        "retry.linkerd.io/limit",
        "retry.linkerd.io/http",
        "retry.linkerd.io/grpc",
        "retry.linkerd.io/timeout",
        "timeout.linkerd.io/request",
        "timeout.linkerd.io/response",
        "timeout.linkerd.io/idle",
    )
)
"""Annotations that say what happens to requests."""

_DIALECT = RegexDialect.RUST_SPAN
_WORDS = {"5xx": RetryCondition.SERVER_ERROR, "gateway-error": RetryCondition.GATEWAY_ERROR}


def http_route_reader(options: Options) -> Callable[[Cursor, Meta], HttpRoute]:
    """The reader of routes for the version that the options name."""

    def read_http_route(root: Cursor, meta: Meta) -> HttpRoute:
        spec = root.map("spec")
        group = root.str("apiVersion").value.rpartition("/")[0]
        own = group == OWN_GROUP
        heeds = own or options.source.at_least(FIELD_SINCE)
        rules = spec.opt_list("rules")
        return HttpRoute(
            meta=meta,
            created=read_created(root),
            group=group,
            parents=tuple(read_parents(spec, OWN_GROUP if own else ROUTE_GROUP)),
            hosts=tuple(_host(host) for host in spec.opt_strings("hostnames")),
            guarded=tuple(read_matches(rule, _DIALECT) for rule in rules) or ((),),
            routes=tuple(_route(rule, meta, heeds=heeds) for rule in rules)
            or (Route(trail=trail("the rule that is there by default")),),
            retry=_retry(root),
            timeouts=_timeouts(root),
            trail=absorb(meta.fact("HTTPRoute"), spec.empty("rules"), spec.empty("parentRefs")),
        )

    return read_http_route


def _host(host: Traced[str]) -> Traced[Pattern]:
    if host.value.startswith("*."):
        return host.map(lambda text: Pattern(PatternKind.SUFFIX, text[1:], ignore_case=True))
    return host.map(lambda text: Pattern(PatternKind.EXACT, text, ignore_case=True))


def _route(rule: Cursor, meta: Meta, *, heeds: bool) -> Route:
    filters = read_filters(rule, meta.namespace)
    times = rule.opt_map("timeouts") if heeds else None
    request = None if times is None else times.opt_duration("request")
    return Route(
        matches=tuple(_alternative(match) for match in read_matches(rule, _DIALECT)),
        backends=read_backends(rule, meta.namespace),
        redirect=filters.redirect,
        rewrite=filters.rewrite,
        mirrors=filters.mirrors,
        header_edits=filters.edits,
        timeouts=Timeouts(request=request, trail=trail("timeouts")) if request else None,
        trail=absorb(trail("rule"), rule.here, rule.empty("matches"), rule.empty("backendRefs")),
    )


def _alternative(match: AllOf) -> RouteMatch:
    return RouteMatch(requests=match, trail=trail("alternative"))


def with_effects(route: Route, statement: HttpRoute) -> Route:
    """The route with the time limits and retries of its object; an annotation outranks the field."""
    own, given = route.timeouts, statement.timeouts
    timeouts = own if given is None else given
    if own is not None and given is not None and given.request is None:
        timeouts = replace(given, request=own.request)
    return replace(route, timeouts=timeouts, retry=statement.retry)


def _annotations(root: Cursor) -> Cursor | None:
    return root.map("metadata").opt_map("annotations")


def _retry(root: Cursor) -> Retry | None:
    """Without a condition nothing is retried; the limit is 1 where only conditions are written."""
    found = _annotations(root)
    if found is None:
        return None
    limit, http = found.opt_str("retry.linkerd.io/limit"), found.opt_str("retry.linkerd.io/http")
    if http is None:
        return None
    if limit is not None and not limit.value.isdigit():
        raise found.refuse(f'retry.linkerd.io/limit: expected a number, found "{limit.value}".')
    conditions: list[Traced[RetryCondition]] = []
    statuses: list[Traced[int]] = []
    for word in http.value.split(","):
        text = word.strip()
        if text in _WORDS:
            conditions.append(http.derive(_WORDS[text]))
        elif text.isdigit():
            statuses.append(http.derive(int(text)))
        else:
            low, _, high = text.partition("-")
            if not (low.isdigit() and high.isdigit()):
                raise found.refuse(f'retry.linkerd.io/http: expected a status, found "{text}".')
            statuses.extend(http.derive(code) for code in range(int(low), int(high) + 1))
    return Retry(
        attempts=Traced(1, (), http.origin) if limit is None else limit.map(int),
        per_try_timeout=found.opt_duration("retry.linkerd.io/timeout"),
        conditions=tuple(conditions),
        statuses=tuple(statuses),
        trail=trail("retries"),
    )


def _timeouts(root: Cursor) -> Timeouts | None:
    found = _annotations(root)
    if found is None:
        return None
    request, response, idle = (
        found.opt_duration(f"timeout.linkerd.io/{what}") for what in ("request", "response", "idle")
    )
    if request is None and response is None and idle is None:
        return None
    return Timeouts(request=request, response=response, idle=idle, trail=trail("timeouts"))
