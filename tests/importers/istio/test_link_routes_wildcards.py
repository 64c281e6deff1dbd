"""Hosts of VirtualServices with a wildcard: which services they cover, and who comes first."""

from __future__ import annotations

from ir.traffic import RouteTable
from tests.importers.istio.link_routes_cases import link, service_of, tables, virtual_service

SERVICES = "---\n".join(
    f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {space}}}\n"
    "spec: {selector: {app: x}, ports: [{port: 80}]}\n"
    for name, space in (("cart", "prod"), ("reviews", "prod"), ("web", "test"))
)
OLD, NEW = "'2024-01-01T00:00:00Z'", "'2025-01-01T00:00:00Z'"


def rules(host: str, name: str, extra: str = "", created: str = "") -> str:
    spec = f"hosts: ['{host}']\n{extra}\nhttp: [{{route: [{{destination: {{host: {name}}}}}]}}]"
    return virtual_service(spec, name, created=created)


def winners(*documents: str) -> dict[tuple[str | None, str | None], list[str]]:
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for one in tables(link(SERVICES, *documents)):
        found.setdefault(service_of(one), []).append(_told(one))
    return found


def _told(found: RouteTable) -> str:
    audience = found.attachment.audience
    assert audience is not None
    spaces = ",".join(space.value for space in audience.namespaces)
    return f"{found.name.value}{f' for {spaces}' if spaces else ''}"


def test_a_wildcard_covers_the_services_that_end_so() -> None:
    found = winners(rules("*.prod.svc.cluster.local", "w"))
    assert found == {("prod", "cart"): ["w"], ("prod", "reviews"): ["w"]}


def test_a_wildcard_that_covers_no_service_is_a_name_of_its_own() -> None:
    assert winners(rules("*.example.com", "w")) == {(None, "*.example.com"): ["w"]}


def test_the_most_particular_host_has_a_service_whatever_its_age() -> None:
    found = winners(
        rules("*.svc.cluster.local", "all", created=OLD),
        rules("*.prod.svc.cluster.local", "space", created=NEW),
        rules("reviews", "own", created=NEW),
    )
    assert found == {
        ("prod", "cart"): ["space"],
        ("prod", "reviews"): ["own"],
        ("test", "web"): ["all"],
    }


def test_an_exact_host_for_all_goes_before_a_wildcard_for_some() -> None:
    found = winners(
        rules("*.prod.svc.cluster.local", "private", "exportTo: [web]"), rules("cart", "own")
    )
    assert found == {("prod", "cart"): ["own"], ("prod", "reviews"): ["private for web"]}


def test_services_that_are_not_listed_are_told_unless_all_are() -> None:
    wild = rules("*.prod.svc.cluster.local", "w")
    assert not link(SERVICES, wild, complete=True).losses
    told = link(SERVICES, wild).losses
    assert [loss.code for loss in told] == ["MM203"]
    assert "for those that the input lists" in told[0].message


def test_rules_for_connections_hold_for_the_services_too() -> None:
    spec = (
        "hosts: ['*.prod.svc.cluster.local']\n"
        "tcp: [{match: [{port: 80}], route: [{destination: {host: db}}]}]"
    )
    found = {service_of(one) for one in tables(link(SERVICES, virtual_service(spec, "w")))}
    assert found == {("prod", "cart"), ("prod", "reviews")}
