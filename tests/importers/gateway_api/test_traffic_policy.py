"""XBackendTrafficPolicy: budgets and sessions of the Services that it names."""

from __future__ import annotations

import pytest

from ir.model import Model
from ir.resilience import RetryBudget, SessionAffinity
from tests.importers.gateway_api.reading import read


def policy(spec: str, target: str = '{group: "", kind: Service, name: api}') -> str:
    return f"""
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {{name: p, namespace: shop}}
spec: {{targetRefs: [{target}], {spec}}}
"""


def session(model: Model) -> SessionAffinity:
    (found,) = [fact for fact in model.facts if isinstance(fact, SessionAffinity)]
    return found


@pytest.mark.parametrize(
    ("text", "key", "ends"),
    [
        ("cookie: {}", "cookie of the implementation; path=/; ttl=0s", []),
        ("cookie: {name: a, path: /x}", "cookie a; path=/x; ttl=0s", []),
        (
            "cookie: {name: a, lifetimeType: Permanent}, absoluteTimeout: 1h",
            "cookie a; path=/; ttl=1h",
            [],
        ),
        ("cookie: {name: a}, absoluteTimeout: 1h", "cookie a; path=/; ttl=0s", ["after 1h"]),
        ("type: Header, header: {name: x}, absoluteTimeout: 1h", "header x", ["after 1h"]),
        ("sessionName: a", "cookie a; path=/; ttl=0s", []),
        (
            "sessionName: a, cookieConfig: {lifetimeType: Permanent}, absoluteTimeout: 1h, idleTimeout: 5m",
            "cookie a; path=/; ttl=1h",
            ["after 5m without a request"],
        ),
        ("type: Header, sessionName: x", "header x", []),
    ],
)
def test_a_session_is_told_by_a_cookie_or_a_header_until_it_ends(
    text: str, key: str, ends: list[str]
) -> None:
    found = session(read(policy(f"sessionPersistence: {{{text}}}")))
    assert found.key.value == key
    assert [end.value for end in found.ends] == ends
    assert not {leaf for end in found.ends for leaf in end.origin} & set(found.key.origin)


@pytest.mark.parametrize(
    "target",
    [
        "{group: networking.istio.io, kind: ServiceEntry, name: api}",
        '{group: "", kind: Pod, name: api}',
    ],
)
def test_a_policy_that_names_no_service_does_nothing(target: str) -> None:
    found = read(policy("retryConstraint: {budget: {percent: 30}}", target))
    assert not any(isinstance(fact, RetryBudget) for fact in found.facts)
    assert "it is no Service" in [one.why for one in found.inactive]


def test_a_budget_is_that_of_the_service_named() -> None:
    found = read(policy("retryConstraint: {budget: {percent: 30}}"))
    (budget,) = [fact for fact in found.facts if isinstance(fact, RetryBudget)]
    subject = budget.attachment.subject
    assert subject.name is not None
    assert subject.name.value == "api"
