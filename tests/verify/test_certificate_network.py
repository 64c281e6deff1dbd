"""Certificates of what policies of the network let out: by address, by the name that was looked up, by host and hello."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest

from ir.behaviour.concrete_egress import decide_egress
from ir.model import Model
from tests.traps.test_egress import resource, text
from tests.verify.test_certificate_leaving import (
    ASKED,
    BLOCKS,
    CALLERS,
    certified,
    claimed,
    destinations,
    read,
    refused,
)
from translator.check import changes

Json = dict[str, Any]

POLICY = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {spec}
"""
NAMES = ("api.example", "b.api.example", "*.example", "**.api.example", "*")
HTTPS = {"ports": [{"port": "443", "protocol": "TCP"}]}
HELLO = {**HTTPS, "serverNames": ["api.example"]}
REQUESTS = {
    "ports": [{"port": "80", "protocol": "TCP"}],
    "rules": {"http": [{"host": "api.example"}]},
}
DATABASE = {"ports": [{"port": "5000", "endPort": 5500, "protocol": "TCP"}]}


def _named(name: str) -> Json:
    return {"matchPattern" if "*" in name else "matchName": name}


def _peer(choice: Random) -> Json:
    match choice.randrange(5):
        case 0 | 1:
            return {"toFQDNs": [_named(one) for one in choice.sample(NAMES, choice.randint(1, 2))]}
        case 2:
            return {"toCIDRSet": [{"cidr": BLOCKS[0], "except": [BLOCKS[1]]}]}
        case 3:
            return {"toCIDR": [choice.choice(BLOCKS)]}
        case _:
            return {"toEntities": ["world"]}


def _drawn(choice: Random) -> str:
    """Policies for what leaves some pods of a namespace."""
    documents = []
    for number in range(choice.randint(1, 3)):
        rules = []
        for _ in range(choice.randint(1, 2)):
            ports = [{"toPorts": [choice.choice((HTTPS, HELLO, REQUESTS, DATABASE))]}, {}]
            rules.append({**_peer(choice), **choice.choice(ports)})
        spec: Json = {"endpointSelector": choice.choice(({}, {"matchLabels": {"app": "api"}}))}
        spec["egress"] = rules
        if choice.random() < 0.4:
            spec["egressDeny"] = [{"toCIDR": [choice.choice(BLOCKS)]}]
        documents.append(POLICY.format(name=f"p{number}", spec=json.dumps(spec)))
    return text(*documents)


def _both(seed: int) -> tuple[Model, Model]:
    """Two sides of Cilium; in each third the earlier one has no policy."""
    choice = Random(seed)  # noqa: S311  # policies for a test
    before = "" if seed % 3 == 0 else _drawn(choice)
    return read(before, "cilium"), read(_drawn(choice), "cilium")


@pytest.mark.parametrize("seed", range(24))
def test_the_claims_are_confirmed_and_their_contrary_is_not(seed: int) -> None:
    entries, left = certified(*_both(seed))
    assert not left
    assert entries
    for entry in entries:
        turned = {**entry, "before": entry["after"], "after": entry["before"]}
        assert changes(entry, CALLERS) == claimed(entry)
        assert changes(turned, CALLERS) == claimed(entry)[::-1]
        assert changes({**entry, "after": entry["before"]}, CALLERS) == (False, False)


def test_many_differ() -> None:
    found = [claimed(entry) for seed in range(24) for entry in certified(*_both(seed))[0]]
    assert {(True, False), (False, True), (True, True), (False, False)} <= {*found}


@pytest.mark.parametrize("seed", range(8))
def test_what_the_naive_decider_sees_is_claimed(seed: int) -> None:
    before, after = _both(seed)
    for entry in certified(before, after)[0]:
        for name in entry["ports"]:
            who, _, port = name.rpartition(", port ")
            if who.partition(" pods with")[0] != "what leaves shop":
                continue
            pods = {"app": "api"} if "app=api" in who else {}
            for found, sought in product(destinations("shop", int(port)), ASKED):
                caller = replace(found.caller, labels=pods)
                request = replace(found, caller=caller, looked_up=sought)
                was = decide_egress(before, request).allowed
                becomes = decide_egress(after, request).allowed
                assert was is becomes or claimed(entry)[not becomes], (name, request)


