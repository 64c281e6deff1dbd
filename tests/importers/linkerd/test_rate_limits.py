"""HTTPLocalRateLimitPolicy: what limits a Server, and what is not heeded."""

from __future__ import annotations

import pytest

from ir.match import Pattern
from ir.model import Model
from ir.resilience import RateLimit, Sharing
from tests.translation import options
from translator.errors import InputError
from translator.importers.linkerd import read_mesh
from translator.source.load import load_text

_SERVER = """
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: api, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, port: 8080, proxyProtocol: PROTOCOL, accessPolicy: deny}
"""


def policy(spec: str, name: str = "api", created: str = "") -> str:
    return f"""
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {{name: {name}, namespace: shop, creationTimestamp: "{created}"}}
spec: {{targetRef: {{group: policy.linkerd.io, kind: Server, name: api}}, {spec}}}
"""


def read(*policies: str, protocol: str = "HTTP/1") -> Model:
    text = "\n---\n".join((_SERVER.replace("PROTOCOL", protocol), *policies))
    return read_mesh(load_text(text).resources, options()).model


def limits(model: Model) -> list[RateLimit]:
    return [fact for fact in model.facts if isinstance(fact, RateLimit)]


def test_total_identity_and_overrides_are_buckets_of_a_second() -> None:
    total, identity, some = limits(
        read(
            policy(
                "total: {requestsPerSecond: 100}, identity: {requestsPerSecond: 20}, overrides: [{requestsPerSecond: 25, "
                "clientRefs: [{kind: ServiceAccount, name: a}, {kind: ServiceAccount, name: b, namespace: web}]}]"
            )
        )
    )
    assert (total.requests.value, total.seconds.value, total.burst.value) == (100, 1.0, 100)
    assert (identity.requests.value, identity.sharing.value) == (20, Sharing.IDENTITY)
    terms = [t.value for caller in some.callers for test in caller.tests for t in test.any_of]
    assert [t.text for t in terms if isinstance(t, Pattern)] == [
        "cluster.local/ns/shop/sa/a",
        "cluster.local/ns/web/sa/b",
    ]
    assert (some.requests.value, some.sharing.value) == (25, Sharing.EVERYONE)


def test_the_oldest_policy_of_a_server_is_heeded() -> None:
    young = policy("total: {requestsPerSecond: 1}", "a", "2026-01-02T00:00:00Z")
    old = policy("total: {requestsPerSecond: 2}", "b", "2026-01-01T00:00:00Z")
    model = read(young, old)
    (limit,) = limits(model)
    assert limit.requests.value == 2
    (idle,) = model.inactive
    assert idle.winner == "HTTPLocalRateLimitPolicy/shop/b"


@pytest.mark.parametrize("protocol", ["gRPC", "opaque", "TLS"])
def test_nothing_is_counted_where_http_is_not_read(protocol: str) -> None:
    model = read(policy("total: {requestsPerSecond: 1}"), protocol=protocol)
    assert limits(model) == []
    assert len(model.inactive) == 1


def test_a_policy_without_a_server_or_a_rate_is_not_heeded() -> None:
    elsewhere = policy("total: {requestsPerSecond: 1}").replace(
        "name: api}, total", "name: b}, total"
    )
    model = read(elsewhere, policy("overrides: []", "c"))
    assert limits(model) == []
    assert [one.why for one in model.inactive] == [
        "its target is no Server's here",
        "it states no limit",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        "total: {requestsPerSecond: 0}",
        "identity: {}",
        "overrides: [{requestsPerSecond: 1}]",
        "overrides: [{requestsPerSecond: 1, clientRefs: [{kind: Group, name: a}]}]",
    ],
)
def test_what_the_webhook_refuses_is_an_error(spec: str) -> None:
    with pytest.raises(ExceptionGroup) as errors:
        read(policy(spec))
    assert isinstance(errors.value.exceptions[0], InputError)


def test_an_override_that_names_no_client_is_nobodys_rate() -> None:
    """It was a limit for everybody."""
    model = read(
        policy("total: {requestsPerSecond: 9}, overrides: [{requestsPerSecond: 1, clientRefs: []}]")
    )
    assert [limit.requests.value for limit in limits(model)] == [9]
    assert "it names no client" in [one.why for one in model.inactive]
