"""``networking.istio.io`` DestinationRule: subsets of a host's endpoints, and their clients' ways.

istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go, 1.31. A whole number 0 that is no
wrapper type means "not set". ``tls``, ``portLevelSettings``, ``tunnel`` and the like stay unread.
"""

from __future__ import annotations

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import equal_to
from ir.provenance import Traced, Trail, absorb
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers
from translator.importers.istio.model import DestinationRule, Policy, Subset
from translator.importers.istio.virtual_service_scope import duration, empties, read_created
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.source.leaves import below, leaf_ref

ALGORITHMS = {
    "UNSPECIFIED": "least_request",
    "LEAST_CONN": "least_request",
    "LEAST_REQUEST": "least_request",
    "RANDOM": "random",
    "ROUND_ROBIN": "round_robin",
    "PASSTHROUGH": "passthrough",
}
"""Words of ``loadBalancer.simple``; ``passthrough`` is the address that the client dialled."""

_BLOCKS = ("connectionPool", "loadBalancer", "outlierDetection")
_HASHES = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")


def read_destination_rule(root: Cursor, meta: Meta) -> DestinationRule:
    """The rule as written; not read where it is for some client workloads only.

    Raises:
        InputError: there is no ``host``, or a field has a type that the API server refuses.
    """
    created = read_created(root)
    node = meta.fact("DestinationRule")
    spec = root.opt_map("spec")
    if spec is None or spec.has("workloadSelector"):
        number = root.resource.document.number
        leaves = () if spec is None else tuple(leaf_ref(number, n) for n in below(spec.node))
        return DestinationRule(
            meta=meta, created=created, host=Traced(""), not_read=tuple(sorted(leaves)), trail=node
        )
    host = spec.str("host")
    return DestinationRule(
        meta=meta,
        created=created,
        host=host,
        export_to=spec.opt_strings("exportTo"),
        subsets=tuple(_subset(item, meta) for item in spec.opt_list("subsets")),
        policy=_policy(spec, meta),
        trail=empties(node, spec, "exportTo", "subsets"),
    )


def _subset(item: Cursor, meta: Meta) -> Subset:
    """Labels that are left out select all endpoints."""
    found = item.opt_map("labels")
    entries = item.opt_string_map("labels")
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    if found is not None and not entries:
        origin = found.leaf
    name = item.str("name")
    return Subset(
        name=name,
        labels=Traced(equal_to({key: value.value for key, value in entries}), origin),
        policy=_policy(item, meta),
        trail=meta.fact(f"subset {name.value}"),
    )


def _policy(owner: Cursor, meta: Meta) -> Policy | None:
    """``trafficPolicy``, block by block; its subject is a stand-in until hosts are resolved."""
    place = owner.opt_map("trafficPolicy")
    if place is None:
        return None
    here = Attachment(
        subject=Subject(scope=Scope.SERVICE, trail=meta.fact("subject")),
        enforced_at=EnforcedAt.CLIENT,
    )
    node = absorb(meta.fact(place.path), place.here)
    limits, balancing, outliers = (place.opt_map(key) for key in _BLOCKS)
    return Policy(
        limits=None if limits is None else _limits(limits, here, meta),
        balancing=None if balancing is None else _balancing(balancing, here, meta),
        outliers=None if outliers is None else _outliers(outliers, here, meta),
        more=any(key not in _BLOCKS for key in place.keys()),  # noqa: SIM118  # no mapping
        trail=node,
    )


def _limits(place: Cursor, here: Attachment, meta: Meta) -> ConnectionLimits:
    """``connectionPool``. The HTTP idle time counts; that of TCP only where it is not given."""
    node = empties(absorb(meta.fact("connectionPool"), place.here), place, "tcp", "http")
    tcp, http = place.opt_map("tcp"), place.opt_map("http")
    connections, node = _number(tcp, "maxConnections", node)
    pending, node = _number(http, "http1MaxPendingRequests", node)
    requests, node = _number(http, "http2MaxRequests", node)
    per_connection, node = _number(http, "maxRequestsPerConnection", node)
    retries, node = _number(http, "maxRetries", node)
    idle = None if http is None else duration(http, "idleTimeout")
    if idle is None and tcp is not None:
        idle = tcp.opt_duration("idleTimeout")
    return ConnectionLimits(
        attachment=here,
        max_connections=connections,
        max_pending_requests=pending,
        max_requests=requests,
        max_requests_per_connection=per_connection,
        max_retries=retries,
        connect_timeout=None if tcp is None else duration(tcp, "connectTimeout"),
        idle_timeout=idle,
        trail=node,
    )


def _number(place: Cursor | None, key: str, node: Trail) -> tuple[Traced[int] | None, Trail]:
    """A whole number; 0 is "not set" and goes into the trail."""
    value = None if place is None else place.opt_int(key)
    if value is None or value.value:
        return value, node
    return None, absorb(node, value)


def _balancing(place: Cursor, here: Attachment, meta: Meta) -> LoadBalancing:
    place.only_one("simple", "consistentHash", "backendUtilization")
    node = empties(absorb(meta.fact("loadBalancer"), place.here), place, "consistentHash")
    hashed = place.opt_map("consistentHash")
    key = None
    if hashed is not None:
        key, node = _hash_key(hashed, node)
    return LoadBalancing(
        attachment=here,
        algorithm=place.opt_enum("simple", ALGORITHMS),
        hash_key=key,
        trail=node,
    )


def _hash_key(place: Cursor, node: Trail) -> tuple[Traced[str] | None, Trail]:
    """What tells requests apart: ``header x``, ``cookie x``, ``source address``, ``query x``."""
    match place.only_one(*_HASHES):
        case "httpHeaderName":
            return place.str("httpHeaderName").map("header {}".format), node
        case "httpQueryParameterName":
            return place.str("httpQueryParameterName").map("query {}".format), node
        case "useSourceIp":
            found = place.at("useSourceIp").as_bool()
            return (
                (found.derive("source address"), node)
                if found.value
                else (None, absorb(node, found))
            )
        case "httpCookie":
            return _cookie(place.map("httpCookie")), node
        case _:
            return None, node


def _cookie(place: Cursor) -> Traced[str]:
    """A cookie with ``ttl`` is made where a request has none; without, it is only read."""
    name = place.str("name")
    parts: list[Traced[object]] = [name]
    text = f"cookie {name.value}"
    for key in ("path", "ttl"):
        value = place.opt_str(key)
        if value is not None:
            parts.append(value)
            text += f"; {key}={value.value}"
    return name.derive(text, *parts[1:])


def _outliers(place: Cursor, here: Attachment, meta: Meta) -> Outliers:
    """``outlierDetection``: the block switches it on, however empty it is.

    Local failures count only where ``splitExternalLocalOriginErrors`` tells them apart.
    """
    node = absorb(meta.fact("outlierDetection"), place.here)
    split = place.opt_bool("splitExternalLocalOriginErrors")
    if split is not None:
        node = absorb(node, split)
    local = place.opt_int("consecutiveLocalOriginFailures")
    if local is not None and (split is None or not split.value):
        node = absorb(node, local)
        local = None
    most, node = _number(place, "maxEjectionPercent", node)
    return Outliers(
        attachment=here,
        consecutive_errors=place.opt_int("consecutive5xxErrors"),
        consecutive_gateway_errors=place.opt_int("consecutiveGatewayErrors"),
        consecutive_local_errors=local,
        interval=duration(place, "interval"),
        ejection_time=duration(place, "baseEjectionTime"),
        max_ejection_percent=most,
        min_health_percent=place.opt_int("minHealthPercent"),
        trail=node,
    )
