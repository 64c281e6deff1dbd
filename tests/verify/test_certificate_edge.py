"""Certificates of gateways: who is let in by which name and what is done is confirmed, and what was tampered with is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Request, Shown
from ir.edge import Listener, ListenerTls
from ir.match import Part, PatternKind
from ir.model import Fact, Model
from ir.provenance import Traced, trail
from ir.traffic import Order, Protocol, Redirect, Rewrite, Route, RouteTable
from tests.fixtures.cases import Case, cases
from tests.ir.facts import backend, model, on, pattern, route
from tests.verify.test_edge import THROUGH, by_name, listener, rules, tls_rules
from translator.check import OUTSIDE, NotUnderstood, routes
from translator.verify.access import Comparison
from translator.verify.certificate_edge import certified_gateways
from translator.verify.edge import EdgeComparison

Json = dict[str, Any]
LEFT_OUT = {
    "endpoints that are known by a name alone",
    "requests that both sides refuse by other answers",
    "routes whose winner cannot be told",
    "route tables that differ in order",
}
"""Why a port of a gateway may be left out of a certificate."""

REVIEWS, RATINGS = (backend("reviews"),), (backend("ratings"),)
SECURE = ListenerTls.TERMINATE


def certified(before: Model, after: Model) -> tuple[list[Json], set[str]]:
    """The claims as they are read from a file, and why others are left out."""
    access = Comparison(before, after)
    list(access.slices())  # who calls is known once it is through
    edge = EdgeComparison(before, after, access.world, access.lowered)
    found = certified_gateways(edge, tuple(edge.slices()))
    entries: list[Json] = json.loads(json.dumps(list(found.entries)))
    return entries, {*found.left_out}


def claimed(entry: Json) -> set[tuple[str, ...]]:
    return {(one["before"], one["after"], *one["otherwise"]) for one in entry["classes"]}


def refused(entry: Json) -> bool:
    """Whether the checker does not confirm the entry."""
    try:
        return routes(entry, OUTSIDE) != claimed(entry)
    except (ValueError, KeyError, NotUnderstood):
        return True


def test_the_claims_about_all_fixtures_are_confirmed() -> None:
    checked = differing = 0
    for case in cases():
        entries = _confirmed(case)
        checked += len(entries)
        differing += sum(any(len(one) > 2 for one in claimed(entry)) for entry in entries)
    assert checked > 15
    assert differing > 5


def _confirmed(case: Case) -> list[Json]:
    entries, left = certified(case.result().model, case.after())
    for entry in entries:
        assert routes(entry, OUTSIDE) == claimed(entry), (case.name, entry["ports"])
    assert left <= LEFT_OUT, case.name
    return entries


# --- models at random ----------------------------------------------------------------------------

NAMES = ("*", "*.a.io", "b.a.io", "c.io", "*.b.a.io")
ASKED = ("b.a.io", "x.a.io", "x.b.a.io", "c.io", "d.io", "a.io")
PATHS = ("/", "/a", "/ab", "/a/", "/a/b")


def drawn(choice: Random) -> Model:
    """Listeners of one port, each for some names, and the rules for it."""
    order = choice.choice((Order.LIST, Order.SPECIFICITY))
    doors = [_door(choice) for _ in range(choice.randint(1, 3))]
    tables = [_rules(choice, f"t{number}", order) for number in range(choice.randint(1, 3))]
    return model(*doors, *tables)


def _door(choice: Random) -> Listener:
    tls = choice.choice((None, None, SECURE, ListenerTls.MUTUAL, ListenerTls.OPTIONAL_MUTUAL))
    names = choice.sample(NAMES, choice.randint(1, 2))
    door = listener(*names, tls=tls, protocol="HTTP" if tls is None else "HTTPS")
    if tls is None and choice.random() < 0.2:
        door = replace(door, redirect_to_tls=Traced(True))
    if choice.random() < 0.3:
        door = replace(door, certificates=(Traced("shop/one"),))
    home = choice.choice((None, None, Traced("shop"), Traced("bank")))
    return replace(door, hosts=tuple(replace(one, routes_from=home) for one in door.hosts))


def _rules(choice: Random, name: str, order: Order) -> RouteTable:
    made = [_route(choice, f"{name}r{number}") for number in range(choice.randint(0, 3))]
    hosts = tuple(choice.sample(NAMES, choice.choice((0, 1, 1, 2))))
    home = Traced(choice.choice(("shop", "shop", "bank")))
    return replace(rules(*made, hosts=hosts, order=order), name=Traced(name), home=home)


def _route(choice: Random, name: str) -> Route:
    kind = choice.choice((PatternKind.EXACT, PatternKind.PREFIX, PatternKind.ELEMENT_PREFIX))
    tests = choice.choice(
        (
            (),
            (on(Part.METHOD, "POST"),),
            (on(Part.PATH, pattern(choice.choice(("/a", "/a/", "/")), kind)),),
        )
    )
    made = route(name, *tests, to=choice.choice((REVIEWS, RATINGS)))
    if choice.random() < 0.2:
        away = Redirect(authority=Traced("b.io"), status=Traced(302), trail=trail("redirect"))
        return replace(made, redirect=away, backends=())
    if tests and choice.random() < 0.2:
        return replace(made, rewrite=Rewrite(prefix=Traced("/b"), trail=trail("rewrite")))
    return made


def requests() -> Iterator[Request]:
    """Every request over a few names, paths and methods, of clients of each kind."""
    for shown, name, path, method in product(
        (Shown.PLAIN, Shown.TLS, Shown.CERTIFICATE, Shown.MESH), ASKED, PATHS, ("GET", "POST")
    ):
        yield Request(
            caller=Caller(mtls=False),
            listener="shop/front",
            service_port=80,
            shows=shown,
            authority=name,
            path=path,
            method=method,
        )


@pytest.mark.parametrize("seed", range(40))
def test_the_claims_about_gateways_at_random_are_confirmed_and_others_are_not(seed: int) -> None:
    choice = Random(seed)  # noqa: S311  # models for a test
    entries, left = certified(drawn(choice), drawn(choice))
    assert left <= LEFT_OUT
    for entry in entries:
        found = claimed(entry)
        assert routes(entry, OUTSIDE) == found
        turned = {**entry, "before": entry["after"], "after": entry["before"], "classes": []}
        back = routes(turned, OUTSIDE)
        assert back == {(after, before, *more) for before, after, *more in found}


@pytest.mark.parametrize("seed", range(20))
def test_the_pairs_of_routes_are_those_that_the_naive_decider_meets(seed: int) -> None:
    """Nobody reads the checker's answer for the searcher's: a third program is asked."""
    choice = Random(seed)  # noqa: S311  # models for a test
    before, after = drawn(choice), drawn(choice)
    entries, _ = certified(before, after)
    for entry in entries:
        pairs = {one[:2] for one in claimed(entry)}
        for request in requests():
            met = (decide_route(before, request).route, decide_route(after, request).route)
            assert met in pairs, request


def test_most_gateways_at_random_are_in_their_certificate_and_most_differ() -> None:
    held = left = differing = 0
    for seed in range(40):
        choice = Random(seed)  # noqa: S311  # models for a test
        entries, why = certified(drawn(choice), drawn(choice))
        held += len(entries)
        left += len(why)
        differing += sum(any(len(one) > 2 for one in claimed(entry)) for entry in entries)
    assert held > 3 * left
    assert differing > 10


# --- tampering -----------------------------------------------------------------------------------


def _told() -> Json:
    """Listeners for every name in clear text and for one by TLS; rules for one namespace, and for a name of their own."""
    doors = (
        listener("*"),
        replace(
            listener("b.a.io", tls=SECURE, protocol="HTTPS"), certificates=(Traced("shop/one"),)
        ),
    )
    wide = rules(
        _split("a", 9),
        replace(route("away"), redirect=Redirect(status=Traced(302), trail=trail("away"))),
    )
    own = replace(rules(route("own", to=RATINGS), hosts=("b.a.io",)), name=Traced("own"))
    (_, *rest), later = wide.routes, _split("a", 8)
    entries, left = certified(
        model(*doors, wide, own), model(*doors, replace(wide, routes=(later, *rest)), own)
    )
    assert not left
    (entry,) = entries
    return entry


def _split(name: str, share: int) -> Route:
    to = (backend("reviews", share), backend("ratings", 10 - share))
    return route(name, on(Part.PATH, pattern("/a", PatternKind.ELEMENT_PREFIX)), to=to)


def _class(entry: Json, before: str) -> Json:
    found: Json = next(one for one in entry["classes"] if one["before"] == before)
    return found


def _doors(entry: Json) -> list[Json]:
    found: list[Json] = entry["after"]["doors"]["tables"][0]["routes"]
    return found


def _shown(door: Json) -> list[Json]:
    found: list[Json] = door["matches"][0][1]["any_of"]
    return found


def _another_client(entry: Json) -> None:
    _class(entry, "own")["witness"]["caller"] = 0


def _another_name(entry: Json) -> None:
    _class(entry, "a")["witness"]["authority"] = "b.a.io"


def _another_path(entry: Json) -> None:
    _class(entry, "a")["witness"]["path"] = "/b"


def _no_witness_of_a_name(entry: Json) -> None:
    del _class(entry, "a")["witness"]["authority"]


def _a_door_that_lets_in_clear_text(entry: Json) -> None:
    plain = _shown(_doors(entry)[0])[0]
    _shown(_doors(entry)[2]).append(plain)


def _a_door_that_lets_in_less(entry: Json) -> None:
    _shown(_doors(entry)[2]).pop()
    _shown(_doors(entry)[2]).pop()


def _a_door_less(entry: Json) -> None:
    del _doors(entry)[2:]


def _a_door_for_another_name(entry: Json) -> None:
    _doors(entry)[2]["matches"][0][0]["any_of"][0]["text"] = "c.io"


def _another_certificate(entry: Json) -> None:
    _doors(entry)[2]["does"]["terms"] = ["certificate two"]


def _a_door_that_redirects(entry: Json) -> None:
    _doors(entry)[0]["enters"] = False


def _no_doors(entry: Json) -> None:
    entry["after"]["doors"] = {"tables": [], "itself": {"enters": True, "does": {}}}


def _rules_for_another_name(entry: Json) -> None:
    table = entry["after"]["tables"][-1]
    for way in (table["hosts"], *table["about"]):
        way[0]["any_of"][0]["text"] = "c.io"


def _rules_for_no_listener(entry: Json) -> None:
    entry["after"]["tables"][0]["about"] = [[{**_named("nowhere.io")}]]


def _named(text: str) -> Json:
    exact = {"kind": "exact", "text": text, "ignore_case": False, "dialect": None}
    rest = {"none_of": [], "presence": "either", "missing_is_empty": False}
    return {"of": "authority", "any_of": [exact], **rest}


def _hosts_that_do_not_count(entry: Json) -> None:
    for table in entry["after"]["tables"]:
        table["by_host"] = False


def _a_table_less(entry: Json) -> None:
    entry["after"]["tables"].pop()


def _another_weight(entry: Json) -> None:
    one, other = entry["after"]["tables"][0]["routes"][0]["does"]["shares"]
    one[-1], other[-1] = "1/2", "1/2"
    entry["before"]["tables"][0]["routes"][0]["does"]["shares"] = [one, other]


def _weights_that_are_not_the_whole(entry: Json) -> None:
    entry["after"]["tables"][0]["routes"][0]["does"]["shares"].pop()


def _another_redirect(entry: Json) -> None:
    for table in entry["after"]["tables"]:
        for one in (one for one in table["routes"] if one["name"] == "away"):
            one["does"]["status"] = 307


def _a_setting_less_on_one_side(entry: Json) -> None:
    del entry["before"]["tables"][0]["routes"][0]["does"]["shares"]
    _class(entry, "a")["otherwise"] = []


def _no_difference(entry: Json) -> None:
    _class(entry, "a")["otherwise"] = []


def _a_class_less(entry: Json) -> None:
    entry["classes"].remove(_class(entry, "own"))


def _a_class_more(entry: Json) -> None:
    entry["classes"].append({**_class(entry, "own"), "after": "a"})


TAMPERED: tuple[Callable[[Json], None], ...] = (
    _another_client, _another_name, _another_path, _no_witness_of_a_name, _a_door_that_lets_in_clear_text,
    _a_door_that_lets_in_less, _a_door_less, _a_door_for_another_name, _another_certificate, _a_door_that_redirects,
    _no_doors, _rules_for_another_name, _rules_for_no_listener, _hosts_that_do_not_count, _a_table_less,
    _another_weight, _weights_that_are_not_the_whole, _another_redirect, _a_setting_less_on_one_side, _no_difference, _a_class_less, _a_class_more,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_"))
def test_what_was_tampered_with_is_refused(tamper: Callable[[Json], None]) -> None:
    entry = _told()
    assert {("a", "a", "shares"), ("own", "own"), ("", "")} <= claimed(entry)
    assert not refused(entry)
    false = deepcopy(entry)
    tamper(false)
    assert false != entry
    assert refused(false)


# --- kinds of listeners --------------------------------------------------------------------------


def _only(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> Json:
    """The one claim about them, confirmed."""
    entries, left = certified(model(*before), model(*after))
    assert not left
    (entry,) = entries
    assert routes(entry, OUTSIDE) == claimed(entry)
    return entry


def test_connections_are_told_by_the_name_in_the_hello() -> None:
    one = tls_rules(route("r", by_name("b.a.io"), to=REVIEWS))
    more = tls_rules(
        route("s", by_name("*.a.io"), to=RATINGS), route("r", by_name("b.a.io"), to=REVIEWS)
    )
    entry = _only((THROUGH, one), (THROUGH, more))
    assert entry["ports"] == ["Gateway/shop/front port 443, connections"]
    assert {found[:2] for found in claimed(entry)} == {("r", "r"), ("", "s"), ("", "")}
    entry["after"]["tables"][0]["routes"].pop()
    assert refused(entry)


def test_a_client_without_a_name_comes_by_a_listener_for_every_name() -> None:
    door = listener("*", tls=ListenerTls.PASSTHROUGH, protocol="TLS", port=443)
    entry = _only(
        (door, tls_rules(route("r", by_name("*"), to=REVIEWS))),
        (door, tls_rules(route("r", to=REVIEWS))),
    )
    assert {found[:2] for found in claimed(entry)} == {("r", "r"), ("", "r"), ("", "")}
    (shown,) = [
        one["witness"] for one in entry["classes"] if one["after"] == "r" and not one["before"]
    ]
    assert "authority" not in shown


def test_a_port_of_plain_connections_has_no_names() -> None:
    door = listener("*", protocol="TCP", port=9000)
    one, other = (rules(route("r", to=to), protocol=Protocol.TCP) for to in (REVIEWS, RATINGS))
    entry = _only((door, one), (door, other))
    assert claimed(entry) == {("r", "r", "shares"), ("", "")}


def test_requests_that_are_all_sent_to_tls_have_the_door_for_a_route() -> None:
    flagged = replace(listener("*"), redirect_to_tls=Traced(True))
    entry = _only((flagged,), (listener("*"), rules(route("r", to=REVIEWS))))
    assert {found[:2] for found in claimed(entry)} == {("to TLS", "r"), ("", "")}


def test_what_a_route_does_may_depend_on_whether_the_client_speaks_tls() -> None:
    away = Redirect(authority=Traced("b.io"), status=Traced(302), trail=trail("redirect"))
    to_http = replace(away, scheme=Traced("http"))
    doors = (listener("*"), listener("b.a.io", tls=SECURE, protocol="HTTPS"))
    one, other = (rules(replace(route("r"), redirect=r)) for r in (away, to_http))
    entry = _only((*doors, one), (*doors, other))
    assert claimed(entry) == {("r", "r"), ("r", "r", "effects"), ("", "")}


# --- listeners within one another, of which the name in the hello chooses one ----------------------


def _for(home: str, door: Listener) -> Listener:
    hosts = tuple(replace(one, routes_from=Traced(home)) for one in door.hosts)
    return replace(door, hosts=hosts)


def _nested() -> Json:
    """A listener for one name by TLS within one for all that takes rules of another namespace, and one within in clear text."""
    doors = (
        _for("shop", listener("*.a.io", tls=SECURE, protocol="HTTPS")),
        _for("bank", listener("*.b.a.io", tls=SECURE, protocol="HTTPS")),
        _for("bank", listener("x.b.a.io")),
    )
    one, other = (
        replace(rules(route("r", to=to)), name=Traced("t"), home=Traced("shop"))
        for to in (REVIEWS, RATINGS)
    )
    entries, left = certified(model(*doors, one), model(*doors, other))
    assert not left
    (entry,) = entries
    return entry


def _about(entry: Json) -> list[list[Json]]:
    return [way for table in entry["after"]["tables"] for way in table["about"]]


def test_rules_do_not_hold_where_the_hello_chooses_a_narrower_listener() -> None:
    """Where the narrowest listener is one in clear text no hello chooses, and the rules of all that have the name hold."""
    entry = _nested()
    assert not refused(entry)
    assert ("", "") in claimed(entry)
    assert {one[:2] for one in claimed(entry)} == {("", ""), ("r", "r")}
    assert any(test["none_of"] for way in _about(entry) for test in way)
    (inner,) = [c for c in entry["classes"] if c["before"] == "r"]
    assert inner["witness"]["authority"].endswith(".a.io")


def _wherever_the_name_is(entry: Json) -> None:
    for way in _about(entry):
        way[:] = [test for test in way if not test["none_of"]]


def _nowhere_within(entry: Json) -> None:
    for table in entry["after"]["tables"]:
        del table["about"][1:]


def _another_name_within(entry: Json) -> None:
    for way in _about(entry):
        for test in (one for one in way if one["none_of"]):
            test["none_of"][0]["text"] = ".c.a.io"


@pytest.mark.parametrize("tamper", [_wherever_the_name_is, _nowhere_within, _another_name_within])
def test_other_names_of_nested_listeners_are_refused(tamper: Callable[[Json], None]) -> None:
    entry = _nested()
    false = deepcopy(entry)
    tamper(false)
    assert false != entry
    assert refused(false)
