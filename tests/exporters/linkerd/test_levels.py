"""Modes of mutual TLS on several levels, and defaults of namespaces, at pods of which the input shows more or less."""

from __future__ import annotations

import pytest

from tests.exporters.linkerd.istio import WORKLOAD, policy, translated, written
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, Finding, Impact, Severity

ENROLLED = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
"""
PLAIN = """
apiVersion: v1
kind: Namespace
metadata: {name: tools}
"""


def mode(spec: str, name: str = "default", namespace: str = "shop") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


def found(result: Result, code: str) -> list[Finding]:
    return [f for f in result.report.findings if f.code == code]


def fates(result: Result) -> set[Fate]:
    """The fates of the modes."""
    return {row.fate for row in result.report.ledger if row.path.endswith(".mode")}


def test_a_mode_that_pods_inherit_beside_a_port_of_their_own_is_that_of_the_target() -> None:
    """The port has a Server; on the others the mode of the namespace asks for nothing, and nothing is written."""
    own = "{selector: {matchLabels: {app: api}}, portLevelMtls: {8080: {mode: STRICT}}}"
    result = translated(ENROLLED, mode("{mtls: {mode: PERMISSIVE}}"), mode(own, "api"))
    assert fates(result) <= {Fate.PLACED, Fate.ABSORBED}
    assert [f.severity for f in found(result, "MM405")] == [Severity.INFO]
    assert found(result, "MM412") == []


def test_a_demanded_certificate_is_not_said_to_be_the_targets_default_by_pods_without_a_proxy() -> (
    None
):
    host = WORKLOAD.replace("serviceAccountName: api", "hostNetwork: true").replace(
        "name: api", "name: host"
    )
    result = translated(
        ENROLLED, mode("{mtls: {mode: STRICT}}"), host.replace("app: api", "app: host")
    )
    assert found(result, "MM405") == []


@pytest.mark.parametrize(("rule", "told"), [("STRICT", 0), ("closed", 1)])
def test_a_pod_without_ports_is_shut_by_a_closed_default_alone(rule: str, told: int) -> None:
    job = """
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {metadata: {labels: {app: once}}, spec: {containers: [{name: once}]}}}
"""
    said = policy({}) if rule == "closed" else mode("{mtls: {mode: STRICT}}")
    result = to_linkerd(f"{ENROLLED}---\n{job}---\n{said}")
    assert len([f for f in found(result, "MM412") if "declares no port" in f.message]) == told


def test_a_namespace_that_is_not_in_the_mesh_gets_no_default_for_pods_that_nobody_lists() -> None:
    result = translated(ENROLLED, PLAIN, mode("{mtls: {mode: STRICT}}", namespace="istio-system"))
    assert [d.resource for d in result.documents if d.edited] == ["Namespace//shop"]
    assert found(result, "MM411") == []


def test_what_rules_grant_to_pods_that_nobody_lists_is_told_as_shut() -> None:
    """A refusal of some requests shuts the namespace; before, the finding told of health checks alone."""
    refusal = policy({"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/admin"]}}]}]})
    result = to_linkerd(f"{ENROLLED}---\n{refusal}")
    (shut,) = found(result, "MM412")
    assert (shut.impact, shut.severity) == (Impact.STRICTER, Severity.HIGH)
    assert written(result, "Server") == []


@pytest.mark.parametrize("word", ["DISABLE", "PERMISSIVE", "STRICT"])
@pytest.mark.parametrize("more", ["", WORKLOAD])
def test_a_policy_for_ports_alone_leaves_no_leaf_behind(word: str, more: str) -> None:
    own = f"{{selector: {{matchLabels: {{app: api}}}}, portLevelMtls: {{8080: {{mode: {word}}}}}}}"
    result = translated(mode(own, "api"), more) if more else translated(mode(own, "api"))
    assert not {row.fate for row in result.report.ledger} & {Fate.STRANDED, Fate.DROPPED}
