"""Traps of authorization, shown on translations: what a reader of the two meshes is likely to get wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ir.behaviour.request import Answer, Caller
from tests.exporters.linkerd.istio import spec_of, written
from tests.traps.worlds import (
    CLEAR,
    IN,
    OUT,
    PARTNER,
    SHOP,
    STRANGER,
    WEB,
    World,
    operation,
    rules,
    security,
    source,
)
from translator.report.model import Fate, Impact, Severity

WEB_ID = "cluster.local/ns/shop/sa/web"
FROM_WEB = source(principals=[WEB_ID])
ON_API = {"selector": {"matchLabels": {"app": "api"}}}
IN_SHOP = Caller(namespace="shop", service_account="other")


WEB_REF = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}


def on_8080(world: World, kind: str) -> dict[str, Any]:
    """The spec of the one document of a kind for the API's first port."""
    (found,) = (
        d for d in written(world.result, kind) if d["metadata"]["name"].startswith("api-8080")
    )
    return spec_of(found)


def looser(world: World) -> list[str]:
    """The codes of what is told to let more in."""
    return [f.code for f in world.result.report.findings if f.impact is Impact.LOOSER]


# --- Istio -----------------------------------------------------------------------------------------


def test_trap_istio_19_no_rules_let_nobody_in_and_an_empty_rule_lets_everybody_in() -> None:
    nothing = World(security("AuthorizationPolicy", {}))
    assert [nothing.both(c) for c in (WEB, CLEAR)] == [(OUT, OUT), (OUT, OUT)]
    everything = World(rules({}))
    assert [everything.both(c) for c in (WEB, CLEAR)] == [(IN, IN), (IN, IN)]


def test_trap_istio_20_one_allow_policy_closes_its_scope_and_refusals_alone_leave_it_open() -> None:
    allow = World(rules(FROM_WEB))
    assert allow.both(STRANGER) == (OUT, OUT)
    assert allow.both(STRANGER, workload="Deployment/shop/web", port=3000) == (OUT, OUT)
    deny = World(rules(operation(methods=["DELETE"]), action="DENY"))
    assert deny.both(STRANGER, method="DELETE") == (OUT, OUT)
    assert deny.both(STRANGER) == (IN, IN)


def test_trap_istio_21_a_refusal_by_method_refuses_all_of_a_port_that_is_no_http() -> None:
    world = World(rules(operation(methods=["DELETE"]), action="DENY"))
    assert world.both(WEB, port=9000, http=False) == (OUT, OUT)
    assert world.both(WEB, port=9000, method="GET")[1] is OUT
    assert world.both(WEB, port=8080) == (IN, IN)


def test_trap_istio_22_a_grant_by_path_grants_nothing_on_a_port_that_is_no_http() -> None:
    world = World(rules({**FROM_WEB, **operation(paths=["/x"])}))
    assert world.both(path="/x") == (IN, IN)
    assert world.both(port=9000, http=False) == (OUT, OUT)
    assert world.both(path="/x", http=False) == (OUT, OUT)
    assert world.both(path="/x", port=9000)[1] is OUT


def test_trap_istio_23_entries_are_alternatives_and_fields_of_one_entry_must_all_hold() -> None:
    either = {
        "from": [
            {"source": {"namespaces": ["shop"]}},
            {"source": {"ipBlocks": ["10.9.0.0/16"]}},
        ]
    }
    far = Caller(namespace="dev", service_account="tester", address="10.9.1.1")
    near = replace(WEB, address="10.9.1.1")
    world = World(rules(either))
    assert [world.both(c) for c in (WEB, far, STRANGER)] == [(IN, IN), (IN, IN), (OUT, OUT)]
    world = World(rules(source(namespaces=["shop"], ipBlocks=["10.9.0.0/16"])))
    assert [world.both(c) for c in (WEB, far, near)] == [(OUT, OUT), (OUT, OUT), (IN, IN)]


