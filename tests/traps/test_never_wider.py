"""A law over policies drawn at random: after the translation nobody comes in who did not come in before."""

from __future__ import annotations

from hypothesis import given, settings

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Request
from ir.model import Model
from tests.traps.random_policies import policies, requests
from tests.traps.worlds import World
from translator.report.model import Impact

REQUESTS = tuple(requests())


def allowed(model: Model, request: Request) -> bool:
    """Whether the request surely passes."""
    try:
        return decide_access(model, request).allowed
    except Unsupported:
        return False


@settings(max_examples=40, deadline=None, derandomize=True)
@given(policies())
def test_whoever_is_let_in_after_was_let_in_before_or_a_finding_says_so(
    documents: tuple[str, ...],
) -> None:
    """Decided request by request, and told: a finding of looser access where, and only where, some request shows it."""
    world = World(*documents, verify=False)
    wider = [r for r in REQUESTS if allowed(world.after, r) and not allowed(world.before, r)]
    told = [f.code for f in world.result.report.findings if f.impact is Impact.LOOSER]
    assert told or not wider, wider[:1]
    assert wider or not told, told
