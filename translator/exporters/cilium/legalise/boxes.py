"""Sets of requests as boxes: who AND which port AND which path AND method AND host AND headers.

Grants and refusals are unions of boxes. A refusal is taken out of a grant by cutting the box: what is outside of it in one
dimension, for each dimension. All dimensions can say their own complement exactly but that of headers
(cilium/cilium pkg/policy/api/http.go, 1.20: exact values and presence, no negation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

from ir.language import PATH, TOKEN, Dialect, Language
from ir.provenance import Traced
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import EVERYONE, Peers

HOSTS = Language.regex("[!-~]*", Dialect.RE2_FULL)
"""Authorities that proxies take at all (envoy source/common/http/header_utility.cc ``authorityIsValid``)."""

ALL_PORTS: Names[int] = Names(but=True)

Origins = tuple[Traced[object], ...]
"""The values that a dimension of a box is made of."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header has exactly this value, all its values joined by commas; ``None``: it is there at all.

    ``wanted`` is false where that must not be so, which no rule of the target can ask for.
    """

    name: str
    value: str | None
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class By:
    """What the dimensions of a box come from."""

    peers: Origins = ()
    ports: Origins = ()
    path: Origins = ()
    method: Origins = ()
    host: Origins = ()
    headers: Origins = ()


def together(sources: Sequence[By]) -> By:
    """What several boxes that say the same come from."""

    def of(dimension: str) -> Origins:
        found = (value for one in sources for value in getattr(one, dimension))
        return tuple({id(value): value for value in found}.values())

    return By(**{one.name: of(one.name) for one in fields(By)})


@dataclass(frozen=True, slots=True)
class Box:
    """Requests that are in all dimensions. ``http``: only those that are read as HTTP."""

    peers: Peers = EVERYONE
    ports: Names[int] = ALL_PORTS
    path: Language = field(default_factory=Language.anything)
    method: Language = field(default_factory=Language.anything)
    host: Language = field(default_factory=Language.anything)
    headers: tuple[Header, ...] = ()
    http: bool = False
    by: By = By()

    @property
    def empty(self) -> bool:
        """Whether no request is in it."""
        return (
            self.peers.empty
            or self.ports.empty
            or (self.path & PATH).is_empty()
            or (self.method & TOKEN).is_empty()
            or (self.host & HOSTS).is_empty()
            or _contradict(self.headers)
        )

    def __and__(self, other: Box) -> Box:
        return Box(
            peers=self.peers & other.peers,
            ports=self.ports & other.ports,
            path=self.path & other.path,
            method=self.method & other.method,
            host=self.host & other.host,
            headers=tuple(dict.fromkeys((*self.headers, *other.headers))),
            http=self.http or other.http,
            by=_both(self.by, other.by),
        )


def _contradict(headers: Sequence[Header]) -> bool:
    """Whether no request can have them all."""
    values = {(h.name, h.value) for h in headers if h.value is not None and h.wanted}
    several = len(values) > len({name for name, _ in values})
    return several or any(_implied(replace(h, wanted=not h.wanted), headers) for h in headers)


def _implied(asked: Header, own: Sequence[Header]) -> bool:
    """Whether requests with the headers of ``own`` surely are as it is asked."""
    if asked in own:
        return True
    there = [h for h in own if h.name == asked.name and h.wanted]
    if asked.wanted:
        return asked.value is None and bool(there)
    if Header(asked.name, None, wanted=False) in own:
        return True
    return asked.value is not None and any(h.value not in (None, asked.value) for h in there)


def _both(one: By, other: By) -> By:
    return By(
        peers=(*one.peers, *other.peers),
        ports=(*one.ports, *other.ports),
        path=(*one.path, *other.path),
        method=(*one.method, *other.method),
        host=(*one.host, *other.host),
        headers=(*one.headers, *other.headers),
    )


@dataclass(slots=True)
class Cuts:
    """What became of cutting: ``inexact`` where more was taken out than was to be."""

    inexact: bool = False


def without(boxes: Iterable[Box], refused: Iterable[Box], cuts: Cuts) -> list[Box]:
    """The boxes less all that is refused."""
    left = [box for box in boxes if not box.empty]
    for bad in refused:
        left = [part for box in left for part in _less(box, bad, cuts)]
    return left


def touches(bad: Box, box: Box) -> bool:
    """Whether a refusal takes something out of a box.

    Where a connection is not read as HTTP, what a refusal asks of HTTP is taken as met (``View.on_unreadable``): so one
    that asks for it refuses all such connections, whatever it asks.
    """
    if bad.http and not box.http:
        return not (box.peers & bad.peers).empty and not (box.ports & bad.ports).empty
    return not (box & bad).empty


def _less(box: Box, bad: Box, cuts: Cuts) -> Iterator[Box]:
    if not touches(bad, box):
        yield box
        return
    for part in _parts(box, bad):
        if not part.empty:
            yield part
    if any(h.wanted and not _implied(h, box.headers) for h in bad.headers):
        cuts.inexact = True


def _parts(box: Box, bad: Box) -> Iterator[Box]:
    """What is in ``box`` and outside of ``bad`` in one dimension."""
    by, other = box.by, bad.by
    yield replace(
        box,
        peers=box.peers - bad.peers,
        by=replace(by, peers=(*by.peers, *other.peers)),
    )
    yield replace(box, ports=box.ports - bad.ports, by=replace(by, ports=(*by.ports, *other.ports)))
    if bad.http:
        yield replace(
            box,
            path=box.path - bad.path,
            http=True,
            by=replace(by, path=(*by.path, *other.path)),
        )
        yield replace(
            box,
            method=box.method - bad.method,
            http=True,
            by=replace(by, method=(*by.method, *other.method)),
        )
        yield replace(
            box,
            host=box.host - bad.host,
            http=True,
            by=replace(by, host=(*by.host, *other.host)),
        )

    for header in bad.headers:
        if not header.wanted:
            yield replace(
                box,
                headers=(*box.headers, replace(header, wanted=True)),
                http=True,
                by=replace(by, headers=(*by.headers, *other.headers)),
            )