def test_trap_istio_24_a_star_in_the_middle_of_a_path_is_a_star() -> None:
    world = World(rules(operation(paths=["/api/*/x"])))
    assert world.both(path="/api/*/x") == (IN, IN)
    assert world.both(path="/api/1/x") == (OUT, OUT)


def test_trap_istio_24_a_star_in_braces_is_a_segment() -> None:
    world = World(rules(operation(paths=["/api/{*}/x"])))
    for path, answer in (("/api/1/x", IN), ("/api/1/2/x", OUT), ("/api/*/x", OUT)):
        assert world.both(path=path) == (answer, answer)


def test_trap_istio_24_namespaces_have_stars_anywhere() -> None:
    world = World(rules(source(namespaces=["s*p"])), complete=True)
    assert world.both(WEB) == (IN, IN)
    assert world.both(STRANGER) == (OUT, OUT)


def test_trap_istio_25_a_prefix_that_ends_in_a_slash_is_without_what_has_none() -> None:
    world = World(rules(operation(paths=["/api/*"])))
    for path, answer in (("/api/a/b", IN), ("/api/", IN), ("/api", OUT), ("/apis", OUT)):
        assert world.both(path=path) == (answer, answer)


def test_trap_istio_26_a_host_is_compared_with_its_port_and_in_any_case() -> None:
    world = World(rules(operation(hosts=["a.com", "a.com:*"])))
    for host in ("a.com", "A.com", "a.com:8080"):
        assert world.both(authority=host) == (IN, IN)
    bare = World(rules(operation(hosts=["a.com"])))
    assert bare.both(authority="a.com:8080")[0] is OUT
    assert bare.both(authority="a.com:8080")[1] is not IN
    assert World(rules(operation(paths=["/Api"]))).both(path="/api") == (OUT, OUT)


def test_trap_istio_27_everybody_but_a_principal_are_those_without_one_too() -> None:
    """The target cannot name those without: whoever can be named is let in, and that is told."""
    world = World(rules(source(notPrincipals=[WEB_ID])))
    assert world.both(WEB) == (OUT, OUT)
    assert world.both(CLEAR)[0] is IN
    assert world.findings("MM410") or world.findings("MM402")
    assert not looser(world)


def test_trap_istio_28_ports_of_a_rule_are_ports_of_the_pod() -> None:
    assert World(rules({**FROM_WEB, **operation(ports=["80"])})).both() == (OUT, OUT)
    assert World(rules({**FROM_WEB, **operation(ports=["8080"])})).both() == (IN, IN)


def test_trap_istio_29_the_address_of_the_client_behind_a_gateway_is_not_that_of_the_peer() -> None:
    world = World(rules(source(remoteIpBlocks=["10.0.0.0/8"])))
    assert written(world.result, "NetworkAuthentication") == []
    assert world.findings("MM410")
    assert not looser(world)


def test_trap_istio_30_a_selector_in_the_root_namespace_selects_in_all_of_them() -> None:
    wide = security("AuthorizationPolicy", dict(ON_API), namespace="istio-system")
    world = World(wide)
    assert world.both(WEB) == (OUT, OUT)
    assert world.both(WEB, workload="Deployment/shop/web", port=3000) == (IN, IN)


@pytest.mark.parametrize("with_token", [True, False])
def test_trap_istio_32_a_check_of_tokens_alone_refuses_nobody_without_one(
    with_token: bool,  # noqa: FBT001  # whether a rule asks for it
) -> None:
    tokens = security("RequestAuthentication", {"jwtRules": [{"issuer": "https://id.example"}]})
    if with_token:
        world = World(tokens, rules(source(requestPrincipals=["*"])))
        assert world.both(WEB) == (OUT, OUT)
        assert not looser(world)
        return
    world = World(tokens)
    assert world.both(WEB) == (IN, IN)
    (finding,) = [f for f in world.findings("MM406") if f.impact is Impact.LOOSER]
    assert finding.severity is Severity.BLOCKER


AMBIENT = SHOP.replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")
WITH_WAYPOINT = SHOP.replace(
    "istio-injection: enabled", "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: w"
)
TO_SERVICE = {"targetRefs": [{"group": "", "kind": "Service", "name": "api"}]}


