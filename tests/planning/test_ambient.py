"""Plans from and to an ambient mesh: pods stay where they are by a label of their own until they are made anew."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import meshmigrate
from tests.planning.shop import NODES, PODS, Objects, carried_out, objects, start
from translator.after import in_force
from translator.api import Options
from translator.errors import TargetError
from translator.migration import plan_loaded
from translator.report.plan import Plan, Step
from translator.source.load import load, load_text
from translator.target import parse_target

LIBRARY = Path(__file__).parents[2] / "examples" / "ambient"
SETTINGS: dict[str, Any] = {"node_networks": NODES, "cluster_networks": PODS}
MODE = "istio.io/dataplane-mode"


@lru_cache
def away() -> Plan:
    """The plan of the library to Linkerd."""
    return meshmigrate.plan([LIBRARY], source="istio", target="linkerd", **SETTINGS)


@lru_cache
def in_linkerd() -> str:
    """The library as it is once it has moved."""
    done = meshmigrate.translate([LIBRARY], source="istio", target="linkerd", **SETTINGS)
    return "\n---\n".join(d.text for d in in_force(load([LIBRARY]), done, done.options).documents)


@lru_cache
def back() -> Plan:
    """The plan from there to an ambient mesh."""
    options = Options(
        source=parse_target("linkerd"),
        target=parse_target("istio"),
        profile="ambient",
        **SETTINGS,
    )
    return plan_loaded(load_text(in_linkerd(), "linkerd.yaml"), options)


PLANS = {"away": away, "back": back}


@pytest.mark.parametrize("way", PLANS)
def test_each_state_lets_in_nothing_that_is_not_listed_and_breaks_no_call(way: str) -> None:
    plan = PLANS[way]()
    assert [wave.namespaces for wave in plan.waves] == [("books",), ("desk",), ()]
    for wave in plan.waves:
        for proof in wave.proofs:
            assert (proof.opened, proof.shut, proof.doubts) == ((), (), ()), proof.state
            assert set(proof.ports) == {"EQUAL_EXACT"}


def test_the_commands_lead_to_the_translation_and_the_rollbacks_back() -> None:
    cluster, before = start(LIBRARY), []
    for wave in away().waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, away().files)
    assert cluster == objects([in_linkerd()])
    for wave in reversed(away().waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, away().files)
        assert cluster == before.pop(), wave.title


# --- pods, as the agent of a node and an injector see them ----------------------------------------


@dataclass(frozen=True)
class Pod:
    """A pod that runs: its labels, and whether it was made with a proxy of Linkerd."""

    space: str
    proxy: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    def meshes(self, cluster: Objects) -> tuple[str, ...]:
        """The meshes that it is in (cni/pkg/util/podutil.go: the namespace or the pod says so, unless the pod says no)."""
        mode = self.labels.get(MODE) or word(cluster, self.space, "labels", MODE)
        return (*(("istio",) if mode == "ambient" else ()), *(("linkerd",) if self.proxy else ()))


def word(cluster: Objects, space: str, place: str, key: str) -> str | None:
    found: Any = cluster["", "Namespace", "", space]
    return found["metadata"].get(place, {}).get(key)  # type: ignore[no-any-return]


def made(cluster: Objects, space: str) -> Pod:
    """A new pod of a namespace."""
    return Pod(space, word(cluster, space, "annotations", "linkerd.io/inject") == "enabled")


@pytest.mark.parametrize("way", PLANS)
def test_every_pod_is_in_one_mesh_and_in_no_other_at_every_moment(way: str) -> None:
    """Also while some pods are made anew and others are not yet."""
    plan = PLANS[way]()
    cluster = start(LIBRARY) if way == "away" else objects([in_linkerd()])
    pods = [made(cluster, space) for space in ("books", "desk")]
    seen = 0
    for steps in (*(w.steps for w in plan.waves), *(w.rollback for w in reversed(plan.waves))):
        for step in steps:
            for command in step.commands:
                cluster, pods = after(command, cluster, pods, plan)
                for pod in (*pods, *(made(cluster, space) for space in ("books", "desk"))):
                    assert len(pod.meshes(cluster)) == 1, (step.folder, command, pod)
                    seen += 1
    assert seen > 100
    assert cluster == (start(LIBRARY) if way == "away" else objects([in_linkerd()]))


def after(command: str, cluster: Objects, pods: list[Pod], plan: Plan) -> tuple[Objects, list[Pod]]:
    """Cluster and pods once a command was carried out."""
    words = shlex.split(command)
    cluster = carried_out(cluster, Step("", "", "", (), (), (command,)), plan.files)
    if words[:3] == ["kubectl", "label", "pods"]:
        assert words[3:7] == ["-n", words[4], "-l", f"!{MODE}"]
        key, _, text = words[-1].partition("=")
        return cluster, [labelled(pod, words[4], key, text) for pod in pods]
    if words[:3] == ["kubectl", "rollout", "restart"]:
        return cluster, [made(cluster, p.space) if p.space == words[-1] else p for p in pods]
    return cluster, pods


def labelled(pod: Pod, space: str, key: str, text: str) -> Pod:
    """The pod with a label, where it is of the namespace and has no other by that key."""
    if pod.space != space or key in pod.labels:
        return pod
    return replace(pod, labels={**pod.labels, key: text})


# --- what waypoints hold -------------------------------------------------------------------------

AT_WAYPOINT = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: NAME, namespace: books}
spec: {gatewayClassName: CLASS, listeners: [{name: one, port: 15008, protocol: PROTOCOL}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: reading, namespace: books}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: NAME}]
  rules: [{to: [{operation: {methods: [GET]}}]}]
"""


def with_policy(folder: Path, **words: str) -> Plan:
    text = AT_WAYPOINT
    for key, value in words.items():
        text = text.replace(key, value)
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return meshmigrate.plan([LIBRARY, folder], source="istio", target="linkerd", **SETTINGS)


def test_what_a_waypoint_holds_is_passed_by_so_that_no_plan_is_made(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"AuthorizationPolicy/books/reading holds at a waypoint"):
        with_policy(tmp_path, NAME="front", CLASS="istio-waypoint", PROTOCOL="HBONE")


def test_what_a_gateway_holds_goes_with_its_gateway(tmp_path: Path) -> None:
    plan = with_policy(tmp_path, NAME="door", CLASS="istio", PROTOCOL="HTTP")
    assert [wave.namespaces for wave in plan.waves[:2]] == [("books",), ("desk",)]


def test_rules_for_requests_are_held_at_waypoints_so_that_no_plan_leads_to_them() -> None:
    rule = """
---
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {name: reading, namespace: books}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: Server, name: shelf-8080}]
  rules: [{matches: [{method: GET}]}]
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: reading, namespace: books}
spec:
  targetRef: {group: policy.linkerd.io, kind: HTTPRoute, name: reading}
  requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: shelf-8080}]
"""
    options = Options(
        source=parse_target("linkerd"), target=parse_target("istio"), profile="ambient", **SETTINGS
    )
    with pytest.raises(TargetError, match="Plan without --profile ambient"):
        plan_loaded(load_text(in_linkerd() + rule, "linkerd.yaml"), options)
