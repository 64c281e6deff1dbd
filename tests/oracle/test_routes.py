"""The route that wins, by the real Envoy and by our model, for a witness of every class of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Request
from ir.language import Opaque
from ir.match import Part, Pattern, PatternKind, Presence, RegexDialect, View
from ir.match import Test as Question
from ir.model import Model
from ir.provenance import Traced
from ir.traffic import NoMatch, Order, RouteTable
from tests.fixtures.cases import cases
from tests.ir.facts import backend, model, on, pattern, route, table
from tests.oracle.configuration import FORMS, Unsayable, routes_of
from tests.oracle.envoy import Envoy, Listening, http_filter, needs_envoy, running
from tests.oracle.witnesses import on_the_wire, witnesses
from translator.verify.access import Comparison
from translator.verify.routes import RouteComparison

HOME = Address("shop", "reviews", 80)
OK = 200
MOST = 400
"""Requests of one table."""

DRAWN, THOROUGHLY = 24, 300
"""Tables at random; with ``--thorough`` more."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that stands alone: all its routes under names of their own, for all clients and hosts."""

    name: str
    fact: RouteTable

    @property
    def model(self) -> Model:
        """The table and the services of a shop."""
        return model(self.fact)

    def listening(self) -> Listening:
        """A listener of Envoy with the routes of the table."""
        names = [one.name.value for one in self.fact.routes if one.name is not None]
        last = "default" if self.fact.no_match is NoMatch.PASS else None
        view = self.fact.view
        settings = dict(FORMS[view.path])
        if not view.authority_has_port:
            settings |= {"strip_any_host_port": True, "strip_trailing_host_dot": True}
        routes = routes_of(self.fact.routes, names, last)
        return Listening(self.name, (http_filter(self.name, routes, (), settings),))

    def requests(self) -> Iterator[Request]:
        """A witness of every class of requests."""
        access = Comparison(self.model, self.model)
        assert list(access.slices())
        lowered = Lowering(self.model)
        routes = RouteComparison(self.model, self.model, access.world, (lowered, lowered))
        frame = routes.frame(HOME, ((self.fact,), (self.fact,)))
        for request in witnesses(frame, MOST):
            yield replace(request, service=HOME.key, service_port=HOME.port)


def alone(name: str, fact: RouteTable) -> Table:
    """The routes of a table, seen by themselves."""
    routes = tuple(
        replace(
            one,
            name=Traced(f"route {number}"),
            backends=(backend("reviews"),),
            redirect=None,
            answer=None,
            matches=tuple(replace(match, audience=None) for match in one.matches),
        )
        for number, one in enumerate(fact.routes)
    )
    here = replace(fact, routes=routes, hosts=(), attachment=table().attachment, home=None)
    return Table(name, here)


def decided(found: Table, request: Request) -> str:
    """The name of the route that wins; ``404`` where none does."""
    delivery = decide_route(found.model, request)
    return "404" if delivery.kind == "not_found" else delivery.route


def replayed(envoy: Envoy, found: Table) -> tuple[int, list[tuple[Request, str, str]]]:
    """How many requests were asked of both, and those on which they differ."""
    asked: list[tuple[Request, bytes, str]] = []
    for request in found.requests():
        sent = on_the_wire(request)
        if sent is None:
            continue
        try:
            asked.append((request, sent, decided(found, request)))
        except Unsupported:
            continue
    answers = envoy.ask(found.name, [sent for _, sent, _ in asked])
    wrong = []
    for (request, _, ours), answer in zip(asked, answers, strict=True):
        theirs = answer.body if answer.status == OK else str(answer.status)
        if theirs != ours:
            wrong.append((request, ours, theirs))
    return len(asked), wrong


def agree(tables: list[Table]) -> int:
    """The number of requests that Envoy and the model both decided, alike."""
    listening = []
    told = []
    for one in tables:
        try:
            listening.append(one.listening())
            told.append(one)
        except Unsayable:
            continue
    assert len(told) * 2 > len(tables)
    asked = 0
    with running(*listening) as envoy:
        for one in told:
            try:
                number, wrong = replayed(envoy, one)
            except Opaque:
                continue
            assert wrong == [], (one.fact, wrong[:3])
            asked += number
    return asked


