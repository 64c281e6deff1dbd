"""Pods of an ambient mesh: what the node's agent makes of policies, and who heeds routes."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.resilience import RateLimit
from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import WORKLOAD, policy, routes, translated, written
from tests.exporters.linkerd.test_rate_limits import limit
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, Impact

SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {WORDS}}\n"
AMBIENT = SPACE.replace("WORDS", "istio.io/dataplane-mode: ambient")
SIDECARS = SPACE.replace("WORDS", "istio-injection: enabled")
WEB = "cluster.local/ns/shop/sa/web"


def allowed(result: Result, method: str = "GET", path: str = "/x", account: str = "web") -> bool:
    """Whether a request gets to the workload."""
    caller = Caller(namespace="shop", service_account=account)
    request = Request(
        caller=caller, workload="Deployment/shop/api", port=8080, method=method, path=path
    )
    return decide_access(result.model, request).allowed


def rule(action: str, **parts: object) -> str:
    """A policy with one rule."""
    return policy({"action": action, "rules": [parts]})


PATH = [{"operation": {"paths": ["/x"]}}]
CALLER = [{"source": {"principals": [WEB]}}]


def test_a_rule_that_lets_in_by_path_lets_nobody_in() -> None:
    text = rule("ALLOW", to=PATH)
    assert allowed(translated(SIDECARS, text))
    assert not allowed(translated(AMBIENT, text))


def test_a_rule_on_callers_alone_holds() -> None:
    assert allowed(translated(AMBIENT, rule("ALLOW", **{"from": CALLER})))
    assert not allowed(translated(AMBIENT, rule("ALLOW", **{"from": CALLER})), account="other")


@pytest.mark.parametrize(
    ("parts", "refused"),
    [
        ({"to": PATH}, False),
        ({"from": CALLER, "to": PATH}, False),
        ({"from": [{"source": {"principals": [WEB], "requestPrincipals": ["a/b"]}}]}, True),
        ({"from": CALLER, "to": [{"operation": {"ports": ["8080"], "paths": ["/y"]}}]}, True),
        ({"from": CALLER}, True),
    ],
)
def test_what_a_refusal_comes_to(parts: dict[str, object], refused: bool) -> None:  # noqa: FBT001
    assert allowed(translated(AMBIENT, rule("DENY", **parts))) is not refused


def test_pods_with_a_sidecar_in_an_ambient_namespace_read_http() -> None:
    text = rule("ALLOW", to=PATH)
    sidecar = "metadata: {labels: {app: api, sidecar.istio.io/inject: 'true'}}"
    own = "metadata: {labels: {app: api, version: v1}}"
    result = translated(AMBIENT, text)
    assert not allowed(result)

    mixed = to_linkerd("\n---\n".join((WORKLOAD.replace(own, sidecar), AMBIENT, text)))
    assert allowed(mixed)


def test_nothing_is_wider_in_the_target() -> None:
    result = translated(AMBIENT, rule("ALLOW", to=PATH))
    assert not any(d.resource.startswith("AuthorizationPolicy") for d in result.documents)
    assert Impact.LOOSER not in {f.impact for f in result.report.findings}
    paths = [row for row in result.report.ledger if row.path.endswith("operation.paths[0]")]
    assert [row.fate for row in paths] == [Fate.INERT]


@pytest.mark.parametrize(
    ("space", "heeded"),
    [
        (SIDECARS, True),
        (AMBIENT, False),
        (
            SPACE.replace("WORDS", "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: w"),
            True,
        ),
    ],
)
def test_routes_are_heeded_by_sidecars_and_waypoints(space: str, heeded: bool) -> None:  # noqa: FBT001
    route = routes([{"route": [{"destination": {"host": "api"}}], "timeout": "3s"}])
    result = translated(space, route)
    assert any(isinstance(fact, RouteTable) for fact in result.model.facts) is heeded
    fates = {row.fate for row in result.report.ledger if row.path.endswith("timeout")}
    assert (fates == {Fate.INERT}) is not heeded


def test_a_limit_of_requests_is_for_pods_with_a_proxy_of_their_own() -> None:
    """A patch adds to the chains of a sidecar; the node's agent has none."""
    assert limits(translated(SIDECARS, limit(5, 5, "1s")))
    inside = translated(AMBIENT, limit(5, 5, "1s"))
    assert not limits(inside)
    fates = {row.fate for row in inside.report.ledger if "max_tokens" in row.path}
    assert fates == {Fate.INERT}
    everywhere = limit(5, 5, "1s").replace("namespace: shop", "namespace: istio-system")
    assert not written(translated(AMBIENT, everywhere), "HTTPLocalRateLimitPolicy")


