"""What the source says in the target's own form stays: by its name, for its pods, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.laws.own_round import lost_in_full_rows, own_round
from tests.laws.soundness import NODES, faults
from translator.pipeline import Result, options_of
from translator.source.load import load_text


def rounded(*texts: str, **settings: object) -> Result:
    """Linkerd to Linkerd, without a fault."""
    loaded = load_text("\n---\n".join(texts))
    wanted = {"node_networks": NODES, **settings}
    result = own_round(loaded, options_of(loaded, "linkerd", "linkerd", wanted))
    assert faults(result) == []
    assert lost_in_full_rows(result) == []
    assert result.report.verification.verdict.startswith("EQUAL")
    return result


def of_kind(result: Result, kind: str) -> dict[str, Any]:
    """The objects of a kind by name."""
    found: Sequence[Mapping[str, Any]] = result.manifests
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, version: v1}, annotations: {%s}}
    spec:
      serviceAccountName: api
      containers: [{name: a, image: a, ports: [{name: http, containerPort: 8080}, {name: raw, containerPort: 9000}]}]
"""
PODS = POD % "linkerd.io/inject: enabled"


def server(name: str, selector: str, spec: str = "port: 8080", created: str = "") -> str:
    return f"""
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {{name: {name}, namespace: shop, creationTimestamp: "{created}"}}
spec: {{podSelector: {selector}, {spec}}}
"""


def policy(name: str, target: str, required: str) -> str:
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{targetRef: {{group: policy.linkerd.io, kind: Server, name: {target}}}, requiredAuthenticationRefs: [{required}]}}
"""


API = "{matchLabels: {app: api}}"
WEB = "{kind: ServiceAccount, name: web}"


@pytest.mark.parametrize(
    "selector",
    [
        "{}",
        "{matchLabels: {app: api}, matchExpressions: [{key: app, operator: In, values: [web]}]}",
        "{matchExpressions: [{key: app, operator: NotIn, values: [web]}, {key: tier, operator: DoesNotExist}]}",
    ],
)
@pytest.mark.parametrize("port", ["8080", "http"])
def test_a_server_keeps_its_name_its_pods_and_its_port(selector: str, port: str) -> None:
    """Of two conditions on one label the second took the place of the first, so that other pods were meant."""
    found = rounded(PODS, server("door.v1", selector, f"port: {port}, proxyProtocol: HTTP/2"))
    made = of_kind(found, "Server")["door.v1"]["spec"]
    assert made["proxyProtocol"] == "HTTP/2"
    assert str(made["port"]) == port
    keys = {*made["podSelector"].get("matchLabels", {})}
    keys |= {one["key"] for one in made["podSelector"].get("matchExpressions", ())}
    assert keys == (
        {"app", "tier"} if "tier" in selector else {"app"} if "app" in selector else set()
    )


def test_the_older_server_holds_the_port_whatever_they_are_called() -> None:
    older = server("z-old", API, created="2024-01-01T00:00:00Z")
    younger = server("a-new", "{matchLabels: {version: v1}}", created="2024-02-01T00:00:00Z")
    found = rounded(PODS, younger, older, policy("in", "a-new", WEB))
    assert sorted(of_kind(found, "Server")) == ["z-old", "z-old-a-new"]
    (made,) = of_kind(found, "AuthorizationPolicy").values()
    assert made["spec"]["targetRef"]["name"] == "z-old-a-new"


@pytest.mark.parametrize(
    "word",
    [
        "deny",
        "audit",
        "all-authenticated",
        "all-unauthenticated",
        "cluster-authenticated",
        "cluster-unauthenticated",
    ],
)
def test_words_of_servers_and_of_pods_stay(word: str) -> None:
    pods = POD % f"config.linkerd.io/default-inbound-policy: {word}"
    found = rounded(pods, server("door", API, f"port: 8080, accessPolicy: {word}"))
    assert of_kind(found, "Server")["door"]["spec"]["accessPolicy"] == word
    assert of_kind(found, "AuthorizationPolicy") == {}


def test_a_policy_that_is_called_by_a_word_is_a_policy_all_the_same() -> None:
    """By its name alone it would let everybody in."""
    found = rounded(
        PODS,
        server("door", API),
        policy("all-unauthenticated", "door", WEB),
    )
    assert of_kind(found, "Server")["door"]["spec"]["accessPolicy"] == "deny"
    assert list(of_kind(found, "AuthorizationPolicy")) == ["all-unauthenticated-door"]


def test_a_policy_of_a_namespace_is_one_for_each_server() -> None:
    whole = policy("all", "shop", WEB).replace(
        "policy.linkerd.io, kind: Server", '"", kind: Namespace'
    )
    found = rounded(PODS, server("a", API), server("b", API, "port: raw"), whole)
    made = of_kind(found, "AuthorizationPolicy")
    targets = {name: one["spec"]["targetRef"]["name"] for name, one in made.items()}
    assert targets == {"all": "a", "all-b": "b"}


IDENTITIES = """
apiVersion: policy.linkerd.io/v1alpha1
kind: MeshTLSAuthentication
metadata: {name: who, namespace: shop}
spec: {identities: %s}
"""


@pytest.mark.parametrize(
    "identities",
    [
        ["*"],
        ["*.dev.serviceaccount.identity.linkerd.cluster.local"],
        ["*.serviceaccount.identity.linkerd.cluster.local"],
        ["a.example.com", "*.example.org"],
    ],
)
def test_identities_stay(identities: list[str]) -> None:
    required = "{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: who}"
    found = rounded(
        PODS, IDENTITIES % identities, server("door", API), policy("in", "door", required)
    )
    (made,) = of_kind(found, "MeshTLSAuthentication").values()
    dev = [{"kind": "Namespace", "name": "dev"}]
    assert made["spec"] == (
        {"identityRefs": dev} if ".dev." in identities[0] else {"identities": identities}
    )


GRPC = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls, namespace: shop}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: Server, name: door}]
  hostnames: [a.example, "*.b.example"]
  rules:
    - matches: [{method: {service: a.B, method: Get}}, {method: {method: Put}, headers: [{name: x, value: "1"}]}]
    - {}
"""