def test_trap_istio_43_rules_on_http_are_inert_without_a_waypoint() -> None:
    deny = rules(operation(methods=["DELETE"]), action="DENY")
    world = World(deny, shop=AMBIENT)
    assert world.both(method="DELETE") == (IN, IN)
    rows = [r for r in world.result.report.ledger if "methods" in r.path]
    assert [row.fate for row in rows] == [Fate.INERT]
    bound = World(
        rules(operation(methods=["DELETE"]), action="DENY", scope=TO_SERVICE), shop=AMBIENT
    )
    assert bound.both(method="DELETE") == (IN, IN)


def test_trap_istio_50_principals_of_another_trust_domain_are_other_callers() -> None:
    world = World(rules(source(principals=["partner.example/ns/shop/sa/web"])))
    assert world.both(WEB) == (OUT, OUT)
    assert world.both(PARTNER)[1] is OUT
    assert written(world.result, "MeshTLSAuthentication") == []
    assert world.findings("MM410")


def test_trap_istio_50_service_accounts_are_of_any_trust_domain() -> None:
    world = World(rules(source(serviceAccounts=["shop/web"])))
    assert world.both(WEB) == (IN, IN)
    assert world.both(PARTNER)[0] is IN
    assert on_8080(world, "MeshTLSAuthentication") == {"identityRefs": [WEB_REF]}


def test_trap_istio_52_a_policy_for_the_namespace_of_a_waypoint_is_enforced_at_the_pods() -> None:
    """Only what speaks of connections holds: the agent of the node reads no HTTP."""
    world = World(rules({**FROM_WEB, **operation(paths=["/x"])}), shop=WITH_WAYPOINT)
    assert world.both(path="/x") == (OUT, OUT)
    bound = World(
        rules({**FROM_WEB, **operation(paths=["/x"])}, scope=TO_SERVICE), shop=WITH_WAYPOINT
    )
    assert bound.both(path="/x") == (IN, IN)
    assert bound.both(path="/y") == (OUT, OUT)


def test_trap_istio_53_a_policy_of_the_pods_behind_a_waypoint_sees_the_waypoint() -> None:
    """The target's pods see the client: the account of the waypoint is nobody there, and the client needs its own grant."""
    waypoint = source(principals=["cluster.local/ns/shop/sa/w"])
    world = World(
        rules(waypoint, name="pods", scope=ON_API),
        rules(FROM_WEB, name="bound", scope=TO_SERVICE),
        shop=WITH_WAYPOINT,
    )
    assert world.both(STRANGER) == (OUT, OUT)
    assert world.both(WEB)[1] is OUT
    assert not looser(world)


# --- Linkerd ---------------------------------------------------------------------------------------


def test_trap_linkerd_1_what_no_route_lets_in_is_forbidden_and_not_missing() -> None:
    world = World(rules({**FROM_WEB, **operation(paths=["/api/*"])}))
    assert world.both(path="/other") == (OUT, OUT)
    assert Answer.NOT_FOUND not in world.both(path="/other")
    assert world.both(path="/api/x") == (IN, IN)


def test_trap_linkerd_3_a_refusal_becomes_what_is_left() -> None:
    world = World(
        rules(FROM_WEB, source(namespaces=["dev"]), name="open"),
        rules({**source(namespaces=["dev"]), **operation(paths=["/admin*"])}, action="DENY"),
    )
    assert world.both(STRANGER, path="/admin/x") == (OUT, OUT)
    assert world.both(STRANGER, path="/x") == (IN, IN)
    assert world.both(WEB, path="/admin/x") == (IN, IN)


def test_trap_linkerd_3_a_network_that_is_refused_is_left_out_of_those_let_in() -> None:
    world = World(
        rules(source(ipBlocks=["10.0.0.0/8"]), name="open"),
        rules(source(ipBlocks=["10.9.0.0/16"]), action="DENY"),
    )
    for address, answer in (("10.1.1.1", IN), ("10.9.1.1", OUT), ("192.168.0.1", OUT)):
        assert world.both(replace(CLEAR, address=address)) == (answer, answer)


