"""The endpoints of a Service as the proxy's own cluster, and how it treats them.

envoyproxy/envoy api/envoy/config/cluster/v3/{cluster,circuit_breaker,outlier_detection}.proto, 1.37; names of endpoints:
cilium/cilium pkg/ciliumenvoyconfig, 1.20: ``namespace/service`` or ``namespace/service:port``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ir.provenance import Traced
from translator.errors import InputError
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

ALGORITHMS = {
    "ROUND_ROBIN": "round_robin",
    "LEAST_REQUEST": "least_request",
    "RANDOM": "random",
}
"""Those that need no hash of a request."""
NO_BOUND = 2**32 - 1
"""The largest number that a limit can be: none at all."""

T = TypeVar("T")
_LIMITS = ("connections", "pending_requests", "requests", "retries")
_OUTLIERS = (
    "consecutive_5xx", "consecutive_gateway_failure", "consecutive_local_origin_failure", "max_ejection_percent",
)  # fmt: skip
_ENFORCED = {
    "consecutive_5xx": ("enforcing_consecutive_5xx", 100),
    "consecutive_gateway_failure": ("enforcing_consecutive_gateway_failure", 0),
    "consecutive_local_origin_failure": ("enforcing_consecutive_local_origin_failure", 100),
}
"""What share of the endpoints that failed is left out, by the field that counts, and where nothing says it."""
_ALL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """``outlier_detection``; counts that are not enforced are 0 or absent, as :class:`ir.resilience.Outliers` has it.

    ``split``: connections that fail are counted apart.
    """

    errors: Traced[int] | None
    gateway_errors: Traced[int] | None
    local_errors: Traced[int] | None
    split: bool
    interval: Traced[float] | None
    first: Traced[float] | None
    longest: Traced[float] | None
    percent: Traced[int] | None
    healthy: Traced[int] | None
    """``healthy_panic_threshold``: where fewer percent are well, all get requests; 0: that is never so."""
    rated: bool
    """Endpoints whose rate of success is far below that of the others are left out too."""
    spent: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """``circuit_breakers`` of requests of the usual priority; ``budget``: percent, and how many are always allowed.

    What is not written is absent, and what is :data:`NO_BOUND` too, whose leaves are ``spent`` then.
    """

    connections: Traced[int] | None
    pending: Traced[int] | None
    requests: Traced[int] | None
    retries: Traced[int] | None
    budget: tuple[Traced[float] | None, Traced[int] | None] | None
    silent: tuple[str, ...]
    """Limits that are not written."""
    spent: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster; ``target``: namespace, name and port (or nothing) of the Service, as one text."""

    name: Traced[str]
    target: Traced[str]
    algorithm: Traced[str] | None
    connect: Traced[float] | None
    bounds: Bounds | None
    ejection: Ejection | None
    odd: tuple[tuple[str, tuple[int, ...]], ...]
    """What of its treatment is not understood, with its leaves."""
    spent: tuple[int, ...]

    @property
    def service(self) -> tuple[str, str]:
        """Namespace and name of the Service."""
        space, _, rest = self.target.value.partition("/")
        return space, rest.partition(":")[0]

    @property
    def port(self) -> int | None:
        """The port of the Service, if one is named."""
        port = self.target.value.partition(":")[2]
        return int(port) if port else None


def read_cluster(place: Cursor, page: Page) -> Cluster:
    """One cluster.

    Raises:
        Unknown: it says something that no fact says, or is no Service.
    """
    only(
        place, "name", "type", "connect_timeout", "lb_policy", "eds_cluster_config", "circuit_breakers",
        "outlier_detection", "common_lb_config", "typed_extension_protocol_options",
    )  # fmt: skip
    kind = text(place, "type")
    if kind is None or kind.value != "EDS":
        raise Unknown("a cluster that is no Service")
    name = need(place, "name").as_str()
    eds = get(place, "eds_cluster_config")
    if eds is not None:
        only(eds, "service_name")
    target = (None if eds is None else text(eds, "service_name")) or name
    space, slash, rest = target.value.partition("/")
    port = rest.partition(":")[2]
    if not (space and slash and rest) or "/" in rest or (port and not port.isdecimal()):
        raise Unknown(f"endpoints called {target.value}")
    _versions(place, page)
    own = Page(page.meta)
    common = get(place, "common_lb_config")
    odd: list[tuple[str, tuple[int, ...]]] = []
    made = Cluster(
        name=name,
        target=target,
        algorithm=_known(get(place, "lb_policy"), _algorithm, odd),
        connect=seconds(place, "connect_timeout"),
        bounds=_known(get(place, "circuit_breakers"), _bounds, odd),
        ejection=_known(
            get(place, "outlier_detection"), partial(_ejection, page=own, common=common), odd
        ),
        odd=(),
        spent=kind.origin,
    )
    if made.ejection is not None:
        page.quiet.extend(own.quiet)
    elif common is not None:
        _unused(common, page, odd)
    return replace(made, odd=tuple(odd))


def _unused(common: Cursor, page: Page, odd: list[tuple[str, tuple[int, ...]]]) -> None:
    """A share of well endpoints where none is ever left out; with rules that are not understood it is not either."""
    try:
        _healthy(common)
    except (Unknown, InputError) as reason:
        odd.append((str(reason), common.leaves()))
        return
    if odd:
        odd.append(("what is done when few endpoints are well", common.leaves()))
    else:
        page.hush(common, "no endpoint is ever left out, so all are well")


