"""Faults that configurations drawn at random brought to light, each by the smallest input that shows it."""

from __future__ import annotations

from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Fate, Impact

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, ports: [{containerPort: 9000}]%s}]}
---
"""
API = POD % ""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [%s]}
---
"""


def policy(rest: str, kind: str = "AuthorizationPolicy") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: {kind}
metadata: {{name: p, namespace: shop}}
spec: {rest}
"""


def routes(http: str, namespace: str = "shop", more: str = "") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: routes, namespace: {namespace}}}
spec: {{hosts: [api.shop.svc.cluster.local], http: [{http}]{more}}}
"""


def told(result: Result, code: str) -> set[Impact]:
    return {finding.impact for finding in result.report.findings if finding.code == code}


def servers(result: Result) -> set[object]:
    found = (dict(value) for value in result.manifests)
    return {one["metadata"]["name"] for one in found if one["kind"] == "Server"}  # type: ignore[index]


def test_a_port_that_peer_authentication_names_has_a_server_though_nobody_declares_it() -> None:
    strict = "{selector: {matchLabels: {app: api}}, portLevelMtls: {8080: {mode: STRICT}}}"
    result = translated(API + policy(strict, "PeerAuthentication"), "istio", "linkerd")
    assert faults(result) == []
    assert servers(result) == {"api-8080"}


def test_a_mode_of_one_port_that_the_default_says_already_is_absorbed() -> None:
    modes = "{mtls: {mode: STRICT}, selector: {matchLabels: {app: api}}, portLevelMtls: {9000: {mode: STRICT}}}"
    result = translated(API + policy(modes, "PeerAuthentication"), "istio", "linkerd")
    assert faults(result) == []
    row = next(r for r in result.report.ledger if r.path == "spec.portLevelMtls.9000.mode")
    assert row.fate is Fate.ABSORBED


def test_a_port_that_a_refusal_leaves_out_stays_open_though_nobody_declares_it() -> None:
    rule = "{action: DENY, rules: [{to: [{operation: {notPorts: ['8080']}}]}]}"
    result = translated(API + policy(rule), "istio", "linkerd")
    assert faults(result) == []
    assert "api-8080" in servers(result)


