"""Single changes of our own fixtures: each is proved to change nothing, or shown by a request to change something.

By default one of many is tried; ``pytest --thorough`` tries all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_access, decide_route
from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Delivery, Request
from ir.provenance import bare
from tests.accounting.mutation import mutations
from tests.fixtures.cases import Case, cases
from tests.fixtures.grid import repeats, requests
from translator.difference import Outcome, compare_models, read_tree
from translator.difference.tree import Tree
from translator.errors import InputError
from translator.verify.result import Change, Kind, Sample, Verdict
from translator.verify.settings import other_settings

SOME = 211
"""Without ``--thorough`` one change of so many is tried."""

GRID = 211
"""Of the requests of the grid one of so many is decided on both sides of what is called equal."""

_EQUAL = (Verdict.EQUAL_EXACT, Verdict.EQUAL_UNDER)
_ACCESS = (Kind.NEWLY_ALLOWED, Kind.NEWLY_DENIED)


@dataclass(slots=True)
class Score:
    """What became of the changes."""

    found: Counter[str] = field(default_factory=Counter)
    witnesses: int = 0
    grid: int = 0

    @property
    def told(self) -> int:
        """Changes that can be read."""
        return self.found.total() - self.found["refused by the reader"]


def changes(case: Case, every: int) -> Iterator[Tree | None]:
    """The changed inputs as trees; ``None`` for one that the API server would refuse."""
    documents = list(yaml.safe_load_all(case.text))
    for number, mutation in enumerate(mutations(documents)):
        if number % every == 0:
            try:
                yield read_tree(case.loaded(mutation.text), case.options())
            except (ExceptionGroup, InputError):
                yield None


def confirmed(sample: Sample, before: Tree, after: Tree) -> bool:
    """Whether the naive decider, given both whole models, says that the request fares otherwise."""
    request = sample.request
    if request.external:
        one, other = (decide_egress(side.model, request) for side in (before, after))
        return one.allowed is not other.allowed
    if request.workload:
        one, other = (decide_access(side.model, request) for side in (before, after))
        return one.allowed is not other.allowed
    return told(decide_route(before.model, request)) != told(decide_route(after.model, request))


_NOT_OF_ONE_REQUEST = (
    Kind.REWRITTEN,
    Kind.EJECTION,
    Kind.EJECTION_LONGEST,
    Kind.EJECTION_MANNER,
    Kind.RATE_LOWERED,
    Kind.RATE_RAISED,
    Kind.READ,
)
"""What shows in no verdict or delivery of a single request."""


def untold(change: Change, before: Tree, after: Tree) -> bool:
    """Whether the naive decider does not tell such a thing: what is done on the way, rates, pods that are not listed, what proxies know of."""
    request = change.witness.request
    if change.kind in _NOT_OF_ONE_REQUEST:
        return True
    if change.kind in _ACCESS and request.service:  # services that proxies do not know of
        return True
    found = (decide_route(side.model, request) for side in (before, after))
    names = [name for one in found for share in one.shares for name in share.endpoints]
    return change.kind is Kind.REROUTED and all(name.count("/") < 2 for name in names)


def told(found: Delivery) -> tuple[object, ...]:
    """What a delivery does, whatever the names of its routes."""
    return found.kind, found.shares, found.status, found.timeout, found.retries


def judged(before: Tree, after: Tree, score: Score) -> str:
    """What became of a change; every claim is held against the naive decider."""
    outcome = compare_models(before, after)
    reasons = [reason for one in outcome.found_slices for reason in one.reasons]
    assert not [reason for reason in reasons if "Request(" in reason]  # the two deciders disagree
    verdicts = {one.verdict for one in outcome.found_slices}
    for change in (c for one in outcome.found_slices for c in one.changes):
        score.witnesses += 1
        seen = confirmed(change.witness, before, after)
        assert seen or untold(change, before, after), change.witness
    score.grid += held_against_the_grid(outcome, before, after)
    if Verdict.DIFFERENT in verdicts:
        return "shown by a request"
    if other_settings(before.model, after.model):
        return "shown by a setting"
    if verdicts - {*_EQUAL}:
        return "left open"
    if bare(before.model.facts) == bare(after.model.facts):
        return "proved equal: the same model"
    return "proved equal: another model"


def held_against_the_grid(outcome: Outcome, before: Tree, after: Tree) -> int:
    """Decides requests to ports that are called equal, one by one."""
    closed = {
        one.name.partition(" ")[0]
        for one in outcome.found_slices
        if one.verdict not in _EQUAL and one.name[:8] != "Service/"
    }
    asked = 0
    for request in islice(requests(before.model, after.model), 0, None, GRID):
        if request.workload in closed or repeats(request):
            continue
        decided = both(before, after, request)
        if decided is not None:
            asked += 1
            assert decided[0] is decided[1], request
    return asked


def both(before: Tree, after: Tree, request: Request) -> tuple[bool, bool] | None:
    """Whether the request gets in on each side; ``None`` where that cannot be told."""
    try:
        one, other = (decide_access(side.model, request) for side in (before, after))
    except Unsupported:
        return None
    return one.allowed, other.allowed


@pytest.mark.parametrize("case", cases(target="linkerd"), ids=lambda case: case.name)
def test_each_change_is_proved_equal_or_shown(case: Case, thorough: bool) -> None:  # noqa: FBT001
    score = Score()
    before = read_tree(case.loaded(), case.options())
    for after in changes(case, 1 if thorough else SOME):
        word = "refused by the reader" if after is None else judged(before, after, score)
        score.found[word] += 1
    assert score.told > 0
    if thorough:
        print(case.folder.name, dict(score.found), score.witnesses, score.grid)  # noqa: T201
