"""The features of an input against the targets."""

from __future__ import annotations

from translator.report.exhibits import Exhibits, Feature
from translator.report.html.matrix import matrix

TARGETS = ("linkerd@2.20", "linkerd@2.19", "linkerd@2.18", "gateway-api@1.6+standard")


def rows(*grades: tuple[str, ...]) -> Exhibits:
    features = tuple(Feature("RateLimit", f"part{n}", 2, one) for n, one in enumerate(grades))
    return Exhibits(targets=TARGETS, features=features)


def test_versions_that_say_all_of_it_alike_are_one_column() -> None:
    found = matrix(rows(("FULL", "FULL", "NEVER", "FULL"), ("NEVER",) * 4))
    assert found.targets == ("linkerd 2.19 to 2.20", "linkerd 2.18", "gateway-api 1.6 standard")
    (kind,) = found.rows
    assert [feature.grades for feature in kind.features] == [
        ("FULL", "NEVER", "FULL"),
        ("NEVER", "NEVER", "NEVER"),
    ]


def test_targets_of_two_meshes_are_two_columns_however_alike() -> None:
    found = matrix(rows(("FULL",) * 4))
    assert found.targets == ("linkerd 2.18 to 2.20", "gateway-api 1.6 standard")


def test_a_kind_is_as_good_as_its_worst_part() -> None:
    (kind,) = matrix(rows(("FULL",) * 4, ("PARTIAL",) * 4, ("FULL",) * 4)).rows
    assert kind.title == "Rate limit"
    assert kind.worst == ("PARTIAL", "PARTIAL")
    assert kind.uses == 6


def test_no_features_are_a_table_without_rows() -> None:
    assert matrix(Exhibits(targets=TARGETS)).rows == ()
