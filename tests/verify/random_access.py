"""Small models drawn at random, and all requests over a small alphabet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

from ir.access import Direction, MtlsMode, PeerMtls, ProbeAccess, Probes
from ir.attachment import Attachment, Scope, WorkloadPort
from ir.behaviour.request import Caller, Request
from ir.match import AllOf, Cidr, Part, PathForm, PatternKind, Presence, Test, Unreadable, View
from ir.model import Fact, Model
from ir.provenance import Traced, trail
from ir.traffic import NoMatch, Order
from tests.ir.facts import (
    REVIEWS,
    at,
    closed,
    grant,
    guarded,
    guarded_route,
    labelled,
    model,
    on,
    pattern,
    refusal,
    subject,
    ways,
)

PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b", "/a/../b", "/a\\b", "/%61", "/./a", "/b/a", "//a")
METHODS = ("GET", "POST", "PURGE")
CALLERS = (
    Caller(namespace="shop", service_account="web"),
    Caller(namespace="shop", service_account="ratings", labels={"app": "ratings"}),
    Caller(namespace="shop", service_account="web", trust_domain="partner.example"),
    Caller(namespace="other", service_account="web"),
    Caller(mtls=False),
    Caller(mtls=False, address="192.168.1.1"),
    Caller(mtls=False, probe=True),
)
HEADERS: tuple[dict[str, str], ...] = ({}, {"x-kind": "a"}, {"x-kind": ""}, {"x-kind": "ab"})
PORTS = (9080, 65000)
PLACES = (
    at(),
    at(subject(Scope.NAMESPACE, namespace="shop")),
    at(subject(Scope.WORKLOADS, namespace="shop", labels=labelled(version="v1"))),
    at(None, WorkloadPort("http")),
    at(None, WorkloadPort(9080)),
    at(None, excluding_ports=(WorkloadPort(9080),)),
    at(subject(Scope.SERVICE, namespace="shop", name="ratings")),
)


def requests() -> Iterator[Request]:
    """Every request over the small alphabet to one workload."""
    for caller, port in product(CALLERS, PORTS):
        start = Request(caller=caller, workload=REVIEWS, port=port)
        yield replace(start, http=False)
        for method, path, headers in product(METHODS, PATHS, HEADERS):
            yield replace(start, method=method, path=path, headers=headers)


def drawn(choice: Random, *, leaving: bool = False) -> Model:
    """A model of one to four facts besides a closed door; ``leaving``: and two about what leaves."""
    facts = [_fact(choice) for _ in range(choice.randint(1, 4))]
    facts.extend(_leaving(choice) for _ in range(2 * leaving))
    if choice.random() < 0.7:
        facts.append(closed(choice.choice(PLACES)))
    return model(*facts)


def changed(choice: Random, one: Model) -> Model:
    """The same model but for one fact: another, one more, one less."""
    facts = list(one.facts)
    place = choice.randrange(len(facts))
    match choice.randrange(3):
        case 0:
            facts[place] = _fact(choice)
        case 1:
            facts.insert(place, _fact(choice))
        case _:
            del facts[place]
    return replace(one, facts=tuple(facts))


def _fact(choice: Random) -> Fact:
    where: Attachment = choice.choice(PLACES)
    view = View(
        path=choice.choice((PathForm.RAW, PathForm.NORMAL, PathForm.NORMAL, PathForm.MERGED)),
        on_unreadable=choice.choice(list(Unreadable)),
    )
    callers = _alternatives(choice, _caller)
    asked = _alternatives(choice, _request)
    match choice.randrange(6):
        case 0 | 1:
            return grant(where=where, callers=callers, requests=asked, view=view)
        case 2:
            return replace(refusal(callers=callers, requests=asked, view=view), attachment=where)
        case 3:
            routes = [
                guarded_route(f"r{n}", *_tests(choice, _request), admits=_admits(choice))
                for n in range(choice.randint(1, 3))
            ]
            order = choice.choice((Order.LIST, Order.RANK, Order.RANK, Order.SPECIFICITY))
            table = guarded(*routes, order=order, no_match=choice.choice(list(NoMatch)))
            return replace(table, attachment=where, view=View(path=view.path))
        case 4:
            mode = choice.choice(list(MtlsMode))
            return PeerMtls(attachment=where, mode=Traced(mode), trail=trail("mtls"))
        case _:
            access = choice.choice(list(ProbeAccess))
            return Probes(attachment=where, access=Traced(access), trail=trail("probes"))


CLIENTS = (
    at(subject(Scope.NAMESPACE, namespace="shop")),
    at(subject(Scope.NAMESPACE, namespace="shop"), WorkloadPort(9000, 9080)),
    at(subject(Scope.WORKLOADS, namespace="shop", labels=labelled(app="ratings"))),
)
"""Whose ways out are closed."""

CALLED = (
    on(Part.WORKLOAD_LABELS, labelled(app="reviews")),
    on(Part.WORKLOAD_LABELS, labelled(app="ratings")),
    on(Part.SERVICE_ACCOUNT, "shop/reviews"),
    on(Part.ENTITY, "cluster"),
    on(Part.NAMESPACE_LABELS, labelled(**{"kubernetes.io/metadata.name": "shop"})),
    on(Part.TRANSPORT, "TCP"),
)
"""Who is called."""


def _leaving(choice: Random) -> Fact:
    """A rule about what leaves."""
    asked, view = (
        _alternatives(choice, _request),
        View(path=choice.choice((PathForm.RAW, PathForm.NORMAL))),
    )
    if choice.random() < 0.5:
        return replace(closed(choice.choice(CLIENTS)), direction=Direction.OUTBOUND)
    where = choice.choice(CLIENTS)
    callers = ways(choice.choice(CALLED)) if choice.random() < 0.7 else ()
    if choice.random() < 0.3:
        held = replace(refusal(callers=callers, requests=asked, view=view), attachment=where)
        return replace(held, direction=Direction.OUTBOUND)
    opened = grant(where=where, callers=callers, requests=asked, view=view)
    return replace(opened, direction=Direction.OUTBOUND)


def _admits(choice: Random) -> tuple[Test, ...] | None:
    return choice.choice((None, (), (_caller(choice),)))


def _alternatives(choice: Random, test: object) -> tuple[AllOf, ...]:
    return tuple(
        way for _ in range(choice.choice((0, 1, 1, 2))) for way in ways(*_tests(choice, test))
    )


def _tests(choice: Random, test: object) -> list[Test]:
    if not callable(test):
        raise TypeError(test)
    return [test(choice) for _ in range(choice.choice((0, 1, 1, 2)))]


def _caller(choice: Random) -> Test:
    negated = choice.random() < 0.3
    part, text = choice.choice(
        (
            (Part.NAMESPACE, "shop"),
            (Part.SERVICE_ACCOUNT, "shop/web"),
            (Part.IDENTITY, "cluster.local/ns/shop/sa/web"),
            (Part.TRUST_DOMAIN, "cluster.local"),
        )
    )
    match choice.randrange(4):
        case 0:
            return on(Part.PEER_ADDRESS, Cidr("10.0.0.0/8", ("10.2.0.0/16",)))
        case 1:
            return on(Part.CERTIFICATE, presence=choice.choice(list(Presence)))
        case _ if negated:
            return on(part, none_of=(text,))
        case _:
            return on(part, text)


def _request(choice: Random) -> Test:
    kinds = (
        PatternKind.EXACT,
        PatternKind.PREFIX,
        PatternKind.ELEMENT_PREFIX,
        PatternKind.SUFFIX,
        PatternKind.CONTAINS,
    )
    text = choice.choice(("/a", "/a/", "/a/b", "/b", "/"))
    terms = (pattern(text, choice.choice(kinds)),)
    match choice.randrange(6):
        case 0:
            return on(Part.METHOD, choice.choice(METHODS[:2]))
        case 1:
            return on(Part.METHOD, none_of=("GET",))
        case 2:
            return on(
                Part.HEADER,
                name="x-Kind",
                presence=choice.choice(list(Presence)),
                none_of=choice.choice(((), ("a",))),
                missing_is_empty=choice.random() < 0.3,
            )
        case 3:
            return on(Part.HEADER, pattern("a", PatternKind.PREFIX), name="x-kind")
        case 4:
            return on(Part.PATH, none_of=terms)
        case _:
            return on(Part.PATH, *terms)
