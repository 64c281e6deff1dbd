"""What decides a request at one port, without its trails: values that can be compared and remembered.

Two ports whose :class:`Access` is equal let the same requests pass, whatever objects said so.
"""

from __future__ import annotations

from dataclasses import dataclass

from ir.access import Evidence, Layer
from ir.behaviour.request import TCP
from ir.match import Part, Presence, Term, View
from ir.traffic import NoMatch, Order


@dataclass(frozen=True, slots=True)
class Condition:
    """A :class:`ir.match.Test` in plain values."""

    part: Part
    name: str = ""
    any_of: tuple[Term, ...] = ()
    none_of: tuple[Term, ...] = ()
    presence: Presence = Presence.EITHER
    missing_is_empty: bool = False


Way = tuple[Condition, ...]
"""One alternative: all its conditions must hold."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds where one of ``callers``, one of ``requests`` and all of ``always`` hold; an empty tuple always does.

    ``asks_http``: some test of it, even one that is decided already, looks at HTTP.
    """

    callers: tuple[Way, ...]
    requests: tuple[Way, ...]
    always: Way
    view: View
    evidence: Evidence
    asks_http: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A guarded route: its alternatives, each of which may win, and the callers of each of its admissions."""

    matches: tuple[Way, ...]
    admissions: tuple[tuple[Way, ...], ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """Guarded routes as one table."""

    order: Order
    no_match: NoMatch
    passages: tuple[Passage, ...]
    view: View


@dataclass(frozen=True, slots=True)
class Gate:
    """One layer at the port: refusals first, then its routes, else its door."""

    layer: Layer
    closed: bool
    refusals: tuple[Rule, ...] = ()
    grants: tuple[Rule, ...] = ()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """One layer where requests to the port set out: callers of one of ``closed`` need a grant, refusals come first."""

    layer: Layer
    closed: tuple[Way, ...] = ()
    refusals: tuple[Rule, ...] = ()
    grants: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """All that has a say on whether a request gets in at one port.

    ``probed``: paths of health checks on the port, without query; ``called``: of those by gRPC, which are POST and never
    come in by their path alone. ``outside``: requests on which something beyond the
    model decides. ``tokens``: places where a token may be carried that something verifies; ``None``: no check.
    ``exits``: what the callers' own side lets out to the port. ``transport``: what carries the requests.
    """

    bypassed: bool = False
    probed: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    rewritten_probes: bool = False
    open_probes: bool = False
    demanded: bool = False
    gates: tuple[Gate, ...] = ()
    outside: tuple[Rule, ...] = ()
    tokens: tuple[str, ...] | None = None
    exits: tuple[Exit, ...] = ()
    transport: str = TCP


@dataclass(frozen=True, slots=True)
class Lowered:
    """The access at one port with what makes it less than certain.

    ``taints``: pieces that may have a say and are not understood. ``assumptions``: what was taken for granted.
    """

    access: Access
    taints: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
