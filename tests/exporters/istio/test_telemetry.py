"""Access logs, metrics and traces, from Istio to Istio: nobody else has the words."""

from __future__ import annotations

import pytest

from tests.exporters.istio.test_tokens import PODS, Tree, home
from tests.laws.soundness import faults
from translator.pipeline import Result

ITEMS = """
  tracing:
  - providers: [{name: otel}]
    randomSamplingPercentage: 5.5
    customTags: {stage: {literal: {value: live}}}
  accessLogging:
  - providers: [{name: envoy}]
    filter: {expression: "response.code >= 500"}
  - disabled: true
    match: {mode: CLIENT}
"""


def telemetry(spec: str, name: str = "t", namespace: str = "shop") -> str:
    return f"""
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: {name}, namespace: {namespace}}}
spec:{spec}
---
"""


def specs(result: Result) -> list[Tree]:
    return [dict(one)["spec"] for one in result.manifests if one["kind"] == "Telemetry"]


def told(result: Result) -> list[str]:
    assert faults(result) == []
    return [f.impact.value for f in result.report.findings if f.code == "MM701"]


@pytest.mark.parametrize(
    ("namespace", "selector"),
    [("shop", f"\n  {PODS}"), ("shop", ""), ("istio-system", "")],
    ids=["pods", "a namespace", "the mesh"],
)
def test_each_item_stands_as_it_was(namespace: str, selector: str) -> None:
    result = home(telemetry(selector + ITEMS, namespace=namespace))
    assert told(result) == []
    (spec,) = specs(result)
    assert spec["tracing"] == [
        {
            "providers": [{"name": "otel"}],
            "randomSamplingPercentage": 5.5,
            "customTags": {"stage": {"literal": {"value": "live"}}},
        }
    ]
    assert spec["accessLogging"] == [
        {"providers": [{"name": "envoy"}], "filter": {"expression": "response.code >= 500"}},
        {"disabled": True, "match": {"mode": "CLIENT"}},
    ]
    assert spec.get("selector") == ({"matchLabels": {"app": "api"}} if selector else None)
    assert result.report.verification.verdict == "EQUAL_EXACT"


def test_what_is_for_a_waypoint_is_not_said_of_the_pods_of_its_namespace() -> None:
    target = (
        "\n  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}]"
        "\n  accessLogging: [{disabled: true}]"
    )
    result = home(telemetry(target), telemetry(ITEMS, name="u"))
    (spec,) = specs(result)
    assert len(spec["accessLogging"]) == 2
    assert told(result) == ["NONE"]


def test_of_two_objects_for_the_same_pods_none_is_made_one() -> None:
    result = home(telemetry(ITEMS), telemetry("\n  accessLogging: [{disabled: true}]", name="u"))
    assert specs(result) == []
    assert set(told(result)) == {"NONE"}


def test_agents_of_nodes_have_no_such_words() -> None:
    result = home(telemetry(ITEMS), profile="ambient")
    assert specs(result) == []
    assert set(told(result)) == {"NONE"}
