"""``gateway.networking.k8s.io`` routes on a Service or an EgressNetwork: where clients' requests and connections go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ir.attachment import Scope, ServicePort
from ir.match import AllOf, Pattern, PatternKind
from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryCondition
from ir.traffic import AS_DIALLED, Backend, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.write.authorization import POLICY
from translator.exporters.routes.write import call_rule_tree
from translator.resources.gateway_api.write import (
    GATEWAY_API,
    GATEWAY_API_ALPHA,
    backend_tree,
    duration,
    header_filters,
    match_tree,
    redirect_filter,
)
from translator.target import Target

FIELD_SINCE = "2.20"
"""Since when the field ``timeouts.request`` is honoured on this kind (linkerd2 pull 14750)."""
ANNOTATIONS_SINCE = "2.16"
"""Since when routes of this kind have annotations for it; before, only those of the target's own group heed it."""
NOBODY = ".invalid"
"""The end of the name of a backend that nobody serves."""
_SERVICE = ".service"
_ANY_PORT = 80
"""The port of a Service that is not there: it must have one."""
OWN_API = "policy.linkerd.io/v1beta3"
"""The group and version of the target's own HTTPRoute that has time limits (since 2.14)."""


def write_routes(table: RouteTable, target: Target) -> Manifest:
    """The route object of a table."""
    if table.protocol in (Protocol.TLS, Protocol.TCP):
        return write_connections(table)
    if table.protocol is Protocol.GRPC:
        return write_calls(table)
    return write_route_table(table, target)


def write_calls(table: RouteTable) -> Manifest:
    """The GRPCRoute of a table (heeded since 2.16)."""
    home, parent, node = _frame(table)
    spec: dict[str, Tree] = {"parentRefs": [parent]}
    if table.hosts:
        spec["hostnames"] = [host.map(_server_name) for host in table.hosts]
    spec["rules"] = [_call_rule(route, parent) for route in table.routes]
    metadata: dict[str, Tree] = {"namespace": home}
    annotations = annotations_of(table, by_field=False)
    if annotations:
        metadata["annotations"] = {**annotations}
    return Manifest(
        api_version=GATEWAY_API,
        kind="GRPCRoute",
        namespace=home.value,
        name=table.name.value,
        tree={"metadata": metadata, "spec": spec},
        purpose=(*node, *(route.trail for route in table.routes)),
    )


def _call_rule(route: Route, parent: dict[str, Tree]) -> Tree:
    tree = call_rule_tree(route)
    tree.pop("backendRefs", None)
    tree.update(_backends(route, parent, route.trail))
    return tree or Said({}, (route.trail,))


def write_route_table(table: RouteTable, target: Target) -> Manifest:
    """The HTTPRoute of a table: in the service's namespace, or in its clients'. Of two groups, the one that heeds it."""
    home, parent, node = _frame(table)
    spec: dict[str, Tree] = {"parentRefs": [parent]}
    if table.hosts:
        spec["hostnames"] = [host.map(_server_name) for host in table.hosts]
    own = not target.at_least(FIELD_SINCE) and _needs_field(table, target)
    by_field = own or target.at_least(FIELD_SINCE)
    spec["rules"] = [_rule(route, parent, by_field=by_field) for route in table.routes]
    metadata: dict[str, Tree] = {"namespace": home}
    annotations = annotations_of(table, by_field=by_field)
    if annotations:
        metadata["annotations"] = {**annotations}
    return Manifest(
        api_version=OWN_API if own else GATEWAY_API,
        kind="HTTPRoute",
        namespace=home.value,
        name=table.name.value,
        tree={"metadata": metadata, "spec": spec},
        purpose=node,
    )


def _needs_field(table: RouteTable, target: Target) -> bool:
    """Whether annotations cannot say the limits of rules, where the version has none or rules have limits of their own."""
    if not target.at_least(ANNOTATIONS_SINCE):
        return any(route.timeouts for route in table.routes)
    times = [route.timeouts for route in table.routes if route.redirect is None]
    limits = [None if one is None or one.request is None else one.request.value for one in times]
    return len(set(limits)) > 1


