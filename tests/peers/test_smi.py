"""The ServiceProfile that Linkerd's SMI extension makes of a TrafficSplit, against the TrafficSplit itself.

linkerd/linkerd-smi test/integration/testdata: the input and what the extension is expected to write. Both are read by the
importer of Linkerd, beside the same Services and workloads, and compared over all requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from translator.difference import compare_trees, read_tree
from translator.pipeline import options_of
from translator.report.difference import Difference
from translator.source.load import load_text

_PLACE = Path("shared", "corpus", "pairs", "smi-to-serviceprofile")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
NAMES = (
    []
    if PAIRS is None
    else sorted(f.name.removesuffix(".input.yaml") for f in PAIRS.glob("*.input.yaml"))
)
needs_pairs = pytest.mark.skipif(not NAMES, reason=f"there is no {_PLACE} beside the project")

AROUND = """
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{linkerd.io/inject: enabled}}}}
    spec: {{containers: [{{name: a, ports: [{{containerPort: 80}}]}}]}}
"""


def objects(name: str, side: str) -> list[dict[str, Any]]:
    assert PAIRS is not None
    return [one for one in yaml.safe_load_all((PAIRS / f"{name}.{side}.yaml").read_text()) if one]


def compared(name: str, made: list[dict[str, Any]]) -> Difference:
    """The input against objects in its place."""
    given = objects(name, "input")
    around = "".join(
        AROUND.format(name=service, space=one["metadata"]["namespace"])
        for one in given
        for service in (one["spec"]["service"], *(b["service"] for b in one["spec"]["backends"]))
    )
    sides = [load_text(yaml.safe_dump_all(each) + around) for each in (given, made)]
    options = options_of(sides[0], "linkerd", "linkerd", {})
    return compare_trees(*(read_tree(side, options) for side in sides))


@needs_pairs
@pytest.mark.parametrize("name", NAMES)
def test_what_the_extension_writes_means_what_the_split_means(name: str) -> None:
    found = compared(name, objects(name, "expected"))
    assert not found.changes
    assert found.slices["MAY_DIFFER"] + found.slices["UNKNOWN"] == 0, found.open
    assert found.slices["EQUAL_EXACT"] + found.slices["EQUAL_UNDER"] > 0


@needs_pairs
@pytest.mark.parametrize("name", NAMES)
def test_other_weights_and_no_profile_at_all_are_told(name: str) -> None:
    made = objects(name, "expected")
    made[0]["spec"]["dstOverrides"][0]["weight"] = "250m"
    assert {one.kind for one in compared(name, made).changes} == {"reweighted"}
    assert {one.kind for one in compared(name, []).changes} == {"rerouted"}
