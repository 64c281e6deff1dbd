"""Pods that have no proxy, and those beside them that have one and bear the same labels."""

from __future__ import annotations

import pytest

from ir.access import Closed
from ir.behaviour.concrete import decide_access
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.coverage import covers
from ir.model import Model
from tests.exporters.linkerd.istio import policy, written
from tests.translation import in_force_after, to_linkerd
from translator import pipeline
from translator.api import Options
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.load import load_text

SPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
"""
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""
WEB = {"selector": {"matchLabels": {"app": "web"}}}
MARK = "sidecar.istio.io/inject: 'false'"
PORT = "traffic.sidecar.istio.io/excludeInboundPorts: '8080'"


def pods(name: str, labels: str, annotations: str = "", spec: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{{labels}}}, annotations: {{{annotations}}}}}
    spec: {{{spec}serviceAccountName: {name}, containers: [{{name: c, ports: [{{containerPort: 8080}}]}}]}}
"""


def estate(*texts: str) -> str:
    return "\n---\n".join(texts)


def open_to_all(model: Model, name: str, port: int = 8080) -> bool:
    """Whether anybody gets in without a certificate."""
    stranger = Caller(mtls=False)
    return decide_access(
        model, Request(caller=stranger, workload=f"Deployment/shop/{name}", port=port)
    ).allowed


def shut_ports(result: Result) -> list[str]:
    return [d["metadata"]["name"] for d in written(result, "Server")]


def test_pods_on_the_network_of_their_node_are_held_to_nothing_on_either_side() -> None:
    """No sidecar is put beside them: neither STRICT nor a rule holds there, and the proof says so of both meshes."""
    text = estate(SPACE, STRICT, pods("web", "app: web", spec="hostNetwork: true, "), policy(WEB))
    result = to_linkerd(text)
    assert open_to_all(result.model, "web")
    assert open_to_all(in_force_after(text, result), "web")
    assert shut_ports(result) == []
    assert {f.code for f in result.report.findings} & {"MM903"} == set()


def test_in_an_ambient_mesh_the_agent_does_not_take_them_either() -> None:
    space = SPACE.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")
    text = estate(space, STRICT, pods("web", "app: web", spec="hostNetwork: true, "))
    result = to_linkerd(text)
    assert open_to_all(result.model, "web")
    assert {f.code for f in result.report.findings} & {"MM903"} == set()


@pytest.mark.parametrize("words", [MARK, PORT])
@pytest.mark.parametrize("labels", ["app: web, v: '2'", "app: web"])
def test_what_keeps_pods_from_a_proxy_keeps_no_others_that_bear_their_labels(
    words: str, labels: str
) -> None:
    """Before, a job that was kept out took the rules of the server whose label it bears with it."""
    text = estate(SPACE, pods("job", "app: web", words), pods("web", labels), policy(WEB))
    result = to_linkerd(text)
    assert not open_to_all(result.model, "web")
    assert "web-8080" in shut_ports(result)
    assert not open_to_all(in_force_after(text, result), "web")


def test_rules_on_requests_hold_for_sidecars_beside_pods_of_the_agent() -> None:
    """A pod that the agent takes bears the label of one with a sidecar, whose rule on paths stays in force."""
    ambient = "app: web, istio.io/dataplane-mode: ambient"
    admin = {"to": [{"operation": {"paths": ["/admin"]}}]}
    refusal = policy({**WEB, "action": "DENY", "rules": [admin]})
    space = SPACE.replace("istio-injection: enabled", "team: a")
    beside = pods("web", f"{ambient}, sidecar.istio.io/inject: 'true'")
    result = to_linkerd(estate(space, pods("job", ambient), beside, refusal))
    request = Request(caller=Caller(), workload="Deployment/shop/web", port=8080, path="/admin")
    assert not decide_access(result.model, request).allowed


