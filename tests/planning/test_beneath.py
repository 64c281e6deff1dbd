"""Plans towards Cilium, which is the network of every pod already: policies hold for the pods that have no proxy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import meshmigrate
from tests.planning.selecting import selecting
from tests.planning.shop import NODES, PODS, SHOP, Objects, carried_out, objects, start
from translator.after import in_force
from translator.api import Options
from translator.bridges.api import MARKS
from translator.bridges.cilium import BRIDGE
from translator.bridges.istio import BRIDGE as ISTIO
from translator.errors import TargetError
from translator.report.plan import Plan
from translator.source.load import load, load_text
from translator.state import Piece, pieces_of
from translator.target import parse_target

WAVES = range(5)
SETTINGS: dict[str, Any] = {"node_networks": NODES, "cluster_networks": PODS}
MARK = MARKS["istio"]


@lru_cache
def to_cilium() -> Plan:
    """The plan of the shop from Istio."""
    return meshmigrate.plan([SHOP], source="istio", target="cilium", **SETTINGS)


@lru_cache
def linkerd_shop() -> str:
    """The shop as it is once it has moved to Linkerd."""
    done = meshmigrate.translate([SHOP], source="istio", target="linkerd", **SETTINGS)
    after = in_force(load([SHOP]), done, done.options)
    return "\n---\n".join(document.text for document in after.documents)


@pytest.mark.parametrize("number", WAVES)
def test_each_state_lets_in_nothing_that_is_not_listed_and_breaks_no_call(number: int) -> None:
    wave = to_cilium().waves[number]
    assert len(wave.proofs) >= 3
    for proof in wave.proofs:
        assert (proof.opened, proof.shut, proof.doubts) == ((), (), ()), proof.state


def test_ways_are_open_in_the_mesh_that_is_left_and_only_while_its_pods_are_made_anew() -> None:
    allowances = [a for wave in to_cilium().waves for a in wave.allowances]
    assert allowances
    assert all(a.mesh == "istio" and a.since == a.until for a in allowances)
    assert not any(wave.clear for wave in to_cilium().waves)


def test_calls_to_ports_that_nobody_names_are_told_as_a_low_risk() -> None:
    told = [f for f in to_cilium().faults if f.code == "MM913"]
    assert [f.severity for f in told] == ["low"]
    assert "Deployment/money/invoices" in told[0].message
    assert to_cilium().holds


# --- what holds for which pod, read without any of our readers ------------------------------------


def test_no_policy_ever_selects_a_pod_with_a_proxy_of_what_has_not_moved() -> None:
    """A rule for requests would meet mutual TLS there, which the node's proxy cannot read."""
    seen = 0
    for moved, moving, cluster in moments():
        for space, labels in pods(cluster):
            if space not in moved:
                proxied = {**labels, MARK: "istio"}
                assert selecting(cluster, space, proxied) == [], (space, labels, moving)
                seen += 1
    assert seen > 50


def test_a_pod_without_a_proxy_is_under_the_policies_of_the_end_from_its_first_moment() -> None:
    end = after_all()
    seen = 0
    for moved, moving, cluster in moments():
        for space, labels in pods(cluster):
            if space in moved | moving:
                wanted = selecting(end, space, labels)
                assert rules(selecting(cluster, space, labels)) == rules(wanted)
                seen += bool(wanted)
    assert seen > 50


def moments() -> Iterator[tuple[frozenset[str], frozenset[str], Objects]]:
    """After each step: who has moved, who is moving, and what is in the cluster."""
    cluster = start()
    moved: frozenset[str] = frozenset()
    for wave in to_cilium().waves[:-1]:
        for step in wave.steps:
            cluster = carried_out(cluster, step, to_cilium().files)
            moving = frozenset(() if step.folder.endswith("0-start") else wave.namespaces)
            last = step.folder.endswith("3-tighten")
            yield moved | moving if last else moved, moving, cluster
        moved |= frozenset(wave.namespaces)


def after_all() -> Objects:
    cluster = start()
    for wave in to_cilium().waves:
        for step in wave.steps:
            cluster = carried_out(cluster, step, to_cilium().files)
    return cluster


def pods(cluster: Objects) -> Iterator[tuple[str, dict[str, str]]]:
    for (_, kind, space, _), value in cluster.items():
        if kind == "Deployment":
            yield space, value["spec"]["template"]["metadata"]["labels"]  # type: ignore[index]


def rules(policies: list[Any]) -> list[Any]:
    return [(p["metadata"]["name"], p["spec"].get("ingress")) for p in policies]


# --- there and back ------------------------------------------------------------------------------


def test_the_commands_lead_to_what_the_translation_says() -> None:
    loaded = load([SHOP])
    done = meshmigrate.translate([SHOP], source="istio", target="cilium", **SETTINGS)
    wanted = in_force(loaded, done, done.options)
    assert after_all() == objects(document.text for document in wanted.documents)


