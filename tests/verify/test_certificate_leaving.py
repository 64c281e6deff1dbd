"""Certificates of what leaves the cluster: which destinations are reached is confirmed, and what was tampered with is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from itertools import product
from random import Random
from typing import Any

import pytest

from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.model import Model
from tests.fixtures.cases import cases
from tests.traps.test_egress import API, MESH, REFUSE, resource, text
from translator.check import NotUnderstood, changes
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.certificate_leaving import certified_exits
from translator.verify.egress import EgressComparison
from translator.verify.leaving import MORE

Json = dict[str, Any]
CALLERS: list[Json] = [{"certificate": [], "probe": False}]
"""What a client shows is not looked at where it leaves."""


def certified(before: Model, after: Model) -> tuple[list[Json], set[str]]:
    """The claims as they are read from a file, and why others are left out."""
    comparison = EgressComparison(before, after, lowered=(Lowering(before), Lowering(after)))
    found = certified_exits(comparison, tuple(comparison.slices()))
    entries: list[Json] = json.loads(json.dumps(list(found.entries)))
    return entries, {*found.left_out}


def claimed(entry: Json) -> tuple[bool, bool]:
    return entry["newly_allowed"], entry["newly_denied"]


def refused(entry: Json) -> bool:
    """Whether the checker does not confirm the entry."""
    try:
        return changes(entry, CALLERS) != claimed(entry)
    except (ValueError, KeyError, NotUnderstood):
        return True


def test_the_claims_about_all_fixtures_are_confirmed() -> None:
    held = differing = 0
    reasons: dict[str, None] = {}
    for case in cases():
        entries, left = certified(case.result().model, case.after())
        reasons.update(dict.fromkeys(left))
        for entry in entries:
            assert changes(entry, CALLERS) == claimed(entry), (case.name, entry["ports"])
            held += len(entry["ports"])
            differing += any(claimed(entry))
    assert held > 200
    assert differing > 8
    asked = {f"policies of the network that ask for the {what}" for what in ("method", "path")}
    assert set(reasons) <= {MORE, *asked}


# --- estates at random ---------------------------------------------------------------------------

HOSTS = ("api.example", "*.example", "b.api.example", "pay.test")
ASKED = ("", "api.example", "b.api.example", "x.b.api.example", "pay.test", "other.test")
BLOCKS = ("198.51.100.0/24", "198.51.100.128/25", "203.0.113.7/32")
ADDRESSES = ("198.51.100.1", "198.51.100.200", "203.0.113.7", "192.0.2.1")
WORDS = ("*/*", "./*", "bank/*", "shop/*", "*/api.example", "~/*", "*/*.example")
PORTS = ((443, "HTTPS"), (443, "TLS"), (80, "HTTP"), (5432, "TCP"))


def drawn(choice: Random) -> str:
    """Sidecars and ServiceEntries of two namespaces."""
    documents = [MESH] if choice.random() < 0.5 else []
    for number in range(choice.randint(1, 3)):
        port, word = choice.choice(PORTS)
        spec: Json = {
            "hosts": [choice.choice(HOSTS)],
            "ports": [{"number": port, "name": f"p{port}", "protocol": word}],
            "resolution": "NONE",
            "exportTo": [choice.choice(("*", "."))],
        }
        if word != "HTTP" and choice.random() < 0.5:
            spec["addresses"] = choice.sample(BLOCKS, 1)
        documents.append(
            resource("ServiceEntry", spec, f"e{number}", choice.choice(("shop", "bank")))
        )
    for space in choice.sample(("shop", "bank"), choice.randint(0, 2)):
        words = choice.sample(WORDS, choice.randint(1, 2))
        documents.append(resource("Sidecar", {"egress": [{"hosts": words}], **REFUSE}, "s", space))
    return text(*documents)


def read(document: str, mesh: str = "istio") -> Model:
    loaded = load_text(document)
    return load_importer(mesh)(loaded.resources, options_of(loaded, mesh, "linkerd", {})).model


NETWORK = """\
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {{name: {name}, namespace: {space}}}
spec:
  trafficPolicy: {policy}
  networks: {networks}
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}, namespace: {space}}}
spec:
  parentRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: {parent}, port: {port}}}]
  rules: [{{backendRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: {parent}, port: {port}}}]}}]
  hostnames: {hosts}
