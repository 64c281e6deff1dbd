"""Traps of mesh-wide settings and membership, shown on translations."""

from __future__ import annotations

from typing import Any

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import policy, routes, spec_of, translated, written
from tests.importers.istio.test_mesh_config import config_map
from translator.pipeline import Result
from translator.report.model import Fate, Impact


def test_trap_istio_7_attempts_alone_retry_no_status() -> None:
    """``attempts`` without ``retryOn`` retries connections and streams, not 503."""
    http = {"route": [{"destination": {"host": "api"}}], "retries": {"attempts": 3}}
    [route] = written(translated(routes([http])), "HTTPRoute")
    assert "retry.linkerd.io/http" not in route["metadata"].get("annotations", {})


def test_trap_istio_8_conditions_without_attempts_switch_retries_off() -> None:
    """``defaultHttpRetryPolicy`` without ``attempts`` means none, for every route without a block of its own."""
    mesh = config_map({"defaultHttpRetryPolicy": {"retryOn": "5xx"}})
    own = {"route": [{"destination": {"host": "api"}}]}
    result = translated(mesh, routes([own]))
    [table] = [f for f in result.model.facts if isinstance(f, RouteTable)]
    retry = table.routes[0].retry
    assert retry is not None
    assert retry.attempts.value == 0
    [route] = written(result, "HTTPRoute")
    assert "retry.linkerd.io/limit" not in route["metadata"].get("annotations", {})
    messages = [f.message for f in result.report.findings if f.code == "MM307"]
    assert not any("tried twice more" in message for message in messages)


NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {LABEL}}
"""


def deployment(labels: str = "", annotations: str = "") -> str:
    """A workload with these labels and annotations on its pods."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: db, namespace: shop}}
spec:
  template:
    metadata:
      labels: {{app: db, {labels}}}
      annotations: {{{annotations}}}
    spec:
      containers: [{{name: db, ports: [{{containerPort: 8080}}, {{containerPort: 9090}}]}}]
"""


def edited(result: Result, resource: str) -> dict[str, Any]:
    """The metadata of the pods of an edited object, or of the namespace."""
    [here] = [dict[str, Any](d.value) for d in result.documents if d.resource == resource]
    if not resource.startswith("Namespace"):
        here = here["spec"]["template"]
    found: dict[str, Any] = here["metadata"]
    return found


def test_trap_istio_39_no_policy_exists_on_excluded_ports() -> None:
    """A port that is left out skips the proxy in the target too, and nothing else is closed for it."""
    text = deployment(annotations='traffic.sidecar.istio.io/excludeInboundPorts: "9090"')
    rules = {"selector": {"matchLabels": {"app": "db"}}}
    result = translated(text, policy(rules))
    annotations = edited(result, "Deployment/shop/db")["annotations"]
    assert annotations["config.linkerd.io/skip-inbound-ports"] == "9090"
    assert "traffic.sidecar.istio.io/excludeInboundPorts" not in annotations
    assert [spec_of(d)["port"] for d in written(result, "Server")] == [8080]
    stranger = Caller(mtls=False)
    open_port = Request(caller=stranger, workload="Deployment/shop/db", port=9090)
    assert decide_access(result.model, open_port).allowed


def test_trap_istio_44_a_disabled_namespace_outranks_its_pods() -> None:
    """The pod's word is not heeded; it leaves all the same, or it would be heeded once the namespace's is gone."""
    pod = deployment(labels='sidecar.istio.io/inject: "true"')
    result = translated(NAMESPACE.replace("LABEL", "istio-injection: disabled"), pod)
    metadata = edited(result, "Deployment/shop/db")
    assert metadata["annotations"] == {"linkerd.io/inject": "disabled"}
    assert metadata["labels"] == {"app": "db"}


def test_trap_istio_44_an_unlabelled_namespace_does_not() -> None:
    """Where the namespace says nothing, the pod's label enrols it."""
    pod = deployment(labels='sidecar.istio.io/inject: "true"')
    result = translated(NAMESPACE.replace("LABEL", "team: a"), pod)
    metadata = edited(result, "Deployment/shop/db")
    assert metadata["annotations"] == {
        "linkerd.io/inject": "enabled",
        "config.linkerd.io/proxy-outbound-connect-timeout": "10s",
    }


def test_trap_istio_30_the_root_namespace_is_the_configured_one() -> None:
    """A selector there holds in every namespace, one in the usual root namespace does not any more."""
    rules = {"selector": {"matchLabels": {"app": "api"}}}
    mesh = config_map({"rootNamespace": "mesh-policies"})

    def servers(namespace: str) -> list[str]:
        text = policy(rules).replace("namespace: shop", f"namespace: {namespace}")
        return [d["metadata"]["name"] for d in written(translated(mesh, text), "Server")]

    assert servers("mesh-policies") == ["api-8080"]
    assert servers("istio-system") == []


def test_trap_linkerd_48_a_proxy_config_has_no_form() -> None:
    """What it says of the source's proxy is reported field by field; nothing of it is written."""
    text = """
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  concurrency: 4
  environmentVariables: {MODE: fast}
  image: {imageType: debug}
"""
    result = translated(text)
    assert result.documents == ()
    own = [row for row in result.report.ledger if row.resource.startswith("ProxyConfig")]
    assert {row.fate for row in own if row.path.startswith("spec")} == {Fate.LOST}


def test_trap_linkerd_51_several_networks_are_reported() -> None:
    """Services of other clusters have names of their own in the target."""
    text = NAMESPACE.replace("LABEL", "topology.istio.io/network: east")
    found = [f for f in translated(text).report.findings if "topology.istio.io" in f.message]
    assert [f.impact for f in found] == [Impact.DIFFERENT]


def test_trap_linkerd_53_annotations_reach_no_running_pod() -> None:
    """A namespace that is enrolled needs its workloads restarted, and the report names them."""
    result = translated(NAMESPACE.replace("LABEL", "istio-injection: enabled"))
    [restart] = [f for f in result.report.findings if f.code == "MM602"]
    assert "all workloads of namespace shop" in restart.message
