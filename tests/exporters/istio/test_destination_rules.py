"""What clients do about the endpoints of a Service as one DestinationRule for its host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.model import Model
from tests.exporters.istio.linkerd import Tree, codes, parsed, translated, written
from tests.importers.cilium.envoy import usual
from translator import pipeline
from translator.api import Export, Options
from translator.pipeline import Result
from translator.registry import load_exporter
from translator.source.load import load_text

ACCRUAL = "balancer.linkerd.io/failure-accrual"


def service(name: str, *words: str, ports: str = "{name: http, port: 80}") -> str:
    """A Service with the annotations of failure accrual; without ``words`` it has none."""
    said = "".join(f", {ACCRUAL}-consecutive-{word}" for word in words if word)
    annotations = f", annotations: {{{ACCRUAL}: consecutive{said}}}" if words else ""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop{annotations}}}
spec: {{selector: {{app: {name}}}, ports: [{ports}]}}
"""


def route(*backends: str) -> str:
    """A route of the Service ``api`` to these."""
    goals = ", ".join(f"{{name: {name}, port: 80}}" for name in backends)
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: api, namespace: shop}}
spec:
  parentRefs: [{{group: "", kind: Service, name: api, port: 80}}]
  rules: [{{backendRefs: [{goals}]}}]
"""


def there(name: str, space: str, host: str) -> str:
    """A DestinationRule that is in the input already."""
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: {space}}}
spec: {{host: "{host}", trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: 3}}}}}}}}
"""


def policies(result: Result) -> dict[str, Tree]:
    """The traffic policies that are written, by host."""
    rules = written(result, "DestinationRule")
    hosts = [rule["spec"]["host"] for rule in rules]
    assert len(hosts) == len(set(hosts)), "one rule for a host"
    return {rule["spec"]["host"].partition(".")[0]: rule["spec"]["trafficPolicy"] for rule in rules}


def kinds(result: Result) -> dict[str, list[str]]:
    """The changes that the proof finds with the codes that explain them."""
    found: dict[str, list[str]] = {}
    for change in result.report.verification.changes:
        codes_of = change["explained_by"]
        assert isinstance(codes_of, list)
        found[f"{change['slice']} {change['kind']}".removeprefix("Service/shop/")] = codes_of
    return found


def told(result: Result, code: str) -> str:
    return " ".join(f.message for f in result.report.findings if f.code == code)


def test_the_numbers_are_those_of_the_source_and_what_they_mean_besides_is_told() -> None:
    result = translated(service("api", 'max-failures: "3"', "min-penalty: 2s", "max-penalty: 40s"))
    assert policies(result) == parsed(
        "{api: {outlierDetection: {consecutive5xxErrors: 3, interval: 2s, baseEjectionTime: 2s, maxEjectionPercent: 100}}}"
    )
    assert kinds(result) == {
        "api port 80: failing endpoints ejection_longest": ["MM334"],
        "api port 80: failing endpoints ejection_manner": ["MM304"],
    }
    assert "300 s at most instead of 40 s" in told(result, "MM334")
    assert codes(result, "MM331") == []


def test_a_longest_time_that_is_the_targets_is_no_difference() -> None:
    result = translated(service("api", "max-penalty: 5m"))
    assert list(kinds(result)) == ["api port 80: failing endpoints ejection_manner"]
    assert codes(result, "MM334") == []


def test_the_defaults_of_the_source_are_written_out() -> None:
    found = policies(translated(service("api", "")))["api"]["outlierDetection"]
    assert (found["consecutive5xxErrors"], found["baseEjectionTime"]) == (7, "1s")


def test_another_number_of_failures_in_the_output_is_a_difference_without_an_explanation() -> None:
    exporter = load_exporter("istio")

    def other(model: Model, options: Options) -> Export:
        export = exporter(model, options)
        (rule,) = [m for m in export.emission.manifests if m.kind == "DestinationRule"]
        spec: Tree = rule.tree["spec"]
        block = spec["trafficPolicy"]["outlierDetection"]
        block["consecutive5xxErrors"] = replace(block["consecutive5xxErrors"], value=8)
        return export

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load_exporter", lambda _: other)
        result = translated(service("api", ""))
    assert kinds(result) == {"api port 80: failing endpoints ejection": []}
    assert codes(result) == ["MM904"]


def test_the_rule_of_who_is_addressed_is_that_of_each_service_to_which_it_leads() -> None:
    result = translated(service("api", ""), service("v1"), service("v2"), route("v1", "v2"))
    assert set(policies(result)) == {"v1", "v2"}
    assert "Service/shop/v1 that are sent to Service/shop/v1" in told(result, "MM331")
    assert kinds(result)["v1 port 80: failing endpoints ejection"] == ["MM331"]
    assert codes(result) == []


def test_the_own_rule_of_endpoints_goes_before_that_of_who_leads_to_them() -> None:
    result = translated(service("api", ""), service("v1", 'max-failures: "2"'), route("api", "v1"))
    found = policies(result)
    assert found["api"]["outlierDetection"]["consecutive5xxErrors"] == 7
    assert found["v1"]["outlierDetection"]["consecutive5xxErrors"] == 2
    assert "Service/shop/api that are sent to Service/shop/v1" in told(result, "MM331")
    assert codes(result) == []


