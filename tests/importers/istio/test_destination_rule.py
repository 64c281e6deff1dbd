"""DestinationRule as written."""

from __future__ import annotations

import pytest

from ir.match import Operator, Requirement
from tests.importers.istio.link_routes_cases import destination_rule, read, read_destination
from translator.errors import InputError
from translator.importers.istio.link.unsaid import outliers_said
from translator.importers.istio.model import DestinationRule, Policy
from translator.pipeline import options_of
from translator.source.load import load_text


def policy(text: str) -> Policy:
    found = read_destination(f"host: reviews\ntrafficPolicy: {text}").policy
    assert found is not None
    return found


def test_a_rule_without_a_host_is_refused() -> None:
    with pytest.raises(InputError, match='required field "host"'):
        read_destination("subsets: []")


def test_subsets_have_a_name_and_labels() -> None:
    found = read_destination("host: a\nsubsets: [{name: v1, labels: {version: v1}}]")
    (subset,) = found.subsets
    assert subset.name.value == "v1"
    assert subset.labels.value.requirements == (Requirement("version", Operator.IN, ("v1",)),)


def test_a_subset_without_labels_is_all_endpoints() -> None:
    written, absent = read_destination(
        "host: a\nsubsets: [{name: v1, labels: {}}, {name: v2}]"
    ).subsets
    assert written.labels.value == absent.labels.value
    assert (len(written.labels.origin), absent.labels.origin) == (1, ())


def test_a_subset_without_a_name_is_refused() -> None:
    with pytest.raises(InputError, match='required field "name"'):
        read_destination("host: a\nsubsets: [{labels: {a: b}}]")


def test_pools_are_limits_and_0_is_not_set() -> None:
    found = policy(
        "{connectionPool: {tcp: {maxConnections: 0, connectTimeout: 30ms}, "
        "http: {http1MaxPendingRequests: 1, http2MaxRequests: 2, maxRetries: 3, idleTimeout: 1s}}}"
    ).limits
    assert found is not None
    assert found.max_connections is None
    assert len(found.trail.origin) == 1
    values = (found.max_pending_requests, found.max_requests, found.max_retries)
    assert [v and v.value for v in values] == [1, 2, 3]
    assert found.connect_timeout is not None
    assert found.connect_timeout.value == pytest.approx(0.03)
    assert found.idle_timeout is not None
    assert found.idle_timeout.value == 1


def test_the_idle_time_of_tcp_counts_where_http_has_none() -> None:
    found = policy("{connectionPool: {tcp: {idleTimeout: 0s}}}").limits
    assert found is not None
    assert found.idle_timeout is not None
    assert found.idle_timeout.value == 0


@pytest.mark.parametrize(
    ("word", "algorithm"),
    [("LEAST_CONN", "least_request"), ("ROUND_ROBIN", "round_robin"), ("RANDOM", "random")],
)
def test_a_simple_balancer_is_an_algorithm(word: str, algorithm: str) -> None:
    found = policy(f"{{loadBalancer: {{simple: {word}}}}}").balancing
    assert found is not None
    assert found.algorithm is not None
    assert found.algorithm.value == algorithm


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("httpHeaderName: x-user", "header x-user"),
        ("httpCookie: {name: user, ttl: 0s}", "cookie user; ttl=0s"),
        ("useSourceIp: true", "source address"),
        ("httpQueryParameterName: q", "query q"),
    ],
)
def test_a_consistent_hash_has_a_key(written: str, key: str) -> None:
    found = policy(f"{{loadBalancer: {{consistentHash: {{{written}}}}}}}").balancing
    assert found is not None
    assert found.hash_key is not None
    assert found.hash_key.value == key


def test_an_empty_outlier_block_is_there() -> None:
    found = policy("{outlierDetection: {}}").outliers
    assert found is not None
    assert len(found.trail.origin) == 1


def test_local_failures_count_only_where_they_are_told_apart() -> None:
    text = "{{outlierDetection: {{consecutiveLocalOriginFailures: 3{}}}}}"
    plain = policy(text.format("")).outliers
    split = policy(text.format(", splitExternalLocalOriginErrors: true")).outliers
    assert plain is not None
    assert plain.consecutive_local_errors is None
    assert split is not None
    assert split.consecutive_local_errors is not None


@pytest.mark.parametrize("more", ["", ", consecutiveLocalOriginFailures: 0"])
def test_local_failures_that_are_told_apart_count_five_where_nothing_is_said(more: str) -> None:
    """0 is "not set" (cluster_traffic_policy.go ``applyOutlierDetection``, 1.31)."""
    found = policy(f"{{outlierDetection: {{splitExternalLocalOriginErrors: true{more}}}}}").outliers
    assert found is not None
    options = options_of(load_text(""), "istio", "linkerd", {})
    said = outliers_said(found, options).consecutive_local_errors
    assert said is not None
    assert said.value == 5


def test_every_block_is_read() -> None:
    found = read(destination_rule("host: a\ntrafficPolicy: {tls: {mode: DISABLE}}"))
    (rule,) = found.statements
    assert isinstance(rule, DestinationRule)
    assert rule.policy is not None
    assert "spec.trafficPolicy.tls.mode" in found.paths(found.reads)


def test_a_rule_for_some_client_workloads_is_read_too() -> None:
    found = read(destination_rule("host: a\nworkloadSelector: {matchLabels: {a: b}}"))
    (rule,) = found.statements
    assert isinstance(rule, DestinationRule)
    assert {"spec.host", "spec.workloadSelector.matchLabels.a"} <= set(found.paths(found.reads))
