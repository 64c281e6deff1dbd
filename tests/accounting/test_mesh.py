"""The account on one VirtualService, one AuthorizationPolicy, their Services and workloads: each way a leaf can go."""

from __future__ import annotations

import yaml

from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, LedgerRow

WORKLOADS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: "example.com/api:1", ports: [{containerPort: 8080}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.com/web:1", ports: [{containerPort: 8080}]}]
"""

POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: doors, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  action: ALLOW
  rules:
    - from: [{source: {namespaces: [web]}}]
    - from: [{source: {namespaces: [ops]}}]
"""

ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: both, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
spec:
  hosts: [api, web]
  http:
    - timeout: 5s
      route: [{destination: {host: api}}]
"""

YOUNGER = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: younger, namespace: shop, creationTimestamp: "2026-02-01T00:00:00Z"}
spec:
  hosts: [api]
  http:
    - timeout: 7s
      route: [{destination: {host: web}}]
"""


def translated(*documents: str) -> Result:
    """The workloads with these documents."""
    return to_linkerd("\n---\n".join((WORKLOADS, *documents)))


def row(result: Result, resource: str, path: str) -> LedgerRow:
    """The one row of a leaf."""
    (found,) = [r for r in result.report.ledger if r.resource == resource and r.path == path]
    return found


def places(found: LedgerRow) -> list[str]:
    """Where a leaf stands in the outputs."""
    return [f"{place.resource} {place.path}" for place in found.outputs]


def test_a_leaf_that_is_cloned_to_two_outputs_names_both() -> None:
    found = row(translated(ROUTES), "VirtualService/shop/both", "spec.http[0].timeout")
    assert found.fate is Fate.PLACED
    assert {place.partition(" ")[2] for place in places(found)} == {
        "spec.rules[0].timeouts.request"
    }
    assert len({place.resource for place in found.outputs}) == 2


def test_two_rules_that_are_joined_are_both_placed_in_one_object() -> None:
    result = translated(POLICY)
    one, other = (
        row(
            result,
            "AuthorizationPolicy/shop/doors",
            f"spec.rules[{n}].from[0].source.namespaces[0]",
        )
        for n in (0, 1)
    )
    assert (one.fate, other.fate) == (Fate.PLACED, Fate.PLACED)
    assert {p.resource for p in one.outputs} & {p.resource for p in other.outputs}


def test_an_action_is_absorbed_into_what_it_made() -> None:
    found = row(translated(POLICY), "AuthorizationPolicy/shop/doors", "spec.action")
    assert found.fate is Fate.ABSORBED
    assert any(place.resource.startswith("Server/") for place in found.outputs)


def test_a_younger_virtual_service_is_inert_and_the_winner_is_named() -> None:
    result = translated(ROUTES, YOUNGER)
    found = row(result, "VirtualService/shop/younger", "spec.http[0].timeout")
    assert (found.fate, found.outputs) == (Fate.INERT, ())
    told = [f.message for f in result.report.findings if f.code == "MM107"]
    assert any("VirtualService/shop/both" in message for message in told)
    assert all("7s" not in document.text for document in result.documents)


def test_a_document_that_stays_is_carried_and_an_edited_one_is_told_leaf_by_leaf() -> None:
    result = translated(POLICY)
    edited = {document.resource for document in result.documents if document.edited}
    assert edited == {"Namespace//shop", "Deployment/shop/api"}
    for resource in ("Deployment/shop/web", "Deployment/shop/api"):
        image = "spec.template.spec.containers[0].image"
        assert row(result, resource, image).fate is Fate.CARRIED
    label = row(result, "Namespace//shop", "metadata.labels.istio-injection")
    assert label.fate is Fate.PLACED
    assert places(label) == ['Namespace//shop metadata.annotations["linkerd.io/inject"]']


def test_a_list_and_an_alias_have_rows_of_their_own() -> None:
    documents = [*yaml.safe_load_all(WORKLOADS), yaml.safe_load(ROUTES)]
    documents[-1]["spec"]["http"].insert(
        0, {"match": [{"uri": {"exact": "/a"}}], "route": documents[-1]["spec"]["http"][0]["route"]}
    )
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": documents})
    assert "*id" in text
    result = to_linkerd(text)
    paths = [f"items[5].spec.http[{n}].route[0].destination.host" for n in (0, 1)]
    rows = [row(result, "VirtualService/shop/both", path) for path in paths]
    assert [found.fate for found in rows] == [Fate.PLACED, Fate.PLACED]
    assert rows[0].outputs != rows[1].outputs
    assert row(result, "List//", "kind").fate is Fate.CARRIED


def test_rows_and_leaves_are_as_many() -> None:
    result = translated(POLICY, ROUTES, YOUNGER)
    assert sum(result.report.summary.fates.values()) == result.report.summary.leaves
    fates = {found.fate for found in result.report.ledger}
    assert not fates & {Fate.DROPPED, Fate.STRANDED, Fate.UNREAD}
