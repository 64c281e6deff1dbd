"""Plans from Gateway API: a cluster without a mesh joins one, namespace by namespace."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from meshmigrate import main
from tests.planning.shop import NODES, PODS, carried_out, objects
from translator.api import Options
from translator.errors import TargetError
from translator.migration import plan_loaded
from translator.report.plan import Plan
from translator.source.load import load_text
from translator.target import parse_target

CAFE = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door, namespace: street}
spec:
  gatewayClassName: nginx
  listeners: [{name: http, port: 80, protocol: HTTP, hostname: cafe.example.com, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: coffee, namespace: cafe}
spec:
  parentRefs: [{name: door, namespace: street}]
  rules: [{matches: [{path: {type: PathPrefix, value: /coffee}}], backendRefs: [{name: coffee, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: coffee, namespace: cafe}
spec: {selector: {app: coffee}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coffee, namespace: cafe}
spec:
  selector: {matchLabels: {app: coffee}}
  template:
    metadata: {labels: {app: coffee}}
    spec: {serviceAccountName: coffee, containers: [{name: coffee, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beans, namespace: store}
spec:
  selector: {matchLabels: {app: beans}}
  template:
    metadata: {labels: {app: beans}}
    spec: {serviceAccountName: beans, containers: [{name: beans, ports: [{containerPort: 9000}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: beans, namespace: store}
spec:
  podSelector: {matchLabels: {app: beans}}
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cafe}}}]}]
"""
TARGETS = {"linkerd": "sidecar", "istio": "sidecar", "ambient": "ambient"}


@lru_cache
def to(name: str, more: str = "", gateway_class: str | None = None) -> Plan:
    options = Options(
        source=parse_target("gateway-api"),
        target=parse_target("istio" if name == "ambient" else name),
        profile=TARGETS.get(name, "sidecar"),
        gateway_class=gateway_class,
        node_networks=NODES,
        cluster_networks=PODS,
    )
    return plan_loaded(load_text(CAFE + more, "cafe.yaml"), options)


@pytest.mark.parametrize("name", TARGETS)
def test_each_namespace_joins_in_a_wave_and_every_state_holds(name: str) -> None:
    plan = to(name)
    assert [wave.title for wave in plan.waves] == ["store", "cafe", "what is left"]
    assert [(w.title, p.state) for w in plan.waves for p in w.proofs if not p.holds] == []
    assert not any(wave.allowances for wave in plan.waves)


@pytest.mark.parametrize("name", TARGETS)
def test_the_rollbacks_lead_back(name: str) -> None:
    cluster: Any = objects([CAFE])
    before = []
    for wave in to(name).waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, to(name).files)
    for wave in reversed(to(name).waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, to(name).files)
        then = before.pop()
        assert {k: v for k, v in cluster.items() if k[1] != "Namespace" or k in then} == then
    joined = {key[3] for key in cluster if key[1] == "Namespace"}
    assert joined == {"cafe", "store"}


def test_pods_join_an_ambient_mesh_as_they_are() -> None:
    commands = [c for w in to("ambient").waves for s in w.steps for c in s.commands]
    assert commands == [
        "kubectl diff -k wave-01/0-start",
        "kubectl apply -k wave-01/0-start",
        *(f"kubectl apply -k wave-0{number}/2-move" for number in (1, 2)),
    ]


def test_a_gateway_that_changes_hands_in_place_is_asked_afterwards() -> None:
    wave = next(w for w in to("linkerd", gateway_class="eg").waves if w.title == "gateways")
    first, *rest = (step.commands for step in wave.steps)
    assert first[0] == "kubectl apply -k wave-03/3-switch"
    assert "kubectl wait" in first[1]
    assert any("curl" in command for commands in rest for command in commands)
    assert to("linkerd", gateway_class="eg").gateways[0].names == ("cafe.example.com",)


def test_routes_of_services_are_heeded_by_a_mesh_which_is_where_the_pods_are() -> None:
    bound = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: inside, namespace: cafe}
spec:
  parentRefs: [{kind: Service, group: "", name: coffee}]
  rules: [{backendRefs: [{name: coffee, port: 80}]}]
"""
    with pytest.raises(TargetError, match=r"HTTPRoute/cafe/inside is bound to a Service.*--from"):
        to("linkerd", bound)


def test_pods_are_in_the_network_already() -> None:
    with pytest.raises(TargetError, match="Translate with gateway-api-to-cilium"):
        to("cilium")


def test_what_an_earlier_plan_left_in_the_folder_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cafe.yaml").write_text(CAFE, encoding="utf-8")
    given = ["plan", str(tmp_path / "cafe.yaml"), "--from", "gateway-api", "-o", str(tmp_path / "out")]  # fmt: skip
    assert main([*given, "--to", "linkerd", "--gateway-class", "eg"]) == 0
    assert "earlier plan" not in capsys.readouterr().err
    assert main([*given, "--to", "linkerd", "--force"]) == 0
    said = capsys.readouterr().err
    assert "of an earlier plan are still in" in said
    assert "wave-01/0-start/gateway-street-door.yaml" in said
