"""What controllers and injectors make of an object of the input is no workload beside it."""

from __future__ import annotations

from typing import Any

from tests.translation import to_linkerd
from translator.resources.kubernetes.made import standing
from translator.resources.kubernetes.read import read_inventory
from translator.source.load import load_text

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}]}]}
"""
REPLICAS = """
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-6d4c
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]
spec:
  selector: {matchLabels: {app: web, pod-template-hash: 6d4c}}
  template:
    metadata: {labels: {app: web, pod-template-hash: 6d4c}}
    spec: {serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}]}]}
"""


def pod(name: str, annotations: str = "sidecar.istio.io/status: x") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
  labels: {{app: web, pod-template-hash: 6d4c, security.istio.io/tlsMode: istio, linkerd.io/proxy-deployment: web}}
  annotations: {{{annotations}}}
  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-6d4c, controller: true}}]
spec:
  serviceAccountName: web
  initContainers: [{{name: istio-init}}, {{name: istio-proxy, ports: [{{containerPort: 15090}}]}}]
  containers: [{{name: web, ports: [{{containerPort: 8080}}]}}]
"""


STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, portLevelMtls: {"8080": {mode: STRICT}}}
"""


def workloads(*texts: str) -> dict[str, dict[str, str]]:
    """The labels of all workloads that are read, by their keys."""
    there = standing(load_text("---".join(texts)).resources, "default")
    return {
        w.key: dict(w.labels) for w in read_inventory(there, "default", complete=False).workloads
    }


def test_what_an_object_of_the_input_makes_is_no_workload() -> None:
    found = workloads(DEPLOYMENT, REPLICAS, pod("web-6d4c-abcde"))
    assert found == {"Deployment/shop/web": {"app": "web"}}


def test_one_pod_stands_for_an_owner_that_is_not_there_without_what_was_put_on_it() -> None:
    found = workloads(pod("web-6d4c-b"), pod("web-6d4c-a"))
    assert found == {"Pod/shop/web-6d4c-a": {"app": "web"}}


def test_an_owner_in_another_namespace_is_another_owner() -> None:
    elsewhere = DEPLOYMENT.replace("namespace: shop", "namespace: bank")
    assert len(workloads(elsewhere, REPLICAS)) == 2


def test_pods_of_one_owner_with_other_labels_stand_for_themselves() -> None:
    other = pod("web-6d4c-c").replace("app: web,", "app: till,")
    found = workloads(pod("web-6d4c-a"), pod("web-6d4c-b"), other)
    assert sorted(labels["app"] for labels in found.values()) == ["till", "web"]


def test_an_owner_that_makes_no_pods_leaves_the_workload_as_it_is() -> None:
    owned = DEPLOYMENT.replace(
        "namespace: shop}",
        "namespace: shop, ownerReferences: [{kind: Kafka, name: k, controller: true}]}",
    )
    assert workloads(owned) == {"Deployment/shop/web": {"app": "web"}}


def test_containers_that_an_injector_put_into_a_pod_declare_no_ports_of_its_application() -> None:
    there = standing(load_text(pod("web-6d4c-a")).resources, "default")
    [workload] = read_inventory(there, "default", complete=False).workloads
    assert [port.number for port in workload.ports] == [8080]


def test_a_gateway_keeps_the_proxy_that_is_its_application() -> None:
    words = "sidecar.istio.io/status: x, inject.istio.io/templates: gateway"
    there = standing(load_text(pod("web-6d4c-a", words)).resources, "default")
    [workload] = read_inventory(there, "default", complete=False).workloads
    assert [port.number for port in workload.ports] == [15090, 8080]


def test_servers_select_the_pods_of_a_deployment_whose_pods_are_listed_too() -> None:
    listing = "---".join((DEPLOYMENT, REPLICAS, pod("web-6d4c-a"), STRICT))
    servers = [d.value for d in to_linkerd(listing).documents if d.resource.startswith("Server/")]
    selectors: Any = [server["spec"]["podSelector"] for server in servers]  # type: ignore[index]
    assert selectors == [{"matchLabels": {"app": "web"}}]


SHORT = """
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-6d4c
  namespace: shop
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, controller: true}]
spec: {replicas: 2}
"""
ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop}
spec: SPEC
"""


def test_pods_of_an_owner_without_a_template_are_not_lost() -> None:
    """Before, the Rollout or the ReplicaSet stood for them, and no workload was read of either."""
    refers = ROLLOUT.replace(
        "SPEC", "{workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}"
    )
    found = workloads(refers, SHORT, pod("web-6d4c-a"), pod("web-6d4c-b"))
    assert found == {"Pod/shop/web-6d4c-a": {"app": "web"}}


def test_they_are_no_workload_where_whoever_made_the_owner_has_one() -> None:
    """The way up goes on through an owner that was cut short."""
    template = "{template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}"
    found = workloads(ROLLOUT.replace("SPEC", template), SHORT, pod("web-6d4c-a"))
    assert found == {"Rollout/shop/web": {"app": "web"}}


def test_an_owner_of_another_group_is_no_workload_of_kubernetes() -> None:
    """A Job of some operator is not the Job of that name; its pods are one workload all the same."""
    job = """
apiVersion: batch/v1
kind: Job
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: other}}, spec: {containers: [{name: web}]}}}
"""
    of_job = "{apiVersion: example.io/v1, kind: Job, name: web, controller: true}"
    owner = "{apiVersion: apps/v1, kind: ReplicaSet, name: web-6d4c, controller: true}"
    pods = [pod(name).replace(owner, of_job) for name in ("one", "two")]
    assert workloads(job, *pods) == {
        "Job/shop/web": {"app": "other"},
        "Pod/shop/one": {"app": "web"},
    }


def test_of_pods_that_belong_to_a_kind_nobody_knows_one_stands_for_all() -> None:
    owner = "{apiVersion: apps/v1, kind: ReplicaSet, name: web-6d4c, controller: true}"
    of_set = "{apiVersion: core.strimzi.io/v1, kind: StrimziPodSet, name: web, controller: true}"
    pods = [pod(name).replace(owner, of_set) for name in ("one", "two")]
    assert workloads(*pods) == {"Pod/shop/one": {"app": "web"}}
