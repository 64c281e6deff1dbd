"""``cilium.io`` CiliumEnvoyConfig and CiliumClusterwideEnvoyConfig: what the proxy of the node does with a Service.

cilium/cilium pkg/k8s/apis/cilium.io/v2/cec_types.go and pkg/ciliumenvoyconfig/cec_resource_parser.go, 1.20. Of a
configuration all is understood or nothing: what has a listener with one HTTP filter chain, its routes and the clusters of
Services is said as facts, a filter before the router as a piece of its own; the rest is kept whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.match import PathForm
from ir.opaque import Column, Intent
from ir.provenance import Traced
from translator.errors import InputError
from translator.importers.cilium.envoy.clusters import Cluster, read_cluster
from translator.importers.cilium.envoy.routes import EnvoyRoute, read_route
from translator.importers.cilium.envoy.shape import (
    Page,
    Unknown,
    flag,
    get,
    is_type,
    items,
    need,
    only,
    seconds,
    text,
)
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

LISTENER = "envoy.config.listener.v3.Listener"
ROUTES = "envoy.config.route.v3.RouteConfiguration"
CLUSTER = "envoy.config.cluster.v3.Cluster"
_HTTP = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
ROUTER = "envoy.filters.http.router"
"""The name by which the agent finds where its own filter for policies goes: under any other it is left out."""

OWN_WORDS = "cec.cilium.io/"

_ACCESS, _HEADERS, _RESILIENCE, _ROUTING = (
    Column.ACCESS,
    Column.HEADERS,
    Column.RESILIENCE,
    Column.ROUTING,
)
FILTERS: Mapping[str, tuple[Intent, tuple[Column, ...]]] = {
    "local_ratelimit": (Intent.LOCAL_RATE_LIMIT, (_ACCESS, _RESILIENCE)),
    "ratelimit": (Intent.GLOBAL_RATE_LIMIT, (_ACCESS, _RESILIENCE)),
    "jwt_authn": (Intent.TOKEN_CHECK, (_ACCESS, _HEADERS)),
    "oauth2": (Intent.TOKEN_CHECK, (_ACCESS, _HEADERS)),
    "ext_authz": (Intent.EXTERNAL_AUTHORIZATION, (_ACCESS, _HEADERS)),
    "rbac": (Intent.ACCESS_RULES, (_ACCESS,)),
    "cors": (Intent.CROSS_ORIGIN, (_ACCESS, _HEADERS)),
    "grpc_stats": (Intent.STATISTICS, (Column.TELEMETRY,)),
}
"""Filters of which their type says what they may touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A Service whose requests go to the listener; no ``ports``: all of its ports."""

    namespace: Traced[str] | None
    name: Traced[str]
    ports: tuple[Traced[int], ...]
    listener: Traced[str] | None
    pruned: tuple[int, ...] = ()
    """Leaves of fields that belong to the other list, which the API server drops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A filter before the router."""

    kind: str
    intent: Intent
    columns: tuple[Column, ...]
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A listener with its routes."""

    name: str
    routes: tuple[EnvoyRoute, ...]
    path: PathForm
    extras: tuple[Extra, ...]


