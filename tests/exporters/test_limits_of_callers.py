"""Rules of Cilium for some requests that leave: held where the requests arrive, if that is exact for all other callers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.laws.soundness import faults, translated
from translator.pipeline import Result

POD = """---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{serviceAccountName: {account}, containers: [{{name: app, ports: [{{containerPort: 8080, name: http}}]{probe}}}]}}
"""
POLICY = """---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{endpointSelector: {{matchLabels: {{app: {name}}}}}, {rules}}}
"""
PORT = 'ports: [{port: "8080", protocol: TCP}]'
GETS = f"{{{PORT}, rules: {{http: [{{method: GET}}]}}}}"
TO_BACK = "toEndpoints: [{matchLabels: {app: back}}]"
TO_GONE = "toEndpoints: [{matchLabels: {app: gone}}]"
FROM_FRONT = "fromEndpoints: [{matchLabels: {app: front}}, {matchLabels: {app: batch}}]"
SHUT = "what this rule lets out is refused: it is for some requests only"


def estate(
    egress: str = f"{TO_BACK}, toPorts: [{GETS}]",
    ingress: str | None = FROM_FRONT,
    accounts: Mapping[str, str] | None = None,
    *,
    probe: str = "",
    more: str = "",
) -> str:
    """A front that may send some requests to a back, to which a batch may send whatever it likes."""
    found = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    for name in ("front", "batch", "back"):
        own = (accounts or {}).get(name, name)
        found += POD.format(name=name, account=own, probe=probe if name == "back" else "")
    found += POLICY.format(name="front", rules=f"egress: [{{{egress}}}{more}]")
    if ingress is not None:
        found += POLICY.format(name="back", rules=f"ingress: [{{{ingress}}}]")
    return found


def shut(result: Result) -> str:
    """Why the rule stays shut; empty where it does not."""
    found = [f.message for f in result.report.findings if f.message.startswith(SHUT)]
    return found[0].rpartition(": ")[2] if found else ""


def listed(result: Result, source: str) -> list[str]:
    """What changes of requests over HTTP from a listed caller, but for those whose path is spelt in another way."""
    return [
        f"{c['kind']} {c['witness']['method']} {c['witness']['path']}"  # type: ignore[index]  # a request
        for c in result.report.verification.changes
        if c["world"] == "closed" and c["witness"]["source"] == source  # type: ignore[index]
        if c["witness"]["http"] and "//" not in str(c["witness"]["path"])  # type: ignore[index]
        if str(c["slice"]).endswith("port 8080")
    ]


@pytest.mark.parametrize("target", ["istio", "linkerd"])
@pytest.mark.parametrize(
    "egress",
    [
        f"{TO_BACK}, toPorts: [{GETS}]",
        f'{TO_BACK}, toPorts: [{{ports: [{{port: http, protocol: TCP}}], rules: {{http: [{{path: "/a(\\\\?.*)?"}}]}}}}]',
        f'{TO_BACK}, toPorts: [{{ports: [{{port: "8060", endPort: 8100, protocol: TCP}}], rules: {{http: [{{method: GET}}]}}}}]',
    ],
)
def test_listed_callers_fare_as_before(egress: str, target: str) -> None:
    result = translated(estate(egress), "cilium", target)
    assert faults(result) == []
    assert shut(result) == ""
    assert listed(result, "shop/front") == []
    assert listed(result, "shop/batch") == []


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_what_both_ends_ask_for_holds_together(target: str) -> None:
    ingress = f'{FROM_FRONT}, toPorts: [{{{PORT}, rules: {{http: [{{path: "/a(\\\\?.*)?"}}]}}}}]'
    result = translated(estate(ingress=ingress), "cilium", target)
    assert faults(result) == []
    assert (shut(result), listed(result, "shop/front")) == ("", [])


@pytest.mark.parametrize("target", ["istio", "linkerd"])
def test_a_rule_for_all_requests_beside_it_voids_it(target: str) -> None:
    more = f", {{{TO_BACK}, toPorts: [{{{PORT}}}]}}"
    result = translated(estate(more=more), "cilium", target)
    assert faults(result) == []
    assert (shut(result), listed(result, "shop/front")) == ("", [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (estate(ingress=None), "nothing closes the pods that are called."),
        (estate(ingress="fromEntities: [all]"), "others than service accounts that are named get in"),
        (estate(ingress="fromEntities: [world, cluster]"), "others than service accounts"),
        (estate(accounts={"front": "same", "batch": "same"}), "others use the service accounts"),
        (estate(f"toEntities: [cluster], toPorts: [{GETS}]"), "it lets out to others than pods"),
        (estate(f"toPorts: [{GETS}]"), "it lets out to others than pods"),
        (estate() + POLICY.format(name="front", rules=f"egressDeny: [{{{TO_BACK}}}]").replace("name: front,", "name: other,"),
         "another rule refuses some of what leaves"),
        (estate(f"{TO_GONE}, toPorts: [{GETS}]"), "no pod that is called"),
        (estate("toEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [front, batch]}]}], "
                f"toPorts: [{GETS}]"), "pods that the input does not list may be called by it"),
        (estate(f"{TO_BACK}, toPorts: [{GETS}]", "fromEndpoints: [{matchLabels: {app: front}}], toPorts: "
                f"[{{{PORT}, rules: {{http: [{{method: POST}}]}}}}]"), "both ends ask for something of the same part"),
    ],
)  # fmt: skip
def test_where_it_would_not_be_exact_it_stays_shut(text: str, why: str) -> None:
    for target in ("istio", "linkerd"):
        result = translated(text, "cilium", target)
        assert faults(result) == []
        assert why.rstrip(".") in shut(result)


def test_a_path_that_health_checks_open_to_everybody_is_no_way_round() -> None:
    text = estate(probe=", readinessProbe: {httpGet: {path: /healthz, port: 8080}}")
    assert "health checks" in shut(translated(text, "cilium", "linkerd"))
    assert shut(translated(text, "cilium", "istio")) == ""


def test_istio_leaves_an_account_out_of_a_namespace() -> None:
    text = estate(ingress="fromEndpoints: [{}]")
    result = translated(text, "cilium", "istio")
    assert faults(result) == []
    assert (shut(result), listed(result, "shop/front"), listed(result, "shop/batch")) == (
        "",
        [],
        [],
    )
    assert "others than service accounts" in shut(translated(text, "cilium", "linkerd"))


def test_ports_that_are_too_many_to_write_are_told_to_be_shut() -> None:
    many = '{ports: [{port: "8000", endPort: 8100, protocol: TCP}], rules: {http: [{method: GET}]}}'
    result = translated(estate(f"{TO_BACK}, toPorts: [{many}]"), "cilium", "istio")
    assert faults(result) == []
    assert [
        f for f in result.report.findings if f.message.startswith("nothing is left of these rules")
    ]
