"""What Linkerd reads and does not heed is told, beside what it heeds of the same object."""

from __future__ import annotations

import pytest

from tests.laws.soundness import faults, translated

_POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata:
      labels: {app: api}
      annotations: {linkerd.io/inject: enabled}
    spec: {serviceAccountName: api, containers: [{name: a, image: a, ports: [{containerPort: 8080}]}]}
"""
_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
"""
_SERVER = """
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: door, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, port: PORT, proxyProtocol: HTTP/1}
"""
_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: read, namespace: shop, annotations: {timeout.linkerd.io/response: 3s}}
spec:
  parentRefs: [{group: "", kind: Service, name: api, port: 80}, {group: policy.linkerd.io, kind: Server, name: SERVER}]
  rules:
    - matches: [{path: {value: /a}}]
      filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: x, value: "1"}]}}]
      timeouts: {request: 1s}
"""
_CALLS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api, port: 80}]
  rules: [{}]
"""
_NETWORK = """
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: out, namespace: shop, annotations: {WORD}}
spec: {trafficPolicy: Deny}
"""


def of(*texts: str, pod: str = _POD) -> list[str]:
    result = translated("\n---\n".join((pod, _SERVICE, *texts)), "linkerd", "istio")
    return faults(result)


@pytest.mark.parametrize("server", ["door", "gone"])
def test_a_server_that_is_not_there_beside_a_service(server: str) -> None:
    """The reference to it was read and then forgotten (MM901)."""
    assert of(_SERVER.replace("PORT", "8080"), _ROUTE.replace("SERVER", server)) == []


def test_what_clients_would_heed_of_a_route_that_only_a_server_takes() -> None:
    """Changes of answers and limits were forgotten where routes of calls outrank it at its Service (MM901)."""
    assert of(_SERVER.replace("PORT", "8080"), _ROUTE.replace("SERVER", "door"), _CALLS) == []


@pytest.mark.parametrize("word", ["retry.linkerd.io/http: 5xx", "timeout.linkerd.io/request: 3s"])
def test_words_of_a_network_that_refuses_all(word: str) -> None:
    """They were forgotten (MM901)."""
    assert of(_NETWORK.replace("WORD", word)) == []


def test_skipped_subnets_of_pods_without_a_closed_port() -> None:
    """A Server of another port than theirs, with routes, ended the run."""
    pod = _POD.replace("enabled", "enabled, config.linkerd.io/skip-subnets: 198.51.100.0/24")
    assert of(_SERVER.replace("PORT", "admin"), _ROUTE.replace("SERVER", "door"), pod=pod) == []


def test_skipped_subnets_beside_routes_let_nobody_in_whom_no_route_takes() -> None:
    """A grant let them in on the whole port (MM903), and nothing was written."""
    pod = _POD.replace("enabled", "enabled, config.linkerd.io/skip-subnets: 198.51.100.0/24")
    server = _SERVER.replace("PORT", "8080")
    for target in ("istio", "cilium"):
        text = "\n---\n".join((pod, server, _ROUTE.replace("SERVER", "door")))
        assert faults(translated(text, "linkerd", target)) == []