def test_routes_of_calls_stay_routes_of_calls() -> None:
    target = policy("in", "calls", WEB).replace(
        "policy.linkerd.io, kind: Server", "gateway.networking.k8s.io, kind: GRPCRoute"
    )
    door = server("door", API, "port: 8080, proxyProtocol: gRPC")
    made = of_kind(rounded(PODS, door, GRPC, target), "GRPCRoute")["calls"]["spec"]
    assert made["hostnames"] == ["a.example", "*.b.example"]
    first, rest = made["rules"]
    assert [one["method"].get("service", "") for one in first["matches"]] == ["a.B", ""]
    assert rest == {}


def test_a_server_of_calls_has_no_route_that_nobody_wrote() -> None:
    found = rounded(PODS, server("door", API, "port: 8080, proxyProtocol: gRPC"))
    assert of_kind(found, "GRPCRoute") == {}


ROUTE = """
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {name: %s, namespace: shop, creationTimestamp: "%s"}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: Server, name: door}, {group: "", kind: Service, name: api, port: 80}]
  hostnames: [a.example, api]
  rules:
    - matches: [{path: {value: /a}, queryParams: [{name: q, value: "1"}]}]
      timeouts: {request: %s}
    - matches: [{method: GET}]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, annotations: {%s}}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""


def test_a_route_of_a_server_and_of_a_service_is_one_of_each() -> None:
    service = SERVICE % "timeout.linkerd.io/response: 3s"
    found = rounded(PODS, service, server("door", API), ROUTE % ("read", "", "1s"))
    made = of_kind(found, "HTTPRoute")
    parents = {name: one["spec"]["parentRefs"][0]["kind"] for name, one in made.items()}
    assert parents == {"read": "Service", "read-door": "Server"}
    assert all(one["spec"]["hostnames"] == ["a.example", "api"] for one in made.values())
    assert made["read"]["spec"]["rules"][0]["timeouts"] == {"request": "1s"}


def test_routes_of_one_rank_keep_the_order_of_their_ages() -> None:
    older = ROUTE % ("z", "2024-01-01T00:00:00Z", "1s")
    younger = ROUTE % ("a", "2024-02-01T00:00:00Z", "2s")
    found = rounded(PODS, SERVICE % "", server("door", API), younger, older)
    made = of_kind(found, "HTTPRoute")
    served = {
        name: one["spec"]["rules"][0]["timeouts"]["request"]
        for name, one in made.items()
        if one["spec"]["parentRefs"][0]["kind"] == "Service"
    }
    assert served == {"z": "1s", "z-a": "2s"}


def test_what_a_service_says_stays_its_own() -> None:
    """A limit that goes without saying would be one for calls too."""
    found = rounded(
        PODS,
        SERVICE % "retry.linkerd.io/http: 5xx, balancer.linkerd.io/failure-accrual: consecutive",
    )
    words = of_kind(found, "Service")["api"]["metadata"]["annotations"]
    assert words["retry.linkerd.io/http"] == "5xx"
    assert "retry.linkerd.io/limit" not in words
    assert of_kind(found, "HTTPRoute") == {}


PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: api.shop.svc.cluster.local, namespace: shop}
spec:
  routes:
    - name: read
      condition: {all: [{method: GET}, {not: {pathRegex: "/a|/b"}}]}
      isRetryable: true
      responseClasses: [{condition: {status: {min: 429, max: 431}}, isFailure: true}]
      timeout: 1s
  retryBudget: {retryRatio: 0.3, minRetriesPerSecond: 5, ttl: 20s}
  dstOverrides:
    - {authority: "api.shop.svc.cluster.local:80", weight: 900m}
    - {authority: "web.shop.svc.cluster.local", weight: 100m}
"""


