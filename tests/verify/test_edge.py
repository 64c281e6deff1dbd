"""Gateways compared: who enters, which rule wins, and what it does with the request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request, Shown
from ir.edge import Listener, ListenerHost, ListenerTls
from ir.match import Part, Pattern, PatternKind, Test
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.traffic import Mirror, NoMatch, Order, Protocol, Redirect, Rewrite, Route, RouteTable
from tests.ir.facts import backend, model, on, pattern, route
from translator.verify.access import Comparison
from translator.verify.edge import EdgeComparison
from translator.verify.edge_effects import Seen, moved
from translator.verify.result import Kind, Slice, Verdict

REVIEWS = (backend("reviews"),)
RATINGS = (backend("ratings"),)
PREFIX, ELEMENTS = PatternKind.PREFIX, PatternKind.ELEMENT_PREFIX


def host(text: str) -> Traced[Pattern]:
    kind = PatternKind.SUFFIX if text.startswith("*") else PatternKind.EXACT
    return Traced(Pattern(kind, text.removeprefix("*"), ignore_case=True))


def listener(
    *hosts: str, tls: ListenerTls | None = None, protocol: str = "HTTP", port: int = 80
) -> Listener:
    return Listener(
        gateway=Traced("shop/front"),
        port=Traced(port),
        protocol=Traced(protocol),
        hosts=tuple(ListenerHost(name=host(h), trail=trail(h)) for h in hosts),
        tls=None if tls is None else Traced(tls),
        trail=trail("listener"),
    )


def rules(
    *routes: Route,
    hosts: tuple[str, ...] = (),
    order: Order = Order.LIST,
    protocol: Protocol = Protocol.HTTP,
    ports: tuple[int, ...] = (),
) -> RouteTable:
    audience = Audience(
        reach=Reach.LISTENERS, listeners=(Traced("shop/front"),), trail=trail("clients")
    )
    attachment = Attachment(
        subject=Subject(scope=Scope.LISTENER, trail=trail("gateway")),
        ports=tuple(Traced(ServicePort(port)) for port in ports),
        audience=audience,
        enforced_at=EnforcedAt.GATEWAY,
    )
    return RouteTable(
        name=Traced("rules"),
        home=Traced("shop"),
        attachment=attachment,
        protocol=protocol,
        hosts=tuple(map(host, hosts)),
        order=order,
        routes=routes,
        no_match=NoMatch.NOT_FOUND,
        trail=trail("rules"),
    )


def compared(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> dict[int, Slice]:
    one, other = model(*before), model(*after)
    access = Comparison(one, other, strict=True)
    assert list(access.slices())
    edge = EdgeComparison(one, other, access.world, access.lowered, strict=True)
    return {int(s.name.rpartition(" ")[2]): s for s in edge.slices()}


def kinds(before: tuple[Fact, ...], after: tuple[Fact, ...], port: int = 80) -> set[Kind]:
    found = compared(before, after)[port]
    assert found.verdict in (Verdict.EQUAL_EXACT, Verdict.DIFFERENT), found
    return {change.kind for change in found.changes}


EVERY = rules(route("r", to=REVIEWS))
DOOR = listener("*")


def test_the_same_rules_at_the_same_listener_are_equal() -> None:
    assert kinds((DOOR, EVERY), (DOOR, EVERY)) == set()
    ordered = rules(route("r", to=REVIEWS), order=Order.SPECIFICITY)
    assert kinds((DOOR, EVERY), (DOOR, ordered)) == set()


def test_a_listener_that_is_gone_refuses_and_a_new_one_is_wider() -> None:
    assert kinds((DOOR, EVERY), ()) == {Kind.NEWLY_DENIED}
    more = listener("*", port=81)
    assert kinds((DOOR, EVERY), (DOOR, more, EVERY), 81) == {Kind.NEWLY_ALLOWED}


def test_gateways_that_the_source_does_not_list_are_not_compared() -> None:
    assert compared((EVERY,), (DOOR, EVERY)) == {}


def test_a_rule_for_a_host_that_had_none_is_wider() -> None:
    one, more = (
        rules(route("r", to=REVIEWS), hosts=("a.io",)),
        rules(route("r", to=REVIEWS), hosts=("a.io", "b.io")),
    )
    (change,) = compared((DOOR, one), (DOOR, more))[80].changes
    assert change.kind is Kind.NEWLY_ALLOWED
    assert change.witness.request.authority == "b.io"


def test_the_most_particular_host_alone_counts() -> None:
    wide = rules(route("wide", to=REVIEWS), hosts=("*.a.io",))
    own = rules(route("own", on(Part.PATH, "/x"), to=RATINGS), hosts=("b.a.io",))
    both = rules(route("own", to=REVIEWS), hosts=("b.a.io",))
    found = compared((DOOR, wide, own), (DOOR, wide, own, both))[80]
    assert {c.kind for c in found.changes} == {Kind.NEWLY_ALLOWED}
    assert {s.request.authority for c in found.changes for s in c.samples} == {"b.a.io"}


def test_a_listener_that_asks_for_no_certificate_any_more_is_wider() -> None:
    strict = listener("*", tls=ListenerTls.MUTUAL, protocol="HTTPS")
    lax = listener("*", tls=ListenerTls.TERMINATE, protocol="HTTPS")
    (change,) = compared((strict, EVERY), (lax, EVERY))[80].changes
    assert change.kind is Kind.NEWLY_ALLOWED
    assert change.witness.request.shows is Shown.TLS
    assert kinds((lax, EVERY), (strict, EVERY)) == {Kind.NEWLY_DENIED}


def test_clear_text_where_there_was_tls_is_wider() -> None:
    tls = listener("*", tls=ListenerTls.TERMINATE, protocol="HTTPS")
    assert kinds((tls, EVERY), (DOOR, EVERY)) == {Kind.NEWLY_ALLOWED, Kind.NEWLY_DENIED}


def test_other_terms_of_tls_are_told() -> None:
    tls = listener("*", tls=ListenerTls.TERMINATE, protocol="HTTPS")
    newer = replace(tls, demands=(Traced("minProtocolVersion TLSV1_3"),))
    other = replace(tls, certificates=(Traced("istio-system/other"),))
    assert kinds((newer, EVERY), (tls, EVERY)) == {Kind.REWRITTEN}
    assert kinds((tls, EVERY), (other, EVERY)) == {Kind.REWRITTEN}


def test_a_redirect_to_tls_equals_a_rule_that_redirects() -> None:
    flagged = replace(DOOR, redirect_to_tls=Traced(True))
    to_tls = Redirect(scheme=Traced("https"), status=Traced(301), trail=trail("redirect"))
    rule = rules(replace(route("r"), redirect=to_tls), order=Order.SPECIFICITY)
    assert kinds((flagged, EVERY), (DOOR, rule)) == set()
    found = replace(
        rule, routes=(replace(rule.routes[0], redirect=replace(to_tls, status=Traced(302))),)
    )
    assert kinds((flagged, EVERY), (DOOR, found)) == {Kind.REWRITTEN}


def test_the_port_of_a_redirect_is_the_listeners_own_where_no_scheme_is_given() -> None:
    away = Redirect(authority=Traced("b.io"), status=Traced(302), trail=trail("redirect"))
    to_80 = replace(away, port=Traced("80"))
    one, other = (rules(replace(route("r"), redirect=r)) for r in (away, to_80))
    assert kinds((DOOR, one), (DOOR, other)) == set()
    door = listener("*", port=8080)
    assert kinds((door, one), (door, other), 8080) == {Kind.REWRITTEN}


def moving(text: str, kind: PatternKind, put: str) -> Route:
    rewrite = Rewrite(prefix=Traced(put), trail=trail("rewrite"))
    return replace(route("r", on(Part.PATH, pattern(text, kind)), to=REVIEWS), rewrite=rewrite)


def test_text_of_a_prefix_and_its_elements_are_told_apart() -> None:
    by_text = rules(moving("/a/", PREFIX, "/b/"))
    by_elements = rules(moving("/a", ELEMENTS, "/b"), order=Order.SPECIFICITY)
    (change,) = compared((DOOR, by_text), (DOOR, by_elements))[80].changes
    assert change.kind is Kind.NEWLY_ALLOWED
    assert change.witness.request.path == "/a"


def test_two_slashes_are_not_one() -> None:
    by_text = rules(moving("/a", PREFIX, "/"), route("rest", to=RATINGS))
    by_elements = rules(moving("/a", ELEMENTS, "/"), route("rest", to=RATINGS))
    found = compared((DOOR, by_text), (DOOR, by_elements))[80]
    paths = {s.request.path for c in found.changes if c.kind is Kind.REWRITTEN for s in c.samples}
    assert "/a/" in paths
    assert "/a" not in paths
    assert Kind.REROUTED in {c.kind for c in found.changes}  # "/aa"


@pytest.mark.parametrize(
    ("text", "kind", "put", "path", "told"),
    [
        ("/a/", PREFIX, "/b/", None, "puts /b for /a"),
        ("/a", ELEMENTS, "/b", None, "puts /b for /a"),
        ("/a", ELEMENTS, "/b/", None, "puts /b for /a"),
        ("/a", PREFIX, "/", None, "puts / for /a"),
        ("/a", ELEMENTS, "/", None, "puts  for /a"),
        ("/a", ELEMENTS, "", "/a", "becomes /"),
        ("/a", PREFIX, "/b", "/ax", "becomes /bx"),
        ("/", PREFIX, "/", None, ""),
    ],
)
def test_a_path_that_moves(
    text: str, kind: PatternKind, put: str, path: str | None, told: str
) -> None:
    assert moved(put, Seen((Pattern(kind, text),), path, tls=False)) == told


def test_copies_are_compared_by_where_they_go() -> None:
    def copied(percent: float | None, to: str) -> RouteTable:
        share = None if percent is None else Traced(percent)
        copy = Mirror(destination=backend(to).destination, percent=share, trail=trail("copy"))
        return rules(replace(route("r", to=REVIEWS), mirrors=(copy,)))

    assert kinds((DOOR, copied(None, "ratings")), (DOOR, copied(100.0, "ratings"))) == set()
    assert kinds((DOOR, copied(50.0, "ratings")), (DOOR, EVERY)) == {Kind.REWRITTEN}
    assert kinds((DOOR, copied(None, "ratings")), (DOOR, copied(None, "reviews"))) == {
        Kind.REWRITTEN
    }


THROUGH = listener("*.a.io", tls=ListenerTls.PASSTHROUGH, protocol="TLS", port=443)


def by_name(*names: str) -> Test:
    return on(Part.SERVER_NAME, *(host(name).value for name in names))


def tls_rules(*routes: Route) -> RouteTable:
    return rules(*routes, protocol=Protocol.TLS)


def test_connections_go_by_the_name_in_the_hello() -> None:
    one = tls_rules(route("r", by_name("b.a.io"), to=REVIEWS))
    more = tls_rules(
        route("r", by_name("b.a.io"), to=REVIEWS), route("s", by_name("*.a.io"), to=REVIEWS)
    )
    assert kinds((THROUGH, one), (THROUGH, one), 443) == set()
    (change,) = compared((THROUGH, one), (THROUGH, more))[443].changes
    assert change.kind is Kind.NEWLY_ALLOWED
    assert change.witness.request.server_name != "b.a.io"
    assert kinds((THROUGH, more), (THROUGH, one), 443) == {Kind.NEWLY_DENIED}


def test_connections_of_a_wide_name_leave_the_particular_one_alone() -> None:
    first = tls_rules(
        route("s", by_name("*.a.io"), to=RATINGS), route("r", by_name("b.a.io"), to=REVIEWS)
    )
    swapped = replace(first, routes=first.routes[::-1])
    assert kinds((THROUGH, first), (THROUGH, swapped), 443) == set()


def test_a_client_that_shows_no_name_comes_by_a_listener_for_every_name() -> None:
    door = listener("*", tls=ListenerTls.PASSTHROUGH, protocol="TLS", port=443)
    named = tls_rules(route("r", by_name("*"), to=REVIEWS))
    every = tls_rules(route("r", to=REVIEWS))
    assert kinds((door, named), (door, named), 443) == set()
    (change,) = compared((door, named), (door, every))[443].changes
    assert change.kind is Kind.NEWLY_ALLOWED
    assert change.witness.request.server_name == ""


def test_tls_that_ends_at_the_gateway_is_not_passed_through() -> None:
    ends = listener("*.a.io", tls=ListenerTls.TERMINATE, protocol="HTTPS", port=443)
    tls = tls_rules(route("r", by_name("b.a.io"), to=REVIEWS))
    found = kinds((THROUGH, tls), (ends, tls, EVERY), 443)
    assert found == {Kind.NEWLY_DENIED, Kind.NEWLY_ALLOWED}


def test_a_listener_without_tls_has_the_rules_for_tcp() -> None:
    door = listener("*", protocol="TCP", port=9000)
    one, other = (rules(route("r", to=to), protocol=Protocol.TCP) for to in (REVIEWS, RATINGS))
    assert kinds((door, one), (door, one), 9000) == set()
    assert kinds((door, one), (door, other), 9000) == {Kind.REROUTED}
    assert kinds((door, one), (door,), 9000) == {Kind.NEWLY_DENIED}


def entering(*facts: Fact, **what: object) -> Delivery:
    asked = Request(caller=Caller(), listener="shop/front", service_port=80)
    return decide_route(model(*facts), replace(asked, **what))  # type: ignore[arg-type]


def test_a_client_that_shows_too_little_is_shut_out() -> None:
    strict = listener("*", tls=ListenerTls.MUTUAL, protocol="HTTPS")
    assert entering(strict, EVERY, shows=Shown.TLS).kind == "shut"
    assert entering(strict, EVERY, shows=Shown.CERTIFICATE).kind == "forward"
    assert entering(strict, EVERY).kind == "forward"
    mesh = replace(strict, tls=Traced(ListenerTls.MESH))
    assert entering(mesh, EVERY, shows=Shown.CERTIFICATE).kind == "shut"


def test_a_host_that_ends_in_a_dot_enters_as_the_one_without() -> None:
    """Both deciders say so: the naive one confirms what the other finds, or there would be no verdict."""
    hosts = ("*.a.io", "b.a.io")
    asked = rules(
        route("own", on(Part.AUTHORITY, "b.a.io"), to=REVIEWS),
        route("rest", to=RATINGS),
        hosts=hosts,
    )
    assert kinds((DOOR, asked), (DOOR, rules(route("rest", to=RATINGS), hosts=hosts))) == {
        Kind.REROUTED
    }
    assert kinds((DOOR, asked), ()) == {Kind.NEWLY_DENIED}
