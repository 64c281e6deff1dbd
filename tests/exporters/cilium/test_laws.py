"""Laws over policies drawn at random: what is written is what was meant, and nobody comes in unless a finding says so."""

from __future__ import annotations

from hypothesis import given, settings

from tests.exporters.cilium.istio import to_cilium
from tests.traps.random_policies import policies
from tests.traps.worlds import SHOP
from translator.after import as_source, in_force
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.access import compare_access
from translator.verify.result import Slice

Changes = list[tuple[str, str, str]]


def changed(slices: tuple[Slice, ...]) -> Changes:
    return [
        (one.name, change.kind.value, str(change.witness.request))
        for one in slices
        for change in one.changes
    ]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(policies())
def test_what_is_written_is_read_back_as_it_was_meant(documents: tuple[str, ...]) -> None:
    text = SHOP + "\n---\n".join(documents)
    result = to_cilium(text, verify=False)
    there = in_force(load_text(text), result, result.options)
    after = load_importer("cilium")(there.resources, as_source(result.options)).model
    assert changed(tuple(compare_access(result.legal, after))) == []


@settings(max_examples=8, deadline=None, derandomize=True)
@given(policies())
def test_every_change_is_explained_by_a_finding(documents: tuple[str, ...]) -> None:
    result = to_cilium(SHOP + "\n---\n".join(documents))
    changes = result.report.verification.changes
    assert [c for c in changes if not c["explained_by"]] == []
