"""Rules of the source that let out a part of what is declared outside, where the target lets out all of it.

istio/istio pilot/pkg/networking/core, 1.31. HTTP: the rules of the most particular host that holds a name take its requests, on
the ports of what is declared by that name, and on 80 where only a wildcard is (httproute.go, ``This is hack``); what none of
them matches is not found. TLS: rules of any host that overlaps what is declared take its place in the listener, so that a name
that none asks for finds no chain (tls.go ``buildSidecarOutboundTLSFilterChainOpts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import EnforcedAt, Scope
from ir.edge import ExternalService, narrower
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import NoMatch, Protocol, RouteTable
from translator.api import Loss
from translator.exporters.egress.findings import listed
from translator.exporters.egress.names import HTTP_WORDS, TLS_WORDS, text_of
from translator.exporters.handed_on import turns_away
from translator.report.model import Fate, Impact, Support

_HTTP = (Protocol.HTTP, Protocol.GRPC)
_WEB = 80
_ADVICE = "Limit them at an egress gateway, or where they arrive."


@dataclass(frozen=True, slots=True)
class LetOut:
    """Names that leave on a port as a whole, as HTTP or as TLS."""

    protocol: Protocol
    host: Pattern
    port: int


def names_declared(services: Iterable[ExternalService]) -> Iterator[LetOut]:
    """All names that are declared outside."""
    for service in services:
        for port in service.ports:
            word = "" if port.protocol is None else port.protocol.value
            kinds = (
                *((Protocol.HTTP,) if word in HTTP_WORDS or not word else ()),
                *((Protocol.TLS,) if word in TLS_WORDS else ()),
            )
            for kind in kinds:
                yield from (LetOut(kind, h.value, port.number.value) for h in service.hosts)


def let_out(tables: Iterable[RouteTable], ways: Iterable[LetOut]) -> Iterator[Loss]:
    """What the tables of names outside do not let out, and the ways do."""
    outward = [t for t in tables if _name(t) is not None and _of_client(t)]
    found = list(dict.fromkeys(ways))
    yield from _requests([t for t in outward if t.protocol in _HTTP], found)
    yield from _connections([t for t in outward if t.protocol is Protocol.TLS], found)


def _of_client(table: RouteTable) -> bool:
    subject = table.attachment.subject
    outside = subject.scope is Scope.SERVICE and subject.namespace is None
    return outside and table.attachment.enforced_at is EnforcedAt.CLIENT


def _name(table: RouteTable) -> Traced[str] | None:
    return table.attachment.subject.name


def _host(table: RouteTable) -> Pattern:
    """The names that the table is for."""
    name = _name(table)
    text = "" if name is None else name.value.lower()
    kind = PatternKind.SUFFIX if text.startswith("*") else PatternKind.EXACT
    return Pattern(kind, text.removeprefix("*"), ignore_case=True)


def _is_for(table: RouteTable, port: int) -> bool:
    at = table.attachment
    if any(own.value.port == port for own in at.excluding_ports):
        return False
    return not at.ports or any(own.value.port == port for own in at.ports)


# --- HTTP -------------------------------------------------------------------------------------------


def _requests(tables: Sequence[RouteTable], ways: Sequence[LetOut]) -> Iterator[Loss]:
    for table in tables:
        if not turns_away((table,)):
            continue
        names = dict.fromkeys(
            text_of(both)
            for way in ways
            if way.protocol in _HTTP and _is_for(table, way.port)
            if (both := _taken(table, way, tables)) is not None
        )
        if names:
            yield _loss(
                table,
                f"requests to {listed([*names])} that none of its rules matches are not found in the source; in the target "
                "they leave, as all does that goes to such a name.",
            )


def _taken(table: RouteTable, way: LetOut, tables: Sequence[RouteTable]) -> Pattern | None:
    """The names of a way of which the table takes the requests."""
    own = _host(table)
    both = narrower(own, way.host)
    wide = way.host.kind is PatternKind.SUFFIX
    if both is None or (own.kind is PatternKind.EXACT and wide and way.port != _WEB):
        return None
    closer = (_host(one) for one in tables if _is_for(one, way.port))
    others = (one for one in closer if one != own and narrower(own, one) == one)
    return None if any(narrower(one, both) == both for one in others) else both


# --- TLS --------------------------------------------------------------------------------------------


def _connections(tables: Sequence[RouteTable], ways: Sequence[LetOut]) -> Iterator[Loss]:
    told: dict[int, dict[str, None]] = {}
    for way in (way for way in ways if way.protocol is Protocol.TLS):
        own = [
            t
            for t in tables
            if _is_for(t, way.port) and narrower(_host(t), way.host) is not None
            if t.no_match is not NoMatch.PASS
        ]
        asked = [name for table in own for name in _asked(table)]
        if own and not any(narrower(name, way.host) == way.host for name in asked):
            told.setdefault(id(own[0]), {})[f"{text_of(way.host)}:{way.port}"] = None
    for table in tables:
        names = told.get(id(table))
        if names:
            but = list(dict.fromkeys(text_of(name) for name in _asked(table)))
            yield _loss(
                table,
                f"of TLS to {listed([*names])} the source lets out what asks for a name of its rules ({listed(but)}) alone; in "
                "the target all of it leaves, as all does that asks for a declared name.",
            )


def _asked(table: RouteTable) -> Iterator[Pattern]:
    """The names in the hello that rules of the table take."""
    for test in (t for r in table.routes for m in r.matches for t in m.requests.tests):
        if test.part is Part.SERVER_NAME:
            yield from (t.value for t in test.any_of if isinstance(t.value, Pattern))


def _loss(table: RouteTable, message: str) -> Loss:
    name = _name(table)
    return Loss(
        code="MM537",
        impact=Impact.LOOSER,
        support=Support.NOT_YET,
        fate=Fate.APPROXIMATED,
        because=() if name is None else (name,),
        message=message,
        advice=_ADVICE,
    )
