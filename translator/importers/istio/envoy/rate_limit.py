"""A local rate limit in the form that is documented, told apart from all that only looks like one.

The form: https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/ (a filter put in front of the others, its
bucket there or on the routes of one port). Fields: envoyproxy/envoy
api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto, 1.37. Where a patch is matched:
istio/istio pilot/pkg/networking/core/envoyfilter/{listener_patch.go,rc_patch.go}, 1.31.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

from ir.attachment import ServicePort, WorkloadPort
from ir.provenance import Traced
from translator.errors import InputError
from translator.importers.istio.model.extensions import Bucket, Limit
from translator.source.cursor import Cursor

TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_STRUCTS = ("udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct")
_MANAGER = "envoy.filters.network.http_connection_manager"
_ROUTERS = ("envoy.filters.http.router", "envoy.router")
_VHOST = re.compile(r"inbound\|http\|([1-9]\d*)")
_DURATION = re.compile(r"\d+(?:\.\d+)?s")
_DENOMINATORS: Mapping[str, int] = {"HUNDRED": 100, "TEN_THOUSAND": 10**4, "MILLION": 10**6}
_SHORTEST = 0.05
"""Seconds; Envoy refuses a bucket that is filled more often."""
_FIRST_ERROR = 400
_MORE = ("descriptors", "rate_limits")
"""Buckets for requests of one kind, and what tells the kind: a request needs a token of the common bucket too."""


class Unlike(Exception):  # noqa: N818  # says that a form is another one; nobody's error
    """The patch is not of the documented form: what it does is not known."""


def read_limit(patch: Cursor) -> Limit | None:
    """What the patch says of a limit; ``None``: it is of another form, so that it may do anything.

    All of a patch is understood or nothing is: an unknown field may turn the limit into another one.
    """
    try:
        applies_to = patch.str("applyTo").value
        change = _only(patch.map("patch"), "operation", "value")
        match = _only(patch.map("match"), "context", "listener", "route_configuration")
        if match.str("context").value != "SIDECAR_INBOUND":
            return None
        value, operation = change.map("value"), change.str("operation").value
        if applies_to == "HTTP_FILTER" and operation in ("INSERT_BEFORE", "INSERT_FIRST"):
            return _filter(value, match)
        if applies_to in ("HTTP_ROUTE", "VIRTUAL_HOST") and operation == "MERGE":
            return _route(value, match)
    except (InputError, Unlike):
        return None
    return None


def _filter(value: Cursor, match: Cursor) -> Limit:
    """The filter itself. ``portNumber`` is compared with the workload's port, whatever the API's comment says."""
    _only(value, "name", "typed_config")
    port: Traced[WorkloadPort | ServicePort] | None = None
    if match.has("route_configuration") or match.has("routeConfiguration"):
        raise Unlike
    listener = match.opt_map("listener")
    if listener is not None:
        _only(listener, "port_number", "filter_chain")
        port = _workload_port(listener)
        chain = _opt_map(listener, "filter_chain")
        if chain is not None:
            _manager(chain)
    bucket, more = _settings(_map(value, "typed_config"))
    name = value.str("name").value
    return Limit(filter=name, on_routes=False, port=port, bucket=bucket, more=more)


def _manager(chain: Cursor) -> None:
    """Every chain that reads HTTP, at its head or before its last filter, which is always there."""
    _only(chain, "filter")
    name = chain.opt_map("filter")
    if name is None:
        return
    _only(name, "name", "sub_filter")
    inner = _opt_map(name, "sub_filter")
    if name.str("name").value != _MANAGER:
        raise Unlike
    if inner is not None and _only(inner, "name").str("name").value not in _ROUTERS:
        raise Unlike


def _route(value: Cursor, match: Cursor) -> Limit:
    """What the routes of one port, or of all, say in the place of the filter."""
    _only(value, "typed_per_filter_config", "route", "rate_limits")
    action = value.opt_map("route")
    lists = value if action is None else _only(action, "rate_limits")
    configs = _map(value, "typed_per_filter_config")
    if match.has("listener") or len(configs.keys()) != 1:
        raise Unlike
    (name,) = configs.keys()
    port: Traced[WorkloadPort | ServicePort] | None = None
    routes = _opt_map(match, "route_configuration")
    if routes is not None:
        _only(routes, "port_number", "vhost")
        port = _workload_port(routes)
        host = routes.opt_map("vhost")
        if host is not None:
            _only(host, "name", "route")
            port = _of_host(host) if port is None else _raise()
            route = host.opt_map("route")
            if route is not None and _only(route, "action").str("action").value != "ANY":
                raise Unlike
    bucket, more = _settings(configs.map(name))
    more = (*more, *_leaves(lists, "rate_limits"))
    return Limit(filter=name, on_routes=True, port=port, bucket=bucket, more=more)


def _of_host(host: Cursor) -> Traced[WorkloadPort | ServicePort] | None:
    """The service's port in the name of a virtual host (``inbound|http|9080``)."""
    name = host.opt_str("name")
    if name is None:
        return None
    found = _VHOST.fullmatch(name.value)
    if found is None:
        raise Unlike
    return Traced(ServicePort(int(found[1])), name.origin)


