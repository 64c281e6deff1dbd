"""Tokens and services outside that are asked, from Istio to Istio: nobody else has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.laws.own_round import own_round
from tests.laws.soundness import faults
from translator.pipeline import Result, options_of
from translator.source.load import load_text

Tree = Any

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}
---
"""
PODS = "selector: {matchLabels: {app: api}}"


def policy(kind: str, spec: str, namespace: str = "shop") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: {kind}
metadata: {{name: p, namespace: {namespace}}}
spec: {{{spec}}}
---
"""


def home(*texts: str, profile: str = "sidecar") -> Result:
    """What Istio writes of its own documents."""
    loaded = load_text(POD + "".join(texts))
    options = options_of(loaded, "istio", "istio", {"profile": profile})
    return own_round(loaded, replace(options, verify=True))


def spec_of(result: Result, kind: str) -> Tree:
    (found,) = (dict(one) for one in result.manifests if one["kind"] == kind)
    return found["spec"]


def codes(result: Result) -> set[tuple[str, str]]:
    return {(f.code, f.impact.value) for f in result.report.findings}


def test_rules_for_tokens_stand_whole() -> None:
    rule = """
      issuer: https://issuer.example, jwksUri: https://issuer.example/keys, audiences: [shop, bank],
      fromHeaders: [{name: x-token, prefix: 'Bearer '}, {name: x-other}], fromParams: [token], fromCookies: [session],
      forwardOriginalToken: true, outputPayloadToHeader: x-payload,
      outputClaimToHeaders: [{header: x-group, claim: group}], spaceDelimitedClaims: [roles], timeout: 2s"""
    result = home(policy("RequestAuthentication", f"{PODS}, jwtRules: [{{{rule}}}]"))
    assert faults(result) == []
    spec = spec_of(result, "RequestAuthentication")
    assert spec["selector"] == {"matchLabels": {"app": "api"}}
    assert spec["jwtRules"] == [
        {
            "issuer": "https://issuer.example",
            "audiences": ["shop", "bank"],
            "jwksUri": "https://issuer.example/keys",
            "fromHeaders": [{"name": "x-token", "prefix": "Bearer "}, {"name": "x-other"}],
            "fromParams": ["token"],
            "fromCookies": ["session"],
            "forwardOriginalToken": True,
            "outputPayloadToHeader": "x-payload",
            "outputClaimToHeaders": [{"header": "x-group", "claim": "group"}],
            "spaceDelimitedClaims": ["roles"],
            "timeout": "2s",
        }
    ]


def test_keys_that_stand_in_the_rule_are_no_address() -> None:
    rule = "jwtRules: [{issuer: a, jwks: '{\"keys\": []}'}]"
    spec = spec_of(home(policy("RequestAuthentication", rule)), "RequestAuthentication")
    assert spec == {"jwtRules": [{"issuer": "a", "jwks": '{"keys": []}'}]}


def test_a_claim_that_is_called_payload_is_a_claim() -> None:
    told = "outputClaimToHeaders: [{header: x-a, claim: payload}]"
    rule = f"jwtRules: [{{issuer: a, {told}}}]"
    spec = spec_of(home(policy("RequestAuthentication", rule)), "RequestAuthentication")
    claims = [{"header": "x-a", "claim": "payload"}]
    assert spec["jwtRules"] == [{"issuer": "a", "outputClaimToHeaders": claims}]


def test_policies_for_the_same_pods_are_one_and_those_of_the_mesh_stand_in_the_root_namespace() -> (
    None
):
    other = policy("RequestAuthentication", "jwtRules: [{issuer: b}]", "istio-system")
    result = home(policy("RequestAuthentication", "jwtRules: [{issuer: a}]"), other)
    found = [dict(one) for one in result.manifests if one["kind"] == "RequestAuthentication"]
    places = {one["metadata"]["namespace"]: one["spec"]["jwtRules"] for one in found}  # type: ignore[index]
    assert places == {"shop": [{"issuer": "a"}], "istio-system": [{"issuer": "b"}]}


def test_who_may_call_by_token_claim_and_audience_is_said_in_the_same_words() -> None:
    rule = (
        "rules: [{from: [{source: {requestPrincipals: ['https://issuer.example/*']}}], "
        "when: [{key: 'request.auth.claims[group]', values: [admin]}, {key: request.auth.audiences, values: [shop]}]}]"
    )
    result = home(policy("AuthorizationPolicy", f"{PODS}, {rule}"))
    assert faults(result) == []
    spec = spec_of(result, "AuthorizationPolicy")
    assert spec["rules"] == [
        {
            "from": [{"source": {"requestPrincipals": ["https://issuer.example/*"]}}],
            "when": [
                {"key": "request.auth.claims[group]", "values": ["admin"]},
                {"key": "request.auth.audiences", "values": ["shop"]},
            ],
        }
    ]


def test_a_service_outside_that_is_asked_stands_with_its_rules() -> None:
    rule = (
        "action: CUSTOM, provider: {name: oauth}, rules: [{to: [{operation: {paths: [/admin/*]}}]}]"
    )
    result = home(policy("AuthorizationPolicy", f"{PODS}, {rule}"))
    assert faults(result) == []
    spec = spec_of(result, "AuthorizationPolicy")
    assert spec["action"] == "CUSTOM"
    assert spec["provider"] == {"name": "oauth"}
    assert spec["rules"] == [{"to": [{"operation": {"paths": ["/admin/*"]}}]}]


def test_rules_of_two_services_outside_are_two_policies() -> None:
    texts = [
        policy("AuthorizationPolicy", f"action: CUSTOM, provider: {{name: {name}}}, rules: [{{}}]")
        for name in ("oauth", "opa")
    ]
    result = home(texts[0], texts[1].replace("name: p,", "name: q,"))
    names = {one["spec"]["provider"]["name"] for one in result.manifests}  # type: ignore[index]
    assert names == {"oauth", "opa"}


@pytest.mark.parametrize(
    ("kind", "spec", "code"),
    [
        ("RequestAuthentication", "jwtRules: [{issuer: a}]", "MM406"),
        ("AuthorizationPolicy", "action: CUSTOM, provider: {name: a}, rules: [{}]", "MM407"),
    ],
)
def test_what_takes_a_waypoint_is_told_as_looser(kind: str, spec: str, code: str) -> None:
    target = "targetRefs: [{group: '', kind: Service, name: api}]"
    service = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: shop}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
"""
    result = home(service, policy(kind, f"{target}, {spec}"))
    assert (code, "LOOSER") in codes(result)


