"""One destination that cannot be written takes only what must go with it."""

from __future__ import annotations

from tests.exporters.linkerd.istio import spec_of, written
from tests.traps.test_routing import World, ends, http, messages, rule, shop
from translator.report.model import Fate

OUTSIDE = "outside.example"


def split(match: str = "", /, **weights: int) -> str:
    """A rule with several destinations."""
    asked = f"match: [{match}], " if match else ""
    shares = (
        f"{{destination: {{host: {host.replace('_', '.')}}}, weight: {weight}}}"
        for host, weight in weights.items()
    )
    return f"{{{asked}route: [{', '.join(shares)}]}}"


def test_a_rule_to_nowhere_goes_and_the_others_stay() -> None:
    world = World(
        http(rule("{uri: {prefix: /a}}", OUTSIDE), rule("{uri: {prefix: /b}}", "other"), rule(""))
    )
    assert ends(world.both("/b")[1]) == {"shop/other": "1"}
    assert ends(world.both("/c")[1]) == {"shop/api": "1"}
    assert ends(world.both("/a")[1]) == {"shop/api": "1"}
    (text,) = messages(world.result, "MM203")
    assert "a rule of shop/api is not written" in text
    assert "go to the next rule that matches them" in text
    assert world.result.report.verification.verdict == "DIFFERENT"
    assert "MM904" not in world.codes()


def test_a_destination_to_nowhere_goes_and_its_share_goes_to_the_others() -> None:
    world = World(http(split(api=60, outside_example=30, other=10)))
    assert ends(world.both()[1]) == {"shop/api": "6/7", "shop/other": "1/7"}
    (text,) = messages(world.result, "MM203")
    assert "Its share of the requests goes to the rule's other destinations" in text
    assert "MM904" not in world.codes()
    lost = [row for row in world.result.report.ledger if row.fate is Fate.LOST]
    assert [row.path for row in lost] == [
        "spec.http[0].route[1].destination.host",
        "spec.http[0].route[1].weight",
    ]


def test_a_rule_whose_other_destinations_get_nothing_goes_whole() -> None:
    bad = split("{uri: {prefix: /a}}", api=0, outside_example=100)
    world = World(http(bad, rule("", "other")))
    assert ends(world.both("/a")[1]) == {"shop/other": "1"}


def test_a_table_without_a_destination_is_lost_whole() -> None:
    world = World(http(rule("", OUTSIDE)))
    assert not written(world.result, "HTTPRoute")
    assert "the routes of shop/api are not written" in "".join(messages(world.result, "MM203"))


def test_a_subset_that_nobody_describes_takes_its_rule_alone() -> None:
    world = World(
        shop(
            "hosts: [api], http: ["
            "{match: [{uri: {prefix: /a}}], route: [{destination: {host: api, subset: v1}}]}, "
            "{route: [{destination: {host: api}}]}]"
        )
    )
    (route,) = written(world.result, "HTTPRoute")
    assert len(spec_of(route)["rules"]) == 1
    assert "MM210" in world.codes()
    assert not written(world.result, "Service")


def test_no_service_is_made_for_a_rule_that_goes() -> None:
    rules = (
        "{match: [{uri: {prefix: /a}}], route: [{destination: {host: api, subset: v1}, weight: 0}, "
        "{destination: {host: outside.example}, weight: 1}]}"
    )
    subsets = (
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: api, namespace: shop}\n"
        "spec: {host: api, subsets: [{name: v1, labels: {version: v1}}]}\n---\n"
    )
    world = World(subsets, http(rules, rule("")))
    assert not written(world.result, "Service")
