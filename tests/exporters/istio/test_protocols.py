"""Ports that Linkerd passes on unread are TCP for Istio, by the appProtocol of their Service."""

from __future__ import annotations

from tests.exporters.istio.linkerd import WEB, codes, translated, written

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
