"""Traps of mesh-wide settings and membership, shown on translations."""

from __future__ import annotations

from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import routes, translated, written
from tests.importers.istio.test_mesh_config import config_map


def test_trap_istio_7_attempts_alone_retry_no_status() -> None:
    """``attempts`` without ``retryOn`` retries connections and streams, not 503."""
    http = {"route": [{"destination": {"host": "api"}}], "retries": {"attempts": 3}}
    [route] = written(translated(routes([http])), "HTTPRoute")
    assert "retry.linkerd.io/http" not in route["metadata"].get("annotations", {})


def test_trap_istio_8_conditions_without_attempts_switch_retries_off() -> None:
    """``defaultHttpRetryPolicy`` without ``attempts`` means none, for every route without a block of its own."""
    mesh = config_map({"defaultHttpRetryPolicy": {"retryOn": "5xx"}})
    own = {"route": [{"destination": {"host": "api"}}]}
    result = translated(mesh, routes([own]))
    [table] = [f for f in result.model.facts if isinstance(f, RouteTable)]
    retry = table.routes[0].retry
    assert retry is not None
    assert retry.attempts.value == 0
    [route] = written(result, "HTTPRoute")
    assert "retry.linkerd.io/limit" not in route["metadata"].get("annotations", {})
    messages = [f.message for f in result.report.findings if f.code == "MM307"]
    assert not any("tried twice more" in message for message in messages)
