"""A small cluster with policies of Cilium's, and requests in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import yaml

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.model import Model
from translator import pipeline
from translator.api import Import
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.load import load_text

Json = object

PODS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {team: blue}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {selector: {app: api}, ports: [{name: web, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers: [{name: api, ports: [{name: http, containerPort: 8080}, {containerPort: 9090}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers: [{name: web, ports: [{containerPort: 8080}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: teller, namespace: bank}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: teller
      containers: [{name: teller}]
"""

WEB = Caller(namespace="shop", service_account="web", labels={"app": "web"}, mtls=False,
             namespace_labels={"team": "red"})  # fmt: skip
TELLER = Caller(namespace="bank", service_account="teller", labels={"app": "web"}, mtls=False,
                namespace_labels={"team": "blue"})  # fmt: skip
WORLD = Caller(address="203.0.113.7", mtls=False)
HOST = Caller(mtls=False, probe=True)
NODE = Caller(mtls=False, entity="remote-node")
API = {"matchLabels": {"app": "api"}}
FROM_WEB = {"fromEndpoints": [{"matchLabels": {"app": "web"}}]}


def port(number: Json = "8080", protocol: str = "TCP", **others: Json) -> dict[str, Json]:
    """An entry of ``toPorts`` with one port."""
    return {"ports": [{"port": number, "protocol": protocol}], **others}


def http(*rules: Json, number: Json = "8080") -> dict[str, Json]:
    """An entry of ``toPorts`` with rules on requests."""
    return port(number, rules={"http": list(rules)})


def policy(
    name: str = "api", *, wide: bool = False, namespace: str = "shop", **fields: Json
) -> Json:
    """A policy; the pods of ``api`` unless ``fields`` say otherwise."""
    kind = "CiliumClusterwideNetworkPolicy" if wide else "CiliumNetworkPolicy"
    spec = {"endpointSelector": API, **fields} if "nodeSelector" not in fields else fields
    metadata = {"name": name} if wide else {"name": name, "namespace": namespace}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


@dataclass(frozen=True)
class Cluster:
    """The pods with these documents beside."""

    documents: tuple[Json, ...]

    @property
    def text(self) -> str:
        """All of it as YAML."""
        return "---\n".join([PODS, *(yaml.safe_dump(one) for one in self.documents)])

    @cached_property
    def read(self) -> Import:
        """What the importer makes of it."""
        loaded = load_text(self.text)
        options = pipeline.options_of(loaded, "cilium", "linkerd", {})
        return load_importer("cilium")(loaded.resources, options)

    @property
    def model(self) -> Model:
        """The facts."""
        return self.read.model

    @property
    def codes(self) -> list[str]:
        """The codes of what the importer tells."""
        return sorted({loss.code for loss in self.read.losses})

    @cached_property
    def translated(self) -> Result:
        """Cilium to Linkerd."""
        loaded = load_text(self.text)
        options = pipeline.options_of(loaded, "cilium", "linkerd", {})
        return pipeline.translate_loaded(loaded, options)

    def lets(self, caller: Caller = WEB, to: str = "api", **asked: Json) -> bool:
        """Whether a request of the caller gets in, on port 8080 unless said otherwise."""
        start = Request(caller=caller, workload=f"Deployment/shop/{to}", port=8080)
        return decide_access(self.model, replace(start, **asked)).allowed  # type: ignore[arg-type]


def cluster(*documents: Json) -> Cluster:
    """The pods with these documents beside."""
    return Cluster(documents)
