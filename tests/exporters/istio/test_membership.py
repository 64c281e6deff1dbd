"""Who is in the mesh: Istio's labels come in the same edit in which Linkerd's annotations leave."""

from __future__ import annotations

from tests.exporters.istio.linkerd import translated, written


def deployment(word: str) -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{linkerd.io/inject: {word}}}}}
    spec: {{containers: [{{name: web, image: web}}]}}
"""


def namespace(word: str) -> str:
    return f"""
apiVersion: v1
kind: Namespace
metadata: {{name: shop, annotations: {{linkerd.io/inject: {word}}}}}
"""


def test_a_namespace_joins_by_its_label() -> None:
    (space,) = written(translated(namespace("enabled")), "Namespace")
    assert space["metadata"]["labels"] == {"istio-injection": "enabled"}
    assert "linkerd.io/inject" not in (space["metadata"].get("annotations") or {})


def test_pods_join_and_stay_out_by_their_label() -> None:
    for word, label in (("enabled", "true"), ("disabled", "false")):
        (pods,) = written(translated(deployment(word)), "Deployment")
        template = pods["spec"]["template"]["metadata"]
        assert template["labels"] == {"app": "web", "sidecar.istio.io/inject": label}
        assert "linkerd.io/inject" not in (template.get("annotations") or {})


def test_a_namespace_that_stays_out_gets_no_label_where_pods_of_it_join() -> None:
    result = translated(namespace("disabled"), deployment("enabled"))
    (space,) = written(result, "Namespace")
    assert "istio-injection" not in (space["metadata"].get("labels") or {})
    (pods,) = written(result, "Deployment")
    assert pods["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] == "true"
