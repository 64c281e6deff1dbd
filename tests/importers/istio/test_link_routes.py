"""VirtualServices together: hosts, order, defaults and what they come to."""

from __future__ import annotations

import pytest

from ir.attachment import EnforcedAt, Reach
from ir.match import PathForm
from ir.provenance import Silence
from ir.traffic import NoMatch, Order
from tests.importers.istio.link_routes_cases import (
    link,
    names,
    optional,
    service_of,
    table,
    tables,
    virtual_service,
)
from translator.report.model import Fate, Severity
from translator.resources.kubernetes.metadata import NAMESPACE_GIVEN

TO = "route: [{destination: {host: reviews}}]"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: reviews, namespace: prod}\n"


def simple(host: str = "reviews") -> str:
    return f"hosts: ['{host}']\nhttp: [{{{TO}}}]"


def test_a_table_is_a_list_that_ends_in_404_and_sees_normal_paths() -> None:
    found = table(link(virtual_service(simple())))
    assert (found.order, found.no_match) == (Order.LIST, NoMatch.NOT_FOUND)
    assert found.view.path is PathForm.NORMAL
    assert found.view.authority_has_port
    assert found.attachment.enforced_at is EnforcedAt.CLIENT
    assert found.attachment.audience is not None
    assert found.attachment.audience.reach is Reach.EVERYONE


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("reviews", ("prod", "reviews")),
        ("reviews.test.svc.cluster.local", ("test", "reviews")),
        ("www.example.com", (None, "www.example.com")),
        ("*.example.com", (None, "*.example.com")),
        ("pod-0.reviews.test.svc.cluster.local", (None, "pod-0.reviews.test.svc.cluster.local")),
    ],
)
def test_a_name_without_a_dot_is_completed_and_others_are_literal(
    host: str, service: tuple[str | None, str | None]
) -> None:
    assert service_of(table(link(virtual_service(simple(host))))) == service


def test_the_namespace_of_a_short_name_is_that_of_its_rule() -> None:
    spec = virtual_service(simple()).replace("  namespace: prod\n", "")
    found = table(link(spec)).attachment.subject.namespace
    assert found is not None
    assert (found.value, found.stated_by) == ("default", NAMESPACE_GIVEN)


def test_destinations_are_completed_like_hosts() -> None:
    found = table(
        link(
            virtual_service(
                "hosts: [reviews]\nhttp: [{route: [{destination: {host: a}, weight: 1}, "
                "{destination: {host: b.test.svc.cluster.local}, weight: 1}, "
                "{destination: {host: c.test}, weight: 1}], mirror: {host: d}}]"
            )
        )
    )
    (route,) = found.routes
    places = [b.destination for b in route.backends] + [m.destination for m in route.mirrors]
    assert [(optional(p.namespace), p.name.value) for p in places] == [
        ("prod", "a"),
        ("test", "b"),
        (None, "c.test"),
        ("prod", "d"),
    ]


@pytest.mark.parametrize("host", ["reviews.prod", "reviews.prod.svc"])
def test_an_unfinished_name_is_a_loss_where_the_input_may_be_partial(host: str) -> None:
    linked = link(virtual_service(simple(host)), SERVICE)
    assert tables(linked) == []
    (loss,) = linked.losses
    assert (loss.code, loss.gravity, loss.fate) == ("MM203", Severity.HIGH, Fate.UNREAD)


def test_an_unfinished_name_does_nothing_where_the_input_is_complete() -> None:
    linked = link(virtual_service(simple("reviews.prod")), SERVICE, complete=True)
    assert tables(linked) == []
    assert linked.losses == ()
    assert [one.why for one in linked.inactive] == [
        "the name reviews.prod is literal; no such service"
    ]


@pytest.mark.parametrize("host", ["gone", "gone.prod.svc.cluster.local"])
def test_a_service_that_is_known_not_to_exist_has_no_rules(host: str) -> None:
    """Neither alone nor beside one that is there, whose rules are its own."""
    assert len(tables(link(virtual_service(simple(host)), SERVICE))) == 1
    alone = link(virtual_service(simple(host)), SERVICE, complete=True)
    assert tables(alone) == []
    assert "no such Service" in alone.inactive[0].why
    both = f"hosts: [reviews, {host}]\nhttp: [{{{TO}}}]"
    beside = link(virtual_service(both), SERVICE, complete=True)
    assert [service_of(t) for t in tables(beside)] == [("prod", "reviews")]
    assert [len(one.leaves) for one in beside.inactive if "no such Service" in one.why] == [1]
    entered = link(virtual_service(f"gateways: [mesh, edge]\n{both}"), SERVICE, complete=True)
    client = [t for t in tables(entered) if t.attachment.enforced_at is EnforcedAt.CLIENT]
    assert [service_of(t) for t in client] == [("prod", "reviews")]


def test_an_unfinished_name_beside_a_good_one_is_lost_alone() -> None:
    spec = f"hosts: [reviews, reviews.prod]\nhttp: [{{{TO}}}]"
    linked = link(virtual_service(spec), SERVICE)
    assert len(tables(linked)) == 1
    assert [len(loss.leaves) for loss in linked.losses] == [1]


def test_each_host_has_a_table_of_its_own() -> None:
    found = tables(link(virtual_service(f"hosts: [a, b]\nhttp: [{{{TO}}}]")))
    assert [service_of(t) for t in found] == [("prod", "a"), ("prod", "b")]


