"""Temporary ways of Linkerd where a policy asks for addresses besides an identity."""

from __future__ import annotations

import pytest
import yaml

from ir.inventory import ContainerPort, Workload
from translator.api import Options
from translator.bridges.api import Way
from translator.bridges.linkerd import BRIDGE
from translator.source.load import load_text
from translator.state import pieces_of
from translator.target import parse_target

GUARDED = """
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: api, namespace: a}
spec: {podSelector: {matchLabels: {app: api}}, port: 80, accessPolicy: deny}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: NetworkAuthentication
metadata: {name: own, namespace: a}
spec: {networks: [{cidr: 0.0.0.0/0, except: [EXCEPT]}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: api, namespace: a}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: api}
  requiredAuthenticationRefs:
    - {kind: ServiceAccount, name: web, namespace: b}
    - {group: policy.linkerd.io, kind: NetworkAuthentication, name: own}
"""
API = Workload(
    kind="Deployment",
    namespace="a",
    name="api",
    labels={"app": "api"},
    annotations={},
    service_account="api",
    ports=(ContainerPort("http", 80),),
    probes=(),
)


@pytest.mark.parametrize(("out", "found"), [("10.2.0.0/16", ["10.1.0.0/16"]), ("10.0.0.0/8", None)])
def test_a_way_is_open_from_networks_of_pods_that_the_policy_lets_in_and_from_no_others(
    out: str, found: list[str] | None
) -> None:
    options = Options(
        source=parse_target("istio"),
        target=parse_target("linkerd"),
        cluster_networks=("10.1.0.0/16", "10.2.0.0/16"),
    )
    state = pieces_of(load_text(GUARDED.replace("EXCEPT", out), "x"), "default")
    opened = BRIDGE.open(state, (Way(API, 80, (("b", "web"),), 2),), options)
    networks = [yaml.safe_load(p.text) for p in opened if p.key[1] == "NetworkAuthentication"]
    blocks = [n["cidr"] for one in networks for n in one["spec"]["networks"]]
    assert blocks == (found or [])
    assert len(opened) == (2 if found else 0)
