"""TLSRoutes and TCPRoutes: what they say, and what they cannot."""

from __future__ import annotations

from typing import Any

from tests.exporters.linkerd.istio import spec_of, written
from tests.translation import to_linkerd, to_version
from translator.pipeline import Result

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db}
  ports: [PORTS]
"""
TLS = "{name: tls, port: 443}"
RAW = "{name: tcp, port: 9000}"


def translated(spec: str, ports: str, *more: str, version: str = "2.20") -> Result:
    """A VirtualService for the service with these ports."""
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: db, namespace: shop}\n"
    documents = (SERVICE.replace("PORTS", ports), f"{head}spec: {{hosts: [db], {spec}}}\n", *more)
    return to_version("\n---\n".join(documents), version)


def tls(*names: str, host: str = "db") -> str:
    """One TLS rule."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"{{match: [{{sniHosts: [{listed}]}}], route: [{{destination: {{host: {host}}}}}]}}"


def tcp(match: str = "", host: str = "db") -> str:
    """One TCP rule."""
    head = f"match: [{match}], " if match else ""
    return f"{{{head}route: [{{destination: {{host: {host}}}}}]}}"


def codes(result: Result) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in result.report.findings}


def only(result: Result, kind: str) -> dict[str, Any]:
    """The spec of the only document of a kind."""
    (document,) = written(result, kind)
    assert document["apiVersion"] == "gateway.networking.k8s.io/v1alpha2"
    return spec_of(document)


def test_a_tls_rule_is_a_route_with_its_names_on_the_port() -> None:
    spec = only(translated(f"tls: [{tls('a.example', '*.b.example')}]", TLS), "TLSRoute")
    assert spec["hostnames"] == ["a.example", "*.b.example"]
    assert [p["port"] for p in spec["parentRefs"]] == [443]
    assert [b["port"] for b in spec["rules"][0]["backendRefs"]] == [443]


def test_a_tls_rule_behind_one_for_the_same_names_is_not_written() -> None:
    result = translated(f"tls: [{tls('a.example')}, {tls('a.example', host='other')}]", TLS)
    only(result, "TLSRoute")
    assert "MM107" in codes(result)


def test_names_on_a_port_with_an_app_protocol_are_lost_aloud() -> None:
    result = translated(f"tls: [{tls('a.example')}]", "{name: x, port: 443, appProtocol: https}")
    assert written(result, "TLSRoute") == []
    assert "MM213" in codes(result)


def test_a_name_for_everything_has_no_form() -> None:
    result = translated(f"tls: [{tls('*')}]", TLS)
    assert written(result, "TLSRoute") == []
    assert "MM213" in codes(result)


def test_a_tcp_rule_for_other_addresses_is_lost_and_the_next_one_counts() -> None:
    rules = f"{tcp('{destinationSubnets: [10.9.0.0/16]}', 'other')}, {tcp()}"
    result = translated(f"tcp: [{rules}]", RAW)
    (rule,) = only(result, "TCPRoute")["rules"]
    assert [b["name"] for b in rule["backendRefs"]] == ["db"]
    assert "MM201" in codes(result)


def test_a_tcp_rule_for_another_port_leaves_this_one_alone() -> None:
    ports = f"{RAW}, {{name: tcp-more, port: 9001}}"
    spec = only(translated(f"tcp: [{tcp('{port: 9001}')}]", ports), "TCPRoute")
    assert [p["port"] for p in spec["parentRefs"]] == [9001]


def test_tcp_rules_for_labels_are_left_out_and_the_next_rule_counts() -> None:
    rules = f"{tcp('{sourceLabels: {app: web}}', 'other')}, {tcp()}"
    result = translated(f"tcp: [{rules}]", RAW)
    (rule,) = only(result, "TCPRoute")["rules"]
    assert [b["name"] for b in rule["backendRefs"]] == ["db"]
    assert "MM208" in codes(result)


def test_a_port_that_may_be_anything_is_a_finding() -> None:
    result = translated(f"tcp: [{tcp()}]", "{name: odd, port: 9000}")
    only(result, "TCPRoute")
    assert "MM213" in codes(result)


def test_on_a_port_with_http_routes_tcp_rules_would_not_be_heeded() -> None:
    http = "http: [{route: [{destination: {host: db}}]}]"
    result = translated(f"{http}, tcp: [{tcp()}]", "{name: odd, port: 9000}")
    assert written(result, "TCPRoute") == []
    assert len(written(result, "HTTPRoute")) == 1
    assert "MM213" in codes(result)


def test_clients_of_one_namespace_have_no_rules_beside_those_for_all() -> None:
    private = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: db, namespace: web}\n"
        f"spec: {{hosts: [db.shop.svc.cluster.local], exportTo: ['.'], tcp: [{tcp(host='other.web.svc.cluster.local')}]}}"
    )
    result = translated(f"tcp: [{tcp()}]", RAW, private)
    (document,) = written(result, "TCPRoute")
    assert document["metadata"]["namespace"] == "shop"
    assert "MM213" in codes(result)


def test_alone_the_clients_of_one_namespace_have_a_route_there() -> None:
    rule = tcp("{port: 9000}")
    result = translated(f"exportTo: [web], tcp: [{rule}]", RAW)
    (document,) = written(result, "TCPRoute")
    assert document["metadata"]["namespace"] == "web"


def test_versions_before_2_17_have_no_such_routes() -> None:
    result = translated(f"tcp: [{tcp()}]", RAW, version="2.16")
    assert written(result, "TCPRoute") == []
    assert "MM213" in codes(result)


def test_a_service_without_an_address_has_no_routes() -> None:
    text = SERVICE.replace("spec:\n", "spec:\n  clusterIP: None\n").replace("PORTS", RAW)
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: db, namespace: shop}\n"
    result = to_linkerd(f"{text}\n---\n{head}spec: {{hosts: [db], tcp: [{tcp()}]}}")
    assert written(result, "TCPRoute") == []
    assert "MM207" in codes(result)
