"""Routes of the node's proxy (envoyproxy/envoy api/envoy/config/route/v3/route_components.proto, 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced
from ir.resilience import Retry, RetryCondition
from ir.traffic import (
    Destination,
    FixedAnswer,
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Redirect,
    Rewrite,
    Route,
    RouteMatch,
    RouteTable,
)
from translator.api import Said, Tree
from translator.exporters.cilium.write.envoy_cluster import span

_PATHS = {
    PatternKind.EXACT: "path",
    PatternKind.PREFIX: "prefix",
    PatternKind.ELEMENT_PREFIX: "path_separated_prefix",
}
_PSEUDO = {Part.METHOD: ":method", Part.AUTHORITY: ":authority"}
_STATUSES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}
_ACTIONS = {
    HeaderAction.ADD: "APPEND_IF_EXISTS_OR_ADD",
    HeaderAction.SET: "OVERWRITE_IF_EXISTS_OR_ADD",
}
_SHARES = ((100, "HUNDRED"), (10_000, "TEN_THOUSAND"), (1_000_000, "MILLION"))
_EVERY_PATH = "/.*"
"""An expression that is replaced: the whole of any path."""


def routes_of(table: RouteTable) -> Iterator[Tree]:
    """The routes in order, one for each alternative."""
    for route in table.routes:
        for match in route.matches or (None,):
            yield _route(route, match)


def cluster_name(goal: Destination, weight: Traced[int] | None = None) -> Said:
    """The cluster of the endpoints of a Service; ``weight``: of the only destination there is, which gets all."""
    if goal.namespace is None or goal.port is None:
        raise TypeError(goal)
    text = f"{goal.namespace.value}/{goal.name.value}:{goal.port.value.port}"
    share = () if weight is None else (weight,)
    return Said(text, (goal.name, goal.namespace, goal.port, goal.trail, *share))


def _route(route: Route, match: RouteMatch | None) -> Tree:
    tree: dict[str, Tree] = {} if route.name is None else {"name": route.name}
    tree["match"] = _match(route, match)
    if route.redirect is not None:
        tree["redirect"] = _redirect(route.redirect)
    elif route.answer is not None:
        tree["direct_response"] = _answer(route.answer)
    else:
        tree["route"] = _action(route, match)
    tree.update(_edits(route.header_edits))
    return tree


# --- matches ---------------------------------------------------------------------------------------


def _match(route: Route, match: RouteMatch | None) -> Tree:
    node: tuple[Traced[object], ...] = (route.trail,)
    if match is None:
        return {"prefix": Said("/", node)}
    node = (match.trail, match.requests.trail, route.trail)
    path = next((t for t in match.requests.tests if t.part is Part.PATH), None)
    tree: dict[str, Tree] = (
        {"prefix": Said("/", node)} if path is None else dict([_path(path, node)])
    )
    headers, query = (
        [*_tests(match.requests, headers=True)],
        [*_tests(match.requests, headers=False)],
    )
    if headers:
        tree["headers"] = headers
    if query:
        tree["query_parameters"] = query
    return tree


def _path(test: Test, node: tuple[Traced[object], ...]) -> tuple[str, Tree]:
    (term,) = test.any_of
    value = term.value
    if not isinstance(value, Pattern):
        raise TypeError(test)
    text = Said(value.text, (term, test.trail, *node))
    if value.kind is PatternKind.REGEX:
        return "safe_regex", {"regex": text}
    return _PATHS[value.kind], text


def _tests(requests: AllOf, *, headers: bool) -> Iterator[Tree]:
    for test in requests.tests:
        if test.part is not Part.PATH and (test.part is not Part.QUERY) is headers:
            yield _test(test)


def _test(test: Test) -> Tree:
    if test.part in _PSEUDO:
        name: Tree = Said(_PSEUDO[test.part], (test.trail, *test.any_of))
    elif test.name is not None:
        name = test.name
    else:
        raise TypeError(test)
    if not test.any_of:
        if test.presence is None:
            raise TypeError(test)
        return {"name": name, "present_match": Said(True, (test.presence, test.trail))}
    (term,) = test.any_of
    value = term.value
    if not isinstance(value, Pattern):
        raise TypeError(test)
    text = Said(value.text, (term, test.trail))
    regex = value.kind is PatternKind.REGEX
    string: Tree = {"safe_regex": {"regex": text}} if regex else {value.kind.value: text}
    return {"name": name, "string_match": string}


# --- actions ---------------------------------------------------------------------------------------


def _action(route: Route, match: RouteMatch | None) -> Tree:
    tree: dict[str, Tree] = {}
    if len(route.backends) == 1:
        (only,) = route.backends
        tree["cluster"] = cluster_name(only.destination, only.weight)
    else:
        shares: list[Tree] = []
        for one in route.backends:
            weight = Said(1, (one.trail,)) if one.weight is None else one.weight
            shares.append({"name": cluster_name(one.destination), "weight": weight})
        tree["weighted_clusters"] = {"clusters": shares}
    limit = None if route.timeouts is None else route.timeouts.request
    tree["timeout"] = Said("0s", (route.trail,)) if limit is None else limit.map(span)
    if route.retry is not None:
        tree["retry_policy"] = _retry(route.retry)
    if route.rewrite is not None:
        tree.update(_rewrite(route.rewrite, match))
    if route.mirrors:
        tree["request_mirror_policies"] = [_mirror(mirror) for mirror in route.mirrors]
    return tree


def _retry(retry: Retry) -> Tree:
    words = [condition.value.value for condition in retry.conditions]
    if retry.statuses:
        words.append(RetryCondition.LISTED_STATUS.value)
    on = Said(",".join(words), (*retry.conditions, *retry.statuses, retry.trail))
    tree: dict[str, Tree] = {"retry_on": on, "num_retries": retry.attempts}
    if retry.per_try_timeout is not None:
        tree["per_try_timeout"] = retry.per_try_timeout.map(span)
    if retry.statuses:
        tree["retriable_status_codes"] = list(retry.statuses)
    if retry.backoff is not None:
        tree["retry_back_off"] = {"base_interval": retry.backoff.map(span)}
    return tree


def _rewrite(rewrite: Rewrite, match: RouteMatch | None) -> Iterator[tuple[str, Tree]]:
    """The whole of a path that is asked for whole is replaced as a prefix is; of others by an expression."""
    if rewrite.prefix is not None:
        yield "prefix_rewrite", rewrite.prefix
    elif rewrite.path is not None and _is_whole(match):
        yield "prefix_rewrite", rewrite.path
    elif rewrite.path is not None:
        pattern: Tree = {"regex": Said(_EVERY_PATH, (rewrite.path, rewrite.trail))}
        yield "regex_rewrite", {"pattern": pattern, "substitution": rewrite.path}
    elif rewrite.pattern is not None:
        by = (rewrite.pattern, rewrite.trail)
        put: Tree = Said("", by) if rewrite.substitution is None else rewrite.substitution
        pattern = {"regex": Said(rewrite.pattern.value.text, by)}
        yield "regex_rewrite", {"pattern": pattern, "substitution": put}
    if rewrite.authority is not None:
        yield "host_rewrite_literal", rewrite.authority


def _is_whole(match: RouteMatch | None) -> bool:
    """Whether one path alone is asked for."""
    for test in () if match is None else match.requests.tests:
        if test.part is Part.PATH and test.any_of:
            value = test.any_of[0].value
            return isinstance(value, Pattern) and value.kind is PatternKind.EXACT
    return False


def _mirror(mirror: Mirror) -> Tree:
    tree: dict[str, Tree] = {"cluster": cluster_name(mirror.destination)}
    share = mirror.percent
    if share is not None:
        parts = ((round(share.value * of / 100, 6), of, word) for of, word in _SHARES)
        count, _, word = next(
            (one for one in parts if one[0] == int(one[0])),
            (round(share.value * 10_000), 1_000_000, "MILLION"),
        )
        value: Tree = {"numerator": Said(int(count), (share,)), "denominator": Said(word, (share,))}
        tree["runtime_fraction"] = {"default_value": value}
    return tree


def _redirect(redirect: Redirect) -> Tree:
    tree: dict[str, Tree] = {}
    if redirect.scheme is not None:
        tree["scheme_redirect"] = redirect.scheme
    if redirect.authority is not None:
        tree["host_redirect"] = redirect.authority
    if redirect.port is not None:
        tree["port_redirect"] = redirect.port.derive(int(redirect.port.value))
    if redirect.path is not None:
        tree["path_redirect"] = redirect.path
    if redirect.drops_query is not None:
        tree["strip_query"] = redirect.drops_query
    if redirect.status is not None:
        tree["response_code"] = redirect.status.derive(_STATUSES[redirect.status.value])
    return tree


def _answer(answer: FixedAnswer) -> Tree:
    tree: dict[str, Tree] = {"status": answer.status}
    if answer.body is not None:
        tree["body"] = {"inline_string": answer.body}
    return tree


def _edits(edits: Sequence[HeaderEdit]) -> Iterator[tuple[str, Tree]]:
    for side in HeaderSide:
        own = [edit for edit in edits if edit.side is side]
        added: list[Tree] = [_added(e) for e in own if e.action is not HeaderAction.REMOVE]
        gone: list[Tree] = [e.name for e in own if e.action is HeaderAction.REMOVE]
        if added:
            yield f"{side.value}_headers_to_add", added
        if gone:
            yield f"{side.value}_headers_to_remove", gone


def _added(edit: HeaderEdit) -> Tree:
    value: Tree = Said("", (edit.name,)) if edit.value is None else edit.value
    return {
        "header": {"key": edit.name, "value": value},
        "append_action": Said(_ACTIONS[edit.action], (edit.trail, edit.name)),
    }
