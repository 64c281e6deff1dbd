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


def translated(*rules: str) -> Result:
    text = f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: web, namespace: shop}}
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
