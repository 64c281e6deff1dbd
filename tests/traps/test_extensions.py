"""Traps of patches, plugins and telemetry, shown on translations."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.exporters.linkerd.istio import translated, written
from translator.report.model import Fate, Finding, Impact, Severity

_MANAGER = "envoy.filters.network.http_connection_manager"
_TYPES = "type.googleapis.com/envoy.extensions.filters"


def resource(group: str, kind: str, spec: dict[str, Any]) -> str:
    """A resource about the workload."""
    return yaml.safe_dump(
        {
            "apiVersion": group,
            "kind": kind,
            "metadata": {"name": "e", "namespace": "shop"},
            "spec": spec,
        }
    )


def patched(applies_to: str, operation: str, value: dict[str, Any]) -> str:
    """An EnvoyFilter with one patch of what comes in."""
    patch = {
        "applyTo": applies_to,
        "match": {
            "context": "SIDECAR_INBOUND",
            "listener": {"filterChain": {"filter": {"name": _MANAGER}}},
        },
        "patch": {"operation": operation, "value": value},
    }
    return resource("networking.istio.io/v1alpha3", "EnvoyFilter", {"configPatches": [patch]})


def told(document: str, code: str) -> tuple[Finding, set[Fate]]:
    """The one finding of this code, and the fates of what the resource says."""
    result = translated(document)
    (finding,) = [f for f in result.report.findings if f.code == code]
    kind = yaml.safe_load(document)["kind"]
    rows = [
        row for row in result.report.ledger if kind in row.resource and row.path.startswith("spec")
    ]
    assert rows
    return finding, {row.fate for row in rows}


def test_trap_linkerd_47_a_rate_limit_by_route_is_not_written_for_the_port() -> None:
    """A bucket of requests for one route has no form: Linkerd counts for a whole Server."""
    bucket = {"max_tokens": 60, "tokens_per_fill": 60, "fill_interval": "60s"}
    limit = {
        "@type": f"{_TYPES}.http.local_ratelimit.v3.LocalRateLimit",
        "token_bucket": bucket,
    }
    value = {"typed_per_filter_config": {"envoy.filters.http.local_ratelimit": limit}}
    document = patched("HTTP_ROUTE", "MERGE", value)
    finding, fates = told(document, "MM801")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert "HTTPLocalRateLimitPolicy" in finding.advice
    assert fates == {Fate.LOST}
    assert not written(translated(document), "HTTPLocalRateLimitPolicy")


@pytest.mark.parametrize(
    ("group", "kind", "spec", "code"),
    [
        ("networking.istio.io/v1alpha3", "EnvoyFilter",
         {"configPatches": [{"applyTo": "BOOTSTRAP", "patch": {"operation": "MERGE", "value": {"a": 1}}}]}, "MM801"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin",
         {"url": "oci://example.com/p:1", "pluginConfig": {"a": [1]}}, "MM801"),
        ("extensions.istio.io/v1alpha1", "TrafficExtension", {"lua": {"inlineCode": "--"}}, "MM801"),
        ("telemetry.istio.io/v1", "Telemetry", {"tracing": [{"randomSamplingPercentage": 5}]}, "MM701"),
    ],
)  # fmt: skip
def test_trap_linkerd_48_extensions_and_telemetry_are_lost_leaf_by_leaf(
    group: str, kind: str, spec: dict[str, Any], code: str
) -> None:
    """None of these kinds has a form in Linkerd; each leaf is told, and what may refuse is a blocker."""
    finding, fates = told(resource(group, kind, spec), code)
    assert fates == {Fate.LOST}
    assert (finding.severity is Severity.BLOCKER) is (code == "MM801")


def test_trap_istio_29_a_patch_of_trusted_hops_changes_who_the_client_is() -> None:
    """Rules by the client's address hang on the number of proxies trusted: gone, they may let others in."""
    value = {"typed_config": {"xff_num_trusted_hops": 2}}
    finding, fates = told(patched("NETWORK_FILTER", "MERGE", value), "MM801")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert "trusted hops" in finding.message
    assert fates == {Fate.LOST}


def test_trap_linkerd_47_the_number_is_kept_and_not_multiplied_by_pods() -> None:
    """Both meshes count for each pod: the number of replicas has no say."""
    bucket = {"max_tokens": 20, "tokens_per_fill": 20, "fill_interval": "1s"}
    share = {"default_value": {"numerator": 100}}
    limit = {
        "@type": f"{_TYPES}.http.local_ratelimit.v3.LocalRateLimit",
        "token_bucket": bucket,
        "filter_enabled": share,
        "filter_enforced": share,
    }
    value = {"name": "envoy.filters.http.local_ratelimit", "typed_config": limit}
    result = translated(patched("HTTP_FILTER", "INSERT_BEFORE", value))
    (policy,) = written(result, "HTTPLocalRateLimitPolicy")
    assert policy["spec"]["total"] == {"requestsPerSecond": 20}
