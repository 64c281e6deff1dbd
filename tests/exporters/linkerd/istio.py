"""Istio manifests for tests of the exporter: one workload, its service, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tests.translation import to_linkerd
from translator.pipeline import Result

WORKLOAD = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, version: v1}}
    spec:
      serviceAccountName: api
      containers: [{name: api, ports: [{containerPort: 8080}]}]
"""


def policy(spec: Mapping[str, object], name: str = "p") -> str:
    """An AuthorizationPolicy for the workload."""
    return yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": spec,
        }
    )


def routes(http: list[object], name: str = "api") -> str:
    """A VirtualService for the workload's service."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"hosts": ["api"], "http": http},
        }
    )


def translated(*documents: str, **settings: object) -> Result:
    """The workload with these documents, to Linkerd."""
    return to_linkerd("\n---\n".join((WORKLOAD, *documents)), **settings)


def written(result: Result, kind: str) -> list[dict[str, Any]]:
    """New documents of a kind."""
    found = (d for d in result.documents if d.resource.startswith(f"{kind}/") and not d.edited)
    return [document.value for document in found]


def spec_of(document: dict[str, Any]) -> dict[str, Any]:
    """The ``spec`` of a document."""
    spec = document["spec"]
    assert isinstance(spec, dict)
    return spec
