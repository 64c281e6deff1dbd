"""What Cilium's own policy engine lets through, against our model of the same policies.

Cases: the fixtures of Cilium, what we write for Cilium, and estates drawn at random. Rules on requests are run in the real
Envoy, in the words in which Cilium sends them to its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Request
from tests.oracle.cilium import Answer, Question, Tree, Verdict, asked, built, needs_cilium
from tests.oracle.cilium_questions import Asked, Estate, drawn, fixtures, held
from tests.oracle.configuration import FORMS
from tests.oracle.envoy import Listening, Way, answering, http_filter, needs_envoy, running, typed
from tests.oracle.witnesses import on_the_wire
from translator.importers.cilium.link.policies import VIEW
from translator.verify.access import BLOCKS

SEEDS = 120

OK, REFUSED = 200, 403
MANY, SOME = 50_000, 2000

# --- what the proxy makes of rules on requests -----------------------------------------------------


@dataclass(slots=True)
class Proxy:
    """Rules on requests and the requests that are put to them in the real Envoy."""

    rules: dict[str, str] = field(default_factory=dict)
    """The name of a listener by its permissions."""
    sent: dict[str, dict[bytes, int | None]] = field(default_factory=dict)

    def wants(self, permissions: Sequence[Tree], request: bytes) -> tuple[str, bytes]:
        """Where the answer to the request will be found."""
        text = json.dumps(permissions)
        name = self.rules.setdefault(text, f"rules {len(self.rules)}")
        self.sent.setdefault(name, {}).setdefault(request)
        return name, request

    def run(self) -> None:
        """All requests are put to all rules."""
        if not self.rules:
            return
        with running(*(_listening(name, text) for text, name in self.rules.items())) as envoy:
            for name, requests in self.sent.items():
                answers = envoy.ask(name, list(requests), Way())
                self.sent[name] = {
                    request: answer.status
                    for request, answer in zip(requests, answers, strict=True)
                }


def _listening(name: str, text: str) -> Listening:
    permissions = json.loads(text)
    policy = {"permissions": permissions, "principals": [{"any": True}]}
    rules = {"action": "ALLOW", "policies": {"own": policy} if permissions else {}}
    kind = "envoy.extensions.filters.http.rbac.v3.RBAC"
    filters = [typed("envoy.filters.http.rbac", kind, rules=rules)]
    routes = [answering("in", {"prefix": ""})]
    return Listening(name, (http_filter(name, routes, filters, dict(FORMS[VIEW.path])),))


class Unasked(Exception):  # noqa: N818  # carries a reason upwards
    """The proxy is not run for this."""


def permissions_of(verdict: Verdict) -> list[Tree]:
    """The rules of the proxy as permissions of RBAC: the first of them that is about the request decides.

    cilium/proxy cilium/network_policy.cc ``PortNetworkPolicyRules::forEachRule``: a rule on requests that does not hold of
    one has no say. What is done to headers that are not as asked refuses nothing.

    Raises:
        Unasked: something else than rules on HTTP has a say.
    """
    if verdict.parsers != ("http",):
        raise Unasked(f"sent to {' and '.join(verdict.parsers)}")
    found: list[Tree] = []
    for rule in verdict.rules:
        if "deny" in rule:
            break
        if "passPrecedence" in rule or "serverNames" in rule or "l7Proto" in rule:
            raise Unasked("rules of the proxy on something else than HTTP")
        if "httpRules" not in rule:
            return [*found, {"any": True}]
        for one in rule["httpRules"]["httpRules"]:
            if any("valueSdsSecret" in match for match in one.get("headerMatches", ())):
                raise Unasked("a secret")
            tests = [{"header": header} for header in one.get("headers", ())]
            found.append({"and_rules": {"rules": tests}} if tests else {"any": True})
    return found


# --- both side by side -----------------------------------------------------------------------------


@dataclass(slots=True)
class Count:
    """Requests that both decided, those that one of them does not, and those on which the two differ."""

    asked: int = 0
    in_proxy: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    wrong: list[object] = field(default_factory=list)
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """A request on which the proxy has a say, and where its answers will be found."""

    estate: str
    request: Request
    ours: bool
    looked_up: tuple[tuple[str, bytes], ...]


def compared(estates: Sequence[Estate], answers: Sequence[Answer]) -> Count:
    """Every request decided by both."""
    count, proxy, pending = Count(), Proxy(), []
    for one, answer in zip(estates, answers, strict=True):
        count.refused += len(answer.refused)
        for asks in one.requests:
            try:
                waits = _decided(one, asks, answer.verdicts, proxy, count)
            except (Unasked, Unsupported) as why:
                count.aside[f"{type(why).__name__}: {why}"] += 1
            else:
                pending += [] if waits is None else [waits]
    proxy.run()
    for waits in pending:
        said = {proxy.sent[name][request] for name, request in waits.looked_up}
        if not said <= {OK, REFUSED}:
            count.aside["the proxy sends the client elsewhere"] += 1
            continue
        count.asked += 1
        count.in_proxy += 1
        if (said == {OK}) is not waits.ours:
            count.wrong.append((waits.estate, waits.request, waits.ours, said))
    return count


def _decided(
    one: Estate,
    asks: Asked,
    verdicts: Mapping[Question, Verdict],
    proxy: Proxy,
    count: Count,
) -> Pending | None:
    """Compares what needs no proxy; else what is to be looked up."""
    request = asks.request
    if request.caller.namespace and held(request.caller.address, one.blocks):
        raise Unasked(BLOCKS)
    found = [verdicts[question] for question in asks.questions]
    if all(verdict.allowed for verdict in found) and any(verdict.proof for verdict in found):
        raise Unasked("mutual authentication")
    decide = decide_egress if request.external else decide_access
    ours = decide(one.model, request).allowed
    theirs = all(verdict.allowed for verdict in found)
    proxied = [permissions_of(verdict) for verdict in found if theirs and verdict.parsers]
    if proxied and not request.http:
        theirs = False  # what is no HTTP does not pass the proxy
        if ours:
            raise Unasked("bytes where another rule reads requests")
    elif proxied:
        sent = on_the_wire(request)
        if sent is None:
            raise Unasked("a request that cannot be sent so")
        looked_up = tuple(proxy.wants(permissions, sent) for permissions in proxied)
        return Pending(one.name, request, ours, looked_up)
    count.asked += 1
    if ours is not theirs:
        count.wrong.append((one.name, request, ours, theirs))
    return None


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built once."""
    return built(tmp_path_factory.mktemp("cilium"))


@needs_cilium
@needs_envoy
def test_cilium_lets_through_what_our_model_of_estates_does(program: Path, tmp_path: Path) -> None:
    estates = [drawn(seed) for seed in range(SEEDS)]
    count = compared(estates, asked(program, tmp_path, [one.cluster for one in estates]))
    assert count.wrong == [], (len(count.wrong), count.asked)
    assert count.asked > MANY
    assert count.in_proxy > SOME


@needs_cilium
@needs_envoy
def test_cilium_lets_through_what_our_model_of_the_fixtures_does(
    program: Path, tmp_path: Path
) -> None:
    estates = list(fixtures())
    answers = asked(program, tmp_path, [one.cluster for one in estates])
    assert [one.refused for one in answers if one.refused] == []
    count = compared(estates, answers)
    assert count.wrong == [], (len(count.wrong), count.asked)
    assert count.asked > SOME
