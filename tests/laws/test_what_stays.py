"""From Istio to Istio: what sets up the mesh stays as it is, and what is written is written for a mesh that is set up so."""

from __future__ import annotations

import pytest
import yaml

from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Fate

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: stable}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata:
      labels: {app: api}
      annotations: {sidecar.istio.io/proxyCPU: 100m, sidecar.istio.io/logLevel: debug}
    spec: {serviceAccountName: api, containers: [{name: api, ports: [{containerPort: 8080}]}]}
"""
CONFIG = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    %s
"""
ROUTE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  exportTo: ["*"]
  http: [{route: [{destination: {host: api}}], timeout: 3s}]
"""
LIMITS = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  exportTo: ["*"]
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}}
"""
ENTRY = """
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: out, namespace: shop}
spec:
  hosts: [out.example]
  exportTo: ["*"]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
"""


def to_itself(text: str, profile: str = "sidecar") -> Result:
    """The translation from Istio to Istio, without a fault."""
    result = translated(text, "istio", "istio", profile=profile)
    assert faults(result) == []
    return result


def fates(result: Result, resource: str) -> set[Fate]:
    """What became of the leaves of a resource."""
    return {row.fate for row in result.report.ledger if row.resource == resource}


def spec_of(result: Result, key: str) -> object:
    """The spec of an output."""
    (found,) = (yaml.safe_load(one.text) for one in result.documents if one.resource == key)
    return found["spec"]


@pytest.mark.parametrize("profile", ["sidecar", "ambient"])
def test_the_configuration_of_the_mesh_stays(profile: str) -> None:
    """It was reported as lost field by field, and what it said ended with it."""
    words = "{trustDomain: shop.example, connectTimeout: 3s, pathNormalization: {normalization: MERGE_SLASHES}}"
    result = to_itself(PODS + CONFIG % words + ROUTE, profile)
    assert fates(result, "ConfigMap/istio-system/istio") == {Fate.CARRIED}
    told = [place for finding in result.report.findings for place in finding.sources]
    assert not [place for place in told if place.resource.startswith("ConfigMap")]


def test_the_words_of_pods_for_their_proxies_stay() -> None:
    """The revision became the default one, and the level of the log was taken off."""
    result = to_itself(PODS)
    assert result.documents == ()
    assert fates(result, "Namespace//shop") == {Fate.CARRIED}
    assert fates(result, "Deployment/shop/api") == {Fate.CARRIED}


@pytest.mark.parametrize(
    ("field", "key", "said"),
    [
        ("defaultVirtualServiceExportTo", "VirtualService/shop/api", ROUTE),
        ("defaultDestinationRuleExportTo", "DestinationRule/shop/api", LIMITS),
        ("defaultServiceExportTo", "ServiceEntry/shop/out", ENTRY),
    ],
)
def test_who_is_shown_an_object_is_said_where_silence_means_another(
    field: str, key: str, said: str
) -> None:
    """What was for all was for the clients of its namespace alone."""
    spec = spec_of(to_itself(PODS + CONFIG % f'{field}: ["."]' + said), key)
    assert isinstance(spec, dict)
    assert spec["exportTo"] == ["*"]
    spec = spec_of(to_itself(PODS + said), key)
    assert isinstance(spec, dict)
    assert "exportTo" not in spec


def test_a_mode_that_agents_do_not_heed_is_told_where_pods_become_theirs() -> None:
    result = to_itself(PODS + CONFIG % "outboundTrafficPolicy: {mode: REGISTRY_ONLY}", "ambient")
    assert "MM503" in {finding.code for finding in result.report.findings}


OPERATOR = """
---
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: mesh, namespace: istio-system}
spec:
  values: {global: {proxy: {excludeInboundPorts: "8080"}}}
"""


def test_ports_that_all_proxies_leave_out_are_told_where_agents_take_them() -> None:
    """They were read and then forgotten (MM901), and the proof took agents to leave them out too."""
    result = to_itself(PODS + OPERATOR, "ambient")
    told = [finding for finding in result.report.findings if finding.code == "MM603"]
    assert [finding.sources[0].resource for finding in told] == ["IstioOperator/istio-system/mesh"]
    assert to_itself(PODS + OPERATOR).report.verification.verdict == "EQUAL_EXACT"


SIDECAR = """
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: a, namespace: %s}
spec: %s
"""
_OUT = "{host: out.shop.svc.cluster.local, port: {number: 80}, subset: v1}"


@pytest.mark.parametrize(
    ("space", "spec"),
    [
        ("shop", "{}"),
        ("shop", "{egress: [{hosts: ['./*', '*/api.shop.svc.cluster.local']}]}"),
        ("shop", "{egress: [{hosts: ['~/*']}]}"),
        ("istio-system", "{egress: [{hosts: ['./*', 'istio-system/*']}]}"),
        ("shop", "{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}"),
        ("shop", f"{{outboundTrafficPolicy: {{mode: ALLOW_ANY, egressProxy: {_OUT}}}}}"),
        ("shop", f"{{outboundTrafficPolicy: {{mode: REGISTRY_ONLY, egressProxy: {_OUT}}}}}"),
        ("shop", "{workloadSelector: {labels: {app: api}}, egress: [{hosts: ['./*']}]}"),
    ],
)
@pytest.mark.parametrize("mode", ["", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"])
def test_sidecars_are_written_as_they_are(space: str, spec: str, mode: str) -> None:
    """Words for Services that they hide were left out, or put into others'."""
    said = PODS + SIDECAR % (space, spec) + (CONFIG % mode if mode else "")
    (written,) = to_itself(said).manifests
    assert written["kind"] == "Sidecar"
    assert written["spec"] == yaml.safe_load(spec)


def test_of_two_sidecars_for_the_same_pods_the_first_by_name_is_the_older() -> None:
    aged = "creationTimestamp: '%s'"
    said = [
        SIDECAR.replace("name: a,", f"name: {name}, {aged % day},")
        % ("shop", f"{{workloadSelector: {{labels: {{{label}}}}}}}")
        for name, day, label in (
            ("a", "2026-02-01T00:00:00Z", "app: api"),
            ("b", "2026-01-01T00:00:00Z", "tier: back"),
        )
    ]
    result = to_itself(PODS + "".join(said))
    first, second = sorted(one.resource for one in result.documents)
    assert spec_of(result, first) == {"workloadSelector": {"labels": {"tier": "back"}}}
    assert spec_of(result, second) == {"workloadSelector": {"labels": {"app": "api"}}}
