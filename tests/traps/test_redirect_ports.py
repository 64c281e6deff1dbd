"""The port of a redirect to another host that says none: Envoy takes that of the scheme, Linkerd that of the host asked for."""

from __future__ import annotations

from typing import Any

import pytest

from translator.pipeline import Result, options_of, translate_loaded
from translator.source.load import load_text

SERVICE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}, annotations: {linkerd.io/inject: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: PORT, name: http}]}
---
"""
ISTIO = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - match: [{uri: {prefix: /old/}}]
    redirect: {REDIRECT}
  - route: [{destination: {host: web}}]
"""
LINKERD = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /old}}]
    filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example}}]
  - backendRefs: [{name: web, port: 8080}]
"""


def translated(source: str, target: str, text: str, port: int = 8080) -> Result:
    loaded = load_text(SERVICE.replace("PORT", str(port)) + text)
    return translate_loaded(loaded, options_of(loaded, source, target, {}))


def written(result: Result, kind: str) -> list[Any]:
    """The objects of a kind that were written."""
    return [one for one in result.manifests if one["kind"] == kind]


def redirects(result: Result) -> list[dict[str, object]]:
    """What the rules of the routes that were written say of redirects."""
    rules = [rule for route in written(result, "HTTPRoute") for rule in route["spec"]["rules"]]
    filters = [one for rule in rules for one in rule.get("filters", [])]
    return [one["requestRedirect"] for one in filters]


@pytest.mark.parametrize("target", ["linkerd", "cilium", "gateway-api"])
@pytest.mark.parametrize(
    ("said", "port", "kept"),
    [
        ("authority: new.example", 8080, 80),
        ("'authority': 'new.example:81'", 8080, 81),
        ("authority: new.example, scheme: https, port: 8443", 8080, 8443),
    ],
)
def test_another_host_is_asked_at_the_port_of_http(
    target: str, said: str, port: int, kept: int | None
) -> None:
    result = translated("istio", target, ISTIO.replace("REDIRECT", said), port)
    assert [one.get("port") for one in redirects(result)] == [kept]


@pytest.mark.parametrize(("target", "kept"), [("linkerd", 443), ("cilium", None)])
def test_another_scheme_has_its_own_port(target: str, kept: int | None) -> None:
    said = "authority: new.example, scheme: https"
    result = translated("istio", target, ISTIO.replace("REDIRECT", said))
    assert [one.get("port") for one in redirects(result)] == [kept]
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


@pytest.mark.parametrize("target", ["linkerd", "cilium", "gateway-api"])
@pytest.mark.parametrize("said", ["authority: new.example", "uri: /new"])
def test_the_proof_finds_nothing_else(target: str, said: str) -> None:
    result = translated("istio", target, ISTIO.replace("REDIRECT", said))
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}


def test_linkerd_keeps_the_port_of_the_host_asked_for() -> None:
    result = translated("linkerd", "istio", LINKERD)
    (table,) = written(result, "VirtualService")
    found = [rule["redirect"] for rule in table["spec"]["http"] if "redirect" in rule]
    assert [one["derivePort"] for one in found] == ["FROM_REQUEST_PORT"] * len(found)
    assert found


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
@pytest.mark.parametrize(
    "said",
    [
        "hostname: new.example",
        "scheme: https",
        "hostname: new.example, scheme: https",
        "path: {type: ReplaceFullPath, replaceFullPath: /new}",
        "port: 443",
    ],
)
def test_what_goes_without_saying_in_linkerd_is_no_difference(target: str, said: str) -> None:
    result = translated("linkerd", target, LINKERD.replace("hostname: new.example", said))
    codes = {finding.code for finding in result.report.findings}
    assert not {"MM902", "MM903", "MM904"} & codes


def test_a_redirect_of_linkerd_has_the_status_302_that_its_definition_fills_in() -> None:
    result = translated("linkerd", "istio", LINKERD)
    (table,) = written(result, "VirtualService")
    found = [rule["redirect"] for rule in table["spec"]["http"] if "redirect" in rule]
    assert {one["redirectCode"] for one in found} == {302}


def test_linkerd_keeps_the_port_of_the_host_asked_for_with_another_scheme_too() -> None:
    text = LINKERD.replace("hostname: new.example", "scheme: https")
    (table,) = written(translated("linkerd", "istio", text), "VirtualService")
    found = [rule["redirect"] for rule in table["spec"]["http"] if "redirect" in rule]
    assert {one["derivePort"] for one in found} == {"FROM_REQUEST_PORT"}


def test_another_scheme_of_the_host_asked_for_has_its_own_port_in_linkerd() -> None:
    result = translated("istio", "linkerd", ISTIO.replace("REDIRECT", "scheme: https"))
    assert [one.get("port") for one in redirects(result)] == [443]
    assert not {"MM903", "MM904"} & {finding.code for finding in result.report.findings}