def test_marks_for_the_audit_log_are_kept_and_change_no_decision() -> None:
    rules = (
        "[{from: [{source: {principals: ['*'], notNamespaces: [web]}}], "
        "to: [{operation: {paths: ['/a*']}}], when: [{key: 'request.headers[x-a]', values: ['1']}]}, {}]"
    )
    result = home(policy("AuthorizationPolicy", f"{PODS}, action: AUDIT, rules: {rules}"))
    spec = spec_of(result, "AuthorizationPolicy")
    assert spec["action"] == "AUDIT"
    assert spec["rules"] == [
        {
            "from": [{"source": {"principals": ["*"], "notNamespaces": ["web"]}}],
            "to": [{"operation": {"paths": ["/a*"]}}],
            "when": [{"key": "request.headers[x-a]", "values": ["1"]}],
        },
        {},
    ]
    assert codes(result) == set()
    assert result.report.verification.verdict == "EQUAL_EXACT"
    assert faults(result) == []


def test_marks_stand_beside_what_lets_in() -> None:
    """They close nothing, as a policy without ALLOW closes nothing."""
    allow = "[{from: [{source: {principals: ['*']}}]}]"
    result = home(
        policy("AuthorizationPolicy", f"{PODS}, rules: {allow}").replace("name: p", "name: q"),
        policy("AuthorizationPolicy", f"{PODS}, action: AUDIT, rules: [{{}}]"),
    )
    found: list[Tree] = [dict(one)["spec"] for one in result.manifests]
    assert sorted(one["action"] for one in found) == ["ALLOW", "AUDIT"]
    assert faults(result) == []


@pytest.mark.parametrize(
    ("spec", "profile"),
    [
        pytest.param(PODS, "ambient", id="agents of nodes"),
        pytest.param(
            "targetRefs: [{kind: Service, group: '', name: api}]", "sidecar", id="a waypoint"
        ),
    ],
)
def test_marks_that_take_a_waypoint_are_told(spec: str, profile: str) -> None:
    result = home(
        policy("AuthorizationPolicy", f"{spec}, action: AUDIT, rules: [{{}}]"), profile=profile
    )
    assert ("MM409", "NONE") in codes(result)
    assert not [one for one in result.manifests if one["kind"] == "AuthorizationPolicy"]
    assert faults(result) == []
