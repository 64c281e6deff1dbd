"""Faults of other converters at the edge: each was found in published code, and none may be ours."""

from __future__ import annotations

import pytest

from tests.exporters.linkerd.istio import spec_of, written
from tests.exporters.linkerd.test_gateways import (
    TO_API,
    codes,
    gateway,
    match,
    moved,
    route_rules,
    rules,
    server,
)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_every_served_version_of_a_gateway_is_read(version: str) -> None:
    text = gateway([server("*")]).replace(
        "networking.istio.io/v1", f"networking.istio.io/{version}"
    )
    assert len(written(moved(text, rules([TO_API])), "Gateway")) == 1


def test_rules_for_the_mesh_are_not_lost_beside_those_of_a_gateway() -> None:
    mesh = rules([TO_API], name="mesh", hosts=("api",), gateways=("mesh",))
    result = moved(gateway([server("*")]), rules([TO_API]), mesh)
    parents = [spec_of(r)["parentRefs"][0]["kind"] for r in written(result, "HTTPRoute")]
    assert sorted(parents) == ["Gateway", "Service"]


def test_a_route_of_another_namespace_is_let_in_by_the_listener_and_not_by_a_grant() -> None:
    result = moved(gateway([server("*")]), rules([TO_API], namespace="team"))
    (made,) = written(result, "Gateway")
    allowed = spec_of(made)["listeners"][0]["allowedRoutes"]["namespaces"]
    (expression,) = allowed["selector"]["matchExpressions"]
    assert allowed["from"] == "Selector"
    assert expression == {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": ["team"],
    }
    (grant,) = written(result, "ReferenceGrant")
    assert grant["metadata"]["namespace"] == "shop"
    assert spec_of(grant)["from"][0] == {
        "group": "gateway.networking.k8s.io",
        "kind": "HTTPRoute",
        "namespace": "team",
    }


def test_grants_of_two_gateways_of_one_namespace_do_not_overwrite_each_other() -> None:
    def tls(name: str) -> dict[str, object]:
        return server("*", port=443, protocol="HTTPS", mode="SIMPLE", credentialName=name)

    result = moved(gateway([tls("one")], name="first"), gateway([tls("two")], name="second"))
    grants = written(result, "ReferenceGrant")
    keys = [(g["metadata"]["namespace"], g["metadata"]["name"]) for g in grants]
    assert len(set(keys)) == len(keys)
    assert sorted(t["name"] for g in grants for t in spec_of(g)["to"]) == ["one", "two"]


def test_the_selector_of_a_gateway_is_told_to_be_lost() -> None:
    result = moved(gateway([server("*")]), rules([TO_API]))
    (row,) = [r for r in result.report.ledger if r.path == "spec.selector.istio"]
    assert row.fate == "lost"
    assert "MM505" in codes(result)


def test_the_host_of_a_redirect_and_of_a_rewrite_is_kept() -> None:
    redirect = {
        "match": [{"uri": {"exact": "/r"}}],
        "redirect": {"authority": "new.example.com", "redirectCode": 302},
    }
    rewrite = {**match(uri={"exact": "/w"}), "rewrite": {"authority": "in.example.com"}}
    first, second = route_rules(moved(gateway([server("*")]), rules([redirect, rewrite])))
    assert first["filters"][0]["requestRedirect"]["hostname"] == "new.example.com"
    assert second["filters"][0]["urlRewrite"]["hostname"] == "in.example.com"


def test_owners_and_finalizers_of_a_gateway_are_not_copied() -> None:
    text = gateway([server("*")]).replace(
        "  name: front\n",
        "  name: front\n  finalizers: [x.example.com/y]\n  ownerReferences:\n"
        "  - {apiVersion: v1, kind: ConfigMap, name: owner, uid: u}\n",
    )
    (made,) = written(moved(text, rules([TO_API])), "Gateway")
    assert "finalizers" not in made["metadata"]
    assert "ownerReferences" not in made["metadata"]
