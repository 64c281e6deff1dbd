"""Where requests go: one rule of choice or delivery per test."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from ir.attachment import Audience, Reach, ServicePort, WorkloadPort
from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.request import Caller, Delivery, Request, Share
from ir.inventory import ContainerPort, Inventory, PortOfService, inventory
from ir.match import (
    Labels,
    Operator,
    Part,
    Pattern,
    PatternKind,
    RegexDialect,
    Requirement,
)
from ir.match import Test as Question
from ir.model import Default, Fact
from ir.provenance import Traced, trail
from ir.resilience import Retry, Timeouts
from ir.traffic import (
    EndpointSubset,
    FixedAnswer,
    NoMatch,
    Order,
    Protocol,
    Redirect,
)
from tests.ir.facts import (
    RATINGS,
    REVIEWS,
    REVIEWS_V2,
    SILENCE,
    at,
    backend,
    for_namespaces,
    labelled,
    model,
    on,
    pattern,
    route,
    service,
    shop,
    table,
    workload,
)

WEB = Caller(namespace="shop", service_account="web", labels={"app": "web"})
GET = Request(caller=WEB, service="shop/reviews", service_port=80, path="/a/b")
TO_RATINGS = (backend("ratings"),)
ITSELF = Share((REVIEWS, REVIEWS_V2), 9080, Fraction(1))


def prefix(text: str) -> Question:
    return on(Part.PATH, pattern(text, PatternKind.ELEMENT_PREFIX))


def path_regex(text: str) -> Question:
    return on(Part.PATH, Pattern(PatternKind.REGEX, text, dialect=RegexDialect.RUST_SPAN))


def delivered(request: Request, *facts: Fact) -> Delivery:
    return decide_route(model(*facts), request)


def won(*matches: Question, order: Order, request: Request = GET) -> str:
    routes = [route(str(place), test, to=TO_RATINGS) for place, test in enumerate(matches)]
    return delivered(request, table(*routes, order=order)).route


def test_without_a_table_a_request_goes_to_its_service() -> None:
    found = delivered(GET)
    assert found == Delivery(kind="forward", route="default", shares=(ITSELF,))


def test_a_service_that_is_not_listed_stands_for_its_endpoints() -> None:
    found = delivered(replace(GET, service="shop/unknown"))
    assert found.shares == (Share(("shop/unknown",), 80, Fraction(1)),)


def test_a_workload_may_be_addressed_itself() -> None:
    found = delivered(Request(caller=WEB, workload=REVIEWS, port=9080), table(route("x")))
    assert found.shares == (Share((REVIEWS,), 9080, Fraction(1)),)


def test_in_list_order_the_first_match_wins() -> None:
    assert won(prefix("/a"), on(Part.PATH, "/a/b"), order=Order.LIST) == "0"


@pytest.mark.parametrize("order", [Order.RANK, Order.SPECIFICITY])
def test_the_longer_path_outranks_the_shorter(order: Order) -> None:
    assert won(prefix("/"), prefix("/a"), order=order) == "1"


def test_in_rank_a_regular_expression_counts_the_whole_path() -> None:
    assert won(prefix("/a"), path_regex("/.*"), order=Order.RANK) == "1"
    assert won(path_regex("/.*"), on(Part.PATH, "/a/b"), order=Order.RANK) == "0"


def test_in_rank_exact_and_prefix_of_one_length_tie_and_the_first_wins() -> None:
    assert won(prefix("/a/b/"), on(Part.PATH, "/a/b"), order=Order.RANK) == "0"
    assert won(prefix("/a/b/"), on(Part.PATH, "/a/b"), order=Order.SPECIFICITY) == "1"


@pytest.mark.parametrize("exact", [on(Part.PATH, "/"), path_regex("/.*")])
def test_in_rank_no_path_counts_as_much_as_the_path_of_one_slash(exact: Question) -> None:
    root, method = replace(GET, path="/"), on(Part.METHOD, "GET")
    assert won(exact, method, order=Order.RANK, request=root) == "1"
    assert won(exact, prefix("/"), order=Order.RANK, request=root) == "0"
    assert won(prefix("/"), exact, order=Order.RANK, request=root) == "0"


def test_specificity_leaves_regular_expressions_open() -> None:
    with pytest.raises(Unsupported):
        won(prefix("/a"), path_regex("/.*"), order=Order.SPECIFICITY)


@pytest.mark.parametrize(("order", "winner"), [(Order.RANK, "1"), (Order.SPECIFICITY, "0")])
def test_method_and_header_swap_places_between_rank_and_specificity(
    order: Order, winner: str
) -> None:
    request = replace(GET, headers={"x": "1"})
    method, header = on(Part.METHOD, "GET"), on(Part.HEADER, "1", name="x")
    assert won(method, header, order=order, request=request) == winner


def test_in_rank_headers_outrank_query_parameters() -> None:
    request = replace(GET, headers={"x": "1"}, path="/?q=1")
    query, header = on(Part.QUERY, "1", name="q"), on(Part.HEADER, "1", name="x")
    assert won(query, header, order=Order.RANK, request=request) == "1"


def test_a_remote_call_ranks_by_its_service_then_its_method() -> None:
    request = replace(GET, path="/shop.Reviews/Get", method="POST")
    called, method = on(Part.RPC_SERVICE, "shop.Reviews"), on(Part.RPC_METHOD, "Get")
    assert won(method, called, order=Order.RANK, request=request) == "1"


def test_in_rank_a_table_for_the_host_outranks_one_without() -> None:
    request = replace(GET, authority="reviews.shop")
    tables = (
        table(route("any", on(Part.PATH, "/a/b"), to=TO_RATINGS), order=Order.RANK),
        table(
            route("suffix", to=TO_RATINGS),
            order=Order.RANK,
            hosts=(pattern(".shop", PatternKind.SUFFIX),),
        ),
        table(route("exact", to=TO_RATINGS), order=Order.RANK, hosts=(pattern("reviews.shop"),)),
    )
    assert delivered(request, *tables).route == "exact"
    assert delivered(request, *tables[:2]).route == "suffix"
    assert delivered(replace(request, authority="other"), *tables).route == "any"


def test_a_host_among_the_tests_ranks_like_the_table_s() -> None:
    request = replace(GET, authority="reviews")
    assert (
        won(prefix("/a"), on(Part.AUTHORITY, "reviews"), order=Order.RANK, request=request) == "1"
    )


def test_tables_by_rank_are_one_set_of_routes() -> None:
    tables = (
        table(
            route("mine", prefix("/"), to=TO_RATINGS),
            order=Order.RANK,
            audience=for_namespaces("shop"),
        ),
        table(route("public", prefix("/a"), to=TO_RATINGS), order=Order.RANK),
    )
    assert delivered(GET, *tables).route == "public"


def test_in_list_order_only_the_narrowest_table_counts() -> None:
    tables = (
        table(route("public", to=TO_RATINGS)),
        table(route("mine", prefix("/z"), to=TO_RATINGS), audience=for_namespaces("shop")),
    )
    assert delivered(GET, *tables).kind == "not_found"
    stranger = replace(GET, caller=replace(WEB, namespace="bank"))
    assert delivered(stranger, *tables).route == "public"


def test_tables_in_two_orders_are_refused() -> None:
    with pytest.raises(Unsupported, match="winner"):
        delivered(GET, table(route("a")), table(route("b"), order=Order.RANK))


def test_a_match_may_be_for_some_clients_only() -> None:
    mine = Audience(reach=Reach.WORKLOADS, labels=Traced(labelled(app="web")), trail=trail("a"))
    routes = (route("web", to=TO_RATINGS, audience=mine), route("rest", to=TO_RATINGS))
    assert delivered(GET, table(*routes)).route == "web"
    other = replace(GET, caller=replace(WEB, labels={}))
    assert delivered(other, table(*routes)).route == "rest"


def test_gateways_routes_are_not_those_of_the_mesh() -> None:
    gateways = Audience(reach=Reach.LISTENERS, trail=trail("a"))
    assert delivered(GET, table(route("edge", to=TO_RATINGS), audience=gateways)).route == "default"


@pytest.mark.parametrize("port", [ServicePort(80), WorkloadPort("http")])
def test_a_table_is_for_its_ports(port: ServicePort | WorkloadPort) -> None:
    routes = table(route("a", to=TO_RATINGS), ports=(port,))
    assert delivered(GET, routes).route == "a"
    assert delivered(replace(GET, service_port=81), routes).route == "default"


def test_a_request_is_routed_by_tables_of_its_protocol() -> None:
    tables = (
        table(route("http", to=TO_RATINGS)),
        table(route("tcp", to=TO_RATINGS), protocol=Protocol.TCP),
    )
    assert delivered(GET, *tables).route == "http"
    assert delivered(replace(GET, http=False), *tables).route == "tcp"


@pytest.mark.parametrize(
    ("no_match", "kind", "status"),
    [
        (NoMatch.NOT_FOUND, "not_found", 404),
        (NoMatch.FORBIDDEN, "answer", 403),
        (NoMatch.PASS, "forward", None),
    ],
)
def test_a_request_that_no_route_matches(no_match: NoMatch, kind: str, status: int | None) -> None:
    found = delivered(GET, table(route("z", prefix("/z"), to=TO_RATINGS), no_match=no_match))
    assert (found.kind, found.status) == (kind, status)


def subsets(*weights: int | None) -> tuple[Share, ...]:
    backends = tuple(
        backend("reviews", weight, labels=labelled(version=f"v{place}"))
        for place, weight in enumerate(weights, 1)
    )
    return delivered(GET, table(route("split", to=backends))).shares


def test_shares_are_exact_fractions_of_endpoints() -> None:
    assert subsets(1, 2) == (
        Share((REVIEWS,), 9080, Fraction(1, 3)),
        Share((REVIEWS_V2,), 9080, Fraction(2, 3)),
    )


def test_a_share_of_nothing_is_left_out() -> None:
    assert subsets(0, 7) == (Share((REVIEWS_V2,), 9080, Fraction(1)),)


def test_a_single_backend_gets_everything_whatever_its_weight() -> None:
    assert subsets(0) == (Share((REVIEWS,), 9080, Fraction(1)),)


@pytest.mark.parametrize("weights", [(0, 0), (None, 1)])
def test_weights_that_do_not_add_up_are_refused(weights: tuple[int | None, ...]) -> None:
    with pytest.raises(Unsupported):
        subsets(*weights)


def test_equal_endpoints_count_together() -> None:
    same = (backend("reviews", 1), backend("reviews", 3, labels=labelled(app="reviews")))
    assert delivered(GET, table(route("split", to=same))).shares == (ITSELF,)


def test_a_subset_service_has_the_same_endpoints_as_the_subset() -> None:
    second = EndpointSubset(
        namespace=Traced("shop"),
        name=Traced("reviews-v2"),
        of=Traced("reviews"),
        selector=Traced(labelled(version="v2")),
        trail=trail("subset"),
    )
    named = (backend("reviews-v2"),)
    by_label = (backend("reviews", labels=labelled(version="v2")),)
    expected = (Share((REVIEWS_V2,), 9080, Fraction(1)),)
    assert delivered(GET, second, table(route("a", to=named))).shares == expected
    assert delivered(GET, table(route("a", to=by_label))).shares == expected
    unlisted = model(second, table(route("a", to=named)), listed=Inventory())
    (share,) = decide_route(unlisted, GET).shares
    assert share.endpoints == ("shop/reviews{version=v2}",)


def test_subsets_that_are_not_listed_stay_apart() -> None:
    split = (
        backend("reviews", 1, labels=labelled(version="v8")),
        backend("reviews", 1, labels=labelled(version="v9")),
    )
    found = delivered(GET, table(route("split", to=split)))
    assert [s.endpoints for s in found.shares] == [
        ("shop/reviews{version=v8}",),
        ("shop/reviews{version=v9}",),
    ]


def test_in_complete_data_a_subset_without_workloads_has_no_endpoints() -> None:
    missing = (backend("reviews", labels=labelled(version="v9")),)
    complete = model(table(route("a", to=missing)), listed=shop(complete=True))
    (share,) = decide_route(complete, GET).shares
    assert share.endpoints == ()


def test_a_name_outside_of_the_cluster_is_a_place_of_its_own() -> None:
    outside = (backend("api.example.org", namespace=None, port=443),)
    found = delivered(GET, table(route("out", to=outside)))
    assert found.shares == (Share(("api.example.org",), 443, Fraction(1)),)


def test_a_route_says_what_it_does_and_from_which_leaves() -> None:
    said = replace(
        route("slow", to=TO_RATINGS),
        timeouts=Timeouts(request=Traced(1.5, (20,)), trail=trail("timeouts")),
        retry=Retry(attempts=Traced(3, (21,)), trail=trail("retry")),
    )
    found = delivered(GET, table(said))
    assert (found.timeout, found.retries) == (1.5, 3)
    assert found.leaves == (7, 8, 20, 21)
    assert found.shares == (Share((RATINGS,), 9080, Fraction(1)),)


def test_silence_has_the_meaning_that_the_model_states() -> None:
    twice = Retry(attempts=Traced(2), trail=trail("retry"))
    default = Default(key="Route.retry", text="twice more", silence=SILENCE, fact=twice)
    assert decide_route(model(defaults=(default,)), GET).retries == 2
    assert decide_route(model(defaults=(default,)), replace(GET, http=False)).retries is None


def test_a_redirect_and_an_answer_forward_nothing() -> None:
    redirect = Redirect(status=Traced(301), trail=trail("redirect"))
    answer = FixedAnswer(status=Traced(503), trail=trail("answer"))
    found = delivered(GET, table(replace(route("r"), redirect=redirect)))
    assert (found.kind, found.status, found.shares) == ("redirect", 301, ())
    found = delivered(GET, table(replace(route("r"), answer=answer)))
    assert (found.kind, found.status) == ("answer", 503)


def test_a_port_that_the_service_does_not_have_stays_as_addressed() -> None:
    found = delivered(replace(GET, service_port=81))
    assert found.shares == (Share((REVIEWS, REVIEWS_V2), 81, Fraction(1)),)


def test_endpoints_that_listen_on_different_ports_are_refused() -> None:
    first, second = workload("reviews"), workload("reviews-2", app="reviews")
    moved = replace(second, ports=(ContainerPort("http", 9090),))
    listed = inventory((), (service("reviews"),), (first, moved))
    with pytest.raises(Unsupported, match="9080, 9090"):
        decide_route(model(listed=listed), GET)


def test_a_service_with_several_ports_is_asked_on_the_port_addressed() -> None:
    ports = (
        PortOfService("web", 80, 9080, "TCP", ""),
        PortOfService("admin", 81, 9090, "TCP", ""),
    )
    several = replace(service("reviews"), ports=ports)
    listed = inventory((), (several,), (workload("reviews"),))
    found = decide_route(
        model(table(route("a", to=(backend("reviews"),))), listed=listed),
        replace(GET, service_port=81),
    )
    assert found.shares == (Share((REVIEWS,), 9090, Fraction(1)),)


def test_a_subset_that_nobody_defines_is_named_and_not_resolved() -> None:
    named = backend("reviews", labels=labelled(version="v1"))
    undefined = replace(named, destination=replace(named.destination, labels=None))
    (share,) = delivered(GET, table(route("a", to=(undefined,)))).shares
    assert share.endpoints == ("shop/reviews{subset subset}",)


def test_unlisted_endpoints_are_named_by_every_kind_of_requirement() -> None:
    chosen = Labels(
        (
            Requirement("a", Operator.NOT_IN, ("2", "1")),
            Requirement("b", Operator.EXISTS),
            Requirement("c", Operator.DOES_NOT_EXIST),
        )
    )
    (share,) = delivered(GET, table(route("a", to=(backend("unknown", labels=chosen),)))).shares
    assert share.endpoints == ("shop/unknown{!c,a!=1|2,b}",)


def test_in_rank_a_string_prefix_counts_its_text() -> None:
    short, long = pattern("/", PatternKind.PREFIX), pattern("/a/", PatternKind.PREFIX)
    assert won(on(Part.PATH, short), on(Part.PATH, long), order=Order.RANK) == "1"


def test_a_table_may_leave_ports_out() -> None:
    routes = table(route("a", to=TO_RATINGS))
    left_out = replace(
        routes, attachment=replace(routes.attachment, excluding_ports=(Traced(ServicePort(80)),))
    )
    assert delivered(GET, left_out).route == "default"


def test_a_table_about_anything_but_a_service_routes_nothing_in_the_mesh() -> None:
    routes = table(route("a", to=TO_RATINGS))
    whole = replace(routes, attachment=at())
    assert delivered(GET, whole).route == "default"
