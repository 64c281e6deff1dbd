"""Published pairs of another converter from Istio to Gateway API: where we say the same, and where we differ on purpose.

kubernetes-sigs/ingress2gateway at 89ab0cd, pkg/i2gw/providers/istio/fixtures; what is compared is the meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.exporters.gateway_api.cel import broken
from tests.exporters.linkerd.test_gateways import gateway, server
from translator import pipeline
from translator.source.load import load_text

_PLACE = Path("shared", "corpus", "pairs", "i2gw-istio-to-gateway-api")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
needs_pairs = pytest.mark.skipif(PAIRS is None, reason=f"there is no {_PLACE} beside the project")

Tree = dict[str, Any]
MISSING = """
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: %s}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: %s}
spec: {host: reviews, subsets: [{name: v1, labels: {v: v1}}, {name: v2, labels: {v: v2}}]}
"""
"""What the inputs speak of and do not hold."""


def theirs(name: str) -> list[Tree]:
    assert PAIRS is not None
    return list(yaml.safe_load_all((PAIRS / f"{name}.expected.yaml").read_text()))


def ours(name: str, *more: str) -> list[Tree]:
    assert PAIRS is not None
    text = "\n---\n".join(((PAIRS / f"{name}.input.yaml").read_text(), *more))
    options = pipeline.options_of(
        load_text(""), "istio", "gateway-api@1.6", {"gateway_class": "istio", "verify": False}
    )
    result = pipeline.translate_loaded(load_text(text), options)
    return [document.value for document in result.documents if not document.edited]


def listeners(documents: list[Tree]) -> list[Tree]:
    return [one for d in documents if d["kind"] == "Gateway" for one in d["spec"]["listeners"]]


def doors(documents: list[Tree]) -> set[tuple[int, str, str]]:
    return {(one["port"], one["protocol"], one.get("hostname", "")) for one in listeners(documents)}


LEFT_OUT = {
    (
        443,
        "HTTPS",
        "*.bookinfo.com",
    ): "it listens on one address only, and its certificate is a file",
    (443, "HTTPS", ""): "as the other name of this server",
    (8080, "TCP", "foo.example.com"): "a TCP listener has no host name (GW4): ours is without",
    (8443, "TLS", "*.tls.com"): "it says nothing of TLS, which a TLS listener must (GW3)",
    (
        8144,
        "HTTPS",
        "http2.dev",
    ): "it names no certificate, which a listener that ends TLS must (GW7)",
    (8181, "HTTPS", ""): "as the one before",
}
"""Listeners of theirs that we do not write, each with the reason."""


@needs_pairs
def test_listeners_are_the_same_but_for_those_that_no_api_server_takes_or_that_open_more() -> None:
    mine, other = doors(ours("1-gateway")), doors(theirs("1-gateway"))
    assert other - mine == set(LEFT_OUT)
    assert mine - other == {(8080, "TCP", "")}


@needs_pairs
def test_their_gateway_breaks_rules_of_the_schema_and_ours_none() -> None:
    (gateway_of_theirs,) = theirs("1-gateway")
    assert {"GW3", "GW4", "GW6", "GW7"} <= set(broken(gateway_of_theirs))
    assert [broken(document) for document in ours("1-gateway")] == [[]]


@needs_pairs
@pytest.mark.parametrize("name", ["2-virtualservice-http", "6-virtualservice-http-rewrite"])
def test_a_single_destination_without_a_weight_takes_all_and_not_nothing(name: str) -> None:
    front = gateway([server("*")], name="my-gateway", namespace="test")
    mine = ours(name, front, MISSING % ("prod", "prod"), MISSING % ("test", "test"))
    assert set(_weights(theirs(name))) == {0}
    assert 0 not in set(_weights(mine))


def _weights(documents: list[Tree]) -> list[int]:
    return [
        ref["weight"]
        for document in documents
        if document["kind"] == "HTTPRoute"
        for rule in document["spec"]["rules"]
        for ref in rule.get("backendRefs", [])
    ]


@needs_pairs
def test_their_redirect_keeps_destinations_and_their_backends_have_no_port() -> None:
    codes = {code for d in theirs("2-virtualservice-http") for code in broken(d)}
    assert {"HR3", "HF8"} <= codes
