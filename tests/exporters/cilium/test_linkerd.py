"""From Linkerd: servers close one port, routes guard it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.cilium.istio import policies
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import OTHERWISE, UNEXPLAINED, Impact
from translator.source.load import load_text

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}, annotations: {linkerd.io/inject: enabled}}
    spec:
      serviceAccountName: api
      containers: [{name: c, ports: [{containerPort: 8080, name: http}, {containerPort: 9090}]}]
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: api, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, port: http, proxyProtocol: HTTP/1}
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}, annotations: {linkerd.io/inject: enabled}}
    spec: {containers: [{name: c, ports: [{containerPort: 8080}, {containerPort: 9090}]}]}
"""
"""Pods whose ports have no name."""


def route(name: str, path: str) -> str:
    return f"""
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {{name: {name}, namespace: shop}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: Server, name: api}}]
  rules: [{{matches: [{{path: {{type: PathPrefix, value: {path}}}}}]}}]
"""


def admits(kind: str, name: str, account: str) -> str:
    group = "policy.linkerd.io"
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {{name: {name}-{account}, namespace: shop}}
spec:
  targetRef: {{group: {group}, kind: {kind}, name: {name}}}
  requiredAuthenticationRefs: [{{kind: ServiceAccount, name: {account}, namespace: front}}]
"""


def to_cilium(*documents: str) -> Result:
    text = "\n---\n".join((SHOP, *documents))
    loaded = load_text(text)
    return pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, "linkerd", "cilium@1.20", {})
    )


def items(result: Result) -> list[dict[str, Any]]:
    found = policies(result)["api"]["ingress"]
    assert isinstance(found, list)
    return found


def unexplained(result: Result) -> list[object]:
    return [c for c in result.report.verification.changes if not c["explained_by"]]


def test_a_server_closes_its_port_and_leaves_the_others_open() -> None:
    result = to_cilium(admits("Server", "api", "web"))
    mine, others = items(result)
    assert mine["toPorts"][0]["ports"] == [{"port": "8080", "protocol": "TCP"}]
    assert others["fromEntities"] == ["all"]
    ranges = [(p["port"], p.get("endPort")) for p in others["toPorts"][0]["ports"]]
    assert ranges == [("1", 8079), ("8081", 65535)]
    assert unexplained(result) == []


def test_callers_of_a_route_come_in_to_its_requests_alone() -> None:
    result = to_cilium(route("pages", "/pages"), admits("HTTPRoute", "pages", "web"))
    paths = [r["path"] for r in items(result)[0]["toPorts"][0]["rules"]["http"]]
    assert paths == ["(?:/pages(?:/[^?]*)?)(?:\\?.*)?"]
    assert unexplained(result) == []


def test_where_two_routes_meet_the_more_particular_one_decides() -> None:
    result = to_cilium(
        route("pages", "/pages"),
        admits("HTTPRoute", "pages", "web"),
        route("admin", "/pages/admin"),
        admits("HTTPRoute", "admin", "boss"),
    )
    assert unexplained(result) == []
    changes = [c for c in result.report.verification.changes if c["world"] == "closed"]
    denied = [c for c in changes if c["kind"] == "newly_denied"]
    assert all(c["explained_by"] == ["MM482"] for c in denied)  # datagrams


@pytest.mark.parametrize(("path", "whole"), [("/", "/"), ("/pages", "/pages")])
def test_an_exact_path_wins_no_more_than_a_prefix_as_long(path: str, whole: str) -> None:
    """For that path the first route by name decides, which admits somebody else."""
    exact = route("second", whole).replace("PathPrefix", "Exact")
    result = to_cilium(
        route("first", path),
        admits("HTTPRoute", "first", "web"),
        exact,
        admits("HTTPRoute", "second", "boss"),
    )
    assert unexplained(result) == []
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}


def test_who_is_let_in_to_the_port_is_held_to_its_routes() -> None:
    result = to_cilium(
        route("pages", "/pages"),
        admits("HTTPRoute", "pages", "web"),
        admits("Server", "api", "ops"),
    )
    rules = [item["toPorts"][0].get("rules") for item in items(result)[:-1]]
    assert None not in rules
    assert unexplained(result) == []


def test_callers_of_a_route_by_address_are_told_to_be_those_outside() -> None:
    """A block of addresses selects no pod, also where the source asks for it at a route."""
    network = """
