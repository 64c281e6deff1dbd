"""What leaves the cluster compared: equal where it is, told where it is not, and nothing masked by a wider finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ir.behaviour.lower import Lowering
from ir.model import Model
from tests.accounting.mutation import mutations
from tests.fixtures.cases import cases
from tests.translation import in_force_after, to_linkerd
from tests.traps.test_egress import API, MESH, REFUSE, resource, text
from translator import pipeline
from translator.api import Options
from translator.errors import InputError
from translator.pipeline import Result, options_of
from translator.proof import Proven, Translated, prove
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.egress import LEAVES, EgressComparison
from translator.verify.result import Kind, Slice, Verdict

EVERY = 7
"""Of the changes of a fixture every seventh is tried."""

Change = Callable[[dict[str, Any]], dict[str, Any] | None]


def compared(before: Model, after: Model) -> list[Slice]:
    """The slices; a disagreement with the naive decider is raised."""
    sides = Lowering(before), Lowering(after)
    return [*EgressComparison(before, after, sides, strict=True).slices()]


def codes(result: Result) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in result.report.findings}


def told(result: Result) -> list[tuple[str, tuple[str, ...]]]:
    """The changes of what leaves, each with the findings that explain it."""
    return [
        (str(change["kind"]), tuple(change["explained_by"]))  # type: ignore[arg-type]  # a list of codes
        for change in result.report.verification.changes
        if str(change["slice"]).startswith(LEAVES)
    ]


def test_nothing_is_compared_where_nothing_is_limited() -> None:
    document = text(API)
    result = to_linkerd(document)
    assert compared(result.model, in_force_after(document, result)) == []


def test_what_is_declared_leaves_as_before_and_the_rest_is_refused_as_before() -> None:
    result = to_linkerd(text(MESH, API))
    assert set(told(result)) == {("newly_allowed", ("MM521",))}
    assert not codes(result) & {"MM903", "MM904"}


def test_a_limit_of_one_namespace_leaves_the_others_equal() -> None:
    document = text(API, resource("Sidecar", REFUSE, namespace="bank"))
    result = to_linkerd(document)
    slices = compared(result.model, in_force_after(document, result))
    verdicts = {"bank" in one.name: one.verdict for one in slices}
    assert verdicts == {True: Verdict.DIFFERENT, False: Verdict.EQUAL_UNDER}


def test_services_that_the_clients_did_not_know_of_are_told_by_their_own_finding() -> None:
    spec = {"egress": [{"hosts": ["bank/*"]}], **REFUSE}
    result = to_linkerd(text(API, resource("Sidecar", spec)))
    assert set(told(result)) == {("newly_allowed", ("MM521",)), ("newly_allowed", ("MM523",))}


def _open(document: dict[str, Any]) -> dict[str, Any] | None:
    if document["kind"] == "EgressNetwork":
        document["spec"]["trafficPolicy"] = "Allow"
    return document


def _without(kind: str) -> Change:
    return lambda document: None if document["kind"] == kind else document


def _renamed(document: dict[str, Any]) -> dict[str, Any] | None:
    if document["kind"] == "TLSRoute":
        document["spec"]["hostnames"] = ["*.example"]
    return document


def _on_another_port(document: dict[str, Any]) -> dict[str, Any] | None:
    if document["kind"] == "TLSRoute":
        document["spec"]["parentRefs"][0]["port"] = 8443
    return document


def _in_another_namespace(document: dict[str, Any]) -> dict[str, Any] | None:
    if document["kind"] == "TLSRoute":
        document["metadata"]["namespace"] = "bank"
    return document


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (_open, {"MM903"}),
        (_without("EgressNetwork"), {"MM903"}),
        (_renamed, {"MM903"}),
        (_without("TLSRoute"), {"MM904"}),
        (_on_another_port, {"MM903", "MM904"}),
        (_in_another_namespace, {"MM904"}),
    ],
)
@pytest.mark.parametrize("more", [(), (resource("Sidecar", {"egress": [{"hosts": ["./*"]}]}),)])
def test_outputs_that_let_out_more_or_less_are_found(
    monkeypatch: pytest.MonkeyPatch, change: Change, kinds: set[str], more: tuple[str, ...]
) -> None:
    def tampered(done: Translated, options: Options) -> Proven:
        changed = [(one, change(yaml.safe_load(one.text))) for one in done.written]
        kept = [replace(one, text=yaml.safe_dump(v)) for one, v in changed if v is not None]  # type: ignore[type-var]
        return prove(replace(done, written=kept), options)

    monkeypatch.setattr(pipeline, "prove", tampered)
    found = codes(to_linkerd(text(MESH, API, *more)))
    assert found & {"MM903", "MM904"} == kinds


def test_of_a_changed_input_the_exact_comparison_and_the_naive_decider_say_the_same() -> None:
    (case,) = [one for one in cases("istio", "linkerd") if one.folder.name == "registry-only"]
    before = case.result().model
    after = case.after()
    seen: set[Kind] = set()
    for number, mutation in enumerate(mutations(list(yaml.safe_load_all(case.text)))):
        if number % EVERY == 0:
            try:
                resources = case.loaded(mutation.text).resources
                changed = load_importer(case.mesh)(resources, case.options()).model
            except (ExceptionGroup, InputError):
                continue
            for pair in ((before, changed), (changed, after)):
                seen.update(c.kind for one in compared(*pair) for c in one.changes)
    assert seen == {Kind.NEWLY_ALLOWED, Kind.NEWLY_DENIED}


def test_ports_on_which_a_proxy_takes_what_comes_in_have_no_say_on_what_leaves() -> None:
    port = {"number": 8080, "protocol": "TCP", "name": "tcp"}
    ports = [{"port": port, "defaultEndpoint": "127.0.0.1:8080"}]
    document = text(API, resource("Sidecar", {"ingress": ports}))
    result = to_linkerd(document)
    slices = compared(result.model, in_force_after(document, result))
    assert slices
    assert {one.verdict for one in slices} <= {Verdict.EQUAL_EXACT, Verdict.EQUAL_UNDER}
    assert not any("Sidecar" in reason for one in slices for reason in one.reasons)


def _sidecars(count: int, *, labels: dict[str, str] | None = None) -> str:
    chosen = [labels or {"app": f"a{number}"} for number in range(count)]
    specs = [{"workloadSelector": {"labels": one}, **REFUSE} for one in chosen]
    return text(*(resource("Sidecar", spec, f"s{n}") for n, spec in enumerate(specs)))


def _model(document: str) -> Model:
    loaded = load_text(document)
    return load_importer("istio")(
        loaded.resources, options_of(loaded, "istio", "linkerd", {})
    ).model


def test_no_pod_has_two_values_of_one_label() -> None:
    many = _model(_sidecars(12))
    slices = compared(many, _model(_sidecars(11)))
    verdicts = {one.name: one.verdict for one in slices}
    assert Verdict.UNKNOWN not in verdicts.values()
    assert [name for name, v in verdicts.items() if v is Verdict.DIFFERENT] == [
        "what leaves shop pods with app=a11"
    ]


def test_pods_of_several_selectors_at_once_are_told_apart_as_far_as_they_are_few() -> None:
    both = [{"app": "a"}, {"tier": "b"}]
    specs = [{"workloadSelector": {"labels": one}, **REFUSE} for one in both]
    after = text(*(resource("Sidecar", spec, f"s{n}") for n, spec in enumerate(specs)))
    first = text(resource("Sidecar", specs[0], "s0"))
    found = compared(_model(after), _model(first))
    callers = [s.request.caller for one in found for c in one.changes for s in c.samples]
    assert {tuple(one.labels.items()) for one in callers} == {(("tier", "b"),)}
    keys = [{"workloadSelector": {"labels": {f"k{n}": "x"}}, **REFUSE} for n in range(8)]
    wide = _model(text(*(resource("Sidecar", spec, f"s{n}") for n, spec in enumerate(keys))))
    (only,) = compared(wide, wide)
    assert only.verdict is Verdict.UNKNOWN


def _linkerd(*texts: str) -> Result:
    own = pipeline.options_of(load_text(""), "linkerd", "istio", {})
    return pipeline.translate_loaded(load_text("\n---\n".join(texts)), own)


RULED = """
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: out, namespace: shop}
spec: {trafficPolicy: Deny}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: way, namespace: shop}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: out, port: 80}]
  hostnames: [HOST]
  rules: [{matches: [{path: {type: Exact, value: /a}}]}]
"""


def test_rules_for_some_requests_are_compared_host_by_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = RULED.replace("HOST", "api.example")
    result = _linkerd(text)
    assert not codes(result) & {"MM903", "MM904", "MM905"}

    def tampered(done: Translated, options: Options) -> Proven:
        changed = [(one, yaml.safe_load(one.text)) for one in done.written]
        for _, value in changed:
            if value["kind"] == "VirtualService":
                value["spec"]["http"][0].pop("match")
        kept = [replace(one, text=yaml.safe_dump(value)) for one, value in changed]  # type: ignore[type-var]
        return prove(replace(done, written=kept), options)

    monkeypatch.setattr(pipeline, "prove", tampered)
    assert "MM903" in codes(_linkerd(text))


def test_some_requests_to_a_wildcard_that_are_refused_now_are_told() -> None:
    result = _linkerd(RULED.replace("HOST", '"*.example"'))
    kinds = {change for change, explained in told(result) if explained == ("MM525",)}
    assert kinds == {"newly_denied"}
    assert not codes(result) & {"MM903", "MM904", "MM905"}
