"""Whose requests a VirtualService is for: gateways, visibility, and several on one host."""

from __future__ import annotations

import pytest

from ir.attachment import Audience, EnforcedAt, Reach
from ir.traffic import RouteTable
from tests.importers.istio.link_routes_cases import link, service_of, table, tables, virtual_service

TO = "route: [{destination: {host: reviews}}]"
HTTP = f"http: [{{{TO}}}]"
HOST = "reviews.prod.svc.cluster.local"
OLD, NEW = "'2024-01-01T00:00:00Z'", "'2025-01-01T00:00:00Z'"


def audience(found: RouteTable) -> Audience:
    assert found.attachment.audience is not None
    return found.attachment.audience


def spaces(found: RouteTable) -> list[str]:
    return [space.value for space in audience(found).namespaces]


def named(name: str, extra: str = "", namespace: str = "prod", created: str = "") -> str:
    return virtual_service(f"hosts: [{HOST}]\n{extra}\n{HTTP}", name, namespace, created)


@pytest.mark.parametrize("gateways", ["", "gateways: []", "gateways: [mesh]"])
def test_without_other_gateways_the_sidecars_hold_the_rules(gateways: str) -> None:
    found = table(link(named("a", gateways)))
    assert audience(found).reach is Reach.EVERYONE
    assert found.hosts == ()


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("shop", "prod/shop"),
        ("./shop", "prod/shop"),
        ("edge/shop", "edge/shop"),
        ("shop.edge.svc.cluster.local", "edge/shop"),
    ],
)
def test_a_list_without_mesh_is_for_gateways_only(written: str, full: str) -> None:
    found = table(link(virtual_service(f"hosts: [a.com]\ngateways: [{written}]\n{HTTP}")))
    assert audience(found).reach is Reach.LISTENERS
    assert [name.value for name in audience(found).listeners] == [full]
    assert found.attachment.enforced_at is EnforcedAt.GATEWAY
    assert [host.value.text for host in found.hosts] == ["a.com"]


def test_gateways_and_mesh_are_two_tables() -> None:
    found = tables(link(named("a", "gateways: [shop, mesh]")))
    assert [audience(t).reach for t in found] == [Reach.EVERYONE, Reach.LISTENERS]


def test_a_match_that_names_gateways_holds_there_only() -> None:
    rules = (
        f"http: [{{match: [{{gateways: [shop], uri: {{prefix: /a}}}}], {TO}}}, "
        f"{{match: [{{gateways: [mesh], uri: {{prefix: /b}}}}], {TO}}}]"
    )
    found = tables(link(virtual_service(f"hosts: [{HOST}]\ngateways: [mesh, shop]\n{rules}")))
    by_reach = {audience(t).reach: t for t in found}
    (sidecar,) = by_reach[Reach.EVERYONE].routes
    (gateway,) = by_reach[Reach.LISTENERS].routes
    assert sidecar.matches[0].audience is None
    assert gateway.matches[0].audience is not None
    assert [n.value for n in gateway.matches[0].audience.listeners] == ["prod/shop"]


def test_a_match_that_names_gateways_does_not_look_at_the_client() -> None:
    match = "{gateways: [mesh], sourceLabels: {app: web}, sourceNamespace: web}"
    linked = link(virtual_service(f"hosts: [{HOST}]\nhttp: [{{match: [{match}], {TO}}}]"))
    assert table(linked).routes[0].matches[0].audience is None
    assert [len(one.leaves) for one in linked.inactive] == [2]


def test_a_match_for_a_gateway_that_does_not_hold_the_rules_is_idle() -> None:
    linked = link(
        virtual_service(
            f"hosts: [{HOST}]\nhttp: [{{match: [{{gateways: [shop]}}], {TO}}}, {{{TO}}}]"
        )
    )
    assert len(table(linked).routes) == 1
    assert [len(one.leaves) for one in linked.inactive] == [2]


def test_a_resource_whose_rules_all_vanish_leaves_the_host_to_others() -> None:
    gone = virtual_service(f"hosts: [{HOST}]\nhttp: [{{match: [{{gateways: [shop]}}], {TO}}}]", "a")
    linked = link(gone, named("b"))
    assert [t.name.value for t in tables(linked)] == ["b"]


def test_a_private_resource_is_for_its_own_namespace() -> None:
    found = table(link(named("a", "exportTo: ['.']")))
    assert (audience(found).reach, spaces(found)) == (Reach.NAMESPACES, ["prod"])


def test_a_resource_is_for_the_namespaces_that_it_is_exported_to() -> None:
    found = table(link(named("a", "exportTo: [web, '.', prod]")))
    assert spaces(found) == ["web", "prod"]
    assert len(audience(found).namespaces[1].origin) == 2


def test_a_star_outdoes_the_other_names() -> None:
    assert audience(table(link(named("a", "exportTo: ['*', web]")))).reach is Reach.EVERYONE


def test_a_resource_that_is_exported_to_nobody_does_nothing() -> None:
    linked = link(named("a", "exportTo: ['~']"))
    assert linked.facts == ()
    assert len(linked.inactive) == 1


def test_of_several_on_one_host_the_oldest_stands() -> None:
    linked = link(named("a", created=NEW), named("b", created=OLD))
    assert table(linked).name.value == "b"
    (idle,) = linked.inactive
    assert idle.winner == "VirtualService/prod/b"
    assert len(idle.leaves) == len(("host", "destination"))
    assert linked.assumptions == ()


def test_without_ages_the_first_by_name_stands_and_the_assumption_is_named() -> None:
    linked = link(named("b"), named("a"))
    assert table(linked).name.value == "a"
    assert [assumption.name for assumption in linked.assumptions] == ["age"]


def test_the_order_of_the_input_does_not_decide() -> None:
    one, two = named("a", created=NEW), named("b", created=OLD)
    assert table(link(one, two)).name.value == table(link(two, one)).name.value


def test_a_private_and_a_public_resource_both_stand() -> None:
    linked = link(named("a", created=OLD), named("b", "exportTo: ['.']", created=NEW))
    assert [audience(t).reach for t in tables(linked)] == [Reach.EVERYONE, Reach.NAMESPACES]
    assert linked.inactive == ()


def test_private_comes_before_exported_by_name_whatever_the_age() -> None:
    private = named("a", "exportTo: ['.']", namespace="web", created=NEW)
    exported = named("b", "exportTo: [web, shop]", created=OLD)
    linked = link(private, exported)
    assert [(t.name.value, spaces(t)) for t in tables(linked)] == [("a", ["web"]), ("b", ["shop"])]
    (idle,) = linked.inactive
    assert (idle.winner, len(idle.leaves)) == ("VirtualService/web/a", 1)


def test_one_that_loses_a_host_and_wins_another_is_idle_for_the_first_only() -> None:
    both = virtual_service(f"hosts: [{HOST}, other]\n{HTTP}", "b")
    linked = link(named("a"), both)
    assert [service_of(t) for t in tables(linked)] == [("prod", "reviews"), ("prod", "other")]
    assert [len(one.leaves) for one in linked.inactive] == [1]


def test_at_a_gateway_all_resources_stand() -> None:
    linked = link(named("a", "gateways: [shop]"), named("b", "gateways: [shop]"))
    assert len(tables(linked)) == 2
    assert linked.inactive == ()
