"""Names and hosts that cannot be are told where they stand, whichever mesh they come from."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults
from translator.pipeline import options_of, translate_loaded
from translator.report.model import Finding, Severity
from translator.source.load import load_text

_META = "metadata: {name: web, namespace: shop}"
ISTIO = f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
{_META}
spec:
  hosts: [web.shop.svc.cluster.local]
  http: [{{route: [{{destination: {{host: web}}}}]}}]
"""
ROUTE = f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
{_META}
spec:
  parentRefs: [{{group: "", kind: Service, name: web, port: 80}}]
  hostnames: [shop.example]
  rules: [{{backendRefs: [{{name: web, port: 80}}]}}]
"""
CILIUM = f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
{_META}
spec:
  endpointSelector: {{}}
  egress: [{{toFQDNs: [{{matchName: api.example}}, {{matchPattern: "**.example"}}]}}]
"""
SERVICE = f"""\
---
apiVersion: v1
kind: Service
{_META}
spec: {{selector: {{app: web}}, ports: [{{port: 80, name: http}}]}}
"""
TEXTS = {"istio": ISTIO, "linkerd": ROUTE, "gateway-api": ROUTE, "cilium": CILIUM}
TARGETS = {
    "istio": "gateway-api",
    "linkerd": "istio",
    "gateway-api": "istio",
    "cilium": "istio",
}


def told(source: str, text: str) -> list[Finding]:
    """The findings about names; whatever the names are, nothing is a fault of ours."""
    loaded = load_text(text)
    result = translate_loaded(loaded, options_of(loaded, source, TARGETS[source], {}))
    assert not faults(result)
    return [one for one in result.report.findings if one.code == "MM109"]


@pytest.mark.parametrize("source", TEXTS)
def test_names_that_can_be_are_nothing_to_tell(source: str) -> None:
    assert told(source, TEXTS[source] + SERVICE) == []


@pytest.mark.parametrize("source", TEXTS)
@pytest.mark.parametrize("name", ["Web", "my web", "web_1", "-web", "w" * 254, '"ü"'])
def test_a_name_that_no_object_has_is_told_where_it_stands(source: str, name: str) -> None:
    (one,) = told(source, TEXTS[source].replace("{name: web,", f"{{name: {name},", 1))
    (place,) = one.sources
    assert (place.line, place.column, place.path) == (3, 12, "metadata.name")
    assert (one.severity, one.impact) == (Severity.HIGH, "INVALID")


@pytest.mark.parametrize("source", TEXTS)
def test_a_namespace_and_the_name_of_a_service_are_labels(source: str) -> None:
    long = "shop" * 16
    service = SERVICE.replace("name: web,", "name: web.shop,")
    found = told(source, TEXTS[source].replace("namespace: shop", f"namespace: {long}") + service)
    assert [one.sources[0].path for one in found] == ["metadata.namespace", "metadata.name"]


@pytest.mark.parametrize(
    ("source", "old", "path"),
    [
        ("istio", "[web.shop.svc.cluster.local]", "spec.hosts[0]"),
        ("linkerd", "[shop.example]", "spec.hostnames[0]"),
        ("gateway-api", "[shop.example]", "spec.hostnames[0]"),
    ],
)
@pytest.mark.parametrize(
    "host", ['""', '"a b"', '"*.*"', '"shop..example"', "x" * 64 + "." + "y" * 250]
)
def test_a_host_that_cannot_be_is_told(source: str, old: str, path: str, host: str) -> None:
    (one,) = told(source, TEXTS[source].replace(old, f"[{host}]"))
    assert [place.path for place in one.sources] == [path]


def test_upper_case_is_as_good_in_istio_and_refused_in_gateway_api() -> None:
    assert not told("istio", ISTIO.replace("[web.shop", "[Web.shop"))
    assert told("linkerd", ROUTE.replace("[shop.", "[Shop."))


@pytest.mark.parametrize("host", ["10.1.2.3", '"2001:db8::1"', '"*"', '"*.example"'])
def test_addresses_and_stars_are_hosts_of_istio(host: str) -> None:
    assert not told("istio", ISTIO.replace("[web.shop.svc.cluster.local]", f"[{host}]"))


@pytest.mark.parametrize("name", ["a b.example", "api/example"])
def test_names_outside_are_told(name: str) -> None:
    assert len(told("cilium", CILIUM.replace("api.example", name))) == 1


def test_a_reference_to_what_cannot_be_there_is_told() -> None:
    (one,) = told(
        "linkerd", ROUTE.replace("backendRefs: [{name: web", "backendRefs: [{name: My_Web")
    )
    assert [place.path for place in one.sources] == ["spec.rules[0].backendRefs[0].name"]
