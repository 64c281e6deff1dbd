"""Who has a proxy: every combination of what a namespace and its pods say, and what else is on them."""

from __future__ import annotations

import pytest

from ir.access import Bypass, Direction
from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.membership import Aspect, Enrolment, ProxySetting
from tests.exporters.linkerd.istio import policy, translated
from translator.errors import InputError
from translator.pipeline import Result
from translator.report.model import Fate

ENABLED = "istio-injection: enabled"
DISABLED = "istio-injection: disabled"
REVISION = "istio.io/rev: canary"
AMBIENT = "istio.io/dataplane-mode: ambient"
TRUE = 'sidecar.istio.io/inject: "true"'
FALSE = 'sidecar.istio.io/inject: "false"'


def namespace(labels: str) -> str:
    """The namespace of the workload."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n"


def pods(labels: str = "", annotations: str = "", kind: str = "Deployment") -> str:
    """A workload whose pods have these labels and annotations."""
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: db, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: db, {labels}}}, annotations: {{{annotations}}}}}
    spec: {{containers: [{{name: db, ports: [{{containerPort: 8080}}]}}]}}
"""


def enrolled(result: Result, key: str = "Deployment/shop/db") -> bool | None:
    """What the model says of an object."""
    found = [f for f in result.model.facts if isinstance(f, Enrolment) and f.object == key]
    return found[0].enrolled.value if found else None


@pytest.mark.parametrize(
    ("space", "labels", "annotations", "expected"),
    [
        (ENABLED, "", "", None),
        (ENABLED, TRUE, "", True),
        (ENABLED, FALSE, "", False),
        (ENABLED, "", FALSE, False),
        (ENABLED, TRUE, FALSE, True),
        (DISABLED, TRUE, "", False),
        (DISABLED, REVISION, "", False),
        ("team: a", TRUE, "", True),
        ("team: a", "", TRUE, False),
        ("team: a", 'sidecar.istio.io/inject: "yes"', "", False),
        ("team: a", REVISION, "", True),
        (REVISION, FALSE, "", False),
        (REVISION, TRUE, "", True),
        (AMBIENT, "istio.io/dataplane-mode: none", "", False),
        (AMBIENT, FALSE, "", True),
        (f"{DISABLED}, {AMBIENT}", TRUE, "", True),
        (DISABLED, AMBIENT, "", True),
    ],
)
def test_the_pods_word_counts_as_far_as_its_namespace_lets_it(
    space: str,
    labels: str,
    annotations: str,
    expected: bool | None,  # noqa: FBT001  # a case of the table
) -> None:
    result = translated(namespace(space), pods(labels, annotations))
    assert enrolled(result) is expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (ENABLED, True),
        (DISABLED, False),
        (REVISION, True),
        (f"{DISABLED}, {REVISION}", False),
        (AMBIENT, True),
        (f"{DISABLED}, {AMBIENT}", True),
        ("istio.io/dataplane-mode: none", False),
        ("team: a", None),
    ],
)
def test_what_a_namespace_says_for_all_its_pods(
    labels: str,
    expected: bool | None,  # noqa: FBT001  # a case of the table
) -> None:
    assert enrolled(translated(namespace(labels)), "Namespace//shop") is expected


def test_a_gateway_is_a_proxy_and_gets_none() -> None:
    template = "inject.istio.io/templates: gateway"
    result = translated(namespace(ENABLED), pods(TRUE, template))
    assert enrolled(result) is None
    settings = [f for f in result.model.facts if isinstance(f, ProxySetting)]
    assert [(s.aspect, s.value.value) for s in settings] == [(Aspect.TEMPLATE, "gateway")]


def test_a_word_that_is_not_understood_is_shown() -> None:
    result = translated(namespace("istio-injection: perhaps"))
    rows = [row for row in result.report.ledger if row.path == "metadata.labels.istio-injection"]
    assert [row.fate for row in rows] == [Fate.UNREAD]


def test_a_key_that_is_not_known_is_shown() -> None:
    result = translated(pods(annotations="sidecar.istio.io/tomorrow: x"))
    assert "MM101" in [f.code for f in result.report.findings]


def test_words_on_the_workload_itself_say_nothing_to_an_injector() -> None:
    text = pods().replace("name: db, namespace: shop", f"name: db, labels: {{{TRUE}}}")
    result = translated(text)
    assert enrolled(result, "Deployment/default/db") is None
    assert Fate.INERT in {row.fate for row in result.report.ledger}


def test_ports_that_are_left_out_bypass_the_proxy() -> None:
    text = pods(
        annotations='traffic.sidecar.istio.io/excludeInboundPorts: "9000, 9001", '
        'traffic.sidecar.istio.io/excludeOutboundPorts: "3306"'
    )
    found = [f for f in translated(text).model.facts if isinstance(f, Bypass)]
    ports = {f.direction: [p.value.port for p in f.attachment.ports] for f in found}
    assert ports == {Direction.INBOUND: [9000, 9001], Direction.OUTBOUND: [3306]}


@pytest.mark.parametrize(("text", "kept"), [("8080,9090", [8080, 9090]), ("", [])])
def test_a_list_of_captured_ports_leaves_out_all_others(text: str, kept: list[int]) -> None:
    annotation = f'traffic.sidecar.istio.io/includeInboundPorts: "{text}"'
    [bypass] = [
        f for f in translated(pods(annotations=annotation)).model.facts if isinstance(f, Bypass)
    ]
    assert bypass.attachment.ports == ()
    assert [p.value.port for p in bypass.attachment.excluding_ports] == kept


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        translated(pods(annotations="traffic.sidecar.istio.io/excludeInboundPorts: http"))
    assert isinstance(caught.value.exceptions[0], InputError)


def test_the_proxy_config_of_a_pod_is_read_setting_by_setting() -> None:
    text = pods(annotations='proxy.istio.io/config: "{concurrency: 2, tracing: {}, meshId: m}"')
    result = translated(text)
    settings = {f.aspect: f.value.value for f in result.model.facts if isinstance(f, ProxySetting)}
    assert settings == {Aspect.WORKERS: "2"}


def test_health_checks_that_are_not_rewritten_are_held_to_the_rules() -> None:
    off = 'sidecar.istio.io/rewriteAppHTTPProbers: "false"'
    checked = "ports: [{containerPort: 8080}], livenessProbe: {httpGet: {path: /ok, port: 8080}}"

    def allowed(annotations: str) -> bool:
        text = pods(annotations=annotations).replace("ports: [{containerPort: 8080}]", checked)
        model = translated(text, policy({"selector": {"matchLabels": {"app": "db"}}})).model
        caller = Caller(mtls=False, probe=True)
        request = Request(caller=caller, workload="Deployment/shop/db", port=8080, path="/ok")
        return decide_access(model, request).allowed

    assert allowed("")
    assert not allowed(off)


def test_a_namespace_that_is_not_in_the_input_keeps_nobody_out() -> None:
    result = translated(pods(annotations=TRUE))
    assert enrolled(result) is True
    assert any("not in the input" in text for text in result.report.assumptions)


def test_no_policy_holds_for_pods_without_a_proxy() -> None:
    rule = policy({"selector": {"matchLabels": {"app": "db"}}})
    result = translated(namespace(ENABLED), pods(FALSE), rule)
    request = Request(caller=Caller(mtls=False), workload="Deployment/shop/db", port=8080)
    assert decide_access(result.model, request).allowed
    assert not any(document.resource.startswith("Server/") for document in result.documents)
    [finding] = [f for f in result.report.findings if f.code == "MM412"]
    assert "holds for none of" in finding.message
