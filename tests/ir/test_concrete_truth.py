"""What a truth table may say, and what happens where a model decides otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ir.match import Part
from ir.provenance import Traced, trail
from ir.resilience import Timeouts
from tests.ir.facts import backend, closed, grant, labelled, model, on, route, table, ways
from tests.truth import Case, check, load_truth

ROUTED = model(
    table(
        route(
            "split",
            to=(
                backend("reviews", 90, labels=labelled(version="v1")),
                backend("reviews", 10, labels=labelled(version="v2")),
            ),
        )
    )
)
ACCESS = """
- name: web gets in
  request:
    caller: {namespace: shop, service_account: web}
    workload: Deployment/shop/reviews
    port: 9080
  before: allowed
  after: refused
  doc: because
"""
SHARES = """
- name: nine in ten
  request: {service: shop/reviews, port: 80}
  before: {shop/reviews: 9, shop/reviews-v2: 1}
  doc: because
"""


def cases(folder: Path, text: str) -> tuple[Case, ...]:
    path = folder / "truth.yaml"
    path.write_text(text, encoding="utf-8")
    return load_truth(path)


def test_each_side_is_checked_by_its_own_verdict(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, ACCESS)
    as_web = grant(callers=ways(on(Part.SERVICE_ACCOUNT, "shop/web")))
    check(case, model(closed(), as_web), model(closed()))


def test_a_wrong_verdict_names_the_case_the_side_and_the_rule(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, ACCESS)
    with pytest.raises(AssertionError, match=r"web gets in: before: .* is refused.* by closed"):
        check(case, model(closed()), model(closed()))


def test_without_after_both_sides_are_alike(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, SHARES)
    check(case, ROUTED, ROUTED)
    with pytest.raises(AssertionError, match="nine in ten: after: shares"):
        check(case, ROUTED, model())


def test_the_endpoints_of_a_share_come_in_any_order(tmp_path: Path) -> None:
    text = SHARES.replace(
        "{shop/reviews: 9, shop/reviews-v2: 1}", "{shop/reviews-v2 shop/reviews: 100}"
    )
    (case,) = cases(tmp_path, text)
    check(case, model(), model())


def test_other_questions_about_routing(tmp_path: Path) -> None:
    text = SHARES.replace(
        "{shop/reviews: 9, shop/reviews-v2: 1}",
        "{route: split, retries: none, shares: {shop/reviews: 9, shop/reviews-v2: 1}}",
    )
    (case,) = cases(tmp_path, text)
    check(case, ROUTED, ROUTED)


def test_a_missing_route_answers_404(tmp_path: Path) -> None:
    text = SHARES.replace("{shop/reviews: 9, shop/reviews-v2: 1}", "{answer: 404}")
    (case,) = cases(tmp_path, text)
    unmatched = model(table(route("never", on(Part.PATH, "/never"), to=(backend("ratings"),))))
    check(case, unmatched, unmatched)


def test_access_to_a_service_is_access_to_each_of_its_endpoints(tmp_path: Path) -> None:
    text = SHARES.replace("{shop/reviews: 9, shop/reviews-v2: 1}", "allowed")
    (case,) = cases(tmp_path, text)
    check(case, model(), model())
    with pytest.raises(AssertionError, match="reviews-v2:9080 is refused"):
        check(case, model(closed()), model())
    (case,) = cases(tmp_path, text.replace("port: 80", "port: 81"))
    with pytest.raises(AssertionError, match="no endpoint"):
        check(case, model(), model())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("namespace: shop,", "namespaces: shop,"),
        ("before: allowed", "before: maybe"),
        ("before: allowed", "before: {}"),
        ("  doc: because", "  because: of"),
        ("    port: 9080", '    port: "9080"'),
        ("    port: 9080", "    port: 9080\n    service: shop/reviews"),
        ("before: allowed", "before: {route: a, tries: 2}"),
    ],
)
def test_what_the_format_does_not_know_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    assert old in ACCESS
    with pytest.raises(ValueError, match="validation error"):
        cases(tmp_path, ACCESS.replace(old, new))


def test_two_cases_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one name"):
        cases(tmp_path, ACCESS + ACCESS)


def test_a_timeout_is_in_seconds_or_none(tmp_path: Path) -> None:
    text = SHARES.replace("{shop/reviews: 9, shop/reviews-v2: 1}", "{timeout: none}")
    (case,) = cases(tmp_path, text.replace("  doc", "  after: {timeout: 2}\n  doc"))
    slow = replace(
        route("slow", to=(backend("ratings"),)),
        timeouts=Timeouts(request=Traced(2.0), trail=trail("timeouts")),
    )
    check(case, ROUTED, model(table(slow)))
