"""Traps of destination rules: what a reader of the two meshes is likely to get wrong about slow and failing endpoints."""

from __future__ import annotations

from typing import TypeVar

from ir.access import ClientTls, TlsMode
from ir.attachment import ServicePort
from ir.behaviour.ejection import Ejection, Part, ejection_of, ejections
from ir.behaviour.request import Caller
from ir.model import Fact, Model
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers
from tests.traps.test_routing import World, ends, http, messages, rule, shop
from translator.report.model import Severity

F = TypeVar("F", bound=Fact)
ACCRUAL = "balancer.linkerd.io/failure-accrual"
FIVE = "outlierDetection: {consecutive5xxErrors: 5}"
PODS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, version: v1}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}]}]}
---
"""


def destination(spec: str, name: str = "api", namespace: str = "shop", age: str = "") -> str:
    """A DestinationRule in flow style."""
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
    made = f", creationTimestamp: '{age}'" if age else ""
    return (
        f"{head}metadata: {{name: {name}, namespace: {namespace}{made}}}\nspec: {{{spec}}}\n---\n"
    )


def policy(text: str, host: str = "api") -> str:
    """A DestinationRule for the service with this traffic policy."""
    return destination(f"host: {host}, trafficPolicy: {{{text}}}", name=host)


def facts(model: Model, kind: type[F]) -> list[F]:
    """The facts of a kind."""
    return [fact for fact in model.facts if isinstance(fact, kind)]


def failing(model: Model, namespace: str = "bank", port: int = 80, name: str = "api") -> Ejection:
    """What holds for clients of a namespace about failing endpoints of the service."""
    part = Part("shop", name, port)
    about = ejections(facts(model, Outliers))
    return ejection_of(about, Caller(namespace=namespace), part, part)


def accrual(world: World, name: str = "api") -> dict[str, str]:
    """What is written about failing endpoints of the service."""
    for one in world.result.documents:
        metadata = one.value["metadata"]
        if one.resource == f"Service/shop/{name}" and isinstance(metadata, dict):
            found = metadata.get("annotations", {}).items()
            return {k.removeprefix(ACCRUAL): v for k, v in found if k.startswith(ACCRUAL)}
    return {}


def test_trap_istio_11_tls_without_a_mode_is_clear_text() -> None:
    world = World(policy("tls: {sni: x}"))
    (found,) = facts(world.before, ClientTls)
    assert found.mode.value is TlsMode.OFF
    assert found.mode.stated_by is not None
    assert "tls without a mode means that" in "".join(messages(world.result, "MM405"))


def test_trap_istio_12_a_rule_without_tls_leaves_tls_as_it_is() -> None:
    world = World(policy("loadBalancer: {simple: ROUND_ROBIN}"))
    assert not facts(world.before, ClientTls)
    assert "MM405" not in world.codes()


def test_trap_istio_13_a_port_with_settings_of_its_own_has_nothing_of_the_others() -> None:
    world = World(
        policy(
            f"connectionPool: {{tcp: {{maxConnections: 9}}}}, {FIVE}, "
            "portLevelSettings: [{port: {number: 8080}, tls: {mode: DISABLE}}]"
        )
    )
    assert failing(world.before).rule
    assert not failing(world.before, port=8080).rule
    (limits,) = facts(world.before, ConnectionLimits)
    assert [port.value for port in limits.attachment.excluding_ports] == [ServicePort(8080)]


def test_trap_istio_14_a_wildcard_of_the_clients_hides_the_subsets_of_the_service() -> None:
    world = World(
        PODS,
        destination("host: api, subsets: [{name: v1, labels: {version: v1}}]"),
        destination("host: '*.svc.cluster.local', trafficPolicy: {}", "all", "bank"),
        shop("hosts: [api], http: [{route: [{destination: {host: api, subset: v1}}]}]"),
    )
    (text,) = messages(world.result, "MM210")
    assert "is not that of clients in bank" in text
    assert "in the source they get 503" in text


def test_clients_with_subsets_of_their_own_reach_these() -> None:
    subsets = "host: api.shop.svc.cluster.local, subsets: [{{name: v1, labels: {{version: {}}}}}]"
    world = World(
        PODS,
        PODS.replace("name: api, ", "name: api-2, ", 1).replace("v1", "v2"),
        destination(subsets.format("v1")),
        destination(subsets.format("v2"), "own", "bank"),
        shop("hosts: [api], http: [{route: [{destination: {host: api, subset: v1}}]}]"),
    )
    for namespace, name in (("bank", "api-2"), ("web", "api")):
        for side in world.both(namespace=namespace):
            assert ends(side) == {f"Deployment/shop/{name}": "1"}
    assert not messages(world.result, "MM210")


def test_trap_istio_14_a_wildcard_of_the_clients_hides_the_policy_of_the_service() -> None:
    world = World(policy(FIVE), destination("host: '*.local', trafficPolicy: {}", "all", "bank"))
    assert not failing(world.before, "bank").rule
    assert failing(world.before, "web").rule
    assert failing(world.after, "bank").rule
    (text,) = messages(world.result, "MM331")
    assert "clients in bank leave out none of the failing endpoints of Service/shop/api" in text


def test_trap_istio_15_of_two_rules_for_a_host_the_oldest_has_the_policy_whole() -> None:
    world = World(
        destination(f"host: api, trafficPolicy: {{{FIVE}}}", "a", age="2025-01-01T00:00:00Z"),
        destination(
            "host: api, trafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}}",
            "b",
            age="2024-01-01T00:00:00Z",
        ),
    )
    assert not facts(world.before, Outliers)
    assert len(facts(world.before, ConnectionLimits)) == 1
    assert not accrual(world)


def test_trap_istio_16_an_empty_block_is_on_and_no_block_is_off() -> None:
    world = World(policy("outlierDetection: {}"))
    found = failing(world.before)
    assert found.rule == ("after 5 errors", "out for 30 s")
    assert found.longest == "at most for 300 s"
    assert found.manner == ("looked at every 10 s", "at most 10 %")
    assert accrual(world)["-consecutive-max-failures"] == "5"
    assert not failing(World(policy("loadBalancer: {simple: RANDOM}")).before).rule


def test_trap_istio_17_a_limit_of_0_is_no_limit() -> None:
    world = World(policy("connectionPool: {http: {maxRetries: 0, http1MaxPendingRequests: 0}}"))
    (limits,) = facts(world.before, ConnectionLimits)
    assert (limits.max_retries, limits.max_pending_requests) == (None, None)
    assert not [t for t in messages(world.result, "MM305") if "are not limited" in t]


def test_trap_istio_18_limits_named_after_a_version_of_http_hold_for_all() -> None:
    world = World(
        policy("connectionPool: {http: {http2MaxRequests: 7, http1MaxPendingRequests: 8}}")
    )
    (limits,) = facts(world.before, ConnectionLimits)
    assert limits.max_requests is not None
    assert limits.max_pending_requests is not None
    assert (limits.max_requests.value, limits.max_pending_requests.value) == (7, 8)
    assert "are not limited" in "".join(messages(world.result, "MM305"))


def test_trap_istio_31_clear_text_to_who_demands_tls_fails_and_is_told() -> None:
    strict = (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
        "metadata: {name: default, namespace: shop}\nspec: {mtls: {mode: STRICT}}\n---\n"
    )
    world = World(PODS, strict, policy("tls: {mode: DISABLE}"))
    (found,) = (f for f in world.result.report.findings if f.code == "MM405")
    assert found.severity is Severity.HIGH
    assert "their requests fail in the source" in found.message
    off = "host: '*.local', trafficPolicy: {tls: {mode: DISABLE}}"
    wide = World(PODS, strict, destination(off, "all", "istio-system"))
    (text,) = messages(wide.result, "MM405")
    assert "their requests fail in the source" in text
    elsewhere = strict.replace("namespace: shop", "namespace: bank")
    (text,) = messages(World(PODS, elsewhere, policy("tls: {mode: DISABLE}")).result, "MM405")
    assert "their requests fail" not in text


def test_trap_istio_48_a_cookie_without_a_ttl_is_read_and_not_made() -> None:
    def key(cookie: str) -> str | None:
        world = World(policy(f"loadBalancer: {{consistentHash: {{httpCookie: {{{cookie}}}}}}}"))
        (found,) = facts(world.before, LoadBalancing)
        assert "MM306" in world.codes()
        return found.hash_key.value if found.hash_key else None

    assert key("name: user") == "cookie user"
    assert key("name: user, ttl: 0s") == "cookie user; ttl=0s"


def test_trap_istio_51_a_server_name_without_subject_names_checks_no_name() -> None:
    world = World(policy("tls: {mode: SIMPLE, sni: api.x.com}"))
    (found,) = facts(world.before, ClientTls)
    assert found.server_name is not None
    assert not found.subject_names
    told, *more = (f for f in world.result.report.findings if f.code == "MM405")
    assert told.severity is Severity.HIGH
    assert "by mutual TLS where the endpoint is in the mesh, else in clear text" in told.message
    assert ["no certificate is shown or checked" in one.message for one in more] == [True]


def test_trap_linkerd_11_failing_endpoints_are_a_matter_of_the_service_that_clients_address() -> (
    None
):
    world = World(PODS, policy(FIVE, "other"), http(rule("", "other")))
    assert accrual(world)["-consecutive-max-failures"] == "5"
    assert accrual(world, "other")["-consecutive-max-failures"] == "5"
    assert "MM331" not in world.codes()


def test_trap_linkerd_11_a_service_that_leads_to_endpoints_of_two_rules_has_one() -> None:
    both = (
        "hosts: [api], http: [{route: [{destination: {host: api}, weight: 50}, "
        "{destination: {host: other}, weight: 50}]}]"
    )
    world = World(policy(FIVE), shop(both))
    (text,) = messages(world.result, "MM331")
    assert "requests to Service/shop/api that are sent to Service/shop/other" in text
    assert accrual(world)["-consecutive-max-failures"] == "5"
    assert not accrual(world, "other")


def test_trap_linkerd_11_a_rule_of_a_subset_holds_where_all_requests_go_there() -> None:
    subset = (
        "host: api, subsets: [{name: v1, labels: {version: v1}, "
        "trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2}}}]"
    )
    to_v1 = "hosts: [api], http: [{route: [{destination: {host: api, subset: v1}}]}]"
    world = World(PODS, destination(subset), shop(to_v1))
    assert accrual(world)["-consecutive-max-failures"] == "2"
    assert "MM331" not in world.codes()


def test_trap_linkerd_24_interval_and_share_of_ejections_have_no_form() -> None:
    world = World(
        policy("outlierDetection: {interval: 5s, baseEjectionTime: 90s, maxEjectionPercent: 50}")
    )
    assert accrual(world) == {
        "": "consecutive",
        "-consecutive-max-failures": "5",
        "-consecutive-min-penalty": "90s",
        "-consecutive-max-penalty": "300s",
    }
    assert "all of them may be out at the same time" in "".join(messages(world.result, "MM304"))
    only_gateway = World(
        policy("outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3}")
    )
    assert not accrual(only_gateway)
    assert "nothing else can be" in "".join(messages(only_gateway.result, "MM331"))


def test_trap_linkerd_25_pools_and_balancers_have_no_form() -> None:
    world = World(
        policy(
            "connectionPool: {tcp: {maxConnections: 1, connectTimeout: 2s}, http: {maxRequestsPerConnection: 1}}, "
            "loadBalancer: {consistentHash: {httpHeaderName: x}, localityLbSetting: {enabled: true}, "
            "warmup: {duration: 10s}}"
        )
    )
    assert world.codes() >= {"MM303", "MM305", "MM306"}
    assert not accrual(world)


V1 = "name: v1, labels: {version: v1}"
TO_V1 = shop("hosts: [api], http: [{route: [{destination: {host: api, subset: v1}}]}]")


def subset(text: str) -> str:
    """A DestinationRule whose only subset has this traffic policy."""
    return destination(f"host: api, subsets: [{{{V1}, trafficPolicy: {{{text}}}}}]")


def test_a_port_of_a_subset_with_settings_of_its_own_has_no_rule_about_failing_endpoints() -> None:
    ports = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
    world = World(PODS, subset(f"{FIVE}, {ports}"), TO_V1)
    assert not accrual(world)
    told = [m for m in messages(world.result, "MM107") if "every port of the service" in m]
    assert len(told) == 1
    assert not messages(world.result, "MM331")
    assert not messages(world.result, "MM304")


def test_what_no_port_of_the_service_has_is_not_told_as_lost() -> None:
    limits = "connectionPool: {http: {http1MaxPendingRequests: 1}, tcp: {connectTimeout: 1s}}"
    ports = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
    world = World(policy(f"{FIVE}, {limits}, {ports}"))
    assert not {"MM303", "MM304", "MM305", "MM331"} & world.codes()
    assert any("every port of the service" in m for m in messages(world.result, "MM107"))
    other = World(policy(f"{FIVE}, {limits}, {ports.replace('80', '81')}"))
    assert {"MM303", "MM304", "MM305"} <= other.codes()


def test_a_part_that_counts_no_answers_is_not_written_with_a_number_of_0() -> None:
    zero = "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3}"
    world = World(PODS, subset(zero), TO_V1)
    assert not accrual(world)
    (text,) = messages(world.result, "MM331")
    assert "answers of 500 and above are not to be counted" in text
    assert not messages(world.result, "MM904")
