"""Policies of a network as AuthorizationPolicies: pods by equal labels, ports and paths in the target's words."""

from __future__ import annotations

from tests.exporters.istio.linkerd import Tree, codes, parsed
from translator import pipeline
from translator.pipeline import Result
from translator.source.load import load_text

PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
"""


def translated(*rules: str, wide: bool = False) -> Result:
    """What a policy of a namespace, or of the whole cluster, comes to."""
    kind, space = ("Clusterwide", "") if wide else ("", ", namespace: shop")
    text = f"""
apiVersion: cilium.io/v2
kind: Cilium{kind}NetworkPolicy
metadata: {{name: web{space}}}
spec:
  endpointSelector: {{matchLabels: {{app: web}}}}
  {rules[0]}
"""
    own = pipeline.options_of(load_text(""), "cilium", "istio", {})
    return pipeline.translate_loaded(load_text(f"{PODS}\n---\n{text}"), own)


def policies(result: Result) -> list[Tree]:
    return [dict(v)["spec"] for v in result.manifests if v["kind"] == "AuthorizationPolicy"]


def test_a_policy_that_lets_nobody_in_closes_its_pods() -> None:
    result = translated("ingress: [{}]")
    assert policies(result) == [parsed("{selector: {matchLabels: {app: web}}, action: ALLOW}")]
    assert codes(result) == []


def test_ports_and_paths_are_operations() -> None:
    result = translated(
        "ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: '8080', protocol: TCP}], "
        "rules: {http: [{method: GET, path: '/items/.*'}]}}]}]"
    )
    operations = [r["to"][0]["operation"] for p in policies(result) for r in p.get("rules", [])]
    assert {"ports": ["8080"], "methods": ["GET"], "paths": ["/items/*"]} in operations
    assert codes(result) == []


def test_a_path_that_is_no_text_lets_nobody_in() -> None:
    result = translated(
        "ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: '8080', protocol: TCP}], "
        "rules: {http: [{method: GET, path: '/items/[0-9]+'}]}}]}]"
    )
    assert all("paths" not in str(policy) for policy in policies(result))
    assert codes(result, "MM402")[0] == "MM402"


ACCOUNT = "k8s:io.cilium.k8s.policy.serviceaccount"
SPACE = "k8s:io.kubernetes.pod.namespace"


def test_an_account_beside_a_namespace_is_the_end_of_an_identity() -> None:
    """The API server refuses ``serviceAccounts`` beside ``namespaces`` or ``principals``."""
    result = translated(
        f'ingress: [{{fromEndpoints: [{{matchLabels: {{"{ACCOUNT}": web, "{SPACE}": shop}}}}]}}]'
    )
    assert {"principals": ["*/ns/shop/sa/web"], "namespaces": ["shop"]} in sources(result)
    assert refused(result) == []
    assert codes(result) == []


def test_an_account_of_any_namespace_is_the_end_of_an_identity() -> None:
    """``serviceAccounts`` know no star: with one they named nobody, and whom it kept out got in."""
    selectors = (
        f'{{matchLabels: {{"{ACCOUNT}": till}}}}',
        f'{{matchExpressions: [{{key: "{ACCOUNT}", operator: NotIn, values: [bad]}}]}}',
    )
    result = translated(f"ingress: [{{fromEndpoints: [{', '.join(selectors)}]}}]", wide=True)
    assert sources(result) == [
        {"principals": ["*/sa/till"]},
        {"principals": ["*"], "notPrincipals": ["*/sa/bad"]},
    ]
    assert refused(result) == []
    assert codes(result) == []


def sources(result: Result) -> list[Tree]:
    return [
        entry["source"]
        for policy in policies(result)
        for rule in policy.get("rules", [])
        for entry in rule.get("from", [])
    ]


def refused(result: Result) -> list[Tree]:
    """Sources that the API server refuses (x-kubernetes-validations of AuthorizationPolicy, istio.io/api 1.31)."""
    accounts = {"serviceAccounts", "notServiceAccounts"}
    others = {"principals", "notPrincipals", "namespaces", "notNamespaces"}
    return [s for s in sources(result) if accounts & {*s} and others & {*s}]
