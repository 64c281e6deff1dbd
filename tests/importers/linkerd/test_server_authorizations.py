"""ServerAuthorizations and Servers, as Linkerd heeds them."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Answer, Caller, Request
from ir.model import Model
from ir.opaque import Opaque
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}, annotations: {linkerd.io/inject: enabled}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}]}]}
---
apiVersion: policy.linkerd.io/v1beta1
kind: Server
metadata: {name: api, namespace: shop, labels: {tier: front}}
spec: {podSelector: {matchLabels: {app: api}}, port: 8080, proxyProtocol: HTTP/1}
---
"""
OLD = """\
apiVersion: policy.linkerd.io/v1beta1
kind: ServerAuthorization
metadata: {{name: old, namespace: shop}}
spec: {{server: {{{server}}}, client: {{{client}}}}}
---
"""


def model(client: str, server: str = "name: api", more: str = "") -> Model:
    loaded = load_text(POD + OLD.format(client=client, server=server) + more)
    options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {})
    return load_importer("linkerd")(loaded.resources, options).model


def passes(
    found: Model, address: str = "10.1.0.1", account: str = "web", *, mtls: bool = True
) -> bool:
    """Whether a request to the port gets in."""
    caller = Caller(namespace="shop", service_account=account, address=address, mtls=mtls)
    asked = Request(
        caller=caller, workload="Deployment/shop/api", port=8080, method="GET", path="/"
    )
    return decide_access(found, asked).answer is Answer.ALLOWED


@pytest.mark.parametrize(
    "server", ["name: api", "selector: {matchLabels: {tier: front}}", "selector: {}"]
)
def test_the_server_is_named_or_selected_by_its_labels(server: str) -> None:
    client = "meshTLS: {serviceAccounts: [{name: web}]}"
    assert passes(model(client, server))
    assert not passes(model(client, server), account="bank")


@pytest.mark.parametrize("server", ["name: other", "selector: {matchLabels: {tier: back}}"])
def test_an_authorization_for_no_server_grants_nothing(server: str) -> None:
    found = model("unauthenticated: true", server)
    assert not passes(found)
    assert "it selects no Server that is here" in [one.why for one in found.inactive]


def test_trap_linkerd_46_without_networks_it_is_for_the_clusters_own() -> None:
    found = model("unauthenticated: true")
    assert passes(found, mtls=False)
    assert not passes(found, "203.0.113.7", mtls=False)
    assert "cluster networks" in [one.name for one in found.assumptions]


def test_networks_and_identities_must_both_hold() -> None:
    found = model(
        'networks: [{cidr: 203.0.113.0/24, except: [203.0.113.7/32]}], meshTLS: {identities: ["*"]}'
    )
    assert passes(found, "203.0.113.8")
    assert not passes(found, "203.0.113.7")
    assert not passes(found, "203.0.113.8", mtls=False)
    assert not passes(found, "10.1.0.1")


def test_tls_without_a_name_asks_for_a_certificate_of_the_mesh() -> None:
    found = model("meshTLS: {unauthenticatedTLS: true}")
    assert passes(found)
    assert not passes(found, mtls=False)


@pytest.mark.parametrize(
    "client", ["networks: [{cidr: 0.0.0.0/0}]", "meshTLS: {}", "unauthenticated: false"]
)
def test_an_authorization_that_names_no_client_is_dropped(client: str) -> None:
    found = model(client)
    assert not passes(found)
    assert "it names no client, so that Linkerd drops it" in [one.why for one in found.inactive]


@pytest.mark.parametrize(
    ("client", "server"),
    [
        ("unauthenticated: true, meshTLS: {identities: [x]}", "name: api"),
        ("meshTLS: {unauthenticatedTLS: true, identities: [x]}", "name: api"),
        ("unauthenticated: true", ""),
    ],
)
def test_what_the_webhook_refuses_is_an_input_error(client: str, server: str) -> None:
    with pytest.raises(ExceptionGroup):
        model(client, server)


def test_a_server_over_machines_holds_no_port_of_a_pod() -> None:
    machines = """\
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: outside, namespace: shop}
spec: {externalWorkloadSelector: {matchLabels: {app: api}}, port: 8080, accessPolicy: all-unauthenticated}
"""
    found = model("meshTLS: {serviceAccounts: [{name: web}]}", more=machines)
    assert not passes(found, mtls=False)
    (opaque,) = (fact for fact in found.facts if isinstance(fact, Opaque))
    assert opaque.kind == "who may come to a port of a machine outside"
