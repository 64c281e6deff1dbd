"""Sessions by a cookie: in the policy of a Service, where a version and channel have one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ir.resilience import SessionAffinity
from tests.exporters.gateway_api.istio import found, spec_of, translated, written
from translator.after import as_source, in_force
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Fate, Support
from translator.source.load import load_text


def balanced(load_balancer: dict[str, object], **more: object) -> str:
    """A DestinationRule for the workload's service."""
    policy: dict[str, object] = {"loadBalancer": load_balancer, **more}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": {"host": "api.shop.svc.cluster.local", "trafficPolicy": policy},
        }
    )


def cookie(**words: object) -> dict[str, object]:
    """Balancing by the hash of a cookie."""
    return {"consistentHash": {"httpCookie": {"name": "user", **words}}}


def moved(*documents: str, version: str = "1.5+experimental") -> Result:
    result = translated(*documents, version=version)
    fates = {row.fate for row in result.report.ledger}
    assert not {Fate.DROPPED, Fate.STRANDED, Fate.UNREAD} & fates
    return result


def persistence(result: Result) -> dict[str, Any]:
    (policy,) = written(result, "XBackendTrafficPolicy")
    said = spec_of(policy)["sessionPersistence"]
    assert isinstance(said, dict)
    return said


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        ("0s", {"cookieConfig": {"lifetimeType": "Session"}}),
        (
            "1h30m",
            {"cookieConfig": {"lifetimeType": "Permanent"}, "absoluteTimeout": "5400s"},
        ),
    ],
)
def test_a_cookie_that_the_proxy_makes_names_the_session(
    ttl: str, expected: dict[str, object]
) -> None:
    result = moved(balanced(cookie(ttl=ttl)))
    assert persistence(result) == {"type": "Cookie", "sessionName": "user", **expected}
    told = [f for f in found(result, "MM306") if "sessionPersistence" in f.message]
    assert [f.fate for f in told] == [Fate.APPROXIMATED]


@pytest.mark.parametrize(
    "load_balancer",
    [
        cookie(),
        {"consistentHash": {"httpHeaderName": "x-user"}},
        {"consistentHash": {"useSourceIp": True}},
        {"simple": "ROUND_ROBIN"},
    ],
)
def test_what_makes_no_cookie_keeps_no_sessions(load_balancer: dict[str, object]) -> None:
    result = moved(balanced(load_balancer))
    assert written(result, "XBackendTrafficPolicy") == []
    assert {f.support for f in found(result, "MM306")} == {Support.NEVER}


@pytest.mark.parametrize("version", ["1.6", "1.2+experimental"])
def test_a_version_without_the_policy_loses_it_aloud(version: str) -> None:
    result = moved(balanced(cookie(ttl="0s")), version=version)
    assert written(result, "XBackendTrafficPolicy") == []
    assert found(result, "MM306") != []


def test_one_policy_of_a_service_holds_its_budget_and_its_sessions() -> None:
    budget = {"percent": 30, "minRetryConcurrency": 5}
    result = moved(balanced(cookie(ttl="0s"), retryBudget=budget))
    (policy,) = written(result, "XBackendTrafficPolicy")
    assert set(spec_of(policy)) == {"targetRefs", "retryConstraint", "sessionPersistence"}


def test_how_an_endpoint_is_picked_besides_is_told() -> None:
    more: dict[str, object] = {**cookie(ttl="0s"), "warmup": {"duration": "30s"}}
    result = moved(balanced(more))
    assert persistence(result)["sessionName"] == "user"
    assert Fate.LOST in {finding.fate for finding in found(result, "MM306")}


def test_the_session_that_is_read_back_is_the_one_that_was_written() -> None:
    text = balanced(cookie(ttl="90s"))
    result = moved(text)
    there = in_force(load_text(text), result, result.options)
    model = load_importer("gateway-api")(there.resources, as_source(result.options)).model
    (session,) = [fact for fact in model.facts if isinstance(fact, SessionAffinity)]
    assert session.key.value == "cookie user; path=/; ttl=90s"
