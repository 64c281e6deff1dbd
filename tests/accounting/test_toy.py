"""The account on the smallest mesh: each way that a leaf can go, and a ledger that tells the truth about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from ir.model import Model
from tests import toy_mesh
from tests.accounting.mutation import Seen, mutations, tried, untrue
from tests.translation import through
from translator.api import Export, Options
from translator.pipeline import Result
from translator.report.model import Fate

DOOR = """
apiVersion: toy.example/v1
kind: Door
metadata:
  name: front
  namespace: shop
  labels: {team: shop}
spec:
  mode: allow
  open: [web, api]
  colour: red
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: shop}
"""


def fates(result: Result) -> dict[str, Fate]:
    """Fate by document and path."""
    return {f"{row.document}:{row.path}": row.fate for row in result.report.ledger}


def test_every_leaf_of_every_document_has_one_fate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fates(through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, DOOR))
    assert found == {
        "0:apiVersion": Fate.ABSORBED,
        "0:kind": Fate.ABSORBED,
        "0:metadata.name": Fate.ABSORBED,
        "0:metadata.namespace": Fate.PLACED,
        "0:metadata.labels.team": Fate.PLACED,
        "0:spec.mode": Fate.ABSORBED,
        "0:spec.open[0]": Fate.PLACED,
        "0:spec.open[1]": Fate.PLACED,
        "0:spec.colour": Fate.UNREAD,
        "1:apiVersion": Fate.CARRIED,
        "1:kind": Fate.CARRIED,
        "1:metadata.name": Fate.CARRIED,
        "1:metadata.namespace": Fate.CARRIED,
    }


def test_the_ledger_says_where_a_leaf_went(monkeypatch: pytest.MonkeyPatch) -> None:
    result = through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, DOOR)
    row = next(r for r in result.report.ledger if r.path == "spec.open[1]")
    assert [(o.resource, o.path) for o in row.outputs] == [("Door/shop/door", "spec.open[1]")]


def test_two_doors_of_one_namespace_are_joined_and_both_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = (
        DOOR
        + "---\n"
        + DOOR.split("---", maxsplit=1)[0].replace("front", "back").replace("[web, api]", "[ops]")
    )
    result = through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, both)
    (door,) = result.documents
    assert yaml.safe_load(door.text)["spec"]["open"] == ["web", "api", "ops"]
    assert fates(result)["2:spec.open[0]"] is Fate.PLACED
    assert fates(result)["2:metadata.namespace"] is Fate.PLACED


def test_a_list_has_one_row_a_leaf_from_the_root_of_its_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = yaml.safe_load(DOOR.split("---", maxsplit=1)[0])
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [item]})
    result = through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, text)
    assert fates(result)["0:items[0].spec.open[0]"] is Fate.PLACED
    wrapper = {r.resource for r in result.report.ledger if r.path in ("apiVersion", "kind")}
    assert wrapper == {"List//"}


def test_an_alias_has_one_row_for_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOOR.replace("open: [web, api]", "open: [&w web, *w]")
    found = fates(through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, text))
    assert found["0:spec.open[0]"] is Fate.PLACED
    assert found["0:spec.open[1]"] is Fate.PLACED


def test_a_fact_that_an_exporter_forgets_is_stranded(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(model: Model, options: Options) -> Export:
        grants = [f for f in model.facts if type(f).__name__ == "Grant"]
        kept = tuple(f for f in model.facts if f is not grants[-1])
        return toy_mesh.write_mesh(replace(model, facts=kept), options)

    found = fates(through(monkeypatch, toy_mesh.read_mesh, forgetful, DOOR))
    assert found["0:spec.open[1]"] is Fate.STRANDED
    assert found["0:spec.open[0]"] is Fate.PLACED


def test_one_of_two_clones_that_is_forgotten_is_stranded(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(model: Model, options: Options) -> Export:
        doubled = replace(model, facts=(*model.facts, model.facts[-1]))
        export = toy_mesh.write_mesh(doubled, options)
        (door,) = export.emission.manifests
        spec = door.tree["spec"]
        assert isinstance(spec, dict)
        opened = spec["open"]
        assert isinstance(opened, list)
        short = replace(door, tree={**door.tree, "spec": {**spec, "open": opened[:-1]}})
        return replace(export, emission=replace(export.emission, manifests=(short,)))

    found = fates(through(monkeypatch, toy_mesh.read_mesh, forgetful, DOOR))
    assert found["0:spec.open[1]"] is Fate.STRANDED


def test_a_leaf_that_is_read_and_forgotten_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*arguments: object) -> object:
        found = toy_mesh.read_mesh(*arguments)  # type: ignore[arg-type]  # passed through
        facts = found.model.facts[:-1]
        return replace(found, model=replace(found.model, facts=facts))

    result = through(monkeypatch, forgetful, toy_mesh.write_mesh, DOOR)  # type: ignore[arg-type]
    assert fates(result)["0:spec.open[1]"] is Fate.DROPPED
    assert [f.code for f in result.report.findings if f.severity == "blocker"] == ["MM901"]


def test_the_ledger_tells_the_truth_about_every_single_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    documents = list(yaml.safe_load_all(DOOR))

    def translate_text(text: str) -> Result:
        return through(monkeypatch, toy_mesh.read_mesh, toy_mesh.write_mesh, text)

    before = tried(translate_text, yaml.safe_dump_all(documents))
    assert isinstance(before, Seen)
    wrong = []
    for mutation in mutations(documents):
        after = tried(translate_text, mutation.text)
        if after is not None:
            wrong += [
                f"{mutation.kind} {mutation.steps}: {fault}"
                for fault in untrue(mutation, before, after)
            ]
    assert wrong == []
