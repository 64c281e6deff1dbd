"""Plans from Cilium: pods get proxies wave by wave, and its policies hold for those that have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import meshmigrate
from tests.planning.selecting import POLICIES, selecting
from tests.planning.shop import NODES, PODS, Objects, carried_out, objects, start
from translator.bridges.api import MARKS
from translator.errors import TargetError
from translator.report.plan import Plan

BAKERY = Path(__file__).parents[2] / "examples" / "network"
SETTINGS: dict[str, Any] = {"node_networks": NODES, "cluster_networks": PODS}
TARGETS = ("linkerd", "istio")


@lru_cache
def to(target: str) -> Plan:
    """The plan of the bakery."""
    return meshmigrate.plan([BAKERY], source="cilium", target=target, **SETTINGS)


def planned(folder: Path, more: str, target: str = "linkerd") -> Plan:
    """The plan of the bakery with more objects."""
    files = {file.name: file.read_text(encoding="utf-8") for file in BAKERY.glob("*.yaml")}
    for name, text in {**files, "more.yaml": more}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return meshmigrate.plan([folder], source="cilium", target=target, **SETTINGS)


TO_PORTS = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: out, namespace: web}
spec:
  endpointSelector: {}
  egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": shop}}], toPorts: [{ports: [{port: "8080"}]}]}]
"""


def asked(plan: Plan) -> list[str]:
    """The commands before the first wave."""
    return [check.command for check in plan.prerequisites]


def test_where_policies_name_ports_of_pods_linkerd_must_dial_them(tmp_path: Path) -> None:
    plan = planned(tmp_path, TO_PORTS)
    assert "MM607" in {problem.code for problem in plan.decisions}
    (check,) = [
        one for one in plan.prerequisites if "outboundTransportMode=transparent" in one.what
    ]
    assert "linkerd-config" in check.command
    assert not any("outboundTransportMode" in command for command in asked(to("linkerd")))
    assert not any("outboundTransportMode" in command for command in asked(to("istio")))


