"""What the source's own project gives up."""

from __future__ import annotations

import pytest

from translator.audit.ageing import ageing, next_version
from translator.audit.ageing_facts import FACTS, Fact
from translator.source.load import load_text
from translator.target import VERSIONS, parse_target

CNP = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a, namespace: shop}
spec:
  endpointSelector: {}
  ingress:
  - fromRequires: [{matchLabels: {env: prod}}]
  - authentication: {mode: required}
  - toPorts: [{ports: [{port: "9092"}], rules: {kafka: [{role: consume}]}}]
"""


def told(text: str, source: str) -> dict[str, tuple[str, int]]:
    found = ageing(load_text(text).resources, parse_target(source))
    return {one.what: (one.status, len(one.places)) for one in found}


@pytest.mark.parametrize(
    ("source", "requires", "kafka", "authentication"),
    [
        ("cilium@1.17", "deprecated", "deprecated", "deprecated"),
        ("cilium@1.18", "goes next", "deprecated", "deprecated"),
        ("cilium@1.19", "gone already", "goes next", "deprecated"),
        ("cilium@1.20", "gone already", "gone already", "goes next"),
    ],
)
def test_what_goes_depends_on_the_version_of_the_source(
    source: str, requires: str, kafka: str, authentication: str
) -> None:
    found = told(CNP, source)
    assert found["fromRequires and toRequires"][0] == requires
    assert found["rules for Kafka"][0] == kafka
    assert found["mutual authentication (authentication.mode)"][0] == authentication


def test_fields_are_found_wherever_they_stand_and_only_there() -> None:
    text = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: shop}
spec:
  host: a
  trafficPolicy:
    loadBalancer: {simple: LEAST_CONN}
    portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: LEAST_REQUEST}}]
  subsets:
  - name: v1
    trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}
"""
    found = told(text, "istio")
    assert found == {
        "the algorithm LEAST_CONN": ("deprecated", 1),
        "outlierDetection.consecutiveErrors, which proxies ignore": ("deprecated", 1),
    }


def test_objects_are_found_by_kind_group_and_version() -> None:
    server = "apiVersion: policy.linkerd.io/{}\nkind: Server\nmetadata: {{name: a}}\n"
    assert told(server.format("v1beta1"), "linkerd") == {
        "Server of an old API version": ("deprecated", 1)
    }
    assert told(server.format("v1beta3"), "linkerd") == {}


def test_annotations_of_pod_templates_are_found() -> None:
    pod = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {metadata: {annotations: {sidecar.istio.io/inject: "false"}}}}
"""
    assert list(told(pod, "istio")) == ["the annotation sidecar.istio.io/inject of pods"]


def test_the_version_after_the_newest_is_one_minor_more() -> None:
    newest = VERSIONS["istio"][-1]
    major, minor = newest.split(".")
    assert next_version(parse_target("istio")) == f"{major}.{int(minor) + 1}"
    assert next_version(parse_target("cilium@1.16")) == "1.17"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.what)
def test_each_fact_names_its_page_and_what_takes_its_place(fact: Fact) -> None:
    assert fact.doc.startswith("https://")
    assert fact.instead
    assert fact.mesh in VERSIONS
