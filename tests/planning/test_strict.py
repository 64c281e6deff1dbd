"""A mesh that demands mutual TLS everywhere and has no rules besides, as most begin."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml

from tests.planning.shop import NODES, PODS
from translator.api import Options
from translator.migration import plan_loaded
from translator.report.plan import Plan
from translator.source.load import load_text
from translator.target import parse_target

STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {serviceAccountName: api, containers: [{name: api, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: teller, namespace: bank}
spec:
  selector: {matchLabels: {app: teller}}
  template:
    metadata: {labels: {app: teller}}
    spec: {serviceAccountName: teller, containers: [{name: teller, ports: [{containerPort: 8080}]}]}
"""


@lru_cache
def planned(text: str = STRICT) -> Plan:
    """The way to Linkerd."""
    options = Options(
        source=parse_target("istio"),
        target=parse_target("linkerd"),
        node_networks=NODES,
        cluster_networks=PODS,
    )
    return plan_loaded(load_text(text, "strict.yaml"), options)


def refusals(plan: Plan) -> list[Any]:
    """The temporary refusals of Istio's workloads."""
    texts = dict.fromkeys(text for name, text in plan.files.items() if "-outside-" in name)
    return [yaml.safe_load(text) for text in texts]


def test_clear_text_from_beyond_the_pods_stays_out_where_a_port_becomes_permissive() -> None:
    opened = [one for wave in planned().waves for proof in wave.proofs for one in proof.opened]
    assert opened == []
    assert planned().waves[0].allowances


def test_the_refusal_names_callers_without_an_identity_and_the_ports_that_were_strict() -> None:
    found = refusals(planned())
    assert found
    for one in found:
        (rule,) = one["spec"]["rules"]
        source = {"notPrincipals": ["*"], "notIpBlocks": list(PODS)}
        assert rule["from"] == [{"source": source}]
        assert rule["to"] == [{"operation": {"ports": ["8080"]}}]


def test_ports_that_took_clear_text_before_refuse_nobody() -> None:
    assert refusals(planned(STRICT.replace("STRICT", "PERMISSIVE"))) == []


def test_the_word_of_a_port_outranks_that_of_the_mesh() -> None:
    own = """
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  portLevelMtls: {8080: {mode: PERMISSIVE}}
"""
    names = {one["metadata"]["name"] for one in refusals(planned(STRICT + own))}
    assert names == {"teller-outside-coexistence"}


def test_the_word_by_which_pods_are_in_the_mesh_is_written_where_the_input_has_none() -> None:
    """Else the waves made them anew in the mesh in which they are."""
    assert "MM917" not in {one.code for one in planned().decisions}
    plan = planned(STRICT.replace(", labels: {istio-injection: enabled}", ""))
    (told,) = (one for one in plan.decisions if one.code == "MM917")
    assert "pods of bank, shop are in istio" in told.message
    assert "kubectl get namespace bank" in told.advice
    assert plan.holds
    moved = yaml.safe_load(plan.files["wave-01/2-move/namespace-bank.yaml"])["metadata"]
    assert moved["labels"] == {"istio-injection": "disabled"}
    assert moved["annotations"]["linkerd.io/inject"] == "enabled"
    back = yaml.safe_load(plan.files["wave-01/rollback/2-move-back/namespace-bank.yaml"])
    assert back["metadata"] == {"name": "bank", "labels": {"istio-injection": "enabled"}}


def test_a_job_is_left_as_it_is_and_told() -> None:
    """The API server refuses another template of a Job, and with it the command that applies the wave."""
    job = """
---
apiVersion: batch/v1
kind: Job
metadata: {name: seed, namespace: shop}
spec:
  template:
    metadata: {labels: {app: seed, sidecar.istio.io/inject: "true"}}
    spec: {restartPolicy: Never, containers: [{name: seed, image: seed}]}
"""
    plan = planned(STRICT + job)
    assert not any("kind: Job" in text for text in plan.files.values())
    (told,) = [one for one in plan.decisions if one.code == "MM918"]
    assert "Job/shop/seed" in told.message
    assert not [one for one in planned().decisions if one.code == "MM918"]
