"""Routes by rank as a list, in which the same rule wins."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import WEB, Tree, codes, translated, written


def http_route(rules: str, more: str = "", name: str = "web", space: str = "shop") -> str:
    """A route of the Service."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: {space}{more}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web, namespace: shop, port: 80}}]
  rules: {rules}
"""


def rules_of(*texts: str) -> list[Tree]:
    result = translated(WEB, *texts)
    assert codes(result) == []
    (service,) = written(result, "VirtualService")
    return list(service["spec"]["http"])


def _matches(rule: Tree) -> list[Tree]:
    return list(rule.get("match", [{}]))


def test_the_longer_prefix_stands_first_whatever_the_order_of_the_source() -> None:
    backend = "backendRefs: [{name: web, port: 80}]"
    found = rules_of(
        http_route(
            f"[{{matches: [{{path: {{type: PathPrefix, value: /a}}}}], {backend}}},"
            f"{{matches: [{{path: {{type: PathPrefix, value: /a/b}}}}], {backend},"
            " filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: one}]}}]}]"
        )
    )
    assert [_matches(rule) for rule in found] == [
        [{"uri": {"exact": "/a/b"}}, {"uri": {"prefix": "/a/b/"}}],
        [{"uri": {"exact": "/a"}}, {"uri": {"prefix": "/a/"}}],
    ]


def test_a_prefix_with_a_header_wins_its_own_path_against_the_exact_one() -> None:
    backend = "backendRefs: [{name: web, port: 80}]"
    found = rules_of(
        http_route(
            f"[{{matches: [{{path: {{type: Exact, value: /a}}}}], {backend}}},"
            f"{{matches: [{{path: {{type: PathPrefix, value: /a}}, headers: [{{name: x, value: one}}]}}], {backend},"
            " filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: two}]}}]}]"
        )
    )
    assert [[m["uri"] for m in _matches(rule)] for rule in found] == [
        [{"exact": "/a"}],
        [{"exact": "/a"}],
        [{"prefix": "/a/"}],
    ]
    assert "headers" in _matches(found[0])[0]


def test_further_tries_are_switched_off_where_the_source_has_none() -> None:
    (rule,) = rules_of(http_route("[{backendRefs: [{name: web, port: 80}]}]"))
    assert rule["retries"] == {"attempts": 0}


def test_times_and_tries_of_annotations_are_written() -> None:
    (rule,) = rules_of(
        http_route(
            "[{backendRefs: [{name: web, port: 80}]}]",
            ", annotations: {retry.linkerd.io/http: gateway-error, retry.linkerd.io/limit: '3', "
            "timeout.linkerd.io/request: 1500ms}",
        )
    )
    assert rule["timeout"] == "1500ms"
    assert rule["retries"] == {"attempts": 3, "retryOn": "refused-stream,502,503,504"}


def test_a_route_of_another_namespace_is_for_the_clients_there_beside_those_of_the_service() -> (
    None
):
    result = translated(
        WEB,
        http_route(
            "[{matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [{name: web, port: 80}]}]"
        ),
        http_route(
            "[{matches: [{path: {type: PathPrefix, value: /a/b}}], backendRefs: [{name: web, namespace: shop, port: 80}]}]",
            name="own",
            space="front",
        ),
    )
    public, private = written(result, "VirtualService")
    assert "exportTo" not in public["spec"]
    assert (private["metadata"]["namespace"], private["spec"]["exportTo"]) == ("front", ["."])
    assert len(public["spec"]["http"]) == 1
    assert len(private["spec"]["http"]) == 2
    assert codes(result) == []


def test_other_ports_of_the_service_go_on_as_they_did() -> None:
    two = WEB.replace(
        "targetPort: 8080}", "targetPort: 8080}, {name: http-more, port: 81, targetPort: 8080}"
    )
    result = translated(
        two,
        http_route(
            "[{matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [{name: web, port: 80}]}]"
        ),
    )
    (service,) = written(result, "VirtualService")
    first, nothing, rest = service["spec"]["http"]
    assert [m["port"] for m in first["match"]] == [80, 80]
    assert (nothing["match"], nothing["directResponse"]) == ([{"port": 80}], {"status": 404})
    assert "match" not in rest
    assert codes(result) == []


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
@pytest.mark.parametrize("host", ["web.shop", "*.example.com"])
def test_hosts_of_routes_are_asked_for_with_any_port_and_a_dot_at_their_end(
    kind: str, host: str
) -> None:
    route = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: web, namespace: shop}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web, port: 80}}]
  hostnames: ["{host}"]
  rules: [{{backendRefs: [{{name: web, port: 80}}]}}]
"""
    assert codes(translated(WEB, route)) == []


def _profile(space: str, path: str) -> str:
    return f"""
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {{name: web.shop.svc.cluster.local, namespace: {space}}}
spec:
  routes: [{{name: one, condition: {{pathRegex: {path}}}, timeout: 5s}}]
"""


def test_the_profile_of_the_clients_stands_in_the_place_of_that_of_the_service() -> None:
    result = translated(WEB, _profile("shop", "/a.*"), _profile("front", "/b.*"))
    found = {
        one["metadata"]["namespace"]: [
            match["uri"]["regex"] for rule in one["spec"]["http"] for match in rule.get("match", ())
        ]
        for one in written(result, "VirtualService")
    }
    assert found == {"shop": ["/a.*"], "front": ["/b.*"]}
    assert codes(result) == []
