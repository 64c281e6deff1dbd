"""What a comparison finds: verdicts by slice, and classes of requests that fare otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ir.behaviour.request import Request


class Verdict(StrEnum):
    """How two sides of a slice compare, best first."""

    EQUAL_EXACT = "EQUAL_EXACT"
    EQUAL_UNDER = "EQUAL_UNDER"
    """Equal if the named assumptions hold."""
    DIFFERENT = "DIFFERENT"
    MAY_DIFFER = "MAY_DIFFER"
    """Something has a say that is not understood."""
    UNKNOWN = "UNKNOWN"
    """The question was too hard: a pattern is not known exactly, or too much has to be told apart."""
    NOTHING_TO_COMPARE = "NOTHING_TO_COMPARE"
    NOT_RUN = "NOT_RUN"


class Kind(StrEnum):
    """What changes for a class of requests."""

    NEWLY_ALLOWED = "newly_allowed"
    NEWLY_DENIED = "newly_denied"
    REROUTED = "rerouted"
    REWEIGHTED = "reweighted"
    REWRITTEN = "rewritten"
    RETRY = "retry"
    TIMEOUT = "timeout"
    EJECTION = "ejection"
    """Endpoints that fail are left out after other failures, for another time, or not at all."""
    EJECTION_LONGEST = "ejection_longest"
    """They are left out by the same rule, but for another time at most where they fail again and again."""
    EJECTION_MANNER = "ejection_manner"
    """They are left out by the same rule, but looked at in another manner."""
    RATE_LOWERED = "rate_lowered"
    """Fewer requests pass in some span of time, and never more."""
    RATE_RAISED = "rate_raised"
    """More requests pass in some span of time."""
    EVIDENCE = "evidence"
    """The same callers are let in, or refused, on a weaker proof of who they are."""
    READ = "read"
    """What is sent on a port is read where it was passed on as bytes, or the other way round."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request of a changed class with what each side makes of it.

    ``rule`` and ``leaves`` are those of the facts that decide: of the source's side, whose leaves are the input's.
    """

    request: Request
    before: str
    after: str
    before_leaves: tuple[int, ...] = ()
    after_leaves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A class of requests that fare otherwise.

    ``samples``: one for every atom that occurs in the class, the smallest first. ``listed``: callers of the inventory
    are among them; else the change is one for callers of tomorrow.
    """

    kind: Kind
    listed: bool
    samples: tuple[Sample, ...]
    odd: bool = False
    """Only paths that are not in normal form are in the class (``/a/../b``, ``/%61``)."""
    beyond: bool = False
    """The destinations are none that the later side can limit, or that the earlier one limits: no policy of egress is about
    their addresses."""
    shut: bool = False
    """The requests pass before and not after, whatever the kind."""

    @property
    def witness(self) -> Sample:
        """The smallest request of the class."""
        return self.samples[0]


@dataclass(frozen=True, slots=True)
class Slice:
    """One port of one workload, or of a service for the clients of one namespace; or one attribute of such a port."""

    name: str
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why it is no better: taints, assumptions, or what was too hard."""
    doubted: bool = False
    """Whether not all is understood that may have a say here: more may change than what was found."""
    assumed: tuple[str, ...] = ()
    """Those of the reasons that are taken for granted."""


def judged(
    name: str,
    changes: Iterable[Change],
    taints: Iterable[str] = (),
    assumptions: Iterable[str] = (),
) -> Slice:
    """A slice whose question could be answered."""
    found, doubts, assumed = tuple(changes), tuple(taints), tuple(assumptions)
    reasons = tuple(dict.fromkeys((*doubts, *assumed)))
    verdict = Verdict.EQUAL_UNDER if assumed else Verdict.EQUAL_EXACT
    if doubts:
        verdict = Verdict.MAY_DIFFER
    known = tuple(dict.fromkeys(assumed))
    return Slice(name, Verdict.DIFFERENT if found else verdict, found, reasons, bool(doubts), known)
