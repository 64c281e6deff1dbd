"""Facts that no request tells, compared one by one."""

from __future__ import annotations

from dataclasses import replace

from ir.attachment import EnforcedAt, Scope
from ir.inventory import inventory
from ir.match import Part
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.resilience import ConnectionLimits, Retry, RetryCondition
from ir.traffic import Protocol
from tests.ir.facts import (
    at,
    closed,
    grant,
    model,
    on,
    refusal,
    route,
    subject,
    table,
    ways,
    workload,
)
from translator.verify.settings import OtherSetting, other_settings, settings


def limits(connections: int, *leaves: int, name: str = "reviews") -> ConnectionLimits:
    where = at(subject(Scope.SERVICE, namespace="shop", name=name))
    return ConnectionLimits(
        attachment=where,
        max_connections=Traced(connections, leaves),
        trail=trail("limits"),
    )


def compared(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> tuple[OtherSetting, ...]:
    return other_settings(model(*before), model(*after))


def test_the_same_setting_at_another_place_of_the_input_is_no_difference() -> None:
    assert compared((limits(5, 1),), (limits(5, 2),)) == ()
    first, second = limits(5), limits(5, name="ratings")
    assert compared((first, second), (second, first)) == ()


def test_a_setting_that_is_stated_otherwise_is_one_difference() -> None:
    (one,) = compared((limits(5, 1),), (limits(6, 2),))
    assert one.before is not None
    assert one.after is not None
    assert (one.before.leaves, one.after.leaves) == ((1,), (2,))
    assert one.either.subject == "Service/shop/reviews"


def test_a_setting_that_is_stated_twice_differs_from_one_that_is_stated_once() -> None:
    (one,) = compared((limits(5),), (limits(5), limits(5)))
    assert one.before is None
    assert one.after is not None


def test_what_access_and_routes_are_compared_by_is_left_to_them() -> None:
    web = ways(on(Part.SERVICE_ACCOUNT, "shop/web"))
    before = closed(), grant(callers=web), table(route("a"))
    assert compared(before, (refusal(), table(route("b", on(Part.PATH, "/a"))))) == ()


def test_routes_that_are_not_compared_are_settings() -> None:
    plain = table(route("a"))
    at_gateway = replace(
        plain, attachment=replace(plain.attachment, enforced_at=EnforcedAt.GATEWAY)
    )
    streams = replace(plain, protocol=Protocol.TCP)
    assert not [*settings(model(plain))]
    assert [one.either.noun for one in compared((), (at_gateway,))] == ["routes at a gateway"]
    assert [one.either.noun for one in compared((streams,), ())] == ["routes of TCP streams"]


def test_when_a_route_tries_again_is_a_setting_how_often_is_not() -> None:
    def trying(attempts: int, *conditions: RetryCondition) -> Fact:
        retry = Retry(
            attempts=Traced(attempts), conditions=tuple(map(Traced, conditions)), trail=trail("r")
        )
        return table(replace(route("a"), retry=retry))

    reset, error = RetryCondition.RESET, RetryCondition.SERVER_ERROR
    assert compared((trying(1, reset),), (trying(2, reset),)) == ()
    (one,) = compared((trying(1, reset),), (trying(1, error),))
    assert one.either.noun == "when routes try again"


def test_a_workload_that_only_one_side_lists_is_a_difference() -> None:
    one, two = workload("reviews"), workload("ratings")
    before = model(listed=inventory((), (), (one, two)))
    found = other_settings(before, model(listed=inventory((), (), (one,))))
    assert [(d.either.noun, d.either.subject) for d in found] == [("a workload", two.key)]
    assert found[0].after is None