def test_trap_linkerd_4_an_audit_mark_is_not_the_targets_audit_mode() -> None:
    """``audit`` of the target admits all; the mark of the source decides nothing."""
    world = World(rules({}, action="AUDIT", name="mark"), rules(FROM_WEB))
    assert world.both(STRANGER) == (OUT, OUT)
    assert world.findings("MM409")
    assert all(spec_of(d)["accessPolicy"] == "deny" for d in written(world.result, "Server"))


@pytest.mark.parametrize(
    ("key", "code"), [("connection.sni", "MM402"), ("request.auth.claims[iss]", "MM406")]
)
def test_trap_linkerd_4_a_condition_without_a_form_lets_nobody_in(key: str, code: str) -> None:
    world = World(rules({**FROM_WEB, "when": [{"key": key, "values": ["a"]}]}))
    assert world.both(WEB)[1] is OUT
    assert world.findings(code)
    assert not looser(world)


def test_trap_linkerd_5_identities_are_translated_by_what_they_name() -> None:
    one = World(rules(FROM_WEB))
    assert on_8080(one, "MeshTLSAuthentication") == {"identityRefs": [WEB_REF]}
    all_of = World(rules(source(principals=["cluster.local/ns/dev/*"])))
    assert on_8080(all_of, "MeshTLSAuthentication") == {
        "identityRefs": [{"kind": "Namespace", "name": "dev"}]
    }


def test_trap_linkerd_5_an_account_of_any_namespace_has_no_form() -> None:
    world = World(rules(source(principals=["*/sa/web"])))
    assert written(world.result, "MeshTLSAuthentication") == []
    assert world.findings("MM410")
    assert not looser(world)


@pytest.mark.parametrize(
    ("rule", "asked", "answer"),
    [
        (operation(notPaths=["/admin"]), {"path": "/admin"}, OUT),
        (operation(notPaths=["/admin"]), {"path": "/x"}, IN),
        (operation(notMethods=["DELETE"]), {"method": "DELETE"}, OUT),
        (operation(notMethods=["DELETE"]), {"method": "PURGE"}, IN),
        (operation(notPorts=["8080"]), {"port": 8080}, OUT),
        (operation(notPorts=["8080"]), {"port": 9000}, IN),
        (source(namespaces=["shop"], notPrincipals=[WEB_ID]), {}, OUT),
    ],
)
def test_trap_linkerd_6_what_is_not_meant_is_what_is_left(
    rule: dict[str, list[object]], asked: dict[str, object], answer: Answer
) -> None:
    world = World(rules(rule), complete=True)
    assert world.both(WEB, **asked) == (answer, answer)  # type: ignore[arg-type]  # of a request
    assert not looser(world)


def test_trap_linkerd_6_a_namespace_less_its_listed_accounts() -> None:
    world = World(rules(source(notNamespaces=["dev"], principals=["*"])), complete=True)
    assert world.both(WEB) == (IN, IN)
    assert world.both(STRANGER) == (OUT, OUT)


def test_trap_linkerd_7_identity_and_network_are_one_policy_and_alternatives_are_several() -> None:
    both = World(rules(source(principals=[WEB_ID], ipBlocks=["10.0.0.0/8"])))
    kinds = [r["kind"] for r in on_8080(both, "AuthorizationPolicy")["requiredAuthenticationRefs"]]
    assert sorted(kinds) == ["MeshTLSAuthentication", "NetworkAuthentication"]
    either = World(rules(FROM_WEB, source(ipBlocks=["10.9.0.0/16"])))
    listed = [
        [ref["kind"] for ref in spec_of(d)["requiredAuthenticationRefs"]]
        for d in written(either.result, "AuthorizationPolicy")
    ]
    assert {tuple(kinds) for kinds in listed} == {
        ("MeshTLSAuthentication",),
        ("NetworkAuthentication",),
    }


