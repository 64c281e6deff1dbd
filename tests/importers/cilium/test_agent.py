"""What the ConfigMap of the agent changes about the meaning of policies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.access import Closed, Direction, Grant
from ir.match import Part
from tests.importers.cilium.cluster import (
    FROM_WEB,
    HOST,
    NODE,
    WEB,
    WORLD,
    Cluster,
    cluster,
    http,
    policy,
)
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Impact
from translator.source.load import load_text

ALL = {"fromEntities": ["all"]}


def agent(**keys: str) -> dict[str, object]:
    """The ConfigMap with these keys; ``_`` stands for ``-``."""
    data = {key.replace("_", "-"): value for key, value in keys.items()}
    metadata = {"name": "cilium-config", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def to(target: str, here: Cluster) -> Result:
    loaded = load_text(here.text)
    return pipeline.translate_loaded(loaded, pipeline.options_of(loaded, "cilium", target, {}))


def test_always_closes_pods_that_no_policy_selects() -> None:
    here = cluster(agent(enable_policy="always"), policy(ingress=[FROM_WEB]))
    assert here.lets(WEB) is False, "its own way out is closed"
    assert not here.lets(WORLD, to="web")
    assert not here.lets(HOST, to="web"), "from 1.20 on its node gets in by a rule beside a policy"
    assert here.lets(HOST)
    closed = [
        f for f in here.model.facts if isinstance(f, Closed) and f.attachment.subject.labels is None
    ]
    assert {f.direction for f in closed} == set(Direction)
    assert all(f.trail.origin for f in closed)


@pytest.mark.parametrize("mode", [{"enable_policy": "never"}, {"policy_audit_mode": "true"}])
def test_where_nothing_is_enforced_no_policy_is_translated(mode: dict[str, str]) -> None:
    here = cluster(agent(**mode), policy(ingress=[FROM_WEB]))
    assert here.lets(WORLD)
    assert here.codes == ["MM484"]
    assert to("istio", here).documents == ()


def test_default_is_as_without_a_word() -> None:
    plain, said = (
        cluster(policy(ingress=[FROM_WEB])),
        cluster(agent(enable_policy="default"), policy(ingress=[FROM_WEB])),
    )
    for who in (WEB, WORLD, HOST, NODE):
        assert plain.lets(who) is said.lets(who)


def test_the_node_is_let_in_unless_the_agent_is_told_to_ask_policies() -> None:
    here = cluster(agent(allow_localhost="policy"), policy(ingress=[FROM_WEB]))
    assert not here.lets(HOST)
    assert "localhost" not in {a.name for a in here.model.assumptions}
    assert "localhost" in {a.name for a in cluster(policy(ingress=[FROM_WEB])).model.assumptions}


@pytest.mark.parametrize(
    ("mode", "gets_in"),
    [
        ("", (True, False, False)),
        ("nodes", (True, False, True)),
        ("pods", (True, True, False)),
        ("nodes,pods", (True, True, True)),
    ],
)
def test_blocks_of_addresses_select_what_the_agent_is_told(
    mode: str, gets_in: tuple[bool, ...]
) -> None:
    here = cluster(
        agent(policy_cidr_match_mode=mode), policy(ingress=[{"fromCIDR": ["0.0.0.0/0"]}])
    )
    asked = [
        replace(who, address=address)
        for who, address in ((WORLD, "203.0.113.7"), (WEB, "10.0.0.1"), (NODE, "10.9.0.1"))
    ]
    assert tuple(here.lets(who) for who in asked) == gets_in


def test_rules_on_requests_are_refused_where_the_proxy_is_off() -> None:
    here = cluster(
        agent(enable_l7_proxy="false"),
        policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": "/a"})]}]),
    )
    assert here.codes == ["MM170"]
    assert here.lets(WORLD)


def test_a_switch_that_opens_without_closing_may_be_overruled() -> None:
    rule = policy(ingress=[FROM_WEB], enableDefaultDeny={"ingress": False})
    assert cluster(rule).lets(WORLD)
    assert not cluster(agent(enable_non_default_deny_policies="false"), rule).lets(WORLD)


def test_the_listener_tries_as_often_as_it_is_told() -> None:
    rule = policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": "/a"})]}])
    (default,) = [
        d for d in cluster(agent(http_retry_count="1"), rule).model.defaults if "retry" in d.key
    ]
    assert (default.value, "once again" in default.text) == ("1 on 5xx", True)
    assert not cluster(agent(http_retry_count="0"), rule).model.defaults


def test_filters_of_labels_put_the_proof_in_doubt() -> None:
    here = to("istio", cluster(agent(labels="k8s:app"), policy(ingress=[FROM_WEB])))
    assert "MM905" in {f.code for f in here.report.findings}


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_always_is_explained_and_accounted_for(target: str) -> None:
    result = to(
        target, cluster(agent(enable_policy="always", debug="false"), policy(ingress=[ALL]))
    )
    found = {f.code: f.impact for f in result.report.findings}
    assert not {"MM901", "MM903", "MM904"} & set(found)
    assert found["MM484"] is Impact.NONE
    assert all(change["explained_by"] for change in result.report.verification.changes)


def test_of_two_the_one_of_the_system_counts() -> None:
    other = agent(enable_policy="never")
    other["metadata"] = {"name": "cilium-config", "namespace": "a-copy"}
    here = cluster(other, agent(enable_policy="default"), policy(ingress=[FROM_WEB]))
    assert not here.lets(WORLD)


def test_the_peers_of_blocks_are_outside_by_a_test_of_their_own() -> None:
    here = cluster(policy(ingress=[{"fromCIDR": ["10.0.0.0/8"]}]))
    parts = [
        t.part
        for f in here.model.facts
        if isinstance(f, Grant)
        for way in f.callers
        for t in way.tests
    ]
    assert parts.count(Part.PEER_ADDRESS) == 1
