"""Linkerd to Istio in tests: pieces of input, and what they come to."""

from __future__ import annotations

from typing import Any

import yaml

from translator import pipeline
from translator.pipeline import Result
from translator.source.load import load_text

Tree = Any

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}, {containerPort: 9090}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""


def translated(*texts: str, **settings: object) -> Result:
    """What the documents come to."""
    own = pipeline.options_of(load_text(""), "linkerd", "istio", settings)
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def written(result: Result, kind: str) -> list[Tree]:
    """The documents of one kind."""
    return [value for value in map(dict, result.manifests) if value["kind"] == kind]


def codes(result: Result, *wanted: str) -> list[str]:
    """The findings that say something is wider or narrower than it was said to be, and those asked for."""
    bad = ("MM902", "MM903", "MM904", *wanted)
    return [finding.code for finding in result.report.findings if finding.code in bad]


def server(
    name: str = "web", port: object = 8080, labels: str = "{app: web}", more: str = ""
) -> str:
    """A Server."""
    return f"""
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {{name: {name}, namespace: shop}}
spec: {{podSelector: {{matchLabels: {labels}}}, port: {port}, proxyProtocol: HTTP/1{more}}}
"""


def route(name: str, match: str, parent: str = "web", kind: str = "Server") -> str:
    """A route on a Server."""
    return f"""
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {{name: {name}, namespace: shop}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: {kind}, name: {parent}}}]
  rules: [{{matches: [{match}]}}]
"""


def admits(target: str, caller: str, kind: str = "Server") -> str:
    """An AuthorizationPolicy with the accounts or networks that it lets in; ``caller``: its spec."""
    kinds = {"identit": "MeshTLSAuthentication", "network": "NetworkAuthentication"}
    which = next(value for key, value in kinds.items() if key in caller)
    name = f"{kind.lower()}-{target}"
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: {which}
metadata: {{name: {name}, namespace: shop}}
spec: {{{caller}}}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  targetRef: {{group: policy.linkerd.io, kind: {kind}, name: {target}}}
  requiredAuthenticationRefs: [{{group: policy.linkerd.io, kind: {which}, name: {name}}}]
"""


def parsed(text: str) -> Tree:
    """A piece of YAML."""
    return yaml.safe_load(text)
