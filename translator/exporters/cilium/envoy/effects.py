"""What the node's proxy does with the requests of a route.

envoyproxy/envoy api/envoy/config/route/v3/route_components.proto ``RouteAction``, 1.37. Only what is read back whole is
written: no edit of a header for one of several destinations, no text that the proxy would fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ir.match import PatternKind
from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryCondition
from ir.traffic import Backend, HeaderAction, HeaderEdit, HeaderSide, Rewrite, Route
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.envoy import findings
from translator.exporters.cilium.envoy.matches import Unsayable, path_of
from translator.exporters.routes.effects import nowhere, without_empty_rewrite

T = TypeVar("T")

LONGEST_BODY = 4096
"""Bytes that a fixed answer may have (``max_direct_response_body_size_bytes``)."""
_NAME = re.compile(r"[A-Za-z0-9!#$&'*+\-.^_\x60|~]+\Z")
_PRINTABLE = re.compile(r"[\t\x20-\x7e]*\Z")
_HOST = ("host", ":authority")
_GATEWAY_STATUSES = (502, 503, 504)
_UNSAID = (RetryCondition.RATE_LIMITED, RetryCondition.LISTED_HEADERS)


def in_proxy_words(route: Route, pinned: Retry | None, losses: list[Loss]) -> Route:
    """The route with effects that the proxy has; ``pinned``: further tries where it says nothing of them.

    Raises:
        Unsayable: it replaces a part of the path that the proxy cannot replace alone.
    """
    route = without_empty_rewrite(_all_idle(route))
    for match in route.matches or (None,):
        pattern = None if match is None else path_of(match)
        kind = PatternKind.PREFIX if pattern is None else pattern.kind
        _check_prefix(route.rewrite, kind)
    route = _edited(route, losses)
    if route.answer is not None and route.answer.body is not None:
        body = route.answer.body
        if len(body.value.encode()) > LONGEST_BODY:
            losses.append(findings.no_body(body))
            route = replace(route, answer=replace(route.answer, body=None))
    return _trying(_in_time(route), pinned, losses)


def _check_prefix(rewrite: Rewrite | None, kind: PatternKind) -> None:
    """Of path elements the proxy would leave two slashes where the prefix goes altogether (``prefix_rewrite``)."""
    put = None if rewrite is None else rewrite.prefix
    if put is None or kind is PatternKind.PREFIX:
        return
    if kind is not PatternKind.ELEMENT_PREFIX:
        raise Unsayable("it replaces a prefix and asks for none")
    if put.value.endswith("/"):
        raise Unsayable("it takes a prefix of path elements away")


def _all_idle(route: Route) -> Route:
    """A rule whose destinations all have no share goes nowhere; several without weights share alike."""
    weights = [one.weight for one in route.backends]
    if not weights or any(weight is None or weight.value for weight in weights):
        if len(weights) > 1 and any(weight is None for weight in weights):
            return replace(route, backends=tuple(map(_weighted, route.backends)))
        return route
    spent = [value for backend in route.backends for value in traced(backend)]
    node = derived(route.trail.value, (route.trail, *spent))
    return replace(route, backends=(), answer=nowhere(route.trail), trail=node)


def _weighted(backend: Backend) -> Backend:
    return backend if backend.weight is not None else replace(backend, weight=Traced(1))


# --- headers ---------------------------------------------------------------------------------------


def _edited(route: Route, losses: list[Loss]) -> Route:
    """The route with all edits at the route: those of its only destination too."""
    edits = list(route.header_edits)
    rewrite = route.rewrite
    if len(route.backends) == 1:
        edits.extend(route.backends[0].header_edits)
    else:
        own = (edit for one in route.backends for edit in one.header_edits)
        losses.extend(
            findings.unedited(edit, "it is for one of several destinations") for edit in own
        )
    kept: list[HeaderEdit] = []
    for edit in edits:
        if _sets_host(edit) and edit.value is not None and rewrite is None:
            node = derived("host", (edit.trail, edit.name))
            rewrite = Rewrite(authority=edit.value, trail=node)
            continue
        reason = _why_not(edit, kept)
        if reason:
            losses.append(findings.unedited(edit, reason))
        else:
            kept.append(edit)
    backends = tuple(replace(one, header_edits=()) for one in route.backends)
    return replace(route, header_edits=tuple(kept), rewrite=rewrite, backends=backends)


def _sets_host(edit: HeaderEdit) -> bool:
    request = edit.side is HeaderSide.REQUEST and edit.action is HeaderAction.SET
    return request and edit.name.value.lower() in _HOST


def _why_not(edit: HeaderEdit, before: Sequence[HeaderEdit]) -> str:
    name, value = edit.name.value, "" if edit.value is None else edit.value.value
    if name.lower() in _HOST or not _NAME.match(name):
        return f'"{name}" is no header that the proxy may change'
    if any((one.side, one.name.value.lower()) == (edit.side, name.lower()) for one in before):
        return f'"{name}" is changed by the route already'
    if "%" in value or not _PRINTABLE.match(value):
        return f'the proxy would fill in or refuse the text "{value}"'
    return ""


# --- time and tries --------------------------------------------------------------------------------


def _in_time(route: Route) -> Route:
    """A limit of 0 is none, which is written for every route that has no other."""
    times = route.timeouts
    if times is None or (times.request is not None and times.request.value):
        return route
    node = derived(route.trail.value, (route.trail, *traced(times)))
    return replace(route, timeouts=None, trail=node)


def _trying(route: Route, pinned: Retry | None, losses: list[Loss]) -> Route:
    retry = route.retry
    if retry is None:
        again = None if pinned is None else retry_of(pinned, [])
        return replace(route, retry=again) if again and route.backends else route
    if not retry.attempts.value:
        node = derived(route.trail.value, (route.trail, *traced(retry)))
        return replace(route, retry=None, trail=node)
    return replace(route, retry=retry_of(retry, losses))


def retry_of(retry: Retry, losses: list[Loss]) -> Retry | None:
    """Further tries by the proxy's words and by statuses; ``None`` where nothing is left to try again."""
    conditions: list[Traced[RetryCondition]] = []
    statuses = list(retry.statuses)
    spent: list[Traced[object]] = [retry.trail]
    for condition in retry.conditions:
        match condition.value:
            case RetryCondition.GATEWAY_ANSWER:
                statuses.extend(condition.derive(status) for status in _GATEWAY_STATUSES)
            case RetryCondition.SERVER_ANSWER:
                conditions.append(condition.derive(RetryCondition.SERVER_ERROR))
                losses.append(findings.also_without_answer(condition))
            case RetryCondition.LISTED_STATUS:
                spent.append(condition)
            case word if word in _UNSAID:
                losses.append(findings.no_such_try(condition))
            case _:
                conditions.append(condition)
    if not conditions and not statuses:
        losses.append(findings.never_again(retry))
        return None
    return replace(
        retry,
        conditions=tuple(_once(conditions)),
        statuses=tuple(_once(statuses)),
        trail=derived(retry.trail.value, spent) if len(spent) > 1 else retry.trail,
    )


def _once(values: Sequence[Traced[T]]) -> Iterator[Traced[T]]:
    """Each value once, with the trails of all that say it."""
    for value in dict.fromkeys(one.value for one in values):
        same = [one for one in values if one.value == value]
        yield same[0] if len(same) == 1 else derived(value, same)
