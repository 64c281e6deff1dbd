"""Traps of what holds where nothing is said: ports without a Server, pods without a default, namespaces, the mesh."""

from __future__ import annotations

import pytest

from ir.behaviour.request import Answer, Caller
from tests.exporters.linkerd.istio import spec_of, written
from tests.traps.worlds import (
    CLEAR,
    IN,
    OUT,
    SHOP,
    STRANGER,
    WEB,
    World,
    operation,
    rules,
    security,
    source,
)
from translator.report.model import Impact

FROM_WEB = source(principals=["cluster.local/ns/shop/sa/web"])
ON_API = {"selector": {"matchLabels": {"app": "api"}}}
OPEN_TO_SOME = ("cluster-authenticated", "cluster-unauthenticated", "all-unauthenticated", "audit")


def texts(world: World) -> str:
    """All that is written."""
    return "\n".join(document.text for document in world.result.documents)


def test_trap_linkerd_2_a_server_says_what_holds_where_no_policy_does() -> None:
    """A Server without ``accessPolicy`` refuses: one that is there for its protocol alone must not be written bare."""
    world = World(rules({**FROM_WEB, **operation(ports=["8080"])}, scope=ON_API))
    servers = written(world.result, "Server")
    assert servers
    assert all("accessPolicy" in spec_of(server) for server in servers)


@pytest.mark.parametrize("caller", [WEB, STRANGER, CLEAR])
def test_trap_linkerd_2_pods_without_rules_stay_open(caller: Caller) -> None:
    world = World(rules(FROM_WEB, scope=ON_API))
    assert world.both(caller, "Deployment/shop/web", 3000) == (IN, IN)
    assert not [d for d in written(world.result, "Server") if d["metadata"]["name"] == "web-3000"]


OTHER = """
apiVersion: v1
kind: Namespace
metadata: {name: dev, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tool, namespace: dev}
spec:
  template:
    metadata: {labels: {app: tool}}
    spec: {containers: [{name: tool, ports: [{containerPort: 7000}]}]}
---
"""


def test_trap_linkerd_8_a_policy_of_the_whole_mesh_is_written_for_every_namespace() -> None:
    wide = security("AuthorizationPolicy", {"rules": [FROM_WEB]}, namespace="istio-system")
    world = World(wide, shop=SHOP + OTHER)
    for workload, port in (("Deployment/shop/api", 8080), ("Deployment/dev/tool", 7000)):
        assert world.both(WEB, workload, port) == (IN, IN)
        assert world.both(STRANGER, workload, port) == (OUT, OUT)
    assert {d["metadata"]["namespace"] for d in written(world.result, "Server")} == {"dev", "shop"}


def test_trap_linkerd_8_no_policy_targets_a_namespace_where_ports_have_no_server() -> None:
    """Such a policy holds on ports with a Server only: each port has its own, and the default refuses the rest."""
    world = World(rules(FROM_WEB))
    kinds = {spec_of(d)["targetRef"]["kind"] for d in written(world.result, "AuthorizationPolicy")}
    assert kinds <= {"Server", "HTTPRoute"}
    assert world.both(STRANGER, port=7777) == (OUT, OUT)


@pytest.mark.parametrize(
    "document",
    [
        rules(FROM_WEB),
        security("PeerAuthentication", {"mtls": {"mode": "STRICT"}}),
        rules(source(ipBlocks=["10.0.0.0/8"])),
    ],
)
def test_trap_linkerd_45_nothing_written_depends_on_the_networks_of_the_installation(
    document: str,
) -> None:
    """``cluster-*`` means what the chart was given; networks are written out instead."""
    assert not any(word in texts(World(document)) for word in OPEN_TO_SOME)


def test_trap_linkerd_46_no_legacy_authorization_is_written() -> None:
    """A ServerAuthorization without networks means the cluster's, an AuthorizationPolicy without them everybody."""
    world = World(rules({}))
    assert written(world.result, "ServerAuthorization") == []
    (networks,) = [
        spec_of(d)
        for d in written(world.result, "NetworkAuthentication")
        if d["metadata"]["name"].startswith("api-8080")
    ]
    assert networks["networks"] == [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]


def test_trap_linkerd_46_no_policy_lets_everybody_in_by_saying_nothing() -> None:
    """An AuthorizationPolicy that requires nothing lets everybody in."""
    for world in (World(rules({})), World(rules(FROM_WEB)), World(rules(source(principals=["*"])))):
        listed = written(world.result, "AuthorizationPolicy")
        assert listed
        assert all(spec_of(d)["requiredAuthenticationRefs"] for d in listed)


def test_trap_linkerd_52_every_listed_port_has_a_server_and_the_others_a_default() -> None:
    world = World(rules(FROM_WEB, scope=ON_API))
    ports = sorted(spec_of(d)["port"] for d in written(world.result, "Server"))
    assert ports == [8080, 9000]
    assert "config.linkerd.io/default-inbound-policy: deny" in texts(world)
    assert world.both(STRANGER, port=7777) == (OUT, OUT)
    assert world.both(WEB, port=7777) == (IN, OUT)
    told = [f for f in world.findings("MM412") if f.impact is Impact.STRICTER]
    assert ["Deployment/shop/api" in f.message for f in told] == [True]


def test_trap_linkerd_53_a_default_reaches_no_pod_that_runs() -> None:
    world = World(rules(FROM_WEB))
    (finding,) = world.findings("MM602")
    assert "kubectl rollout restart" in finding.advice


def test_trap_linkerd_29_what_no_rule_lets_in_is_forbidden() -> None:
    world = World(rules({**FROM_WEB, **operation(paths=["/api"])}))
    assert world.both(WEB, path="/other") == (Answer.REFUSED, Answer.REFUSED)
