"""EnvoyFilter, plugins and Telemetry: read whole, and taken for no more than their form says."""

from __future__ import annotations

import pytest
import yaml

from ir.opaque import Column, Intent, Opaque
from tests.translation import to_linkerd
from translator.importers.istio.envoy.intent import EVERYTHING, Patch, intent_of
from translator.pipeline import Result
from translator.report.model import Fate, Impact, Severity


def extension(kind: str, group: str, spec: object) -> str:
    """A resource of this kind."""
    return yaml.safe_dump(
        {
            "apiVersion": f"{group}.istio.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "x", "namespace": "shop"},
            "spec": spec,
        }
    )


def envoy(*patches: object) -> Result:
    """An EnvoyFilter with these patches, to Linkerd."""
    spec = {
        "workloadSelector": {"labels": {"app": "api"}},
        "priority": 5,
        "configPatches": [*patches],
    }
    return to_linkerd(extension("EnvoyFilter", "networking", spec))


def inserted(name: str, kind: str) -> Patch:
    """A filter of this name and type that is put in."""
    typed = {"@type": f"type.googleapis.com/envoy.extensions.filters.http.{kind}"}
    return Patch("HTTP_FILTER", "INSERT_BEFORE", "", {"name": name, "typed_config": typed})


@pytest.mark.parametrize(
    ("patch", "intent"),
    [
        (inserted("a", "local_ratelimit.v3.LocalRateLimit"), Intent.LOCAL_RATE_LIMIT),
        (inserted("a", "ratelimit.v3.RateLimit"), Intent.GLOBAL_RATE_LIMIT),
        (inserted("a", "ext_authz.v3.ExtAuthz"), Intent.EXTERNAL_AUTHORIZATION),
        (inserted("a", "lua.v3.Lua"), Intent.SCRIPT),
        (inserted("a", "rbac.v3.RBAC"), Intent.ACCESS_RULES),
        (inserted("a", "jwt_authn.v3.JwtAuthentication"), Intent.TOKEN_CHECK),
        (inserted("a", "header_mutation.v3.HeaderMutation"), Intent.HEADER_CHANGE),
        (inserted("a", "unheard_of.v3.Thing"), Intent.OTHER),
        (Patch("HTTP_FILTER", "INSERT_FIRST", "", {"name": "envoy.lua"}), Intent.SCRIPT),
        (Patch("CLUSTER", "ADD", "", {"name": "lua_cluster"}), Intent.DESTINATION),
        (Patch("HTTP_FILTER", "REMOVE", "envoy.filters.http.cors", None), Intent.REMOVAL),
        (
            Patch("NETWORK_FILTER", "MERGE", "envoy.filters.network.http_connection_manager",
                  {"typed_config": {"common_http_protocol_options": {"idle_timeout": "30s"}}}),
            Intent.TIME_LIMIT,
        ),
        (Patch("NETWORK_FILTER", "MERGE", "", {"typedConfig": {"normalizePath": False}}), Intent.PATH_FORM),
        (Patch("CLUSTER", "MERGE", "", {"upstream_connection_options": {}}), Intent.KEEP_ALIVE),
        (Patch("VIRTUAL_HOST", "MERGE", "", {"rate_limits": []}), Intent.GLOBAL_RATE_LIMIT),
        (Patch("HTTP_ROUTE", "MERGE", "", {"typed_per_filter_config": {"envoy.filters.http.local_ratelimit": {}}}),
         Intent.LOCAL_RATE_LIMIT),
    ],
)  # fmt: skip
def test_a_patch_is_known_by_its_form(patch: Patch, intent: Intent) -> None:
    assert intent_of(patch)[0] is intent


def test_the_type_of_a_filter_counts_more_than_its_name() -> None:
    assert intent_of(inserted("envoy.filters.http.cors", "lua.v3.Lua"))[0] is Intent.SCRIPT


def test_what_is_not_known_may_touch_everything() -> None:
    logs = Patch("NETWORK_FILTER", "MERGE", "", {"typed_config": {"access_log": []}})
    both = Patch("NETWORK_FILTER", "MERGE", "", {"typed_config": {"access_log": [], "new": 1}})
    assert intent_of(logs) == (Intent.LOG, (Column.TELEMETRY,))
    assert intent_of(both) == (Intent.OTHER, EVERYTHING)


