"""``a -> model -> a``: every fixture keeps its meaning on its way to its own mesh, but for what is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from tests.fixtures.cases import Case
from tests.fixtures.test_round_trips import sources
from tests.laws import cilium_estates, linkerd_estates
from tests.laws.istio_estates import estate
from tests.laws.linkerd_wide_estates import wide_estate
from tests.laws.own_round import lost_in_full_rows, own_round
from tests.laws.soundness import NODES, faults
from translator.pipeline import options_of
from translator.report.model import Impact
from translator.source.load import load_text


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=f"{c.mesh}/{c.folder.name}") for c in sources()]
)
def test_each_difference_is_told_and_what_is_said_in_full_is_not_lost(case: Case) -> None:
    result = own_round(case.loaded(), case.options())
    assert faults(result) == []
    assert lost_in_full_rows(result) == []
    told = {finding.impact for finding in result.report.findings} - {Impact.NONE}
    if not told:
        assert result.report.verification.verdict.startswith("EQUAL")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_drawn_at_random_keeps_its_meaning_in_istio(seed: int) -> None:
    loaded = load_text(estate(seed))
    result = own_round(loaded, options_of(loaded, "istio", "istio", {"node_networks": NODES}))
    assert faults(result) == []
    assert lost_in_full_rows(result) == []


@pytest.mark.parametrize("draw", [linkerd_estates.estate, wide_estate])
@pytest.mark.parametrize("seed", range(20))
def test_what_is_drawn_at_random_keeps_its_meaning_in_linkerd(
    draw: Callable[[int], str], seed: int
) -> None:
    loaded = load_text(draw(seed))
    settings = {"node_networks": NODES, "complete": seed % 3 == 0}
    result = own_round(loaded, options_of(loaded, "linkerd", "linkerd", settings))
    assert faults(result) == []
    assert lost_in_full_rows(result) == []
    assert result.report.verification.verdict.startswith(("EQUAL", "MAY_DIFFER"))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_drawn_at_random_keeps_its_meaning_in_cilium(seed: int) -> None:
    loaded = load_text(cilium_estates.estate(seed))
    result = own_round(loaded, options_of(loaded, "cilium", "cilium", {"node_networks": NODES}))
    assert faults(result) == []
    assert lost_in_full_rows(result) == []


ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: partner, namespace: shop}
spec:
  hosts: [partner.example.com]
  addresses: [203.0.113.0/24]
  location: MESH_INTERNAL
  resolution: STATIC
  subjectAltNames: [spiffe://partner.example.com/ns/a/sa/b]
  ports: [{number: 443, name: https, protocol: HTTPS, targetPort: 8443}]
  %s
"""


@pytest.mark.parametrize(
    "where",
    [
        "endpoints: [{address: 203.0.113.7, ports: {https: 9443}, labels: {app: partner}, serviceAccount: b}]",
        "workloadSelector: {labels: {app: partner}}",
    ],
)
def test_where_a_service_outside_is_found_is_written_in_istio(where: str) -> None:
    """It was read and then forgotten (MM901)."""
    loaded = load_text(ENTRY % where)
    result = own_round(loaded, options_of(loaded, "istio", "istio", {}))
    assert faults(result) == []
    (entry,) = (dict(one) for one in result.manifests)
    (given,) = yaml.safe_load_all(ENTRY % where)
    assert entry["spec"] == given["spec"]


TO_ALL = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  exportTo: ["*"]
  http: [{route: [{destination: {host: api}}]}]
"""
ON_A_PORT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  http: [{match: [{port: 80}], route: [{destination: {host: out.shop.svc.cluster.local, port: {number: 80}}}]}]
"""
FROM_ALL = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules: [{from: [{source: {}}, {source: {namespaces: [web]}}]}]
"""


@pytest.mark.parametrize("text", [TO_ALL, ON_A_PORT, FROM_ALL])
def test_what_goes_without_saying_or_is_said_twice_is_not_forgotten(text: str) -> None:
    """It ended the run with 70 (MM901)."""
    loaded = load_text(text)
    result = own_round(loaded, options_of(loaded, "istio", "istio", {}))
    assert faults(result) == []
