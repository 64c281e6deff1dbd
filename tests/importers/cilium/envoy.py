"""Configurations of the node's proxy for tests: Services with pods, and what is said about their requests."""

from __future__ import annotations

from functools import cached_property

import yaml

from ir.model import Fact
from translator import pipeline
from translator.api import Import
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.load import load_text

Json = object
ENVOY = "type.googleapis.com/envoy"


def service(name: str, space: str = "shop", app_protocol: str = "http") -> str:
    """A Service with one port, and its pods."""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: web, port: 80, targetPort: 8080, appProtocol: {app_protocol}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{serviceAccountName: {name}, containers: [{{name: c, ports: [{{containerPort: 8080}}]}}]}}
---
"""


SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
""" + "".join(service(name) for name in ("api", "api-v2", "web"))


def cluster(name: str = "shop/api", **fields: Json) -> dict[str, Json]:
    """A cluster of a Service."""
    return {
        "@type": f"{ENVOY}.config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"service_name": name},
        **fields,
    }


def to_api(**fields: Json) -> dict[str, Json]:
    """The action of sending requests to the Service itself."""
    return {"route": {"cluster": "shop/api", "timeout": "0s", **fields}}


def route(prefix: str = "/", **fields: Json) -> dict[str, Json]:
    """A route by prefix, to the Service itself unless ``fields`` say otherwise."""
    return {"match": {"prefix": prefix}, **(fields or to_api())}


def filters(*before: Json, router: str = "envoy.filters.http.router") -> list[Json]:
    """The filters of HTTP, with the router at the end."""
    kind = f"{ENVOY}.extensions.filters.http.router.v3.Router"
    return [*before, {"name": router, "typed_config": {"@type": kind}}]


def listener(
    name: str = "l", http_filters: list[Json] | None = None, **http: Json
) -> dict[str, Json]:
    """A listener that reads HTTP."""
    manager = {
        "@type": f"{ENVOY}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "rds": {"route_config_name": "r"},
        "use_remote_address": True,
        "http_filters": http_filters or filters(),
        **http,
    }
    chain = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "@type": f"{ENVOY}.config.listener.v3.Listener",
        "name": name,
        "filter_chains": [{"filters": [chain]}],
    }


def routes(*listed: Json) -> dict[str, Json]:
    """The table of routes."""
    host = {"name": "all", "domains": ["*"], "routes": [*listed]}
    return {
        "@type": f"{ENVOY}.config.route.v3.RouteConfiguration",
        "name": "r",
        "virtual_hosts": [host],
    }


def config(*resources: Json, name: str = "own", **spec: Json) -> dict[str, Json]:
    """A CiliumEnvoyConfig for the Service ``api``."""
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumEnvoyConfig",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "services": [{"name": "api", "namespace": "shop"}],
            "resources": [*resources],
            **spec,
        },
    }


class Shop:
    """Services with these documents."""

    def __init__(self, *documents: Json) -> None:
        self.text = SHOP + "---\n".join(yaml.safe_dump(one) for one in documents)

    @cached_property
    def read(self) -> Import:
        """What the importer makes of it."""
        loaded = load_text(self.text)
        return load_importer("cilium")(
            loaded.resources, pipeline.options_of(loaded, "cilium", "istio", {})
        )

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts."""
        return self.read.model.facts

    def to(self, target: str) -> Result:
        """The translation."""
        loaded = load_text(self.text)
        return pipeline.translate_loaded(loaded, pipeline.options_of(loaded, "cilium", target, {}))


def usual(*listed: Json, **fields: Json) -> Shop:
    """A configuration with these routes and this treatment of the endpoints."""
    return Shop(config(listener(), routes(*(listed or (route(),))), cluster("shop/api", **fields)))
