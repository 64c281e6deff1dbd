"""What is lost with checks of tokens and with decisions from outside, and how grave it is."""

from __future__ import annotations

from tests.exporters.linkerd.istio import policy, translated, written
from tests.importers.istio.test_request_authentication import authentication
from translator.pipeline import Result
from translator.report.model import Impact

TOKENS = authentication(jwtRules=[{"issuer": "https://id.example"}])
WITH_TOKEN = {"from": [{"source": {"requestPrincipals": ["*"]}}]}
BY_NAME = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}
NO_TOKEN = {"from": [{"source": {"notRequestPrincipals": ["*"]}}]}


def impacts(result: Result, code: str) -> set[Impact]:
    """The impacts of the findings with this code."""
    return {f.impact for f in result.report.findings if f.code == code}


def test_a_lost_check_alone_lets_bad_tokens_through() -> None:
    assert Impact.LOOSER in impacts(translated(TOKENS), "MM406")


def test_a_lost_check_is_harmless_where_every_grant_asked_for_a_token() -> None:
    result = translated(TOKENS, policy({"rules": [WITH_TOKEN]}))
    assert written(result, "AuthorizationPolicy") == []
    assert Impact.LOOSER not in impacts(result, "MM406")


def test_a_grant_without_a_token_still_lets_bad_ones_through() -> None:
    result = translated(TOKENS, policy({"rules": [WITH_TOKEN, BY_NAME]}))
    assert Impact.LOOSER in impacts(result, "MM406")


def test_a_refusal_of_those_without_a_token_becomes_a_refusal_of_all() -> None:
    deny = policy({"action": "DENY", "rules": [NO_TOKEN]}, "token")
    result = translated(TOKENS, policy({"rules": [BY_NAME]}), deny)
    assert written(result, "AuthorizationPolicy") == []
    assert impacts(result, "MM403") == {Impact.STRICTER}
    assert Impact.LOOSER not in impacts(result, "MM406")


CUSTOM = policy(
    {
        "action": "CUSTOM",
        "provider": {"name": "opa"},
        "rules": [{"to": [{"operation": {"paths": ["/admin"]}}]}],
    },
    "ask",
)


def test_what_somebody_outside_would_decide_is_refused() -> None:
    result = translated(CUSTOM)
    assert impacts(result, "MM407") == {Impact.STRICTER}
    assert [f for f in result.report.findings if f.severity == "blocker"] == []
    (denied, _) = sorted(written(result, "HTTPRoute"), key=lambda d: d["metadata"]["name"])
    assert denied["metadata"]["name"] == "api-8080-0"
    assert len(written(result, "AuthorizationPolicy")) == 1


def test_with_refuse_the_policy_is_left_out_and_that_is_a_blocker() -> None:
    result = translated(CUSTOM, on_inexact="refuse")
    assert impacts(result, "MM407") == {Impact.LOOSER}


def test_an_audit_mark_changes_no_decision() -> None:
    audit = policy({"action": "AUDIT", "rules": [{}]}, "audit")
    result = translated(audit)
    assert impacts(result, "MM409") == {Impact.NONE}
    assert result.documents == ()