# --- the story -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_callees_move_first_and_the_policies_go_last(target: str) -> None:
    titles = [wave.title for wave in to(target).waves]
    assert titles == ["store", "shop", "web", "policies of cilium go"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("number", range(4))
def test_each_state_lets_in_nothing_that_is_not_listed_and_breaks_no_call(
    target: str, number: int
) -> None:
    wave = to(target).waves[number]
    assert len(wave.proofs) >= 3
    for proof in wave.proofs:
        assert (proof.opened, proof.shut, proof.doubts) == ((), (), ()), proof.state
        assert set(proof.ports) == {"EQUAL_EXACT"}


@pytest.mark.parametrize("target", TARGETS)
def test_only_callers_whom_the_network_lets_in_do_more_and_no_more_than_each_other(
    target: str,
) -> None:
    """The page and the report both call the orders: until they have identities the one may do what the other may."""
    listed = {
        (one.port, one.witness["source"], one.witness["path"])
        for wave in to(target).waves
        for proof in wave.proofs
        for one in proof.listed
    }
    assert listed == {("Deployment/shop/orders port 8080", "web/report", "/orders")}


@pytest.mark.parametrize("target", TARGETS)
def test_the_commands_lead_to_the_translation_with_proxies(target: str) -> None:
    end = after_all(to(target))
    kinds = {kind for _, kind, _, _ in end}
    assert not kinds & set(POLICIES)
    done = meshmigrate.translate([BAKERY], source="cilium", target=target, **SETTINGS)
    written = objects(document.text for document in done.documents)
    assert written.items() <= end.items()
    spaces: list[Any] = [value for key, value in end.items() if key[1] == "Namespace"]
    place, word = {
        "linkerd": ("annotations", {"linkerd.io/inject": "enabled"}),
        "istio": ("labels", {"istio-injection": "enabled"}),
    }[target]
    assert [space["metadata"][place] for space in spaces] == [word] * 3


@pytest.mark.parametrize("target", TARGETS)
def test_the_rollbacks_lead_back_to_where_it_began_wave_by_wave(target: str) -> None:
    plan, cluster, before = to(target), start(BAKERY), []
    for wave in plan.waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
    for wave in reversed(plan.waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, plan.files)
        assert cluster == before.pop(), wave.title
    assert cluster == start(BAKERY)


# --- what holds for which pod, read without any of our readers ------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_no_pod_with_a_proxy_is_ever_under_a_rule_for_requests(target: str) -> None:
    """The node cannot read what proxies say to each other."""
    seen = 0
    for cluster, space, labels in moments(to(target)):
        for policy in selecting(cluster, space, {**labels, MARKS[target]: "x"}):
            if policy["metadata"]["name"].endswith("-coexistence"):
                seen += 1
                assert "http" not in str(policy["spec"])
    assert seen > 20


@pytest.mark.parametrize("target", TARGETS)
def test_a_pod_without_a_proxy_is_under_the_policies_of_the_start_until_the_last_wave(
    target: str,
) -> None:
    seen = 0
    for cluster, space, labels in moments(to(target)):
        wanted = selecting(start(BAKERY), space, labels)
        assert [*map(rules, selecting(cluster, space, labels))] == [*map(rules, wanted)]
        seen += bool(wanted)
    assert seen > 20


def rules(policy: Mapping[str, Any]) -> object:
    return policy["metadata"]["name"], policy["spec"]["ingress"]


def moments(plan: Plan) -> Iterator[tuple[Objects, str, dict[str, str]]]:
    """Each pod after each step before the last wave."""
    cluster = start(BAKERY)
    for wave in plan.waves[:-1]:
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
            for key, value in cluster.items():
                if key[1] in ("Deployment", "StatefulSet"):
                    yield cluster, key[2], value["spec"]["template"]["metadata"]["labels"]  # type: ignore[index]


def after_all(plan: Plan, cluster: Objects | None = None) -> Objects:
    cluster = start(BAKERY) if cluster is None else cluster
    for wave in plan.waves:
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
    return cluster


# --- what pods send, the whole cluster, refusals ---------------------------------------------------

MORE = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: page-out, namespace: web}
spec:
  endpointSelector: {matchLabels: {app: page}}
  egress:
    - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop, app: orders}}]
      toPorts:
        - ports: [{port: "8080", protocol: TCP}]
          rules: {http: [{method: GET, path: "/.*"}]}
    - toEndpoints: [{matchLabels: {app: report}}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ledger-no, namespace: store}
spec:
  endpointSelector: {matchLabels: {app: ledger}}
  ingressDeny:
    - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: web}}]
      toPorts: [{ports: [{port: "5432", protocol: TCP}]}]
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: no-batch}
spec:
  endpointSelector: {}
  enableDefaultDeny: {ingress: false, egress: false}
  ingressDeny:
    - fromEndpoints: [{matchLabels: {tier: batch}}]
"""


@pytest.mark.parametrize("target", TARGETS)
def test_what_pods_send_and_what_holds_for_the_whole_cluster_is_held_all_along(
    tmp_path: Path, target: str
) -> None:
    plan = planned(tmp_path, MORE, target)
    assert [(w.title, p.state) for w in plan.waves for p in w.proofs if not p.holds] == []
    assert [wave.title for wave in plan.waves[:-1]] == ["store", "shop", "web"]
    first = plan.waves[0].steps[0]
    assert "CiliumClusterwideNetworkPolicy//no-batch" in first.applies


def test_policies_of_the_whole_cluster_stay_for_pods_without_a_proxy(tmp_path: Path) -> None:
    """Those of system namespaces have none, and nothing else holds for them."""
    plan = planned(tmp_path, MORE)
    end = after_all(plan, start(tmp_path))
    (left,) = (value for key, value in end.items() if key[1] in POLICIES)
    asked = left["spec"]["endpointSelector"]["matchExpressions"]  # type: ignore[index]
    assert asked == [{"key": MARKS["linkerd"], "operator": "DoesNotExist"}]


def test_a_pod_that_bears_the_label_by_itself_is_under_no_rule_for_requests_and_that_is_a_fault(
    tmp_path: Path,
) -> None:
    batch = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: batch, namespace: store}
spec:
  selector: {matchLabels: {app: batch}}
  template:
    metadata: {labels: {app: batch, LABEL: linkerd}}
    spec: {serviceAccountName: batch, containers: [{name: batch, ports: [{containerPort: 8080}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: batch, namespace: store}
spec:
  endpointSelector: {matchLabels: {app: batch}}
  ingress:
    - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: web, app: page}}]
      toPorts:
        - ports: [{port: "8080", protocol: TCP}]
          rules: {http: [{method: GET, path: "/done(\\\\?.*)?"}]}
"""
    plan = planned(tmp_path, batch.replace("LABEL", "other"))
    assert plan.holds
    plan = planned(tmp_path, batch.replace("LABEL", MARKS["linkerd"]))
    opened = [one for one in plan.faults if one.code == "MM910"]
    assert any("Deployment/store/batch port 8080" in one.message for one in opened)


