"""``loadBalancer`` of a traffic policy: algorithm, hash, locality, slow start.

istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go ``applyLoadBalancer``,
pilot/pkg/networking/core/loadbalancer/loadbalancer.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.attachment import Attachment
from ir.provenance import Traced, Trail, absorb, derived
from ir.resilience import LoadBalancing
from translator.importers.istio.virtual_service_scope import duration, empties
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

ALGORITHMS = {
    "UNSPECIFIED": "least_request",
    "LEAST_CONN": "least_request",
    "LEAST_REQUEST": "least_request",
    "RANDOM": "random",
    "ROUND_ROBIN": "round_robin",
    "PASSTHROUGH": "passthrough",
}
"""Words of ``loadBalancer.simple``; ``passthrough`` is the address that the client dialled."""

_HASHES = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")
_SIDES = ("localityLbSetting", "zoneAwareLbSetting")


def read_balancing(place: Cursor, here: Attachment, meta: Meta) -> LoadBalancing:
    """``loadBalancer``; ``backendUtilization`` is read with what only the source understands."""
    place.only_one("simple", "consistentHash", "backendUtilization")
    node = absorb(meta.fact("loadBalancer"), place.here)
    node = empties(node, place, "consistentHash", "warmup", *_SIDES)
    hashed = place.opt_map("consistentHash")
    key = table = None
    if hashed is not None:
        key, node = _hash_key(hashed, node)
        table = _table(hashed)
        node = empties(node, hashed, "ringHash", "maglev")
    warmup = place.opt_map("warmup")
    slow = duration(place, "warmupDurationSecs") if warmup is None else duration(warmup, "duration")
    sentences, aware, node = _localities(place, node)
    return LoadBalancing(
        attachment=here,
        algorithm=place.opt_enum("simple", ALGORITHMS),
        hash_key=key,
        hash_table=table,
        locality_aware=aware,
        localities=sentences,
        warmup=slow,
        warmup_floor=None if warmup is None else warmup.opt_number("minimumPercent"),
        warmup_aggression=None if warmup is None else warmup.opt_number("aggression"),
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
    parts: list[Traced[object]] = [name, place.empty("attributes")]
    text = f"cookie {name.value}"
    for key in ("path", "ttl"):
        value = place.opt_str(key)
        if value is not None:
            parts.append(value)
            text += f"; {key}={value.value}"
    for item in place.opt_list("attributes"):
        word, value = item.str("name"), item.opt_str("value")
        parts.extend(part for part in (word, value) if part is not None)
        text += f"; {word.value}" + ("" if value is None else f"={value.value}")
    return derived(text, parts)


def _table(place: Cursor) -> Traced[str] | None:
    """Kind and size of the table; a ring of 1024 where nothing is said."""
    ring, maglev = place.opt_map("ringHash"), place.opt_map("maglev")
    sizes = (
        ("ring", place.opt_int("minimumRingSize")),
        ("ring", None if ring is None else ring.opt_int("minimumRingSize")),
        ("maglev", None if maglev is None else maglev.opt_int("tableSize")),
    )
    found = [(kind, size) for kind, size in sizes if size is not None]
    if not found:
        return None
    kind, size = found[-1]
    return derived(f"{kind} {size.value}", [own for _, own in found])


def _localities(
    place: Cursor, node: Trail
) -> tuple[tuple[Traced[str], ...], Traced[bool] | None, Trail]:
    """``localityLbSetting`` and ``zoneAwareLbSetting`` as sentences, and whether they are on."""
    sentences: list[Traced[str]] = []
    aware: Traced[bool] | None = None
    for key in _SIDES:
        setting = place.opt_map(key)
        if setting is None:
            continue
        aware = setting.opt_bool("enabled") or aware
        sentences.extend(_sentences(setting))
        node = empties(node, setting, "distribute", "failover", "failoverPriority")
    return tuple(sentences), aware, node


def _sentences(setting: Cursor) -> Iterator[Traced[str]]:
    for item in setting.opt_list("distribute"):
        start = item.opt_str("from") or Traced("anywhere")
        for goal, share in _entries(item, "to"):
            weight = share.as_int()
            yield derived(f"{weight.value} % from {start.value} to {goal}", (start, weight))
    for item in setting.opt_list("failover"):
        parts = [part for part in map(item.opt_str, ("from", "to")) if part is not None]
        yield derived(f"from {' to '.join(part.value for part in parts)} on failure", parts)
    for label in setting.opt_strings("failoverPriority"):
        yield label.map("endpoints with the client's {} first".format)
    smallest = setting.opt_int("minClusterSize")
    if smallest is not None:
        yield smallest.map("from {} endpoints on".format)


def _entries(item: Cursor, key: str) -> tuple[tuple[str, Cursor], ...]:
    found = item.opt_map(key)
    return () if found is None else tuple(found.entries())
