"""Weaker evidence is told apart from wider access."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.access import Closed, Evidence, Grant, Layer, MtlsMode, PeerMtls
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.behaviour.request import TCP
from ir.inventory import ContainerPort, Workload, inventory
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.model import Fact, Model
from ir.provenance import Traced, trail
from translator.report.model import Impact
from translator.verify.access import compare_access
from translator.verify.explain import Claim, Claims
from translator.verify.result import Kind

PODS = Subject(scope=Scope.MESH, trail=trail("all"))


def workload(name: str) -> Workload:
    return Workload(
        kind="Deployment",
        namespace="shop",
        name=name,
        labels={"app": name},
        annotations={},
        service_account=name,
        ports=(ContainerPort("", 8080),),
        probes=(),
    )


def model(evidence: Evidence, *more: Fact, account: str = "shop/web") -> Model:
    """Everything closed but for one account."""
    term: Traced[Pattern] = Traced(Pattern(PatternKind.EXACT, account))
    test = Test(part=Part.SERVICE_ACCOUNT, any_of=(term,), trail=trail("who"))
    at = Attachment(subject=PODS, enforced_at=EnforcedAt.SERVER)
    layer = Layer.NETWORK if evidence is Evidence.LABEL else Layer.MESH_REQUEST
    facts: tuple[Fact, ...] = (
        Closed(attachment=at, layer=layer, trail=trail("closed")),
        Grant(
            attachment=at,
            layer=layer,
            callers=(AllOf(tests=(test,), trail=trail("callers")),),
            evidence=evidence,
            trail=trail("grant"),
        ),
        *more,
    )
    return Model(facts=facts, inventory=inventory((), (), (workload("api"), workload("web"))))


def kinds(before: Model, after: Model) -> set[Kind]:
    """How requests and connections fare otherwise; datagrams prove nothing."""
    slices = compare_access(before, after, strict=True)
    changes = (change for one in slices for change in one.changes)
    return {one.kind for one in changes if one.witness.request.transport == TCP}


def test_the_same_pod_by_its_label_is_weaker_evidence_and_no_wider_access() -> None:
    assert kinds(model(Evidence.CERTIFICATE), model(Evidence.LABEL)) == {Kind.EVIDENCE}


def test_another_pod_by_its_label_is_wider_access() -> None:
    wider = model(Evidence.LABEL, account="shop/api")
    assert Kind.NEWLY_ALLOWED in kinds(model(Evidence.CERTIFICATE), wider)


def test_where_certificates_were_demanded_clear_text_is_wider_access() -> None:
    at = Attachment(subject=PODS, enforced_at=EnforcedAt.SERVER)
    demand = PeerMtls(attachment=at, mode=Traced(MtlsMode.DEMANDED), trail=trail("mtls"))
    assert kinds(model(Evidence.CERTIFICATE, demand), model(Evidence.LABEL)) == {Kind.NEWLY_ALLOWED}


@pytest.mark.parametrize(("code", "codes"), [("MM411", ("MM411",)), ("MM410", ())])
def test_only_the_finding_about_evidence_explains_it(code: str, codes: tuple[str, ...]) -> None:
    slices = compare_access(model(Evidence.CERTIFICATE), model(Evidence.LABEL))
    change = next(c for one in slices for c in one.changes if "api port 8080" in one.name)
    samples = tuple(replace(sample, before_leaves=(7,)) for sample in change.samples)
    claim = Claim(code=code, impact=Impact.DIFFERENT, leaves=frozenset((7,)), message="")
    assert Claims([claim]).explain(replace(change, samples=samples)).codes == codes


def test_an_account_of_another_trust_domain_stands_for_the_pods_that_are_listed() -> None:
    """No rule names the accounts of the namespace, so that with the certificate there are the listed pods alone."""
    before, after = model(Evidence.CERTIFICATE), model(Evidence.LABEL)
    by_domain = Test(
        part=Part.IDENTITY,
        any_of=(Traced(Pattern(PatternKind.PREFIX, "cluster.local/ns/shop/")),),
        trail=trail("who"),
    )
    by_space = Test(
        part=Part.NAMESPACE,
        any_of=(Traced(Pattern(PatternKind.EXACT, "shop")),),
        trail=trail("who"),
    )
    sides = (
        replace(
            side,
            facts=tuple(
                replace(f, callers=(AllOf(tests=(test,), trail=trail("callers")),))
                if isinstance(f, Grant)
                else f
                for f in side.facts
            ),
        )
        for side, test in ((before, by_domain), (after, by_space))
    )
    assert kinds(*sides) == {Kind.EVIDENCE}