@dataclass(slots=True, kw_only=True)
class EnvoyConfig:
    """A configuration. ``unknown``: what of it is not understood, so that it is kept whole."""

    meta: Meta
    wide: bool
    fronts: tuple[Front, ...] = ()
    backs: tuple[Front, ...] = ()
    tables: tuple[Table, ...] = ()
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    leaves: tuple[int, ...] = ()
    quiet: tuple[tuple[int, str], ...] = ()
    odd: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Tries that are not understood, with their leaves."""
    unknown: str = ""


def read_envoy_config(root: Cursor, meta: Meta) -> EnvoyConfig:
    """The configuration as written."""
    config = EnvoyConfig(meta=meta, wide=meta.kind.startswith("CiliumClusterwide"))
    spec = root.opt("spec")
    if spec is None:
        config.unknown = "no spec"
        return config
    config.leaves = spec.leaves()
    page = Page(meta)
    words = root.map("metadata").opt_map("annotations")
    try:
        _spec(spec, () if words is None else words.keys(), config, page)
    except (Unknown, InputError) as reason:
        config.unknown = str(reason)
    config.quiet = tuple(page.quiet)
    config.odd = tuple(page.odd)
    return config


def _spec(spec: Cursor, words: Sequence[str], config: EnvoyConfig, page: Page) -> None:
    if any(key.startswith(OWN_WORDS) for key in words):
        raise Unknown("annotations that change how it is built")
    only(spec, "services", "backend_services", "resources")
    config.fronts = tuple(_front(one, "ports", "number") for one in items(spec, "services"))
    config.backs = tuple(_front(one, "number", "ports") for one in items(spec, "backend_services"))
    if not config.fronts:
        raise Unknown("it is for no Service")
    _resources(items(spec, "resources"), config, page)


def _front(place: Cursor, own: str, other: str) -> Front:
    only(place, "name", "namespace", "listener", own, other)
    ports = items(place, own)
    numbers = tuple(_port(one) for one in ports)
    stray = place.opt(other)
    return Front(
        namespace=text(place, "namespace"),
        name=need(place, "name").as_str(),
        ports=numbers,
        listener=text(place, "listener"),
        pruned=() if stray is None else stray.leaves(),
    )


def _port(place: Cursor) -> Traced[int]:
    value = place.as_port()
    if isinstance(value.value, str) and not value.value.isdecimal():
        raise Unknown("a port of a backend by its name")
    return Traced(int(value.value), value.origin)


def _resources(places: Sequence[Cursor], config: EnvoyConfig, page: Page) -> None:
    listeners = [one for one in places if is_type(one, LISTENER)]
    routes = {need(one, "name").as_str().value: one for one in places if is_type(one, ROUTES)}
    clusters = [read_cluster(one, page) for one in places if is_type(one, CLUSTER)]
    if len(listeners) + len(routes) + len(clusters) != len(places):
        raise Unknown("a resource of another kind")
    if len({c.name.value for c in clusters}) != len(clusters):
        raise Unknown("two clusters of one name")
    config.clusters = {c.name.value: c for c in clusters}
    config.tables = tuple(_table(one, routes, page) for one in listeners)


def _table(place: Cursor, routes: Mapping[str, Cursor], page: Page) -> Table:
    only(place, "name", "filter_chains")
    chains = items(place, "filter_chains")
    if len(chains) != 1:
        raise Unknown("a listener with several filter chains")
    only(chains[0], "filters")
    filters = items(chains[0], "filters")
    if len(filters) != 1:
        raise Unknown("a filter besides the one for HTTP")
    (one,) = filters
    only(one, "name", "typed_config")
    page.hush(get(one, "name"), "the name of a filter changes nothing")
    http = need(one, "typed_config")
    if not is_type(http, _HTTP):
        raise Unknown("a listener that does not read HTTP")
    only(
        http, "stat_prefix", "rds", "route_config", "use_remote_address", "skip_xff_append", "http_filters",
        "normalize_path", "merge_slashes", "upgrade_configs", "stream_idle_timeout",
    )  # fmt: skip
    _besides(http, page)
    for key in ("stat_prefix", "use_remote_address", "skip_xff_append"):
        page.hush(
            get(http, key), "it is about names of metrics and the address that a header reports"
        )
    rds, inline = get(http, "rds"), get(http, "route_config")
    if rds is not None:
        only(rds, "route_config_name")
        inline = routes.get(need(rds, "route_config_name").as_str().value)
    if inline is None:
        raise Unknown("routes that are not there")
    return Table(
        name=need(place, "name").as_str().value,
        routes=tuple(_routes(inline, page)),
        path=_form(http),
        extras=tuple(_extras(items(http, "http_filters"))),
    )


_SOCKETS = "websocket"


def _besides(http: Cursor, page: Page) -> None:
    """Connections that become WebSockets, and requests that nobody ends when nothing is said: as elsewhere in a mesh."""
    for one in items(http, "upgrade_configs"):
        only(one, "upgrade_type")
        if need(one, "upgrade_type").as_str().value.lower() != _SOCKETS:
            raise Unknown("upgrades of connections")
    page.hush(get(http, "upgrade_configs"), "other meshes let WebSockets pass too")
    idle = seconds(http, "stream_idle_timeout")
    if idle is not None and idle.value:
        raise Unknown("a time limit for silence")
    page.hush(get(http, "stream_idle_timeout"), "there is no time limit for silence")


def _form(http: Cursor) -> PathForm:
    normal, merged = flag(http, "normalize_path"), flag(http, "merge_slashes")
    if merged is not None and merged.value:
        if normal is None or not normal.value:
            raise Unknown("slashes that are merged in paths that are not brought into normal form")
        return PathForm.MERGED
    return PathForm.NORMAL if normal is not None and normal.value else PathForm.RAW


def _extras(filters: Sequence[Cursor]) -> Iterator[Extra]:
    """The filters before the router, which is the last and has the name by which the agent knows it."""
    if not filters or need(filters[-1], "name").as_str().value != ROUTER:
        raise Unknown(f"no filter is called {ROUTER}, so that policies are not enforced there")
    only(filters[-1], "name", "typed_config")
    last = get(filters[-1], "typed_config")
    if last is not None:
        only(last)
        if not is_type(last, _ROUTER):
            raise Unknown("a router of another type")
    for one in filters[:-1]:
        kind = get(one, "typed_config")
        word = "" if kind is None else (kind.opt_str("@type") or Traced("")).value
        name = (
            word.rpartition("/")[2].removeprefix("envoy.extensions.filters.http.").partition(".")[0]
        )
        if name not in FILTERS:
            raise Unknown(f"the filter {name or need(one, 'name').as_str().value}")
        intent, columns = FILTERS[name]
        yield Extra(kind=name, intent=intent, columns=columns, leaves=one.leaves())


def _routes(place: Cursor, page: Page) -> Iterator[EnvoyRoute]:
    """The routes of the only virtual host, which is for every host."""
    only(place, "name", "virtual_hosts")
    hosts = items(place, "virtual_hosts")
    if len(hosts) != 1:
        raise Unknown("several virtual hosts")
    (host,) = hosts
    only(host, "name", "domains", "routes")
    page.hush(get(host, "name"), "the name of a virtual host changes nothing")
    if [one.as_str().value for one in items(host, "domains")] != ["*"]:
        raise Unknown("routes by host")
    for one in items(host, "routes"):
        yield read_route(one, page)
