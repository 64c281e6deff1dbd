"""What a route does (envoyproxy/envoy api/envoy/config/route/v3/route_components.proto ``RouteAction``, 1.37).

Recipes: cilium/cilium Documentation/network/servicemesh/envoy-traffic-management.rst, envoy-traffic-shifting.rst and
examples/kubernetes/servicemesh/envoy, 1.20. Backends are clusters, by name, until they are linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.match import Pattern, PatternKind, RegexDialect
from ir.provenance import Traced, absorb, named
from ir.resilience import Retry, RetryCondition
from ir.traffic import FixedAnswer, HeaderAction, HeaderEdit, HeaderSide, Redirect, Rewrite
from translator.importers.cilium.envoy.matches import Taken, expression, read_match
from translator.importers.cilium.envoy.shape import (
    Page,
    Unknown,
    flag,
    get,
    items,
    need,
    number,
    only,
    seconds,
    text,
)
from translator.source.cursor import Cursor

NO_LIMIT = 0.0
EVERY_PATH = "/.*"
"""An expression that is replaced: the whole of any path."""
_CONDITIONS = {
    word.value: word for word in RetryCondition if word is not RetryCondition.RATE_LIMITED
}
_STATUSES = {
    "MOVED_PERMANENTLY": 301,
    "FOUND": 302,
    "SEE_OTHER": 303,
    "TEMPORARY_REDIRECT": 307,
    "PERMANENT_REDIRECT": 308,
}
_PERMANENTLY = 301
"""The status of a redirect that says none (api/envoy/config/route/v3/route_components.proto ``RedirectAction``, 1.36)."""
_SHARES = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
_APPEND = {
    "APPEND_IF_EXISTS_OR_ADD": HeaderAction.ADD,
    "OVERWRITE_IF_EXISTS_OR_ADD": HeaderAction.SET,
}
_EDITS = (
    ("request_headers_to_add", HeaderSide.REQUEST),
    ("response_headers_to_add", HeaderSide.RESPONSE),
)
_REMOVALS = (
    ("request_headers_to_remove", HeaderSide.REQUEST),
    ("response_headers_to_remove", HeaderSide.RESPONSE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A cluster, and what part of the requests (or of their copies, in percent) it gets."""

    cluster: Traced[str]
    weight: Traced[int] | None = None
    percent: Traced[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyRoute:
    """One route; exactly one of ``shares``, ``redirect`` and ``answer`` is given.

    ``timeout`` absent: the proxy's own limit; 0: none.
    """

    taken: Taken
    shares: tuple[Share, ...] = ()
    mirrors: tuple[Share, ...] = ()
    timeout: Traced[float] | None = None
    retry: Retry | None = None
    rewrite: Rewrite | None = None
    redirect: Redirect | None = None
    answer: FixedAnswer | None = None
    edits: tuple[HeaderEdit, ...] = ()


def read_route(place: Cursor, page: Page) -> EnvoyRoute:
    """One route of a virtual host.

    Raises:
        Unknown: it says something that no fact says.
    """
    edits = (*(k for k, _ in _EDITS), *(k for k, _ in _REMOVALS))
    only(place, "name", "match", "route", "redirect", "direct_response", *edits)
    page.hush(get(place, "name"), "the name of a route changes nothing")
    taken = read_match(need(place, "match"), page)
    changed = tuple(_edits(place, page))
    if len({(edit.side, edit.name.value.lower()) for edit in changed}) != len(changed):
        raise Unknown("two edits of one header")
    action, redirect, answer = (get(place, key) for key in ("route", "redirect", "direct_response"))
    if sum(one is not None for one in (action, redirect, answer)) != 1:
        raise Unknown("a route without one action")
    if redirect is not None:
        return EnvoyRoute(taken=taken, redirect=_redirect(redirect, page), edits=changed)
    if answer is not None:
        return EnvoyRoute(taken=taken, answer=_answer(answer, page), edits=changed)
    return _action(need(place, "route"), taken, changed, page)


def _action(place: Cursor, taken: Taken, edits: tuple[HeaderEdit, ...], page: Page) -> EnvoyRoute:
    only(
        place, "cluster", "weighted_clusters", "timeout", "retry_policy", "prefix_rewrite", "regex_rewrite",
        "host_rewrite_literal", "request_mirror_policies",
    )  # fmt: skip
    retry = get(place, "retry_policy")
    shares = tuple(_shares(place))
    if not shares:
        raise Unknown("a route without clusters")
    timeout = seconds(place, "timeout")
    return EnvoyRoute(
        taken=taken,
        shares=shares,
        mirrors=tuple(_mirror(one) for one in items(place, "request_mirror_policies")),
        timeout=timeout,
        retry=None if retry is None else _tries(retry, page),
        rewrite=_rewrite(place, taken, page),
        edits=edits,
    )


def _shares(place: Cursor) -> Iterator[Share]:
    single, several = text(place, "cluster"), get(place, "weighted_clusters")
    if single is not None:
        yield Share(cluster=single)
    if several is not None:
        only(several, "clusters")
        for one in items(several, "clusters"):
            only(one, "name", "weight")
            weight = number(one, "weight")
            if weight is None:
                raise Unknown("a share without a weight")
            yield Share(cluster=need(one, "name").as_str(), weight=weight)


def _mirror(place: Cursor) -> Share:
    only(place, "cluster", "runtime_fraction")
    percent: Traced[float] | None = None
    fraction = get(place, "runtime_fraction")
    if fraction is not None:
        only(fraction, "default_value")
        value = need(fraction, "default_value")
        only(value, "numerator", "denominator")
        part, whole = number(value, "numerator"), text(value, "denominator")
        of = _SHARES.get("HUNDRED" if whole is None else whole.value)
        if of is None:
            raise Unknown("a share of something else")
        count = 0 if part is None else part.value
        leaves = tuple(leaf for one in (part, whole) if one is not None for leaf in one.origin)
        percent = Traced(count * 100.0 / of, leaves)
    return Share(cluster=need(place, "cluster").as_str(), percent=percent)


def _tries(place: Cursor, page: Page) -> Retry | None:
    """The tries, or nothing where they are a piece of their own."""
    try:
        return _retry(place, page)
    except Unknown as reason:
        page.odd.append((str(reason), place.leaves()))
        return None


def _retry(place: Cursor, page: Page) -> Retry:
    """Tries: once, unless a number is given; statuses count where the conditions name them."""
    only(
        place,
        "retry_on",
        "num_retries",
        "per_try_timeout",
        "retriable_status_codes",
        "retry_back_off",
    )
    on = text(place, "retry_on")
    words = [] if on is None else [w.strip() for w in on.value.split(",") if w.strip()]
    odd = [w for w in words if w not in _CONDITIONS]
    if odd or on is None or not words:
        raise Unknown(f"tries on {', '.join(odd) or 'nothing'}")
    listed = RetryCondition.LISTED_STATUS.value in words
    codes = [one.as_int() for one in items(place, "retriable_status_codes")]
    if codes and not listed:
        for one in items(place, "retriable_status_codes"):
            page.hush(one, "statuses count only where retry_on has retriable-status-codes")
        codes = []
    backoff = get(place, "retry_back_off")
    if backoff is not None:
        only(backoff, "base_interval")
    count = number(place, "num_retries")
    return Retry(
        attempts=Traced(1, on.origin) if count is None else count,
        per_try_timeout=seconds(place, "per_try_timeout"),
        conditions=tuple(
            Traced(_CONDITIONS[w], on.origin)
            for w in words
            if _CONDITIONS[w] is not RetryCondition.LISTED_STATUS
        ),
        statuses=tuple(codes),
        backoff=None if backoff is None else seconds(backoff, "base_interval"),
        trail=page.fact("retries", *(on.origin if listed else ())),
    )


def _rewrite(place: Cursor, taken: Taken, page: Page) -> Rewrite | None:
    """A prefix replaces the one that was asked for, and the whole of a path that was asked for whole.

    Of an expression every span that it finds is replaced.
    """
    prefix, host = text(place, "prefix_rewrite"), text(place, "host_rewrite_literal")
    by_regex = get(place, "regex_rewrite")
    if prefix is None and host is None and by_regex is None:
        return None
    pattern = substitution = None
    if by_regex is not None:
        only(by_regex, "pattern", "substitution")
        word = expression(need(by_regex, "pattern"))
        whole = text(by_regex, "substitution")
        if word.value == EVERY_PATH and whole is not None and "\\" not in whole.value:
            put = Traced(whole.value, (*whole.origin, *word.origin))
            return Rewrite(path=put, authority=host, trail=page.fact("rewrite"))
        found = Pattern(PatternKind.REGEX, word.value, dialect=RegexDialect.GO_SEARCH)
        pattern = Traced(found, word.origin)
        substitution = text(by_regex, "substitution")
    by_prefix = taken.path.kind in (PatternKind.PREFIX, PatternKind.ELEMENT_PREFIX)
    return Rewrite(
        path=None if by_prefix else prefix,
        prefix=prefix if by_prefix else None,
        pattern=pattern,
        substitution=substitution,
        authority=host,
        trail=page.fact("rewrite"),
    )


def _redirect(place: Cursor, page: Page) -> Redirect:
    only(
        place, "https_redirect", "scheme_redirect", "host_redirect", "port_redirect", "path_redirect",
        "prefix_rewrite", "response_code", "strip_query",
    )  # fmt: skip
    scheme, secure = text(place, "scheme_redirect"), flag(place, "https_redirect")
    if secure is not None and secure.value:
        scheme = Traced("https", secure.origin)
    port, code = number(place, "port_redirect"), text(place, "response_code")
    if code is not None and code.value not in _STATUSES:
        raise Unknown(f"a redirect by {code.value}")
    path, dropped = text(place, "path_redirect"), flag(place, "strip_query")
    node = page.fact("redirect")
    if dropped is not None and not dropped.value:
        node, dropped = absorb(node, dropped), None
    if dropped is not None and (path is None or "?" in path.value):
        raise Unknown("a redirect without the query that keeps the path, or has its own query")
    return Redirect(
        scheme=scheme,
        authority=text(place, "host_redirect"),
        port=None if port is None else Traced(str(port.value), port.origin),
        path=path,
        drops_query=dropped,
        prefix=text(place, "prefix_rewrite"),
        status=named(_PERMANENTLY, node)
        if code is None
        else Traced(_STATUSES[code.value], code.origin),
        trail=node,
    )


def _answer(place: Cursor, page: Page) -> FixedAnswer:
    only(place, "status", "body")
    body = get(place, "body")
    if body is not None:
        only(body, "inline_string")
    return FixedAnswer(
        status=need(place, "status").as_int(),
        body=None if body is None else text(body, "inline_string"),
        trail=page.fact("answer"),
    )


def _edits(place: Cursor, page: Page) -> Iterator[HeaderEdit]:
    for key, side in _EDITS:
        for one in items(place, key):
            only(one, "header", "append", "append_action")
            header = need(one, "header")
            only(header, "key", "value")
            name, value = need(header, "key").as_str(), text(header, "value")
            if (
                name.value.startswith(":")
                or name.value.lower() == "host"
                or (value and "%" in value.value)
            ):
                raise Unknown(f"an edit of {name.value}")
            node = page.fact("header edit", *_how(one))
            yield HeaderEdit(side=side, action=_action_of(one), name=name, value=value, trail=node)
    for key, side in _REMOVALS:
        for one in items(place, key):
            name = one.as_str()
            yield HeaderEdit(
                side=side, action=HeaderAction.REMOVE, name=name, trail=page.fact("removal")
            )


def _action_of(place: Cursor) -> HeaderAction:
    append, action = flag(place, "append"), text(place, "append_action")
    if action is not None:
        if action.value not in _APPEND or append is not None:
            raise Unknown(f"an edit by {action.value}")
        return _APPEND[action.value]
    return HeaderAction.ADD if append is None or append.value else HeaderAction.SET


def _how(place: Cursor) -> Sequence[int]:
    found = (get(place, key) for key in ("append", "append_action"))
    return [leaf for one in found if one is not None for leaf in one.leaf]