def test_a_namespace_that_the_input_does_not_list_is_never_deleted(tmp_path: Path) -> None:
    there = yaml.safe_load_all((BAKERY / "bakery.yaml").read_text(encoding="utf-8"))
    kept = [one for one in there if one["kind"] != "Namespace"]
    policies = (BAKERY / "policies.yaml").read_text(encoding="utf-8")
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(kept) + "---\n" + policies)
    plan = meshmigrate.plan([tmp_path], source="cilium", target="linkerd", **SETTINGS)
    moved = [
        step for wave in plan.waves for step in wave.steps if "Namespace//shop" in step.applies
    ]
    assert [step.folder for step in moved] == ["wave-01/0-start", "wave-02/2-move"]
    removed = {r for w in plan.waves for step in (*w.steps, *w.rollback) for r in step.removes}
    assert not any(one.startswith("Namespace/") for one in removed)


def test_pods_that_no_controller_makes_are_deleted_and_made(tmp_path: Path) -> None:
    lone = """
apiVersion: v1
kind: Pod
metadata: {name: broom, namespace: store, labels: {app: broom}}
spec: {containers: [{name: broom, image: bakery/broom:1}]}
"""
    plan = planned(tmp_path, lone)
    commands = [c for steps in (plan.waves[0].steps, plan.waves[0].rollback) for s in steps for c in s.commands]  # fmt: skip
    for folder in ("wave-01/2-move", "wave-01/rollback/2-move-back"):
        assert f"kubectl replace --force -f {folder}/again.yaml" in commands
        assert "name: broom" in plan.files[f"{folder}/again.yaml"]
    assert after_all(plan, start(tmp_path))["", "Pod", "store", "broom"]


def test_a_rule_for_every_port_is_copied_for_the_ports_that_callers_have_to_come_in_by(
    tmp_path: Path,
) -> None:
    """Else whoever comes in clear text to another port of the pod got in, which the plan did not list."""
    every = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: report-any, namespace: web}
spec:
  endpointSelector: {matchLabels: {app: report}}
  ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop, app: orders}}]}]
"""
    plan = planned(tmp_path, every, "istio")
    copies = [
        yaml.safe_load(text)
        for name, text in plan.files.items()
        if "/1-prepare/authorizationpolicy-web-report" in name and "coexistence" in name
    ]
    rules = [
        rule
        for copy in copies
        if copy["spec"]["action"] == "ALLOW"
        for rule in copy["spec"]["rules"]
    ]
    assert rules
    assert all(entry["operation"]["ports"] == ["8080"] for rule in rules for entry in rule["to"])
    assert [one for one in plan.faults if one.code == "MM910"] == []


ALWAYS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {enable-policy: always}
"""


def test_where_pods_without_a_policy_are_closed_no_plan_is_made(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="enable-policy: default first"):
        planned(tmp_path, ALWAYS)


def test_pods_do_not_join_an_ambient_mesh_while_the_network_tells_them_by_their_proxy() -> None:
    with pytest.raises(TargetError, match="ambient"):
        meshmigrate.plan([BAKERY], source="cilium", target="istio", profile="ambient", **SETTINGS)
