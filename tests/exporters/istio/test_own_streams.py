"""Rules of connections from Istio to Istio: the same connections go the same ways, and no rule is told twice."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Fate

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {selector: {app: store}, ports: [{name: tls-api, port: 443}, {name: tcp-data, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: spare, namespace: shop}
spec: {selector: {app: spare}, ports: [{name: tls-api, port: 443}, {name: tcp-data, port: 9000}]}
"""
DAY = "2026-01-0%dT00:00:00Z"


def rules(name: str, spec: str, space: str = "shop", day: int = 1) -> str:
    """A VirtualService."""
    tree = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": space, "creationTimestamp": DAY % day},
        "spec": yaml.safe_load(spec),
    }
    return f"---\n{yaml.safe_dump(tree)}"


def to_itself(*said: str) -> Result:
    """The translation from Istio to Istio, without a fault and without a loss."""
    result = translated(SERVICES + "".join(said), "istio", "istio")
    assert faults(result) == []
    lost = [f for f in result.report.findings if f.fate is Fate.LOST]
    assert lost == []
    assert "DIFFERENT" not in result.report.verification.verdict
    return result


def specs(result: Result) -> dict[str, Any]:
    """The specs of what is written, by name."""
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}": one["spec"]  # type: ignore[index]
        for one in result.manifests
        if one["kind"] == "VirtualService"
    }


TO = "route: [{destination: {host: %s.shop.svc.cluster.local, port: {number: %d}}}]"
STORE, SPARE = "store.shop.svc.cluster.local", "spare.shop.svc.cluster.local"


@pytest.mark.parametrize(
    "spec",
    [
        f"{{hosts: [{STORE}], tcp: [{{{TO % ('spare', 9000)}}}]}}",
        f"{{hosts: [{STORE}, {SPARE}], tcp: [{{match: [{{port: 9000}}], {TO % ('spare', 9000)}}}]}}",
        f"{{hosts: [{STORE}], tcp: [{{match: [{{sourceLabels: {{app: web}}}}, {{sourceNamespace: dev}}], {TO % ('spare', 9000)}}}]}}",
        f"{{hosts: [{STORE}], tcp: [{{match: [{{destinationSubnets: [10.1.0.0/16], port: 9000}}], {TO % ('spare', 9000)}}}]}}",
        f"{{hosts: ['*.eu.example'], tls: [{{match: [{{sniHosts: ['*.eu.example'], port: 443}}], {TO % ('spare', 443)}}}]}}",
        f"{{hosts: [{STORE}, a.example], tls: [{{match: [{{sniHosts: [a.example]}}], {TO % ('spare', 443)}}}]}}",
        f"{{hosts: [{STORE}], exportTo: [.], tcp: [{{{TO % ('spare', 9000)}}}]}}",
        f"{{hosts: [{STORE}], tcp: [{{route: [{{destination: {{host: {SPARE}}}}}]}}]}}",
    ],
)
def test_rules_of_one_object_are_written_as_they_are(spec: str) -> None:
    """They were left out: for some connections only, for a host that is no Service, or for clients with some labels."""
    (written,) = specs(to_itself(rules("store", spec))).values()
    assert written == yaml.safe_load(spec)


def test_a_subset_of_a_service_may_be_where_connections_go() -> None:
    spec = f"{{hosts: [{STORE}], tcp: [{{route: [{{destination: {{host: {STORE}, subset: v1, port: {{number: 9000}}}}}}]}}]}}"
    ends = f"""---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: store, namespace: shop}}
spec: {{host: {STORE}, subsets: [{{name: v1, labels: {{version: v1}}}}]}}
"""
    result = to_itself(rules("store", spec), ends)
    (written,) = specs(result).values()
    assert written == yaml.safe_load(spec)
    (rule,) = (one for one in result.manifests if one["kind"] == "DestinationRule")
    assert rule["spec"] == {
        "host": STORE,
        "subsets": [{"name": "v1", "labels": {"version": "v1"}}],
    }


def test_names_say_which_of_two_objects_comes_first() -> None:
    """Of objects that are made at one time the first by name counts; the older one is called last here."""
    older = rules(
        "zz",
        f"{{hosts: [{STORE}, {SPARE}], tcp: [{{match: [{{port: 9000, sourceLabels: {{app: web}}}}], {TO % ('spare', 9000)}}}]}}",
    )
    newer = rules("aa", f"{{hosts: [{STORE}], tcp: [{{{TO % ('spare', 9000)}}}]}}", day=2)
    written = specs(to_itself(older, newer))
    first, second = (written[key] for key in sorted(written))
    assert first["hosts"] == [STORE, SPARE]
    assert second["hosts"] == [STORE]


def test_rules_for_all_clients_are_not_said_again_for_those_of_a_namespace() -> None:
    own = rules(
        "own",
        f"{{hosts: [{STORE}], exportTo: [.], tcp: [{{match: [{{sourceLabels: {{app: web}}}}], {TO % ('spare', 9000)}}}]}}",
        space="dev",
    )
    everyone = rules("all", f"{{hosts: [{STORE}], tcp: [{{{TO % ('spare', 9000)}}}]}}")
    written = specs(to_itself(own, everyone))
    assert [len(spec["tcp"]) for spec in written.values()] == [1, 1]
    assert {key.partition("/")[0] for key in written} == {"dev", "shop"}


def test_a_route_of_the_gateway_api_takes_its_names_along_as_hosts() -> None:
    route = """---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: store, namespace: shop}
spec:
  parentRefs: [{kind: Service, group: "", name: store, port: 443}]
  hostnames: [a.example]
  rules: [{backendRefs: [{name: spare, port: 443}]}]
"""
    (written,) = specs(to_itself(route)).values()
    assert written["hosts"] == [STORE, "a.example"]
