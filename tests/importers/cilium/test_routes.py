"""Routes of Gateway API as Cilium heeds them (operator/pkg/model/ingestion/gamma.go, 1.20; cilium.md 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import yaml

from ir.membership import Aspect, ProxySetting
from ir.traffic import RouteTable
from tests.importers.cilium.cluster import PODS
from translator import pipeline
from translator.api import Import
from translator.registry import load_importer
from translator.source.load import load_text

PARENT = {"group": "", "kind": "Service", "name": "api"}
GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  gatewayClassName: cilium
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: front, namespace: shop}
spec:
  parentRefs: [{name: front}]
  rules: [{backendRefs: [{name: api, port: 80}]}]
"""


def route(
    parents: Sequence[object], kind: str = "HTTPRoute", namespace: str = "shop", **rule: object
) -> str:
    rules = [{"backendRefs": [{"name": "api", "port": 80, "namespace": "shop"}], **rule}]
    return yaml.safe_dump(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "api", "namespace": namespace},
            "spec": {"parentRefs": list(parents), "rules": rules},
        }
    )


def imported(*documents: str, source: str = "cilium", target: str = "istio") -> Import:
    loaded = load_text("\n---\n".join((PODS, *documents)))
    return load_importer("cilium")(
        loaded.resources, pipeline.options_of(loaded, source, target, {})
    )


def tables(found: Import) -> list[RouteTable]:
    return [fact for fact in found.model.facts if isinstance(fact, RouteTable)]


def test_a_producer_route_holds_on_its_port() -> None:
    (table,) = tables(imported(route([{**PARENT, "port": 80}])))
    assert [port.value.port for port in table.attachment.ports if hasattr(port.value, "port")] == [
        80
    ]


def test_a_parent_without_port_holds_on_ports_that_name_the_protocol() -> None:
    assert not tables(imported(route([PARENT])))
    marked = PODS.replace("port: 80,", "port: 80, appProtocol: http,")
    assert marked != PODS
    loaded = load_text("\n---\n".join((marked, route([PARENT]))))
    found = load_importer("cilium")(
        loaded.resources, pipeline.options_of(loaded, "cilium", "istio", {})
    )
    assert len(tables(found)) == 1


def test_a_consumer_route_holds_nowhere() -> None:
    abroad = route([{**PARENT, "port": 80, "namespace": "shop"}], namespace="bank")
    found = imported(abroad)
    assert not tables(found)
    assert any("namespace of the Service alone" in one.why for one in found.model.inactive)


@pytest.mark.parametrize(("version", "holds"), [("1.16", 0), ("1.17", 1)])
def test_routes_of_calls_are_heeded_since_a_version(version: str, holds: int) -> None:
    calls = route([{**PARENT, "port": 80}], kind="GRPCRoute")
    assert len(tables(imported(calls, source=f"cilium@{version}"))) == holds


def test_streams_have_no_routes_on_services() -> None:
    streams = route([{**PARENT, "port": 80}], kind="TCPRoute").replace("/v1", "/v1alpha2")
    assert not tables(imported(streams))


@pytest.mark.parametrize(
    ("source", "tries"),
    [
        ("cilium@1.20+experimental", True),
        ("cilium@1.20", False),
        ("cilium@1.19+experimental", False),
    ],
)
def test_retries_are_made_by_one_version_and_channel(source: str, tries: bool) -> None:  # noqa: FBT001
    again = route([{**PARENT, "port": 80}], retry={"attempts": 2})
    found = imported(again, source=source)
    (table,) = tables(found)
    assert (table.routes[0].retry is not None) == tries
    assert tries or any(loss.code == "MM260" for loss in found.losses)


def test_a_gateway_of_the_source_loses_who_serves_it() -> None:
    found = imported(GATEWAY)
    (setting,) = (f for f in found.model.facts if isinstance(f, ProxySetting))
    assert (setting.aspect, setting.value.value) == (Aspect.GATEWAY_CLASS, "cilium")
    assert any(isinstance(fact, RouteTable) for fact in found.standing)


def test_a_gateway_of_another_class_stays() -> None:
    found = imported(GATEWAY.replace("gatewayClassName: cilium", "gatewayClassName: envoy"))
    assert not [f for f in found.model.facts if isinstance(f, ProxySetting)]


@pytest.mark.parametrize("target", ["istio", "linkerd", "gateway-api"])
def test_gateways_of_the_source_get_the_class_that_is_given(target: str) -> None:
    loaded = load_text(f"{PODS}\n---\n{GATEWAY}")
    for given, code in ((None, "MM733"), ("envoy", "MM505")):
        options = pipeline.options_of(loaded, "cilium", target, {"gateway_class": given})
        result = pipeline.translate_loaded(loaded, options)
        assert code in {finding.code for finding in result.report.findings}
        gateways = [d.value for d in result.documents if d.resource == "Gateway/shop/front"]
        classes = [one["spec"]["gatewayClassName"] for one in gateways]  # type: ignore[index]
        assert classes == ([] if given is None else [given])
