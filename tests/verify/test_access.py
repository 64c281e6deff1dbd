"""Access compared exactly, held against the naive decider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from ir.access import Certainty, ExternalDecision, Layer, TokenCheck
from ir.behaviour.concrete import Unsupported, decide_access
from ir.match import Part, PathForm, PatternKind, View
from ir.model import Fact, Model
from ir.opaque import Column, Opaque
from ir.provenance import Traced, trail
from tests.ir.facts import REVIEWS, at, closed, grant, model, on, pattern, refusal, ways
from tests.verify.random_access import changed, drawn, requests
from translator.verify.access import compare_access
from translator.verify.result import Kind, Slice, Verdict

WEB = ways(on(Part.SERVICE_ACCOUNT, "shop/web"))
NORMAL = View(path=PathForm.NORMAL)


def compared(before: Sequence[Fact], after: Sequence[Fact]) -> dict[str, Slice]:
    found = compare_access(model(*before), model(*after), strict=True)
    return {one.name: one for one in found}


def reviews(before: Sequence[Fact], after: Sequence[Fact]) -> Slice:
    return compared(before, after)[f"{REVIEWS} port 9080"]


def kinds(found: Slice) -> set[Kind]:
    return {change.kind for change in found.changes}


def test_the_same_facts_are_equal_everywhere() -> None:
    facts = (closed(), grant(callers=WEB))
    assert {one.verdict for one in compared(facts, facts).values()} == {Verdict.EQUAL_EXACT}


def test_every_declared_port_is_compared_and_one_that_nobody_declares() -> None:
    assert [name for name in compared((), ()) if name.startswith(REVIEWS + " ")] == [
        f"{REVIEWS} port 9080",
        f"{REVIEWS} other ports",
    ]


def test_a_grant_that_is_gone_denies_and_its_witness_is_small() -> None:
    found = reviews((closed(), grant(callers=WEB)), (closed(),))
    assert kinds(found) == {Kind.NEWLY_DENIED}
    request = found.changes[0].witness.request
    assert (request.method, request.path) == ("GET", "/")
    assert request.caller.service_account == "web"
    assert found.changes[0].witness.before_leaves == (2,)


def test_a_refusal_that_is_gone_opens_what_it_spoke_of() -> None:
    never = refusal(requests=ways(on(Part.PATH, "/admin")))
    found = reviews((never,), ())
    assert kinds(found) == {Kind.NEWLY_ALLOWED}
    assert found.changes[0].witness.request.path == "/admin"


def test_two_spellings_of_one_set_are_equal() -> None:
    one = on(Part.PATH, pattern("/a", PatternKind.ELEMENT_PREFIX))
    two = on(Part.PATH, "/a", pattern("/a/", PatternKind.PREFIX))
    found = reviews((closed(), grant(requests=ways(one))), (closed(), grant(requests=ways(two))))
    assert found.verdict is Verdict.EQUAL_EXACT


def test_escapes_are_seen_through_and_dots_are_resolved() -> None:
    asked = ways(on(Part.PATH, "/a"))
    normal, raw = grant(requests=asked, view=NORMAL), grant(requests=asked)
    found = reviews((closed(), normal), (closed(), raw))
    assert kinds(found) == {Kind.NEWLY_DENIED}
    paths = {s.request.path for change in found.changes for s in change.samples}
    assert any("%61" in path for path in paths)
    assert any("/." in path for path in paths)


def test_a_grant_for_everything_but_a_path_is_wider_where_nobody_resolves_dots() -> None:
    but = ways(on(Part.PATH, none_of=("/a",)))
    found = reviews((closed(), grant(requests=but, view=NORMAL)), (closed(), grant(requests=but)))
    assert kinds(found) == {Kind.NEWLY_ALLOWED}


def test_what_is_not_understood_leaves_doubt() -> None:
    opaque = Opaque(kind="a filter", may_touch=(Column.ACCESS,), trail=trail("filter"))
    harmless = Opaque(kind="a log", may_touch=(Column.TELEMETRY,), trail=trail("log"))
    assert reviews((opaque,), ()).verdict is Verdict.MAY_DIFFER
    assert reviews((opaque,), ()).reasons == ("a filter",)
    assert reviews((harmless,), ()).verdict is Verdict.EQUAL_EXACT


def test_what_something_else_decides_leaves_doubt() -> None:
    asks = ExternalDecision(attachment=at(), provider=Traced("opa"), trail=trail("asks"))
    assert reviews((asks,), ()).verdict is Verdict.MAY_DIFFER
    check = TokenCheck(attachment=at(), issuer=Traced("issuer"), trail=trail("token"))
    assert reviews((check,), ()).verdict is Verdict.MAY_DIFFER


def test_a_pattern_that_is_not_known_exactly_is_unknown() -> None:
    odd = on(Part.PATH, pattern(r"/(?=x)", PatternKind.REGEX))
    found = reviews((closed(), grant(requests=ways(odd))), (closed(),))
    assert found.verdict is Verdict.UNKNOWN


def test_a_door_that_may_be_closed_is_equal_under_an_assumption() -> None:
    maybe = replace(closed(), certain=Certainty.UNKNOWN)
    assert reviews((maybe,), (closed(layer=Layer.MESH_REQUEST),)).verdict is Verdict.EQUAL_UNDER


@pytest.mark.parametrize("seed", range(14))
def test_verdicts_are_those_of_every_request_over_a_small_alphabet(seed: int) -> None:
    choice = Random(seed)  # noqa: S311  # models for a test
    leaving = seed % 3 == 0
    before = drawn(choice, leaving=leaving)
    after = changed(choice, before) if choice.random() < 0.7 else drawn(choice, leaving=leaving)
    found = compare_access(before, after, strict=True)
    here = {one.name: one for one in found}
    seen: dict[str, set[Kind]] = {}
    for request in requests():
        try:
            was, becomes = (decide_access(side, request).allowed for side in (before, after))
        except Unsupported:
            continue
        shown = "port 9080" if request.port == 9080 else "other ports"
        if was is not becomes:
            kind = Kind.NEWLY_ALLOWED if becomes else Kind.NEWLY_DENIED
            seen.setdefault(f"{REVIEWS} {shown}", set()).add(kind)
    for name, changes in seen.items():
        assert changes <= kinds(here[name]), (name, _shown(before), _shown(after))


def _shown(one: Model) -> str:
    return "\n".join(map(str, one.facts))
