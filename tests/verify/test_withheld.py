"""What the proof found to let in more is not handed out: a fault is put into the exporter on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ir.model import Model
from tests.exporters.linkerd.istio import WORKLOAD, policy
from tests.translation import to_linkerd
from translator.api import Emission, Options
from translator.cli.codes import BUG
from translator.cli.gate import exit_code
from translator.cli.options import Threshold
from translator.exporters.linkerd.write import write
from translator.pipeline import Result
from translator.report.model import Fate
from translator.report.words import resource_title
from translator.withheld import is_withheld

ALLOW = policy(
    {"rules": [{"from": [{"source": {"principals": ["cluster.local/ns/bank/sa/web"]}}]}]}
)


def both() -> str:
    """The same workload with the same policy in two namespaces, and a Namespace for each."""
    shop = f"{WORKLOAD}\n---\n{ALLOW}"
    spaces = "".join(
        f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}, labels: {{istio-injection: enabled}}}}\n"
        for n in ("shop", "bank")
    )
    return f"{shop}\n---\n{shop.replace('namespace: shop', 'namespace: bank')}\n{spaces}"


def opened(space: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    """The translation by an exporter that asks nobody in a namespace for a certificate."""

    def faulty(model: Model, options: Options) -> Emission:
        emission = write(model, options)
        wide = tuple(
            replace(one, tree=_for_anyone(one.tree))
            if one.key.startswith(f"AuthorizationPolicy/{space}/")
            else one
            for one in emission.manifests
        )
        return replace(emission, manifests=wide)

    monkeypatch.setattr("translator.exporters.linkerd.write", faulty)
    return to_linkerd(both())


def _for_anyone(tree: Any) -> Any:
    spec: Mapping[str, Any] = tree["spec"]
    return {**tree, "spec": {**spec, "requiredAuthenticationRefs": []}}


def test_outputs_that_let_in_more_are_kept_back_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {document.resource for document in to_linkerd(both()).documents}
    result = opened("shop", monkeypatch)
    left = {document.resource for document in result.documents}
    gone = whole - left
    assert left
    assert {name.split("/")[1] or name.split("/")[2] for name in gone} == {"shop"}
    assert not [name for name in left if "/shop/" in name or name == "Namespace//shop"]
    assert {output.resource for output in result.report.outputs} == left
    (told,) = (f.message for f in result.report.findings if f.message.startswith("not written"))
    assert all(resource_title(name) in told for name in gone)
    assert exit_code(result.report, Threshold.NEVER) == BUG


def test_leaves_of_what_is_kept_back_stand_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    result = opened("shop", monkeypatch)
    left = {document.resource for document in result.documents}
    assert {place.resource for row in result.report.ledger for place in row.outputs} <= left
    stranded = {row.resource for row in result.report.ledger if row.fate is Fate.STRANDED}
    assert "AuthorizationPolicy/shop/p" in stranded
    assert "AuthorizationPolicy/bank/p" not in stranded


def test_nothing_is_kept_back_where_nothing_more_is_let_in() -> None:
    result = to_linkerd(both())
    assert {"Namespace//shop", "Namespace//bank"} <= {one.resource for one in result.documents}
    assert not [row for row in result.report.ledger if row.fate is Fate.STRANDED]


@pytest.mark.parametrize(
    ("spaces", "kept_back"), [(set(), False), ({"shop"}, True), ({"bank"}, False), ({""}, True)]
)
def test_routes_bound_to_a_namespace_go_with_it(spaces: set[str], kept_back: bool) -> None:  # noqa: FBT001
    value = {"spec": {"parentRefs": [{"kind": "Service", "name": "api", "namespace": "shop"}]}}
    assert is_withheld("HTTPRoute/web/api", value, frozenset(spaces)) is kept_back
