"""Limits of requests at a Server: exact, or the greatest number that is never more."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import yaml

from ir.resilience import RateLimit
from tests.exporters.linkerd.istio import WORKLOAD, spec_of, translated, written
from tests.importers.istio.test_rate_limits import SETTINGS, inserted
from tests.translation import in_force_after, to_version
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Fate, Finding, Impact, Severity
from translator.source.load import load_text

_STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""


def limit(burst: int, requests: int, interval: str, name: str = "limit", **more: object) -> str:
    """An EnvoyFilter for the workload."""
    bucket = {"max_tokens": burst, "tokens_per_fill": requests, "fill_interval": interval}
    settings: dict[str, Any] = {**SETTINGS, **more, "token_bucket": bucket}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {
                "workloadSelector": {"labels": {"app": "api"}},
                "configPatches": [inserted(settings, listener={"portNumber": 8080})],
            },
        }
    )


def rate(result: Result) -> int | None:
    """The number of the only policy, if there is one."""
    found = written(result, "HTTPLocalRateLimitPolicy")
    if not found:
        return None
    (policy,) = found
    number = spec_of(policy)["total"]["requestsPerSecond"]
    assert isinstance(number, int)
    return number


def told(result: Result, code: str) -> list[Finding]:
    return [finding for finding in result.report.findings if finding.code == code]


def test_as_many_at_once_as_in_a_second_is_exact() -> None:
    result = translated(_STRICT, limit(50, 25, "0.5s"))
    assert rate(result) == 50
    assert not [f for f in result.report.findings if f.code.startswith("MM54")]
    rows = [r for r in result.report.ledger if "token_bucket" in r.path]
    assert {row.fate for row in rows} == {Fate.PLACED}


def test_before_istio_1_23_what_has_no_room_in_the_bucket_is_gone() -> None:
    """Envoy 1.30 adds a whole interval's tokens at once: of 600 a minute 120 fit."""
    document = "\n---\n".join((WORKLOAD, limit(120, 600, "60s")))
    loaded = load_text(document)
    for version, number in (("1.22", 2), ("1.24", 10)):
        own = pipeline.options_of(loaded, f"istio@{version}", "linkerd", {})
        assert rate(pipeline.translate_loaded(loaded, own)) == number


@pytest.mark.parametrize(
    ("burst", "requests", "interval", "number"),
    [
        (300, 600, "60s", 10),
        (10, 600, "10s", 10),
        (100, 100, "60s", 1),
        (5, 7, "0.7s", 5),
        (3, 29, "2.9s", 3),
    ],
)
def test_a_limit_of_another_shape_is_never_more(
    burst: int, requests: int, interval: str, number: int
) -> None:
    """In t seconds the target lets n + n t requests through, the source burst + t requests / interval."""
    result = translated(limit(burst, requests, interval))
    assert rate(result) == number
    assert number <= burst
    assert number <= Fraction(requests) / Fraction(interval[:-1])
    assert {finding.impact for finding in told(result, "MM540")} == {Impact.STRICTER}


def test_less_than_one_request_a_second_cannot_be_said() -> None:
    result = translated(limit(4, 4, "60s"))
    assert rate(result) is None
    (finding,) = told(result, "MM542")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert not written(result, "Server")


def test_of_two_limits_the_lower_is_written() -> None:
    result = translated(limit(50, 50, "1s"), limit(20, 20, "1s", "other"))
    assert rate(result) == 20
    assert [f.impact for f in told(result, "MM540")] == [Impact.NONE]


def test_two_limits_that_cross_are_held_both() -> None:
    """One lets bursts through and the other does not: the number keeps below either."""
    result = translated(limit(100, 10, "1s"), limit(30, 60, "1s", "other"))
    assert rate(result) == 10


def test_the_server_of_a_limit_lets_in_whom_the_pod_lets_in() -> None:
    (server,) = written(translated(limit(5, 5, "1s")), "Server")
    assert spec_of(server)["accessPolicy"] == "all-unauthenticated"
    (server,) = written(translated(_STRICT, limit(5, 5, "1s")), "Server")
    assert spec_of(server)["accessPolicy"] == "all-authenticated"


def test_a_limit_stands_at_the_server_of_a_port_with_rules() -> None:
    policy = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules: [{from: [{source: {namespaces: [web]}}]}]
"""
    result = translated(policy, limit(5, 5, "1s"))
    (server,) = written(result, "Server")
    assert spec_of(server)["accessPolicy"] == "deny"
    assert rate(result) == 5


def test_a_version_without_limits_says_so() -> None:
    result = to_version(f"{WORKLOAD}\n---\n{limit(5, 5, '1s')}", "2.16")
    assert rate(result) is None
    (finding,) = told(result, "MM542")
    assert finding.impact is Impact.LOOSER


def test_pods_that_are_not_listed_are_limited_by_their_service() -> None:
    service, _, _ = WORKLOAD.partition("\n---\n")
    result = to_version(f"{service}\n---\n{limit(5, 5, '1s')}", "2.20")
    assert rate(result) == 5


def test_what_is_answered_above_the_limit_is_told() -> None:
    result = translated(limit(5, 5, "1s", status={"code": 503}))
    (finding,) = told(result, "MM541")
    assert "503" in finding.message
    assert not told(translated(limit(5, 5, "1s", status={"code": 200})), "MM541")


def test_what_is_written_is_read_back() -> None:
    text = limit(5, 5, "1s")
    after = in_force_after(f"{WORKLOAD}\n---\n{text}", translated(text))
    (found,) = [fact for fact in after.facts if isinstance(fact, RateLimit)]
    assert (found.requests.value, found.seconds.value, found.burst.value) == (5, 1.0, 5)
