"""Who may call has no word in Gateway API: what refuses is never lost without a blocker, and the routes are written."""

from __future__ import annotations

import pytest

from tests.exporters.gateway_api.istio import found, policy, routes, rules_of, translated, written
from translator.report.model import Impact, Severity

TO = {"route": [{"destination": {"host": "api"}}]}
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: p, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""
TOKENS = """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: shop}
spec: {jwtRules: [{issuer: https://issuer.example, jwksUri: https://issuer.example/keys}]}
"""
NOTHING_UNDECLARED = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
"""


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (policy({"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}), "MM460"),
        (
            policy({"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/x"]}}]}]}),
            "MM460",
        ),
        (policy({}), "MM460"),
        (STRICT, "MM461"),
        (TOKENS, "MM406"),
        (NOTHING_UNDECLARED, "MM503"),
    ],
)
def test_what_refuses_is_a_blocker_where_it_cannot_be_said(document: str, code: str) -> None:
    grave = [f for f in found(translated(document), code) if f.impact is Impact.LOOSER]
    assert [f.severity for f in grave] == [Severity.BLOCKER]
    assert grave[0].advice


def test_routes_are_written_beside_guards_that_cannot_be() -> None:
    assert len(rules_of(translated(routes([TO]), policy({})))) == 1


def test_what_lets_in_where_nothing_refuses_is_no_blocker() -> None:
    quiet = translated(routes([TO]))
    assert [f for f in quiet.report.findings if f.severity is Severity.BLOCKER] == []


def test_one_place_has_one_finding_for_all_its_rules() -> None:
    one = policy({"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}, "one")
    other = policy({"rules": [{"to": [{"operation": {"methods": ["PUT"]}}]}]}, "other")
    (loss,) = found(translated(one, other), "MM460")
    assert "shop" in loss.message


def test_nothing_of_access_is_written() -> None:
    result = translated(policy({}), STRICT)
    assert written(result, "AuthorizationPolicy") == []
    assert [d for d in result.documents if not d.edited] == []


FOR_A_CLASS = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: istio-system}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]
  rules: [{from: [{source: {namespaces: [shop]}}]}]
"""


def test_a_class_of_gateways_is_named_without_the_namespace_of_the_policy() -> None:
    (loss,) = found(translated(FOR_A_CLASS), "MM460")
    assert loss.severity is Severity.BLOCKER
    assert "the gateways of class istio-waypoint" in loss.message
    assert "istio-system" not in loss.message
