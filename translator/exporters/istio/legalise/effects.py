"""What rules do with requests, in fields that a VirtualService has.

istio/istio pilot/pkg/networking/core/route/route.go, route/retry/retry.go and pkg/config/validation/virtualservice.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryCondition, Timeouts
from ir.traffic import Redirect, Rewrite, Route, RouteMatch
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.cross_origin import in_cors_words
from translator.report.model import Fate, Impact, Severity, Support

_GATEWAY_STATUSES = (502, 503, 504)
_LONGEST = 1024
"""Bytes of a regular expression (pkg/config/validation/validation.go ``validateStringRegexp``)."""


def in_target_effects(
    route: Route, stated: Route, pinned: Retry | None, *, listed: bool = False
) -> tuple[tuple[Route, ...], list[Loss]]:
    """The rule with effects in the target's words, taken apart where a prefix is replaced; and what was lost.

    ``stated``: the rule as the source has it, with its own prefixes: one of text is replaced as a text, as the target does.
    ``listed``: its order is that of a list, where every path is one below the text ``/``, and else below no element.
    """
    losses: list[Loss] = []
    timeouts, node = _timeouts(route.timeouts, route.trail)
    retry = route.retry
    if retry is None and route.backends:
        retry = pinned
    elif retry is not None:
        retry = _retry(retry, losses)
    cors = in_cors_words(route.cross_origin, losses)
    rewrite = _by_expression(_forwarding(route, losses), losses)
    route = replace(
        route, timeouts=timeouts, retry=retry, cross_origin=cors, rewrite=rewrite, trail=node
    )
    if route.redirect is not None:
        route = replace(route, redirect=_without_query(route.redirect, losses))
    prefixes = [
        p for p in (route.redirect, route.rewrite) if p is not None and p.prefix is not None
    ]
    of_text = any(map(_of_text, stated.matches))
    if not prefixes or of_text or (listed and all(map(_is_every_path, stated.matches))):
        return (route,), losses
    if not route.matches:  # every path is below "/"
        return (_below(route, (), below=True),), losses
    groups: dict[bool, list[RouteMatch]] = {}
    for match in route.matches:
        groups.setdefault(_is_below(match), []).append(match)
    made = (_below(route, matches, below=below) for below, matches in groups.items())
    return tuple(made), losses


def _without_query(redirect: Redirect, losses: list[Loss]) -> Redirect:
    """A redirect that drops the query, which one with an empty query of its own does.

    envoyproxy/envoy source/common/router/config_impl.cc ``RouteEntryImplBase::newUri``, 1.37: the query of ``path_redirect``
    goes before that of the request; the target has no word for ``strip_query``.
    """
    path, dropped = redirect.path, redirect.drops_query
    if path is None or dropped is None or not redirect.loses_query:
        return redirect if dropped is None else replace(redirect, drops_query=None)
    losses.append(
        Loss(
            code="MM204",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=(path, dropped),
            message="a redirect to another path ends in a question mark, by which the query of the request goes, as in the source.",
            doc="https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect",
        )
    )
    return replace(redirect, path=derived(f"{path.value}?", (path, dropped)), drops_query=None)


def _below(route: Route, matches: Sequence[RouteMatch], *, below: bool) -> Route:
    return replace(
        route,
        matches=tuple(matches),
        redirect=_below_redirect(route.redirect, below=below),
        rewrite=_below_rewrite(route.rewrite, below=below),
    )


def _of_text(match: RouteMatch) -> bool:
    """Whether the match is for a prefix of text, whatever elements of the path it ends in."""
    terms = (t for test in match.requests.tests if test.part is Part.PATH for t in test.any_of)
    return any(isinstance(t.value, Pattern) and t.value.kind is PatternKind.PREFIX for t in terms)


def _is_below(match: RouteMatch) -> bool:
    """Whether the match is for what is below a prefix, whose last slash is part of what is replaced."""
    for test in match.requests.tests:
        if test.part is Part.PATH and test.any_of:
            value = test.any_of[0].value
            below = isinstance(value, Pattern) and value.kind is PatternKind.PREFIX
            return below and isinstance(value, Pattern) and value.text.endswith("/")
    return True


def _is_every_path(match: RouteMatch) -> bool:
    return not any(test.part is Part.PATH for test in match.requests.tests)


def _below_redirect(redirect: Redirect | None, *, below: bool) -> Redirect | None:
    if redirect is None or redirect.prefix is None:
        return redirect
    return replace(redirect, prefix=_placed(redirect.prefix, below=below))


def _below_rewrite(rewrite: Rewrite | None, *, below: bool) -> Rewrite | None:
    if rewrite is None or rewrite.prefix is None:
        return rewrite
    return replace(rewrite, prefix=_placed(rewrite.prefix, below=below))


def _placed(prefix: Traced[str], *, below: bool) -> Traced[str]:
    stem = prefix.value.rstrip("/")
    return prefix.derive(f"{stem}/" if below else stem or "/")


def _forwarding(route: Route, losses: list[Loss]) -> Rewrite | None:
    """What is rewritten of requests that are forwarded; the webhook refuses a rewrite beside an answer or a redirect.

    istio/istio pkg/config/validation/virtualservice.go ``validateHTTPRouteConflict``, 1.31.
    """
    if route.rewrite is None or (route.answer is None and route.redirect is None):
        return route.rewrite
    losses.append(
        Loss(
            code="MM205",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            sites=tuple(traced(route.rewrite)),
            message="a rewrite of a rule that forwards nothing changes nothing: it is not written.",
        )
    )
    return None


def _by_expression(rewrite: Rewrite | None, losses: list[Loss]) -> Rewrite | None:
    """A rewrite by a regular expression, which must put something in the place of what it finds.

    istio/istio pkg/config/validation/validation.go ``validateURIRegexRewrite`` and ``validateHTTPRewrite``, 1.31: the webhook
    refuses one that puts nothing there, or is too long, and a rewrite in which nothing is left.
    """
    if rewrite is None or rewrite.pattern is None:
        return rewrite
    put = rewrite.substitution
    if put is not None and put.value and 0 < len(rewrite.pattern.value.text.encode()) <= _LONGEST:
        return rewrite
    rest = replace(rewrite, pattern=None, substitution=None)
    kept = any(one is not None for one in (rest.path, rest.prefix, rest.authority))
    gone = [rewrite.pattern] if put is None else [rewrite.pattern, put]
    losses.append(
        Loss(
            code="MM205",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            sites=tuple(gone if kept else traced(rewrite)),
            message="a rewrite by a regular expression that puts nothing in the place of what it finds, or is longer than "
            f"{_LONGEST} characters, is refused by the target's webhook: it is not written.",
            advice="Give the rewrite something to put in the place of what it finds, or a shorter expression.",
        )
    )
    return rest if kept else None


def _timeouts(timeouts: Timeouts | None, node: Traced[str]) -> tuple[Timeouts | None, Traced[str]]:
    """A limit of 0 is none, and is said by silence."""
    if timeouts is None or timeouts.request is None:
        return (None if timeouts is None else timeouts), node
    if timeouts.request.value > 0:
        return timeouts, node
    return None, derived(node.value, (node, *traced(timeouts)))


def _retry(retry: Retry, losses: list[Loss]) -> Retry:
    """Further tries: what counts as failed is a list of words and statuses."""
    if not retry.attempts.value:
        rest = [v for v in traced(retry) if v is not retry.attempts]
        return Retry(
            attempts=retry.attempts, trail=derived("no further tries", rest or [retry.trail])
        )
    conditions: list[Traced[RetryCondition]] = []
    statuses = list(retry.statuses)
    for condition in retry.conditions:
        match condition.value:
            case RetryCondition.GATEWAY_ANSWER:
                statuses.extend(condition.derive(status) for status in _GATEWAY_STATUSES)
            case RetryCondition.SERVER_ANSWER:
                conditions.append(condition.derive(RetryCondition.SERVER_ERROR))
                losses.append(_also_without_answer(condition))
            case _:
                conditions.append(condition)
    return replace(retry, conditions=tuple(conditions), statuses=tuple(statuses))


def _also_without_answer(condition: Traced[RetryCondition]) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(condition,),
        message="answers of 500 and above are tried again, and so are requests that get no answer at all, which the source "
        "does not try again.",
        why='retryOn "5xx" means both.',
        advice="List the statuses (retryOn: 500,502,503,504) where this matters.",
    )
