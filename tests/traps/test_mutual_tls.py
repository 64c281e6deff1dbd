"""Traps of mutual TLS, shown on translations."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ir.access import PeerMtls
from ir.behaviour.request import Caller
from tests.exporters.linkerd.istio import spec_of, written
from tests.translation import to_linkerd
from tests.traps.worlds import CLEAR, IN, OUT, PARTNER, SHOP, WEB, World, security
from translator.report.model import Fate, Impact, Severity

OF_API = {"selector": {"matchLabels": {"app": "api"}}}
STRICT = {"mtls": {"mode": "STRICT"}}


def peers(
    spec: Mapping[str, object], name: str = "p", namespace: str = "shop", **meta: object
) -> str:
    """A PeerAuthentication."""
    return security("PeerAuthentication", spec, name, namespace, **meta)


def strict_ports(world: World) -> dict[int, bool]:
    """The ports of the workload, and whether clear text is refused there, as it was before."""
    found = {}
    for port in (8080, 9000, 7777):
        before, after = world.both(CLEAR, port=port)
        assert before == after
        found[port] = before is OUT
    return found


def ports(mode: str | None = None, **modes: str) -> dict[str, object]:
    """The spec of a policy for the API with settings for its ports."""
    listed = {key.strip("_"): {"mode": value} for key, value in modes.items()}
    spec: dict[str, object] = {**OF_API, "portLevelMtls": listed}
    return spec if mode is None else {**spec, "mtls": {"mode": mode}}


@pytest.mark.parametrize(
    ("policies", "strict"),
    [
        ([peers(STRICT, namespace="istio-system")], {8080: True, 9000: True, 7777: True}),
        (
            [peers({**OF_API, **STRICT}, namespace="istio-system")],
            {8080: False, 9000: False, 7777: False},
        ),
    ],
)
def test_trap_istio_30_in_the_root_namespace_a_selector_of_a_peer_authentication_selects_nobody(
    policies: list[str], strict: dict[int, bool]
) -> None:
    assert strict_ports(World(*policies)) == strict


def test_trap_istio_28_port_levels_are_ports_of_the_pod() -> None:
    world = World(peers(ports(_80="STRICT")))
    assert world.both(CLEAR, port=8080) == (IN, IN)
    world = World(peers(ports(_8080="STRICT")))
    assert world.both(CLEAR, port=8080) == (OUT, OUT)


def test_trap_istio_31_the_namespace_says_strict_and_a_port_lifts_it() -> None:
    """The pod with the selector has clear text on one port and inherits STRICT on all others."""
    world = World(peers(STRICT, "wide"), peers(ports(_8080="DISABLE"), "api"))
    assert strict_ports(world) == {8080: False, 9000: True, 7777: True}


def test_trap_istio_31_the_namespace_says_disable_and_a_workload_demands_certificates() -> None:
    """The server refuses clear text, which the source's own clients would send."""
    world = World(
        peers({"mtls": {"mode": "DISABLE"}}, "wide"), peers({**OF_API, **STRICT}, "strict")
    )
    assert strict_ports(world) == {8080: True, 9000: True, 7777: True}
    assert world.both(WEB) == (IN, IN)


def test_ports_without_a_selector_are_heeded_by_nobody() -> None:
    spec = {"mtls": {"mode": "PERMISSIVE"}, "portLevelMtls": {"8080": {"mode": "STRICT"}}}
    world = World(peers(spec))
    assert strict_ports(world) == {8080: False, 9000: False, 7777: False}
    (row,) = [r for r in world.result.report.ledger if r.path.startswith("spec.portLevel")]
    assert row.fate is Fate.INERT


def test_a_port_that_says_unset_has_the_mode_of_its_policy() -> None:
    world = World(peers(ports("STRICT", _8080="UNSET", _9000="PERMISSIVE")))
    assert strict_ports(world) == {8080: True, 9000: False, 7777: True}


def test_a_port_that_says_unset_inherits_where_its_policy_does() -> None:
    world = World(peers(STRICT, "wide"), peers(ports("UNSET", _8080="UNSET", _9000="PERMISSIVE")))
    assert strict_ports(world) == {8080: True, 9000: False, 7777: True}


