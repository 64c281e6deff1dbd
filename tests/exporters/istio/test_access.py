"""Servers, routes on them and who is admitted, as AuthorizationPolicies."""

from __future__ import annotations

from tests.exporters.istio.linkerd import (
    WEB,
    admits,
    codes,
    parsed,
    route,
    server,
    translated,
    written,
)


def test_a_server_closes_its_port_and_leaves_the_others_open() -> None:
    result = translated(WEB, server())
    (policy,) = written(result, "AuthorizationPolicy")
    assert policy["spec"] == parsed(
        "{selector: {matchLabels: {app: web}}, action: ALLOW, rules: [{to: [{operation: {notPorts: ['8080']}}]}]}"
    )
    assert codes(result) == []


def test_two_servers_of_the_same_pods_are_one_policy() -> None:
    result = translated(
        WEB,
        server(),
        server("admin", 9090),
        admits("web", "identities: ['*']"),
        admits("admin", "networks: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    assert policy["spec"]["rules"] == parsed(
        """
- {from: [{source: {ipBlocks: [10.0.0.0/8], notIpBlocks: [10.1.0.0/16]}}], to: [{operation: {ports: ['9090']}}]}
- {from: [{source: {principals: ['*']}}], to: [{operation: {ports: ['8080']}}]}
- {to: [{operation: {notPorts: ['8080', '9090']}}]}
"""
    )
    assert codes(result) == []


def test_that_callers_keep_their_addresses_is_named_where_rules_ask_for_them() -> None:
    for caller, is_named in (
        ("networks: [{cidr: 192.168.7.0/24}]", True),
        ("identities: ['*']", False),
    ):
        result = translated(WEB, server(), admits("web", caller))
        told = [text for text in result.report.assumptions if "externalTrafficPolicy" in text]
        assert bool(told) is is_named


def test_a_route_lets_in_only_where_no_route_before_it_wins() -> None:
    result = translated(
        WEB,
        server(),
        route("all", "{path: {type: PathPrefix, value: /}, method: GET}"),
        route("admin", "{path: {type: PathPrefix, value: /admin}}"),
        admits("all", "identities: ['*']", "HTTPRoute"),
        admits("admin", "identityRefs: [{kind: ServiceAccount, name: boss}]", "HTTPRoute"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    rules = {r["to"][0]["operation"].get("paths", ["-"])[0]: r for r in policy["spec"]["rules"]}
    assert rules["/admin"]["from"][0]["source"]["principals"] == ["cluster.local/ns/shop/sa/boss"]
    open_to_all = next(r for r in policy["spec"]["rules"] if "methods" in r["to"][0]["operation"])
    assert open_to_all["to"][0]["operation"] == {
        "ports": ["8080"],
        "methods": ["GET"],
        "notPaths": ["/admin", "/admin/*"],
    }
    assert codes(result) == []


def test_whoever_is_admitted_to_both_routes_needs_no_exception() -> None:
    result = translated(
        WEB,
        server(),
        route("all", "{path: {type: PathPrefix, value: /}}"),
        route("admin", "{path: {type: PathPrefix, value: /admin}}"),
        admits("all", "identityRefs: [{kind: ServiceAccount, name: boss}]", "HTTPRoute"),
        admits("admin", "identityRefs: [{kind: ServiceAccount, name: boss}]", "HTTPRoute"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    assert not any("notPaths" in r["to"][0]["operation"] for r in policy["spec"]["rules"])
    assert {"ports": ["8080"], "paths": ["/*"]} in [
        r["to"][0]["operation"] for r in policy["spec"]["rules"]
    ], "a route is for requests, not for every connection"
    assert codes(result) == []


def test_a_route_by_a_regular_expression_lets_nobody_in_and_takes_what_may_be_its_own() -> None:
    result = translated(
        WEB,
        server(),
        route("numbers", "{path: {type: RegularExpression, value: '/[0-9]+'}}"),
        route("all", "{path: {type: PathPrefix, value: /}}"),
        admits("all", "identities: ['*']", "HTTPRoute"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    assert [r["to"][0]["operation"] for r in policy["spec"]["rules"]] == [{"notPorts": ["8080"]}]
    assert codes(result, "MM402") == ["MM402", "MM402"]


def test_pods_of_two_selectors_keep_the_ports_shut_that_either_closes() -> None:
    result = translated(
        server(),
        server("more", 9090, "{tier: front}"),
        admits("web", "identities: ['*']"),
        admits("more", "identities: ['*']"),
    )
    for policy in written(result, "AuthorizationPolicy"):
        assert policy["spec"]["rules"][-1] == {
            "to": [{"operation": {"notPorts": ["8080", "9090"]}}]
        }
    assert codes(result, "MM402") == ["MM402", "MM402"]


def test_a_port_whose_number_nobody_knows_is_a_blocker() -> None:
    result = translated(server(port="named"))
    assert written(result, "AuthorizationPolicy") == []
    (found,) = [f for f in result.report.findings if f.code == "MM401"]
    assert found.severity.value == "blocker"


API = WEB.replace("name: web", "name: api").replace("app: web", "app: api").replace("http", "api")


def test_pods_of_which_nobody_speaks_keep_the_ports_that_others_have_closed() -> None:
    """The policy of all pods may not open port 8080, which those of api have closed."""
    result = translated(
        WEB,
        API,
        server("all", 4191, "{}"),
        server("api", labels="{app: api}"),
    )
    rules = {p["metadata"]["name"]: p["spec"] for p in written(result, "AuthorizationPolicy")}
    assert rules["all"]["rules"] == parsed("[{to: [{operation: {notPorts: ['4191', '8080']}}]}]")
    assert rules["web"] == parsed(
        "{selector: {matchLabels: {app: web}}, action: ALLOW, rules: [{to: [{operation: {notPorts: ['4191']}}]}]}"
    )
    assert codes(result, "MM402") == []


def test_a_port_by_name_is_closed_at_pods_that_have_the_name_alone() -> None:
    either = "\n  podSelector: {matchExpressions: [{key: app, operator: In, values: [api, web]}]}"
    by_value = server(port="api").replace(
        " {podSelector: {matchLabels: {app: web}}, ", either + "\n  "
    )
    by_value = by_value.replace("port: api, proxyProtocol: HTTP/1}", "port: api")
    for servers, names in (
        ([by_value], ["api"]),
        ([server(port="api", labels="{}")], ["all", "web"]),
    ):
        result = translated(WEB, API, *servers)
        made = written(result, "AuthorizationPolicy")
        assert [policy["metadata"]["name"] for policy in made] == names
        assert codes(result, "MM402") == []


def test_a_port_by_name_is_closed_by_the_number_that_it_has_there() -> None:
    """Each opens the number that the name has at the other."""
    api = API.replace("8080", "7070").replace(
        "name: api, containerPort", "name: http, containerPort"
    )
    result = translated(WEB, api, server(port="http", labels="{}"))
    rules = {
        p["metadata"]["name"]: p["spec"]["rules"] for p in written(result, "AuthorizationPolicy")
    }
    assert rules["all"] == parsed("[{to: [{operation: {notPorts: ['7070', '8080']}}]}]")
    assert rules["api"] == parsed("[{to: [{operation: {notPorts: ['7070']}}]}]")
    assert rules["web"] == parsed("[{to: [{operation: {notPorts: ['8080']}}]}]")
    assert codes(result, "MM402") == []


def test_whom_a_port_by_name_lets_in_come_to_no_other_port_of_that_number() -> None:
    """At web 8080 is not called so, and has the default policy."""
    denied = WEB.replace(
        "metadata: {labels: {app: web}}",
        "metadata: {labels: {app: web}, annotations: {config.linkerd.io/default-inbound-policy: deny}}",
    )
    result = translated(denied, API, server("all", "api", "{}"), admits("all", "identities: ['*']"))
    rules = {
        p["metadata"]["name"]: p["spec"].get("rules")
        for p in written(result, "AuthorizationPolicy")
    }
    assert not rules["all"]
    assert not rules["web"]
    assert [rule["to"] for rule in rules["api"]] == [
        [{"operation": {"ports": ["8080"]}}],
        [{"operation": {"notPorts": ["8080"]}}],
    ]
    assert codes(result, "MM402") == ["MM402"]


def test_a_server_whose_port_an_older_one_holds_by_name_lets_nobody_in() -> None:
    """At every workload that is listed of both."""
    result = translated(
        WEB.replace(
            "metadata: {labels: {app: web}}", "metadata: {labels: {app: web, version: v1}}"
        ),
        server("a-named", "http"),
        server("b-number"),
        admits("a-named", "identityRefs: [{kind: ServiceAccount, name: boss}]"),
        admits("b-number", "identities: ['*']"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    assert [rule.get("from") for rule in policy["spec"]["rules"]] == [
        [{"source": {"principals": ["cluster.local/ns/shop/sa/boss"]}}],
        None,
    ]
    assert codes(result) == []


def test_a_route_by_a_name_takes_it_with_a_dot_at_its_end_too() -> None:
    named = route("named", "{path: {type: PathPrefix, value: /}}").replace(
        "  rules:", "  hostnames: [api.example]\n  rules:"
    )
    result = translated(WEB, server(), named, admits("named", "identities: ['*']", "HTTPRoute"))
    (policy,) = written(result, "AuthorizationPolicy")
    (let_in, _) = policy["spec"]["rules"]
    hosts = ["api.example", "api.example:*", "api.example.", "api.example.:*"]
    assert let_in["to"][0]["operation"]["hosts"] == hosts
    assert codes(result) == []


def test_nothing_is_given_back_to_pods_that_may_be_those_that_have_it_closed() -> None:
    result = translated(WEB, server(), server("more", 9090, "{tier: front}"))
    for policy in written(result, "AuthorizationPolicy"):
        assert policy["spec"]["rules"] == parsed(
            "[{to: [{operation: {notPorts: ['8080', '9090']}}]}]"
        )
    assert codes(result, "MM402", "MM403") == ["MM402", "MM403"]
    (told,) = [f for f in result.report.findings if f.code == "MM403"]
    assert "ports (9090) of Deployment/shop/web are closed" in told.message


def test_a_route_for_a_host_wins_its_requests_whatever_the_path_of_others() -> None:
    """What routes of any host let others in to took all of them away, and nothing told so (MM904)."""
    named = route("named", "{path: {type: PathPrefix, value: /a}}").replace(
        "  rules:", "  hostnames: [api.example]\n  rules:"
    )
    result = translated(
        WEB,
        server(),
        named,
        route("all", "{path: {type: Exact, value: /a/b}}"),
        admits("named", "identities: ['*']", "HTTPRoute"),
        admits("all", "identityRefs: [{kind: ServiceAccount, name: boss}]", "HTTPRoute"),
    )
    (policy,) = written(result, "AuthorizationPolicy")
    open_to_all = [r for r in policy["spec"]["rules"] if "'*'" in str(r.get("from"))]
    assert [one["to"][0]["operation"]["paths"] for one in open_to_all] == [["/a", "/a/*"]]
    assert codes(result, "MM904") == []


def test_a_route_of_which_others_take_too_many_parts_is_told() -> None:
    """They take a path each by one of two headers: every one of them doubles the rules."""
    wide = route("wide", "{path: {type: PathPrefix, value: /}}")
    taken = [
        route(
            f"taken-{number}",
            f"{{path: {{type: PathPrefix, value: /}}, headers: [{{name: a{number}, value: red}}, {{name: b{number}, value: blue}}]}}",
        )
        for number in range(5)
    ]
    admitted = admits("wide", "identities: ['*']", "HTTPRoute")
    result = translated(WEB, server(), wide, *taken, admitted)
    (told,) = [f for f in result.report.findings if "too many rules" in f.message]
    assert (told.code, told.impact) == ("MM402", "STRICTER")
    assert "MM904" not in codes(result)