def test_what_a_rule_means_besides_is_told_of_all_that_say_the_same_of_the_endpoints() -> None:
    """It was told of the endpoints' own alone, and those who lead there had no finding (MM904)."""
    result = translated(service("api", ""), service("v1", ""), route("v1"))
    assert codes(result) == []
    for kind in ("longest", "manner"):
        assert kinds(result)[f"api port 80: failing endpoints ejection_{kind}"] != []


@pytest.mark.parametrize(
    ("space", "host"),
    [
        ("shop", "api"),
        ("shop", "api.shop.svc.cluster.local"),
        ("shop", "*.shop.svc.cluster.local"),
        ("istio-system", "*.local"),
    ],
)
def test_nothing_is_written_beside_a_rule_of_the_input_that_holds_for_the_host(
    space: str, host: str
) -> None:
    result = translated(service("api", ""), there("x", space, host))
    assert written(result, "DestinationRule") == []
    assert f"DestinationRule/{space}/x" in told(result, "MM331")
    assert codes(result) == []


def test_a_rule_in_the_clients_namespace_goes_before_the_new_one() -> None:
    result = translated(service("api", ""), there("x", "web", "api.shop.svc.cluster.local"))
    assert set(policies(result)) == {"api"}
    assert "clients in web go by DestinationRule/web/x" in told(result, "MM331")
    assert codes(result) == []


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    result = translated(service("api", ""), there("api", "shop", "other"))
    (rule,) = written(result, "DestinationRule")
    assert rule["metadata"]["name"] == "api-2"


def test_ports_that_are_no_http_are_told() -> None:
    result = translated(
        service("api", "", ports="{name: http, port: 80}, {name: tcp-sync, port: 9000}")
    )
    assert "not HTTP too: 9000" in told(result, "MM331")


def test_an_endpoint_that_is_out_for_no_time_cannot_be_said() -> None:
    result = translated(service("api", 'min-penalty: "0"'))
    assert written(result, "DestinationRule") == []
    assert "no time that the target could measure" in told(result, "MM331")
    assert codes(result) == []


def test_agents_of_nodes_leave_no_endpoint_out() -> None:
    result = translated(service("api", ""), profile="ambient")
    assert written(result, "DestinationRule") == []
    assert "agents of nodes do not heed it" in told(result, "MM331")
    assert codes(result) == []


PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: api.shop.svc.cluster.local, namespace: shop}
spec:
  retryBudget: {retryRatio: %s, minRetriesPerSecond: %s, ttl: 20s}
  routes: [{name: r, condition: {method: GET, pathRegex: /a}, isRetryable: true}]
"""


def test_a_budget_is_written_with_what_it_counts_told() -> None:
    result = translated(service("api"), PROFILE % ("0.125", 5))
    assert policies(result) == parsed(
        "{api: {retryBudget: {percent: 12.5, minRetryConcurrency: 5, budgetInterval: 20s}}}"
    )
    assert "may be under way at once" in told(result, "MM302")


def test_a_budget_of_nothing_at_least_is_one() -> None:
    found = policies(translated(service("api"), PROFILE % ("0.2", 0)))
    assert found["api"]["retryBudget"]["minRetryConcurrency"] == 1


def test_more_tries_than_requests_cannot_be_said() -> None:
    result = translated(service("api"), PROFILE % ("1.5", 5))
    assert written(result, "DestinationRule") == []
    assert "more further tries than requests" in told(result, "MM302")


# --- Gateway API ------------------------------------------------------------------------------------


def of_routes(
    *texts: str, target: str = "istio", source: str = "gateway-api@1.6+experimental"
) -> Result:
    own = pipeline.options_of(load_text(""), source, target, {})
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


def policy(spec: str) -> str:
    return f"""
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {{name: p, namespace: shop}}
spec: {{targetRefs: [{{group: "", kind: Service, name: api}}], {spec}}}
"""


def test_a_session_and_a_budget_are_blocks_of_one_rule() -> None:
    result = of_routes(
        service("api"),
        policy(
            "sessionPersistence: {cookie: {name: sid}}, retryConstraint: {budget: {percent: 30}}"
        ),
    )
    assert policies(result)["api"] == parsed(
        "{retryBudget: {percent: 30, minRetryConcurrency: 10, budgetInterval: 10s}, "
        "loadBalancer: {consistentHash: {httpCookie: {name: sid, path: /, ttl: 0s}}}}"
    )
    assert "kept by the hash" in told(result, "MM306")


@pytest.mark.parametrize(
    ("session", "cookie"),
    [
        ("cookie: {path: /x}", "{name: api-session, path: /x, ttl: 0s}"),
        (
            "cookie: {name: a, lifetimeType: Permanent}, absoluteTimeout: 2h",
            "{name: a, path: /, ttl: 2h}",
        ),
        ("cookie: {name: a}, absoluteTimeout: 2h", "{name: a, path: /, ttl: 0s}"),
    ],
)
def test_a_cookie_lives_as_long_as_it_did(session: str, cookie: str) -> None:
    result = of_routes(service("api"), policy(f"sessionPersistence: {{{session}}}"))
    balancer = policies(result)["api"]["loadBalancer"]
    assert balancer["consistentHash"]["httpCookie"] == parsed(cookie)
    ends = "absoluteTimeout" in session and "Permanent" not in session
    assert ("do not end by themselves: after 2h" in told(result, "MM306")) is ends


def test_a_header_that_the_client_must_be_given_has_no_form() -> None:
    result = of_routes(
        service("api"), policy("sessionPersistence: {type: Header, header: {name: x}}")
    )
    assert written(result, "DestinationRule") == []
    assert "gives it none" in told(result, "MM306")


def test_versions_before_1_27_have_no_budget() -> None:
    result = of_routes(
        service("api"),
        policy("retryConstraint: {budget: {percent: 30}}"),
        target="istio@1.26",
    )
    assert written(result, "DestinationRule") == []
    (finding,) = [f for f in result.report.findings if f.code == "MM302"]
    assert finding.support == "VERSION"


def test_a_session_of_a_route_that_leads_elsewhere_is_not_kept() -> None:
    sessions = "backendRefs: [{name: v1, port: 80}], sessionPersistence: {cookie: {name: sid}}"
    text = route("v1").replace("backendRefs: [{name: v1, port: 80}]", sessions)
    result = of_routes(service("api"), service("v1"), text)
    assert written(result, "DestinationRule") == []
    assert "the endpoints of other services" in told(result, "MM306")
    own = of_routes(service("api"), text.replace("name: v1", "name: api"))
    assert policies(own)["api"]["loadBalancer"]["consistentHash"]["httpCookie"]["name"] == "sid"


TLS = """
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: tls, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: api}]
  validation: {wellKnownCACertificates: System, hostname: api.example}
