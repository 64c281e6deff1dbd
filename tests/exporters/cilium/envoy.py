"""What becomes of Istio manifests where configurations of the node's proxy are allowed."""

from __future__ import annotations

from typing import Any

import yaml

from tests.exporters.cilium.istio import to_cilium
from tests.exporters.linkerd.istio import WORKLOAD, routes
from translator.pipeline import Result

Json = dict[str, Any]
ANOTHER = WORKLOAD.replace("name: api", "name: other").replace("app: api", "app: other")
TWO_PORTS = WORKLOAD.replace(
    "ports: [{name: http, port: 80, targetPort: 8080}]",
    "ports: [{name: http, port: 80, targetPort: 8080}, {name: http-more, port: 81, targetPort: 8081}]",
)


def rule(policy: Json, host: str = "api", **more: object) -> str:
    """A DestinationRule of the Service."""
    spec = {"host": host, "trafficPolicy": policy, **more}
    meta = {"name": host, "namespace": "shop"}
    kind = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule"}
    return yaml.safe_dump({**kind, "metadata": meta, "spec": spec})


OUTLIERS = {"outlierDetection": {"consecutive5xxErrors": 4, "baseEjectionTime": "20s"}}


def allowed(
    *documents: str, version: str = "1.20", base: str = WORKLOAD + "---\n" + ANOTHER
) -> Result:
    """Two workloads with these documents, where the option is given."""
    text = "\n---\n".join((base, *documents))
    return to_cilium(text, version, allow_envoy_config=True)


def of_routes(*http: object, version: str = "1.20", more: str = "") -> Result:
    """The same with these routes, and tries to ask for a configuration where there is no other reason."""
    return allowed(routes([*http]), *([more] if more else [rule(OUTLIERS)]), version=version)


def configs(result: Result) -> dict[str, Json]:
    """The specs of the configurations by name."""
    found = (d.value for d in result.documents if d.resource.startswith("CiliumEnvoyConfig/"))
    return {document["metadata"]["name"]: document["spec"] for document in found}  # type: ignore[index, misc]


def resources(spec: Json, kind: str) -> list[Json]:
    """The resources of one type."""
    return [one for one in spec["resources"] if one["@type"].endswith(f".{kind}")]


def listed(spec: Json) -> list[Json]:
    """The routes."""
    (table,) = resources(spec, "RouteConfiguration")
    (host,) = table["virtual_hosts"]
    found: list[Json] = host["routes"]
    return found


def clusters(spec: Json) -> dict[str, Json]:
    """The clusters by name."""
    return {one["name"]: one for one in resources(spec, "Cluster")}


def only(result: Result) -> Json:
    """The spec of the only configuration."""
    ((_, spec),) = configs(result).items()
    return spec


def unexplained(result: Result) -> list[object]:
    """Differences that no finding explains."""
    return [c for c in result.report.verification.changes if not c["explained_by"]]
