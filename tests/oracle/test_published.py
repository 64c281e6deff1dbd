"""The filters that Istio's own tests expect of its policies, in the real Envoy, against our model of the policies.

The pairs are Istio's, not ours, and lie beside the project where it is worked on; elsewhere the test is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Request
from ir.language import Opaque
from ir.match import Cidr, PathForm
from ir.model import Model
from tests.oracle.certificates import Authority
from tests.oracle.configuration import FORMS
from tests.oracle.envoy import (
    Envoy,
    Listening,
    Tree,
    Way,
    answering,
    http_filter,
    needs_envoy,
    running,
    typed,
)
from tests.oracle.test_access import OK, REFUSED, moved, way_of
from tests.oracle.witnesses import on_the_wire, witnesses
from tests.translation import options
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.access import Comparison
from translator.verify.doors import Doors
from translator.verify.frame import Frame, asked_of, conditions

_PLACE = Path("shared", "corpus", "pairs", "istio-authz-to-envoy-rbac")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
NAMES = [] if PAIRS is None else sorted(f.name.split(".")[0] for f in PAIRS.glob("*.input.yaml"))

needs_pairs = pytest.mark.skipif(not NAMES, reason=f"there is no {_PLACE} beside the project")

MOST = 150
"""Classes of requests of one port."""

WORKLOAD = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: httpbin, namespace: foo}
spec:
  selector: {matchLabels: {app: httpbin, version: v1}}
  template:
    metadata: {labels: {app: httpbin, version: v1}}
    spec:
      serviceAccountName: httpbin
      containers: [{name: httpbin, ports: [{containerPort: 80}, {containerPort: 8080}]}]
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A policy and the filters that Istio makes of it; ``http``: they are filters of requests, else of connections."""

    name: str
    text: str
    filters: tuple[Tree, ...]

    @property
    def http(self) -> bool:
        """Whether the filters look at requests."""
        return all("filters.http" in str(one["name"]) for one in self.filters)

    def listening(self, authority: Authority) -> Listening:
        """A listener of Envoy with the filters."""
        if self.http:
            routes, form = [answering("in", {"prefix": ""})], FORMS[PathForm.NORMAL]
            filters = [http_filter(self.name, routes, self.filters, form)]
        else:
            echo = typed(
                "envoy.filters.network.echo", "envoy.extensions.filters.network.echo.v3.Echo"
            )
            filters = [*self.filters, echo]
        return Listening(self.name, tuple(filters), authority.server, proxied=True)


def pair(name: str) -> Pair:
    """The pair of that name."""
    assert PAIRS is not None
    expected = sorted(PAIRS.glob(f"{name}.out*.expected.yaml"))
    filters = tuple(_moved(yaml.safe_load(file.read_text())) for file in expected)
    text = moved((PAIRS / f"{name}.input.yaml").read_text())
    return Pair(name, text + WORKLOAD, tuple(f for f in filters if isinstance(f, dict)))


def _moved(tree: object) -> object:
    """The filter with its addresses moved as those of the policy are."""
    if isinstance(tree, list):
        return [_moved(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    found = {key: _moved(value) for key, value in tree.items()}
    if "addressPrefix" in found:
        found["addressPrefix"] = moved(str(found["addressPrefix"]))
        found["prefixLen"] = min(int(str(found.get("prefixLen", 32))) + 8, 32)
    return found


@dataclass(slots=True)
class Count:
    """Requests that were put to both, those that our model does not decide, and those on which the two differ."""

    asked: int = 0
    undecided: int = 0
    wrong: list[object] = field(default_factory=list)


def _requests(found: Pair) -> Iterator[tuple[Request, frozenset[Cidr], Model]]:
    loaded = load_text(found.text)
    model = load_importer("istio")(loaded.resources, options()).model
    comparison = Comparison(model, model)
    assert list(comparison.slices())
    for door in comparison.doors():
        assert isinstance(door, Doors), door
        access = door.before.access
        blocks = frozenset(
            term
            for condition, _, _ in conditions(access)
            for term in (*condition.any_of, *condition.none_of)
            if isinstance(term, Cidr)
        )
        frame = Frame(asked_of(access), comparison.world, http=found.http)
        for request in witnesses(frame, MOST):
            yield replace(request, workload=door.workload.key, port=door.port), blocks, model


def replayed(envoy: Envoy, found: Pair, authority: Authority) -> Count:
    """Every witness put to both."""
    count = Count()
    asked: dict[Way, list[tuple[Request, bytes, bool]]] = {}
    for request, blocks, model in _requests(found):
        way = way_of(request, blocks, authority)
        sent = on_the_wire(request) if found.http else b"hello"
        if way is None or sent is None:
            continue
        try:
            ours = decide_access(model, request).allowed
        except Unsupported:
            count.undecided += 1
            continue
        there = replace(way, port=request.port)
        asked.setdefault(there, []).append((request, sent, ours))
    for way, held in asked.items():
        theirs = _theirs(envoy, found, [sent for _, sent, _ in held], way)
        for (request, _, ours), status in zip(held, theirs, strict=True):
            count.asked += 1
            if status != (OK if ours else REFUSED):
                count.wrong.append((request, ours, status))
    return count


def _theirs(envoy: Envoy, found: Pair, sent: list[bytes], way: Way) -> list[int]:
    if found.http:
        return [answer.status for answer in envoy.ask(found.name, sent, way)]
    return [OK if envoy.says(found.name, one, way) == one else REFUSED for one in sent]


@needs_envoy
@needs_pairs
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_the_filters_of_istio_decide_as_our_model_of_the_policy(name: str, tmp_path: Path) -> None:
    found, authority = pair(name), Authority(tmp_path)
    with running(found.listening(authority)) as envoy:
        try:
            count = replayed(envoy, found, authority)
        except Opaque as opaque:
            pytest.skip(f"reason={opaque}")
    assert count.wrong == [], (len(count.wrong), count.asked)
    assert count.asked > 0, count
