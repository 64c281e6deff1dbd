"""HTTPRoute and GRPCRoute, as the API defines them.

sigs.k8s.io/gateway-api apis/v1/{http,grpc}route_types.go, 1.6. A remote call is a request for the path
``/service/method``; regular expressions are of the data plane's dialect, here taken to be RE2 over the whole string.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.match import AllOf, Part, Pattern, PatternKind, RegexDialect, Test
from ir.opaque import Intent
from ir.provenance import Traced, absorb, derived, silent, trail, united
from ir.resilience import Retry, RetryCondition, Timeouts
from ir.traffic import AS_ASKED, Protocol, Redirect, Route, RouteMatch
from ir.walk import traced
from translator.api import Options
from translator.importers.route_objects.edition import Edition
from translator.importers.route_objects.model import Extension, RouteObject, Rule, Session
from translator.importers.route_objects.silence import silence
from translator.resources.gateway_api.calls import Call, read_calls
from translator.resources.gateway_api.effects import (
    Effects,
    Limits,
    Tries,
    read_effects,
    read_limits,
    read_tries,
)
from translator.resources.gateway_api.hostname import host_pattern
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

_DIALECT = RegexDialect.RE2_FULL
_LISTS = ("parentRefs", "hostnames", "rules")
_OWN_LISTS = ("matches", "backendRefs", "timeouts", "retry")
_ATTEMPTS = 2
"""What Istio takes where no number is given (pilot/pkg/config/kube/gateway, 1.31); the API names none."""


def read_created(root: Cursor) -> Traced[str]:
    """The age of an object: it decides between objects, and there is nothing of it to be placed."""
    found = root.map("metadata").opt("creationTimestamp")
    if found is None or not isinstance(found.node.value, str):
        return Traced("")
    return Traced(found.node.value, (), found.leaf)


def read_route(root: Cursor, meta: Meta, options: Options) -> RouteObject:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    spec = root.map("spec")
    calls = meta.kind == "GRPCRoute"
    rules = tuple(_rule(item, meta, options, calls=calls) for item in spec.opt_list("rules"))
    whole = Rule(route=Route(trail=trail("the rule that is there by default")), references=())
    return RouteObject(
        meta=meta,
        created=read_created(root),
        protocol=Protocol.HTTP,
        calls=calls,
        parents=tuple(read_parents(spec, ROUTE_GROUP)),
        hosts=tuple(host.map(host_pattern) for host in spec.opt_strings("hostnames")),
        rules=rules or (whole,),
        trail=absorb(meta.fact(meta.kind), *(spec.empty(key) for key in _LISTS)),
    )


_ONCE = ("RequestHeaderModifier", "ResponseHeaderModifier")
"""Filters of which a rule has one (rules of the schema of ``HTTPRouteRule.filters``); redirects and rewrites are read so."""


def _check_once(rule: Cursor) -> None:
    """Refuses what the API server refuses.

    Raises:
        InputError: a filter is there twice.
    """
    seen: set[str] = set()
    for item in rule.opt_list("filters"):
        kind = item.str("type").value
        if kind in seen and kind in _ONCE:
            raise item.refuse(
                f"expected one {kind}, found a second. Put its headers into the first."
            )
        seen.add(kind)
        if kind not in _ONCE:
            continue
        for field in _LISTS_BY_NAME:
            _check_names(item.opt_map(kind[0].lower() + kind[1:]), field)


_LISTS_BY_NAME = ("set", "add")


def _check_names(modifier: Cursor | None, field: str) -> None:
    """A list that is a map by name (``x-kubernetes-list-type``)."""
    names: set[str] = set()
    for item in () if modifier is None else modifier.opt_list(field):
        name = item.str("name").value
        if name in names:
            raise item.refuse(
                f'expected each header once, found "{name}" again. Take one of them out.'
            )
        names.add(name)


def _rule(item: Cursor, meta: Meta, options: Options, *, calls: bool) -> Rule:
    edition = Edition(options.source)
    home = Traced(meta.namespace.value, (), meta.because, (), meta.namespace.stated_by)
    pruned = tuple(
        (field, place.leaves())
        for field in ("name", "retry", "sessionPersistence")
        if not edition.has(field) and (place := item.opt(field)) is not None
    )
    _check_once(item)
    effects = read_effects(read_filters(item), home)
    _each_once(effects, item)
    effects, extensions, more = _known(effects, edition)
    gone = {field for field, _ in pruned}
    limits = read_limits(item)
    tries = None if "retry" in gone else read_tries(item)
    node = absorb(trail("rule"), item.here, *(item.empty(key) for key in _OWN_LISTS))
    node = absorb(node, *read_idle_filters(item), *limits.none)
    matches = _calls(item) if calls else iter(read_matches(item, _DIALECT))
    session = None if "sessionPersistence" in gone else read_session(item)
    route = Route(
        name=None if "name" in gone else item.opt_str("name"),
        matches=tuple(RouteMatch(requests=one, trail=trail("alternative")) for one in matches),
        redirect=None if effects.redirect is None else _redirect(effects.redirect, options),
        rewrite=effects.rewrite,
        header_edits=effects.edits,
        mirrors=effects.mirrors,
        cross_origin=effects.cross_origin,
        timeouts=_timeouts(limits, tries),
        retry=None if tries is None else _retry(tries, limits, options),
        trail=node,
    )
    references = read_references(item, home)
    return Rule(
        route=route,
        references=references,
        session=session,
        extensions=(*extensions, *_of_backends(references)),
        pruned=(*pruned, *more),
    )


def _each_once(effects: Effects, item: Cursor) -> None:
    """No header is set, added or removed twice, as the API server sees to.

    Raises:
        InputError: one is (list-map-keys of ``HTTPHeaderFilter``; filters of one rule are not repeated).
    """
    seen: set[tuple[str, str, str]] = set()
    for edit in effects.edits:
        key = (edit.side.value, edit.action.value, edit.name.value.lower())
        if key in seen:
            raise item.refuse(
                f'the {key[0]} header "{edit.name.value}" is edited twice. Take one out.'
            )
        seen.add(key)


def _known(
    effects: Effects, edition: Edition
) -> tuple[Effects, tuple[Extension, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """The effects that the edition has, filters of others, and what is not there."""
    found: list[Extension] = []
    pruned: list[tuple[str, tuple[int, ...]]] = []
    for item in effects.unknown:
        kind = item.str("type").value
        intent = Intent.EXTERNAL_AUTHORIZATION if kind == "ExternalAuth" else Intent.OTHER
        found.append(Extension(kind=kind, intent=intent, leaves=item.leaves()))
    if effects.cross_origin is not None and not edition.has("cors"):
        pruned.append(("cors", _leaves_of(effects.cross_origin)))
        effects = replace(effects, cross_origin=None)
    return effects, tuple(found), tuple(pruned)


def _of_backends(references: Sequence[Reference]) -> Iterator[Extension]:
    """Filters of backends that edit no headers: not every implementation has them (BackendRequestRedirect and such)."""
    for one in references:
        for item in one.unknown:
            kind = f"{item.str('type').value} of a backend"
            yield Extension(kind=kind, intent=Intent.ROUTE, leaves=item.leaves())
        if one.redirect is not None:
            leaves = _leaves_of(one.redirect)
            yield Extension(kind="redirect of a backend", intent=Intent.ROUTE, leaves=leaves)


def _leaves_of(fact: object) -> tuple[int, ...]:
    return united(value.origin for value in traced(fact))


def _calls(item: Cursor) -> Iterator[AllOf]:
    for call in read_calls(item, _DIALECT):
        path = _path(call)
        tests = () if path is None else (Test(part=Part.PATH, any_of=(path,), trail=trail("call")),)
        yield AllOf(tests=(*tests, *call.headers), trail=call.trail)


def _path(call: Call) -> Traced[Pattern] | None:
    """The paths of a call (grpc.io PROTOCOL-HTTP2: ``/service/method``); ``None`` for every call."""
    words = [word for word in (call.service, call.method) if word is not None]
    if not words:
        return None
    if call.kind is not None and call.kind.value is PatternKind.REGEX:
        service = "[^/]+" if call.service is None else call.service.value
        method = ".+" if call.method is None else call.method.value
        pattern = Pattern(PatternKind.REGEX, f"/{service}/{method}", dialect=_DIALECT)
    elif call.method is None:
        pattern = Pattern(PatternKind.PREFIX, f"/{words[0].value}/")
    elif call.service is None:
        pattern = Pattern(PatternKind.REGEX, f"/[^/]+/{call.method.value}", dialect=_DIALECT)
    else:
        pattern = Pattern(PatternKind.EXACT, f"/{call.service.value}/{call.method.value}")
    return derived(pattern, [*words, *(() if call.kind is None else (call.kind,))])


def _redirect(redirect: Redirect, options: Options) -> Redirect:
    """302 by default; without a port it is that of the scheme, and without that too, of the listener."""
    field = "HTTPRoute.spec.rules[].filters[].requestRedirect"
    status = redirect.status or silent(302, silence(options, f"{field}.statusCode"))
    port = redirect.port
    if port is None and redirect.scheme is None:
        port = redirect.trail.derive(AS_ASKED)
    return Redirect(
        scheme=redirect.scheme,
        authority=redirect.authority,
        port=port,
        path=redirect.path,
        prefix=redirect.prefix,
        status=status,
        trail=redirect.trail,
    )


def _timeouts(limits: Limits, tries: Tries | None) -> Timeouts | None:
    """``request`` is for the whole exchange, ``backendRequest`` for each try (GEP-1742)."""
    each = limits.backend if tries is None else None
    if limits.request is None and each is None:
        return None
    return Timeouts(request=limits.request, per_backend=each, trail=trail("timeouts"))


def _retry(tries: Tries, limits: Limits, options: Options) -> Retry:
    """A stanza, even an empty one, asks for another try after a connection that fails (GEP-1731)."""
    field = "HTTPRoute.spec.rules[].retry"
    said = silence(options, field)
    return Retry(
        attempts=tries.attempts or silent(_ATTEMPTS, silence(options, f"{field}.attempts")),
        per_try_timeout=limits.backend,
        conditions=(silent(RetryCondition.RESET, said),),
        statuses=tries.codes,
        backoff=tries.backoff,
        trail=absorb(trail("retries"), tries.place),
    )


def read_session(place: Cursor) -> Session | None:
    """What binds the requests of one session to one endpoint (GEP-1619).

    A cookie without a lifetime of its own is gone with the client; one that is permanent lives for ``absoluteTimeout``. Up to
    1.6 the name stands in ``sessionName`` and the lifetime in ``cookieConfig`` (kubernetes-sigs/gateway-api#4873).
    """
    found = place.opt_map("sessionPersistence")
    if found is None:
        return None
    kind = found.opt_str("type")
    form = "Cookie" if kind is None else kind.value
    inner = found.opt_map(form.lower())
    old = found.opt_map("cookieConfig")
    name = found.opt_str("sessionName") if inner is None else inner.opt_str("name")
    text = f"{form.lower()} {'of the implementation' if name is None else name.value}"
    hard, idle = found.opt_str("absoluteTimeout"), found.opt_str("idleTimeout")
    ends = [] if idle is None else [idle.map("after {} without a request".format)]
    if form == "Cookie":
        path = None if inner is None else inner.opt_str("path")
        told = inner or old
        lifetime = None if told is None else told.opt_str("lifetimeType")
        permanent = lifetime is not None and lifetime.value == "Permanent"
        span = hard.value if permanent and hard is not None else "0s"
        text += f"; path={'/' if path is None else path.value}; ttl={span}"
        hard = None if permanent else hard
    if hard is not None:
        ends.append(hard.map("after {}".format))
    apart = {leaf for end in ends for leaf in end.origin}
    own = tuple(leaf for leaf in found.leaves() if leaf not in apart)
    return Session(key=Traced(text, own), ends=tuple(ends))
