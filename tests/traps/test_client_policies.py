"""Traps of what clients' proxies do by DestinationRules, shown on translations."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml

from ir.access import ClientTls, TlsMode
from ir.attachment import ServicePort
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers
from tests.traps.worlds import World
from translator.report.model import Impact, Severity

F = TypeVar("F")
ACCRUAL = "balancer.linkerd.io/failure-accrual"


def rule(policy: dict[str, Any], name: str = "d", namespace: str = "shop", **more: object) -> str:
    """A DestinationRule for the API, or for another host."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "host": "api.shop.svc.cluster.local",
                "trafficPolicy": policy,
                **more,
            },
        }
    )


def facts(world: World, kind: type[F]) -> list[F]:
    """The facts of a kind that the source states."""
    return [fact for fact in world.before.facts if isinstance(fact, kind)]


def accrual(world: World) -> dict[str, str]:
    """What is written of failing endpoints on the Service."""
    for document in world.result.documents:
        if document.resource == "Service/shop/api":
            entries = dict[str, Any](document.value)["metadata"]["annotations"]
            return {k.removeprefix(ACCRUAL): v for k, v in entries.items() if k.startswith(ACCRUAL)}
    return {}


def failures(count: int) -> dict[str, Any]:
    """Endpoints that fail so often are left out."""
    return {"outlierDetection": {"consecutive5xxErrors": count}}


def test_trap_istio_11_tls_without_a_mode_is_clear_text() -> None:
    world = World(rule({"tls": {"sni": "x"}}))
    assert [fact.mode.value for fact in facts(world, ClientTls)] == [TlsMode.OFF]
    assert any("clear text" in finding.message for finding in world.findings("MM405"))


def test_trap_istio_12_a_rule_without_tls_leaves_mutual_tls_as_it_is() -> None:
    world = World(rule({"loadBalancer": {"simple": "ROUND_ROBIN"}}))
    assert facts(world, ClientTls) == []
    assert world.findings("MM405") == []


def test_trap_istio_13_settings_of_a_port_replace_all_of_the_top() -> None:
    pool = {"connectionPool": {"http": {"http2MaxRequests": 5}}}
    tls = {"port": {"number": 80}, "tls": {"mode": "DISABLE"}}
    world = World(rule({**pool, **failures(3), "portLevelSettings": [tls]}))
    (limits,), (outliers,) = facts(world, ConnectionLimits), facts(world, Outliers)
    for at in (limits.attachment, outliers.attachment):
        assert [port.value for port in at.excluding_ports] == [ServicePort(80)]


def test_trap_istio_14_clients_of_a_namespace_with_a_rule_of_its_own_see_that_one_alone() -> None:
    wild = rule(failures(9), "wild", "dev", host="*.svc.cluster.local")
    world = World(rule(failures(3), "own"), wild)
    assert accrual(world)["-consecutive-max-failures"] == "3"
    told = [f.message for f in world.findings("MM331")]
    assert any("clients in dev have a rule of their own" in message for message in told)


def test_trap_istio_15_of_two_rules_for_a_host_the_oldest_one_has_the_policy() -> None:
    world = World(
        rule(failures(3), "a"), rule({**failures(9), "loadBalancer": {"simple": "RANDOM"}}, "b")
    )
    assert accrual(world)["-consecutive-max-failures"] == "3"
    assert facts(world, LoadBalancing) == []
    assert [place.resource for f in world.findings("MM107") for place in f.sources]


def test_trap_istio_16_an_empty_block_leaves_failing_endpoints_out() -> None:
    world = World(rule({"outlierDetection": {}}))
    assert accrual(world)["-consecutive-max-failures"] == "5"
    assert accrual(World(rule({}))) == {}


def test_trap_istio_17_no_retries_and_no_waiting_requests_mean_any_number_of_them() -> None:
    http = {"maxRetries": 0, "http1MaxPendingRequests": 0}
    told = World(rule({"connectionPool": {"http": http}})).findings("MM305")
    assert {f.impact for f in told} == {Impact.NONE}
    http = {"maxRetries": 1, "http1MaxPendingRequests": 1}
    told = World(rule({"connectionPool": {"http": http}})).findings("MM305")
    assert Impact.DIFFERENT in {f.impact for f in told}


def test_trap_istio_18_a_limit_named_after_one_version_of_http_holds_for_both() -> None:
    """Nothing of it is placed, and the finding tells of requests whatever their version."""
    world = World(rule({"connectionPool": {"http": {"http2MaxRequests": 5}}}))
    (limits,) = facts(world, ConnectionLimits)
    assert limits.max_requests is not None
    assert limits.max_requests.value == 5
    assert world.findings("MM305")


def test_trap_istio_48_a_cookie_without_a_time_is_not_made() -> None:
    cookie = {"consistentHash": {"httpCookie": {"name": "c"}}}
    world = World(rule({"loadBalancer": cookie}))
    assert facts(world, LoadBalancing)
    assert any("one endpoint" in f.message for f in world.findings("MM306"))
    assert "c" not in {d.resource for d in world.result.documents}


def test_trap_istio_51_tls_that_checks_no_name_is_lost_aloud() -> None:
    world = World(rule({"tls": {"mode": "SIMPLE", "sni": "api.x.com"}}))
    (fact,) = facts(world, ClientTls)
    assert fact.subject_names == ()
    assert Severity.HIGH in {f.severity for f in world.findings("MM405")}


def test_trap_linkerd_24_failures_in_a_row_are_placed_and_the_rest_is_told() -> None:
    policy = {
        "outlierDetection": {
            "consecutive5xxErrors": 7,
            "baseEjectionTime": "20s",
            "maxEjectionPercent": 50,
        }
    }
    world = World(rule(policy))
    written = accrual(world)
    assert written[""] == "consecutive"
    assert written["-consecutive-max-failures"] == "7"
    assert written["-consecutive-min-penalty"] == "20s"
    assert any("no share that stays in" in f.message for f in world.findings("MM304"))


def test_trap_linkerd_25_limits_and_the_choice_of_endpoints_are_told() -> None:
    pool = {"tcp": {"maxConnections": 10}}
    world = World(rule({"connectionPool": pool, "loadBalancer": {"simple": "RANDOM"}}))
    assert world.findings("MM305")
    assert world.findings("MM306")
    assert [d.text for d in world.result.documents] == [d.text for d in World().result.documents]