def test_trap_linkerd_10_a_port_is_known_by_the_service_too() -> None:
    """Nobody but the Service names the port of the pod; the rule is for that port."""
    bare = SHOP.replace(", ports: [{containerPort: 8080}, {containerPort: 9000}]", "")
    world = World(rules({**FROM_WEB, **operation(ports=["8080"])}), shop=bare)
    assert world.both() == (IN, IN)
    assert [
        spec_of(d)["port"]
        for d in written(world.result, "Server")
        if "web" not in d["metadata"]["name"]
    ] == [8080, 9000]


def test_trap_linkerd_43_rules_of_the_pods_and_of_a_service_must_both_let_in() -> None:
    """In the target, policies on a Server and on its routes are a union."""
    world = World(
        rules(source(namespaces=["shop", "dev"]), name="pods", scope=ON_API),
        rules(FROM_WEB, name="bound", scope=TO_SERVICE),
        shop=SHOP.replace(
            "istio-injection: enabled", "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: w"
        ),
    )
    assert world.both(WEB) == (IN, IN)
    assert world.both(STRANGER)[1] is OUT


@pytest.mark.parametrize("name", ["api", "missing"])
def test_trap_linkerd_49_a_policy_for_a_service_holds_at_its_pods(name: str) -> None:
    target = {"targetRefs": [{"group": "", "kind": "Service", "name": name}]}
    world = World(rules(FROM_WEB, scope=target), shop=WITH_WAYPOINT)
    assert all(
        spec_of(d)["targetRef"]["kind"] != "Service"
        for d in written(world.result, "AuthorizationPolicy")
    )
    assert (world.both(STRANGER) == (OUT, OUT)) is (name == "api")
    if name == "missing":
        assert Severity.BLOCKER in {f.severity for f in world.findings("MM412")}


# --- targets ---------------------------------------------------------------------------------------


def at(kind: str, name: str) -> dict[str, object]:
    """The target of a policy."""
    group = "" if kind == "Service" else "gateway.networking.k8s.io"
    group = "networking.istio.io" if kind == "ServiceEntry" else group
    return {"targetRefs": [{"group": group, "kind": kind, "name": name}]}


def test_a_policy_for_a_waypoint_holds_at_the_services_behind_it() -> None:
    world = World(rules(FROM_WEB, scope=at("Gateway", "w")), shop=WITH_WAYPOINT)
    assert world.both(WEB) == (IN, IN)
    assert world.both(STRANGER) == (OUT, OUT)
    assert not looser(world)


def test_policies_for_a_waypoint_and_for_a_service_behind_it_decide_together() -> None:
    world = World(
        rules(FROM_WEB, name="all", scope=at("Gateway", "w")),
        rules(source(namespaces=["dev"]), name="one", scope=at("Service", "api")),
        shop=WITH_WAYPOINT,
    )
    assert [world.both(c) for c in (WEB, STRANGER, IN_SHOP)] == [(IN, IN), (IN, IN), (OUT, OUT)]


def test_a_policy_for_the_class_of_waypoints_holds_at_all_of_them_from_the_root_namespace() -> None:
    spec = {"rules": [FROM_WEB], **at("GatewayClass", "istio-waypoint")}
    root = World(
        security("AuthorizationPolicy", spec, namespace="istio-system"), shop=WITH_WAYPOINT
    )
    assert root.both(STRANGER) == (OUT, OUT)
    assert root.both(WEB) == (IN, IN)
    own = World(security("AuthorizationPolicy", spec), shop=WITH_WAYPOINT)
    assert own.both(STRANGER) == (IN, IN)
    rows = [r for r in own.result.report.ledger if "principals" in r.path]
    assert [row.fate for row in rows] == [Fate.INERT]


@pytest.mark.parametrize("kind", ["Gateway", "ServiceEntry"])
def test_what_is_enforced_at_a_gateway_is_a_blocker(kind: str) -> None:
    world = World(rules(FROM_WEB, scope=at(kind, "front")))
    (finding,) = world.findings("MM401")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert world.both(STRANGER) == (IN, IN)