# --- tables at random ----------------------------------------------------------------------------

_TEXTS = ("/a", "/a/", "/a/b", "/A", "/", "/b.c")
_REGEXES = ("/a.*", "/[ab]+", "/a|/ab", ".*b", "/a/?", "/(a|b)/[^/]+")
_VALUES = ("a", "ab", "A", "b a", "", "1")


def _pattern(choice: Random, texts: tuple[str, ...], *kinds: PatternKind) -> Pattern:
    kind = choice.choice(kinds)
    if kind is PatternKind.REGEX:
        text = choice.choice(_REGEXES if texts is _TEXTS else ("a.*", "[ab]", "a|ab", "(b )?a"))
        return Pattern(kind, text, dialect=RegexDialect.RE2_FULL)
    return replace(pattern(choice.choice(texts), kind), ignore_case=choice.random() < 0.15)


_TEXT = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.REGEX


def drawn_test(choice: Random) -> Question:
    """A test that Istio's routes can have."""
    match choice.randrange(7):
        case 0 | 1:
            found = _pattern(choice, _TEXTS, *_TEXT, PatternKind.ELEMENT_PREFIX)
            return on(Part.PATH, found)
        case 2:
            return on(Part.METHOD, choice.choice(("GET", "POST", "PURGE")))
        case 3:
            return on(Part.QUERY, _pattern(choice, ("a", "ab", "1"), *_TEXT[::2]), name="q")
        case 4:
            hosts = ("reviews.shop", "reviews", "reviews.shop.svc.cluster.local")
            return on(Part.AUTHORITY, _pattern(choice, hosts, *_TEXT[:2]))
        case _:
            return _drawn_header(choice)


def _drawn_header(choice: Random) -> Question:
    match choice.randrange(3):
        case 0:
            presence = choice.choice((Presence.PRESENT, Presence.ABSENT))
            return on(Part.HEADER, name="x-kind", presence=presence)
        case 1:
            unwanted = (_pattern(choice, _VALUES, *_TEXT),)
            return on(Part.HEADER, name="x-kind", none_of=unwanted, missing_is_empty=True)
        case _:
            kinds = *_TEXT, PatternKind.SUFFIX, PatternKind.CONTAINS
            return on(Part.HEADER, _pattern(choice, _VALUES, *kinds), name="x-kind")


def drawn(number: int) -> Table:
    """A table at random."""
    choice = Random(number)  # noqa: S311  # models for a test
    routes = [
        route(f"r{n}", *(drawn_test(choice) for _ in range(choice.choice((0, 1, 1, 2, 3)))))
        for n in range(choice.randint(1, 5))
    ]
    no_match = choice.choice((NoMatch.NOT_FOUND, NoMatch.PASS))
    fact = table(*routes, order=Order.LIST, no_match=no_match)
    form = choice.choice(list(FORMS))
    return alone(f"drawn {number}", replace(fact, view=View(path=form)))


@needs_envoy
def test_envoy_takes_the_route_that_the_model_says_for_every_class_of_requests(
    thorough: bool,  # noqa: FBT001  # a fixture
) -> None:
    asked = agree([drawn(number) for number in range(THOROUGHLY if thorough else DRAWN)])
    assert asked > 3000


@needs_envoy
def test_envoy_takes_the_routes_of_the_fixtures_as_the_model_does() -> None:
    tables = [
        alone(f"{case.folder.name} {number}", fact)
        for case in cases(target="linkerd")
        if case.mesh == "istio"
        for number, fact in enumerate(case.result().model.facts)
        if isinstance(fact, RouteTable)
        and fact.order is Order.LIST
        and fact.protocol.value == "http"
    ]
    assert agree(tables) > 2000


@needs_envoy
def test_an_envoy_that_is_told_otherwise_disagrees() -> None:
    narrow = route("narrow", on(Part.PATH, "/a"))
    right = alone("told", table(narrow, route("wide")))
    wrong = alone("told", table(route("other", on(Part.PATH, "/b")), route("wide")))
    with running(wrong.listening()) as envoy:
        asked, differing = replayed(envoy, right)
    assert asked > len(differing) > 0
    assert {request.path for request, _, _ in differing} == {"/a"}
