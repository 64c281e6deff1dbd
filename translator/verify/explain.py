"""Which findings explain a difference that occurs.

Changes of routing for paths that are not in normal form alone need no finding of the translation: the proof makes one.
A finding explains a request that fares otherwise if its impact is that of the change, and it stands on a rule that
decides the request. Some findings are about an object as a whole, whichever rule decides, or none: what they name, they
explain too; others that name it are told beside those that explain. A class of requests is explained if each request in it that stands for
others is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.access import Evidence
from ir.behaviour.concrete_match import Sight, any_holds
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.request import TCP, Request
from ir.match import AllOf, Part
from translator.report.bounds import At
from translator.report.model import (
    BEYOND,
    CLOSED_IN,
    HIDDEN,
    NODE,
    ODD_PATHS,
    SPELLING,
    Impact,
)
from translator.verify.result import Change, Kind, Sample

IMPACTS: Mapping[Kind, frozenset[Impact]] = {
    Kind.NEWLY_ALLOWED: frozenset((Impact.LOOSER,)),
    Kind.NEWLY_DENIED: frozenset((Impact.STRICTER,)),
    Kind.RATE_LOWERED: frozenset((Impact.STRICTER,)),
    Kind.RATE_RAISED: frozenset((Impact.LOOSER,)),
}
"""Impacts that a finding must have to explain a change of access, or of how many requests pass."""

ANY = frozenset((Impact.DIFFERENT, Impact.STRICTER, Impact.LOOSER))
"""Impacts that explain a change of routing: what is lost of a route may well be called stricter or looser."""

_BY_DEFAULT: Mapping[Kind, str] = {Kind.RETRY: "retr"}
"""Changes that a finding about a default of the source explains wherever they occur, by a word of its field."""

_EJECTIONS = frozenset((Kind.EJECTION, Kind.EJECTION_LONGEST, Kind.EJECTION_MANNER))
_FAILURES = frozenset((Kind.RETRY, Kind.TIMEOUT)) | _EJECTIONS
_WEAKER = "MM411"
"""The finding that explains weaker evidence; that of spellings does so where the path is spelt in another way."""

_RATES = frozenset((Kind.RATE_LOWERED, Kind.RATE_RAISED))
_REWRITTEN = frozenset((Kind.REWRITTEN,))
_NOTHING: frozenset[Kind] = frozenset()
_ABOUT: Mapping[str, frozenset[Kind]] = {
    "MM205": _REWRITTEN,
    "MM206": _REWRITTEN,
    "MM212": _REWRITTEN,
    "MM214": _NOTHING,
    "MM302": frozenset((Kind.RETRY,)),
    "MM303": frozenset((Kind.TIMEOUT,)),
    "MM304": frozenset((Kind.EJECTION_MANNER,)),
    "MM305": _NOTHING,
    "MM306": _NOTHING,
    "MM307": frozenset((Kind.RETRY,)),
    "MM330": _FAILURES,
    "MM331": _EJECTIONS,
    "MM334": frozenset((Kind.EJECTION_LONGEST,)),
    "MM380": _EJECTIONS,
    "MM540": _RATES,
    "MM542": _RATES,
    "MM543": _RATES,
    "MM609": _NOTHING,
}
"""What findings explain that are about one thing, and nothing else; others about failures explain none of their kinds.

