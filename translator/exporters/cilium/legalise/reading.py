"""Grants and refusals as boxes of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ir.access import Grant, Refusal
from ir.attachment import Attachment, WorkloadPort
from ir.behaviour.languages import host_seen_as, language_of
from ir.language import Language
from ir.match import (
    CALLER_PARTS,
    HTTP_PARTS,
    AllOf,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
    Unreadable,
    View,
)
from ir.provenance import Traced
from ir.walk import traced
from translator.exporters.cilium.legalise.boxes import ALL_PORTS, Box, By, Header
from translator.exporters.cilium.legalise.callers import Known, Unsaid, Unsayable, peers_of
from translator.exporters.cilium.names import Names, united
from translator.exporters.cilium.peers import Peers

Maker = Callable[[Pattern], Language]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a rule comes to: its boxes, and the values of it that could not be said, with the reason for each."""

    boxes: tuple[Box, ...]
    unsaid: tuple[tuple[tuple[Traced[object], ...], str], ...] = ()


def spoken(fact: Grant | Refusal, known: Known) -> Spoken:
    """The boxes of a grant less the alternatives that cannot be said; of a refusal with these made wider."""
    refuses = isinstance(fact, Refusal)
    unsaid: Unsaid = []
    callers = [*_callers(fact, known, unsaid, widen=refuses)]
    requests = [*_requests(fact, unsaid, widen=refuses)]
    ports = Box(
        ports=attached(fact.attachment),
        http=_only_http(fact),
        by=By(ports=_ports_said(fact.attachment)),
    )
    whole = (ports & who & what for who, what in product(callers, requests))
    boxes = tuple(box for box in whole if _holds(box, refuses=refuses))
    return Spoken(boxes, tuple(unsaid))


def _only_http(fact: Grant | Refusal) -> bool:
    """Whether the whole rule is left out where a connection is not read as HTTP."""
    tests = (*(t for way in (*fact.callers, *fact.requests) for t in way.tests), *fact.always)
    asks = any(test.part in HTTP_PARTS for test in tests)
    return asks and fact.view.on_unreadable is Unreadable.SKIP_RULE


def _holds(box: Box, *, refuses: bool) -> bool:
    """Whether it holds anything; a refusal that asks for HTTP holds all that is not read as such."""
    if refuses and box.http:
        return not box.peers.empty and not box.ports.empty
    return not box.empty


def _callers(fact: Grant | Refusal, known: Known, unsaid: Unsaid, *, widen: bool) -> Iterator[Box]:
    always = tuple(t for t in fact.always if t.part in CALLER_PARTS and t.part not in HTTP_PARTS)
    for way in fact.callers or (AllOf(trail=fact.trail),):
        tests = (*way.tests, *always)
        said = tuple(v for t in tests for v in traced(t) if v is not t.trail)
        try:
            yield Box(peers=_somebody(tests, known, widen=widen), by=By(peers=said))
        except Unsayable as reason:
            unsaid.append((tuple(traced(way)) if fact.callers else said, str(reason)))
            if widen:
                yield Box(by=By(peers=said))


def _somebody(tests: Iterable[Test], known: Known, *, widen: bool) -> Peers:
    """The callers that meet all tests; of a grant there must be some."""
    peers = peers_of(tests, known, widen=widen)
    if peers.empty and not widen:
        raise Unsayable(
            "no caller can be all of this: a pod is known by labels, never by its address"
        )
    return peers


def asked(tests: Iterable[Test], view: View) -> tuple[Box, ...]:
    """The requests that meet all tests, as boxes of which one must hold.

    Raises:
        Unsayable: one of them has no form.
    """
    whole = [Box()]
    for test in tests:
        whole = [box & one for box in whole for one in _of_test(test, view)]
    return tuple(whole)


