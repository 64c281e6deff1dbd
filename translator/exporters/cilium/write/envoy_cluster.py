"""A cluster of the node's proxy: the endpoints of a Service, and how they are treated.

Requests go on in the version of HTTP in which they came: else calls of gRPC would reach their servers in version 1.

envoyproxy/envoy api/envoy/config/cluster/v3/{cluster,circuit_breaker,outlier_detection}.proto, 1.37. Limits are always
written, since the agent fills in its own where there are none (cilium/cilium pkg/ciliumenvoyconfig/cec_resource_parser.go
``fillInCircuitBreakers``, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.provenance import Traced
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers, RetryBudget
from ir.traffic import RouteTable
from translator.api import Said, Tree
from translator.exporters.cilium.envoy.choice import Setting
from translator.exporters.cilium.envoy.settings import ALGORITHMS

NO_BOUND = 2**32 - 1
"""The largest number that a limit can be: none at all."""
_ALL, _NONE = 100, 0


def cluster_tree(
    end: tuple[str, str, int], settings: Sequence[Setting], table: RouteTable, types: str
) -> Tree:
    """The cluster of the endpoints; ``table``: that of the configuration in which it stands."""
    space, name, port = end
    node = (table.trail,)
    called = Said(f"{space}/{name}:{port}", node)
    tree: dict[str, Tree] = {
        "@type": Said(f"{types}.config.cluster.v3.Cluster", node),
        "name": called,
        "type": Said("EDS", node),
        "edsClusterConfig": {"serviceName": called},
    }
    limits = next((one for one in settings if isinstance(one, ConnectionLimits)), None)
    budget = next((one for one in settings if isinstance(one, RetryBudget)), None)
    if limits is not None and limits.connect_timeout is not None:
        tree["connect_timeout"] = limits.connect_timeout.map(span)
    for fact in settings:
        if isinstance(fact, LoadBalancing) and fact.algorithm is not None:
            tree["lb_policy"] = fact.algorithm.derive(ALGORITHMS[fact.algorithm.value])
    kind = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    tree["typed_extension_protocol_options"] = {
        kind: {
            "@type": Said(f"type.googleapis.com/{kind}", node),
            "use_downstream_protocol_config": {"http2_protocol_options": {}},
        }
    }
    bounds = {"priority": Said("DEFAULT", node), **dict(_bounds(limits, budget, table))}
    tree["circuit_breakers"] = {"thresholds": [bounds]}
    for fact in settings:
        if isinstance(fact, Outliers):
            tree["outlier_detection"] = dict(_outliers(fact))
            well = fact.min_health_percent
            share = Said(0, (fact.trail,)) if well is None else well
            tree["common_lb_config"] = {"healthy_panic_threshold": {"value": share}}
    return tree


def _bounds(
    limits: ConnectionLimits | None, budget: RetryBudget | None, table: RouteTable
) -> Iterator[tuple[str, Tree]]:
    none = Said(NO_BOUND, (table.trail,) if limits is None else (limits.trail,))
    said = {
        "max_connections": None if limits is None else limits.max_connections,
        "max_pending_requests": None if limits is None else limits.max_pending_requests,
        "max_requests": None if limits is None else limits.max_requests,
        "max_retries": None if limits is None else limits.max_retries,
    }
    for key, value in said.items():
        yield key, none if value is None else value
    if budget is None:
        return
    part: dict[str, Tree] = {}
    if budget.percent is not None:
        part["budget_percent"] = {"value": Said(_number(budget.percent.value), (budget.percent,))}
    if budget.at_least is not None:
        part["min_retry_concurrency"] = budget.at_least
    yield "retry_budget", part


def _outliers(fact: Outliers) -> Iterator[tuple[str, Tree]]:
    """Counts that are not asked for are switched off, and so is the comparison of rates of success."""

    def switch(value: int, *by: Traced[object]) -> Said:
        return Said(value, by or (fact.trail,))

    errors, gateway = fact.consecutive_errors, fact.consecutive_gateway_errors
    if errors is not None and errors.value:
        yield "consecutive_5xx", errors
    else:
        yield "enforcing_consecutive_5xx", switch(_NONE, *(() if errors is None else (errors,)))
    if gateway is not None:
        yield "consecutive_gateway_failure", gateway
        yield "enforcing_consecutive_gateway_failure", switch(_ALL, gateway)
    local = fact.consecutive_local_errors
    if local is not None:
        yield "split_external_local_origin_errors", Said(True, (local, fact.trail))
        if local.value:
            yield "consecutive_local_origin_failure", local
        else:
            yield "enforcing_consecutive_local_origin_failure", switch(_NONE, local)
        yield "enforcing_local_origin_success_rate", switch(_NONE)
    for key, seconds in (
        ("interval", fact.interval),
        ("base_ejection_time", fact.ejection_time),
        ("max_ejection_time", fact.longest_ejection),
    ):
        if seconds is not None:
            yield key, seconds.map(span)
    if fact.max_ejection_percent is not None:
        yield "max_ejection_percent", fact.max_ejection_percent
    yield "enforcing_success_rate", switch(_NONE)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def span(seconds: float) -> str:
    """A time as protobuf writes it in JSON: seconds, with as many digits as it takes."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
