"""Faults that configurations of Cilium drawn at random brought to light, each by the smallest input that shows it."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Impact

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: %s}}
    spec: {serviceAccountName: %s, %scontainers: [{name: app, ports: [{containerPort: 8080}]}]}
---
"""
API = POD % ("api", "api", "api", "")
WEB = POD % ("web", "web", "web", "")
MESHES = ("linkerd", "istio", "gateway-api")


def policy(rest: str, name: str = "p", kind: str = "CiliumNetworkPolicy") -> str:
    space = ", namespace: shop" if kind == "CiliumNetworkPolicy" else ""
    return f"""
apiVersion: cilium.io/v2
kind: {kind}
metadata: {{name: {name}{space}}}
spec: {rest}
---
"""


def told(result: Result, code: str) -> set[Impact]:
    return {finding.impact for finding in result.report.findings if finding.code == code}


@pytest.mark.parametrize("target", MESHES)
def test_the_end_of_a_range_beside_all_ports_has_its_fate(target: str) -> None:
    ports = "{port: '8000', endPort: 8100, protocol: TCP}, {port: '0', protocol: TCP}"
    rule = f"{{endpointSelector: {{}}, ingress: [{{toPorts: [{{ports: [{ports}]}}]}}]}}"
    assert faults(translated(API + policy(rule), "cilium", target)) == []


def test_a_header_that_must_be_there_is_traced_to_its_name() -> None:
    ports = "{ports: [{port: '8080', protocol: TCP}], rules: {http: [{headers: ['X-Key']}]}}"
    rule = f"{{endpointSelector: {{}}, ingress: [{{toPorts: [{ports}]}}]}}"
    assert faults(translated(API + policy(rule), "cilium", "linkerd")) == []


def test_callers_by_account_may_be_others_where_another_policy_closes_the_pods() -> None:
    """All policies add up: what one closes the other lets in to, and is told to let in who had no such labels."""
    closes = "{endpointSelector: {matchLabels: {app: api}}, ingressDeny: [{icmps: [{fields: [{type: 8}]}]}]}"
    lets_in = "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}"
    text = API + WEB + policy(closes, "closes") + policy(lets_in, "lets-in")
    result = translated(text, "cilium", "istio")
    assert faults(result) == []
    assert told(result, "MM477") == {Impact.LOOSER, Impact.STRICTER}


@pytest.mark.parametrize("target", ["linkerd", "istio"])
@pytest.mark.parametrize("peers", ["fromEndpoints: [{}]", "toPorts: [{ports: [{port: '8080'}]}]"])
def test_what_lets_in_where_nothing_is_closed_closes_nothing(target: str, peers: str) -> None:
    rule = (
        f"{{endpointSelector: {{}}, enableDefaultDeny: {{ingress: false}}, ingress: [{{{peers}}}]}}"
    )
    result = translated(API + policy(rule), "cilium", target)
    assert faults(result) == []
    assert told(result, "MM402") == {Impact.NONE}
    assert not result.report.verification.changes


def test_what_lets_in_on_a_long_range_of_ports_alone_is_told_to_be_shut() -> None:
    ports = "{ports: [{port: '9000', endPort: 9999, protocol: TCP}]}"
    rule = f"{{endpointSelector: {{}}, ingress: [{{toPorts: [{ports}]}}]}}"
    result = translated(API + policy(rule), "cilium", "linkerd")
    assert faults(result) == []
    assert Impact.STRICTER in told(result, "MM412")


def test_what_closes_pods_without_ports_is_said_by_the_default_of_their_namespace() -> None:
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    pod = API.replace("ports: [{containerPort: 8080}]", "image: example.com/app:1")
    whole = policy("{endpointSelector: {}, ingress: [{}]}", "whole")
    wide = policy(
        "{endpointSelector: {matchLabels: {app: api}}, ingress: [{}]}",
        "wide",
        "CiliumClusterwideNetworkPolicy",
    )
    result = translated(space + pod + whole + wide, "cilium", "linkerd")
    assert faults(result) == []
    assert told(result, "MM412") == {Impact.STRICTER, Impact.NONE}


def test_what_lets_in_at_listed_pods_that_are_open_closes_nothing() -> None:
    """Pods that are not listed might be both: closed by the one, let in to by the other."""
    opens = (
        "{endpointSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}, %s}"
    )
    lets_in = policy(
        opens % "enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]"
    )
    closes = policy("{endpointSelector: {matchLabels: {app: nobody}}, ingress: [{}]}", "closes")
    assert faults(translated(API + lets_in + closes, "cilium", "linkerd")) == []


@pytest.mark.parametrize(("way", "peers"), [("Ingress", "ingress"), ("Egress", "egress")])
def test_what_network_policies_refuse_without_the_policies_beside_them_is_told(
    way: str, peers: str
) -> None:
    """All policies of the network add up; Gateway API has no word for those that go."""
    stays = f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: stays, namespace: shop}}
spec: {{podSelector: {{}}, policyTypes: [{way}]}}
---
"""
    goes = f"{{endpointSelector: {{}}, {peers}: [{{toPorts: [{{ports: [{{port: '8080'}}]}}]}}]}}"
    result = translated(API + stays + policy(goes), "cilium", "gateway-api")
    assert faults(result) == []
    assert told(result, "MM478") == {Impact.STRICTER}


@pytest.mark.parametrize(
    "asks", ["name: all", "matches: [{path: {value: /a}}]", "matches: [{method: GET}]"]
)
@pytest.mark.parametrize("source", ["cilium", "gateway-api"])
def test_a_path_in_the_place_of_the_whole_path_takes_the_place_of_no_prefix(
    source: str, asks: str
) -> None:
    text = f"""
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: shop}}
spec: {{selector: {{app: api}}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: routes, namespace: shop}}
spec:
  parentRefs: [{{group: "", kind: Service, name: api, port: 80}}]
  rules:
  - {asks}
    backendRefs: [{{name: api, port: 80}}]
    filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplaceFullPath, replaceFullPath: /new}}}}}}]
