"""Destinations without a port are the only port of their Service, whichever the client dials."""

from __future__ import annotations

import yaml

from tests.laws.soundness import faults, translated

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: clone, namespace: shop}
spec: {selector: {app: clone}, ports: [{name: http, port: 8009, targetPort: 8080}]}
---
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: api, namespace: shop}
spec: {service: api, backends: [{service: api, weight: 1}, {service: clone, weight: 1}]}
"""


def test_the_port_is_written_where_a_sidecar_would_take_that_of_its_listener() -> None:
    """Half of the requests found no cluster of the name (MM904)."""
    result = translated(SERVICES, "linkerd", "istio")
    assert faults(result) == []
    (table,) = (d for d in result.documents if d.resource.startswith("VirtualService/"))
    goals = [r["destination"] for r in yaml.safe_load(table.text)["spec"]["http"][0]["route"]]
    assert [goal.get("port") for goal in goals] == [None, {"number": 8009}]
