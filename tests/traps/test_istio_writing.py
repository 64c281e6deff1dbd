"""Traps of writing Istio's objects, by their number in the list of Istio's traps: what a writer is likely to get wrong."""

from __future__ import annotations

from tests.exporters.istio.linkerd import WEB, Tree, admits, server, translated, written

ITSELF = "backendRefs: [{name: web, port: 80}]"
ACCOUNT = "identities: [till.shop.serviceaccount.identity.linkerd.cluster.local]"


def rules(text: str, annotations: str = "{}") -> list[Tree]:
    """The rules of the VirtualService of one HTTPRoute."""
    route = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: shop, annotations: {annotations}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web, namespace: shop, port: 80}}]
  rules: {text}
"""
    (service,) = written(translated(WEB, route), "VirtualService")
    return list(service["spec"]["http"])


def policy(*texts: str) -> Tree:
    """The only AuthorizationPolicy."""
    (found,) = written(translated(WEB, *texts), "AuthorizationPolicy")
    return found["spec"]


def test_trap_istio_writing_1_a_prefix_by_elements_takes_nothing_that_only_begins_so() -> None:
    (rule,) = rules(f"[{{matches: [{{path: {{type: PathPrefix, value: /foo}}}}], {ITSELF}}}]")
    assert [m["uri"] for m in rule["match"]] == [{"exact": "/foo"}, {"prefix": "/foo/"}]


def test_trap_istio_writing_2_what_is_below_a_replaced_prefix_has_one_slash() -> None:
    redirect = "filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]"
    found = rules(f"[{{matches: [{{path: {{type: PathPrefix, value: /foo}}}}], {redirect}}}]")
    said = {
        m["uri"].get("prefix"): r["redirect"]["prefixRewrite"] for r in found for m in r["match"]
    }
    assert said["/foo/"] == "/"


def test_trap_istio_writing_3_no_rule_for_the_rest_where_the_source_has_none() -> None:
    found = rules(f"[{{matches: [{{path: {{type: Exact, value: /api}}}}], {ITSELF}}}]")
    assert [rule.get("match") for rule in found] == [[{"uri": {"exact": "/api"}}]]


def test_trap_istio_writing_6_no_further_tries_are_said_and_not_left_out() -> None:
    (rule,) = rules(f"[{{{ITSELF}}}]")
    assert rule["retries"] == {"attempts": 0}


def test_trap_istio_writing_7_further_tries_say_for_which_answers() -> None:
    (rule,) = rules(f"[{{{ITSELF}}}]", "{retry.linkerd.io/http: gateway-error}")
    assert {"502", "503", "504"} <= set(rule["retries"]["retryOn"].split(","))


def test_trap_istio_writing_20_what_lets_in_at_one_port_leaves_the_others_open() -> None:
    spec = policy(server(), admits("web", ACCOUNT))
    ports = [to["operation"] for rule in spec["rules"] for to in rule["to"]]
    assert {"notPorts": ["8080"]} in ports


def test_trap_istio_writing_28_ports_of_policies_are_those_of_pods() -> None:
    spec = policy(server(), admits("web", ACCOUNT))
    own = [r["to"][0]["operation"].get("ports") for r in spec["rules"] if "from" in r]
    assert own == [["8080"]]


def test_trap_istio_writing_37_a_rule_for_all_requests_stands_last() -> None:
    found = rules(
        f"[{{{ITSELF}}}, {{matches: [{{path: {{type: Exact, value: /api}}}}], {ITSELF}, timeouts: {{request: 1s}}}}]"
    )
    assert [m["uri"] for m in found[0]["match"]] == [{"exact": "/api"}]


def test_trap_istio_writing_46_no_time_limit_is_said_by_silence() -> None:
    (rule,) = rules(f"[{{{ITSELF}}}]", "{timeout.linkerd.io/request: 0s}")
    assert "timeout" not in rule


def test_trap_istio_writing_50_principals_are_names_of_the_mesh_without_a_scheme() -> None:
    spec = policy(server(), admits("web", ACCOUNT))
    (own,) = (r["from"] for r in spec["rules"] if "from" in r)
    assert own == [{"source": {"principals": ["cluster.local/ns/shop/sa/till"]}}]
