"""Routes compared exactly, held against the naive decider."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import pytest

from ir.attachment import Attachment, Audience, EnforcedAt, Scope, ServicePort, Subject
from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.delivery import Endpoints, Outcome
from ir.behaviour.request import Caller, Delivery, Request
from ir.match import Part, PatternKind, Test
from ir.model import Fact, Model
from ir.opaque import Column, Opaque
from ir.provenance import Traced, trail
from ir.resilience import Retry, Timeouts
from ir.traffic import FixedAnswer, NoMatch, Order, Redirect, Rewrite, Route
from tests.ir.facts import backend, for_namespaces, labelled, model, on, pattern, route, table
from translator.verify.access import Comparison
from translator.verify.frame import PLAIN_QUERY
from translator.verify.outcomes import differences
from translator.verify.result import Kind, Slice, Verdict
from translator.verify.routes import RouteComparison

V1, V2 = labelled(version="v1"), labelled(version="v2")
RATINGS = (backend("ratings"),)
REVIEWS = (backend("reviews"),)
NAME = "Service/shop/reviews port 80"


def compared(before: Model, after: Model) -> dict[str, Slice]:
    access = Comparison(before, after, strict=True)
    assert list(access.slices())
    routes = RouteComparison(before, after, access.world, access.lowered, strict=True)
    return {one.name: one for one in routes.slices()}


def reviews(before: Fact, after: Fact) -> Slice:
    return compared(model(before), model(after))[NAME]


def kinds(found: Slice) -> set[Kind]:
    return {change.kind for change in found.changes}


def timed(one: Route, seconds: float) -> Route:
    return replace(one, timeouts=Timeouts(request=Traced(seconds), trail=trail("timeout")))


def test_the_same_winner_in_another_order_is_equal() -> None:
    narrow = route("narrow", on(Part.PATH, pattern("/a/", PatternKind.PREFIX)), to=RATINGS)
    wide = route("wide", to=REVIEWS)
    found = reviews(table(narrow, wide), table(wide, narrow, order=Order.RANK))
    assert found.verdict is Verdict.EQUAL_EXACT


def test_another_winner_is_rerouted() -> None:
    narrow = route("narrow", on(Part.PATH, "/a"), to=RATINGS)
    wide = route("wide", to=REVIEWS)
    found = reviews(table(wide, narrow), table(wide, narrow, order=Order.RANK))
    assert kinds(found) == {Kind.REROUTED}
    assert found.changes[0].witness.request.path == "/a"
    assert "ratings" in found.changes[0].witness.after


def test_other_weights_are_reweighted() -> None:
    def split(one: int) -> Route:
        return route(
            "r", to=(backend("reviews", one, labels=V1), backend("reviews", 10 - one, labels=V2))
        )

    assert kinds(reviews(table(split(9)), table(split(8)))) == {Kind.REWEIGHTED}
    assert reviews(table(split(9)), table(split(9))).verdict is Verdict.EQUAL_EXACT


def test_a_request_that_no_route_takes_any_more_is_denied() -> None:
    one, every = route("r", on(Part.PATH, "/a"), to=REVIEWS), route("r", to=REVIEWS)
    assert kinds(reviews(table(every), table(one))) == {Kind.NEWLY_DENIED}
    assert kinds(reviews(table(one), table(every))) == {Kind.REROUTED}
    assert reviews(table(one, no_match=NoMatch.PASS), table(every)).verdict is Verdict.EQUAL_EXACT


def test_an_answer_that_refuses_and_is_gone_is_wider() -> None:
    answer = FixedAnswer(status=Traced(403), trail=trail("answer"))
    refuses = replace(route("r"), answer=answer)
    assert kinds(reviews(table(refuses), table(route("r", to=REVIEWS)))) == {Kind.NEWLY_ALLOWED}


def test_timeouts_and_retries_are_compared_with_defaults_filled_in() -> None:
    plain = route("r", to=REVIEWS)
    tries = Retry(attempts=Traced(2), trail=trail("retry"))
    assert kinds(reviews(table(plain), table(timed(plain, 3)))) == {Kind.TIMEOUT}
    assert kinds(reviews(table(plain), table(replace(plain, retry=tries)))) == {Kind.RETRY}
    none = replace(tries, attempts=Traced(0))
    assert reviews(table(plain), table(replace(plain, retry=none))).verdict is Verdict.EQUAL_EXACT


def test_a_table_for_some_clients_changes_nothing_for_others() -> None:
    own = table(route("own", to=RATINGS), name="own", audience=for_namespaces("shop"))
    every = table(route("every", to=REVIEWS))
    found = compared(model(every), model(every, own))[NAME]
    assert kinds(found) == {Kind.REROUTED}
    callers = {s.request.caller.namespace for c in found.changes for s in c.samples}
    assert callers == {"shop"}


@pytest.mark.parametrize(
    ("place", "column", "verdict"),
    [
        (EnforcedAt.CLIENT, Column.RESILIENCE, Verdict.MAY_DIFFER),
        (EnforcedAt.CLIENT, Column.HEADERS, Verdict.MAY_DIFFER),
        (EnforcedAt.CLIENT, Column.TELEMETRY, Verdict.EQUAL_EXACT),
        (EnforcedAt.SERVER, Column.RESILIENCE, Verdict.EQUAL_EXACT),
        (EnforcedAt.SERVER, Column.ROUTING, Verdict.MAY_DIFFER),
    ],
)
def test_what_clients_proxies_do_besides_is_in_doubt_where_a_piece_of_theirs_is_not_understood(
    place: EnforcedAt, column: Column, verdict: Verdict
) -> None:
    everywhere = Attachment(
        subject=Subject(scope=Scope.MESH, trail=trail("mesh")), enforced_at=place
    )
    piece = Opaque(attachment=everywhere, kind="patch", may_touch=(column,), trail=trail("patch"))
    rules = table(route("r", to=REVIEWS))
    assert compared(model(rules, piece), model(rules))[NAME].verdict is verdict


def test_a_port_of_its_own_is_a_slice_of_its_own() -> None:
    found = compared(model(table(route("r", to=RATINGS), ports=(ServicePort(81),))), model())
    assert found[NAME].verdict is Verdict.EQUAL_EXACT
    assert kinds(found["Service/shop/reviews port 81"]) == {Kind.REROUTED}


def test_matches_for_a_port_hold_there_and_nowhere_else() -> None:
    here, there = on(Part.SERVICE_PORT, "80"), on(Part.SERVICE_PORT, "81")
    asked = table(route("here", here, to=RATINGS), route("there", there, to=REVIEWS))
    assert reviews(asked, table(route("r", to=RATINGS))).verdict is Verdict.EQUAL_EXACT
    assert kinds(reviews(asked, table(route("r", to=REVIEWS)))) == {Kind.REROUTED}


def test_that_nothing_is_found_is_the_same_as_an_answer_that_says_so() -> None:
    some = route("r", on(Part.PATH, "/a"), to=REVIEWS)
    answer = FixedAnswer(status=Traced(404), trail=trail("not found"))
    rest = replace(route("rest"), answer=answer)
    assert reviews(table(some), table(some, rest)).verdict is Verdict.EQUAL_EXACT


def test_a_table_without_a_rule_for_the_port_is_none_there() -> None:
    elsewhere = table(route("there", on(Part.SERVICE_PORT, "81"), to=RATINGS))
    assert reviews(elsewhere, table(route("r", to=REVIEWS))).verdict is Verdict.EQUAL_EXACT


def test_endpoints_that_are_known_by_name_alone_leave_doubt() -> None:
    known = Outcome("forward", ((Endpoints(("shop/a",), 80), Fraction(1)),))
    named = Outcome("forward", ((Endpoints(("shop/a", "v1"), 80, known=False), Fraction(1)),))
    assert differences(known, named) == ((), True)
    assert differences(known, known) == ((), False)


# --- at random ---------------------------------------------------------------------------------------

CALLERS = (
    Caller(namespace="shop", service_account="ratings", labels={"app": "ratings"}),
    Caller(namespace="shop", service_account="reviews"),
    Caller(namespace="other", service_account="x"),
    Caller(mtls=False),
)
PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b", "/a?q=1", "/b?q=2")
HOSTS = ("reviews.shop", "reviews.shop:80", "reviews.shop.svc.cluster.local")
HEADERS: tuple[dict[str, str], ...] = ({}, {"x-kind": "a"}, {"x-kind": ""})


def requests() -> list[Request]:
    return [
        Request(
            caller=c,
            service="shop/reviews",
            service_port=80,
            method=m,
            path=p,
            authority=h,
            headers=x,
        )
        for c, m, p, h, x in product(CALLERS, ("GET", "POST"), PATHS, HOSTS, HEADERS)
    ]


def drawn(choice: Random) -> Model:
    order = choice.choice((Order.LIST, Order.RANK, Order.RANK, Order.SPECIFICITY))
    tables = []
    for number in range(choice.randint(1, 2)):
        routes = [_route(choice, f"t{number}r{n}") for n in range(choice.randint(1, 3))]
        hosts = choice.choice(
            ((), (), (pattern("reviews.shop"),), (pattern(".shop", PatternKind.SUFFIX),))
        )
        audience: Audience | None = choice.choice((None, None, for_namespaces("shop")))
        no_match = choice.choice((NoMatch.NOT_FOUND, NoMatch.NOT_FOUND, NoMatch.PASS))
        tables.append(
            table(
                *routes,
                name=f"t{number}",
                order=order,
                hosts=hosts,
                audience=audience,
                no_match=no_match,
            )
        )
    return model(*tables)


def _route(choice: Random, name: str) -> Route:
    tests = [_test(choice) for _ in range(choice.choice((0, 1, 1, 2)))]
    to = choice.choice(
        (
            REVIEWS,
            RATINGS,
            (backend("reviews", labels=V1),),
            (backend("reviews", 1, labels=V1), backend("ratings", 2)),
        )
    )
    audience = choice.choice((None, None, None, for_namespaces("shop")))
    made = route(name, *tests, to=to, audience=audience)
    return timed(made, 1) if choice.random() < 0.2 else made


def _test(choice: Random) -> Test:
    kind = choice.choice((PatternKind.EXACT, PatternKind.PREFIX, PatternKind.ELEMENT_PREFIX))
    match choice.randrange(5):
        case 0:
            return on(Part.METHOD, "POST")
        case 1:
            return on(Part.HEADER, "a", name="x-kind")
        case 2:
            return on(Part.QUERY, "1", name="q")
        case 3:
            return on(Part.AUTHORITY, pattern("reviews.shop"))
        case _:
            return on(Part.PATH, pattern(choice.choice(("/a", "/a/", "/a/b", "/")), kind))


@pytest.mark.parametrize("seed", range(14))
def test_verdicts_are_those_of_every_request_over_a_small_alphabet(seed: int) -> None:
    choice = Random(seed)  # noqa: S311  # models for a test
    before, after = drawn(choice), drawn(choice)
    if choice.random() < 0.3:
        after = before
    found = compared(before, after)[NAME]
    seen = set()
    for request in requests():
        try:
            pair = decide_route(before, request), decide_route(after, request)
        except Unsupported:
            continue
        if _told(pair[0]) != _told(pair[1]):
            seen.add(pair[1].kind == "not_found" != pair[0].kind)
    if seen:
        assert found.verdict is Verdict.DIFFERENT
        assert (Kind.NEWLY_DENIED in kinds(found)) or True not in seen
    if after is before:
        under = found.reasons == (PLAIN_QUERY,)
        equal = Verdict.EQUAL_UNDER if under else Verdict.EQUAL_EXACT
        assert found.verdict in (equal, Verdict.MAY_DIFFER)


def _told(found: Delivery) -> tuple[object, ...]:
    return found.kind, found.shares, found.status, found.timeout


def moved(name: str, kind: PatternKind, text: str, *, path: str = "", prefix: str = "") -> Route:
    one = route(name, on(Part.PATH, pattern(text, kind)), to=REVIEWS)
    made = Rewrite(
        path=Traced(path) if path else None,
        prefix=Traced(prefix) if prefix else None,
        trail=trail("rewrite"),
    )
    return replace(one, rewrite=made)


def test_paths_that_are_moved_are_told_by_what_becomes_of_them() -> None:
    """A prefix of elements in one rule is the same as the whole path and what goes on behind it in two."""
    one = moved("one", PatternKind.ELEMENT_PREFIX, "/a", prefix="/b")
    whole = moved("one", PatternKind.EXACT, "/a", path="/b")
    behind = moved("one", PatternKind.PREFIX, "/a/", prefix="/b/")
    assert reviews(table(one), table(whole, behind)).verdict is Verdict.EQUAL_EXACT
    other = moved("one", PatternKind.EXACT, "/a", path="/c")
    assert kinds(reviews(table(one), table(other, behind))) == {Kind.REWRITTEN}


def test_a_redirect_without_a_port_goes_to_that_of_its_scheme() -> None:
    def sent(port: str = "") -> Route:
        to = Redirect(
            authority=Traced("new.example"),
            port=Traced(port) if port else None,
            trail=trail("redirect"),
        )
        return replace(route("one", to=()), redirect=to)

    assert reviews(table(sent()), table(sent("80"))).verdict is Verdict.EQUAL_EXACT
    assert kinds(reviews(table(sent()), table(sent("8080")))) == {Kind.REWRITTEN}
