"""Requests made of atoms, small and readable, and what the naive decider says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ir.behaviour.concrete import Place, Unsupported
from ir.behaviour.request import TCP, Decision, Request
from ir.match import Part
from translator.verify.frame import (
    ADDRESS,
    AUTHORITY,
    CALLER,
    FIRST_NAME,
    METHOD,
    PATH,
    SCHEME,
    SERVER_NAME,
    Frame,
)
from translator.verify.result import Sample
from translator.verify.space import bits, lowest


class Disagreement(Exception):  # noqa: N818  # it names what happened
    """The exact comparison and the naive decider say different things of one request: one of them is wrong."""

    def __init__(self, request: Request, exact: str, naive: str) -> None:
        super().__init__(
            f"the two deciders disagree on {named(request)}: {exact}, or {naive}; one of them is wrong"
        )


def named(request: Request) -> str:
    """A request in one line of text."""
    caller = request.caller
    who = caller.address
    if caller.mtls and caller.namespace:
        who = f"{caller.namespace}/{caller.service_account}"
    to = request.workload or request.service or request.listener or request.external
    port = request.port or request.service_port
    name = f" for {request.server_name}" if request.server_name else ""
    what = "a connection" if request.transport == TCP else f"a datagram ({request.transport})"
    what = f"{request.method} {request.authority}{request.path}" if request.http else what
    return f"{what}{name} from {who} to {to}:{port}"


def requests_of(frame: Frame, cell: int) -> Iterator[Request]:
    """Requests that may be of the class, the first surely where its path has no dot elements."""
    at = frame.space.coordinates(cell)
    member = frame.world.members[lowest(frame.callers[at[CALLER]])]
    caller = replace(member.caller, address=str(frame.addresses.samples[at[ADDRESS]]))
    server_name = frame.server_names.samples[at[SERVER_NAME]] or ""
    if not frame.http:
        yield Request(caller=caller, server_name=server_name, http=False)
        return
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    for (part, name), values, place in zip(
        frame.names, frame.names.values(), at[FIRST_NAME:], strict=True
    ):
        value = values.samples[place]
        if value is not None:
            (headers if part is Part.HEADER else query)[name] = value
    for path in frame.paths.spellings(at[PATH]):
        yield Request(
            caller=caller,
            server_name=server_name,
            scheme=frame.schemes.samples[at[SCHEME]] or "",
            path=f"{path}?{urlencode(query)}" if query else path,
            method=frame.methods.samples[at[METHOD]] or "",
            authority=frame.hosts.samples[at[AUTHORITY]] or "",
            headers=headers,
        )


def is_dotted(frame: Frame, cell: int) -> bool:
    """Whether the class is one of paths with dot elements, which may be empty."""
    return bool(frame.paths.dotted >> frame.space.coordinates(cell)[PATH] & 1)


def representatives(frame: Frame, cells: int) -> Iterator[int]:
    """Combinations of which every atom that occurs among ``cells`` is part, the lowest first."""
    seen: dict[int, None] = {}
    for dimension, size in enumerate(frame.space.sizes):
        if size == 1:
            continue
        for atom in bits(frame.space.shadow(cells, dimension)):
            seen.setdefault(lowest(cells & frame.space.lift(dimension, 1 << atom)))
    seen.setdefault(lowest(cells))
    yield from sorted(seen)


@dataclass(frozen=True, slots=True)
class Sides:
    """One port of a workload in two configurations."""

    before: Place
    after: Place
    transport: str = TCP

    def confirmed(self, frame: Frame, cell: int, *, let_in: bool) -> Sample | None:
        """The request of a class with both decisions; ``let_in``: whether the later side lets it in.

        ``None``: the class may have no request, or the naive decider cannot tell.

        Raises:
            Disagreement: the naive decider sees no such difference.
        """
        for request in requests_of(frame, cell):
            place = self.before
            there = replace(
                request, workload=place.workload.key, port=place.port, transport=self.transport
            )
            try:
                before, after = self.before.decide(there), self.after.decide(there)
            except Unsupported:
                continue
            if after.allowed is let_in and before.allowed is not let_in:
                return _sample(there, before, after)
            if not is_dotted(frame, cell):
                naive = f"{before.answer.value} by {before.rule}, then {after.answer.value} by {after.rule}"
                raise Disagreement(there, _VERDICTS[let_in], naive)
        return None


_VERDICTS = {True: "newly allowed", False: "newly denied"}


def _sample(request: Request, before: Decision, after: Decision) -> Sample:
    return Sample(request, before.sentence, after.sentence, before.leaves, after.leaves)