def test_several_intents_touch_the_columns_of_all() -> None:
    value = {"typed_config": {"access_log": [], "stream_idle_timeout": "5s"}}
    _, columns = intent_of(Patch("NETWORK_FILTER", "MERGE", "", value))
    assert columns == (Column.RESILIENCE, Column.TELEMETRY)


PATCH = {
    "applyTo": "HTTP_FILTER",
    "match": {
        "context": "SIDECAR_INBOUND",
        "listener": {"filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}},
    },
    "patch": {
        "operation": "INSERT_BEFORE",
        "value": {
            "name": "envoy.filters.http.ext_authz",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"
            },
        },
    },
}  # fmt: skip


def test_a_patch_that_may_refuse_is_a_blocker_once_it_is_gone() -> None:
    result = envoy(PATCH)
    (finding,) = [f for f in result.report.findings if f.code == "MM801"]
    assert (finding.severity, finding.impact) == (Severity.BLOCKER, Impact.LOOSER)
    assert "external authorization: 1 piece" in finding.message
    assert "Ask the service in an ingress" in finding.advice
    (fact,) = [f for f in result.model.facts if isinstance(f, Opaque)]
    assert fact.attachment is not None
    assert fact.attachment.subject.labels is not None


def test_every_leaf_of_a_patch_is_lost_and_none_is_unread() -> None:
    result = envoy(PATCH, {**PATCH, "unheardOf": 1})
    fates = {row.path: row.fate for row in result.report.ledger if row.path.startswith("spec")}
    assert fates.pop("spec.configPatches[1].unheardOf") is Fate.UNREAD
    assert set(fates.values()) == {Fate.LOST}


def test_a_log_is_no_more_than_low() -> None:
    logs = {"typed_config": {"access_log": [{"name": "a"}]}}
    patch = {"applyTo": "NETWORK_FILTER", "patch": {"operation": "MERGE", "value": logs}}
    (finding,) = [f for f in envoy(patch).report.findings if f.code == "MM801"]
    assert (finding.severity, finding.impact) == (Severity.LOW, Impact.NONE)


@pytest.mark.parametrize(
    ("phase", "impact"),
    [("AUTHZ", Impact.LOOSER), ("STATS", Impact.DIFFERENT), (None, Impact.LOOSER)],
)
def test_a_plugin_may_touch_what_its_phase_allows(phase: str | None, impact: Impact) -> None:
    spec = {"url": "oci://example.com/p:1", "pluginConfig": {"secret": "hush"}, "phase": phase}
    result = to_linkerd(extension("WasmPlugin", "extensions", spec))
    (finding,) = [f for f in result.report.findings if f.code == "MM801"]
    assert finding.impact is impact
    assert "hush" not in finding.message + finding.advice + finding.why


def test_a_script_of_a_traffic_extension_is_a_script() -> None:
    spec = {"lua": {"inlineCode": "function envoy_on_request(h) end"}}
    result = to_linkerd(extension("TrafficExtension", "extensions", spec))
    assert [f.intent for f in result.model.facts if isinstance(f, Opaque)] == [Intent.SCRIPT]


def test_telemetry_is_one_finding_an_aspect() -> None:
    spec = {
        "accessLogging": [{"providers": [{"name": "envoy"}]}, {"disabled": True}],
        "tracing": [{"randomSamplingPercentage": 5.0}],
        "metrics": [],
    }
    result = to_linkerd(extension("Telemetry", "telemetry", spec))
    told = [f for f in result.report.findings if f.code == "MM701"]
    assert sorted(f.message.partition(":")[0] for f in told) == ["access logs", "traces"]
    assert {f.severity for f in told} == {Severity.LOW}
    fates = {row.path: row.fate for row in result.report.ledger if row.path.startswith("spec")}
    assert set(fates.values()) == {Fate.LOST}


def test_an_empty_resource_says_nothing() -> None:
    result = to_linkerd(extension("Telemetry", "telemetry", {}))
    fates = {row.path: row.fate for row in result.report.ledger}
    assert fates["spec"] is Fate.INERT
