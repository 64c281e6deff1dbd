"""Who is meant by the peers and pods of Cilium's policies, and what a mesh is told of it."""

from __future__ import annotations

from dataclasses import replace

import yaml

from ir.behaviour.request import Caller
from ir.match import Part
from ir.opaque import Column, Opaque
from tests.importers.cilium.cluster import (
    FROM_WEB,
    NODE,
    PODS,
    TELLER,
    WEB,
    WORLD,
    Cluster,
    cluster,
    http,
    policy,
)
from translator import pipeline
from translator.pipeline import Result
from translator.source.load import load_text

SPACE = "io.kubernetes.pod.namespace"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
ON_NODE = PODS.replace(
    "      serviceAccountName: api\n", "      serviceAccountName: api\n      hostNetwork: true\n"
)
OF_BANK = "Deployment/bank/teller"


def asks(key: str, operator: str, *values: str) -> dict[str, object]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def to(target: str, text: str) -> Result:
    loaded = load_text(text)
    return pipeline.translate_loaded(loaded, pipeline.options_of(loaded, "cilium", target, {}))


def documents(here: Cluster, target: str = "linkerd") -> str:
    return "\n".join(d.text for d in to(target, here.text).documents)


def told(here: Cluster, target: str = "linkerd") -> set[str]:
    return {finding.code for finding in to(target, here.text).report.findings}


def test_trap_cilium_08_an_account_that_must_be_is_any_of_the_policys_namespace() -> None:
    here = cluster(policy(ingress=[{"fromEndpoints": [asks(ACCOUNT, "Exists")]}]))
    assert here.lets(WEB)
    assert not here.lets(TELLER)
    assert not here.lets(WORLD)


def test_trap_cilium_09_any_pod_shows_no_certificate_and_the_mesh_asks_for_one() -> None:
    here = cluster(policy(ingress=[{"fromEndpoints": [asks(SPACE, "Exists")]}]))
    assert here.lets(TELLER)
    assert not here.lets(WORLD)
    assert not here.lets(NODE)
    assert "unauthenticated" not in documents(here)
    assert "principals:\n        - '*'" in documents(here, "istio")
    assert "MM411" in told(here)
    assert "MM411" in told(here, "istio")


def test_trap_cilium_10_several_namespaces_are_one_selector_with_all_of_them() -> None:
    here = cluster(policy(ingress=[{"fromEndpoints": [asks(SPACE, "In", "shop", "bank")]}]))
    assert here.lets(WEB)
    assert here.lets(TELLER)
    assert not here.lets(replace(WEB, namespace="other"))


def test_trap_cilium_11_a_clusterwide_policy_is_for_every_namespace_the_system_too() -> None:
    system = PODS.split("---\n")[4].replace("shop", "kube-system")
    here = cluster(
        policy(wide=True, endpointSelector={}, ingress=[{"fromEntities": ["cluster"]}]),
        yaml.safe_load(system),
    )
    for key in (OF_BANK, "Deployment/kube-system/web"):
        assert not here.lets(WORLD, workload=key)
        assert here.lets(WEB, workload=key)


def test_trap_cilium_15_an_ending_that_takes_any_query_looks_into_the_query_too() -> None:
    r"""Against the common advice to write ``*/a`` as ``.*/a(\?.*)?``: what comes before may hold the question mark."""
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": r".*/a(\?.*)?"})]}]))
    assert here.lets(WEB, path="/secret?/a")
    assert "MM479" in told(here)
    exact = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": r"/a(\?.*)?"})]}]))
    assert not exact.lets(WEB, path="/secret?/a")
    assert "MM479" not in told(exact)


def test_trap_cilium_17_a_host_in_any_case_with_any_port_is_wider_than_one_name() -> None:
    r"""Against the common advice: a host without a port is not ``(:\d+)?``, which takes every port."""
    here = cluster(
        policy(ingress=[{**FROM_WEB, "toPorts": [http({"host": r"(?i)foo\.com(:\d+)?"})]}])
    )
    assert here.lets(WEB, authority="FOO.com:8080")
    assert here.lets(WEB, authority="foo.com")


