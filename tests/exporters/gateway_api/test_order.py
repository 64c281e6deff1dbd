"""Routes that win by rank (Linkerd) or by specificity: whoever wins there wins in the output."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Request
from translator.after import as_source, in_force
from translator.pipeline import Result, options_of, translate_loaded
from translator.registry import load_importer
from translator.source.load import load_text

SERVICES = """\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: other}, ports: [{name: http, port: 80}]}
"""


def route(name: str, to: str, *matches: dict[str, Any], namespace: str = "shop") -> str:
    parent = {"group": "", "kind": "Service", "name": "api", "namespace": "shop", "port": 80}
    rule: dict[str, Any] = {"backendRefs": [{"name": to, "namespace": "shop", "port": 80}]}
    if matches:
        rule["matches"] = list(matches)
    return yaml.safe_dump(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"parentRefs": [parent], "rules": [rule]},
        }
    )


def exact(path: str, **more: object) -> dict[str, Any]:
    return {"path": {"type": "Exact", "value": path}, **more}


def prefix(path: str, **more: object) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": path}, **more}


BETA = [{"name": "x-beta", "value": "on"}]


def endpoints(result: Result, documents: str, path: str, **asked: Any) -> tuple[object, ...]:
    """Where a request goes before and after."""
    loaded = load_text(documents)
    there = in_force(loaded, result, result.options)
    target = result.options.target.mesh
    after = load_importer(target)(there.resources, as_source(result.options)).model
    request = Request(
        caller=Caller(namespace=asked.pop("namespace", "bank")),
        service="shop/api",
        service_port=80,
        path=path,
        authority="api.shop",
        **asked,
    )
    return tuple(
        sorted(name for share in decide_route(model, request).shares for name in share.endpoints)
        for model in (result.model, after)
    )


@pytest.mark.parametrize("target", ["gateway-api", "cilium"])
@pytest.mark.parametrize(
    ("routes", "asked"),
    [
        ([route("a", "api", prefix("/")), route("b", "other", prefix("/x"))], {"path": "/x/1"}),
        ([route("a", "api", exact("/x")), route("b", "other", prefix("/x", headers=BETA))],
         {"path": "/x", "headers": {"x-beta": "on"}}),
        ([route("a", "api", exact("/x")), route("b", "other", prefix("/x", headers=BETA))],
         {"path": "/x/1", "headers": {"x-beta": "on"}}),
        ([route("a", "api", prefix("/x", method="GET")), route("b", "other", prefix("/x", headers=BETA))],
         {"path": "/x", "headers": {"x-beta": "on"}}),
        ([route("a", "api"), route("b", "other", {"headers": BETA})],
         {"path": "/", "headers": {"x-beta": "on"}}),
        ([route("a", "api", exact("/")), route("b", "other", {"headers": BETA})],
         {"path": "/", "headers": {"x-beta": "on"}}),
    ],
)  # fmt: skip
def test_who_wins_by_rank_wins_in_the_output(
    routes: list[str], asked: dict[str, Any], target: str
) -> None:
    documents = "\n---\n".join((SERVICES, *routes))
    options = options_of(load_text(""), "linkerd", target, {})
    result = translate_loaded(load_text(documents), options)
    before, after = endpoints(result, documents, **asked)
    assert before == after
    assert "MM904" not in {finding.code for finding in result.report.findings}


def test_clients_with_routes_of_their_own_keep_those_of_everybody() -> None:
    """Linkerd adds consumer routes to the service's own; in Gateway API they take their place."""
    own = route("own", "other", prefix("/own"), namespace="bank")
    documents = "\n---\n".join((SERVICES, route("a", "api", prefix("/x")), own))
    options = options_of(load_text(""), "linkerd", "gateway-api", {})
    result = translate_loaded(load_text(documents), options)
    for path in ("/own/1", "/x/1"):
        before, after = endpoints(result, documents, path)
        assert before == after != []


def test_specific_routes_stay_as_specific_in_cilium() -> None:
    documents = "\n---\n".join(
        (SERVICES, route("a", "api", prefix("/")), route("b", "other", prefix("/x")))
    )
    options = options_of(load_text(""), "gateway-api", "cilium", {})
    result = translate_loaded(load_text(documents), options)
    before, after = endpoints(result, documents, "/x/1")
    assert before == after == ["shop/other"]


def test_of_alternatives_one_of_which_asks_for_nothing_all_requests_come_in() -> None:
    """In Istio, to which calls go as paths."""
    calls = yaml.safe_load(route("calls", "other", {"method": {"service": "bank.Audit"}}, {}))
    documents = "\n---\n".join((SERVICES, yaml.safe_dump({**calls, "kind": "GRPCRoute"})))
    options = options_of(load_text(""), "gateway-api", "istio", {})
    result = translate_loaded(load_text(documents), options)
    before, after = endpoints(result, documents, "/bank.Ledger/Book")
    assert before == after == ["shop/other"]