"""


def networks(choice: Random) -> str:
    """EgressNetworks of Linkerd, some for blocks of addresses, with routes."""
    documents = []
    for number in range(choice.randint(1, 3)):
        space = choice.choice(("shop", "bank", "linkerd-egress"))
        chosen = [{"cidr": one} for one in choice.sample(BLOCKS, choice.randint(1, 2))]
        documents.append(
            NETWORK.format(
                name=f"n{number}",
                space=space,
                policy=choice.choice(("Allow", "Deny", "Deny")),
                networks=choice.choice(("null", json.dumps(chosen))),
            )
        )
        for kind, version, port in (("HTTPRoute", "v1", 80), ("TLSRoute", "v1alpha2", 443)):
            if choice.random() < 0.5:
                hosts = json.dumps(choice.sample(HOSTS, choice.randint(1, 2)))
                documents.append(
                    ROUTE.format(
                        kind=kind,
                        version=version,
                        name=f"{kind.lower()}{number}",
                        space=space,
                        parent=f"n{number}",
                        port=port,
                        hosts=hosts,
                    )
                )
    return text(*documents)


def both(seed: int) -> tuple[Model, Model]:
    """Two of Istio, two of Linkerd, or one of each."""
    choice = Random(seed)  # noqa: S311  # estates for a test
    sides = [
        read(drawn(choice)) if seed % 3 != one else read(networks(choice), "linkerd")
        for one in (1, 2 if seed % 3 == 2 else 1)
    ]
    return sides[0], sides[1]


@pytest.mark.parametrize("seed", range(24))
def test_the_claims_about_estates_at_random_are_confirmed_and_their_contrary_is_not(
    seed: int,
) -> None:
    entries, left = certified(*both(seed))
    assert not left
    for entry in entries:
        turned = {**entry, "before": entry["after"], "after": entry["before"]}
        assert changes(entry, CALLERS) == claimed(entry)
        assert changes(turned, CALLERS) == claimed(entry)[::-1]
        assert changes({**entry, "after": entry["before"]}, CALLERS) == (False, False)


def test_many_estates_at_random_differ() -> None:
    found = [claimed(entry) for seed in range(24) for entry in certified(*both(seed))[0]]
    assert {(True, False), (False, True), (False, False)} <= {*found}
    assert sum(map(any, found)) > 20


def destinations(namespace: str, port: int) -> list[Request]:
    """Every destination over a few names and addresses."""
    caller = Caller(namespace=namespace, labels={"app": "api"}, service_account="api")
    return [
        Request(
            caller=caller,
            external=address,
            service_port=port,
            http=http,
            authority=name if http else "",
            server_name="" if http else name,
        )
        for http, name, address in product((True, False), ASKED, ADDRESSES)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_what_the_naive_decider_sees_is_claimed(seed: int) -> None:
    """Nobody reads the checker's answer for the searcher's: a third program is asked."""
    before, after = both(seed)
    for entry in certified(before, after)[0]:
        for name in entry["ports"]:
            who, _, port = name.rpartition(", port ")
            if not port or "pods with" in who or "services of" in name:
                continue
            space = who.removeprefix("what leaves ").partition(",")[0].partition(" ")[0]
            for request in destinations("nowhere" if space == "any" else space, int(port)):
                was = decide_egress(before, request).allowed
                becomes = decide_egress(after, request).allowed
                assert was is becomes or claimed(entry)[not becomes], (name, request)


# --- tampering -----------------------------------------------------------------------------------


DATABASE = resource(
    "ServiceEntry",
    {
        "hosts": ["db.example"],
        "addresses": ["198.51.100.0/24"],
        "ports": [{"number": 5432, "name": "db", "protocol": "TCP"}],
        "resolution": "NONE",
    },
    "db",
)


def _entries(*more: str) -> dict[str, Json]:
    """A mesh that lets out what is declared alone, on one side with more."""
    one, other = read(text(MESH, API, DATABASE)), read(text(MESH, API, DATABASE, *more))
    entries, left = certified(one, other)
    assert not left
    return {name: entry for entry in entries for name in entry["ports"]}


def _ending(end: str, *more: str) -> Json:
    return next(entry for name, entry in _entries(*more).items() if name.endswith(end))


def _grants(entry: Json, side: str) -> list[Json]:
    found: list[Json] = entry[side]["gates"][-1]["grants"]
    return found


def _an_open_gate(entry: Json) -> None:
    for gate in entry["after"]["gates"]:
        gate["closed"] = False


def _no_gate(entry: Json) -> None:
    entry["after"]["gates"].clear()


def _more_declared(entry: Json) -> None:
    _grants(entry, "after").append({**_grants(entry, "before")[0], "requests": [[]]})


def _less_declared(entry: Json) -> None:
    _grants(entry, "after").clear()


def _another_name(entry: Json) -> None:
    for rule in _grants(entry, "after"):
        for way in rule["requests"]:
            for test in (test for test in way if test["any_of"]):
                test["any_of"][0]["text"] = "elsewhere.test"


def _clear_text_too(entry: Json) -> None:
    for rule in _grants(entry, "after"):
        rule["requests"] = [
            [test for test in way if test["of"] != "method"] or way for way in rule["requests"]
        ]
        rule["requests"].append([])


def _nothing_allowed(entry: Json) -> None:
    entry["newly_allowed"] = not entry["newly_allowed"]


def _nothing_denied(entry: Json) -> None:
    entry["newly_denied"] = not entry["newly_denied"]


def _only_elsewhere(entry: Json) -> None:
    only = {"block": "192.0.2.0/24", "excluding": []}
    test = {
        "of": "address",
        "any_of": [only],
        "none_of": [],
        "presence": "either",
        "missing_is_empty": False,
    }
    for gate in entry["after"]["gates"]:
        gate["where"] = [[test]]


TAMPERED: tuple[Callable[[Json], None], ...] = (
    _an_open_gate, _no_gate, _more_declared, _less_declared, _another_name, _clear_text_too, _nothing_allowed,
    _nothing_denied, _only_elsewhere,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda one: one.__name__.strip("_"))
def test_what_was_tampered_with_is_refused(tamper: Callable[[Json], None]) -> None:
    entry = _ending("port 443")
    assert claimed(entry) == (False, False)
    assert not refused(entry)
    false = deepcopy(entry)
    tamper(false)
    assert false != entry
    assert refused(false)


def test_a_block_that_is_another_one_is_seen() -> None:
    entry = _ending("port 5432")
    assert claimed(entry) == (False, False)
    assert not refused(entry)
    tests = [t for rule in _grants(entry, "after") for way in rule["requests"] for t in way]
    (block,) = [t["any_of"][0] for t in tests if t["of"] == "address"]
    block["block"] = "198.51.100.0/25"
    assert refused(entry)


def test_services_that_are_not_known_of_are_told_by_their_names() -> None:
    sidecar = resource("Sidecar", {"egress": [{"hosts": ["bank/*", "*/x.example"]}], **REFUSE})
    entry = _ending("services of the cluster", sidecar)
    assert claimed(entry) == (False, True)
    assert not refused(entry)
    unnamed = {**entry, "names": [[{**entry["names"][0][0], "any_of": []}]]}
    assert not refused(unnamed)
    (gate,) = entry["after"]["gates"]
    gate["grants"][0]["requests"] = [[]]
    assert refused(entry)


def test_of_policies_for_blocks_the_smallest_has_the_say() -> None:
    wide, narrow = (
        NETWORK.format(
            name=name, space="shop", policy=policy, networks=json.dumps([{"cidr": block}])
        )
        for name, policy, block in (("a", "Deny", BLOCKS[0]), ("b", "Allow", BLOCKS[1]))
    )
    entries, _ = certified(read(text(wide), "linkerd"), read(text(wide, narrow), "linkerd"))
    shut = [one for one in entries if any("shop" in name for name in one["ports"])]
    assert {claimed(one) for one in shut} == {(True, False)}
    for one in shut:
        assert not refused(one)
        one["after"]["gates"].reverse()
        assert refused(one)
