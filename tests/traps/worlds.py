"""A small mesh, what is said about it, and who gets in before and after its translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Answer, Caller, Request
from tests.translation import in_force_after, to_linkerd
from translator.report.model import Finding

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-raw, port: 9000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, version: v1}}
    spec:
      serviceAccountName: api
      containers: [{name: api, ports: [{containerPort: 8080}, {containerPort: 9000}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 3000}]}]}
---
"""
API = "Deployment/shop/api"
WEB = Caller(namespace="shop", service_account="web", labels={"app": "web"})
STRANGER = Caller(namespace="dev", service_account="tester")
PARTNER = Caller(namespace="shop", service_account="web", trust_domain="partner.example")
CLEAR = Caller(mtls=False, address="10.1.2.3")
IN, OUT = Answer.ALLOWED, Answer.REFUSED


def security(
    kind: str, spec: Mapping[str, object], name: str = "p", namespace: str = "shop", **meta: object
) -> str:
    """A resource of ``security.istio.io``."""
    return yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, **meta},
            "spec": spec,
        }
    )


def rules(
    *listed: Mapping[str, object],
    action: str = "ALLOW",
    name: str = "p",
    scope: Mapping[str, object] | None = None,
) -> str:
    """An AuthorizationPolicy with these rules; ``scope``: its selector or targets."""
    spec = {"action": action, "rules": [dict(rule) for rule in listed], **(scope or {})}
    return security("AuthorizationPolicy", spec, name)


def source(**fields: object) -> dict[str, list[object]]:
    """The ``from`` of a rule, with one entry."""
    return {"from": [{"source": fields}]}


def operation(**fields: object) -> dict[str, list[object]]:
    """The ``to`` of a rule, with one entry."""
    return {"to": [{"operation": fields}]}


class World:
    """What the documents mean beside the workloads of the shop, and what holds after the translation."""

    def __init__(self, *documents: str, shop: str = SHOP, **settings: object) -> None:
        text = shop + "\n---\n".join(documents)
        self.result = to_linkerd(text, **settings)
        self.before = self.result.model
        self.after = in_force_after(text, self.result)

    def both(
        self, caller: Caller = WEB, workload: str = API, port: int = 8080, **request: Any
    ) -> tuple[Answer, Answer]:
        """What a request gets before and after."""
        asked = Request(caller=caller, workload=workload, port=port, **request)
        first, second = decide_access(self.before, asked), decide_access(self.after, asked)
        return first.answer, second.answer

    def findings(self, code: str) -> list[Finding]:
        """The findings with this code."""
        return [f for f in self.result.report.findings if f.code == code]
