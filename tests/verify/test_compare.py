"""Differences held against the findings that tell of them."""

from __future__ import annotations

from ir.match import Part
from tests.ir.facts import REVIEWS, closed, grant, model, on, refusal, ways
from translator.report.model import Impact
from translator.verify.compare import Proof, Terms, compare
from translator.verify.explain import Claim
from translator.verify.result import Kind, Verdict

WEB = ways(on(Part.SERVICE_ACCOUNT, "shop/web"))
OPEN, SHUT = model(closed(), grant(callers=WEB)), model(closed())


def claim(impact: Impact, *leaves: int, message: str = "something", code: str = "MM400") -> Claim:
    return Claim(code, impact, frozenset(leaves), message)


def proof(*claims: Claim) -> Proof:
    return compare(OPEN, SHUT, Terms(claims=claims))


def test_a_finding_on_the_deciding_rule_explains() -> None:
    found = proof(claim(Impact.STRICTER, 2))
    assert found.verdict is Verdict.DIFFERENT
    assert found.unexplained() == ()
    assert found.exaggerated == ()


def test_a_finding_on_another_rule_does_not() -> None:
    found = proof(claim(Impact.STRICTER, 7))
    assert {one.change.kind for _, one in found.unexplained()} == {Kind.NEWLY_DENIED}
    assert len(found.exaggerated) == 1


def test_a_finding_of_another_impact_does_not() -> None:
    assert proof(claim(Impact.LOOSER, 2)).unexplained()
    assert proof(claim(Impact.DIFFERENT, 2)).unexplained()


ALL = [f"Deployment/shop/{one}" for one in ("reviews", "reviews-v2", "ratings")]


def test_a_finding_about_workloads_as_a_whole_explains_their_changes_only() -> None:
    whole = claim(Impact.STRICTER, message=f"shut: {', '.join(ALL)}.", code="MM412")
    assert proof(whole).unexplained() == ()
    one = claim(Impact.STRICTER, message=f"{REVIEWS}: shut.", code="MM412")
    assert {of.name.split(" ")[0] for of, _ in proof(one).unexplained()} == set(ALL) - {REVIEWS}


def test_a_finding_about_a_rule_explains_nothing_by_the_workloads_that_it_names() -> None:
    assert proof(claim(Impact.STRICTER, message=f"shut: {', '.join(ALL)}.")).unexplained()


def test_a_class_is_explained_only_as_a_whole() -> None:
    before = model(closed(), grant("one", requests=ways(on(Part.PATH, "/a"))), grant("two"))
    # both grants are stated by leaf 2; a refusal of leaf 3 decides on one path only
    after = model(closed(), grant("two"), refusal(requests=ways(on(Part.PATH, "/b"))))
    found = compare(before, after, Terms(claims=(claim(Impact.STRICTER, 3),)))
    assert found.unexplained(Kind.NEWLY_DENIED)
    assert not compare(before, after, Terms(claims=(claim(Impact.STRICTER, 2),))).unexplained()


def test_what_was_not_read_taints_the_ports_of_its_namespace() -> None:
    shut = compare(SHUT, SHUT, Terms(unread={"shop": ("a Filter",)}))
    assert shut.verdict is Verdict.MAY_DIFFER
    assert compare(SHUT, SHUT, Terms(unread={"other": ("x",)})).verdict is Verdict.EQUAL_EXACT
    assert compare(SHUT, SHUT, Terms(unread={"": ("x",)})).verdict is Verdict.MAY_DIFFER
