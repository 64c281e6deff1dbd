"""What others published of who may connect by NetworkPolicies, held against what we make of the same policies.

The answers are those of np-guard's ``connlist`` and of nca's semantic queries, compared where it arrives in the cluster:
connections over TCP, and what is sent by UDP and SCTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import TCP, Caller, Request
from ir.inventory import Workload
from ir.model import Model
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load
from translator.verify.access import compare_access

_PLACE = Path("shared", "corpus", "pairs")
PAIRS = next((up / _PLACE for up in Path(__file__).parents if (up / _PLACE).is_dir()), _PLACE)
LISTS = sorted((PAIRS / "npguard-connlist").glob("*/EXPECTED_connlist.txt"))
SCHEMES = sorted((PAIRS / "nca-semantic").glob("k8s*/**/*-scheme.yaml"))
LINE = re.compile(r"(\S+)\[\w+\] => (\S+)\[\w+\] : (.+)")
SOME = tuple((by, port) for by in ("TCP", "UDP", "SCTP") for port in (1, 65000))
"""Ports that no policy speaks of."""


def read(*paths: Path) -> Model:
    """The policies and pods in these files."""
    loaded = load([str(path) for path in paths])
    options = pipeline.options_of(loaded, "linkerd", "linkerd", {})
    return load_importer("linkerd")(loaded.resources, options).model


def documents(folder: Path) -> Iterator[Mapping[str, object]]:
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yaml", ".yml", ".json") and "connlist" not in path.name:
            for one in yaml.safe_load_all(path.read_text()):
                kind = str(one.get("kind")).removesuffix("List") if isinstance(one, dict) else ""
                for item in one.get("items", [one]) if isinstance(one, dict) else ():
                    yield {"kind": kind, **item}


def owners(folder: Path) -> dict[str, str]:
    """Pods by ``namespace/name``, and the name by which the answers call them."""
    found: dict[str, str] = {}
    for one in documents(folder):
        meta = one.get("metadata")
        if one.get("kind") == "Pod" and isinstance(meta, dict):
            space = meta.get("namespace", "default")
            for owner in meta.get("ownerReferences", [])[:1]:
                found[f"{space}/{meta['name']}"] = f"{space}/{owner['name']}"
    return found


def called(workload: Workload, owned: Mapping[str, str]) -> str:
    key = f"{workload.namespace}/{workload.name}"
    return owned.get(key, key)


Door = tuple[str, int]
"""A port with what carries it: ``TCP``, ``UDP`` or ``SCTP``."""


@dataclass(frozen=True)
class Answer:
    """The ports that are open from one to another; ``every``: all of them."""

    ports: frozenset[Door]
    every: bool


def answer(text: str) -> Answer:
    if text == "All Connections":
        return Answer(frozenset(), every=True)
    ports: set[Door] = set()
    word = ""
    for part in text.split(","):
        named = part.strip().split(" ")
        word, numbers = (named[0], named[1]) if len(named) > 1 else (word, named[0])
        first, _, last = numbers.partition("-")
        ports.update((word, number) for number in range(int(first), int(last or first) + 1))
    return Answer(frozenset(ports), every=False)


def answers(path: Path) -> dict[tuple[str, str], Answer]:
    found: dict[tuple[str, str], Answer] = {}
    for line in path.read_text().splitlines():
        matched = LINE.fullmatch(line.strip())
        if matched:
            one, two, text = matched.groups()
            found[one, two] = answer(text)
    return found


def lets(model: Model, caller: Caller, to: Workload, door: Door) -> bool | None:
    by, port = door
    asked = Request(caller=caller, workload=to.key, port=port, transport=by, http=by == TCP)
    try:
        return decide_access(model, asked).allowed
    except Unsupported:
        return None


def told(expected: Mapping[tuple[str, str], Answer], key: tuple[str, str], door: Door) -> bool:
    found = expected.get(key)
    return found is not None and (found.every or door in found.ports)


@pytest.mark.skipif(not LISTS, reason="the published answers are not here")
@pytest.mark.parametrize("path", LISTS, ids=lambda p: p.parent.name)
def test_who_connects_to_whom_is_what_was_published(path: Path) -> None:
    files = [p for p in sorted(path.parent.iterdir()) if p.suffix in (".yaml", ".yml", ".json")]
    model = read(*(p for p in files if "connlist" not in p.name))
    owned, expected = owners(path.parent), answers(path)
    ports = sorted(
        {
            (by, port + more)
            for one in expected.values()
            for by, port in one.ports
            for more in (0, 1)
        }
    )
    named = [(called(w, owned), w) for w in model.inventory.workloads]
    differing = []
    for (one, caller), (two, to) in product(named, named):
        asks = Caller(namespace=caller.namespace, service_account=caller.service_account,
                      labels=caller.labels, address="fd12::1", mtls=False)  # fmt: skip
        for port in (*ports, *SOME) if one != two else ():
            ours = lets(model, asks, to, port)
            if ours not in (told(expected, (one, two), port), None):
                differing.append((one, two, port, ours))
    assert not differing[:5]


@pytest.mark.skipif(not LISTS, reason="the published answers are not here")
@pytest.mark.parametrize("path", LISTS, ids=lambda p: p.parent.name)
def test_who_connects_from_outside_is_what_was_published(path: Path) -> None:
    files = [p for p in sorted(path.parent.iterdir()) if p.suffix in (".yaml", ".yml", ".json")]
    model = read(*(p for p in files if "connlist" not in p.name))
    owned, expected = owners(path.parent), answers(path)
    blocks = sorted({one for one, _ in expected if "/" not in one})
    for block in blocks:
        first = Caller(address=block.partition("-")[0], mtls=False)
        for two, to in ((called(w, owned), w) for w in model.inventory.workloads):
            for port in SOME:
                wanted = told(expected, (block, two), port)
                assert not wanted or lets(model, first, to, port), (block, two, port)


QUERIES = ("equivalence", "strongEquivalence")


@pytest.mark.skipif(not SCHEMES, reason="the published answers are not here")
@pytest.mark.parametrize("path", SCHEMES, ids=lambda p: p.stem)
def test_policies_that_are_equivalent_are_equal(path: Path) -> None:
    scheme = yaml.safe_load(path.read_text())
    if not all(isinstance(scheme.get(key), str) for key in ("namespaceList", "podList")):
        return
    shared = [path.parent / scheme[key] for key in ("namespaceList", "podList")]
    configs = {
        one["name"]: [path.parent / name for name in one["networkPolicyList"]]
        for one in scheme["networkConfigList"]
        if all((path.parent / str(name)).is_file() for name in one.get("networkPolicyList", [""]))
    }
    for query in scheme["queries"]:
        for kind in QUERIES:
            names = query.get(kind, ())
            if query.get("expected") != 0 or any(name not in configs for name in names):
                continue
            models = [read(*shared, *configs[name]) for name in names]
            for other in models[1:]:
                slices = compare_access(models[0], other)
                changed = [s.name for s in slices if any(c.listed for c in s.changes)]
                assert not changed, (query["name"], changed[:3])
