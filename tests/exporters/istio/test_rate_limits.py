"""Limits of requests as local rate limits of the proxy: the whole number, a share of it, or a blocker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.resilience import RateLimit
from tests.exporters.istio.linkerd import WEB, Tree, admits, codes, parsed, server, written
from translator import pipeline
from translator.after import as_source, in_force
from translator.pipeline import Result
from translator.registry import load_exporter, load_importer
from translator.source.load import load_text

MESHED = admits("web", "identities: ['*']")
ANYONE = admits("web", "networks: [{cidr: 0.0.0.0/0}]")


def limit(spec: str, name: str = "web") -> str:
    """A policy for the Server of that name."""
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{targetRef: {{group: policy.linkerd.io, kind: Server, name: {name}}}, {spec}}}
"""


TOTAL = limit("total: {requestsPerSecond: 100}")


def translated(*texts: str, target: str = "istio", **settings: object) -> Result:
    own = pipeline.options_of(load_text(""), "linkerd", target, settings)
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def buckets(result: Result) -> list[Tree]:
    return [settings_of(one)["token_bucket"] for one in written(result, "EnvoyFilter")]


def settings_of(document: Tree) -> Tree:
    (patch,) = document["spec"]["configPatches"]
    return patch["patch"]["value"]["typed_config"]["value"]


def kinds(result: Result) -> list[str]:
    return [str(change["kind"]) for change in result.report.verification.changes]


def test_the_filter_has_the_documented_form_and_stands_after_what_decides_on_access() -> None:
    result = translated(WEB, server(), MESHED, TOTAL)
    (document,) = written(result, "EnvoyFilter")
    assert document["metadata"]["namespace"] == "shop"
    assert document["spec"]["workloadSelector"] == parsed("{labels: {app: web}}")
    (patch,) = document["spec"]["configPatches"]
    assert patch["applyTo"] == "HTTP_FILTER"
    assert patch["match"] == parsed(
        "{context: SIDECAR_INBOUND, listener: {portNumber: 8080, filterChain: {filter: {name: "
        "envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}"
    )
    assert patch["patch"]["operation"] == "INSERT_BEFORE"
    assert buckets(result) == parsed("[{max_tokens: 100, tokens_per_fill: 100, fill_interval: 1s}]")
    assert settings_of(document)["rate_limited_as_resource_exhausted"] is True
    assert codes(result, "MM540", "MM542") == []
    assert kinds(result) == []
    assert result.report.verification.verdict == "EQUAL_EXACT"


def test_it_is_read_back_as_the_same_limit() -> None:
    text = f"{WEB}\n---\n{server()}\n---\n{MESHED}\n---\n{TOTAL}"
    result = translated(text)
    there = in_force(load_text(text), result, result.options)
    model = load_importer("istio")(there.resources, as_source(result.options)).model
    (found,) = [fact for fact in model.facts if isinstance(fact, RateLimit)]
    assert (found.requests.value, found.seconds.value, found.burst.value) == (100, 1.0, 100)
    assert [port.value.port for port in found.attachment.ports] == [8080]


def test_a_limit_that_were_read_back_otherwise_would_be_a_difference_without_an_explanation() -> (
    None
):
    text = f"{WEB}\n---\n{server()}\n---\n{MESHED}\n---\n{TOTAL}"
    own = pipeline.options_of(load_text(""), "linkerd", "istio", {})
    exporter = load_exporter("istio")

    def higher(model: object, options: object) -> object:
        export = exporter(model, options)  # type: ignore[arg-type]
        (filtered,) = [m for m in export.emission.manifests if m.kind == "EnvoyFilter"]
        bucket = settings_of(filtered.tree)["token_bucket"]
        bucket["max_tokens"] = replace(bucket["max_tokens"], value=101)
        return export

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load_exporter", lambda _: higher)
        result = pipeline.translate_loaded(load_text(text), own)
    assert kinds(result) == ["rate_raised"]
    assert set(codes(result)) == {"MM903"}


def test_callers_with_and_without_a_certificate_have_half_of_it_each() -> None:
    result = translated(WEB, server(), ANYONE, TOTAL)
    assert buckets(result) == parsed("[{max_tokens: 50, tokens_per_fill: 50, fill_interval: 1s}]")
    assert codes(result, "MM540", "MM542") == ["MM540"]
    assert kinds(result) == ["rate_lowered"]


def test_an_odd_number_is_rounded_down() -> None:
    result = translated(WEB, server(), ANYONE, limit("total: {requestsPerSecond: 7}"))
    assert [bucket["max_tokens"] for bucket in buckets(result)] == [3]


def test_one_request_a_second_cannot_be_shared_out() -> None:
    result = translated(WEB, server(), ANYONE, limit("total: {requestsPerSecond: 1}"))
    assert buckets(result) == []
    assert codes(result, "MM540", "MM542") == ["MM542"]
    assert kinds(result) == ["rate_raised"]


