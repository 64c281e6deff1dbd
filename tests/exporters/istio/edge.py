"""Gateway API to Istio in tests: gateways that pods with labels take over."""

from __future__ import annotations

from translator import pipeline
from translator.pipeline import Result
from translator.source.load import load_text

SELECTOR = ("istio=ingressgateway",)
WEB = "backendRefs: [{name: web, port: 80}]"


def entered(
    *texts: str, source: str = "gateway-api", target: str = "istio", **settings: object
) -> Result:
    """What the documents come to."""
    settings = {"gateway_selector": SELECTOR, **settings}
    own = pipeline.options_of(load_text(""), source, target, settings)
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def gateway(listeners: str, name: str = "door", more: str = "", class_name: str = "some") -> str:
    """A Gateway of Gateway API."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: edge}}
spec: {{gatewayClassName: {class_name}, listeners: [{listeners}]{more}}}
"""


def http(name: str = "http", port: int = 80, host: str = "", more: str = "") -> str:
    """A listener for requests in clear text."""
    named = f', hostname: "{host}"' if host else ""
    return f"{{name: {name}, port: {port}, protocol: HTTP{named}{more}}}"


def https(name: str = "https", host: str = "", cert: str = "{name: cert}", port: int = 443) -> str:
    """A listener at which TLS ends."""
    named = f', hostname: "{host}"' if host else ""
    tls = f"tls: {{certificateRefs: [{cert}]}}"
    return f"{{name: {name}, port: {port}, protocol: HTTPS, {tls}{named}}}"


def route(
    rules: str,
    name: str = "web",
    hosts: str = "",
    parents: str = "{name: door}",
    kind: str = "HTTPRoute",
    space: str = "edge",
) -> str:
    """A route that is bound to gateways."""
    named = f"hostnames: [{hosts}], " if hosts else ""
    version = "v1" if kind in ("HTTPRoute", "GRPCRoute", "TLSRoute") else "v1alpha2"
    return f"""
apiVersion: gateway.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}, namespace: {space}}}
spec: {{parentRefs: [{parents}], {named}rules: [{rules}]}}
"""
