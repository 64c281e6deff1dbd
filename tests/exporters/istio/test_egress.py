"""Limits of egress of Linkerd as Sidecars, entries of the registry and rules of hosts."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Caller, Request
from tests.exporters.istio.linkerd import codes, translated, written
from tests.translation import in_force_after
from translator.pipeline import Result
from translator.report.model import Impact, Severity

OUTSIDE = "203.0.113.7"
SPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {linkerd.io/inject: enabled}}
"""


def network(policy: str = "Deny", name: str = "out", space: str = "shop", blocks: str = "") -> str:
    """An EgressNetwork."""
    networks = f", networks: [{blocks}]" if blocks else ""
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {{name: {name}, namespace: {space}}}
spec: {{trafficPolicy: {policy}{networks}}}
"""


def route(  # noqa: PLR0913, PLR0917  # all that a route is made of
    kind: str,
    port: int,
    hosts: str = "",
    rules: str = "[{}]",
    name: str = "way",
    space: str = "shop",
    parent: str = "{name: out, namespace: shop, ",
) -> str:
    """A route on an EgressNetwork."""
    version = "v1alpha2" if kind == "TCPRoute" else "v1"
    names = f"\n  hostnames: [{hosts}]" if hosts else ""
    return f"""
apiVersion: gateway.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}, namespace: {space}}}
spec:
  parentRefs: [{parent}group: policy.linkerd.io, kind: EgressNetwork, port: {port}}}]{names}
  rules: {rules}
"""


ONWARDS = "[{backendRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: out}]}]"


def entries(result: Result) -> dict[str, Any]:
    """The specs of the entries, by namespace and name."""
    found = written(result, "ServiceEntry")
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}": one["spec"] for one in found
    }


def leaves(text: str, result: Result, space: str = "shop", **more: Any) -> tuple[bool, bool]:
    """Whether a request leaves, before and after."""
    given: dict[str, Any] = {"external": OUTSIDE, "service_port": 443, "http": False, **more}
    request = Request(caller=Caller(namespace=space), **given)
    after = in_force_after(text, result)
    return decide_egress(result.model, request).allowed, decide_egress(after, request).allowed


def test_a_namespace_that_refuses_gets_a_sidecar_that_hides_nothing() -> None:
    result = translated(SPACE, network())
    (sidecar,) = written(result, "Sidecar")
    assert sidecar["metadata"]["namespace"] == "shop"
    assert sidecar["spec"] == {
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [{"hosts": ["*/*"]}],
    }
    assert codes(result, "MM503") == []


def test_what_routes_let_out_is_declared_for_its_namespace_and_goes_where_it_was_dialled() -> None:
    result = translated(SPACE, network(), route("TLSRoute", 443, "pay.example", ONWARDS))
    assert entries(result) == {
        "shop/way": {
            "hosts": ["pay.example"],
            "exportTo": ["."],
            "location": "MESH_EXTERNAL",
            "resolution": "NONE",
            "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
        }
    }
    assert codes(result) == []


def test_a_host_on_several_ports_has_one_entry() -> None:
    result = translated(
        SPACE,
        network(),
        route("HTTPRoute", 80, "api.example", name="a"),
        route("TLSRoute", 443, "api.example", ONWARDS, name="b"),
    )
    (spec,) = entries(result).values()
    assert [port["protocol"] for port in spec["ports"]] == ["HTTP", "TLS"]


def test_what_no_rule_of_a_host_matches_is_refused() -> None:
    rules = "[{matches: [{path: {type: Exact, value: /a}}], timeouts: {request: 5s}}]"
    result = translated(SPACE, network(), route("HTTPRoute", 80, "api.example", rules))
    (service,) = written(result, "VirtualService")
    first, second, _ = service["spec"]["http"]
    assert (first["timeout"], first["retries"]) == ("5s", {"attempts": 0})
    assert second == {"match": [{"port": 80}], "directResponse": {"status": 403}}
    assert codes(result) == []


def test_calls_are_declared_as_calls() -> None:
    result = translated(SPACE, network(), route("GRPCRoute", 50051, "rates.example"))
    (spec,) = entries(result).values()
    assert spec["ports"][0]["protocol"] == "GRPC"


def test_a_name_with_a_wildcard_passes_as_a_whole_or_not_at_all() -> None:
    rules = "[{matches: [{path: {type: Exact, value: /a}}]}]"
    whole = translated(SPACE, network(), route("HTTPRoute", 80, '"*.example"'))
    assert [spec["hosts"] for spec in entries(whole).values()] == [["*.example"]]
    some = translated(SPACE, network(), route("HTTPRoute", 80, '"*.example"', rules))
    assert entries(some) == {}
    assert codes(some, "MM525") == ["MM525"]


def test_a_wildcard_on_another_port_lets_the_host_with_rules_pass_there() -> None:
    result = translated(
        SPACE,
        network(),
        route("HTTPRoute", 80, "api.example", name="a"),
        route("HTTPRoute", 8080, '"*.example"', name="b"),
    )
    ports = {
        spec["hosts"][0]: [p["number"] for p in spec["ports"]] for spec in entries(result).values()
    }
    assert ports == {"api.example": [80, 8080], "*.example": [8080]}


def test_http_of_one_network_does_not_pass_at_the_addresses_of_another() -> None:
    text = "\n---\n".join(
        (
            SPACE,
            network(),
            network(name="few", blocks="{cidr: 203.0.113.0/24}"),
            route("HTTPRoute", 80, "api.example"),
        )
    )
    result = translated(text)
    assert entries(result) == {}
    there: dict[str, Any] = {
        "external": "198.51.100.1",
        "service_port": 80,
        "http": True,
        "authority": "api.example",
    }
    assert leaves(text, result, **there) == (True, False)
    assert leaves(text, result, **{**there, "external": OUTSIDE}) == (False, False)


def test_names_and_bytes_are_let_out_at_the_addresses_of_their_network() -> None:
    parent = "{name: few, namespace: shop, "
    text = "\n---\n".join(
        (
            SPACE,
            network(),
            network(name="few", blocks="{cidr: 203.0.113.0/24, except: [203.0.113.0/25]}"),
            route("TCPRoute", 5433, rules=ONWARDS.replace("out", "few"), parent=parent),
        )
    )
    result = translated(text)
    (spec,) = entries(result).values()
    assert spec["addresses"] == ["203.0.113.128/25"]
    assert leaves(text, result, service_port=5433, external="203.0.113.200") == (True, True)
    assert leaves(text, result, service_port=5433) == (False, False)


def test_a_service_with_the_listener_of_all_addresses_keeps_it() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 5433}]}
"""
    result = translated(SPACE, service, network(), route("TCPRoute", 5433, rules=ONWARDS))
    assert entries(result) == {}
    assert codes(result, "MM525") == ["MM525"]