def write_connections(table: RouteTable) -> Manifest:
    """The TLSRoute or TCPRoute of a table with one rule; Linkerd reads both as ``v1alpha2`` (policy-controller/k8s/api)."""
    home, parent, node = _frame(table)
    (rule,) = table.routes
    spec: dict[str, Tree] = {"parentRefs": [parent]}
    names = [term for m in rule.matches for test in m.requests.tests for term in test.any_of]
    if names:
        spec["hostnames"] = [name.map(_server_name) for name in names]
    refs: list[Tree] = [_backend(b, parent, node) for b in rule.backends]
    spec["rules"] = [{"backendRefs": refs} if refs else Said({}, (rule.trail,))]
    return Manifest(
        api_version=GATEWAY_API_ALPHA,
        kind="TLSRoute" if table.protocol is Protocol.TLS else "TCPRoute",
        namespace=home.value,
        name=table.name.value,
        tree={"metadata": {"namespace": home}, "spec": spec},
        purpose=(*node, rule.trail),
    )


def _backends(route: Route, parent: dict[str, Tree], node: Traced[str]) -> dict[str, Tree]:
    """The backends of a rule; one without, or whose backend names no port, goes to its parent."""
    if all(_is_parent(backend) for backend in route.backends):
        return {}
    return {"backendRefs": [_backend(b, parent, (node,)) for b in route.backends]}


def _is_parent(backend: Backend) -> bool:
    place = backend.destination
    if place.namespace is None:
        return place.name.value == AS_DIALLED
    return place.port is None and not place.name.value.endswith(NOBODY)


def _backend(
    backend: Backend, parent: dict[str, Tree], node: tuple[Traced[str], ...]
) -> dict[str, Tree]:
    """The backend; what goes on as it was dialled goes to the network that is the parent."""
    place = backend.destination
    if place.name.value.endswith(NOBODY):
        return _of_nobody(backend)
    if place.name.value != AS_DIALLED:
        return backend_tree(backend)
    said = (*node, *traced(backend))
    tree: dict[str, Tree] = {
        key: Said(_constant(parent[key]), said) for key in ("group", "kind", "name", "namespace")
    }
    return tree if backend.weight is None else {**tree, "weight": backend.weight}


def _of_nobody(backend: Backend) -> dict[str, Tree]:
    """A backend that nobody serves, so that its share fails: a Service that is not there, or another kind of object."""
    place = backend.destination
    said = (place.name, place.trail, backend.trail)
    first, _, rest = place.name.value.removesuffix(NOBODY).partition(".")
    group, kind = POLICY, "EgressNetwork"
    space: Tree | None = place.namespace
    port: Tree | None = None if place.port is None else place.port.map(_number)
    if rest.endswith(_SERVICE):
        group, kind = "", "Service"
        space = Said(rest.removesuffix(_SERVICE), said)
        port = port or Said(_ANY_PORT, said)
    elif rest != kind.lower():
        kind, _, group = rest.partition(".")
    tree: dict[str, Tree] = {
        "group": Said(group, said),
        "kind": Said(kind, said),
        "name": Said(first, said),
    }
    if space is not None:
        tree["namespace"] = space
    if port is not None:
        tree["port"] = port
    tree["weight"] = Said(1, said) if backend.weight is None else backend.weight
    return tree


def _constant(tree: Tree) -> str:
    if not isinstance(tree, (Said, Traced)):
        raise TypeError(tree)
    return str(tree.value)


def _server_name(term: object) -> str:
    if not isinstance(term, Pattern):
        raise TypeError(term)
    return f"*{term.text}" if term.kind is PatternKind.SUFFIX else term.text


def _frame(
    table: RouteTable,
) -> tuple[Traced[str], dict[str, Tree], tuple[Traced[str], ...]]:
    """The namespace of the object, its parent, and what both say."""
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None:
        raise TypeError(table)
    audience = table.attachment.audience
    home = audience.namespaces[0] if audience is not None else subject.namespace
    node = (table.trail,)
    outside = subject.scope is Scope.EGRESS
    parent: dict[str, Tree] = {
        "group": Said(POLICY if outside else "", node),
        "kind": Said("EgressNetwork" if outside else "Service", node),
        "name": subject.name,
        "namespace": subject.namespace,
    }
    if table.attachment.ports:
        parent["port"] = table.attachment.ports[0].map(_number)
    return home, parent, node