"""


def tls(result: Result) -> list[tuple[str, str, str]]:
    return [(f.severity, f.impact, f.support) for f in result.report.findings if f.code == "MM405"]


def test_a_policy_for_tls_stays_and_is_heeded_since_1_28() -> None:
    assert tls(of_routes(service("api"), TLS)) == [("info", "NONE", "PARTIAL")]
    old = of_routes(service("api"), TLS, target="istio@1.27")
    assert tls(old) == [("high", "DIFFERENT", "VERSION")]
    assert "does not heed it" in told(old, "MM405")
    assert all(row.fate == "carried" for row in old.report.ledger if "TLSPolicy" in row.resource)


def test_clients_that_come_from_another_mesh_begin_to_heed_it() -> None:
    result = of_routes(service("api"), TLS, source="cilium")
    assert tls(result) == [("medium", "DIFFERENT", "PARTIAL")]
    assert "begin to heed it" in told(result, "MM405")
    assert tls(of_routes(service("api"), source="cilium")) == []


def test_before_1_31_no_rule_is_written_beside_a_policy_for_tls() -> None:
    text = policy("retryConstraint: {budget: {percent: 30}}")
    assert set(policies(of_routes(service("api"), text, TLS))) == {"api"}
    old = of_routes(service("api"), text, TLS, target="istio@1.30")
    assert written(old, "DestinationRule") == []
    assert "BackendTLSPolicy/shop/tls" in told(old, "MM302")


# --- Cilium -----------------------------------------------------------------------------------------


def test_the_rule_of_a_nodes_proxy_keeps_all_its_numbers() -> None:
    found = {
        "consecutive_5xx": 4,
        "consecutive_gateway_failure": 2,
        "enforcing_consecutive_gateway_failure": 100,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "interval": "7s",
        "base_ejection_time": "9s",
        "max_ejection_percent": 40,
        "enforcing_success_rate": 0,
    }
    result = usual(outlier_detection=found).to("istio")
    assert policies(result)["api"]["outlierDetection"] == parsed(
        "{consecutive5xxErrors: 4, consecutiveGatewayErrors: 2, splitExternalLocalOriginErrors: true, "
        "consecutiveLocalOriginFailures: 3, interval: 7s, baseEjectionTime: 9s, maxEjectionPercent: 40, "
        "minHealthPercent: 50}"
    )
    assert "by the proxy of each client" in told(result, "MM304")
    assert [kind for kind in kinds(result) if "ejection" in kind] == []
    assert {row.fate for row in result.report.ledger}.isdisjoint({"stranded", "dropped"})


def test_a_budget_of_what_is_under_way_is_the_same_there() -> None:
    thresholds = [{"priority": "DEFAULT", "retry_budget": {"budget_percent": {"value": 30}}}]
    result = usual(circuit_breakers={"thresholds": thresholds}).to("istio")
    assert policies(result)["api"]["retryBudget"] == parsed("{percent: 30, minRetryConcurrency: 3}")
    assert "under way at once" not in told(result, "MM302")
