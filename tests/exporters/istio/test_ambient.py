"""The ambient form: who joins, what the agents of nodes hold, and what is left out since they cannot."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import (
    WEB,
    admits,
    codes,
    parsed,
    route,
    server,
    translated,
    written,
)
from tests.exporters.istio.test_membership import deployment, namespace
from translator import pipeline
from translator.errors import TargetError
from translator.pipeline import Result
from translator.report.model import Impact
from translator.source.load import load_text

CALLER = "identityRefs: [{kind: ServiceAccount, name: boss}]"


def ambient(*texts: str, **settings: object) -> Result:
    """What the documents come to in the ambient form."""
    return translated(*texts, profile="ambient", **settings)


def test_a_namespace_joins_by_its_mode() -> None:
    for word, mode in (("enabled", "ambient"), ("disabled", "none")):
        (space,) = written(ambient(namespace(word)), "Namespace")
        assert space["metadata"]["labels"] == {"istio.io/dataplane-mode": mode}
        assert "linkerd.io/inject" not in (space["metadata"].get("annotations") or {})


def test_pods_join_and_stay_out_by_their_mode_whatever_their_namespace_says() -> None:
    result = ambient(namespace("disabled"), deployment("enabled"))
    (pods,) = written(result, "Deployment")
    assert pods["spec"]["template"]["metadata"]["labels"]["istio.io/dataplane-mode"] == "ambient"
    (space,) = written(result, "Namespace")
    assert space["metadata"]["labels"] == {"istio.io/dataplane-mode": "none"}
    assert "MM531" in codes(result, "MM531")


def test_who_stays_out_is_not_taken_at_once() -> None:
    assert codes(ambient(namespace("disabled")), "MM531") == []


def test_rules_on_callers_and_ports_are_what_they_are_with_sidecars() -> None:
    texts = (WEB, server(), admits("web", CALLER))
    result = ambient(*texts)
    (policy,) = written(result, "AuthorizationPolicy")
    (same,) = written(translated(*texts), "AuthorizationPolicy")
    assert policy["spec"] == same["spec"]
    assert codes(result) == []


def test_what_lets_in_by_parts_of_requests_is_left_out_and_told_where_no_service_is() -> None:
    result = ambient(
        WEB.split("---")[0],
        server(),
        route("read", "{path: {type: PathPrefix, value: /read}}"),
        admits("read", CALLER, "HTTPRoute"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    assert policy["spec"]["rules"] == parsed("[{to: [{operation: {notPorts: ['8080']}}]}]")
    assert codes(result, "MM402") == ["MM402"]
    assert Impact.LOOSER not in {f.impact for f in result.report.findings}
    kinds = {str(change["kind"]) for change in result.report.verification.changes}
    assert kinds == {"newly_denied"}


def test_ports_that_skip_the_proxy_are_taken_and_told() -> None:
    skips = WEB.replace(
        "labels: {app: web}}",
        "labels: {app: web}, annotations: {config.linkerd.io/skip-inbound-ports: '9090'}}",
    )
    result = ambient(skips, server(port=9090))
    assert [str(f.impact) for f in result.report.findings if f.code == "MM603"] == ["STRICTER"]
    assert codes(result) == []
    assert not any("excludeInboundPorts" in document.text for document in result.documents)


def test_policies_of_the_network_that_stay_see_another_port() -> None:
    policy = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
"""
    assert codes(ambient(WEB, policy), "MM530") == ["MM530"]
    assert codes(translated(WEB, policy), "MM530") == []


@pytest.mark.parametrize(
    ("target", "profile", "told"),
    [
        ("linkerd", "ambient", "for the target istio"),
        ("cilium", "ambient", "for the target istio"),
        ("istio@1.23", "ambient", "since istio 1.24"),
        ("istio", "waypoint", "expected one of sidecar, ambient"),
    ],
)
def test_a_target_without_the_form_is_refused(target: str, profile: str, told: str) -> None:
    source = "cilium" if target == "linkerd" else "linkerd"
    with pytest.raises(TargetError, match=told):
        pipeline.options_of(load_text(""), source, target, {"profile": profile})


def test_what_is_said_to_sidecars_alone_is_not_written() -> None:
    """Nobody would heed a DestinationRule or an EnvoyFilter; a limit that nobody holds is a blocker."""
    limit = """
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {name: web, namespace: shop}
spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: web}, total: {requestsPerSecond: 100}}
"""
    annotations = "metadata: {name: web, namespace: shop, annotations: {balancer.linkerd.io/failure-accrual: consecutive}}\nspec: {selector"
    failing = WEB.replace(
        "metadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, p",
        f"{annotations}: {{app: web}}, p",
    )
    assert failing != WEB
    texts = (failing, server(), admits("web", CALLER), limit)
    kept = translated(*texts)
    assert written(kept, "EnvoyFilter")
    assert written(kept, "DestinationRule")
    result = ambient(*texts)
    assert written(result, "EnvoyFilter") == []
    assert written(result, "DestinationRule") == []
    assert sorted(codes(result, "MM542", "MM331")) == ["MM331", "MM542"]


def test_policies_of_pods_that_nobody_enrols_hold_for_nobody_yet() -> None:
    texts = (WEB, server(), admits("web", CALLER))
    assert codes(ambient(*texts), "MM601") == ["MM601"]
    assert codes(ambient(namespace("enabled"), *texts), "MM601") == []
    assert codes(ambient(WEB), "MM601") == []


def test_accounts_are_the_end_of_an_identity() -> None:
    """Agents of some versions know no ``serviceAccounts``; the end of a principal they know."""
    text = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]
"""
    own = pipeline.options_of(load_text(""), "cilium", "istio", {"profile": "ambient"})
    result = pipeline.translate_loaded(load_text(f"{WEB}---{text}"), own)
    (policy,) = written(result, "AuthorizationPolicy")
    assert [r["from"] for r in policy["spec"]["rules"]] == [
        [{"source": {"principals": ["*/ns/shop/sa/default"]}}]
    ]
    assert not codes(result)
