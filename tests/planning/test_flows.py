"""What exports of flows and metrics come to."""

from __future__ import annotations

import json

import pytest

import meshmigrate
from tests.planning.shop import NODES, PODS, SHOP
from translator.planning.flows import FlowError, Seen, read_flows


def flow(source: str, target: str, **more: object) -> str:
    ends = {
        side: {
            "namespace": name.split("/")[0],
            "workloads": [{"name": name.split("/")[1], "kind": "Deployment"}],
        }
        for side, name in (("source", source), ("destination", target))
    }
    return json.dumps({"flow": {"verdict": "FORWARDED", "is_reply": False, **ends, **more}})


def answer(*rows: tuple[dict[str, str], str]) -> str:
    result = [{"metric": metric, "value": [1700000000, value]} for metric, value in rows]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


def test_flows_of_hubble_are_counted_without_replies_and_refusals() -> None:
    text = "\n".join(
        (
            flow("web/api", "shop/cart"),
            flow("web/api", "shop/cart"),
            flow("shop/cart", "web/api", is_reply=True),
            flow("web/api", "shop/prices", verdict="DROPPED"),
            json.dumps({"node_status": {"state_change": "NODE_CONNECTED"}}),
            "",
        )
    )
    assert read_flows(text) == (Seen("web/api", "", "shop/cart", 2.0),)


def test_edges_of_istio_are_known_by_principal_too() -> None:
    metric = {
        "source_principal": "spiffe://cluster.local/ns/web/sa/api",
        "source_workload": "unknown",
        "source_workload_namespace": "unknown",
        "destination_workload": "cart",
        "destination_workload_namespace": "shop",
    }
    assert read_flows(answer((metric, "2.5"))) == (Seen("", "web/api", "shop/cart", 2.5),)


def test_edges_of_linkerd_are_known_by_workload() -> None:
    metric = {
        "namespace": "web",
        "deployment": "api",
        "dst_namespace": "shop",
        "dst_deployment": "cart",
    }
    assert read_flows(answer((metric, "0.5"), (metric, "0"))) == (
        Seen("web/api", "", "shop/cart", 0.5),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "line 1"),
        ('{"some": "thing"}', '"source" and "destination"'),
        ('{"status": "error", "data": {}}', "'error'"),
        (answer(({}, "many")), "'many'"),
    ],
)
def test_what_is_no_export_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FlowError, match=told):
        read_flows(text)


def test_what_was_seen_stands_at_its_call_and_what_nothing_lets_in_is_told() -> None:
    seen = [
        Seen("web/api", "", "shop/cart", 3.0),
        Seen("back/audit", "", "money/ledger", 1.0),
        Seen("dev/tool", "", "shop/cart", 1.0),
    ]
    plan = meshmigrate.plan(
        [SHOP],
        source="istio",
        target="linkerd",
        seen=seen,
        node_networks=NODES,
        cluster_networks=PODS,
    )
    assert [(c.caller, c.server) for c in plan.calls if c.requests == 3.0] == [
        ("web/api", "Deployment/shop/cart")
    ]
    told = next(d.message for d in plan.decisions if d.code == "MM915")
    assert "back/audit to money/ledger" in told
    assert "dev/tool to shop/cart" in told
