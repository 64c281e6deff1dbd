"""Labels that are words to the source's mesh go with it: no policy selects pods by them, and none holds for fewer or more."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Impact

_POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api%s}}
    spec: {%scontainers: [{name: app, ports: [{containerPort: 9000}]}]}
---
"""
_NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
"""
_OUT = _POD % ("load", ', sidecar.istio.io/inject: "false"', "")
_IN = _POD % ("api", "", "")
_RULE = "rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]"


def _policy(rest: str, name: str = "p") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{{rest}}}
---
"""


def _told(result: Result, code: str) -> dict[Impact, str]:
    return {f.impact: f.message for f in result.report.findings if f.code == code}


def _selectors(result: Result) -> list[object]:
    found = [dict(value) for value in result.manifests]
    return [f["spec"]["endpointSelector"] for f in found if f["kind"] == "CiliumNetworkPolicy"]  # type: ignore[index]


@pytest.mark.parametrize(
    "rest",
    [
        "selector: {matchLabels: {app: api}}, " + _RULE,
        "selector: {matchLabels: {app: api}}, action: DENY, " + _RULE,
        "selector: {matchLabels: {app: api}}, action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]",
    ],
)
def test_pods_kept_out_by_their_label_alone_are_held_with_those_that_have_their_labels(
    rest: str,
) -> None:
    result = translated(_NAMESPACE + _IN + _OUT + _policy(rest), "istio", "cilium")
    assert faults(result) == []
    assert "Deployment/shop/load" in _told(result, "MM412")[Impact.STRICTER]
    assert _selectors(result) == [{"matchLabels": {"app": "api"}}]


def test_pods_on_the_network_of_their_node_take_no_rules_from_those_that_have_their_labels() -> (
    None
):
    on_node = _POD % ("agent", "", "hostNetwork: true, ")
    rest = "selector: {matchLabels: {app: api}}, " + _RULE
    result = translated(_NAMESPACE + _IN + on_node + _policy(rest), "istio", "cilium")
    assert faults(result) == []
    assert _selectors(result) == [{"matchLabels": {"app": "api"}}]


def test_what_leaves_pods_kept_out_by_their_label_alone_is_limited_and_told() -> None:
    sidecar = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: limits, namespace: shop}
spec: {workloadSelector: {labels: {app: api}}, outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
"""
    result = translated(_NAMESPACE + _IN + _OUT + sidecar, "istio", "cilium")
    assert faults(result) == []
    assert "Deployment/shop/load" in _told(result, "MM524")[Impact.STRICTER]


_BY_WORD = 'selector: {matchLabels: {sidecar.istio.io/inject: "true"}}, ' + _RULE
_JOINED = _POD % ("api", ', sidecar.istio.io/inject: "true"', "")


def test_a_policy_by_a_word_of_membership_is_one_by_the_labels_that_stay() -> None:
    result = translated(_NAMESPACE + _JOINED + _policy(_BY_WORD), "istio", "cilium")
    assert faults(result) == []
    assert _selectors(result) == [{"matchLabels": {"app": "api"}}]


def test_a_policy_by_a_word_that_alone_tells_its_pods_is_a_blocker() -> None:
    both = _JOINED + (_POD % ("other", "", ""))
    result = translated(_NAMESPACE + both + _policy(_BY_WORD), "istio", "cilium")
    assert faults(result) == []
    assert "sidecar.istio.io/inject" in _told(result, "MM412")[Impact.LOOSER]
    assert _selectors(result) == []


def test_ports_past_the_proxy_stay_shut_where_the_pods_have_the_labels_of_others() -> None:
    word = "labels: {app: api}, annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '9000'}"
    other = (_POD % ("load", "", "")).replace("labels: {app: api}", word)
    rest = "selector: {matchLabels: {app: api}}, " + _RULE
    result = translated(_NAMESPACE + _IN + other + _policy(rest), "istio", "cilium")
    assert faults(result) == []
    assert "Deployment/shop/load" in _told(result, "MM412")[Impact.STRICTER]
    assert len(_selectors(result)) == 1