LINKERD = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, port: 8080, accessPolicy: deny}
"""


def of_linkerd(*texts: str) -> Model:
    result = to_linkerd("")
    return load_importer("linkerd")(
        load_text(estate(LINKERD, *texts)).resources, result.options
    ).model


@pytest.mark.parametrize(
    "words", ["linkerd.io/inject: disabled", "config.linkerd.io/skip-inbound-ports: '8080'"]
)
def test_linkerd_as_a_source_tells_them_apart_too(words: str) -> None:
    model = of_linkerd(pods("job", "app: web", words), pods("web", "app: web, v: '2'"))
    assert open_to_all(model, "job")
    assert not open_to_all(model, "web")


def test_linkerd_puts_no_proxy_beside_pods_on_the_network_of_their_node() -> None:
    model = of_linkerd(pods("web", "app: web", spec="hostNetwork: true, "))
    assert open_to_all(model, "web")


def test_pods_of_more_labels_stay_outside_where_their_namespace_keeps_them_out() -> None:
    """One joins by its own word; another bears its label and one more, says nothing, and has no proxy."""
    space, server = LINKERD.replace("enabled", "disabled").split("---")
    joined = pods("web", "app: web", "linkerd.io/inject: enabled")
    result = to_linkerd("")
    text = estate(space, server, joined, pods("job", "app: web, v: '2'"))
    model = load_importer("linkerd")(load_text(text).resources, result.options).model
    assert open_to_all(model, "job")
    assert not open_to_all(model, "web")


@pytest.mark.parametrize("word", ["'true'", "Enabled"])
def test_a_word_that_linkerds_injector_does_not_know_keeps_pods_out(word: str) -> None:
    model = of_linkerd(pods("web", "app: web", f"linkerd.io/inject: {word}"))
    assert open_to_all(model, "web")


def test_on_a_namespace_it_keeps_out_those_that_ask_to_join() -> None:
    result = to_linkerd("")
    text = LINKERD.replace("enabled", "'yes'")
    joined = pods("web", "app: web", "linkerd.io/inject: enabled")
    model = load_importer("linkerd")(load_text(estate(text, joined)).resources, result.options)
    assert open_to_all(model.model, "web")


def test_the_default_policy_of_some_pods_opens_no_port_of_others_that_bear_their_labels() -> None:
    """Before, the Server of the pods of more labels was undone by the default of the others, and called equal."""
    space = "config.linkerd.io/default-inbound-policy: all-authenticated, linkerd.io/inject"
    text = LINKERD.replace("linkerd.io/inject", space).replace("app: web", "tier: admin")
    both = estate(text, pods("web", "app: web"), pods("admin", "app: web, tier: admin"))
    result = pipeline.translate_loaded(load_text(both), to_istio())
    request = Request(caller=Caller(), workload="Deployment/shop/admin", port=8080)
    assert not decide_access(result.model, request).allowed
    assert not decide_access(in_force_after(both, result), request).allowed
    assert "MM903" not in {f.code for f in result.report.findings}


def to_istio() -> Options:
    return pipeline.options_of(load_text(""), "linkerd", "istio", {})


@pytest.mark.parametrize("spec", ["hostNetwork: true, ", ""])
def test_what_the_network_refuses_stays_refused_past_the_proxy(spec: str) -> None:
    """Where no proxy looks, NetworkPolicies still do: naively and for all requests at once."""
    closed = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: []}
"""
    text = estate(SPACE, pods("web", "app: web", "" if spec else PORT, spec), closed)
    result = to_linkerd(text)
    assert not open_to_all(result.model, "web")
    lowering = Lowering(result.model)
    [web] = result.model.inventory.workloads
    facts = lowering.at(lowering.about(web), web, 8080)
    access = lowering.access(facts, web, 8080).access
    assert not access.bypassed
    assert [gate.closed for gate in access.gates] == [True]


@pytest.mark.parametrize(
    "word",
    ["sidecar.istio.io/inject: 'true'", "istio.io/rev: old", "istio.io/dataplane-mode: ambient"],
)
def test_no_server_selects_pods_by_a_label_that_goes_with_the_source(word: str) -> None:
    """Such words leave the template in the same run, so that a Server which asks for them would select nobody."""
    text = estate(pods("web", f"app: web, {word}"), policy(WEB))
    result = to_linkerd(text)
    (server,) = written(result, "Server")
    assert server["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}
    after = in_force_after(text, result)
    [web] = [w for w in after.inventory.workloads if w.key == "Deployment/shop/web"]
    assert dict(web.labels) == {"app": "web"}
    grants = [f for f in after.facts if isinstance(f, Closed) and f.attachment.ports]
    assert any(covers(f.attachment.subject, web, after.inventory) for f in grants)


def test_a_rule_for_requests_is_not_compared_on_ports_for_datagrams() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http: [{match: [{uri: {exact: /x}}], redirect: {authority: elsewhere}}, {route: [{destination: {host: web, port: {number: 80}}}]}]
"""
    result = to_linkerd(estate(SPACE, pods("web", "app: web"), service))
    assert not {f.code for f in result.report.findings} & {"MM903", "MM904"}


def test_a_job_whose_own_label_keeps_it_out_is_told_from_its_server_once_the_label_is_gone() -> (
    None
):
    """Both bear the same labels then: what keeps one of them out is known by its name, and its proof is its own."""
    out = pods("clean", "app: web, sidecar.istio.io/inject: 'false'")
    text = estate(SPACE, STRICT, pods("web", "app: web"), out, policy(WEB))
    result = to_linkerd(text)
    after = in_force_after(text, result)
    assert open_to_all(result.model, "clean")
    assert open_to_all(after, "clean")
    assert not open_to_all(after, "web")
    assert not {f.code for f in result.report.findings} & {"MM903", "MM904"}
    assert shut_ports(result) == ["web-8080"]
