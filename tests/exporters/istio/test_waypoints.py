"""Rules on requests at waypoints: what is written, for which services, and that nobody gets by without them."""

from __future__ import annotations

from typing import Any

import yaml

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.model import Model
from tests.exporters.istio.linkerd import WEB, admits, codes, parsed, route, server, written
from tests.exporters.istio.test_ambient import CALLER, ambient
from translator.after import as_source
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Impact
from translator.source.load import load_text

READ = (
    server(),
    route("read", "{path: {type: PathPrefix, value: /read}}"),
    admits("read", CALLER, "HTTPRoute"),
)
PRINCIPAL = "cluster.local/ns/shop/sa/ambient-waypoint"
Document = dict[str, Any]


def policies(result: Result) -> dict[str, Document]:
    """The AuthorizationPolicies by name."""
    return {p["metadata"]["name"]: p["spec"] for p in written(result, "AuthorizationPolicy")}


def test_the_service_gets_a_waypoint_with_the_rules_and_the_pods_let_it_in() -> None:
    result = ambient(WEB, *READ)
    (gateway,) = written(result, "Gateway")
    assert gateway["metadata"]["labels"]["istio.io/waypoint-for"] == "service"
    assert gateway["spec"] == parsed(
        "{gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}"
    )
    (service,) = written(result, "Service")
    assert service["metadata"]["labels"] == {"istio.io/use-waypoint": "ambient-waypoint"}
    found = policies(result)
    assert found["web-waypoint"]["targetRefs"] == [{"kind": "Service", "group": "", "name": "web"}]
    assert found["web-waypoint"]["rules"] == parsed(
        "[{from: [{source: {principals: [cluster.local/ns/shop/sa/boss]}}],"
        " to: [{operation: {paths: [/read, /read/*]}}]}]"
    )
    assert found["web"]["rules"] == parsed(
        "[{to: [{operation: {notPorts: ['8080']}}]},"
        f" {{from: [{{source: {{principals: [{PRINCIPAL}]}}}}], to: [{{operation: {{ports: ['8080']}}}}]}}]"
    )
    assert codes(result, "MM532", "MM402") == ["MM532"]


def test_ports_at_the_waypoint_are_those_of_the_service() -> None:
    two = WEB.replace(
        "ports: [{name: http, port: 80, targetPort: 8080}]",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: more, port: 81, targetPort: 9090}]",
    )
    (rule, *rest) = policies(ambient(two, *READ))["web-waypoint"]["rules"]
    assert rule["to"][0]["operation"]["ports"] == ["80"]
    # what nobody closed passes by the waypoint for those who have a certificate
    assert rest == parsed(
        "[{from: [{source: {principals: ['*']}}], to: [{operation: {ports: ['81']}}]}]"
    )


def test_callers_by_address_are_not_known_to_the_waypoint() -> None:
    result = ambient(WEB, *READ[:2], admits("read", "networks: [{cidr: 10.0.0.0/8}]", "HTTPRoute"))
    assert written(result, "Gateway") == []
    assert codes(result, "MM402") == ["MM402"]


def test_no_waypoint_without_a_service_that_has_one() -> None:
    bare = WEB.split("---")[0]
    headless = WEB.replace("spec: {selector", "spec: {clusterIP: None, selector")
    crossed = WEB.replace(
        "ports: [{name: http, port: 80, targetPort: 8080}]",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: more, port: 8080, targetPort: 9090}]",
    )
    wider = WEB.replace("spec: {selector: {app: web}", "spec: {selector: {tier: front}")
    for text in (bare, headless, crossed, wider):
        result = ambient(text, *READ)
        assert written(result, "Gateway") == []
        assert codes(result, "MM402") == ["MM402"]
        assert Impact.LOOSER not in {f.impact for f in result.report.findings}


def test_rules_on_connections_alone_need_no_waypoint() -> None:
    result = ambient(WEB, server(), admits("web", CALLER))
    assert written(result, "Gateway") == []
    assert written(result, "Service") == []


# --- what was written, read back ----------------------------------------------------------------------


def read_back(result: Result, *, without: str = "", more: str = "") -> Model:
    """What stands in the outputs and the workloads, less a document by its name."""
    kept = [
        yaml.safe_dump(dict(document))
        for document in result.manifests
        if f"{document['kind']}/{document['metadata']['name']}" != without  # type: ignore[index]
    ]
    loaded = load_text("\n---\n".join((WEB.split("---")[0], *kept, more)))
    return load_importer("istio")(loaded.resources, as_source(result.options)).model


def passes(model: Model, account: str, path: str = "/read") -> bool:
    """Whether a request of an account gets in."""
    caller = Caller(namespace="shop", service_account=account)
    request = Request(
        caller=caller, workload="Deployment/shop/web", port=8080, method="GET", path=path
    )
    return decide_access(model, request).allowed


def test_what_is_written_lets_in_as_the_source_does() -> None:
    model = read_back(ambient(WEB, *READ))
    assert passes(model, "boss")
    assert not passes(model, "boss", "/write")
    assert not passes(model, "other")
    assert not passes(model, "ambient-waypoint")


def test_a_policy_at_a_waypoint_closes_nothing_by_itself() -> None:
    """The pods are reached without the waypoint, so the proof must see them open."""
    model = read_back(ambient(WEB, *READ), without="AuthorizationPolicy/web")
    assert passes(model, "other", "/write")


def test_a_waypoint_without_a_policy_lets_in_everybody_of_the_mesh() -> None:
    model = read_back(ambient(WEB, *READ), without="AuthorizationPolicy/web-waypoint")
    assert passes(model, "other", "/write")


def test_a_waypoint_that_is_not_there_lets_in_nobody() -> None:
    model = read_back(ambient(WEB, *READ), without="Gateway/ambient-waypoint")
    assert not passes(model, "boss")


def test_a_refusal_of_the_pods_does_not_hold_for_what_comes_by_the_waypoint() -> None:
    deny = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  action: DENY
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/boss]}}]}]
"""
    assert passes(read_back(ambient(WEB, *READ), more=deny), "boss")
