"""``tls`` and ``tcp`` rules: which connections they are for, and who holds them."""

from __future__ import annotations

from ir.attachment import EnforcedAt, Reach
from ir.match import Part, Pattern
from ir.traffic import NoMatch, Protocol, Route, RouteTable
from tests.importers.istio.link_routes_cases import link, names, table, tables, virtual_service
from translator.importers.linked import Linked

SERVICE = """apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: prod}
spec:
  selector: {app: reviews}
  ports:
  - {name: http, port: 80}
  - {name: https, port: 443}
  - {name: tcp-raw, port: 9000}
  - {name: odd, port: 9001}
"""


def to(host: str) -> str:
    """A route to one host."""
    return f"route: [{{destination: {{host: {host}}}}}]"


def tls(*rules: tuple[str, str], more: str = "") -> str:
    """A VirtualService with TLS rules: names asked for and the host they lead to."""
    listed = "\n".join(
        f"- match: [{{sniHosts: [{sni}]{more}}}]\n  {to(host)}" for sni, host in rules
    )
    return virtual_service(f"hosts: [reviews, '*.b.com']\ntls:\n{listed}")


def of(linked: Linked, host: str = "reviews") -> RouteTable:
    """The table of a host."""
    found = [t for t in tables(linked) if t.attachment.subject.name and
             t.attachment.subject.name.value == host]  # fmt: skip
    (one,) = found
    return one


def asked(route: Route) -> list[str]:
    """The names that a rule is for."""
    tests = [t for m in route.matches for t in m.requests.tests if t.part is Part.SERVER_NAME]
    return [v.value.text for t in tests for v in t.any_of if isinstance(v.value, Pattern)]


def ports(found: RouteTable) -> list[int]:
    """The service's ports that a table is for."""
    return [port.value.port for port in found.attachment.ports if isinstance(port.value.port, int)]


def test_tls_rules_are_for_the_tls_ports_and_close_what_no_rule_names() -> None:
    found = of(link(SERVICE, tls(("a.b.com", "x"))))
    assert (found.protocol, found.no_match) == (Protocol.TLS, NoMatch.NOT_FOUND)
    assert ports(found) == [443]


def test_the_most_particular_name_comes_first_whatever_the_list_says() -> None:
    found = of(link(tls(("'*.b.com'", "x"), ("a.b.com", "w"), ("'*.c.b.com'", "z"))))
    assert [(asked(r), names(r)) for r in found.routes] == [
        (["a.b.com"], ["w"]), ([".c.b.com"], ["z"]), ([".b.com"], ["x"])
    ]  # fmt: skip


def test_the_order_of_names_that_do_not_meet_stays_as_written() -> None:
    found = of(link(tls(("b.b.com", "x"), ("a.b.com", "w"))))
    assert [asked(route) for route in found.routes] == [["b.b.com"], ["a.b.com"]]


def test_tcp_rules_are_for_ports_that_are_neither_tls_nor_http_and_pass_the_rest() -> None:
    spec = f"hosts: [reviews]\ntcp:\n- match: [{{port: 9000}}]\n  {to('x')}"
    found = table(link(SERVICE, virtual_service(spec)))
    assert (found.protocol, found.no_match, ports(found)) == (
        Protocol.TCP,
        NoMatch.PASS,
        [9000, 9001],
    )
    assert [t.part for t in found.routes[0].matches[0].requests.tests] == [Part.SERVICE_PORT]


def test_the_first_tcp_rule_without_a_condition_is_the_last() -> None:
    spec = f"hosts: [reviews]\ntcp:\n- {to('x')}\n- {to('w')}"
    linked = link(virtual_service(spec))
    assert [names(route) for route in table(linked).routes] == [["x"]]
    assert "an earlier rule takes every connection" in [one.why for one in linked.inactive]


def test_the_rules_of_all_virtual_services_stand_the_oldest_first() -> None:
    old = virtual_service(f"hosts: [reviews]\ntcp: [{{match: [{{port: 1}}], {to('x')}}}]", "b",
                          created="2024-01-01T00:00:00Z")  # fmt: skip
    new = virtual_service(f"hosts: [reviews]\ntcp: [{{match: [{{port: 1}}], {to('w')}}}]", "a",
                          created="2025-01-01T00:00:00Z")  # fmt: skip
    assert [names(route) for route in table(link(new, old)).routes] == [["x"], ["w"]]


def test_clients_of_one_namespace_have_their_own_rules_before_the_public_ones() -> None:
    public = virtual_service(f"hosts: [reviews]\ntcp: [{{match: [{{port: 1}}], {to('x')}}}]")
    private = virtual_service(
        f"hosts: [reviews.prod.svc.cluster.local]\nexportTo: ['.']\n"
        f"tcp: [{{match: [{{port: 1}}], {to('w')}}}]",
        namespace="web",
    )
    web, rest = tables(link(public, private))
    audiences = [t.attachment.audience for t in (web, rest)]
    assert [a and a.reach for a in audiences] == [Reach.NAMESPACES, Reach.EVERYONE]
    assert [names(route) for route in web.routes] == [["w"], ["x"]]
    assert [names(route) for route in rest.routes] == [["x"]]


def test_in_a_connection_the_labels_count_beside_the_gateways() -> None:
    match = "{gateways: [mesh], sourceLabels: {app: web}, port: 1}"
    found = table(
        link(virtual_service(f"hosts: [reviews]\ntcp: [{{match: [{match}], {to('x')}}}]"))
    )
    audience = found.routes[0].matches[0].audience
    assert audience is not None
    assert audience.reach is Reach.WORKLOADS
    assert audience.labels is not None


def test_rules_of_gateways_are_tables_of_their_listeners() -> None:
    spec = f"hosts: [a.com]\ngateways: [gw]\ntls: [{{match: [{{sniHosts: [a.com]}}], {to('x')}}}]"
    found = table(link(virtual_service(spec)))
    assert found.attachment.enforced_at is EnforcedAt.GATEWAY
    audience = found.attachment.audience
    assert audience is not None
    assert [name.value for name in audience.listeners] == ["prod/gw"]


def test_rules_for_a_kind_of_port_that_the_service_has_not_do_nothing() -> None:
    service = SERVICE.replace("https", "http-s")
    linked = link(service, tls(("a.b.com", "x")).replace(", '*.b.com'", ""))
    assert linked.facts == ()
    whys = [one.why for one in linked.inactive]
    assert "no port of the service reviews.prod.svc.cluster.local is TLS" in whys


def test_a_rule_without_a_route_is_refused_aloud() -> None:
    linked = link(virtual_service("hosts: [reviews]\ntls: [{match: [{sniHosts: [a]}]}]"))
    assert [loss.code for loss in linked.losses] == ["MM106"]


def test_destination_blocks_and_the_unused_source_block_are_read() -> None:
    match = "{destinationSubnets: [10.0.0.0/8, 192.168.1.1], sourceSubnet: 10.0.0.0/8}"
    spec = f"hosts: [reviews]\ntcp: [{{match: [{match}], {to('x')}}}]"
    (route,) = table(link(virtual_service(spec))).routes
    (test,) = route.matches[0].requests.tests
    assert (test.part, len(test.any_of)) == (Part.DESTINATION_ADDRESS, 2)
