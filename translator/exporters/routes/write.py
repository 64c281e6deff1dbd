"""A rule of an HTTPRoute or GRPCRoute from its legal form; what a version does not have is not in it."""

from __future__ import annotations

from dataclasses import replace

from ir.match import Part, Pattern
from ir.traffic import Route, RouteMatch
from translator.api import Said, Tree
from translator.exporters.routes.calls import named_of
from translator.resources.gateway_api.write import (
    backend_tree,
    call_tree,
    cross_origin_filter,
    header_filters,
    match_tree,
    mirror_filter,
    redirect_filter,
    retry_tree,
    rewrite_filter,
    span,
)


def rule_tree(route: Route) -> dict[str, Tree]:
    """One item of ``rules``."""
    node = (route.trail,)
    matches: list[Tree] = [
        match_tree(replace(m.requests, trail=m.trail)) for m in route.matches
    ] or [{"path": {"type": Said("PathPrefix", node), "value": Said("/", node)}}]
    tree: dict[str, Tree] = {} if route.name is None else {"name": route.name}
    tree["matches"] = matches
    filters = filters_of(route)
    if filters:
        tree["filters"] = filters
    if route.backends:
        tree["backendRefs"] = [backend_tree(backend) for backend in route.backends]
    times = _times(route)
    if times:
        tree["timeouts"] = times
    if route.retry is not None:
        tree["retry"] = retry_tree(route.retry)
    return tree


def call_rule_tree(route: Route) -> dict[str, Tree]:
    """One item of ``rules`` of a GRPCRoute."""
    tree: dict[str, Tree] = {} if route.name is None else {"name": route.name}
    if route.matches:
        tree["matches"] = [call_tree_of(match) for match in route.matches]
    filters = filters_of(route)
    if filters:
        tree["filters"] = filters
    tree["backendRefs"] = [backend_tree(backend) for backend in route.backends]
    return tree


def call_tree_of(match: RouteMatch) -> dict[str, Tree]:
    """One item of ``matches`` of a rule of calls."""
    service = method = None
    for test in match.requests.tests:
        if test.part in (Part.PATH, Part.RPC_METHOD):
            (term,) = test.any_of
            if not isinstance(term.value, Pattern):
                raise TypeError(term)
            names = named_of(term.value)
            service, method = (term.derive(word) if word else None for word in names)
    return call_tree(replace(match.requests, trail=match.trail), service, method)


def filters_of(route: Route) -> list[Tree]:
    """The filters of a rule."""
    filters = header_filters(route.header_edits)
    if route.redirect is not None:
        filters.append(redirect_filter(route.redirect))
    if route.rewrite is not None:
        filters.append(rewrite_filter(route.rewrite))
    filters.extend(mirror_filter(mirror) for mirror in route.mirrors)
    if route.cross_origin is not None:
        filters.append(cross_origin_filter(route.cross_origin))
    return filters


def _times(route: Route) -> dict[str, Tree]:
    times: dict[str, Tree] = {}
    if route.timeouts is not None and route.timeouts.request is not None:
        times["request"] = route.timeouts.request.map(span)
    tries = None if route.retry is None else route.retry.per_try_timeout
    if tries is not None:
        times["backendRequest"] = tries.map(span)
    return times
