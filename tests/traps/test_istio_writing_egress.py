"""Traps of writing ways out for Istio, by their number in the lists of traps of the meshes."""

from __future__ import annotations

from tests.exporters.istio.linkerd import translated, written
from tests.exporters.istio.test_egress import ONWARDS, SPACE, entries, leaves, network, route
from tests.exporters.istio.test_ways_out import TLS, found, policy
from tests.exporters.istio.test_ways_out import leaves as cilium_leaves
from tests.exporters.istio.test_ways_out import translated as from_cilium
from translator.report.model import Impact


def test_trap_istio_38_the_mode_is_written_out_and_nothing_is_hidden() -> None:
    (sidecar,) = written(translated(SPACE, network()), "Sidecar")
    assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
    assert sidecar["spec"]["egress"] == [{"hosts": ["*/*"]}]


def test_trap_istio_40_location_and_resolution_are_written_out() -> None:
    result = translated(SPACE, network(), route("TLSRoute", 443, "pay.example", ONWARDS))
    (spec,) = entries(result).values()
    assert (spec["location"], spec["resolution"]) == ("MESH_EXTERNAL", "NONE")


def test_trap_linkerd_26_a_network_of_the_namespace_hides_those_of_the_mesh() -> None:
    parent = "{name: out, namespace: linkerd-egress, "
    text = "\n---\n".join(
        (
            SPACE,
            network(space="linkerd-egress"),
            network(),
            route("TLSRoute", 443, "a.example", ONWARDS, space="linkerd-egress", parent=parent),
        )
    )
    result = translated(text)
    assert leaves(text, result, server_name="a.example") == (False, False)
    assert leaves(text, result, "bank", server_name="a.example") == (True, True)


def test_trap_linkerd_26_requests_and_tls_share_no_port() -> None:
    text = "\n---\n".join(
        (
            SPACE,
            network(),
            route("HTTPRoute", 443, "a.example", name="a"),
            route("TLSRoute", 443, "b.example", ONWARDS, name="b"),
        )
    )
    result = translated(text)
    assert [spec["hosts"] for spec in entries(result).values()] == [["a.example"]]
    assert leaves(text, result, server_name="b.example") == (False, False)


def test_trap_linkerd_27_rules_of_the_network_are_no_rules_of_the_mesh() -> None:
    result = from_cilium(policy("toCIDR: [203.0.113.0/24]"))
    (one,) = written(result, "NetworkPolicy")
    assert one["spec"]["egress"][0] == {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}
    assert written(result, "Sidecar") == []


def test_trap_linkerd_28_a_refusal_outranks_what_others_let_out() -> None:
    text = policy("toCIDR: [203.0.113.0/24]", deny="toCIDR: [203.0.113.7/32]")
    assert cilium_leaves(text, from_cilium(text)) == (False, False)


def test_a_name_of_the_network_that_a_client_claims_is_a_blocker() -> None:
    text = policy(f"toFQDNs: [{{matchName: api.example.com}}], {TLS}")
    result = from_cilium(text)
    claimed = {"looked_up": "evil.example", "server_name": "api.example.com"}
    assert cilium_leaves(text, result, **claimed) == (False, True)
    assert found(result, "MM535", Impact.LOOSER)
