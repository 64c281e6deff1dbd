"""Who may send datagrams, compared exactly and held against the naive decider: the network alone has a say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.behaviour.request import PING, UDP
from ir.model import Model
from tests.laws.cilium_estates import estate
from translator.difference import difference
from translator.pipeline import Result, options_of, translate_loaded
from translator.registry import load_importer
from translator.report.model import Impact
from translator.source.load import load_text
from translator.verify.access import compare_access
from translator.verify.result import Kind, Slice, Verdict

PODS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: dns, namespace: shop}
spec:
  template:
    metadata: {labels: {app: dns}}
    spec: {containers: [{name: dns, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
---
"""
NETWORK = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  podSelector: {matchLabels: {app: %s}}
  policyTypes: [%s]
  %s
"""
WEB = "{podSelector: {matchLabels: {app: web}}}"
DNS = "{podSelector: {matchLabels: {app: dns}}}"
NOBODY_IN = NETWORK % ("dns", "Ingress", "ingress: []")


def only_to_web(ports: str) -> str:
    return NETWORK % ("dns", "Ingress", f"ingress: [{{from: [{WEB}], ports: [{ports}]}}]")


def read(text: str, mesh: str = "istio") -> Model:
    loaded = load_text(text)
    return load_importer(mesh)(loaded.resources, options_of(loaded, mesh, "linkerd", {})).model


def compared(before: str, after: str) -> dict[str, Slice]:
    found = compare_access(read(PODS + before), read(PODS + after), strict=True)
    return {one.name.removeprefix("Deployment/shop/"): one for one in found}


def kinds(found: Slice) -> set[Kind]:
    return {change.kind for change in found.changes}


def test_a_port_by_udp_is_none_by_tcp() -> None:
    by_udp = only_to_web("{port: 53, protocol: UDP}, {port: 8080}")
    by_tcp = only_to_web("{port: 53, protocol: TCP}, {port: 8080}")
    found = compared(by_udp, by_tcp)
    assert kinds(found["dns port 53"]) == {Kind.NEWLY_ALLOWED}
    assert kinds(found["dns port 53 by UDP"]) == {Kind.NEWLY_DENIED}
    request = found["dns port 53 by UDP"].changes[0].witness.request
    assert (request.transport, request.http, request.caller.labels) == (UDP, False, {"app": "web"})
    same = ("dns port 8080", "dns other ports by UDP", f"dns {PING}")
    assert {found[name].verdict for name in same} == {Verdict.EQUAL_EXACT}


def test_a_rule_without_ports_lets_everything_in() -> None:
    found = compared(NOBODY_IN, NETWORK % ("dns", "Ingress", f"ingress: [{{from: [{WEB}]}}]"))
    for name in ("dns other ports by UDP", f"dns {PING}", "dns port 8080"):
        assert kinds(found[name]) == {Kind.NEWLY_ALLOWED}, name


def test_ranges_and_sctp_are_told_apart() -> None:
    found = compared(
        only_to_web("{port: 5000, endPort: 5009, protocol: UDP}, {port: 9, protocol: SCTP}"),
        only_to_web("{port: 5000, endPort: 5008, protocol: UDP}"),
    )
    changed = {name: kinds(one) for name, one in found.items() if one.changes}
    assert changed == {
        "dns port 5009 by UDP": {Kind.NEWLY_DENIED},
        "dns port 9 by SCTP": {Kind.NEWLY_DENIED},
    }


def test_what_leaves_the_caller_is_looked_at_too() -> None:
    out = "egress: [{to: [%s], ports: [{port: 53, protocol: UDP}]}]"
    found = compared(
        NETWORK % ("web", "Egress", out % DNS), NETWORK % ("web", "Egress", "egress: []")
    )
    assert kinds(found["dns port 53 by UDP"]) == {Kind.NEWLY_DENIED}
    assert not found["dns other ports by UDP"].changes


MESH = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: dns, namespace: shop}
spec: {selector: {matchLabels: {app: dns}}}
"""


def test_no_proxy_has_a_say() -> None:
    found = compared("", MESH)
    assert kinds(found["dns port 8080"]) == {Kind.NEWLY_DENIED}
    assert not [name for name in found if " by " in name or PING in name]


def test_both_deciders_agree_on_what_is_drawn() -> None:
    """Of every few rules one is taken away, so that there are changes to confirm."""
    changed = 0
    for seed in range(12):
        whole = read(estate(seed), "cilium")
        some = tuple(fact for n, fact in enumerate(whole.facts) if n % 4 != seed % 4)
        slices = compare_access(whole, replace(whole, facts=some), strict=True)
        changed += sum(" by UDP" in one.name and bool(one.changes) for one in slices)
    assert changed > 10


CILIUM = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: dns}}
  enableDefaultDeny: {ingress: false}
  ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "53", protocol: %s}]}]}]
"""


def translated(text: str, target: str) -> Result:
    loaded = load_text(PODS + text)
    return translate_loaded(loaded, options_of(loaded, "cilium", target, {}))


@pytest.mark.parametrize("target", ["istio", "linkerd"])
@pytest.mark.parametrize("transport", ["UDP", "ANY"])
def test_a_refusal_that_no_proxy_can_say_is_looser(transport: str, target: str) -> None:
    """It was lost with the word that nothing changes, and nothing compared it."""
    result = translated(CILIUM % transport, target)
    told = [f for f in result.report.findings if f.code == "MM476" and f.impact is Impact.LOOSER]
    assert told
    changes = [c for c in result.report.verification.changes if "by UDP" in str(c["slice"])]
    assert [(c["kind"], c["explained_by"]) for c in changes] == [("newly_allowed", ["MM476"])]
    witness = changes[0]["witness"]
    assert isinstance(witness, dict)
    assert (witness["transport"], witness["port"], witness["http"]) == ("UDP", 53, False)


def test_a_finding_about_requests_explains_no_datagram() -> None:
    """MM476 alone is about them: the rules that name callers for requests are not enough."""
    result = translated(CILIUM % "TCP", "istio")
    assert not [c for c in result.report.verification.changes if " by " in str(c["slice"])]


def test_two_trees_show_how_to_send_one() -> None:
    before, after = (load_text(PODS + text) for text in (NOBODY_IN, ""))
    found = difference(before, after, options_of(before, "istio", "istio", {}))
    commands = {change.slice: change.curl for change in found.changes}
    assert commands["Deployment/shop/dns other ports by UDP"].startswith("nc -u -v ")
    assert commands[f"Deployment/shop/dns {PING}"].startswith("ping ")