def _requests(fact: Grant | Refusal, unsaid: Unsaid, *, widen: bool) -> Iterator[Box]:
    always = tuple(t for t in fact.always if t.part not in CALLER_PARTS)
    for way in fact.requests or (AllOf(trail=fact.trail),):
        whole = [Box()]
        try:
            for test in (*way.tests, *always):
                try:
                    options = tuple(_of_test(test, fact.view))
                except Unsayable as reason:
                    if not widen:
                        raise
                    unsaid.append((tuple(traced(test)), str(reason)))
                    options = (Box(http=True),)
                whole = [box & one for box in whole for one in options]
        except Unsayable as reason:
            said = tuple(traced(way)) if fact.requests else ()
            unsaid.append(((*said, *(v for t in always for v in traced(t))), str(reason)))
            continue
        yield from whole


def _of_test(test: Test, view: View) -> Iterator[Box]:
    """What a test on the request comes to: one box, or several of which one must hold."""
    said = tuple(v for v in traced(test) if v is not test.trail)
    match test.part:
        case Part.PATH:
            yield Box(path=_language(test, language_of), http=True, by=By(path=said))
        case Part.METHOD:
            yield Box(method=_language(test, language_of), http=True, by=By(method=said))
        case Part.AUTHORITY:
            whole = _language(test, lambda p: host_seen_as(p, view.authority_has_port))
            yield Box(host=whole, http=True, by=By(host=said))
        case Part.PORT:
            yield Box(ports=_ports(test), by=By(ports=said))
        case Part.HEADER if test.name is not None:
            yield from _headers(test, test.name.value.lower(), said)
        case _:
            raise Unsayable(f"the {test.part.value.replace('_', ' ')} cannot be asked for")


def _language(test: Test, of: Maker) -> Language:
    whole = Language.anything()
    if test.any_of:
        whole = _union(test.any_of, of)
    if test.none_of:
        whole = whole - _union(test.none_of, of)
    return whole


def _union(terms: Sequence[Traced[Term]], of: Maker) -> Language:
    whole = Language.nothing()
    for term in terms:
        if isinstance(term.value, Pattern):
            whole = whole | of(term.value)
    return whole


def _ports(test: Test) -> Names[int]:
    found = united(map(_number, test.any_of)) if test.any_of else ALL_PORTS
    return found - united(map(_number, test.none_of))


def _number(term: Traced[Term]) -> Names[int]:
    value = term.value
    if isinstance(value, Pattern) and value.kind is PatternKind.EXACT and value.text.isdecimal():
        return Names.of(int(value.text))
    raise Unsayable("a port that is not a number")


def _headers(test: Test, name: str, said: tuple[Traced[object], ...]) -> Iterator[Box]:
    wanted = Presence.EITHER if test.presence is None else test.presence.value
    base: tuple[Header, ...] = ()
    if wanted is not Presence.EITHER:
        base = (Header(name, None, wanted is Presence.PRESENT),)
    if test.missing_is_empty:
        raise Unsayable(f'the header "{name}" where absence counts as empty')
    absent = tuple(replace(_header(name, t), wanted=False) for t in test.none_of)
    ways: list[tuple[Header, ...]] = [(_header(name, term),) for term in test.any_of] or [()]
    for way in ways:
        headers = tuple(dict.fromkeys((*base, *way, *absent)))
        yield Box(headers=headers, http=True, by=By(headers=said))


def _header(name: str, term: Traced[Term]) -> Header:
    value = term.value
    if isinstance(value, Pattern):
        if value.kind is PatternKind.EXACT and value.text and not value.ignore_case:
            return Header(name, value.text)
        if value.kind is PatternKind.NON_EMPTY:
            return Header(name, None)
    raise Unsayable(f'a header such as "{name}" can be asked for by its whole value only')


def attached(attachment: Attachment) -> Names[int]:
    """The ports of an attachment whose ports are numbers; 0 stands for a name that no pod has."""
    own = united(map(_own, attachment.ports)) if attachment.ports else ALL_PORTS
    found = own - united(map(_own, attachment.excluding_ports))
    return Names(found.listed - {0}, found.but)


def _own(port: Traced[object]) -> Names[int]:
    if isinstance(port.value, WorkloadPort) and isinstance(port.value.port, int):
        return Names.of(port.value.port)
    raise TypeError(port)


def _ports_said(attachment: Attachment) -> tuple[Traced[object], ...]:
    return (*attachment.ports, *attachment.excluding_ports)
