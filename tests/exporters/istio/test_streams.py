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
        pytest.param([tcp_route(port=", port: 1")], id="no port of the Service"),
        pytest.param([tcp_route("[{name: old, port: 1}]")], id="no port of the destination"),
        pytest.param([tcp_route("[{name: old, port: 5432, weight: 0}]")], id="no share at all"),
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