def test_namespaces_with_limits_of_their_own_know_of_no_others() -> None:
    result = translated(
        SPACE,
        network(space="linkerd-egress"),
        network(),
        route("TLSRoute", 443, "all.example", ONWARDS, space="linkerd-egress",
              parent="{name: out, namespace: linkerd-egress, "),
    )  # fmt: skip
    hosts = {
        one["metadata"]["namespace"]: one["spec"]["egress"][0]["hosts"]
        for one in written(result, "Sidecar")
    }
    assert hosts == {"istio-system": ["*/*"], "shop": ["*/*.svc.cluster.local", "./*"]}
    assert codes(result) == []


def test_a_namespace_where_all_leaves_says_so_where_the_mesh_refuses() -> None:
    result = translated(SPACE, network(space="linkerd-egress"), network("Allow"))
    modes = {
        one["metadata"]["namespace"]: one["spec"]["outboundTrafficPolicy"]["mode"]
        for one in written(result, "Sidecar")
    }
    assert modes == {"istio-system": "REGISTRY_ONLY", "shop": "ALLOW_ANY"}


def test_where_all_leaves_rules_of_a_host_have_an_entry_and_the_port_of_the_web() -> None:
    rules = "[{matches: [{headers: [{name: x, value: a}]}], timeouts: {request: 1s}}]"
    result = translated(SPACE, network("Allow"), route("HTTPRoute", 8080, "api.example", rules))
    assert written(result, "Sidecar") == []
    (spec,) = entries(result).values()
    assert [port["number"] for port in spec["ports"]] == [80, 8080]
    assert codes(result) == []


def test_where_all_leaves_routes_that_say_nothing_are_not_written() -> None:
    result = translated(SPACE, network("Allow"), route("TLSRoute", 443, "a.example", ONWARDS))
    assert not {"Sidecar", "ServiceEntry"} & {one["kind"] for one in map(dict, result.manifests)}
    assert codes(result, "MM226", "MM525") == []


def test_addresses_that_no_limit_was_about_are_told() -> None:
    result = translated(SPACE, network())
    (found,) = [one for one in result.report.findings if one.code == "MM534"]
    assert (found.impact, found.severity) == (Impact.STRICTER, Severity.HIGH)
    assert leaves(f"{SPACE}\n---\n{network()}", result, external="10.1.2.3") == (True, False)


@pytest.mark.parametrize("space", ["shop", "istio-system"])
def test_a_sidecar_that_stays_is_in_the_way(space: str) -> None:
    stays = yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "own", "namespace": "shop"},
            "spec": {"egress": [{"hosts": ["./*"]}]},
        }
    )
    other = stays if space == "shop" else ""
    result = translated(SPACE, network(space=space), *([other] if other else []))
    assert "MM503" in codes(result, "MM503")


def test_agents_of_nodes_hold_no_limit() -> None:
    result = translated(SPACE, network(), profile="ambient")
    (found,) = [one for one in result.report.findings if one.code == "MM503"]
    assert (found.impact, found.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert written(result, "Sidecar") == []


CART = """
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
"""


@pytest.mark.parametrize("host", ["cart", "cart.shop", "cart.shop.svc.cluster.local"])
@pytest.mark.parametrize(("policy", "code"), [("Deny", "MM525"), ("Allow", "MM226")])
def test_a_host_that_is_the_name_of_a_service_gets_no_rules_which_would_be_those_of_the_service(
    host: str, policy: str, code: str
) -> None:
    elsewhere = "[{backendRefs: [{name: other, port: 80}]}]"
    result = translated(
        SPACE, CART, network(policy), route("HTTPRoute", 80, f'"{host}"', rules=elsewhere)
    )
    assert not written(result, "VirtualService")
    assert not written(result, "ServiceEntry")
    found = {finding.code for finding in result.report.findings}
    assert code in found
    assert "MM904" not in found