Some are about what is not compared: how an endpoint is picked, limits of connections, shares of backends without endpoints,
pods that nobody has put into the target's mesh yet: both sides are compared as if their proxies were there.
"""

HELD = "MM524"
"""The finding that is about pods of a namespace which had no limits of their own, and have those of others now."""

_OF_OBJECTS = frozenset(
    (
        "MM208",
        "MM227",
        "MM229",
        "MM330",
        "MM331",
        "MM403",
        "MM404",
        "MM405",
        "MM408",
        "MM411",
        "MM412",
        "MM413",
        "MM430",
        "MM431",
        "MM477",
        "MM478",
        "MM480",
        "MM481",
        "MM482",
        HELD,
        "MM540",
        "MM550",
        "MM551",
        "MM552",
    )
)
"""Findings about an object as a whole: clients that share its routes, that it is new, which requests it takes for calls,
its health checks, ports that nobody names, the form in which it sees paths, what it reads of a connection, what may leave
the pods of a namespace of which some were limited, limits that pods have by those of others."""

_OF_THE_NETWORK = frozenset(
    (
        "MM108",
        "MM460",
        "MM475",
        "MM476",
        "MM478",
        "MM481",
        "MM482",
        "MM484",
        "MM486",
        "MM487",
        "MM488",
    )
)
"""Findings about all that reaches a workload, whatever carries it."""

_NOT_COMPARED = frozenset(("MM538",))
"""Findings about what no comparison looks at: that no difference shows them makes them no exaggeration."""

_ACCESS = frozenset((Kind.NEWLY_ALLOWED, Kind.NEWLY_DENIED, Kind.EVIDENCE))

_CHECKS = "MM431"
"""The finding that is about health checks by nodes of other networks."""

_AT_GATEWAYS = "MM501"
"""The finding that is about who enters by a gateway."""

_DATAGRAMS = "MM476"
"""The finding that is about datagrams alone."""

_NO_CALLS = "MM227"
"""The finding that is about requests which are no remote calls."""

_CALL = re.compile(r"/[^/?]+/[^/?]+\Z")
"""The path of a remote call (grpc.io PROTOCOL-HTTP2: ``/service/method``, in a POST)."""

_OF_REQUESTS: Mapping[str, Callable[[Request], bool]] = {
    HIDDEN: lambda request: not request.external,
    HELD: lambda request: bool(request.external),
    _AT_GATEWAYS: lambda request: bool(request.listener),
    _DATAGRAMS: lambda request: request.transport != TCP,
    NODE: lambda request: request.caller.probe,
    _CHECKS: lambda request: request.caller.probe,
    _NO_CALLS: lambda request: request.method != "POST" or not _CALL.match(request.path),
}
"""Which requests findings are about that are about some of them."""

_SPELLING = re.compile(r"//|%|\\|/\.{1,2}(?:/|\Z)")
"""What a path has that is changed when it is brought into some form."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding as far as it may explain: input leaves that it stands on, and objects that it names."""

    code: str
    impact: Impact
    leaves: frozenset[int]
    message: str
    default: str = ""
    """The field where nothing is written, if it is about what the source does then."""
    later: bool = False
    """Whether it is about objects that the later side alone heeds: it explains what these decide there."""
    at: tuple[At, ...] = ()
    """The ports that it is about; none: all that its rules decide on."""
    ways: tuple[AllOf, ...] = ()
    """The callers or requests that it is about; none: all that its rules decide."""
    http: bool | None = None
    """Whether it is about what is read as HTTP, or about what is not; none: about both."""

    def may_explain(self, kind: Kind, *, shut: bool = False) -> bool:
        """Whether it is about what has changed at all; ``shut``: requests that passed are refused.

        Where the proof of who calls is what changed, what tells that they are refused, or let in, explains it too.
        """
        if self.impact not in IMPACTS.get(kind, ANY):
            return False
        if kind is Kind.EVIDENCE:
            whole = Kind.NEWLY_DENIED if shut else Kind.NEWLY_ALLOWED
            return self.code in (_WEAKER, SPELLING) or self.may_explain(whole)
        about = _ABOUT.get(self.code)
        if about is not None:
            return kind in about
        return kind not in _FAILURES or not self.code.startswith("MM3")


Places = Mapping[str, Sequence[At]]
"""The ports that a finding is about, by the name of what they are of."""


def _may(claim: Claim, places: Places, change: Change, sample: Sample) -> bool:
    """Whether the finding is about requests of this kind.

    Some are about addresses that are not limited or inside of the cluster alone, about health checks, about what is no
    remote call, about the ports that they name, about who gets in or not by paths that can be spelt in another way.
    """
    if claim.code in (BEYOND, CLOSED_IN):
        return change.beyond
    if claim.code == SPELLING and change.kind in _ACCESS:
        return _SPELLING.search(sample.request.path) is not None
    asks = _OF_REQUESTS.get(claim.code)
    return (asks is None or asks(sample.request)) and _within(claim, places, sample.request)


def _within(claim: Claim, places: Places, request: Request) -> bool:
    """Whether the request goes to one of the ports that the finding is about, and is one of its requests."""
    if request.transport != TCP and not _is_of_datagrams(claim):
        return False
    names, port = _names(request), request.service_port or request.port
    near = (one for name in ("", *names) for one in places.get(name, ()))
    if claim.at and not any(one.holds(names, port) for one in near):
        return False
    if claim.http is not None and claim.http is not request.http:
        return False
    return not claim.ways or any(_is_one(claim.ways, request, by) for by in _KNOWN_BY)


