"""What a RequestAuthentication says, and where it holds."""

from __future__ import annotations

import yaml

from ir.access import TokenCheck
from ir.attachment import Scope
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate

RULE = {
    "issuer": "https://id.example",
    "audiences": ["shop"],
    "jwksUri": "https://id.example/keys",
    "fromHeaders": [{"name": "x-token", "prefix": "Token "}],
    "fromParams": ["token"],
    "fromCookies": ["session"],
    "forwardOriginalToken": True,
    "outputPayloadToHeader": "x-payload",
    "outputClaimToHeaders": [{"header": "x-sub", "claim": "sub"}],
    "spaceDelimitedClaims": ["groups"],
    "timeout": "5s",
    "presence": "REQUIRED",
}


def authentication(**spec: object) -> str:
    """A RequestAuthentication in the namespace ``shop``."""
    return yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "RequestAuthentication",
            "metadata": {"name": "tokens", "namespace": "shop"},
            "spec": spec,
        }
    )


def checks(result: Result) -> list[TokenCheck]:
    """The checks of the model."""
    return [fact for fact in result.model.facts if isinstance(fact, TokenCheck)]


def test_every_field_is_read_into_the_check() -> None:
    result = to_linkerd(authentication(jwtRules=[RULE]))
    (check,) = checks(result)
    assert check.issuer is not None
    assert check.issuer.value == "https://id.example"
    assert [place.value for place in check.locations] == [
        "header:x-token:Token ",
        "query:token",
        "cookie:session",
    ]
    assert [told.value for told in check.told] == ["the payload in x-payload", "sub in x-sub"]
    assert [claim.value for claim in check.lists] == ["groups"]
    assert check.forwards is not None
    assert check.forwards.value
    assert check.fetch_time is not None
    assert check.fetch_time.value == 5
    fates = {row.path: row.fate for row in result.report.ledger}
    assert Fate.UNREAD not in fates.values()
    assert fates["spec.jwtRules[0].presence"] is Fate.INERT


def test_a_rule_has_a_check_of_its_own() -> None:
    assert len(checks(to_linkerd(authentication(jwtRules=[RULE, {"issuer": "b"}])))) == 2


def test_without_rules_no_token_is_looked_at() -> None:
    assert checks(to_linkerd(authentication(jwtRules=[]))) == []


def test_a_target_takes_the_place_of_the_selector() -> None:
    target = {"group": "", "kind": "Service", "name": "api"}
    (check,) = checks(to_linkerd(authentication(targetRefs=[target], jwtRules=[RULE])))
    assert check.attachment.subject.scope is Scope.SERVICE
