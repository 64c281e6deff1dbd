"""Who writes an object, and where it is changed instead."""

from __future__ import annotations

import pytest

from translator.audit.generators import generated
from translator.audit.steering import FLAGGER, ROLLOUTS
from translator.resources.kubernetes.generators import TOOLS, maker_of, owner_of
from translator.source.load import load_text


def maker(metadata: str, kind: str = "VirtualService") -> str:
    text = f"apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: a, {metadata}}}\n"
    (resource,) = load_text(text).resources
    found = maker_of(resource)
    return "" if found is None else found.name


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("namespace: a", ""),
        ("labels: {app: a}", ""),
        ("labels: {app.kubernetes.io/managed-by: Helm}", "Helm"),
        ("labels: {app.kubernetes.io/managed-by: somebody}", ""),
        ("annotations: {meta.helm.sh/release-name: shop}", "Helm"),
        ("annotations: {argocd.argoproj.io/tracking-id: a}", "Argo CD"),
        ("labels: {kustomize.toolkit.fluxcd.io/name: a}", "Flux"),
        ("labels: {serving.knative.dev/route: a}", "Knative"),
        ("labels: {serving.kserve.io/inferenceservice: a}", "KServe"),
        ("labels: {kiali_wizard: request_routing}", "Kiali"),
        ("labels: {gateway.networking.k8s.io/gateway-name: a}", "the gateway controller"),
        (
            "ownerReferences: [{apiVersion: flagger.app/v1beta1, kind: Canary, name: a}]",
            "Flagger",
        ),
        (
            "ownerReferences: [{apiVersion: x.io/v1, kind: Thing, name: a}]",
            "the operator of Thing",
        ),
        ("ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: a}]", ""),
        (
            "labels: {helm.sh/chart: a}, ownerReferences: [{apiVersion: flagger.app/v1beta1, kind: Canary, name: a}]",
            "Flagger",
        ),
    ],
)
def test_an_object_is_known_by_the_marks_of_its_writer(metadata: str, expected: str) -> None:
    assert maker(metadata) == expected


ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop}
spec:
  strategy:
    canary:
      trafficRouting:
        istio: {virtualService: {name: web}, destinationRule: {name: web}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: other}
spec: {hosts: [web]}
"""

CANARY = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: api, namespace: shop}
spec: {targetRef: {kind: Deployment, name: api}}
---
apiVersion: v1
kind: Service
metadata: {name: api-primary, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
"""


def test_what_a_rollout_names_is_steered_by_argo_rollouts() -> None:
    resources = load_text(ROLLOUT).resources
    (found,) = generated(resources, {id(resources[1].node)})
    assert found.generator == "Argo Rollouts"
    assert [place.resource for place in found.objects] == ["VirtualService/shop/web"]
    assert found.speaks == 1
    assert "trafficRouting" in found.where


def test_flagger_makes_the_services_of_a_canary_but_not_its_target() -> None:
    (found,) = generated(load_text(CANARY).resources, ())
    assert found.generator == "Flagger"
    assert [place.resource for place in found.objects] == ["Service/shop/api-primary"]


def test_tools_that_steer_are_tools_that_are_known() -> None:
    assert {FLAGGER, ROLLOUTS} <= set(TOOLS)
    assert all(one.doc.startswith("https://") and one.where.endswith(".") for one in TOOLS.values())


def test_an_object_of_kubernetes_own_that_is_owned_names_its_owner() -> None:
    text = (
        "apiVersion: apps/v1\nkind: ReplicaSet\n"
        "metadata: {name: a-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: a}]}\n"
    )
    (resource,) = load_text(text).resources
    assert maker_of(resource) is None
    assert owner_of(resource) == "Deployment a"