def _names(request: Request) -> tuple[str, ...]:
    """How findings name the destination."""
    return request.workload, request.service, f"Service/{request.service}"


def _is_of_datagrams(claim: Claim) -> bool:
    """Whether it is about what comes in by other transports than TCP, alone or too."""
    told = (test.part is Part.TRANSPORT for way in claim.ways for test in way.tests)
    return claim.code in _OF_THE_NETWORK or any(told)


_KNOWN_BY = (Evidence.CERTIFICATE, Evidence.LABEL)


def _is_one(ways: tuple[AllOf, ...], request: Request, by: Evidence) -> bool:
    """Whether the request is one of these; one that does not tell it may be."""
    try:
        return any_holds(ways, Sight(request=request, evidence=by))
    except Unsupported:
        return True


@dataclass(frozen=True, slots=True)
class Explained:
    """A change with the codes of the findings that explain it; without any it is unexplained."""

    change: Change
    codes: tuple[str, ...]
    claims: tuple[Claim, ...] = ()


def _by_names(at: Iterable[At]) -> Places:
    found: dict[str, list[At]] = {}
    for one in at:
        found.setdefault(one.name, []).append(one)
    return found


class Claims:
    """Findings by what they stand on and by what they name."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.all = tuple(claims)
        self._by_leaf: dict[int, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._by_later_leaf: dict[int, list[int]] = {}
        self._by_field: dict[str, list[int]] = {}
        self._places = tuple(_by_names(claim.at) for claim in self.all)
        self.used: set[int] = set()
        for number, claim in enumerate(self.all):
            by_leaf = self._by_later_leaf if claim.later else self._by_leaf
            for leaf in claim.leaves:
                by_leaf.setdefault(leaf, []).append(number)
            if claim.later:
                continue
            for name in dict.fromkeys(_NAME.findall(claim.message)):
                self._by_name.setdefault(name, []).append(number)

    def explain(self, change: Change) -> Explained:
        """The change with its findings; none where one of its requests has none."""
        used: dict[int, None] = {}
        for sample in change.samples:
            near = {**self._near(sample), **dict.fromkeys(self._silent(change.kind), True)}
            own = {
                n: decides
                for n, decides in near.items()
                if self.all[n].may_explain(change.kind, shut=change.shut)
                and _may(self.all[n], self._places[n], change, sample)
            }
            if not any(own.values()):
                return Explained(change, (ODD_PATHS,) if change.odd else ())
            self.used.update(own)
            used.update(dict.fromkeys(own))
        claims = tuple(self.all[n] for n in sorted(used))
        return Explained(change, tuple(sorted({one.code for one in claims})), claims)

    def _silent(self, kind: Kind) -> Iterator[int]:
        """Findings about a default that holds for every request."""
        field = _BY_DEFAULT.get(kind)
        if field is not None:
            if field not in self._by_field:
                told = [n for n, c in enumerate(self.all) if field in c.default]
                self._by_field[field] = told
            yield from self._by_field[field]

    def _near(self, sample: Sample) -> dict[int, bool]:
        """The findings that may be about a request, and whether they alone are enough to explain it."""
        found: dict[int, bool] = {}
        request = sample.request
        leaver = request.caller.namespace if request.external else ""
        for name in (*_names(request), leaver):
            if name.strip("/") not in ("", "Service"):
                named = self._by_name.get(name, ())
                found.update((n, self.all[n].code in _OF_OBJECTS) for n in named)
        for leaf in sample.before_leaves:
            found.update(dict.fromkeys(self._by_leaf.get(leaf, ()), True))
        for leaf in sample.after_leaves:
            found.update(dict.fromkeys(self._by_later_leaf.get(leaf, ()), True))
        return found

    def exaggerations(self) -> tuple[Claim, ...]:
        """Findings of wider or narrower access whose difference does not occur anywhere."""
        kinds = (Impact.LOOSER, Impact.STRICTER)
        return tuple(
            claim
            for number, claim in enumerate(self.all)
            if claim.impact in kinds
            and number not in self.used
            and not claim.later
            and claim.code not in _NOT_COMPARED
        )