def test_a_profile_stays_and_puts_the_words_of_its_service_aside() -> None:
    """As routes of another kind it let them begin to hold."""
    found = rounded(PODS, SERVICE % "timeout.linkerd.io/request: 9s", PROFILE)
    made = of_kind(found, "ServiceProfile")["api.shop.svc.cluster.local"]["spec"]
    assert made["retryBudget"] == {"retryRatio": 0.3, "minRetriesPerSecond": 5, "ttl": "20s"}
    assert [one["weight"] for one in made["dstOverrides"]] == [900, 100]
    (route,) = made["routes"]
    assert route["condition"]["all"][0] == {"method": "GET"}
    assert of_kind(found, "HTTPRoute") == {}


NETWORK = """
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: out, namespace: linkerd-egress}
spec: {trafficPolicy: Deny, networks: [{cidr: 203.0.113.0/24, except: [203.0.113.8/29]}]}
"""


def test_a_network_keeps_its_exceptions_and_makes_no_namespace() -> None:
    found = rounded(NETWORK)
    made = of_kind(found, "EgressNetwork")["out"]["spec"]
    assert made["networks"] == [{"cidr": "203.0.113.0/24", "except": ["203.0.113.8/29"]}]
    assert of_kind(found, "Namespace") == {}


LIMIT = """
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {name: limit, namespace: shop}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: door}
  total: {requestsPerSecond: 100}
  identity: {requestsPerSecond: 10}
  overrides: [{requestsPerSecond: 5, clientRefs: [{kind: ServiceAccount, name: web, namespace: dev}]}]
"""


def test_limits_for_single_callers_stay() -> None:
    made = of_kind(rounded(PODS, server("door", API), LIMIT), "HTTPLocalRateLimitPolicy")["door"]
    assert made["spec"]["identity"] == {"requestsPerSecond": 10}
    client = {"kind": "ServiceAccount", "name": "web", "namespace": "dev"}
    assert made["spec"]["overrides"] == [{"requestsPerSecond": 5, "clientRefs": [client]}]


@pytest.mark.parametrize(
    "word",
    [
        'config.linkerd.io/proxy-require-identity-inbound-ports: "9000,9100-9102"',
        "config.linkerd.io/skip-subnets: 198.51.100.0/24",
        "config.linkerd.io/proxy-log-level: warn",
        "config.linkerd.io/access-log: json",
        'config.linkerd.io/opaque-ports: "9000"',
        'config.linkerd.io/shutdown-grace-period: "30"',
        "config.linkerd.io/proxy-await: disabled",
        "linkerd.io/inject: ingress",
    ],
)
def test_annotations_of_pods_stay(word: str) -> None:
    key, _, value = word.partition(": ")
    found = rounded(POD % word, SERVICE % "config.linkerd.io/opaque-ports: '80'")
    made = of_kind(found, "Deployment").get("api")
    told = {finding.code for finding in found.report.findings}
    assert told <= {"MM602"}
    if made is not None:  # else its document is as it was
        words = made["spec"]["template"]["metadata"]["annotations"]
        assert words[key] == value.strip('"')
        assert set(words) == {key}


MACHINE = """
apiVersion: workload.linkerd.io/v1beta1
kind: ExternalWorkload
metadata: {name: box, namespace: shop, labels: {app: api}}
spec:
  meshTLS: {identity: "spiffe://root.example/box", serverName: box.shop.cluster.local}
  workloadIPs: [{ip: 192.0.2.7}]
  ports: [{name: http, port: 8080}]
"""


def test_a_machine_keeps_an_identity_that_is_no_accounts() -> None:
    """It became the name of an account."""
    made = of_kind(rounded(PODS, SERVICE % "", MACHINE), "ExternalWorkload")["box"]["spec"]
    assert made["meshTLS"]["identity"] == "spiffe://root.example/box"