_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def _versions(place: Cursor, page: Page) -> None:
    """Requests go on in the version of HTTP in which they came, which the agent sees to where nothing is said."""
    said = get(place, "typed_extension_protocol_options")
    if said is None:
        return
    only(said, _HTTP)
    options = need(said, _HTTP)
    only(options, "use_downstream_protocol_config")
    kept = need(options, "use_downstream_protocol_config")
    only(kept, "http_protocol_options", "http2_protocol_options")
    for name in kept.keys():  # noqa: SIM118  # a place is no mapping
        only(need(kept, name))
    page.hush(
        said, "requests go on in the version of HTTP in which they came, as everywhere in a mesh"
    )


def _known(
    place: Cursor | None, read: Callable[[Cursor], T], odd: list[tuple[str, tuple[int, ...]]]
) -> T | None:
    """A part of the treatment, if it is given and understood."""
    if place is None:
        return None
    try:
        return read(place)
    except (Unknown, InputError) as reason:
        odd.append((str(reason), place.leaves()))
        return None


def _algorithm(place: Cursor) -> Traced[str]:
    word = place.as_str()
    if word.value not in ALGORITHMS:
        raise Unknown(f"the balancing {word.value}")
    return word.derive(ALGORITHMS[word.value])


def _bounds(place: Cursor) -> Bounds:
    only(place, "thresholds")
    found = items(place, "thresholds")
    if len(found) != 1:
        raise Unknown("limits by priority")
    (one,) = found
    only(
        one,
        "priority",
        "max_connections",
        "max_pending_requests",
        "max_requests",
        "max_retries",
        "retry_budget",
    )
    priority, budget = text(one, "priority"), get(one, "retry_budget")
    if priority is not None and priority.value != "DEFAULT":
        raise Unknown("limits by priority")
    given = {key: number(one, f"max_{key}") for key in _LIMITS}
    none = [n for n in given.values() if n is not None and n.value == NO_BOUND]
    said = {key: None if n is None or n.value == NO_BOUND else n for key, n in given.items()}
    return Bounds(
        connections=said["connections"],
        pending=said["pending_requests"],
        requests=said["requests"],
        retries=said["retries"],
        budget=None if budget is None else _budget(budget),
        silent=tuple(key for key, n in given.items() if n is None),
        spent=tuple(leaf for n in (priority, *none) if n is not None for leaf in n.origin),
    )


def _budget(place: Cursor) -> tuple[Traced[float] | None, Traced[int] | None]:
    only(place, "budget_percent", "min_retry_concurrency")
    percent = get(place, "budget_percent")
    if percent is not None:
        only(percent, "value")
    share = None if percent is None else get(percent, "value")
    return None if share is None else share.as_number(), number(place, "min_retry_concurrency")


def _healthy(common: Cursor | None) -> tuple[Traced[int] | None, tuple[int, ...]]:
    """``healthy_panic_threshold`` where it is given, and the leaves of a block that says no number."""
    if common is None:
        return None, ()
    only(common, "healthy_panic_threshold")
    share = get(common, "healthy_panic_threshold")
    if share is None:
        return None, common.leaves()
    only(share, "value")
    value = number(share, "value")
    return (Traced(0, common.leaves()), ()) if value is None else (value, ())


_RATES = ("enforcing_success_rate", "enforcing_local_origin_success_rate")
"""Shares of the endpoints with a low rate of success that are left out: of answers, and of connections counted apart."""


def _ejection(place: Cursor, page: Page, common: Cursor | None) -> Ejection:
    switches = [switch for switch, _ in _ENFORCED.values()]
    only(
        place, *_OUTLIERS, *switches, *_RATES, "split_external_local_origin_errors", "interval", "base_ejection_time",
        "max_ejection_time",
    )  # fmt: skip
    split = flag(place, "split_external_local_origin_errors")
    apart = split is not None and split.value
    spent = list(() if split is None else split.origin)
    counts: dict[str, Traced[int] | None] = {}
    for key, (switch, usual) in _ENFORCED.items():
        counts[key], leaves = _count(place, page, key, (switch, usual), apart=apart)
        spent.extend(leaves)
    rates = [number(place, name) for name in _RATES]
    if any(rate is not None and rate.value not in (0, _ALL) for rate in rates):
        raise Unknown("a share of the endpoints with a low rate of success")
    healthy, well = _healthy(common)
    spent.extend(well)
    of_answers, of_connections = (rate is None or rate.value > 0 for rate in rates)
    return Ejection(
        errors=counts["consecutive_5xx"],
        gateway_errors=counts["consecutive_gateway_failure"],
        local_errors=counts["consecutive_local_origin_failure"],
        split=apart,
        interval=seconds(place, "interval"),
        first=seconds(place, "base_ejection_time"),
        longest=seconds(place, "max_ejection_time"),
        percent=number(place, "max_ejection_percent"),
        healthy=healthy,
        rated=of_answers or (apart and of_connections),
        spent=(*spent, *(leaf for rate in rates if rate is not None for leaf in rate.origin)),
    )


def _count(
    place: Cursor, page: Page, key: str, switched: tuple[str, int], *, apart: bool
) -> tuple[Traced[int] | None, tuple[int, ...]]:
    """How many in a row, as far as they are heeded, and leaves that this depends on.

    Connections that fail are counted apart alone (``apart``); where they are and are not heeded, nothing is counted of
    them at all.
    """
    switch, usual = switched
    share = number(place, switch)
    if share is not None and share.value not in (0, _ALL):
        raise Unknown(f"{switch} of {share.value} percent")
    leaves = () if share is None else share.origin
    heeded = (usual if share is None else share.value) == _ALL
    local = key == "consecutive_local_origin_failure"
    if heeded and (apart or not local):
        given = number(place, key)
        silent_here = given is None and key == "consecutive_gateway_failure"
        return (Traced(5, leaves) if silent_here else given), leaves
    page.hush(get(place, key), "what is counted here leaves no endpoint out")
    off = key == "consecutive_5xx" or (local and apart)
    return (Traced(0, leaves) if off else None), leaves
