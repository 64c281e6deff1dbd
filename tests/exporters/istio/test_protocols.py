"""Ports that Linkerd passes on unread are TCP for Istio, by the appProtocol of their Service."""

from __future__ import annotations

import pytest

from tests.exporters.istio.linkerd import WEB, codes, server, translated, written

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, annotations: {config.linkerd.io/opaque-ports: "5000"}}
spec: {selector: {app: db}, ports: [{name: %s, port: 5000}]}
"""


def test_an_opaque_port_gets_the_protocol_of_bytes() -> None:
    result = translated(WEB, SERVICE % "data")
    (service,) = [s for s in written(result, "Service") if s["metadata"]["name"] == "db"]
    assert service["spec"]["ports"] == [{"name": "data", "port": 5000, "appProtocol": "tcp"}]
    assert codes(result) == []


def test_a_port_whose_name_says_so_needs_nothing() -> None:
    result = translated(WEB, SERVICE % "tcp-data")
    assert written(result, "Service") == []
    assert codes(result) == []


@pytest.mark.parametrize("protocol", ["opaque", "TLS"])
def test_a_server_of_pods_whose_service_says_otherwise_is_told(protocol: str) -> None:
    """The port of the Service is called ``http``, by which the target reads it."""
    not_read = server().replace("HTTP/1", protocol)
    result = translated(WEB, not_read)
    assert codes(result) == []
    (told,) = [
        f for f in result.report.findings if "the target goes by their services" in f.message
    ]
    assert told.message.endswith(": Service/shop/web.")
    for word in ("tcp", "linkerd.io/opaque") if protocol == "opaque" else ("tls", "tcp"):
        said = translated(WEB.replace("port: 80,", f"port: 80, appProtocol: {word},"), not_read)
        assert codes(said) == []
        assert not [f for f in said.report.findings if "goes by their services" in f.message]