def test_trap_cilium_18_methods_are_an_expression_in_their_case() -> None:
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"method": "GET|POST"})]}]))
    assert here.lets(WEB, method="POST")
    assert not here.lets(WEB, method="get")
    assert not here.lets(WEB, method="GETT")
    assert "methods:\n        - GET\n        - POST" in documents(here, "istio")


def test_trap_cilium_19_a_class_that_leaves_out_is_a_negation() -> None:
    """Against the common advice that these expressions know none: every complement of one is one."""
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [http({"path": "/([^a].*)?"})]}]))
    assert here.lets(WEB, path="/b")
    assert here.lets(WEB, path="/")
    assert not here.lets(WEB, path="/a")


def test_trap_cilium_21_fields_of_a_rule_hold_together_and_rules_are_alternatives() -> None:
    rules = http({"method": "GET", "path": "/a"}, {"method": "PUT", "path": "/b"})
    here = cluster(policy(ingress=[{**FROM_WEB, "toPorts": [rules]}]))
    assert here.lets(WEB, method="GET", path="/a")
    assert here.lets(WEB, method="PUT", path="/b")
    assert not here.lets(WEB, method="GET", path="/b")
    assert not here.lets(WEB, method="PUT", path="/a")


def test_trap_cilium_31_an_address_is_who_dialled_never_what_a_header_says() -> None:
    here = cluster(policy(ingress=[{"fromCIDR": ["203.0.113.0/24"]}]))
    assert not here.lets(Caller(address="198.51.100.1", mtls=False),
                         headers={"x-forwarded-for": "203.0.113.7"})  # fmt: skip
    assert "ipBlocks" in documents(here, "istio")
    assert "remoteIpBlocks" not in documents(here, "istio")


def test_trap_cilium_32_everybody_is_every_address_of_both_families() -> None:
    here = cluster(policy(ingress=[{"fromEntities": ["all"]}]))
    networks = [d.value["spec"]["networks"]  # type: ignore[index]  # a NetworkAuthentication
                for d in here.translated.documents if d.resource.startswith("NetworkAuthentication")]  # fmt: skip
    assert networks
    assert all([n["cidr"] for n in one] == ["0.0.0.0/0", "::/0"] for one in networks)


def test_trap_cilium_34_what_comes_in_by_a_gateway_is_neither_pod_nor_world() -> None:
    here = cluster(policy(ingress=[{"fromEntities": ["ingress"]}]))
    assert here.lets(Caller(entity="ingress", mtls=False))
    assert not here.lets(WORLD)
    assert not here.lets(WEB)
    for target in ("linkerd", "istio"):
        assert "MM410" in told(here, target)


def test_trap_cilium_35_a_policy_for_what_comes_in_by_gateways_says_nothing_of_pods() -> None:
    chosen = asks("reserved:ingress", "Exists")
    here = cluster(
        policy(wide=True, endpointSelector=chosen, ingress=[{"fromCIDR": ["203.0.113.0/24"]}])
    )
    assert here.lets(WORLD)
    (piece,) = [f for f in here.model.facts if isinstance(f, Opaque)]
    assert piece.may_touch == (Column.ACCESS,)
    (finding,) = [f for f in here.translated.report.findings if f.code == "MM801"]
    assert finding.severity == "blocker"


def test_trap_cilium_59_pods_on_the_network_of_their_node_are_the_node() -> None:
    text = "---\n".join((ON_NODE, yaml.safe_dump(policy(ingress=[FROM_WEB]))))
    for target in ("linkerd", "istio"):
        result = to(target, text)
        assert result.documents == ()
        found = {f.code: f.impact for f in result.report.findings}
        assert found["MM172"] == "NONE"
        assert "MM901" not in found
    as_peer = cluster(policy(ingress=[FROM_WEB]))
    assert not as_peer.lets(NODE)


def test_trap_cilium_62_blocks_of_addresses_are_no_way_to_name_pods_of_this_cluster() -> None:
    here = cluster(policy(ingress=[{"fromCIDRSet": [{"cidr": "10.0.0.0/8"}]}]))
    inside = replace(WEB, address="10.1.2.3")
    assert not here.lets(inside)
    assert here.lets(Caller(address="10.1.2.3", mtls=False))
    parts = {
        t.part for f in here.model.facts for way in getattr(f, "callers", ()) for t in way.tests
    }
    assert {Part.PEER_ADDRESS, Part.ENTITY} <= parts
