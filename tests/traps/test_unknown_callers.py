"""Where mutual TLS is switched off nobody is known: rules that ask who calls let nobody in, in the target as in the source.

istio/istio pilot/pkg/networking/core/listener_inbound.go, 1.31: such a port has a chain for clear text alone.
"""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from tests.laws.soundness import faults, translated
from translator.pipeline import Result
from translator.report.model import Finding, Impact

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, ports: [{containerPort: 8080}, {containerPort: 9000}]}]}
"""

ACCOUNT = "[cluster.local/ns/shop/sa/web]"


def policy(action: str, source: str, more: str = "") -> str:
    """A policy for the pods of the shop's api."""
    return f"""---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: callers, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: api}}}}
  action: {action}
  rules: [{{from: [{{source: {{{source}}}}}]{more}}}]
"""


def mutual(mode: str, labels: str = "", ports: str = "") -> str:
    """A proof of identity."""
    chosen = f"selector: {{matchLabels: {{{labels}}}}}, " if labels else ""
    return f"""---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: mutual, namespace: shop}}
spec: {{{chosen}mtls: {{mode: {mode}}}{f", portLevelMtls: {ports}" if ports else ""}}}
"""


def result_of(text: str, target: str, **settings: object) -> Result:
    """The translation, which nobody gets in by who did not before."""
    result = translated(SHOP + text, "istio", target, **settings)
    assert faults(result) == []
    looser = [one for one in result.report.findings if one.impact is Impact.LOOSER]
    assert not [one for one in looser if "switched off" in one.message]
    return result


def told(result: Result) -> list[Finding]:
    """What is said of rules that ask who calls."""
    found = (one for one in result.report.findings if one.code == "MM405")
    return [one for one in found if "mutual TLS is switched off" in one.message]


ASKING = [
    policy("ALLOW", f"principals: {ACCOUNT}") + mutual("DISABLE"),
    policy("ALLOW", "namespaces: [shop]") + mutual("DISABLE", "app: api"),
    policy("DENY", f"notPrincipals: {ACCOUNT}") + mutual("DISABLE"),
    policy("DENY", f"principals: {ACCOUNT}") + mutual("DISABLE"),
    policy("ALLOW", f"principals: {ACCOUNT}")
    + mutual("STRICT", "app: api", "{9000: {mode: DISABLE}}"),
]


@pytest.mark.parametrize("target", ["linkerd", "cilium"])
@pytest.mark.parametrize("text", ASKING)
def test_where_nobody_is_known_a_rule_holds_for_nobody_in_the_target_too(
    text: str, target: str
) -> None:
    """The target knows the callers: it let in whom the source did not, which was told as looser (MM405)."""
    result = result_of(text, target)
    assert told(result)
    changes = result.report.verification.changes
    wider = [change for change in changes if change["kind"] == "newly_allowed"]
    assert not [change for change in wider if change["witness"]["mtls"]]  # type: ignore[index]


@pytest.mark.parametrize("text", ASKING)
def test_in_the_same_mesh_the_rule_stays_as_it_is(text: str) -> None:
    result = result_of(text, "istio")
    assert told(result) == []
    assert result.report.verification.verdict.startswith("EQUAL")


@pytest.mark.parametrize("text", ASKING)
def test_agents_of_nodes_know_callers_all_the_same(text: str) -> None:
    """They take DISABLE as PERMISSIVE: what comes by them is by mutual TLS, and rules would hold for it."""
    joined = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n"
    result = result_of(joined + text, "istio", profile="ambient")
    assert told(result)


@pytest.mark.parametrize(
    "text",
    [
        policy("ALLOW", f"principals: {ACCOUNT}") + mutual("STRICT"),
        policy("ALLOW", f"principals: {ACCOUNT}") + mutual("DISABLE", "app: web"),
        policy("ALLOW", "ipBlocks: [10.0.0.0/8]") + mutual("DISABLE"),
    ],
)
def test_one_that_does_not_ask_or_is_elsewhere_is_not_touched(text: str) -> None:
    assert told(result_of(text, "linkerd")) == []


WEB = Caller(namespace="shop", service_account="web", mtls=True)


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        (ASKING[0], set()),
        (ASKING[2], set()),
        (ASKING[3], {8080, 9000}),
        (ASKING[4], {8080}),
    ],
)
def test_a_port_without_mutual_tls_knows_no_caller(text: str, passing: set[int]) -> None:
    """Who must be somebody is not let in, and who must not be is refused."""
    model = result_of(text, "istio").model
    for port in (8080, 9000):
        request = Request(caller=WEB, workload="Deployment/shop/api", port=port)
        assert decide_access(model, request).allowed is (port in passing)


TWO_PORTS = "{8080: {mode: DISABLE}, 9000: {mode: DISABLE}}"
BESIDE = mutual("DISABLE", "app: api", "{8080: {mode: STRICT}, 9000: {mode: STRICT}}")


@pytest.mark.parametrize("target", ["linkerd", "cilium"])
@pytest.mark.parametrize("action", ["ALLOW", "DENY"])
@pytest.mark.parametrize("proof", [mutual("STRICT", "app: api", TWO_PORTS), BESIDE])
def test_each_port_takes_its_own_part_of_a_rule(proof: str, action: str, target: str) -> None:
    """What was left of a rule beside one clear port held at the other, and let callers in there (MM903)."""
    result_of(policy(action, f"principals: {ACCOUNT}") + proof, target)
