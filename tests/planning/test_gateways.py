"""Gateways in a plan: a new one beside the old, tried by its own address, then the names, then the old one goes."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import meshmigrate
from tests.planning.shop import NODES, PODS, carried_out, objects
from translator.planning.gateways import switches, trials
from translator.report.html.plan import plan_html
from translator.report.plan import Gateway, Plan, Wave
from translator.report.render.plan import plan_markdown

SHOP = Path(__file__).parents[2] / "examples" / "shop"
SETTINGS: dict[str, Any] = {"node_networks": NODES, "cluster_networks": PODS}
OLD = ("networking.istio.io", "Gateway", "shop", "shop")
NEW = ("gateway.networking.k8s.io", "Gateway", "shop", "shop")


@lru_cache
def plan(gateway_class: str | None = "eg") -> Plan:
    """The plan of the shop with a gateway."""
    return meshmigrate.plan(
        [SHOP], source="istio", target="linkerd", gateway_class=gateway_class, **SETTINGS
    )


def edge(found: Plan) -> Wave:
    return next(wave for wave in found.waves if wave.title == "gateways")


def test_gateways_have_a_wave_of_their_own_after_all_servers_and_before_the_source_goes() -> None:
    assert [w.title for w in plan().waves] == ["shop", "backoffice", "gateways", "istio goes"]
    assert [g.fate for g in plan().gateways] == ["beside"]
    assert plan().gateways[0].names == ("shop.example.com",)
    assert plan().gateways[0].ports == ((443, "HTTPS"),)


def test_both_gateways_stand_until_the_names_have_been_switched() -> None:
    cluster = objects(path.read_text() for path in sorted(SHOP.glob("*.yaml")))
    before = cluster
    for wave in plan().waves[:2]:
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan().files)
    assert OLD in cluster
    assert NEW not in cluster
    seen = []
    for step in edge(plan()).steps:
        cluster = carried_out(cluster, step, plan().files)
        seen.append((step.folder.rpartition("/")[2], OLD in cluster, NEW in cluster))
    assert seen == [
        ("1-beside", True, True),
        ("2-test", True, True),
        ("3-switch", True, True),
        ("4-remove", False, True),
    ]
    for step in plan().waves[-1].steps:
        cluster = carried_out(cluster, step, plan().files)
    for wave in reversed(plan().waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, plan().files)
    assert cluster == before


def test_the_way_back_restores_the_old_gateway_before_the_names_and_removes_the_new_one_last() -> (
    None
):
    folders = [step.folder.rpartition("/")[2] for step in edge(plan()).rollback]
    assert folders == ["1-restore", "2-switch-back", "3-remove"]
    assert "Gateway/shop/shop" in edge(plan()).rollback[0].applies
    assert "Gateway/shop/shop" in edge(plan()).rollback[2].removes


def test_the_new_gateway_is_asked_by_its_own_address_and_name() -> None:
    asked = next(s for s in edge(plan()).steps if s.folder.endswith("2-test")).commands
    assert len(asked) == 1
    assert "https://shop.example.com/" in asked[0]
    assert "gateways.gateway.networking.k8s.io/shop -n shop" in asked[0]


def test_every_state_of_the_wave_holds() -> None:
    assert [(p.state, p.opened, p.shut) for p in edge(plan()).proofs] == [
        (p.state, (), ()) for p in edge(plan()).proofs
    ]


def test_a_gateway_for_which_nothing_is_written_is_told_with_what_to_do() -> None:
    without = plan(None)
    assert [g.fate for g in without.gateways] == ["missing"]
    tested = next(s for s in edge(without).steps if s.folder.endswith("2-test"))
    assert "MM501" in tested.why
    assert tested.commands == ()
    assert any(d.code == "MM501" for d in without.decisions)


def test_all_forms_list_the_gateway() -> None:
    for form in (plan_markdown(plan()), plan_html(plan())):
        assert "Gateway/shop/shop, new, beside it" in form
        assert "Switch names to Gateway/shop/shop" in form


def test_no_gateway_makes_no_wave() -> None:
    waves = Path(__file__).parents[2] / "examples" / "waves"
    found = meshmigrate.plan([waves], source="istio", target="linkerd", **SETTINGS)
    assert found.gateways == ()
    assert "gateways" not in [wave.title for wave in found.waves]


@pytest.mark.parametrize("name", ["$(reboot)", "a b", "`id`", "-x", 'a";b', "a\nb"])
def test_a_name_that_a_shell_would_read_stands_in_no_command(name: str) -> None:
    gateway = Gateway(
        "Gateway/a/b", "beside", ("Gateway/a/b",), (name, "good.example"), ((80, "HTTP"),)
    )
    commands = [*trials(gateway), *switches(gateway)]
    assert len(commands) == 2
    assert not any(name in re.sub(r"\$\(kubectl[^)]*\)", "", command) for command in commands)


def test_a_gateway_by_which_requests_leave_is_none_to_enter_by(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(
        "\n---\n".join(path.read_text() for path in sorted(SHOP.glob("*.yaml")))
        + """
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: out, namespace: shop}
spec: {hosts: [api.partner.example], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: out, namespace: shop}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 443, name: tls, protocol: TLS}, hosts: [api.partner.example], tls: {mode: PASSTHROUGH}}]
"""
    )
    found = meshmigrate.plan(
        [tmp_path], source="istio", target="linkerd", gateway_class="eg", **SETTINGS
    )
    assert [g.gateway for g in found.gateways] == ["Gateway/shop/shop"]
