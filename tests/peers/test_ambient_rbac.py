"""What Istio makes of policies for the agents of an ambient mesh, against our model of the policies.

istio/istio pilot/pkg/serviceregistry/ambient/testdata: each case is a policy and the one that the agent (ztunnel) is sent.
:class:`Agent` decides by it as ztunnel does (istio/ztunnel src/rbac.rs ``Authorization.matches``, src/state.rs
``assert_rbac``): groups or, the rules of a group and, the matches of a rule or, the fields of a match and. A witness of
every class of connections that our model tells apart is put to both.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Request
from ir.model import Model
from tests.oracle.witnesses import witnesses
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.access import Comparison
from translator.verify.doors import Doors
from translator.verify.frame import Frame, asked_of

_PLACE = Path("shared", "corpus", "pairs", "istio-policy-to-ambient-rbac")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
NAMES = (
    []
    if PAIRS is None
    else sorted(f.name.removesuffix(".input.yaml") for f in PAIRS.glob("*.input.yaml"))
)
needs_pairs = pytest.mark.skipif(not NAMES, reason=f"there is no {_PLACE} beside the project")

Tree = dict[str, Any]
OWN = "destination.ip", "destinationIps"
"""The address of the workload itself, which no input tells: rules and groups on it are left out on both sides."""

EXTENSION = "experimental."
"""Rules on what an extension knows: the agent heeds none, so that they let nobody in; we leave open what they say."""

MOST = 400
"""Connections to one port."""

AROUND = """
---
apiVersion: v1
kind: Namespace
metadata: {{name: {space}, labels: {{istio.io/dataplane-mode: ambient}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: a, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: a}}}}
  template:
    metadata: {{labels: {{app: a}}}}
    spec:
      serviceAccountName: a
      containers: [{{name: a, ports: [{ports}]}}]
"""
PORTS = (80, 90, 91, 800, 8080, 9001, 9090, 9999)

STRICT: Tree = {
    "action": "DENY",
    "groups": [{"rules": [{"matches": [{"notPrincipals": [{"presence": {}}]}]}]}],
}
"""What workloads have whose every port is strict: all share it, so no case shows it (``istio_converted_static_strict``)."""

ALWAYS_STRICT = {"peer-authn-strict", "peer-authn-strict-and-strict-port-mtls"}
"""The cases of such workloads."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The policies that an agent holds for a workload."""

    policies: tuple[Tree, ...]

    def lets_in(self, request: Request) -> bool:
        """Whether the connection is let in: no DENY matches, and an ALLOW does where there is one."""
        by_action: dict[str, list[bool]] = {"ALLOW": [], "DENY": []}
        for policy in self.policies:
            by_action[policy.get("action", "ALLOW")].append(_policy(policy, request))
        return not any(by_action["DENY"]) and (any(by_action["ALLOW"]) or not by_action["ALLOW"])


def _policy(policy: Tree, request: Request) -> bool:
    return any(
        all(any(_match(m, request) for m in rule["matches"]) for rule in group["rules"])
        for group in policy["groups"]
    )


def _match(match: Tree, request: Request) -> bool:
    tests: dict[str, Callable[[Any, Request], bool]] = {
        "namespaces": _namespace,
        "principals": _principal,
        "serviceAccounts": _account,
        "sourceIps": lambda one, r: _inside(one, r.caller.address),
        "destinationPorts": lambda one, r: one == r.port,
    }
    known = 0
    for name, holds in tests.items():
        refused = f"not{name[0].upper()}{name[1:]}"
        known += (name in match) + (refused in match)
        if name in match and not any(holds(one, request) for one in match[name]):
            return False
        if any(holds(one, request) for one in match.get(refused, ())):
            return False
    assert known == len(match), match
    return True


def _string(one: Tree, text: str) -> bool:
    ((kind, value),) = one.items()
    found: bool = {
        "exact": text == value,
        "prefix": text.startswith(str(value)),
        "suffix": text.endswith(str(value)),
        "presence": bool(text),
    }[kind]
    return found


def _principal(one: Tree, request: Request) -> bool:
    caller = request.caller
    name = f"{caller.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}"
    return _known(request) and _string(one, name)


def _namespace(one: Tree, request: Request) -> bool:
    return _known(request) and _string(one, request.caller.namespace)


def _account(one: Tree, request: Request) -> bool:
    who = request.caller.namespace, request.caller.service_account
    return _known(request) and who == (one["namespace"], one["serviceAccount"])


def _known(request: Request) -> bool:
    return request.caller.mtls and not request.caller.probe


def _inside(one: Tree, address: str) -> bool:
    raw = b64decode(one["address"])
    block = ip_network((raw, one["length"]), strict=False)
    return ip_address(address) in block


# --- both sides ----------------------------------------------------------------------------------


def agent(name: str) -> Agent:
    """The agent of a case."""
    assert PAIRS is not None
    text = (PAIRS / f"{name}.expected.yaml").read_text()
    made = tuple(one for one in yaml.safe_load_all(text) if one)
    for one in made:
        one["groups"] = [group for group in one["groups"] if OWN[1] not in str(group)]
    return Agent(made or ((STRICT,) if name in ALWAYS_STRICT else ()))


def model(name: str) -> Model:
    """Our model of a policy, with a workload that it is about."""
    assert PAIRS is not None
    given = [*yaml.safe_load_all((PAIRS / f"{name}.input.yaml").read_text())]
    homes = [one["metadata"].get("namespace", "default") for one in given]
    for spec in (one["spec"] for one in given if "rules" in one["spec"]):
        left = OWN[0], EXTENSION
        spec["rules"] = [r for r in spec["rules"] if not any(word in str(r) for word in left)]
    text = yaml.safe_dump_all(given) + "---\n"
    ports = ", ".join(f"{{containerPort: {port}}}" for port in PORTS)
    loaded = load_text(text + AROUND.format(space=homes[-1], ports=ports))
    options = options_of(loaded, "istio", "linkerd", {})
    return load_importer("istio")(loaded.resources, options).model


def requests(own: Model) -> Iterator[Request]:
    """A witness of every class of connections, read as HTTP or not: an agent reads none."""
    comparison = Comparison(own, own)
    assert list(comparison.slices())
    for door in comparison.doors():
        assert isinstance(door, Doors), door
        for http in (True, False):
            access = door.before.access
            frame = Frame(asked_of(access), comparison.world, http=http)
            for request in witnesses(frame, MOST):
                yield replace(request, workload=door.workload.key, port=door.port)


@needs_pairs
@pytest.mark.parametrize("name", NAMES)
def test_every_connection_is_decided_as_the_agent_does(name: str) -> None:
    own, theirs = model(name), agent(name)
    decided = [(one, decide_access(own, one).allowed) for one in requests(own)]
    wrong = [(one, ours) for one, ours in decided if ours != theirs.lets_in(one)]
    assert not wrong, (len(wrong), len(decided), wrong[:3])
    assert len(decided) > 50
    assert {ours for _, ours in decided} == ({True} if name in ALL_IN else {True, False})


ALL_IN = {"peer-authn-permissive"}
"""The cases that let everybody in."""


@needs_pairs
def test_the_agents_of_other_cases_decide_otherwise() -> None:
    theirs = agent("peer-authn-permissive")
    own = model("peer-authn-permissive-port-mtls-strict")
    assert any(decide_access(own, r).allowed != theirs.lets_in(r) for r in requests(own))