"""
    result = translated(text, source, "istio")
    assert faults(result) == []
    assert not [c for c in result.report.verification.changes if c["kind"] == "rewritten"]


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_who_shows_no_certificate_is_not_of_another_namespace(target: str) -> None:
    key = "k8s:io.kubernetes.pod.namespace"
    others = f"{{matchExpressions: [{{key: {key}, operator: NotIn, values: [shop]}}]}}"
    rule = f"{{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{others}]}}]}}"
    result = translated(API + policy(rule), "cilium", target)
    assert faults(result) == []
    opened = [c for c in result.report.verification.changes if c["kind"] == "newly_allowed"]
    assert all(c["explained_by"] == ["MM476"] for c in opened)  # datagrams


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_a_refusal_of_the_cluster_that_holds_for_certificates_is_told_as_looser(
    target: str,
) -> None:
    rule = "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '8080'}]}]}], ingressDeny: [{fromEntities: [cluster]}]}"
    result = translated(API + policy(rule), "cilium", target)
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM411")


@pytest.mark.parametrize("target", ["linkerd", "istio"])
def test_who_is_named_beside_everybody_is_among_them(target: str) -> None:
    """It was read and then forgotten (MM901)."""
    rule = "{endpointSelector: {matchLabels: {app: web}}, egress: [{toEntities: [cluster, all]}]}"
    result = translated(WEB + policy(rule), "cilium", target)
    assert faults(result) == []
    (written,) = (d for d in result.manifests if d["kind"] == "NetworkPolicy")
    rules = written["spec"]["egress"]  # type: ignore[index]
    assert {} in rules


PROBED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers: [{name: app, ports: [{containerPort: 8080}], readinessProbe: {%s: {port: 9000}}}]
---
"""
NODE_BY_RULE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {allow-localhost: policy}
---
"""


@pytest.mark.parametrize("probe", ["httpGet", "grpc"])
@pytest.mark.parametrize("profile", ["sidecar", "ambient"])
def test_health_checks_that_a_denial_of_everybody_refused_come_in(probe: str, profile: str) -> None:
    """Nothing said so (MM903)."""
    rule = "{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{}]}]}]}"
    text = PROBED % probe + policy(rule)
    result = translated(text, "cilium", "istio", profile=profile)
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM404")


def test_health_checks_come_in_where_the_node_needed_a_rule() -> None:
    rule = "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"
    result = translated(NODE_BY_RULE + PROBED % "httpGet" + policy(rule), "cilium", "istio")
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM404")


def test_health_checks_that_came_in_are_not_told_of() -> None:
    rule = "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"
    result = translated(PROBED % "httpGet" + policy(rule), "cilium", "istio")
    assert Impact.LOOSER not in told(result, "MM404")


LONG = "ingressDeny: [{%stoPorts: [{ports: [{port: '8000', endPort: 8100, protocol: TCP}]}]}]"
ELSEWHERE = WEB.replace("8080", "9999")


@pytest.mark.parametrize("target", ["linkerd", "istio"])
@pytest.mark.parametrize(
    "peers", ["fromEntities: [remote-node, all], ", "fromEntities: [world], ", ""]
)
@pytest.mark.parametrize("closes", ["", "enableDefaultDeny: {ingress: false}, "])
def test_a_denial_on_a_long_range_that_nobody_declares_holds(
    target: str, peers: str, closes: str
) -> None:
    """It was forgotten by Linkerd (MM901, and MM903 where nothing was closed), and told of no pods by Istio (MM904)."""
    rule = f"{{endpointSelector: {{matchLabels: {{app: web}}}}, {closes}{LONG % peers}}}"
    result = translated(ELSEWHERE + policy(rule), "cilium", target)
    assert faults(result) == []
    changes = result.report.verification.changes
    by_tcp = [
        c for c in changes if c["explained_by"] != ["MM476"]
    ]  # datagrams, which no proxy refuses
    looser = {c["kind"] for c in by_tcp} & {"newly_allowed"}
    assert not looser or peers == "fromEntities: [world], "
    if target == "linkerd" and closes:
        servers = [d["spec"]["port"] for d in result.manifests if d["kind"] == "Server"]  # type: ignore[index]
        assert servers == [9999]


def test_callers_that_are_refused_by_their_namespace_show_a_certificate_or_pass() -> None:
    """Nothing said so (MM903), and all that was translated was withheld."""
    opens = "ingress: [{toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]"
    rule = f"{{endpointSelector: {{}}, {opens}, ingressDeny: [{{fromEndpoints: [{{}}]}}]}}"
    result = translated(API + WEB + policy(rule), "cilium", "istio")
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM411")


NODES_OWN = POD % ("agent", "agent", "agent", "hostNetwork: true, ")


@pytest.mark.parametrize("target", MESHES)
def test_pods_on_the_network_of_their_node_are_not_selected_among_others(target: str) -> None:
    """They were taken to be closed, so that they seemed to be opened (MM903)."""
    rule = "{endpointSelector: {}, ingress: [{}], ingressDeny: [{fromEntities: [world]}]}"
    result = translated(NODES_OWN + WEB + policy(rule), "cilium", target)
    assert faults(result) == []
    changes = [change["slice"] for change in result.report.verification.changes]
    assert not [one for one in changes if str(one).startswith("Deployment/shop/agent")]
