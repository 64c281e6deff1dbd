"""Traps of writing routes of services for Cilium."""

from __future__ import annotations

from typing import Any

from tests.exporters.cilium.istio import to_cilium
from tests.exporters.linkerd.istio import WORKLOAD, routes
from translator.pipeline import Result
from translator.report.model import Impact

API = [{"destination": {"host": "api"}}]
OTHER = WORKLOAD.replace("name: api,", "name: other,").replace("app: api", "app: other")


def written(*http: object, more: str = "") -> tuple[dict[str, Any], Result]:
    result = to_cilium(
        "\n---\n".join((WORKLOAD, OTHER, routes([*http]), *([more] if more else [])))
    )
    found: list[Any] = [d.value for d in result.documents if d.resource.startswith("HTTPRoute")]
    (document,) = found
    return document["spec"], result


def test_trap_cilium_36_a_route_has_its_service_as_parent_and_no_host() -> None:
    spec, _ = written({"route": API})
    assert "hostnames" not in spec
    assert [p["name"] for p in spec["parentRefs"]] == ["api"]


def test_trap_cilium_37_a_parent_names_its_port() -> None:
    spec, _ = written({"route": API})
    assert [p["port"] for p in spec["parentRefs"]] == [80]


def test_trap_cilium_40_tries_are_not_written_where_they_do_nothing() -> None:
    spec, result = written({"route": API, "retries": {"attempts": 3, "retryOn": "5xx"}})
    assert all("retry" not in rule for rule in spec["rules"])
    assert Impact.DIFFERENT in {f.impact for f in result.report.findings if f.code == "MM302"}


def test_trap_cilium_44_shares_stand_as_they_are() -> None:
    two = [{**API[0], "weight": 9}, {"destination": {"host": "other"}, "weight": 1}]
    spec, _ = written({"route": two})
    (rule,) = spec["rules"]
    assert [b["weight"] for b in rule["backendRefs"]] == [9, 1]


def test_trap_cilium_45_a_prefix_of_text_is_no_prefix_of_elements() -> None:
    spec, _ = written(
        {"match": [{"uri": {"prefix": "/foo"}}], "route": API},
        {"route": [{"destination": {"host": "other"}}]},
    )
    paths = [m["path"] for rule in spec["rules"] for m in rule.get("matches", [])]
    assert {"type": "PathPrefix", "value": "/foo"} not in paths
    assert [p for p in paths if p["type"] == "RegularExpression" and "/foo" in p["value"]]
