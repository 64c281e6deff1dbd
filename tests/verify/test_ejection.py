"""Failing endpoints compared."""

from __future__ import annotations

from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Scope, Subject
from ir.match import Labels
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.resilience import AppliesTo, Outliers
from tests.ir.facts import backend, for_namespaces, labelled, model, route, table
from translator.pipeline import options_of, translate_loaded
from translator.source.load import load_text
from translator.verify.access import Comparison
from translator.verify.ejection import EjectionComparison
from translator.verify.result import Kind, Slice, Verdict


def rule(
    name: str = "reviews",
    errors: int = 5,
    *,
    of: AppliesTo = AppliesTo.DESTINATION,
    clients: Audience | None = None,
    labels: Labels | None = None,
) -> Outliers:
    subject = Subject(
        scope=Scope.SERVICE, namespace=Traced("shop"), name=Traced(name), trail=trail(name)
    )
    return Outliers(
        attachment=Attachment(subject=subject, audience=clients, enforced_at=EnforcedAt.CLIENT),
        labels=None if labels is None else Traced(labels),
        applies_to=of,
        consecutive_errors=Traced(errors, (errors,)),
        ejection_time=Traced(30.0),
        trail=trail("rule"),
    )


def compared(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> dict[str, Slice]:
    access = Comparison(model(*before), model(*after), strict=True)
    assert list(access.slices())
    found = EjectionComparison(access.lowered, access.world).slices()
    return {one.name: one for one in found}


def reviews(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> Slice:
    return compared(before, after)["Service/shop/reviews port 80: failing endpoints"]


def test_one_rule_for_those_who_are_sent_there_is_that_for_those_who_address_it() -> None:
    found = reviews((rule(),), (rule(of=AppliesTo.ADDRESS),))
    assert found.verdict is Verdict.EQUAL_EXACT


def test_another_number_of_errors_is_another_rule() -> None:
    (change,) = reviews((rule(),), (rule(errors=7),)).changes
    assert change.kind is Kind.EJECTION
    assert "after 5 errors" in change.witness.before
    assert "after 7 errors" in change.witness.after
    assert change.witness.before_leaves == (5,)


def test_another_manner_is_told_apart_from_another_rule() -> None:
    (change,) = reviews((replace(rule(), interval=Traced(10.0)),), (rule(),)).changes
    assert change.kind is Kind.EJECTION_MANNER


def test_another_longest_time_is_told_apart_from_another_rule_and_another_manner() -> None:
    before = replace(rule(), longest_ejection=Traced(60.0))
    found = reviews((before,), (replace(rule(), longest_ejection=Traced(300.0)),))
    (change,) = found.changes
    assert change.kind is Kind.EJECTION_LONGEST
    assert "at most for 60 s" in change.witness.before
    assert "at most for 300 s" in change.witness.after
    (other,) = reviews((before,), (rule(errors=7),)).changes
    assert other.kind is Kind.EJECTION


def test_a_rule_that_counts_nothing_is_no_rule() -> None:
    assert reviews((rule(errors=0),), ()).verdict is Verdict.EQUAL_EXACT


def test_a_rule_for_all_in_place_of_one_for_some_is_shown_by_somebody_else() -> None:
    found = reviews((rule(clients=for_namespaces("web")),), (rule(),))
    (change,) = found.changes
    assert change.witness.request.caller.namespace != "web"
    assert "none is left out" in change.witness.before


def test_the_clients_own_rule_replaces_that_for_all() -> None:
    before = rule(), rule(errors=0, clients=for_namespaces("web"))
    (change,) = reviews(before, (rule(),)).changes
    assert change.witness.request.caller.namespace == "web"


def test_who_is_sent_on_has_the_rule_of_the_endpoints_or_of_the_address() -> None:
    on = table(route("r", to=(backend("ratings"),)))
    of_the_endpoints = on, rule("ratings")
    of_the_address = on, rule("ratings", of=AppliesTo.ADDRESS)
    (change,) = reviews(of_the_endpoints, of_the_address).changes
    assert "after 5 errors" in change.witness.before
    assert "none is left out" in change.witness.after


def test_a_subset_has_its_own_rule() -> None:
    v1 = labelled(version="v1")
    on = table(route("r", to=(backend("reviews", labels=v1),)))
    (change,) = reviews((on, rule(), rule(errors=3, labels=v1)), (on, rule())).changes
    assert "after 3 errors" in change.witness.before


def test_services_without_rules_are_no_slices() -> None:
    assert not compared((table(route("r", to=(backend("ratings"),))),), ())
    assert set(compared((rule(),), ())) == {"Service/shop/reviews port 80: failing endpoints"}


BARE = """\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, name: http}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec: {host: api, trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
  - fault: {abort: {httpStatus: 503, percentage: {value: 10}}}
    route: [{destination: {host: api}}]
"""


def test_a_rule_without_numbers_of_the_input_is_explained_by_what_it_is_about() -> None:
    loaded = load_text(BARE)
    result = translate_loaded(loaded, options_of(loaded, "istio", "linkerd", {}))
    changes = result.report.verification.changes
    assert "ejection_manner" in {change["kind"] for change in changes}
    assert all(change["explained_by"] for change in changes)
