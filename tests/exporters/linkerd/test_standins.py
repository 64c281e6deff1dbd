"""Policies for pods that the input does not list."""

from __future__ import annotations

import yaml

from tests.exporters.linkerd.istio import policy, spec_of, written
from tests.translation import to_linkerd
from translator.report.model import Fate, Impact

SELECTOR = {"matchLabels": {"app": "db"}}
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db, tier: data}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
"""
WEB = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}


def test_ports_that_a_rule_names_get_a_server_for_the_pods_of_the_selector() -> None:
    rule = {**WEB, "to": [{"operation": {"ports": ["5432"]}}]}
    result = to_linkerd(policy({"selector": SELECTOR, "rules": [rule]}))
    (server,) = written(result, "Server")
    assert spec_of(server)["podSelector"] == SELECTOR
    assert spec_of(server)["port"] == 5432
    blockers = [f for f in result.report.findings if f.severity == "blocker"]
    assert [(f.code, f.impact) for f in blockers] == [("MM412", Impact.LOOSER)]


def test_ports_of_a_service_whose_pods_are_not_there_are_known() -> None:
    result = to_linkerd(SERVICE + "---\n" + policy({"rules": [WEB]}))
    (server,) = written(result, "Server")
    assert spec_of(server)["podSelector"] == {"matchLabels": {"app": "db", "tier": "data"}}
    assert len(written(result, "AuthorizationPolicy")) == 1


def test_two_selectors_never_meet_on_one_pod() -> None:
    other = {"matchLabels": {"app": "db", "tier": "data"}}
    rule = {**WEB, "to": [{"operation": {"ports": ["5432"]}}]}
    one = policy({"selector": SELECTOR, "rules": [rule]})
    two = policy({"selector": other, "action": "DENY", "rules": [rule]}, "q")
    result = to_linkerd(f"{one}---\n{two}")
    selectors = [spec_of(server)["podSelector"] for server in written(result, "Server")]
    wider = {
        "matchLabels": {"app": "db"},
        "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["data"]}],
    }
    assert wider in selectors
    assert other in selectors


def test_a_closed_namespace_without_pods_gets_a_default() -> None:
    result = to_linkerd(NAMESPACE + "---\n" + policy({}))
    (namespace,) = [d for d in result.documents if d.edited]
    annotations = yaml.safe_load(namespace.text)["metadata"]["annotations"]
    assert annotations["config.linkerd.io/default-inbound-policy"] == "deny"
    told = {(f.code, f.severity.value) for f in result.report.findings}
    assert ("MM411", "blocker") in told
    assert {code for code, severity in told if severity == "blocker"} == {"MM411"}


def test_a_namespace_of_which_nothing_is_known_stays_a_blocker() -> None:
    result = to_linkerd(policy({}))
    assert [f.code for f in result.report.findings if f.severity == "blocker"] == ["MM412"]


def test_a_mode_for_ports_that_nobody_names_is_told_and_not_forgotten() -> None:
    """``portLevelMtls`` names one port; the mode of all others has nothing to stand on."""
    spec = {
        "selector": SELECTOR,
        "mtls": {"mode": "STRICT"},
        "portLevelMtls": {8080: {"mode": "DISABLE"}},
    }
    text = yaml.safe_dump(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": {"name": "p", "namespace": "shop"},
            "spec": spec,
        }
    )
    result = to_linkerd(text)
    assert Fate.STRANDED not in {row.fate for row in result.report.ledger}
    assert ("MM412", Impact.LOOSER) in {(f.code, f.impact) for f in result.report.findings}