apiVersion: policy.linkerd.io/v1alpha1
kind: NetworkAuthentication
metadata: {name: inside, namespace: shop}
spec: {networks: [{cidr: 10.0.0.0/8}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: by-network, namespace: shop}
spec:
  targetRef: {group: policy.linkerd.io, kind: HTTPRoute, name: metrics}
  requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: NetworkAuthentication, name: inside}]
"""
    result = to_cilium(route("metrics", "/metrics"), network)
    (told,) = [f for f in result.report.findings if f.code == "MM410"]
    assert (told.impact, [s.path for s in told.sources]) == (
        Impact.STRICTER,
        ["spec.networks[0].cidr"],
    )
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}


def test_a_name_that_is_no_port_of_some_pods_shuts_the_number_there_and_tells() -> None:
    everywhere = SHOP.replace("podSelector: {matchLabels: {app: api}}", "podSelector: {}")
    loaded = load_text("\n---\n".join((everywhere, WEB, admits("Server", "api", "web"))))
    options = pipeline.options_of(loaded, "linkerd", "cilium@1.20", {})
    result = pipeline.translate_loaded(loaded, options)
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}
    told = [
        f
        for f in result.report.findings
        if f.code == "MM412" and "Deployment/shop/web" in f.message
    ]
    assert [one.impact for one in told] == [Impact.STRICTER]


def test_what_a_server_closes_on_some_pods_stays_open_on_those_of_a_wider_one() -> None:
    wider = """
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, port: 9090, proxyProtocol: HTTP/1, accessPolicy: all-authenticated}
"""
    result = to_cilium(WEB, wider, admits("Server", "api", "web"))
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}
    changes = result.report.verification.changes
    denied = [
        c for c in changes if c["kind"] == "newly_denied" and "web port 8080" in str(c["slice"])
    ]
    assert denied == []


def test_a_grant_for_a_port_by_name_is_for_the_pods_that_have_it() -> None:
    """On others that number is a port of its own, which the default policy shuts."""
    web = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata:
      labels: {app: web}
      annotations: {linkerd.io/inject: enabled, config.linkerd.io/default-inbound-policy: deny}
    spec: {containers: [{name: c, ports: [{containerPort: 8080}, {containerPort: 9090}]}]}
"""
    everywhere = SHOP.replace("podSelector: {matchLabels: {app: api}}", "podSelector: {}")
    loaded = load_text("\n---\n".join((everywhere, web, admits("Server", "api", "web"))))
    options = pipeline.options_of(loaded, "linkerd", "cilium@1.20", {})
    result = pipeline.translate_loaded(loaded, options)
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}
    wider = [c for c in result.report.verification.changes if c["kind"] == "newly_allowed"]
    assert {str(c["explained_by"]) for c in wider} == {"['MM480']"}, "by the node alone"


def test_a_route_that_asks_for_a_parameter_keeps_its_requests_from_others() -> None:
    """No policy asks for one; so nobody comes in by it, and the other route's callers not in its place."""
    asks = route("first", "/pages").replace(
        "value: /pages}", "value: /pages}, queryParams: [{name: q, value: '1'}]"
    )
    result = to_cilium(
        asks,
        admits("HTTPRoute", "first", "boss"),
        route("second", "/pages"),
        admits("HTTPRoute", "second", "web"),
    )
    assert unexplained(result) == []
    assert not {UNEXPLAINED, OTHERWISE} & {f.code for f in result.report.findings}