def test_the_rollbacks_lead_back_to_where_it_began() -> None:
    cluster = start()
    before = []
    for wave in to_cilium().waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, to_cilium().files)
    for wave in reversed(to_cilium().waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, to_cilium().files)
        assert cluster == before.pop(), wave.title
    assert cluster == start()


# --- what would be wrong is found ----------------------------------------------------------------


def test_a_pod_that_bears_the_label_by_itself_would_be_open_and_that_is_a_fault(
    tmp_path: Path,
) -> None:
    """Its policies would not hold for it though it has no proxy any more."""
    for file in SHOP.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        if file.name == "back.yaml":
            text = text.replace(
                "labels:\n        app: audit\n",
                f"labels:\n        app: audit\n        {MARK}: istio\n",
            )
            assert MARK in text
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    plan = meshmigrate.plan([tmp_path], source="istio", target="cilium", **SETTINGS)
    opened = [f for f in plan.faults if f.code == "MM910"]
    assert any("Deployment/back/audit port 8080" in f.message for f in opened)
    assert not plan.holds


def test_from_linkerd_each_state_holds_too(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(linkerd_shop(), encoding="utf-8")
    plan = meshmigrate.plan([tmp_path], source="linkerd", target="cilium", **SETTINGS)
    assert [wave.title for wave in plan.waves] == ["back", "money", "shop", "web", "linkerd goes"]
    assert [(w.title, p.state) for w in plan.waves for p in w.proofs if not p.holds] == []
    assert {a.mesh for wave in plan.waves for a in wave.allowances} == {"linkerd"}
    confined = [text for name, text in plan.files.items() if "1-prepare/cilium" in name]
    assert confined
    assert all(f"key: {MARKS['linkerd']}\n      operator: DoesNotExist" in t for t in confined)


def test_from_linkerd_to_istio_each_state_holds_too(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(linkerd_shop(), encoding="utf-8")
    plan = meshmigrate.plan([tmp_path], source="linkerd", target="istio", **SETTINGS)
    assert [(w.title, p.state) for w in plan.waves for p in w.proofs if not p.holds] == []


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("istio", "gateway-api", "no pod joins it"),
        ("linkerd", "gateway-api", "translate with linkerd-to-gateway-api --gateway-class"),
        ("istio", "istio", "the same mesh"),
    ],
)
def test_a_way_that_no_plan_leads_is_refused_with_the_reason(
    source: str, target: str, told: str
) -> None:
    with pytest.raises(TargetError, match=told):
        meshmigrate.plan([SHOP], source=source, target=target, **SETTINGS)


def test_from_an_ambient_mesh_the_network_cannot_tell_who_has_moved(tmp_path: Path) -> None:
    for file in SHOP.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        changed = text.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")
        (tmp_path / file.name).write_text(changed, encoding="utf-8")
    with pytest.raises(TargetError, match=r"Namespace/web is in an ambient mesh.*port 15008"):
        meshmigrate.plan([tmp_path], source="istio", target="cilium", **SETTINGS)


WIDE = """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: default}
spec:
  endpointSelector: {}
  ingress: [{fromEndpoints: [{}]}]
"""
NODES_ONLY = WIDE.replace("endpointSelector", "nodeSelector")


def options(source: str) -> Options:
    return Options(source=parse_target(source), target=parse_target("cilium"))


def piece(text: str) -> Piece:
    (found,) = pieces_of(load_text(text, "x"), "default").values()
    return found


def test_a_policy_of_the_whole_cluster_is_confined_to_what_has_moved() -> None:
    found = BRIDGE.beside(piece(WIDE), options("linkerd"), frozenset(("b", "a")))
    assert found is not None
    assert found.key == ("cilium.io", "CiliumClusterwideNetworkPolicy", "", "default")
    told = yaml.safe_load(found.text)["spec"]["endpointSelector"]["matchExpressions"]
    assert told == [
        {"key": "k8s:io.kubernetes.pod.namespace", "operator": "In", "values": ["a", "b"]},
        {"key": MARKS["linkerd"], "operator": "DoesNotExist"},
    ]


@pytest.mark.parametrize(("text", "spaces"), [(NODES_ONLY, ("a",)), (WIDE, ())])
def test_what_cannot_be_confined_waits_for_the_end(text: str, spaces: tuple[str, ...]) -> None:
    assert BRIDGE.beside(piece(text), options("istio"), frozenset(spaces)) is None


def test_an_object_that_names_no_namespace_is_changed_where_it_is() -> None:
    """A second object beside it would leave the first in force."""
    rule = piece(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: api}\n"
        "spec: {host: api, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}\n"
    )
    (found,) = ISTIO.release({rule.key: rule}, frozenset(("default",)), 2, options("istio"))
    assert found.key == rule.key
    assert "ISTIO_MUTUAL" not in found.text