def test_ports_that_nobody_declares_are_told_to_be_shut_where_rules_only_refuse() -> None:
    rule = "{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}"
    result = translated(API + policy(rule), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM412") == {Impact.STRICTER}


def test_callers_of_other_trust_domains_that_no_longer_come_in_are_told_once_of_all_ports() -> None:
    rule = "{action: DENY, rules: [{from: [{source: {notPrincipals: [a.example/ns/x/sa/y]}}]}]}"
    assert faults(translated(API + policy(rule), "istio", "linkerd")) == []


def test_health_checks_by_address_are_told_where_rules_only_refuse() -> None:
    probed = POD % ", readinessProbe: {httpGet: {port: 9000, path: /ready}}"
    result = translated(probed + policy("{action: DENY, rules: [{}]}"), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM411") == {Impact.LOOSER}


def test_health_checks_are_no_exception_where_refusals_are_of_other_paths() -> None:
    probed = POD % ", readinessProbe: {httpGet: {port: 9000, path: /ready}}"
    rule = "{action: DENY, rules: [{to: [{operation: {paths: [/admin]}}]}]}"
    result = translated(probed + policy(rule), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM411") == set()


def test_a_probe_without_a_slash_asks_for_the_path_with_one() -> None:
    probed = POD % ", readinessProbe: {httpGet: {port: 9000, path: ready}}"
    result = translated(probed + policy("{action: DENY, rules: [{}]}"), "istio", "linkerd")
    assert [p.path for w in result.model.inventory.workloads for p in w.probes] == ["/ready"]


def test_http_routes_hold_on_no_port_that_is_taken_for_bytes() -> None:
    service = SERVICE % "{name: http, port: 80}, {name: tcp-raw, port: 9000}"
    result = translated(
        API + service + routes("{redirect: {authority: other.example.com}}"), "istio", "linkerd"
    )
    assert faults(result) == []
    changes = result.report.verification.changes
    assert [c for c in changes if c["kind"] == "rerouted"] == []


def test_a_table_that_is_not_written_lets_in_what_its_answers_refused() -> None:
    """The answer alone is nobody's loss while the table stays; without the table it is."""
    rules = (
        "{match: [{uri: {exact: /a}}], route: [{destination: {host: api.shop.svc.cluster.local, subset: none}}]}, "
        "{directResponse: {status: 403}}"
    )
    result = translated(routes(rules), "istio", "linkerd")
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM203")


def test_a_rule_for_some_clients_that_goes_is_stricter_where_no_other_takes_its_requests() -> None:
    rules = (
        "{match: [{sourceNamespace: shop}], route: [{destination: {host: api.shop.svc.cluster.local}}]}, "
        "{match: [{uri: {exact: /a}}], redirect: {uri: /b}}"
    )
    result = translated(routes(rules), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM208") == {Impact.STRICTER}


def test_a_rule_that_fails_every_request_refuses_them() -> None:
    rules = (
        "{match: [{withoutHeaders: {x-team: {}}}], route: [{destination: {host: api.shop.svc.cluster.local}}], "
        "fault: {abort: {httpStatus: 503, percentage: {value: 100}}}}"
    )
    result = translated(routes(rules), "istio", "linkerd")
    assert faults(result) == []
    assert Impact.LOOSER in {finding.impact for finding in result.report.findings}


def test_what_is_left_of_a_grant_of_requests_lets_no_other_connections_in() -> None:
    """In Istio a rule with a test on HTTP grants nothing on raw connections, whichever alternative they would meet."""
    rule = "{rules: [{from: [{source: {requestPrincipals: ['*']}}, {source: {ipBlocks: [10.1.0.0/16]}}]}]}"
    result = translated(API + policy(rule), "istio", "linkerd")
    assert faults(result) == []
    changes = result.report.verification.changes
    assert [c for c in changes if c["kind"] == "newly_allowed"] == []


def test_a_refusal_that_had_to_be_made_wider_explains_who_is_refused_by_it() -> None:
    rule = "{action: DENY, rules: [{when: [{key: request.auth.audiences, values: [shop]}]}]}"
    result = translated(API + policy(rule), "istio", "linkerd")
    assert faults(result) == []
    assert Impact.STRICTER in told(result, "MM403")


def test_a_rule_on_failing_endpoints_for_some_that_is_that_for_all_is_counted_otherwise_too() -> (
    None
):
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ends, namespace: %s}
spec: {host: api.shop.svc.cluster.local, trafficPolicy: {outlierDetection: {}}}
---
"""
    service = SERVICE % "{name: http, port: 80}"
    assert faults(translated(service + rule % "dev" + rule % "shop", "istio", "linkerd")) == []


def test_methods_without_a_name_in_the_target_are_refused_where_no_other_rule_takes_them() -> None:
    rule = "{match: [{method: {prefix: P}}], route: [{destination: {host: api.shop.svc.cluster.local}}]}"
    service = SERVICE % "{name: http, port: 80}"
    result = translated(service + routes(rule), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM201") == {Impact.STRICTER}


def test_failing_endpoints_stay_in_on_ports_that_are_taken_for_bytes() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ends, namespace: shop}
spec: {host: api.shop.svc.cluster.local, trafficPolicy: {outlierDetection: {}}}
---
"""
    service = SERVICE % "{name: http, port: 80}, {name: tcp-raw, port: 9000}"
    result = translated(service + rule, "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM331") == {Impact.DIFFERENT}


# --- to Cilium -----------------------------------------------------------------------------------


def test_a_rule_for_any_method_keeps_its_leaf_in_an_empty_rule_for_requests() -> None:
    result = translated(
        policy("{rules: [{to: [{operation: {methods: ['*']}}]}]}"), "istio", "cilium"
    )
    assert faults(result) == []


def test_requests_without_a_host_are_no_reason_to_let_in_any_host() -> None:
    """What is left when every host is refused is the empty one, and an empty host means any to Cilium."""
    rule = "{action: DENY, rules: [{to: [{operation: {hosts: ['*']}}]}]}"
    result = translated(API + policy(rule), "istio", "cilium")
    assert faults(result) == []
    assert "host: ''" not in "".join(document.text for document in result.documents)


def test_ports_that_refusals_leave_nothing_of_keep_their_leaves() -> None:
    rule = (
        "{action: DENY, rules: [{to: [{operation: {ports: ['9000', '8080'], methods: [GET]}}]}, "
        "{to: [{operation: {ports: ['8080']}}]}]}"
    )
    assert faults(translated(API + policy(rule), "istio", "cilium")) == []


def test_pods_whose_namespace_asks_for_no_proxy_are_told_to_be_left_out_of_rules_for_the_mesh() -> (
    None
):
    spaces = """
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
"""
    wide = policy("{}").replace("namespace: shop", "namespace: istio-system")
    result = translated(spaces + API + wide, "istio", "cilium")
    assert faults(result) == []
    assert Impact.LOOSER in told(result, "MM412")


def test_an_alternative_of_an_answer_that_goes_lets_its_requests_on() -> None:
    rules = (
        "{match: [{uri: {exact: /a}}, {scheme: {exact: http}}], directResponse: {status: 503}}, "
        "{route: [{destination: {host: api.shop.svc.cluster.local}}]}"
    )
    service = SERVICE % "{name: http, port: 80}"
    result = translated(service + routes(rules), "istio", "gateway-api")
    assert faults(result) == []
    assert Impact.LOOSER in {finding.impact for finding in result.report.findings}


def test_whoever_comes_in_where_nothing_is_guarded_is_told_whatever_proved_him_before() -> None:
    rule = "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}"
    assert faults(translated(API + policy(rule), "istio", "gateway-api")) == []


# --- from Istio to Istio -------------------------------------------------------------------------


def test_an_alternative_of_a_rule_for_requests_lets_no_other_connections_in() -> None:
    rule = "{rules: [{to: [{operation: {paths: [/a]}}, {operation: {ports: ['9000']}}]}]}"
    result = translated(API + policy(rule), "istio", "istio")
    assert faults(result) == []
    (written,) = (one["spec"] for one in result.manifests)
    assert {"operation": {"methods": ["*"], "ports": ["9000"]}} in [
        rule["to"][0]
        for rule in written["rules"]  # type: ignore[index]
    ]


def test_two_conditions_on_the_port_are_both_kept() -> None:
    rule = (
        "{action: DENY, rules: [{to: [{operation: {ports: ['9000']}}], "
        "when: [{key: destination.port, values: ['8080']}]}]}"
    )
    result = translated(API + policy(rule), "istio", "istio")
    assert faults(result) == []
    (written,) = (one["spec"] for one in result.manifests)
    (only,) = written["rules"]  # type: ignore[index]
    assert only["to"] == [{"operation": {"ports": ["9000"]}}]
    assert only["when"] == [{"key": "destination.port", "values": ["8080"]}]


def test_the_presence_of_a_header_keeps_its_leaf() -> None:
    for field in ("headers", "withoutHeaders"):
        rule = f"{{match: [{{{field}: {{x-a: {{}}}}}}], route: [{{destination: {{host: api.shop.svc.cluster.local}}}}]}}"
        result = translated(routes(rule), "istio", "istio")
        assert faults(result) == []
        (written,) = (one["spec"] for one in result.manifests)
        assert written["http"][0]["match"] == [{field: {"x-a": {}}}]  # type: ignore[index]


def test_a_prefix_of_text_is_replaced_as_text() -> None:
    rule = (
        "{match: [{uri: {prefix: /}}], route: [{destination: {host: api.shop.svc.cluster.local}}], "
        "rewrite: {uri: /new}}"
    )
    result = translated(routes(rule), "istio", "istio")
    assert faults(result) == []
    (written,) = (one["spec"] for one in result.manifests)
    assert written["http"][0]["rewrite"] == {"uri": "/new"}  # type: ignore[index]


def test_a_header_may_be_asked_for_and_asked_not_to_be_something() -> None:
    rule = (
        "{match: [{headers: {x-a: {regex: r.d}}, withoutHeaders: {x-a: {prefix: re}}}], "
        "route: [{destination: {host: api.shop.svc.cluster.local}}]}"
    )
    result = translated(routes(rule), "istio", "istio")
    assert faults(result) == []
    (written,) = (one["spec"] for one in result.manifests)
    asked = {"headers": {"x-a": {"regex": "r.d"}}, "withoutHeaders": {"x-a": {"prefix": "re"}}}
    assert written["http"][0]["match"] == [asked]  # type: ignore[index]


def test_one_name_stands_for_one_part_of_a_service_for_all_clients() -> None:
    """The rule of a client's namespace names other pods by the same word."""
    ends = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ends, namespace: %s}
spec: {host: api.shop.svc.cluster.local, subsets: [{name: new, labels: {version: %s}}]}
---
"""
    to = "route: [{destination: {host: api.shop.svc.cluster.local, subset: new}}]"
    texts = (SERVICE % "{name: http, port: 80}", ends % ("shop", "v1"), ends % ("dev", "v2"))
    tables = (
        routes(f"{{{to}}}"),
        "---",
        routes(f"{{{to}}}", namespace="dev", more=", exportTo: [.]"),
    )
    result = translated("".join((*texts, *tables)), "istio", "istio")
    assert faults(result) == []
    (rule,) = (one["spec"] for one in result.manifests if one["kind"] == "DestinationRule")
    named = {part["name"]: part["labels"]["version"] for part in rule["subsets"]}  # type: ignore[index]
    assert sorted(named.values()) == ["v1", "v2"]


_TWO_PORTS = SERVICE % "{name: http, port: 80, targetPort: 9000}"


def test_a_table_for_some_clients_that_goes_lets_in_and_shuts_out() -> None:
    """What it refused passes by the rules for everybody, and what it let on finds none there."""
    apart = routes(
        "{match: [{uri: {prefix: /a}}], directResponse: {status: 503}}, "
        "{route: [{destination: {host: api.shop.svc.cluster.local}}]}",
        namespace="dev",
        more=", exportTo: [.]",
    ).replace("name: routes,", "name: apart,")
    common = routes(
        "{match: [{method: {exact: GET}}], route: [{destination: {host: api.shop.svc.cluster.local}}]}"
    )
    result = translated(API + _TWO_PORTS + apart + "---" + common, "istio", "cilium")
    assert faults(result) == []
    assert told(result, "MM208") == {Impact.LOOSER, Impact.STRICTER}


def test_a_rule_for_some_clients_that_goes_lets_in_whom_it_refused() -> None:
    rules = routes(
        "{match: [{sourceNamespace: dev}], directResponse: {status: 403}}, "
        "{route: [{destination: {host: api.shop.svc.cluster.local}}]}"
    )
    result = translated(API + _TWO_PORTS + rules, "istio", "cilium")
    assert faults(result) == []
    assert told(result, "MM208") == {Impact.LOOSER}


def test_what_is_no_pod_and_has_an_address_that_is_refused_is_refused_or_told() -> None:
    """Some of it lives among the pods, and what runs on nodes has the networks that were given."""
    rules = "{action: DENY, rules: [{from: [{source: {ipBlocks: [10.1.2.3]}}], to: [{operation: {hosts: [a]}}]}, {from: [{source: {ipBlocks: [10.1.2.3], notRequestPrincipals: ['*']}}]}]}"
    result = translated(API + policy(rules), "istio", "cilium")
    assert faults(result) == []
    assert told(result, "MM410") == {Impact.LOOSER}
    text = "".join(d.text for d in result.documents if d.resource.startswith("CiliumNetworkPolicy"))
    kept_out = ("health", "ingress", "init", "kube-apiserver", "unmanaged", "all")
    assert not [name for name in kept_out if f"  - {name}\n" in text]
    assert "  - remote-node\n" in text


def test_a_refusal_of_callers_that_cannot_be_keeps_its_leaves() -> None:
    """No caller is of one namespace and has an account of another."""
    rules = "{action: DENY, rules: [{from: [{source: {principals: [cluster.local/ns/dev/sa/tester], namespaces: [shop]}}], to: [{operation: {hosts: [a]}}]}]}"
    result = translated(API + policy(rules), "istio", "cilium")
    assert faults(result) == []
    assert Impact.NONE in told(result, "MM403")


def test_a_rule_for_a_part_of_the_endpoints_is_not_that_of_clients_whose_requests_go_to_all() -> (
    None
):
    """Clients of one namespace alone have routes, which lead to the part."""
    texts = (
        API,
        SERVICE % "{name: http, port: 80, targetPort: 9000}",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: dev}
spec:
  exportTo: [.]
  hosts: [api.shop.svc.cluster.local]
  http: [{route: [{destination: {host: api.shop.svc.cluster.local, subset: one}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  subsets: [{name: one, labels: {version: one}, trafficPolicy: {outlierDetection: {}}}]
""",
    )
    result = translated("".join(texts), "istio", "linkerd")
    assert faults(result) == []
    service = [d for d in map(dict, result.manifests) if d["kind"] == "Service"]
    assert "balancer.linkerd.io/failure-accrual" not in str(service)
    assert told(result, "MM331") == {Impact.DIFFERENT}


def test_a_port_that_is_shut_keeps_the_leaves_of_the_rule_that_cannot_be_said() -> None:
    """Of pods that the input does not list; where they are nothing else says."""
    rules = "{selector: {matchLabels: {app: web}}, action: ALLOW, rules: [{to: [{operation: {paths: ['/a/{*}/c', '*/b'], ports: ['8080']}}]}]}"
    result = translated(API + policy(rules), "istio", "linkerd")
    assert faults(result) == []
    assert told(result, "MM402") == {Impact.STRICTER}


def test_what_is_in_the_cluster_and_has_an_address_that_rules_leave_out_is_told() -> None:
    """The networks that were given say that no node has such an address."""
    for block in ("10.1.0.0/16", "8.8.8.0/24"):
        rules = f"{{rules: [{{when: [{{key: source.ip, notValues: [{block}]}}]}}]}}"
        result = translated(API + policy(rules), "istio", "cilium")
        assert faults(result) == []
        assert told(result, "MM410") == {Impact.STRICTER, Impact.LOOSER}


def test_a_rule_for_a_subset_that_nobody_defines_takes_no_requests_of_others() -> None:
    """It is not written: what a rule that goes before it leaves over is not found."""
    http = (
        "{match: [{method: {exact: GET}}], directResponse: {status: 200}}, "
        "{match: [{uri: {prefix: /a}}], route: [{destination: {host: api}}]}, "
        "{route: [{destination: {host: api, subset: v2}}]}"
    )
    texts = API + SERVICE % "{name: http, port: 80, targetPort: 9000}" + routes(http)
    for target in ("linkerd", "cilium", "gateway-api"):
        result = translated(texts, "istio", target)
        assert faults(result) == [], target
        assert told(result, "MM204") <= {Impact.STRICTER}, target