def test_before_1_23_buckets_that_are_filled_all_at_once_hold_half() -> None:
    result = translated(WEB, server(), MESHED, TOTAL, target="istio@1.22")
    assert [bucket["max_tokens"] for bucket in buckets(result)] == [50]
    assert codes(result, "MM540") == ["MM540"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("identity: {requestsPerSecond: 20}", ["MM542"]),
        ("identity: {requestsPerSecond: 100}", ["MM540"]),
        (
            "overrides: [{requestsPerSecond: 25, clientRefs: [{kind: ServiceAccount, name: a}]}]",
            ["MM542"],
        ),
    ],
)
def test_limits_of_single_callers_are_lost_unless_that_of_all_is_no_higher(
    more: str, told: list[str]
) -> None:
    result = translated(WEB, server(), MESHED, limit(f"total: {{requestsPerSecond: 100}}, {more}"))
    assert [bucket["max_tokens"] for bucket in buckets(result)] == [100]
    assert codes(result, "MM540", "MM542") == told
    blocking = [f for f in result.report.findings if f.code == "MM542"]
    assert all(f.severity == "blocker" and f.impact == "LOOSER" for f in blocking)
    assert kinds(result) == (["rate_raised"] if told == ["MM542"] else [])


def test_a_limit_of_each_caller_alone_has_no_word() -> None:
    result = translated(WEB, server(), MESHED, limit("identity: {requestsPerSecond: 20}"))
    assert buckets(result) == []
    assert codes(result, "MM542") == ["MM542"]


def test_agents_of_nodes_count_no_requests() -> None:
    result = translated(WEB, server(), MESHED, TOTAL, profile="ambient")
    assert buckets(result) == []
    assert codes(result, "MM542") == ["MM542"]


def test_a_port_by_name_is_that_of_the_pods() -> None:
    result = translated(WEB, server(port="http"), MESHED, TOTAL)
    (document,) = written(result, "EnvoyFilter")
    assert document["metadata"]["name"] == "web-8080-rate-limit"


def test_pods_without_the_name_have_no_limit_on_its_number() -> None:
    till = WEB.replace("name: web", "name: till").replace("app: web", "app: till")
    either = "{matchExpressions: [{key: app, operator: In, values: [till, web]}]}"
    both = server(port="http").replace("{matchLabels: {app: web}}", either)
    result = translated(
        WEB, till.replace("name: http, container", "container"), both, MESHED, TOTAL
    )
    (document,) = written(result, "EnvoyFilter")
    assert document["spec"]["workloadSelector"] == parsed("{labels: {app: web}}")
    assert codes(result) == []


@pytest.mark.parametrize("complete", [True, False])
def test_pods_of_a_namespace_without_the_name_are_limited_only_where_others_may_have_it(
    *, complete: bool
) -> None:
    """What is not in the input may have the name: a limit is better on too many pods than on too few."""
    till = WEB.replace("name: web", "name: till").replace("app: web", "app: till")
    all_pods = server(port="http").replace("{matchLabels: {app: web}}", "{}")
    result = translated(
        WEB,
        till.replace("name: http, container", "container"),
        all_pods,
        MESHED,
        TOTAL,
        complete=complete,
    )
    (document,) = written(result, "EnvoyFilter")
    alone = parsed("{labels: {app: web}}") if complete else None
    assert document["spec"].get("workloadSelector") == alone
    assert codes(result, "MM540", "MM904") == ([] if complete else ["MM540"])
    assert kinds(result) == ([] if complete else ["rate_lowered"])


def test_a_port_that_no_pod_has_cannot_be_named() -> None:
    result = translated(WEB, server(port="grpc"), MESHED, TOTAL)
    assert buckets(result) == []
    assert codes(result, "MM542") == ["MM542"]


def test_a_port_that_no_service_has_is_in_no_chain_of_its_own() -> None:
    result = translated(WEB, server(port=9090), MESHED, TOTAL)
    assert buckets(result) == []
    assert codes(result, "MM542") == ["MM542"]


def test_a_port_that_is_passed_on_as_bytes_is_not_limited() -> None:
    web = WEB.replace("{name: http, port: 80", "{name: tcp-http, port: 80")
    result = translated(web, server(), MESHED, TOTAL)
    assert buckets(result) == []
    assert "MM542" in codes(result, "MM542")
    assert "rate_raised" in kinds(result)


def test_without_a_service_in_the_input_it_is_taken_for_granted() -> None:
    alone = WEB.partition("---")[0]
    result = translated(alone, server(), MESHED, TOTAL)
    assert len(buckets(result)) == 1
    assert any("limit of requests" in text for text in result.report.assumptions)


def test_pods_of_an_older_server_are_limited_too() -> None:
    older = server("admin", labels="{app: web, tier: admin}").replace(
        "name: admin,", 'name: admin, creationTimestamp: "2020-01-01T00:00:00Z",'
    )
    younger = server().replace(
        "name: web,", 'name: web, creationTimestamp: "2024-01-01T00:00:00Z",', 1
    )
    pods = WEB.partition("---")[0]
    admin = pods.replace("name: web,", "name: admin,", 1).replace(
        "labels: {app: web}}", "labels: {app: web, tier: admin}}"
    )
    result = translated(WEB, admin, older, younger, MESHED, TOTAL)
    told = [f.message for f in result.report.findings if f.code == "MM540"]
    assert len(told) == 1
    assert "Deployment/shop/admin" in told[0]
    assert codes(result) == []


def test_health_checks_count_no_more() -> None:
    web = WEB.replace(
        "image: web,", "image: web, readinessProbe: {httpGet: {port: http, path: /}},"
    )
    result = translated(web, server(), MESHED, TOTAL)
    assert codes(result, "MM543") == ["MM543"]
