"""Changing one document: the meaning changes as asked, and what is not asked about stays byte for byte."""

from __future__ import annotations

import json

import pytest
import yaml

from translator.errors import AccountingError
from translator.source.edit import Change, Put, Remove, edit

PUT = Put(("metadata", "annotations", "linkerd.io/inject"), "enabled")
GONE = Remove(("metadata", "labels", "istio-injection"), prune_empty=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "metadata:\n  name: a\n  labels:\n    istio-injection: enabled\n    b: c # stays\n",
            "metadata:\n  name: a\n  labels:\n    b: c # stays\n"
            "  annotations:\n    linkerd.io/inject: enabled\n",
            id="block",
        ),
        pytest.param(
            "metadata: {name: a, labels: {istio-injection: enabled, b: c}} # here\n",
            "metadata: {name: a, labels: {b: c}, annotations: {linkerd.io/inject: enabled}} # here\n",
            id="flow",
        ),
        pytest.param(
            "metadata:\n    name: a\n    labels:\n        'istio-injection': \"enabled\"\n",
            "metadata:\n    name: a\n    annotations:\n        linkerd.io/inject: enabled\n",
            id="quoted, four spaces",
        ),
        pytest.param(
            "metadata:\r\n  labels:\r\n    istio-injection: enabled\r\n    b: c\r\n",
            "metadata:\r\n  labels:\r\n    b: c\r\n"
            "  annotations:\r\n    linkerd.io/inject: enabled\r\n",
            id="carriage returns",
        ),
        pytest.param(
            "metadata:\n  annotations: {}\n  labels: {istio-injection: enabled, b: c}\n",
            "metadata:\n  annotations:\n    linkerd.io/inject: enabled\n  labels: {b: c}\n",
            id="an empty mapping",
        ),
        pytest.param(
            "metadata:\n  annotations:\n  labels: {istio-injection: enabled, b: c}\n",
            "metadata:\n  annotations:\n    linkerd.io/inject: enabled\n  labels: {b: c}\n",
            id="null",
        ),
        pytest.param(
            "metadata:\n  annotations: {linkerd.io/inject: disabled} # was off\n",
            "metadata:\n  annotations: {linkerd.io/inject: enabled} # was off\n",
            id="a value that is there",
        ),
        pytest.param(
            "# first\nmetadata:\n  name: a\n# last\n",
            "# first\nmetadata:\n  name: a\n  annotations:\n    linkerd.io/inject: enabled\n# last\n",
            id="comments around",
        ),
        pytest.param(
            "metadata:\n  name: a",
            "metadata:\n  name: a\n  annotations:\n    linkerd.io/inject: enabled",
            id="no line break at the end",
        ),
    ],
)
def test_what_is_not_asked_about_stays(before: str, after: str) -> None:
    assert edit(before, [PUT, GONE]) == after


SHARED = """
metadata: {name: a}
spec:
  selector:
    matchLabels: &labels
      app: a
      istio-injection: enabled
  template:
    metadata:
      labels: *labels
"""


def test_an_alias_is_written_out_where_only_one_of_its_places_changes() -> None:
    path = ("spec", "template", "metadata", "labels", "istio-injection")
    found = yaml.safe_load(edit(SHARED, [Remove(path, prune_empty=True)]))
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "a"}
    assert found["spec"]["selector"]["matchLabels"] == {"app": "a", "istio-injection": "enabled"}


def test_a_merged_key_goes_where_it_lands() -> None:
    text = "a: &a {x: 1, istio-injection: enabled}\nmetadata:\n  labels:\n    <<: *a\n    z: 2\n"
    found = yaml.safe_load(edit(text, [GONE]))
    assert found == {
        "a": {"x": 1, "istio-injection": "enabled"},
        "metadata": {"labels": {"x": 1, "z": 2}},
    }


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_json_stays_json(indent: int | None) -> None:
    value = {"metadata": {"name": "a", "labels": {"istio-injection": "enabled", "b": "c"}}}
    found = json.loads(edit(json.dumps(value, indent=indent), [PUT, GONE]))
    assert found["metadata"] == {
        "name": "a",
        "labels": {"b": "c"},
        "annotations": {"linkerd.io/inject": "enabled"},
    }


def test_several_changes_of_one_document_are_made_together() -> None:
    text = "items:\n- {a: 1, b: 2} # one\n- {a: 3, b: 4} # two\n"
    changes: list[Change] = [Put(("items", n, "c"), "x") for n in (0, 1)]
    changes += [Remove(("items", n, "a")) for n in (0, 1)]
    assert edit(text, changes) == "items:\n- {b: 2, c: x} # one\n- {b: 4, c: x} # two\n"


@pytest.mark.parametrize("value", ["true", "1.5", "", "a: b", "#x", "1-6379,6381", "ä\n"])
def test_a_text_stays_a_text(value: str) -> None:
    found = yaml.safe_load(edit("metadata: {name: a}\n", [Put(("metadata", "x"), value)]))
    assert found["metadata"]["x"] == value


def test_what_is_not_there_is_not_taken_away() -> None:
    text = "metadata: {name: a}\n"
    assert edit(text, [GONE]) == text


def test_nothing_grows_below_a_scalar() -> None:
    with pytest.raises(AccountingError):
        edit("metadata: a\n", [PUT])


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: b c\n", 'x{y="z"} > 1', 'a: x{y="z"} > 1\n'),
        ("a: b c\n", 'x: "z"', 'a: "x: \\"z\\""\n'),
        ("a: b c\n", '"z" # x', 'a: "\\"z\\" # x"\n'),
        ("a: |\n  b\n  c\nd: e\n", 'x\n  y "z"\n', 'a: |\n  x\n    y "z"\nd: e\n'),
        ("a: |-\n    b\nd: e\n", "x\ny", "a: |-\n    x\n    y\nd: e\n"),
        ("a: >-\n  b\n  c\nd: e\n", 'x "y"', 'a: >-\n  x "y"\nd: e\n'),
        ("a: >-\n  b\n  c\nd: e\n", "x\ny", 'a: "x\\ny"\nd: e\n'),
        ("a: |\n  b\nd: e\n", "x", "a: |-\n  x\nd: e\n"),
        ("l:\n- {a: b c}\n", 'x"y', 'l:\n- {a: "x\\"y"}\n'),
    ],
)
def test_a_text_keeps_the_style_of_the_one_before_where_it_fits(
    text: str, value: str, expected: str
) -> None:
    path = ("l", 0, "a") if text.startswith("l:") else ("a",)
    assert edit(text, [Put(path, value)]) == expected