# --- tampering -----------------------------------------------------------------------------------


def _entry() -> Json:
    """A port on which both sides let out the same by the name that was looked up, an address and a name in the hello."""
    named: Json = {"toFQDNs": [_named("api.example")], "toPorts": [HTTPS]}
    rules = [named, {"toCIDR": [BLOCKS[2]], "toPorts": [HELLO]}]
    spec = {"endpointSelector": {}, "egress": rules, "egressDeny": [{"toCIDR": [BLOCKS[1]]}]}
    one = POLICY.format(name="one", spec=json.dumps(spec))
    # the same in other words: what is said in the same ones on both sides needs no certificate
    twice = [{"toCIDR": [BLOCKS[2], BLOCKS[2]], "toPorts": [HELLO]}, named]
    other = POLICY.format(name="two", spec=json.dumps({**spec, "egress": twice}))
    entries, left = certified(read(one, "cilium"), read(other, "cilium"))
    assert not left
    return next(e for e in entries if "what leaves shop, port 443" in e["ports"])


def _gate(entry: Json) -> Json:
    (gate,) = entry["after"]["gates"]
    found: Json = gate
    return found


def _tests(entry: Json, slot: str) -> list[Json]:
    gate = _gate(entry)
    ways = [way for rule in (*gate["grants"], *gate["refusals"]) for way in rule["requests"]]
    return [test for way in ways for test in way if test["of"] == slot]


def _open(entry: Json) -> None:
    _gate(entry)["closed"] = False


def _nothing_refused(entry: Json) -> None:
    _gate(entry)["refusals"].clear()


def _no_policy(entry: Json) -> None:
    entry["after"]["gates"].clear()


def _another_name_looked_up(entry: Json) -> None:
    for test in _tests(entry, "looked_up"):
        test["any_of"][0]["text"] = "pay.test"


def _any_name_looked_up(entry: Json) -> None:
    for test in _tests(entry, "looked_up"):
        test["any_of"].clear()


def _however_it_was_found(entry: Json) -> None:
    for test in _tests(entry, "looked_up"):
        test.update(any_of=[], presence="either")


def _another_name_in_the_hello(entry: Json) -> None:
    for test in _tests(entry, "hello"):
        test["any_of"][0]["text"] = "pay.test"


def _another_block(entry: Json) -> None:
    for test in _tests(entry, "address"):
        test["any_of"][0]["block"] = "192.0.2.0/24"


def _requests_alone(entry: Json) -> None:
    for test in _tests(entry, "method"):
        test["presence"] = "present"


def _no_more_layer(entry: Json) -> None:
    entry["after"]["gates"].append({**deepcopy(_gate(entry)), "closed": False, "refusals": []})


TAMPERED: tuple[Callable[[Json], None], ...] = (
    _open, _nothing_refused, _no_policy, _another_name_looked_up, _any_name_looked_up, _however_it_was_found,
    _another_name_in_the_hello, _another_block, _requests_alone, _no_more_layer,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_"))
def test_what_was_tampered_with_is_refused(tamper: Callable[[Json], None]) -> None:
    entry = _entry()
    assert claimed(entry) == (False, False)
    assert not refused(entry)
    false = deepcopy(entry)
    tamper(false)
    assert false != entry
    assert refused(false)


def test_the_proxy_and_the_network_must_both_let_out() -> None:
    """What a mesh declares and the network refuses does not leave, whatever passes the other."""
    declared = resource(
        "ServiceEntry",
        {
            "hosts": ["api.example"],
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
            "resolution": "DNS",
        },
        "api",
    )
    policy = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}
"""
    entries, left = certified(read(declared), read(text(declared, policy)))
    assert not left
    (one,) = [e for e in entries if "what leaves shop, port 443" in e["ports"]]
    assert claimed(one) == (False, True)
    assert not refused(one)
