"""Rules that ask for headers and hosts, on routes that rank by them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exporters.linkerd.istio import policy, spec_of, translated, written
from translator.pipeline import Result
from translator.report.model import Impact

WEB = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}


def when(*values: str, **more: object) -> dict[str, object]:
    """A condition on the header ``x-team``."""
    return {
        "key": "request.headers[x-team]",
        **({"values": list(values)} if values else {}),
        **more,
    }


def codes(result: Result) -> set[str]:
    """Codes of findings about access."""
    return {f.code for f in result.report.findings if f.code.startswith("MM4")}


def headers(result: Result) -> list[dict[str, Any]]:
    """The headers that routes ask for."""
    return [
        header
        for route in written(result, "HTTPRoute")
        for rule in spec_of(route)["rules"]
        for match in rule["matches"]
        for header in match.get("headers", ())
    ]


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("shop", {"name": "x-team", "type": "Exact", "value": "shop"}),
        ("shop-*", {"name": "x-team", "type": "RegularExpression", "value": "shop-.*"}),
        ("*", {"name": "x-team", "type": "RegularExpression", "value": ".*"}),
    ],
)
def test_a_grant_by_header_is_a_route_that_asks_for_it(value: str, asked: dict[str, str]) -> None:
    result = translated(policy({"rules": [{**WEB, "when": [when(value)]}]}))
    assert headers(result) == [asked]
    (authorization,) = written(result, "AuthorizationPolicy")
    assert spec_of(authorization)["targetRef"]["name"] == "api-8080-0"
    assert "MM413" in codes(result)


def test_a_refusal_by_a_whole_value_is_a_route_that_admits_nobody() -> None:
    deny = policy({"action": "DENY", "rules": [{"when": [when("robot")]}]}, "deny")
    result = translated(policy({"rules": [WEB]}), deny)
    assert [h["value"] for h in headers(result)] == ["robot"]
    admitted = {spec_of(a)["targetRef"]["name"] for a in written(result, "AuthorizationPolicy")}
    (asking,) = [
        r["metadata"]["name"]
        for r in written(result, "HTTPRoute")
        if any(m.get("headers") for rule in spec_of(r)["rules"] for m in rule["matches"])
    ]
    assert asking not in admitted
    assert codes(result) == {"MM412"}


@pytest.mark.parametrize("value", ["*", "robot*", "*bot", "a,b"])
def test_a_refusal_that_strange_values_could_slip_past_refuses_all(value: str) -> None:
    deny = policy({"action": "DENY", "rules": [{"when": [when(value)]}]}, "deny")
    result = translated(policy({"rules": [WEB]}), deny)
    assert written(result, "AuthorizationPolicy") == []
    assert "MM403" in codes(result)
    assert all(f.impact is not Impact.LOOSER for f in result.report.findings)


def test_everyone_but_a_header_is_a_grant_with_a_route_in_front() -> None:
    result = translated(policy({"rules": [{**WEB, "when": [when(notValues=["robot"])]}]}))
    assert [h["value"] for h in headers(result)] == ["robot"]
    assert "MM413" not in codes(result)


def test_a_host_is_granted_where_it_is_named_with_its_ports_too() -> None:
    rule = {**WEB, "to": [{"operation": {"hosts": ["a.example", "a.example:*"]}}]}
    result = translated(policy({"rules": [rule]}))
    hosts = [spec_of(r).get("hostnames") for r in written(result, "HTTPRoute")]
    assert hosts == [["a.example"], None]
    assert len(written(result, "AuthorizationPolicy")) == 1


def test_a_host_without_its_ports_is_not_granted() -> None:
    rule = {**WEB, "to": [{"operation": {"hosts": ["a.example"]}}]}
    result = translated(policy({"rules": [rule]}))
    assert written(result, "AuthorizationPolicy") == []
    assert "MM403" in codes(result)


def test_a_refused_host_is_a_route_that_admits_nobody() -> None:
    rule = {"to": [{"operation": {"hosts": ["a.example"]}}]}
    deny = policy({"action": "DENY", "rules": [rule]}, "deny")
    result = translated(policy({"rules": [WEB]}), deny)
    routes = {r["metadata"]["name"]: spec_of(r) for r in written(result, "HTTPRoute")}
    (asking,) = [name for name, spec in routes.items() if spec.get("hostnames") == ["a.example"]]
    admitted = {spec_of(a)["targetRef"]["name"] for a in written(result, "AuthorizationPolicy")}
    assert admitted
    assert asking not in admitted


def test_what_is_not_exact_is_shut_with_refuse() -> None:
    grant = policy({"rules": [{**WEB, "when": [when("shop")]}]})
    result = translated(grant, on_inexact="refuse")
    assert written(result, "AuthorizationPolicy") == []
    assert [f.code for f in result.report.findings if f.severity == "blocker"] == ["MM402"]
