"""What implementations of Gateway API report of themselves, against what our tables say that they can do.

The reports are those of kubernetes-sigs/gateway-api, conformance/reports. A mesh is judged by its own profile alone; what
it claims there without a test that could have shown it is kept apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from translator.api import Grade
from translator.exporters.capability import Table
from translator.exporters.cilium.capabilities import ROWS as CILIUM
from translator.exporters.gateway_api.capabilities import ROWS as GATEWAY_API
from translator.exporters.istio.capabilities import ROWS as ISTIO
from translator.exporters.linkerd.capabilities import ROWS as LINKERD
from translator.target import CHANNELS, VERSIONS, Target

_PLACE = Path("shared", "reference", "capabilities.yaml")
REPORTS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_file()), None)
needs_reports = pytest.mark.skipif(
    REPORTS is None, reason=f"there is no {_PLACE} beside the project"
)

TABLES = {"istio": ISTIO, "linkerd": LINKERD, "cilium": CILIUM}

POSITIONS = {
    "HTTPRoute": "Route.matches",
    "GRPCRoute": "Test.rpc_method",
    "HTTPRouteMethodMatching": "Test.method",
    "HTTPRouteQueryParamMatching": "Test.query",
    "HTTPRouteResponseHeaderModification": "Route.header_edits",
    "HTTPRouteBackendRequestHeaderModification": "Backend.header_edits",
    "HTTPRouteSchemeRedirect": "Redirect.scheme",
    "HTTPRoutePortRedirect": "Redirect.port",
    "HTTPRoutePathRedirect": "Redirect.path",
    "HTTPRoutePathRewrite": "Route.rewrite",
    "HTTPRouteHostRewrite": "Route.rewrite",
    "HTTPRouteRequestMirror": "Route.mirrors",
    "HTTPRouteRequestTimeout": "Route.timeouts",
    "HTTPRouteCORS": "Route.cross_origin",
    "HTTPRouteRetry": "Route.retry",
    "MeshHTTPRouteBackendRequestHeaderModification": "Backend.header_edits",
    "MeshHTTPRouteQueryParamMatching": "Test.query",
    "MeshHTTPRouteRedirectPath": "Redirect.path",
    "MeshHTTPRouteRedirectPort": "Redirect.port",
    "MeshHTTPRouteRewritePath": "Route.rewrite",
    "MeshHTTPRouteSchemeRedirect": "Redirect.scheme",
}
"""Features of the reports that are the same as a position of our tables."""

MORE_THAN_REPORTED = {("linkerd", "MeshHTTPRouteRedirectPath")}
"""What we say can be done although the newest report does not.

Linkerd 2.18's report leaves out redirects to another path; its controller hands them to the proxy, which answers them
(linkerd2 policy-controller/grpc/src/routes.rs, ``convert_redirect_filter``).
"""

CLAIMED_ALONE = {
    ("linkerd", "HTTPRoutePathRewrite"),
    ("linkerd", "HTTPRouteHostRewrite"),
    ("linkerd", "HTTPRouteRequestMirror"),
}
"""What a report claims and no test of the mesh shows, and we say that it cannot be done.

Linkerd's list is what its run had switched on; the controller refuses such filters (same file).
"""


def features() -> dict[str, Any]:
    """The features of the reports."""
    assert REPORTS is not None
    found: dict[str, Any] = yaml.safe_load(REPORTS.read_text())["features"]
    return found


def grade_of(mesh: str, version: str, feature: str, channel: str | None = None) -> str:
    """What the table says of a feature."""
    rows = TABLES.get(mesh, GATEWAY_API)
    return Table(rows, Target(mesh, version, channel)).row(POSITIONS[feature], "RouteTable").grade


def reported() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each feature that we have a position for, with what a mesh reports of it in its own profile."""
    found = features()
    for feature in POSITIONS:
        for mesh in TABLES:
            own = found[feature]["by_surface"].get(mesh, {}).get("mesh")
            if own is not None:
                yield mesh, feature, own


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2])


@needs_reports
def test_what_a_mesh_was_shown_to_do_is_nowhere_said_to_be_impossible() -> None:
    shown = [(mesh, feature, own["min"]) for mesh, feature, own in reported() if own.get("min")]
    denied = {
        (mesh, feature, version)
        for mesh, feature, first in shown
        for version in VERSIONS[mesh]
        if _number(version) >= _number(first) and grade_of(mesh, version, feature) == Grade.NEVER
    }
    assert {mesh for mesh, _, _ in shown} == set(TABLES)
    assert denied == set()


@needs_reports
def test_what_a_mesh_reports_not_to_do_is_not_promised() -> None:
    refused = [
        (mesh, feature)
        for mesh, feature, own in reported()
        if own.get("latest_report_status") == "unsupported"
    ]
    promised = {
        (mesh, feature)
        for mesh, feature in refused
        if grade_of(mesh, VERSIONS[mesh][-1], feature) in {Grade.FULL, Grade.PARTIAL}
    }
    assert ("linkerd", "MeshHTTPRouteRewritePath") in refused
    assert promised == MORE_THAN_REPORTED


@needs_reports
def test_a_claim_that_no_test_shows_is_not_taken_for_a_capability() -> None:
    claimed = {
        (mesh, feature)
        for mesh, feature, own in reported()
        if str(own.get("latest_report_status", "")).startswith("claimed")
        and grade_of(mesh, VERSIONS[mesh][-1], feature) == Grade.NEVER
    }
    assert claimed == CLAIMED_ALONE


@needs_reports
@pytest.mark.parametrize("feature", sorted(POSITIONS))
def test_the_channel_of_a_feature_is_that_of_the_table(feature: str) -> None:
    newest = VERSIONS["gateway-api"][-1]
    can = {
        channel
        for channel in CHANNELS
        if grade_of("gateway-api", newest, feature, channel) != Grade.NEVER
    }
    experimental = features()[feature]["channel"] == "experimental"
    assert can == ({"experimental"} if experimental else set(CHANNELS))
