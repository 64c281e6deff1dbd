"""Routes of TCP connections, on ports that the target passes on unread."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import WEB, codes, translated, written

_PORTS = "{name: tcp-data, port: 5432}, {name: data, port: 9000}, {name: http, port: 80}"
SERVICES = "\n---\n".join(
    f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: web}}, ports: [{_PORTS}]}}
"""
    for name in ("db", "old")
)
SHARES = "[{name: db, port: 5432, weight: 3}, {name: old, port: 5432, weight: 1}]"


def tcp_route(
    backends: str = SHARES, port: str = ", port: 5432", name: str = "db", space: str = "shop"
) -> str:
    """A TCPRoute of the Service ``db``."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {{name: {name}, namespace: {space}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: db, namespace: shop{port}}}]
  rules: [{{backendRefs: {backends}}}]
"""


def test_shares_of_connections_are_written_for_their_port() -> None:
    result = translated(WEB, SERVICES, tcp_route())
    assert codes(result, "MM226") == []
    (service,) = written(result, "VirtualService")
    hosts = [f"{name}.shop.svc.cluster.local" for name in ("db", "old")]
    assert service["spec"] == {
        "hosts": hosts[:1],
        "tcp": [
            {
                "match": [{"port": 5432}],
                "route": [
                    {"destination": {"host": host, "port": {"number": 5432}}, "weight": weight}
                    for host, weight in zip(hosts, (3, 1), strict=True)
                ],
            }
        ],
    }


def test_a_route_of_another_namespace_is_for_the_clients_there() -> None:
    backends = "[{name: old, namespace: shop, port: 5432}]"
    result = translated(WEB, SERVICES, tcp_route(backends, space="till"))
    assert codes(result, "MM226") == []
    (service,) = written(result, "VirtualService")
    assert service["metadata"]["namespace"] == "till"
    assert service["spec"]["exportTo"] == ["."]


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param([tcp_route(port=", port: 9000")], id="a port that is looked at first"),
        pytest.param([tcp_route(port=", port: 80")], id="a port that is read as HTTP"),
        pytest.param([tcp_route(port="")], id="all ports, HTTP among them"),
        pytest.param([tcp_route("[{name: old, port: 1}]")], id="no port of the destination"),
        pytest.param(
            [tcp_route("[{name: old, port: 5432, weight: 0}, {name: db, port: 5432, weight: 0}]")],
            id="no share at all",
        ),
        pytest.param(
            [tcp_route(), tcp_route("[{name: old, namespace: shop, port: 5432}]", space="till")],
            id="other clients have others",
        ),
    ],
)
def test_what_the_target_would_do_otherwise_is_not_written_and_told(routes: list[str]) -> None:
    result = translated(WEB, SERVICES, *routes)
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"] * len(routes)


SECURE = "\n---\n".join(
    f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{name: https, port: 443}}, {{name: tls-more, port: 8443}}]}}
"""
    for name in ("vault", "spare")
)
VAULT = "vault.shop.svc.cluster.local"


def tls_route(
    names: str = f"[{VAULT}]",
    backends: str = "[{name: spare, port: 443}]",
    port: str = ", port: 443",
    name: str = "vault",
    space: str = "shop",
) -> str:
    """A TLSRoute of the Service ``vault``."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {{name: {name}, namespace: {space}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: vault, namespace: shop{port}}}]
  hostnames: {names}
  rules: [{{backendRefs: {backends}}}]
"""


def test_names_in_the_hello_are_written_as_names_and_hosts_for_their_port() -> None:
    shares = "[{name: vault, port: 443, weight: 3}, {name: spare, port: 443, weight: 1}]"
    result = translated(
        WEB, SECURE, tls_route(f"[{VAULT}, '*.Example.com', a.example.com]", shares)
    )
    assert codes(result, "MM226") == []
    (service,) = written(result, "VirtualService")
    assert service["spec"] == {
        "hosts": [VAULT, "*.example.com"],
        "tls": [
            {
                "match": [{"port": 443, "sniHosts": [VAULT, "*.example.com", "a.example.com"]}],
                "route": [
                    {"destination": {"host": host, "port": {"number": 443}}, "weight": weight}
                    for host, weight in ((VAULT, 3), ("spare.shop.svc.cluster.local", 1))
                ],
            }
        ],
    }
    told = [f.message for f in result.report.findings if f.code == "MM213"]
    assert len(told) == 1
    assert "*.example.com" in told[0]


def test_of_two_routes_for_one_name_the_older_one_counts() -> None:
    later = tls_route(f"[{VAULT}, b.example.com]", "[{name: vault, port: 443}]", name="zz")
    result = translated(WEB, SECURE, tls_route(), later)
    first, second = written(result, "VirtualService")
    assert first["spec"]["tls"][0]["match"][0]["sniHosts"] == [VAULT]
    assert second["spec"]["tls"][0]["match"][0]["sniHosts"] == ["b.example.com"]
    assert codes(result) == []


def test_ports_without_rules_for_names_keep_what_they_do_and_that_is_proved() -> None:
    result = translated(WEB, SECURE, tls_route())
    changes = [c for c in result.report.verification.changes if "connections" in str(c["slice"])]
    assert changes == []
    assert codes(result) == []
    assert result.report.verification.slices["EQUAL_EXACT"] >= 2  # both ports of the service


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param([tls_route("['*.shop.svc.cluster.local']")], id="a wildcard over services"),
        pytest.param(
            [tls_route("[spare.shop.svc.cluster.local]")], id="the name of another service"
        ),
        pytest.param([tls_route("[vault]")], id="a short name"),
        pytest.param(
            [tls_route(), tls_route("[c.example.com]", space="till", name="mine")],
            id="other clients have others",
        ),
    ],
)
def test_names_that_no_host_can_say_are_not_written_and_told(routes: list[str]) -> None:
    if "mine" in routes[-1]:
        routes[-1] = routes[-1].replace("name: spare,", "name: spare, namespace: shop,")
    result = translated(WEB, SECURE, *routes)
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"] * len(routes)


def test_routes_of_requests_on_other_ports_are_no_rivals() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: both, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: tcp-data, port: 5432}]}
"""
    http = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: both, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: both, port: 80}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
"""
    stream = """
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: data, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: both, port: 5432}]
  rules: [{backendRefs: [{name: both, port: 5432}]}]
"""
    result = translated(WEB, service, http, stream)
    assert codes(result, "MM226") == []
    kinds = sorted(key for one in written(result, "VirtualService") for key in one["spec"])
    assert kinds == ["hosts", "hosts", "http", "tcp"]


def test_at_waypoints_rules_for_connections_are_told() -> None:
    result = translated(WEB, SECURE, tls_route(), profile="ambient")
    assert written(result, "VirtualService") == []
    assert codes(result, "MM226") == ["MM226"]


def test_a_port_that_is_declared_as_tls_is_told_where_the_source_looks_at_it() -> None:
    result = translated(WEB, SECURE)
    told = [f.message for f in result.report.findings if f.code == "MM552"]
    assert any("Service/shop/vault" in message for message in told)
    assert codes(result) == []


@pytest.mark.parametrize("route", [tcp_route(port=", port: 1"), tls_route(port=", port: 1")])
def test_a_route_for_no_port_of_its_service_is_for_nobody(route: str) -> None:
    result = translated(WEB, SERVICES, SECURE, route)
    assert written(result, "VirtualService") == []
    assert codes(result) == []
    assert [
        f.message
        for f in result.report.findings
        if f.code == "MM107" and "no such port" in f.message
    ]
