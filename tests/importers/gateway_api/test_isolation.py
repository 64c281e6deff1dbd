"""Whose request it is where listeners of one gateway have names in common, by what serves them."""

from __future__ import annotations

import pytest

from ir.model import Model
from tests.importers.gateway_api.reading import entered, read, route
from tests.importers.gateway_api.test_gateways import ALL, http
from translator import pipeline
from translator.importers import cilium, gateway_api, linkerd
from translator.pipeline import whole
from translator.resources.gateway_api.isolation import ISOLATED
from translator.source.load import load_text

WIDE = http("wide", f'hostname: "*.example.com", {ALL}')
NARROW = http("narrow", f'hostname: "*.foo.example.com", {ALL}')
TO_NEW = "rules: [{backendRefs: [{name: new, port: 80}]}]"
TO_OLD = "rules: [{backendRefs: [{name: old, port: 80}]}]"


def gateway(class_name: str, *listeners: str) -> str:
    """The gateway ``edge/gw``."""
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: edge}\n"
        f"spec: {{gatewayClassName: {class_name}, listeners: [{', '.join(listeners)}]}}"
    )


def at(section: str, rules: str, *hosts: str, name: str = "r") -> str:
    """A route of one listener."""
    names = f"hostnames: [{', '.join(hosts)}], " if hosts else ""
    parent = f"{{name: gw, namespace: edge, sectionName: {section}}}"
    return route(f"parentRefs: [{parent}], {names}{rules}", name)


def verdict(model: Model, host: str, port: int = 80) -> str:
    """Where a request for the host goes."""
    found = entered(model, host, port=port)
    return found.route.partition("/")[0] if found.kind == "forward" else found.kind


@pytest.mark.parametrize("class_name", ["some", "istio", "cilium"])
def test_a_name_within_a_narrower_listener_is_that_ones(class_name: str) -> None:
    model = read(
        gateway(class_name, WIDE, NARROW),
        at("wide", TO_NEW, "a.foo.example.com", "b.example.com", name="wide"),
        at("narrow", TO_OLD, name="narrow"),
    )
    assert verdict(model, "a.foo.example.com") == "narrow"
    assert verdict(model, "b.example.com") == "wide"


@pytest.mark.parametrize(
    ("class_name", "expected"), [("some", "not_found"), ("istio", "wide"), ("cilium", "wide")]
)
def test_what_no_route_of_the_narrower_listener_has_a_name_for(
    class_name: str, expected: str
) -> None:
    texts = (
        gateway(class_name, WIDE, NARROW),
        at("wide", TO_NEW, name="wide"),
        at("narrow", TO_OLD, "a.foo.example.com", name="narrow"),
    )
    model = read(*texts)
    assert verdict(model, "a.foo.example.com") == "narrow"
    assert verdict(model, "b.foo.example.com") == expected
    assert verdict(model, "b.example.com") == "wide"


@pytest.mark.parametrize(("class_name", "expected"), [("istio", "not_found"), ("cilium", "wide")])
def test_where_tls_ends_istio_has_a_table_for_each_listener(class_name: str, expected: str) -> None:
    tls = "protocol: HTTPS, tls: {certificateRefs: [{name: c}]}"
    listeners = [one.replace("protocol: HTTP", tls) for one in (WIDE, NARROW)]
    model = read(
        gateway(class_name, *listeners),
        at("wide", TO_NEW, name="wide"),
        at("narrow", TO_OLD, "a.foo.example.com", name="narrow"),
    )
    assert verdict(model, "b.foo.example.com") == expected
    assert verdict(model, "a.foo.example.com") == "narrow"


def test_that_it_is_not_known_who_serves_a_class_is_an_assumption_where_it_matters() -> None:
    wide = at("wide", TO_NEW, name="wide")
    some = at("narrow", TO_OLD, "a.foo.example.com", name="narrow")
    every = at("narrow", TO_OLD, name="narrow")
    same = "gateway-api@1.6"
    listeners = (WIDE, NARROW)

    def guessed(class_name: str, *routes: str) -> bool:
        texts = "\n---\n".join((gateway(class_name, *listeners), *routes))
        options = pipeline.options_of(load_text(""), "gateway-api", same, {})
        return (
            ISOLATED
            in whole(gateway_api.read_mesh(load_text(texts).resources, options)).assumptions
        )

    assert guessed("some", wide, some)
    assert not guessed("some", wide, every)
    assert not guessed("istio", wide, some)
    assert not guessed("some", some)


@pytest.mark.parametrize(
    ("source", "protocol", "expected"),
    [
        ("cilium@1.19", "HTTPS", "not_found"),
        ("cilium@1.20", "HTTPS", "wide"),
        ("cilium@1.20", "HTTP", "not_found"),
        ("istio", "HTTP", "wide"),
    ],
)
def test_in_cilium_listeners_of_other_ports_have_names_too(
    source: str, protocol: str, expected: str
) -> None:
    class_name, _, version = source.partition("@")
    tls = "tls: {certificateRefs: [{name: c}]}, " if protocol == "HTTPS" else ""
    other = (
        f"{{name: other, port: 8443, protocol: {protocol}, hostname: b.example.com, {tls}{ALL}}}"
    )
    texts = (gateway(class_name, WIDE, other), at("wide", TO_NEW, "b.example.com", name="wide"))
    if class_name != "cilium":
        assert verdict(read(*texts), "b.example.com") == expected
        return
    options = pipeline.options_of(load_text(""), f"cilium@{version}", f"cilium@{version}", {})
    model = whole(cilium.read_mesh(load_text("\n---\n".join(texts)).resources, options))
    assert verdict(model, "b.example.com") == expected


def test_linkerd_takes_the_gateways_of_others_by_the_word_of_the_api() -> None:
    texts = (
        gateway("some", WIDE, NARROW),
        at("wide", TO_NEW, "c.foo.example.com", '"*.example.com"', name="wide"),
        at("narrow", TO_OLD, "a.foo.example.com", name="narrow"),
    )
    options = pipeline.options_of(load_text(""), "linkerd", "linkerd", {})
    model = whole(linkerd.read_mesh(load_text("\n---\n".join(texts)).resources, options))
    assert verdict(model, "a.foo.example.com") == "narrow"
    assert verdict(model, "c.foo.example.com") == "not_found"
    assert verdict(model, "b.example.com") == "wide"
    assert ISOLATED in model.assumptions
