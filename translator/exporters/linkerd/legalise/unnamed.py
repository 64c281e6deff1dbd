"""Callers of grants that the target cannot name: they go one by one, the others of the same rule stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ir.access import Grant
from ir.match import CALLER_PARTS, AllOf, Term, Test
from ir.model import Fact
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.callers import Known, Unsayable, clauses
from translator.report.model import Impact, Support

_ADVICE = "Name them by service account or namespace, or give --complete with all workloads."


def without_unnamed(ruling: Fact, known: Known, losses: list[Loss]) -> Fact | None:
    """A grant less the callers that cannot be named; ``None`` where nobody is left."""
    if not isinstance(ruling, Grant):
        return ruling
    whole = _always(ruling, known, losses)
    if whole is None or not whole.callers:
        return whole
    ruling = whole
    left: list[AllOf] = []
    for alternative in ruling.callers:
        kept = _alternative(alternative, known, losses)
        if kept is not None:
            left.append(kept)
    if left:
        same = len(left) == len(ruling.callers) and all(
            a is b for a, b in zip(left, ruling.callers, strict=True)
        )
        return ruling if same else replace(ruling, callers=tuple(left))
    rest = replace(ruling, callers=())
    losses.append(
        Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            sites=tuple(traced(rest)),
            message="this rule lets nobody in: none of its callers can be named.",
        )
    )
    return None


def _always(grant: Grant, known: Known, losses: list[Loss]) -> Grant | None:
    """The grant less the callers of its ``always`` that cannot be named; ``None`` where such a test goes as a whole."""
    of_callers = AllOf(
        tests=tuple(t for t in grant.always if t.part in CALLER_PARTS), trail=grant.trail
    )
    if _sayable(of_callers, known):
        return grant
    kept = {id(t): _test(t, known) for t in of_callers.tests}
    smaller = replace(of_callers, tests=tuple(test for test, _ in kept.values()))
    if not _sayable(smaller, known):
        losses.append(_loss(tuple(traced(grant)), "a condition on them has no form"))
        return None
    gone = tuple(t for _, terms in kept.values() for t in terms)
    losses.append(_loss(gone, "there is no such name", _less(of_callers, kept.values())))
    return replace(
        grant, always=tuple(kept[id(t)][0] if id(t) in kept else t for t in grant.always)
    )


def _alternative(alternative: AllOf, known: Known, losses: list[Loss]) -> AllOf | None:
    """The alternative less the terms that cannot be named, unless they are all that a test asks for."""
    try:
        clauses(alternative.tests, known)
    except Unsayable as reason:
        kept = [_test(test, known) for test in alternative.tests]
        smaller = replace(alternative, tests=tuple(test for test, _ in kept))
        gone = [term for _, terms in kept for term in terms]
        if _sayable(smaller, known):
            losses.append(_loss(tuple(gone), str(reason), _less(alternative, kept)))
            return smaller
        losses.append(_loss(tuple(traced(alternative)), str(reason), (alternative,)))
        return None
    return alternative


def _test(test: Test, known: Known) -> tuple[Test, list[Traced[Term]]]:
    """The test with those of its alternatives that can be named, and the others; as it is where none can."""
    good = tuple(term for term in test.any_of if _named(test, term, known))
    gone = [term for term in test.any_of if all(term is not one for one in good)]
    return (replace(test, any_of=good), gone) if good and gone else (test, [])


def _named(test: Test, term: Traced[Term], known: Known) -> bool:
    return _sayable(
        AllOf(tests=(replace(test, any_of=(term,), none_of=()),), trail=test.trail), known
    )


def _sayable(alternative: AllOf, known: Known) -> bool:
    try:
        clauses(alternative.tests, known)
    except Unsayable:
        return False
    return True


def _less(whole: AllOf, kept: Iterable[tuple[Test, list[Traced[Term]]]]) -> tuple[AllOf, ...]:
    """The callers that are left out: those who meet a term of a test that is gone, and the other tests."""
    found: list[AllOf] = []
    for place, (_, gone) in enumerate(kept):
        if gone:
            tests = [*whole.tests]
            tests[place] = replace(tests[place], any_of=tuple(gone))
            found.append(replace(whole, tests=tuple(tests)))
    return tuple(found)


def _loss(sites: tuple[Traced[object], ...], reason: str, callers: tuple[AllOf, ...] = ()) -> Loss:
    return Loss(
        code="MM410",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=sites,
        ways=callers,
        message=f"these callers are not let in: {reason}.",
        advice=_ADVICE,
    )
