"""Two outcomes compared, checked against the naive decider, and told."""

from __future__ import annotations

from collections.abc import Sequence

from ir.behaviour.concrete_tries import failures_of
from ir.behaviour.delivery import Outcome
from ir.behaviour.request import Delivery, Request
from ir.behaviour.tries import told
from translator.verify.result import Kind
from translator.verify.routed import Fate
from translator.verify.witness import Disagreement

_ERROR = 400


def differences(before: Outcome, after: Outcome) -> tuple[tuple[Kind, ...], bool]:
    """In which ways two outcomes differ, and whether that cannot be told in full."""
    if not (before.clear and after.clear):
        return (), True
    if _refuses(after) and not _refuses(before):
        return (Kind.NEWLY_DENIED,), False
    if _refuses(before) and not _refuses(after):
        # That no route matches is no refusal, though nobody is served; an answer that is written is one.
        return (Kind.NEWLY_ALLOWED if before.kind == "answer" else Kind.REROUTED,), False
    # Two refusals are the same answer, whether a rule says it or no rule matches: what they say is compared below.
    if before.kind != after.kind and not _refuses(before):
        return (Kind.REROUTED,), False
    kind, unclear = _other_shares(before, after)
    found = [] if kind is None else [kind]
    if (before.status, before.effects) != (after.status, after.effects):
        found.append(Kind.REWRITTEN)
    if (before.timeout, before.limits) != (after.timeout, after.limits):
        found.append(Kind.TIMEOUT)
    if (before.attempts or 0, before.occasions) != (after.attempts or 0, after.occasions):
        found.append(Kind.RETRY)
    return tuple(found), unclear


def _other_shares(before: Outcome, after: Outcome) -> tuple[Kind | None, bool]:
    """How the shares differ; in doubt where one side knows endpoints by a name alone."""
    if before.shares == after.shares:
        return None, False
    one, other = ({end for end, _ in side.shares} for side in (before, after))
    if not all(end.known for end in one | other):
        return None, True
    return (Kind.REWEIGHTED if one == other else Kind.REROUTED), False


def _refuses(outcome: Outcome) -> bool:
    return outcome.kind in ("answer", "not_found") and (outcome.status or 0) >= _ERROR


def agrees(fate: Fate, found: Delivery) -> bool:
    """Whether the naive decider says the same of a request."""
    outcome = fate.outcome
    if (outcome.kind, fate.route) != (found.kind, found.route):
        return False
    if outcome.kind != "forward":
        return outcome.status == found.status
    mine = [(end.who, share) for end, share in outcome.shares if "/" in end.who[0]]
    theirs = [(share.endpoints, share.fraction) for share in found.shares]
    listed = all(share and all(who.count("/") > 1 for who in share) for share, _ in theirs)
    return (not listed or sorted(mine) == sorted(theirs)) and _fails_alike(outcome, found)


def unlike(request: Request, fates: tuple[Fate, Fate], found: Sequence[Delivery]) -> Disagreement:
    """That the naive decider found something else, in words."""
    naive = (f"{one.kind} by {one.route or 'nothing'}" for one in found)
    return Disagreement(request, ", then ".join(map(said, fates)), ", then ".join(naive))


def _fails_alike(outcome: Outcome, found: Delivery) -> bool:
    """Whether the naive decider says the same of time limits and further tries."""
    times = found.times
    limits = {
        "response": None if times is None else times.response,
        "idle": None if times is None else times.idle,
        "one backend": None if times is None else times.per_backend,
        "one try": found.retry.per_try_timeout if found.retry and found.retries else None,
    }
    mine = dict(outcome.limits)
    return (
        (outcome.timeout, outcome.attempts) == (found.timeout, found.retries)
        and mine == {part: value.value for part, value in limits.items() if value is not None}
        and outcome.occasions == failures_of(found.retry)
    )


def said(fate: Fate) -> str:
    """What becomes of the requests, for a person."""
    outcome = fate.outcome
    by = f" by {fate.route}" if fate.route else ""
    if outcome.kind != "forward":
        status = "" if outcome.status is None else f" {outcome.status}"
        return f"{outcome.kind.replace('_', ' ')}{status}{by}"
    shares = ", ".join(
        f"{' '.join(filter(None, end.who))}:{end.port}" + (f" ({share})" if share != 1 else "")
        for end, share in outcome.shares
    )
    more = [f"timeout {outcome.timeout:g} s"] if outcome.timeout is not None else []
    more += [f"{part} {seconds:g} s" for part, seconds in outcome.limits]
    if outcome.attempts:
        more.append(f"{outcome.attempts} more tries on {told(outcome.occasions) or 'nothing'}")
    return f"forward to {shares}{by}" + "".join(f", {one}" for one in (*more, *outcome.effects))
