"""The story of ``examples/waves``: a shop goes from Istio to Linkerd, is checked after each wave, and goes back."""

from __future__ import annotations

import pytest
import yaml

import meshmigrate
from tests.planning.shop import NODES, PODS, SHOP, carried_out, objects, shop_plan, start
from translator.after import in_force
from translator.report.plan import Wave
from translator.source.load import load

WAVES = range(5)


def test_callees_move_first_and_the_source_goes_last() -> None:
    assert [wave.title for wave in shop_plan().waves] == [
        "back",
        "money",
        "shop",
        "web",
        "istio goes",
    ]
    assert sum(len(wave.workloads) for wave in shop_plan().waves) == 12


@pytest.mark.parametrize("number", WAVES)
def test_each_state_of_a_wave_lets_in_nothing_that_is_not_listed_and_breaks_no_call(
    number: int,
) -> None:
    wave = shop_plan().waves[number]
    assert [(proof.state, proof.opened, proof.shut, proof.doubts) for proof in wave.proofs] == [
        (proof.state, (), (), ()) for proof in wave.proofs
    ]
    assert all(set(proof.ports) <= {"EQUAL_EXACT", "EQUAL_UNDER"} for proof in wave.proofs)


def test_what_is_let_in_on_the_way_is_listed_and_occurs() -> None:
    """An allowance that lets nobody in would exaggerate."""
    for wave in shop_plan().waves:
        used = {one.port for proof in wave.proofs for one in proof.listed}
        assert {f"{a.server} port {a.port}" for a in wave.allowances} == used, wave.title


def test_the_commands_lead_to_what_the_translation_says() -> None:
    plan = shop_plan()
    cluster = start()
    for wave in plan.waves:
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
    loaded = load([SHOP])
    done = meshmigrate.translate(
        [SHOP], source="istio", target="linkerd", node_networks=NODES, cluster_networks=PODS
    )
    wanted = in_force(loaded, done, done.options)
    assert cluster == objects(document.text for document in wanted.documents)


def test_what_is_changed_where_it_is_is_known_to_kubectl_before_anything_moves() -> None:
    """Of an object that kubectl did not apply itself it takes nothing out: not the label that turns injection on."""
    plan = shop_plan()
    first, *others = (step for wave in plan.waves for step in wave.steps)
    assert first.commands == ("kubectl diff -k wave-01/0-start", "kubectl apply -k wave-01/0-start")
    assert carried_out(start(), first, plan.files) == start()
    steps = [*others, *(step for wave in plan.waves for step in wave.rollback)]
    applied = {key for step in steps for key in step.applies}
    there = {"/".join(key[1:]) for key in start()}
    assert {f"Namespace//{name}" for name in ("back", "money", "shop", "web")} <= set(first.applies)
    assert "DestinationRule/money/payments" in first.applies
    assert set(first.applies) <= applied & there


def test_the_kinds_that_come_are_asked_for_in_their_versions_before_the_first_wave() -> None:
    """The API server may have a kind in other versions than the one that the target's mesh reads."""
    *_, asked = shop_plan().prerequisites
    names = asked.command.split()[2].split(",")
    assert asked.command.startswith("kubectl get ")
    written = {(d["apiVersion"], d["kind"]) for text in shop_plan().files.values()
               for d in yaml.safe_load_all(text) if "kustomize" not in d["apiVersion"]}  # fmt: skip
    there = {(one["apiVersion"], one["kind"]) for one in start().values()}  # type: ignore[index]
    assert "server.v1beta3.policy.linkerd.io" in names
    assert sorted(names) == sorted(
        ".".join((kind.lower(), *reversed(version.split("/")))) for version, kind in written - there
    )


def test_the_rollbacks_lead_back_to_where_it_began_wave_by_wave() -> None:
    plan = shop_plan()
    cluster = start()
    before = []
    for wave in plan.waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
    for wave in reversed(plan.waves):
        for step in wave.rollback:
            cluster = carried_out(cluster, step, plan.files)
        assert cluster == before.pop(), wave.title
    assert cluster == start()


def test_routes_and_ways_in_come_before_the_pods_and_nothing_temporary_is_left() -> None:
    for wave in shop_plan().waves[:-1]:
        folders = [step.folder.rpartition("/")[2] for step in wave.steps]
        assert folders == sorted(folders)
        assert all("Namespace" not in key for key in _applied(wave, "1-prepare"))
    last = shop_plan().waves[-1]
    gone = {key for wave in shop_plan().waves for step in wave.steps for key in step.removes}
    opened = {m for wave in shop_plan().waves for a in wave.allowances for m in a.manifests}
    assert opened <= gone
    assert any(
        key == "AuthorizationPolicy/back/audit" for step in last.steps for key in step.removes
    )


def _applied(wave: Wave, folder: str) -> tuple[str, ...]:
    return next((s.applies for s in wave.steps if s.folder.endswith(folder)), ())


def test_a_client_that_is_told_to_use_mutual_tls_is_told_otherwise_before_its_server_leaves() -> (
    None
):
    money = shop_plan().waves[1]
    assert money.title == "money"
    assert "DestinationRule/money/payments" in _applied(money, "1-prepare")


def test_a_route_of_the_target_that_the_source_heeds_too_is_told() -> None:
    """Istio ranks a prefix above a regular expression: the time limit of /search is gone until the clients have moved."""
    told = [f.message for f in shop_plan().faults]
    assert [f.code for f in shop_plan().faults] == ["MM916"]
    assert "wave 3: clients in shop" in told[0]
    assert "Service/shop/catalog port 80" in told[0]
    assert "timeout" in told[0]


def test_what_is_read_in_a_form_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--node-networks", *NODES, "--cluster-networks", *PODS]
    given = ["plan", str(SHOP), "--from", "istio", "--to", "linkerd", "--format", "text", *settings]
    assert meshmigrate.main(given) == 0
    said = capsys.readouterr()
    assert said.out.startswith("istio 1.31 to linkerd 2.20: 5 waves")
    assert said.err == ""


def test_the_same_input_gives_the_same_plan() -> None:
    again = meshmigrate.plan(
        [SHOP], source="istio", target="linkerd", node_networks=NODES, cluster_networks=PODS
    )
    assert again == shop_plan()
    assert again.files == shop_plan().files
