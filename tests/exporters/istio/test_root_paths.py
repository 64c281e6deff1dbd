"""The path ``/``, of which a rule for every path counts as much as one for it alone (linkerd2-proxy, match/path.rs)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laws.soundness import faults, translated
from tests.traps.test_newer_routes import CLUSTER

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 8080}]
  rules:
  - matches: [FIRST]
    backendRefs: [{name: one, port: 80}]
  - matches: [SECOND]
    backendRefs: [{name: two, port: 80}]
"""


def written(first: str, second: str) -> list[Any]:
    """The rules for the service, which the proof finds nothing against."""
    text = ROUTE.replace("FIRST", first).replace("SECOND", second)
    result = translated(CLUSTER + text, "linkerd", "istio")
    assert not faults(result)
    (table,) = (one for one in result.manifests if one["kind"] == "VirtualService")
    spec: Any = table["spec"]
    return [rule for rule in spec["http"] if "route" in rule]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{path: {type: Exact, value: /}}", "{method: POST}"),
        ("{path: {type: Exact, value: /}}", "{headers: [{name: x-team, value: red}]}"),
        ("{path: {type: PathPrefix, value: /}}", "{path: {type: Exact, value: /}}"),
        ("{path: {type: RegularExpression, value: '/[ab]?'}}", "{method: POST}"),
    ],
)
def test_what_asks_for_more_or_stands_first_goes_before(first: str, second: str) -> None:
    assert len(written(first, second)) > 1


def test_rules_for_every_path_stand_as_they_are() -> None:
    rules = written("{method: POST}", "{path: {type: PathPrefix, value: /}}")
    asked = [match for rule in rules for match in rule.get("match", [])]
    assert "'exact': '/'" not in str(asked)
    assert len(asked) <= len(rules)
