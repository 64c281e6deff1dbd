"""What a rule does with its requests, in the words and within the limits of a version of Gateway API.

Limits: config/crd of sigs.k8s.io/gateway-api, 1.6 (16 backends, 16 filters, 16 headers or parameters of a match, 16 items
in each list of header edits); values: its patterns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived
from ir.resilience import Retry, Timeouts
from ir.traffic import (
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Rewrite,
    Route,
    RouteMatch,
    RouteTable,
)
from ir.walk import traced
from translator.api import Loss
from translator.exporters.route_objects import cross_origin, retries
from translator.exporters.route_objects.edition import Edition
from translator.exporters.routes.effects import nowhere
from translator.exporters.routes.headers import HEADER_NAME, LONGEST_VALUE, with_edits
from translator.report.model import Fate, Impact, Severity, Support

MOST = 16
"""Backends of a rule, filters of a rule, tests of a match, edits of one kind."""
_FILTERS_BESIDE_MIRRORS = 5
_MAX_PARAMETER = 1024
_HOST_HEADERS = ("host", ":authority")


def in_edition(
    table: RouteTable, edition: Edition, pinned: Retry | None
) -> tuple[RouteTable, list[Loss]]:
    """The table with rules that the edition can say; ``pinned``: retries where a rule says nothing of them."""
    losses: list[Loss] = []
    routes: list[Route] = []
    for route in table.routes:
        matches, lost = _matches(route)
        losses.extend(lost)
        if route.matches and not matches:
            continue
        said = replace(route, matches=matches)
        if len(route.backends) > MOST:
            said = _too_many(said, losses)
        routes.append(_route(said, edition, pinned, losses))
    return replace(table, routes=tuple(routes)), losses


def _route(route: Route, edition: Edition, pinned: Retry | None, losses: list[Loss]) -> Route:
    route = _all_idle(_host_of_headers(route))
    route = replace(
        with_edits(route, losses),
        mirrors=_mirrors(route.mirrors, edition, losses),
        timeouts=_times(route.timeouts, losses),
    )
    if edition.cross_origin:
        route = cross_origin.in_words(route, losses, any_origin=edition.any_origin)
    if edition.retries:
        route = retries.in_words(route, pinned, losses)
    return route


# --- matches ---------------------------------------------------------------------------------------


def _matches(route: Route) -> tuple[tuple[RouteMatch, ...], list[Loss]]:
    kept: list[RouteMatch] = []
    gone: list[tuple[RouteMatch, str, str]] = []
    for match in route.matches:
        why = _unsaid(match)
        if why is None:
            kept.append(match)
        else:
            gone.append((match, *why))
    if gone and not kept:
        _, code, reason = gone[0]
        return (), [_unasked(tuple(traced(route)), code, reason)]
    return tuple(kept), [_unasked(tuple(traced(m)), code, reason) for m, code, reason in gone]


def _unsaid(match: RouteMatch) -> tuple[str, str] | None:
    """Code and reason why a match cannot be said; ``None`` where it can."""
    tests = match.requests.tests
    for part, most in ((Part.HEADER, LONGEST_VALUE), (Part.QUERY, _MAX_PARAMETER)):
        asked = [test for test in tests if test.part is part]
        if len(asked) > MOST:
            return "MM209", f"it asks for more than {MOST} {part.value} values"
        for test in asked:
            if (
                part is Part.HEADER
                and test.name is not None
                and not HEADER_NAME.match(test.name.value)
            ):
                return "MM201", f'"{test.name.value}" is no name of a header in Gateway API'
            for term in test.any_of:
                if isinstance(term.value, Pattern) and not _fits(term.value, most):
                    return "MM201", f"an empty or overlong {part.value} value cannot be asked for"
    return None


def _fits(pattern: Pattern, most: int) -> bool:
    if pattern.kind is PatternKind.EXACT:
        return 0 < len(pattern.text) <= most
    return len(pattern.text) <= most


def _unasked(sites: tuple[Traced[object], ...], code: str, reason: str) -> Loss:
    return Loss(
        code=code,
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=sites,
        message=f"a match is left out: {reason}. Its requests go to the next rule that matches, or are not found.",
        advice="Write the rule with fewer or other conditions.",
    )


# --- destinations ----------------------------------------------------------------------------------


def _too_many(route: Route, losses: list[Loss]) -> Route:
    """A rule with more destinations than it may have goes nowhere: some of them alone were other shares."""
    rest = replace(route, matches=(), name=None)
    spent = [value for value in traced(rest) if value is not route.trail]
    losses.append(
        Loss(
            code="MM209",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            sites=tuple(spent),
            message=f"a rule has more than {MOST} destinations, which is as many as it may have: its requests are "
            "answered with 500.",
            advice="Put Services of several versions together.",
        )
    )
    return Route(
        name=route.name, matches=route.matches, answer=nowhere(route.trail), trail=route.trail
    )


def _all_idle(route: Route) -> Route:
    """A rule whose destinations all have no share goes nowhere; what it does else is as it was."""
    weights = [one.weight for one in route.backends]
    if not weights or any(weight is None or weight.value for weight in weights):
        return route
    spent = [value for backend in route.backends for value in traced(backend)]
    node = derived(route.trail.value, (route.trail, *spent))
    return replace(route, backends=(), answer=nowhere(route.trail), trail=node)


def _mirrors(mirrors: Sequence[Mirror], edition: Edition, losses: list[Loss]) -> tuple[Mirror, ...]:
    kept: list[Mirror] = []
    for mirror in mirrors:
        reason, support = "", Support.PARTIAL
        if mirror.percent is not None and not edition.shares_of_mirrors:
            reason = "this version mirrors all requests or none"
            support = Support.VERSION
        elif len(kept) >= MOST - _FILTERS_BESIDE_MIRRORS:
            reason = f"a rule has {MOST} filters at most"
        if not reason and edition.whole_percents and mirror.percent is not None:
            mirror, reason = _whole_percent(mirror, losses)  # noqa: PLW2901  # said as it can be
        if not reason:
            kept.append(mirror)
            continue
        losses.append(
            Loss(
                code="MM206",
                impact=Impact.DIFFERENT,
                support=support,
                severity=Severity.MEDIUM,
                sites=tuple(traced(mirror)),
                message=f"a mirror is left out: {reason}.",
                advice=edition.shares_since if support is Support.VERSION else "",
            )
        )
    return tuple(kept)


def _whole_percent(mirror: Mirror, losses: list[Loss]) -> tuple[Mirror, str]:
    """The mirror with its share cut to whole percent, or why nothing of it is left."""
    share = mirror.percent
    if share is None or share.value == int(share.value):
        return mirror, ""
    if share.value < 1:
        return mirror, "a share below one percent is none at all"
    losses.append(
        Loss(
            code="MM206",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=(share,),
            message=f"of the requests {int(share.value)} % are mirrored, not {share.value:g} %: a share is cut to whole "
            "percent.",
        )
    )
    return replace(mirror, percent=share.derive(float(int(share.value)))), ""


# --- headers ---------------------------------------------------------------------------------------


def _host_of_headers(route: Route) -> Route:
    """A request header that is the host is set by a rewrite of the host, as no filter of headers may."""
    for edit in route.header_edits:
        if _sets_host(edit) and edit.value is not None and route.rewrite is None:
            rest = tuple(one for one in route.header_edits if one is not edit)
            node = derived("host", (edit.trail, edit.name))
            return replace(
                route, header_edits=rest, rewrite=Rewrite(authority=edit.value, trail=node)
            )
    return route


def _sets_host(edit: HeaderEdit) -> bool:
    request = edit.side is HeaderSide.REQUEST and edit.action is HeaderAction.SET
    return request and edit.name.value.lower() in _HOST_HEADERS


# --- times -----------------------------------------------------------------------------------------


def _times(times: Timeouts | None, losses: list[Loss]) -> Timeouts | None:
    if times is None:
        return None
    losses.extend(_rounded(value) for value in _odd(times))
    return times


def _rounded(value: Traced[float]) -> Loss:
    return Loss(
        code="MM303",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        sites=(value,),
        message="a time limit is rounded to whole thousandths of a second.",
    )


def _odd(times: Timeouts) -> Iterator[Traced[float]]:
    for value in (times.request, times.per_backend):
        if value is not None and round(value.value * 1000) != value.value * 1000:
            yield value
