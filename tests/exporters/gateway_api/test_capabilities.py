"""The table of what each version and channel can say is total, and other versions are named."""

from __future__ import annotations

import pytest

from tests.exporters.gateway_api.istio import found, routes, rules_of, translated
from translator.exporters.capability import unknown, unlisted
from translator.exporters.gateway_api.capabilities import ROWS
from translator.exporters.gateway_api.edition import Edition
from translator.report.model import Support
from translator.target import CHANNELS, VERSIONS, parse_target

EDITIONS = [f"{v}+{c}" for v in VERSIONS["gateway-api"] for c in CHANNELS]
TO = {"route": [{"destination": {"host": "api"}}]}


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_position_has_a_row_in_every_version_and_channel(edition: str) -> None:
    assert unlisted(ROWS, parse_target(f"gateway-api@{edition}")) == ()


def test_no_row_names_a_position_that_is_none() -> None:
    assert unknown(ROWS) == ()


def test_retries_are_for_the_experimental_channel() -> None:
    rule = {**TO, "retries": {"attempts": 3, "retryOn": "503,connect-failure"}}
    (standard,) = rules_of(translated(routes([rule])))
    result = translated(routes([rule]), version="1.4+experimental")
    (experimental,) = rules_of(result)
    assert "retry" not in standard
    assert experimental["retry"] == {"attempts": 3, "codes": [503]}


def test_what_another_channel_could_say_is_told_so() -> None:
    rule = {**TO, "retries": {"attempts": 3, "retryOn": "503"}}
    (loss,) = found(translated(routes([rule])), "MM302")
    assert loss.support is Support.VERSION
    assert "1.6+experimental" in loss.advice


CORS = {**TO, "corsPolicy": {"allowOrigins": [{"exact": "https://a.example"}], "maxAge": "60s"}}


@pytest.mark.parametrize(
    ("edition", "has"),
    [("1.2+experimental", False), ("1.3+experimental", True), ("1.4", False), ("1.5", True)],
)
def test_cross_origin_rules_came_with_a_version(edition: str, has: bool) -> None:  # noqa: FBT001
    result = translated(routes([CORS]), version=edition)
    (rule,) = rules_of(result)
    assert ("filters" in rule) is has
    assert [loss.support for loss in found(result, "MM212")] == ([] if has else [Support.VERSION])


@pytest.mark.parametrize(
    ("edition", "has"), [("1.3+experimental", False), ("1.4+experimental", True)]
)
def test_a_star_alone_is_an_origin_since_1_4(edition: str, has: bool) -> None:  # noqa: FBT001
    """The API server refuses a route with it in the CRDs of 1.3."""
    rule = {**TO, "corsPolicy": {"allowOrigins": [{"exact": "*"}], "maxAge": "60s"}}
    result = translated(routes([rule]), version=edition)
    (written,) = rules_of(result)
    assert ("filters" in written) is has
    assert bool(found(result, "MM212")) is not has


@pytest.mark.parametrize(
    ("edition", "version"),
    [
        ("1.4", None),
        ("1.3+experimental", "v1alpha2"),
        ("1.4+experimental", "v1alpha3"),
        ("1.5", "v1"),
    ],
)
def test_routes_by_the_name_in_the_hello_came_with_a_version(
    edition: str, version: str | None
) -> None:
    from ir.traffic import Protocol

    versions = Edition(parse_target(f"gateway-api@{edition}")).gateway_versions
    said = versions.get(Protocol.TLS)
    assert (None if said is None else said.rpartition("/")[2]) == version


def test_statuses_of_redirects_came_with_a_version() -> None:
    rule = {"redirect": {"uri": "/new", "redirectCode": 308}}
    (now,) = rules_of(translated(routes([rule])))
    (then,) = rules_of(translated(routes([rule]), version="1.4"))
    assert now["filters"][0]["requestRedirect"]["statusCode"] == 308
    assert then["filters"][0]["requestRedirect"]["statusCode"] == 301