def _number(port: object) -> int:
    if not isinstance(port, ServicePort):
        raise TypeError(port)
    return port.port


def _rule(route: Route, parent: dict[str, Tree], *, by_field: bool) -> dict[str, Tree]:
    node = (route.trail,)
    matches: list[Tree] = [match_tree(_with_trail(m.requests, m.trail)) for m in route.matches] or [
        {"path": {"type": Said("PathPrefix", node), "value": Said("/", node)}}
    ]
    tree: dict[str, Tree] = {"matches": matches}
    filters = header_filters(route.header_edits)
    if route.redirect is not None:
        filters.append(redirect_filter(route.redirect))
    if filters:
        tree["filters"] = filters
    tree.update(_backends(route, parent, route.trail))
    if by_field and route.timeouts is not None and route.timeouts.request is not None:
        tree["timeouts"] = {"request": route.timeouts.request.map(duration)}
    return tree


def _with_trail(requests: object, trail: Traced[str]) -> AllOf:
    if not isinstance(requests, AllOf):
        raise TypeError(requests)
    return replace(requests, trail=trail)


def annotations_of(table: RouteTable, *, by_field: bool) -> dict[str, Traced[str]]:
    """Retries and time limits of the object: those of its rules, which are all the same."""
    found: dict[str, Traced[str]] = {}
    retries = [r.retry for r in table.routes if r.retry is not None]
    if retries:
        found.update(_retry(retries[0], retries))
    times = [r.timeouts for r in table.routes if r.timeouts is not None]
    limits = {
        "request": [] if by_field else [t.request for t in times if t.request is not None],
        "response": [t.response for t in times if t.response is not None],
        "idle": [t.idle for t in times if t.idle is not None],
    }
    for word, stated in limits.items():
        if stated:
            found[f"timeout.linkerd.io/{word}"] = derived(duration(stated[0].value), stated)
    return found


_WORDS = {RetryCondition.SERVER_ANSWER: "5xx", RetryCondition.GATEWAY_ANSWER: "gateway-error"}
"""Conditions that have a word; streams that are refused are tried again without one."""
_CALLS = (
    RetryCondition.GRPC_CANCELLED,
    RetryCondition.GRPC_DEADLINE_EXCEEDED,
    RetryCondition.GRPC_INTERNAL,
    RetryCondition.GRPC_RESOURCE_EXHAUSTED,
    RetryCondition.GRPC_UNAVAILABLE,
)
"""Conditions of calls, which are words themselves."""


def _retry(first: Retry, alike: list[Retry]) -> dict[str, Traced[str]]:
    spoken: list[Traced[object]] = []
    called: list[Traced[object]] = []
    silent: list[Traced[object]] = []
    for retry in alike:
        for condition in retry.conditions:
            of_calls = condition.value in _CALLS
            (called if of_calls else spoken if condition.value in _WORDS else silent).append(
                condition
            )
        spoken.extend(retry.statuses)
    limit = derived(str(first.attempts.value), [*(r.attempts for r in alike), *silent])
    tree: dict[str, Traced[str]] = {"retry.linkerd.io/limit": limit}
    words = [_WORDS[c.value] for c in first.conditions if c.value in _WORDS]
    words.extend(_runs(status.value for status in first.statuses))
    if words:
        tree["retry.linkerd.io/http"] = derived(",".join(dict.fromkeys(words)), spoken)
    calls = [c.value.value for c in first.conditions if c.value in _CALLS]
    if calls:
        tree["retry.linkerd.io/grpc"] = derived(",".join(calls), called)
    limits = [r.per_try_timeout for r in alike if r.per_try_timeout is not None]
    if limits:
        tree["retry.linkerd.io/timeout"] = derived(duration(limits[0].value), limits)
    return tree


_FEW = 3
"""Statuses that are listed one by one."""


def _runs(statuses: Iterable[int]) -> Iterator[str]:
    """Statuses in their order, many that follow each other as a range."""
    run: list[int] = []
    for status in (*statuses, None):
        if run and (status is None or status != run[-1] + 1):
            many = len(run) > _FEW
            yield from [f"{run[0]}-{run[-1]}"] if many else map(str, run)
            run = []
        if status is not None:
            run.append(status)
