"""What is not read, or not understood, makes those slices doubtful that it may touch, and no others."""

from __future__ import annotations

import pytest

from translator.api import Options
from translator.pipeline import options_of, translate_loaded
from translator.registry import load_importer
from translator.source.load import load_text
from translator.target import Target
from translator.touched import touched
from translator.verify.compare import Terms, compare
from translator.verify.result import Verdict

WORKLOAD = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}}}
    spec: {{containers: [{{name: api, image: api, ports: [{{name: http, containerPort: 8080}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: {space}}}
spec: {{selector: {{app: api}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
"""


def open_slices(text: str, source: str, target: str) -> str:
    """What the findings say of slices whose question is open."""
    loaded = load_text(text)
    result = translate_loaded(loaded, options_of(loaded, source, target, {}))
    return " ".join(f.message for f in result.report.findings if f.code == "MM905")


@pytest.mark.parametrize(
    ("kind", "space", "name", "where"),
    [
        ("Server", "shop", "api", "shop"),
        ("Server", "", "api", "default"),
        ("Namespace", "", "shop", "shop"),
        ("CiliumClusterwideNetworkPolicy", "", "all", ""),
        ("AuthorizationPolicy", "istio-system", "all", ""),
    ],
)
def test_an_object_touches_its_namespace_and_one_without_any_touches_all(
    kind: str, space: str, name: str, where: str
) -> None:
    options = Options(source=Target("istio", "1.29"), target=Target("linkerd", "2.20"))
    assert touched(kind, space, name, options) == where


def test_a_namespace_of_which_something_is_not_read_makes_its_own_pods_doubtful_alone() -> None:
    odd = "apiVersion: v1\nkind: Namespace\nmetadata: {name: bank, labels: {test.linkerd.io/odd: x}}\n"
    joined = "metadata: {labels: {app: api}, annotations: {linkerd.io/inject: enabled}}"
    text = odd + "".join(WORKLOAD.format(space=space) for space in ("bank", "default"))
    told = open_slices(text.replace("metadata: {labels: {app: api}}", joined), "linkerd", "istio")
    assert "Deployment/bank/api port 8080" in told
    assert "Deployment/default/api" not in told


FILTERED = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  gatewayClassName: nginx
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  parentRefs: [{name: front}]
  rules:
  - filters: [{type: ExtensionRef, extensionRef: {group: example.org, kind: Odd, name: x}}]
    backendRefs: [{name: api, port: 80}]
"""


def test_a_filter_at_a_gateway_makes_the_gateway_doubtful_and_no_pod_behind_it() -> None:
    text = FILTERED + WORKLOAD.format(space="shop")
    loaded = load_text(text)
    options = options_of(loaded, "linkerd", "istio", {"gateway_class": "eg"})
    model = load_importer("linkerd")(loaded.resources, options).model
    verdicts = {one.slice.name: one.slice.verdict for one in compare(model, model, Terms()).found}
    assert verdicts.pop("Gateway/shop/front port 80") is Verdict.MAY_DIFFER
    assert {*verdicts.values()} == {Verdict.EQUAL_EXACT}
    assert open_slices(text, "gateway-api", "linkerd") == ""