def test_a_host_that_is_named_twice_has_one_table() -> None:
    spec = f"hosts: [reviews, reviews.prod.svc.cluster.local]\nhttp: [{{{TO}}}]"
    linked = link(virtual_service(spec))
    assert len(tables(linked)) == 1
    assert [one.winner for one in linked.inactive] == ["VirtualService/prod/reviews"]


@pytest.mark.parametrize(
    "catch_all",
    [
        "",
        "match: [], ",
        "match: [{uri: {prefix: /}}], ",
        "match: [{uri: {regex: .*}}], ",
        "match: [{}], ",
    ],
)
def test_a_rule_that_takes_everything_ends_the_list(catch_all: str) -> None:
    linked = link(
        virtual_service(
            f"hosts: [reviews]\nhttp: [{{{catch_all}{TO}}}, "
            "{timeout: 1s, route: [{destination: {host: late}}]}]"
        )
    )
    assert len(table(linked).routes) == 1
    (idle,) = linked.inactive
    assert idle.winner == "spec.http[0] of VirtualService/prod/reviews"
    assert len(idle.leaves) == len(("1s", "late"))


@pytest.mark.parametrize(
    "match",
    [
        "{uri: {prefix: /}, sourceNamespace: web}",
        "{uri: {prefix: /}, method: {exact: GET}}",
        "{sourceLabels: {app: web}}",
        "{port: 80}",
        "{uri: {prefix: /a}}",
    ],
)
def test_a_rule_with_any_condition_or_for_some_clients_does_not_end_the_list(match: str) -> None:
    spec = f"hosts: [reviews]\nhttp: [{{match: [{match}], {TO}}}, {{{TO}}}]"
    linked = link(virtual_service(spec))
    assert len(table(linked).routes) == 2
    assert linked.inactive == ()


def test_the_alternatives_after_one_that_takes_everything_are_idle() -> None:
    match = "[{uri: {prefix: /}}, {uri: {exact: /a}}]"
    spec = f"hosts: [reviews]\nhttp: [{{match: {match}, {TO}}}]"
    linked = link(virtual_service(spec))
    assert len(table(linked).routes[0].matches) == 1
    assert [len(one.leaves) for one in linked.inactive] == [1]


def test_the_usual_retry_conditions_are_a_named_default() -> None:
    spec = f"hosts: [reviews]\nhttp: [{{retries: {{attempts: 3}}, {TO}}}]"
    retry = table(link(virtual_service(spec))).routes[0].retry
    assert retry is not None
    assert [c.value.value for c in retry.conditions] == [
        "connect-failure",
        "refused-stream",
        "unavailable",
        "cancelled",
        "retriable-status-codes",
    ]
    assert all(isinstance(c.stated_by, Silence) for c in retry.conditions)
    assert retry.attempts.origin


def test_attempts_that_are_left_out_are_a_named_default() -> None:
    spec = f"hosts: [reviews]\nhttp: [{{retries: {{perTryTimeout: 1s}}, {TO}}}]"
    retry = table(link(virtual_service(spec))).routes[0].retry
    assert retry is not None
    assert retry.attempts.value == 0
    assert isinstance(retry.attempts.stated_by, Silence)


def test_an_empty_retry_block_says_that_there_are_none() -> None:
    spec = f"hosts: [reviews]\nhttp: [{{retries: {{}}, {TO}}}]"
    retry = table(link(virtual_service(spec))).routes[0].retry
    assert retry is not None
    assert (retry.attempts.value, len(retry.attempts.origin)) == (0, 1)


def test_a_route_without_retries_leaves_them_to_the_default_of_the_mesh() -> None:
    assert table(link(virtual_service(simple()))).routes[0].retry is None


def test_a_redirect_without_a_code_is_301_by_default() -> None:
    spec = "hosts: [reviews]\nhttp: [{redirect: {uri: /x}}]"
    redirect = table(link(virtual_service(spec))).routes[0].redirect
    assert redirect is not None
    assert redirect.status is not None
    assert redirect.status.value == 301
    assert isinstance(redirect.status.stated_by, Silence)


def test_weights_that_a_webhook_would_refuse_are_a_high_finding() -> None:
    linked = link(
        virtual_service(
            "hosts: [reviews]\nhttp: [{route: [{destination: {host: a}, weight: 0}, "
            f"{{destination: {{host: b}}, weight: 0}}]}}, {{{TO}}}]"
        )
    )
    (loss,) = linked.losses
    assert (loss.code, loss.gravity, loss.fate) == ("MM106", Severity.HIGH, Fate.INERT)
    assert [names(route) for route in table(linked).routes] == [["reviews"]]


def test_a_resource_without_rules_does_nothing() -> None:
    linked = link(virtual_service("hosts: [reviews]\nexportTo: ['*']\nhttp: []"))
    assert linked.facts == ()
    assert [one.why for one in linked.inactive] == ["it has no rule for requests of any client"]


def test_names_for_statistics_are_inert() -> None:
    spec = f"hosts: [reviews]\nhttp: [{{name: main, match: [{{name: n1, statPrefix: p}}], {TO}}}]"
    linked = link(virtual_service(spec))
    assert [len(one.leaves) for one in linked.inactive] == [2]
    (route,) = table(linked).routes
    assert optional(route.name) == "main"