AGES = [
    {"creationTimestamp": "2024-01-01T00:00:00Z"},
    {"creationTimestamp": "2025-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_policies_of_one_namespace_the_oldest_counts(first: int) -> None:
    lax = peers({"mtls": {"mode": "PERMISSIVE"}}, "lax", **AGES[first])
    strict = peers(STRICT, "strict", **AGES[1 - first])
    world = World(lax, strict)
    assert strict_ports(world) == dict.fromkeys((8080, 9000, 7777), first == 1)
    (finding,) = world.findings("MM107")
    loser = "strict" if first == 0 else "lax"
    assert any(loser in place.resource for place in finding.sources)


def test_of_two_policies_whose_selectors_fit_a_pod_the_oldest_counts_alone() -> None:
    """Not even a port of the younger one is heeded: policies are not merged."""
    older = peers({**OF_API, "mtls": {"mode": "PERMISSIVE"}}, "a")
    younger = peers(
        {
            "selector": {"matchLabels": {"version": "v1"}},
            "portLevelMtls": {"8080": {"mode": "STRICT"}},
        },
        "b",
    )
    assert strict_ports(World(older, younger)) == {8080: False, 9000: False, 7777: False}
    assert strict_ports(World(younger)) == {8080: True, 9000: False, 7777: False}


def test_an_older_policy_that_says_nothing_still_keeps_the_younger_one_out() -> None:
    older = peers({**OF_API, "mtls": {"mode": "UNSET"}}, "a")
    younger = peers({"selector": {"matchLabels": {"version": "v1"}}, **STRICT}, "b")
    assert strict_ports(World(older, younger)) == {8080: False, 9000: False, 7777: False}
    wide = peers(STRICT, "wide")
    lax = peers(
        {"selector": {"matchLabels": {"version": "v1"}}, "mtls": {"mode": "PERMISSIVE"}}, "b"
    )
    assert strict_ports(World(wide, older, lax)) == {8080: True, 9000: True, 7777: True}


KUBELET = Caller(mtls=False, probe=True, address="10.128.0.7")
PROBE = "readinessProbe: {httpGet: {path: /ready, port: 8080}}"
PROBED = SHOP.replace("{containerPort: 9000}]}", "{containerPort: 9000}], " + PROBE + "}")


def test_trap_linkerd_1_health_checks_of_a_strict_port_do_not_open_it_to_everyone() -> None:
    """Without a route of its own a Server lets GET of the probed path in from anyone."""
    world = World(peers(STRICT), shop=PROBED)
    assert world.both(CLEAR, path="/ready") == (OUT, OUT)
    assert world.both(WEB, path="/ready") == (IN, IN)
    assert world.both(WEB, http=False) == (IN, IN)
    assert world.both(KUBELET, path="/ready") == (IN, OUT)
    assert world.findings("MM404")
    assert not world.findings("MM903")


def test_trap_linkerd_31_health_checks_of_a_strict_port_come_from_the_nodes() -> None:
    world = World(peers(STRICT), shop=PROBED, node_networks=("10.128.0.0/20",))
    assert world.both(KUBELET, path="/ready") == (IN, IN)
    assert world.both(KUBELET, path="/other") == (OUT, OUT)
    assert world.both(CLEAR, path="/ready") == (OUT, OUT)
    assert world.both(WEB, http=False) == (IN, IN)
    (looser,) = world.findings("MM411")
    assert (looser.impact, looser.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert not [f for f in world.result.report.findings if f.code in ("MM903", "MM904")]


GRPC = "readinessProbe: {grpc: {port: 8080, service: shop}}"
CALLED = SHOP.replace("{containerPort: 9000}]}", "{containerPort: 9000}], " + GRPC + "}")
CHECK = "/grpc.health.v1.Health/Check"


@pytest.mark.parametrize("networks", [(), ("10.128.0.0/20",)])
def test_trap_linkerd_31_health_checks_by_grpc_are_let_in_by_no_rule_of_the_target(
    networks: tuple[str, ...],
) -> None:
    """Istio's agent asks in the node's place; Linkerd lets checks in by GET alone."""
    world = World(peers(STRICT), shop=CALLED, node_networks=networks)
    assert world.both(KUBELET, path=CHECK, method="POST") == (IN, IN if networks else OUT)
    assert world.both(KUBELET, path=CHECK) == (OUT, OUT)
    assert world.both(CLEAR, path=CHECK, method="POST") == (OUT, OUT)
    assert bool(world.findings("MM404")) is not bool(networks)
    assert not [f for f in world.result.report.findings if f.code in ("MM903", "MM904")]


def test_trap_linkerd_44_any_certificate_is_one_of_the_own_trust_domain_where_it_can_be_said() -> (
    None
):
    """The target takes whatever its roots verify; what is written names the mesh's own trust domain."""
    world = World(peers(ports(_8080="STRICT")))
    assert [world.both(c) for c in (WEB, PARTNER, CLEAR)] == [(IN, IN), (IN, OUT), (OUT, OUT)]
    (identities,) = written(world.result, "MeshTLSAuthentication")
    assert spec_of(identities) == {
        "identities": ["*.serviceaccount.identity.linkerd.cluster.local"]
    }
    (finding,) = world.findings("MM430")
    assert (finding.impact, finding.severity) == (Impact.STRICTER, Severity.LOW)


def test_trap_linkerd_9_a_strict_port_is_a_server_that_asks_for_a_certificate() -> None:
    world = World(peers(ports(_8080="STRICT")))
    assert [spec_of(d)["port"] for d in written(world.result, "Server")] == [8080]
    assert strict_ports(world) == {8080: True, 9000: False, 7777: False}


def test_trap_linkerd_9_mutual_tls_is_not_switched_off() -> None:
    """DISABLE has no form: ports would have to leave the mesh, and policies with them."""
    world = World(peers({"mtls": {"mode": "DISABLE"}}))
    told = {(f.impact, f.severity) for f in world.findings("MM405")}
    assert told == {(Impact.DIFFERENT, Severity.LOW)}
    assert strict_ports(world) == {8080: False, 9000: False, 7777: False}
    assert "skip-inbound-ports" not in "".join(d.text for d in world.result.documents)


def test_many_policies_of_one_namespace_take_each_other_out_once() -> None:
    """Each takes out those that are older, and not what these take out in their turn: that would double with each."""
    policies = [
        peers({"selector": {"matchLabels": {"a": str(n)}}, **STRICT}, f"p{n:02}") for n in range(40)
    ]
    model = to_linkerd("\n---\n".join(policies)).model
    taken_out = [
        other
        for fact in model.facts
        if isinstance(fact, PeerMtls)
        for other in fact.attachment.subject.excluding
    ]
    assert len(taken_out) == 40 * 39 / 2 + 40
    assert not any(other.excluding for one in taken_out for other in one.excluding)