def limits(result: Result) -> list[RateLimit]:
    return [fact for fact in result.model.facts if isinstance(fact, RateLimit)]


def pods(words: str) -> str:
    """The workload with annotations on its pods."""
    own = "metadata: {labels: {app: api, version: v1}}"
    assert own in WORKLOAD
    return WORKLOAD.replace(own, own.replace("}}", f"}}, annotations: {{{words}}}}}"))


@pytest.mark.parametrize(
    ("space", "annotation", "skips"),
    [
        (SIDECARS, "traffic.sidecar.istio.io/excludeInboundPorts: '8080'", True),
        (AMBIENT, "traffic.sidecar.istio.io/excludeInboundPorts: '8080'", False),
        (AMBIENT, "traffic.sidecar.istio.io/includeInboundPorts: ''", False),
        (AMBIENT, "ambient.istio.io/bypass-inbound-capture: 'true'", True),
    ],
)
def test_ports_are_left_out_by_words_for_those_who_heed_them(
    space: str,
    annotation: str,
    skips: bool,  # noqa: FBT001
) -> None:
    text = rule("ALLOW", **{"from": [{"source": {"principals": ["no/one"]}}]})
    result = to_linkerd("\n---\n".join((pods(annotation), space, text)))
    assert allowed(result) is skips


def test_a_refusal_elsewhere_does_not_come_to_pods_of_the_agent() -> None:
    """What the agent makes of a rule holds for the pods of the rule alone."""
    parts = {"from": [{"source": {"principals": [WEB], "requestPrincipals": ["a/b"]}}]}
    elsewhere = rule("DENY", **parts).replace("namespace: shop", "namespace: other")
    assert allowed(translated(AMBIENT, elsewhere))
    assert not allowed(translated(AMBIENT, rule("DENY", **parts)))


def test_a_refusal_that_comes_to_nothing_does_so_beside_pods_that_are_left_out_too() -> None:
    """Pods of another label are not of the mesh: the rule is about none of them."""
    out = WORKLOAD.replace("api", "out").replace("version: v1", "istio.io/dataplane-mode: none")
    refusal = policy(
        {
            "selector": {"matchLabels": {"app": "api"}},
            "action": "DENY",
            "rules": [{"from": CALLER, "to": PATH}],
        }
    )
    result = translated(AMBIENT, out, refusal)
    assert [f.code for f in result.report.findings if f.severity == "blocker"] == []
    assert {row.fate for row in result.report.ledger if "rules[0]" in row.path} == {Fate.INERT}


def test_rules_of_pods_behind_a_waypoint_are_told_to_be_asked_about_its_clients() -> None:
    space = SPACE.replace("WORDS", "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp")
    gateway = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
        "metadata: {name: wp, namespace: shop}\n"
        "spec: {gatewayClassName: istio-waypoint, listeners: [{name: m, port: 15008, protocol: HBONE}]}"
    )
    target = {"targetRefs": [{"kind": "Service", "group": "", "name": "api"}]}
    inner = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/wp"]}}]}]
    by_service = policy({**target, "rules": [{"from": CALLER}]}, "outer")
    at_pods = policy({"selector": {"matchLabels": {"app": "api"}}, "rules": inner}, "inner")
    alone = translated(space, gateway, by_service)
    both = translated(space, gateway, by_service, at_pods)
    told = [
        [f for f in one.report.findings if "asked about the waypoint" in f.message]
        for one in (alone, both)
    ]
    assert told[0] == []
    assert [(f.code, f.severity, f.impact) for f in told[1]] == [("MM402", "high", Impact.STRICTER)]