def _workload_port(place: Cursor) -> Traced[WorkloadPort | ServicePort] | None:
    found = _opt(place, "port_number")
    return None if found is None else Traced(WorkloadPort(found.as_int().value), found.leaf)


def _settings(config: Cursor) -> tuple[Bucket | None, tuple[int, ...]]:
    """The settings, said plainly or as a struct with a type beside it: the bucket for all, leaves of others."""
    kind = config.str("@type").value.rpartition("/")[2]
    if kind in _STRUCTS:
        _only(config, "@type", "type_url", "value")
        kind = _at(config, "type_url").as_str().value.rpartition("/")[2]
        config = config.map("value")
    if kind != TYPE:
        raise Unlike
    more = tuple(leaf for name in _MORE for leaf in _leaves(config, name))
    return _bucket(config), more


def _leaves(place: Cursor, name: str) -> tuple[int, ...]:
    found = _opt(place, name)
    return () if found is None else found.leaves()


def _bucket(config: Cursor) -> Bucket | None:
    """The bucket; ``None`` where none is stated, or no request is held to it."""
    _only(config, "@type", "stat_prefix", "token_bucket", "filter_enabled", "filter_enforced", "status",
          "response_headers_to_add", "enable_x_ratelimit_headers", "rate_limited_as_resource_exhausted",
          "always_consume_default_token_bucket", *_MORE)  # fmt: skip
    always = _opt(config, "always_consume_default_token_bucket")
    if always is not None and not always.as_bool().value:
        raise Unlike
    enabled, enforced = (_share(config, f"filter_{word}") for word in ("enabled", "enforced"))
    bucket = _opt_map(config, "token_bucket")
    if bucket is None or 0 in (enabled, enforced):
        return None
    if enabled < 1 or enforced < 1:
        raise Unlike
    _only(bucket, "max_tokens", "tokens_per_fill", "fill_interval")
    burst = _at(bucket, "max_tokens").as_int()
    interval = _at(bucket, "fill_interval")
    seconds = interval.as_duration()
    tokens = _opt(bucket, "tokens_per_fill")
    requests = Traced(1) if tokens is None else tokens.as_int()
    written = interval.as_str().value
    if min(burst.value, requests.value) < 1 or not _DURATION.fullmatch(written):
        raise Unlike
    if seconds.value < _SHORTEST:
        raise Unlike
    return Bucket(
        requests=requests,
        seconds=seconds,
        burst=burst,
        status=_status(config),
        reply=tuple(_reply(config)),
    )


def _share(config: Cursor, name: str) -> Fraction:
    """The share of requests that is held to the bucket: none where nothing is said."""
    place = _opt_map(config, name)
    if place is None:
        return Fraction(0)
    _only(place, "runtime_key", "default_value")
    share = _opt_map(place, "default_value")
    if share is None:
        return Fraction(0)
    _only(share, "numerator", "denominator")
    above = share.opt_int("numerator")
    below = share.opt_enum("denominator", _DENOMINATORS)
    return Fraction(
        0 if above is None else above.value,
        _DENOMINATORS["HUNDRED"] if below is None else below.value,
    )


def _status(config: Cursor) -> Traced[int] | None:
    """The status of a refusal; Envoy takes 429 for one below 400."""
    place = config.opt_map("status")
    if place is None:
        return None
    code = _only(place, "code").int("code")
    return code if code.value >= _FIRST_ERROR else Traced(429, code.origin)


def _reply(config: Cursor) -> list[Traced[str]]:
    """What is added to answers, as a whole: nothing of it decides on a request."""
    found: list[Traced[str]] = []
    for name, what in (
        ("response_headers_to_add", "headers of its own on refusals"),
        ("enable_x_ratelimit_headers", "x-ratelimit headers on all answers"),
        ("rate_limited_as_resource_exhausted", "RESOURCE_EXHAUSTED to gRPC clients"),
    ):
        place = _opt(config, name)
        if place is not None:
            found.append(Traced(what, place.leaves()))
    return found


# --- either spelling: protobuf takes names of fields in snake case and in camel case --------------------------------


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _only(place: Cursor, *names: str) -> Cursor:
    """The place, if it has no other fields than these."""
    known = {*names, *map(_camel, names)}
    keys = set(place.keys())
    if keys - known or any(name in keys and _camel(name) in keys - {name} for name in names):
        raise Unlike
    return place


def _opt(place: Cursor, name: str) -> Cursor | None:
    return place.opt(name) or place.opt(_camel(name))


def _at(place: Cursor, name: str) -> Cursor:
    found = _opt(place, name)
    return _raise() if found is None else found


def _opt_map(place: Cursor, name: str) -> Cursor | None:
    return place.opt_map(name) or place.opt_map(_camel(name))


def _map(place: Cursor, name: str) -> Cursor:
    found = _opt_map(place, name)
    return _raise() if found is None else found


def _raise() -> NoReturn:
    raise Unlike
