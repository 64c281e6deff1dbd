"""Callers that nobody lists: one for each set of patterns that one name can meet."""

from __future__ import annotations

from itertools import product

import pytest

from ir.behaviour.languages import language_of
from ir.match import Part, Pattern, PatternKind, RegexDialect
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.compare import Terms, compare
from translator.verify.identities import CAPPED, Named, met_at_once
from translator.verify.result import Kind, Verdict

IDENTITY, SPACE, ACCOUNT = Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT
EXACT, PREFIX, SUFFIX = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.SUFFIX

WORDS = ("a", "ab", "b", "web", "shop")
NAMES = tuple(product(("a", "b.c"), WORDS, WORDS))


def parts(domain: str, space: str, account: str) -> dict[Part, str]:
    """The texts that rules see of a name."""
    return {
        IDENTITY: f"{domain}/ns/{space}/sa/{account}",
        SPACE: space,
        ACCOUNT: f"{space}/{account}",
        Part.TRUST_DOMAIN: domain,
    }


def met(named: tuple[Named, ...], name: tuple[str, str, str]) -> tuple[bool, ...]:
    texts = parts(*name)
    return tuple(language_of(pattern).accepts(texts[part]) for part, pattern in named)


def regex(text: str) -> Pattern:
    return Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RE2_FULL)


@pytest.mark.parametrize(
    "named",
    [
        ((IDENTITY, Pattern(SUFFIX, "/sa/web")), (SPACE, Pattern(EXACT, "shop"))),
        ((IDENTITY, Pattern(PREFIX, "a/ns/sh")), (SPACE, Pattern(EXACT, "shop"))),
        ((SPACE, Pattern(PREFIX, "a")), (SPACE, Pattern(SUFFIX, "b")), (SPACE, Pattern(EXACT, "ab"))),
        ((ACCOUNT, Pattern(PREFIX, "sho")), (IDENTITY, Pattern(SUFFIX, "b"))),
        ((ACCOUNT, Pattern(SUFFIX, "op/web")), (SPACE, regex("[a-c]+")), (IDENTITY, Pattern(SUFFIX, "web"))),
        ((Part.TRUST_DOMAIN, Pattern(PREFIX, "b")), (IDENTITY, Pattern(PatternKind.CONTAINS, "/shop/"))),
    ],
)  # fmt: skip
def test_whatever_a_name_meets_somebody_who_is_made_up_meets_too(named: tuple[Named, ...]) -> None:
    found = met_at_once(named)
    assert found.complete
    made_up = {met(named, (c.trust_domain, c.namespace, c.service_account)) for c in found.callers}
    assert {met(named, name) for name in NAMES} <= made_up


def test_names_that_rules_ask_for_as_a_whole_stand_for_nobody_else() -> None:
    whole = (IDENTITY, Pattern(EXACT, "a/ns/a/sa/a"))
    account = (ACCOUNT, Pattern(EXACT, "b/a"))
    found = met_at_once((whole, account, (SPACE, Pattern(PREFIX, "b"))))
    names = {(c.trust_domain, c.namespace, c.service_account) for c in found.callers}
    assert len(names) == 2
    assert not any(parts(*name)[IDENTITY] == "a/ns/a/sa/a" for name in names)
    assert not any(parts(*name)[ACCOUNT] == "b/a" for name in names)
    assert met_at_once((whole, account)).callers == ()


def test_where_there_would_be_too_many_it_is_said() -> None:
    accounts = tuple((IDENTITY, Pattern(SUFFIX, f"/sa/s-{n}")) for n in range(60))
    spaces = tuple((SPACE, Pattern(EXACT, f"team-{n}")) for n in range(60))
    assert not met_at_once((*accounts, *spaces)).complete


POLICY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}}}
    spec: {{containers: [{{name: api, image: api, ports: [{{name: http, containerPort: 8080}}]}}]}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: api, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  rules:
  - from: [{{source: {source}}}]
"""


@pytest.mark.parametrize("barred", ["[bank]", '["ba*"]', '["*nk"]'])
def test_an_account_in_a_namespace_of_its_own_is_looked_at(barred: str) -> None:
    """A rule on accounts and one on namespaces: who is meant by both need not be listed or named."""
    models = []
    for more in ("", f", notNamespaces: {barred}"):
        loaded = load_text(POLICY.format(source=f'{{principals: ["*/sa/web"]{more}}}'))
        options = options_of(loaded, "istio", "linkerd", {})
        models.append(load_importer("istio")(loaded.resources, options).model)
    proof = compare(models[0], models[1], Terms())
    assert {one.slice.verdict for one in proof.found} == {Verdict.DIFFERENT}
    changes = [change for one in proof.found for change in one.changes]
    assert {change.change.kind for change in changes} == {Kind.NEWLY_DENIED}
    assert not any(CAPPED in one.slice.reasons for one in proof.found)
