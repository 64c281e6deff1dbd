"""NetworkPolicy: every form with its empty cases, as facts of the network's own layer."""

from __future__ import annotations

import pytest
import yaml

from ir.access import Closed, Layer
from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.model import Model
from ir.opaque import Opaque
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate

POD = """
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {team: web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, ports: [{name: http, containerPort: 8080}, {containerPort: 9090}]}]
"""


def translated(spec: object) -> Result:
    """The pod behind this policy."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": spec,
    }
    return to_linkerd(f"{POD}---\n{yaml.safe_dump(policy)}", complete=True)


def gets_in(model: Model, caller: Caller, port: int = 8080) -> bool:
    """Whether the caller reaches the pod."""
    request = Request(caller=caller, workload="Deployment/shop/api", port=port)
    return decide_access(model, request).allowed


SHOP = Caller(namespace="shop", service_account="x", labels={"app": "front"})
WEB = Caller(namespace="web", service_account="x", labels={"app": "web"})
OUTSIDE = Caller(mtls=False, address="192.0.2.1")
EVERYBODY = (SHOP, WEB, OUTSIDE)


@pytest.mark.parametrize(
    ("spec", "let_in"),
    [
        ({"podSelector": {}}, ()),
        ({"podSelector": {}, "ingress": []}, ()),
        ({"podSelector": {}, "ingress": [{}]}, EVERYBODY),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, (WEB, OUTSIDE)),
        ({"podSelector": {}, "policyTypes": ["Egress"], "ingress": []}, (WEB, OUTSIDE)),
        ({"podSelector": {"matchLabels": {"app": "other"}}}, EVERYBODY),
        ({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}, (SHOP,)),
        ({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}, (SHOP, WEB)),
        ({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}]}]}, (WEB,)),
        ({"podSelector": {}, "ingress": [{"from": [
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "front"}}}]}]}, (SHOP,)),
        ({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "web"}}},
                                                   {"podSelector": {"matchLabels": {"app": "front"}}}]}]}, (SHOP, WEB)),
        ({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, (OUTSIDE,)),
        ({"podSelector": {}, "ingress": [{"from": []}]}, EVERYBODY),
        ({"podSelector": {}, "ingress": [{"ports": []}]}, EVERYBODY),
        ({"podSelector": {}, "ingress": [{"ports": [{"port": 9090}]}]}, ()),
        ({"podSelector": {}, "ingress": [{"ports": [{"port": "http"}]}]}, EVERYBODY),
        ({"podSelector": {}, "ingress": [{"ports": [{"port": 8000, "endPort": 8100}]}]}, EVERYBODY),
        ({"podSelector": {}, "ingress": [{"ports": [{"port": 8080, "protocol": "UDP"}]}]}, ()),
    ],
)  # fmt: skip
def test_who_gets_in(spec: object, let_in: tuple[Caller, ...]) -> None:
    model = translated(spec).model
    assert [caller for caller in EVERYBODY if gets_in(model, caller)] == [*let_in]


def test_health_checks_come_from_the_pods_own_node() -> None:
    model = translated({"podSelector": {}}).model
    assert gets_in(model, Caller(mtls=False, probe=True))


def test_the_document_is_carried_and_both_sides_have_the_gate() -> None:
    result = translated({"podSelector": {}, "ingress": []})
    fates = {r.fate for r in result.report.ledger if r.resource == "NetworkPolicy/shop/p"}
    assert fates == {Fate.CARRIED}
    for model in (result.model, result.legal):
        assert any(isinstance(f, Closed) and f.layer is Layer.NETWORK for f in model.facts)


def test_a_long_range_of_ports_is_said_as_it_is() -> None:
    spec = {"podSelector": {}, "ingress": [{"ports": [{"port": 1, "endPort": 9000}]}]}
    model = translated(spec).model
    assert not [f for f in model.facts if isinstance(f, Opaque)]
    assert [gets_in(model, SHOP, port) for port in (8080, 9090)] == [True, False]


LEAVING: tuple[tuple[object, bool], ...] = (
    ({"podSelector": {}, "policyTypes": ["Egress"]}, False),
    ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}, True),
    ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}, True),
    ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [
        {"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": "http"}]}]}, True),
    ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [
        {"podSelector": {"matchLabels": {"app": "other"}}}]}]}, False),
    ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]}, False),
    ({"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Egress"]}, True),
)  # fmt: skip
"""Policies for pods of a namespace, and whether its pod ``front`` gets out to the pod ``api``."""


@pytest.mark.parametrize(("spec", "gets_out"), LEAVING)
def test_who_gets_out(spec: object, gets_out: bool) -> None:  # noqa: FBT001  # a parameter of the test
    model = translated(spec).model
    assert gets_in(model, SHOP) is gets_out
    assert gets_in(model, WEB)


@pytest.mark.parametrize(
    ("ports", "codes"),
    [
        ([{"port": 8080}], {"MM607", "MM608"}),
        ([{"port": 8080}, {"port": 4143}], {"MM608"}),
        ([], set()),
    ],
)
def test_what_ports_mean_to_the_proxies_is_told(ports: list[object], codes: set[str]) -> None:
    result = translated({"podSelector": {}, "ingress": [{"ports": ports}]})
    assert {f.code for f in result.report.findings} & {"MM607", "MM608"} == codes


@pytest.mark.parametrize(
    "peer",
    [
        {"ipBlock": {"cidr": None}},
        {"ipBlock": {"cidr": "nonsense"}},
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["nonsense"]}},
        {"ipBlock": {}},
        {},
        None,
    ],
)
def test_a_peer_that_the_api_server_refuses_is_no_grant_and_stays_in_doubt(peer: object) -> None:
    result = translated({"podSelector": {}, "ingress": [{"from": [peer]}]})
    (opaque,) = [f for f in result.model.facts if isinstance(f, Opaque)]
    assert opaque.kind == "NetworkPolicy/shop/p"
    assert "MM905" in {f.code for f in result.report.findings}


@pytest.mark.parametrize(
    ("spec", "inbound"),
    [
        ({"podSelector": {}, "policyTypes": ["Egress"], "ingress": [{}]}, True),
        ({"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]}, False),
        ({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}], "egress": []}, None),
        ({"podSelector": {}, "egress": [{}]}, None),
    ],
)
def test_rules_of_a_direction_that_the_types_leave_out_are_in_doubt(
    spec: object, *, inbound: bool | None
) -> None:
    """Kubernetes does not heed them, Cilium does (pkg/k8s/network_policy.go ``ParseNetworkPolicy``, 1.20)."""
    result = translated(spec)
    found = [f for f in result.model.facts if isinstance(f, Opaque)]
    assert [f.attachment is not None for f in found] == ([] if inbound is None else [inbound])
    assert ("MM905" in {f.code for f in result.report.findings}) is (inbound is not None)
