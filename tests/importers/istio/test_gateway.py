"""Gateway: every field of a server has its place in a listener, and none vanishes."""

from __future__ import annotations

import pytest
import yaml

from ir.edge import Listener, ListenerTls
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, Impact

HTTP: dict[str, object] = {
    "port": {"number": 80, "name": "http", "protocol": "HTTP"},
    "hosts": ["shop.example.com"],
}


def gateway(*servers: object, selector: object = None) -> str:
    """A Gateway with these servers."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "public", "namespace": "shop"},
            "spec": {"selector": selector or {"istio": "ingressgateway"}, "servers": [*servers]},
        }
    )


def listener(server: dict[str, object]) -> Listener:
    """What one server is read as."""
    found = [f for f in to_linkerd(gateway(server)).model.facts if isinstance(f, Listener)]
    assert len(found) == 1
    return found[0]


def fates(result: Result) -> set[Fate]:
    """Fates of all leaves under ``spec``."""
    return {row.fate for row in result.report.ledger if row.path.startswith("spec")}


def test_a_server_is_a_listener_of_its_gateway() -> None:
    found = listener(HTTP)
    assert (found.gateway.value, found.port.value, found.protocol.value) == (
        "shop/public",
        80,
        "HTTP",
    )
    assert [host.name.value.text for host in found.hosts] == ["shop.example.com"]
    assert found.tls is None


@pytest.mark.parametrize(
    ("host", "text", "space"),
    [("a.example.com", "a.example.com", None), ("*/a.example.com", "a.example.com", None),
     ("./*.example.com", ".example.com", "shop"), ("web/*", "", "web"), ("A.Example.com", "a.example.com", None)],
)  # fmt: skip
def test_a_host_may_say_whose_rules_hold_for_it(host: str, text: str, space: str | None) -> None:
    (found,) = listener({**HTTP, "hosts": [host]}).hosts
    assert found.name.value.text == text
    assert (found.routes_from.value if found.routes_from else None) == space


@pytest.mark.parametrize(
    ("tls", "mode"),
    [({"mode": "SIMPLE", "credentialName": "c"}, ListenerTls.TERMINATE),
     ({"mode": "MUTUAL", "credentialName": "c"}, ListenerTls.MUTUAL),
     ({"minProtocolVersion": "TLSV1_3"}, ListenerTls.PASSTHROUGH),
     ({"mode": "AUTO_PASSTHROUGH"}, ListenerTls.AUTO_PASSTHROUGH)],
)  # fmt: skip
def test_the_mode_of_tls_is_passthrough_where_it_is_not_written(
    tls: dict[str, object], mode: ListenerTls
) -> None:
    found = listener({**HTTP, "tls": tls})
    assert found.tls is not None
    assert found.tls.value is mode


def test_a_redirect_is_no_tls() -> None:
    found = listener({**HTTP, "tls": {"httpsRedirect": True}})
    assert found.tls is None
    assert found.redirect_to_tls is not None


EVERYTHING = {
    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
    "name": "secure",
    "bind": "10.0.0.1",
    "hosts": ["shop.example.com"],
    "defaultEndpoint": "127.0.0.1:80",
    "tls": {
        "mode": "MUTUAL",
        "httpsRedirect": False,
        "credentialNames": ["a", "b"],
        "caCertCredentialName": "ca",
        "caCertificates": "/ca.pem",
        "caCrl": "/crl.pem",
        "subjectAltNames": ["spiffe://x"],
        "verifyCertificateSpki": ["s"],
        "verifyCertificateHash": ["h"],
        "minProtocolVersion": "TLSV1_2",
        "maxProtocolVersion": "TLSV1_3",
        "cipherSuites": ["ECDHE-RSA-AES128-GCM-SHA256"],
        "ecdhCurves": ["P-256"],
        "insecureSkipVerify": False,
    },
}


def test_every_leaf_of_a_gateway_is_lost_aloud_without_a_class_to_take_over() -> None:
    result = to_linkerd(gateway(EVERYTHING, HTTP))
    assert fates(result) == {Fate.LOST}
    (finding,) = [f for f in result.report.findings if f.code == "MM501"]
    assert finding.impact is Impact.STRICTER
    assert "the gateway shop/public (2 listeners, 0 rules) is not written" in finding.message
    assert "--gateway-class" in finding.advice


def test_the_rules_of_a_gateway_are_part_of_its_finding() -> None:
    routes = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "hosts": ["shop.example.com"],
            "gateways": ["public", "elsewhere/other"],
            "http": [{"route": [{"destination": {"host": "web"}}]}],
        },
    }
    result = to_linkerd(gateway(HTTP) + "---\n" + yaml.safe_dump(routes))
    told = [f.message for f in result.report.findings if f.code == "MM501"]
    assert any(
        "elsewhere/other (0 listeners, 1 rule)" in m and "not in the input" in m for m in told
    )


def test_an_empty_gateway_is_heeded_by_nobody() -> None:
    assert Fate.INERT in fates(to_linkerd(gateway()))


@pytest.mark.parametrize(
    "server", [{"hosts": ["a.b"]}, {"port": HTTP["port"]}, {**HTTP, "tls": {"mode": "NONE"}}]
)
def test_what_the_api_server_refuses_is_an_error(server: object) -> None:
    with pytest.raises(ExceptionGroup):
        to_linkerd(gateway(server))
