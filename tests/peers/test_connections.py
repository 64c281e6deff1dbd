"""Who may connect to whom by policies of the network: the published answers of another analyser, against our model.

np-guard/netpol-analyzer, tests/ and test_outputs/connlist: each case is manifests and the list of connections that it
expects. Every port is asked at the workloads behind the names of the list, one connection at a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Caller, Request
from ir.inventory import Workload
from ir.model import Model
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load

_PLACE = Path("shared", "corpus", "pairs", "npguard-connlist")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
NAMES = [] if PAIRS is None else sorted(p.name for p in PAIRS.iterdir() if p.is_dir())
needs_pairs = pytest.mark.skipif(not NAMES, reason=f"there is no {_PLACE} beside the project")

LINE = re.compile(r"(?P<source>\S+) => (?P<target>\S+) : (?P<ports>.+)")
PORTS = re.compile(r"(?:(TCP|UDP|SCTP) )?(\d+)(?:-(\d+))?")
ANY = (1, 65535)
"""Ports of which no policy says anything of its own."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of the list: ``source`` and ``target`` as they are written, and the TCP ports; none: all."""

    source: str
    target: str
    ports: frozenset[tuple[int, int]] | None

    def has(self, port: int) -> bool:
        """Whether the line lets a TCP connection to the port through."""
        return self.ports is None or any(low <= port <= high for low, high in self.ports)


def expected(text: str) -> list[Expected]:
    """The lines of a list of connections."""
    found = []
    for match in filter(None, map(LINE.fullmatch, text.splitlines())):
        ports: set[tuple[int, int]] = set()
        protocol = ""
        for named, low, high in PORTS.findall(match["ports"]):
            protocol = named or protocol
            if protocol == "TCP":
                ports.add((int(low), int(high or low)))
        everything = match["ports"] == "All Connections"
        found.append(
            Expected(match["source"], match["target"], None if everything else frozenset(ports))
        )
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """One connection: ``source`` and ``target`` as the list names them, and the port."""

    source: str
    target: str
    port: int


def _name_of(pod: Any) -> str:
    meta = pod["metadata"]
    kind, name = pod["kind"], meta["name"]
    for owner in meta.get("ownerReferences", [])[:1]:
        kind, name = owner.get("kind", kind), owner["name"]
    return f"{meta.get('namespace', 'default')}/{name}[{kind}]"


def _objects(folder: Path) -> Iterator[Any]:
    for file in sorted(folder.glob("*")):
        if file.suffix in {".yaml", ".yml", ".json"} and file.name != "connlist_output.json":
            for document in filter(None, yaml.safe_load_all(file.read_text())):
                of_items = document["kind"].removesuffix("List")
                for one in document.get("items", [document]):
                    yield {"kind": of_items, **one}


class Case:
    """The manifests of one case, as our model has them, and the lines that are expected."""

    def __init__(self, folder: Path) -> None:
        loaded = load([folder])
        options = options_of(loaded, "cilium", "istio", {})
        self.model: Model = load_importer("cilium")(loaded.resources, options).model
        self.lines = expected((folder / "EXPECTED_connlist.txt").read_text())
        named = {
            f"{o['kind']}/{o['metadata'].get('namespace', 'default')}/{o['metadata']['name']}": o
            for o in _objects(folder)
        }
        self.pods: dict[str, list[Workload]] = {}
        for workload in self.model.inventory.workloads:
            self.pods.setdefault(_name_of(named[workload.key]), []).append(workload)

    def ports(self) -> tuple[int, ...]:
        """Each port at which an answer can change, and one that nothing speaks of on either side."""
        edges = {e for line in self.lines for pair in line.ports or () for e in pair}
        near = {port + step for port in edges for step in (-1, 0, 1)}
        return tuple(sorted({*near, *ANY}))

    def inside(self) -> Iterator[tuple[Question, Caller, Workload]]:
        """Every pod to every pod of another owner."""
        for (source, callers), (target, called) in product(self.pods.items(), repeat=2):
            if source != target:
                for pod, other, port in product(callers, called, self.ports()):
                    yield Question(source, target, port), self._caller(pod), other

    def outside(self) -> Iterator[tuple[Question, Caller, Workload]]:
        """The first and the last address of each range outside, to every pod."""
        ranges = {
            one.removesuffix("[External]")
            for line in self.lines
            for one in (line.source, line.target)
            if one.endswith("[External]")
        }
        for block, (target, called) in product(sorted(ranges), self.pods.items()):
            for address, other, port in product(block.split("-"), called, self.ports()):
                caller = Caller(address=address, mtls=False)
                yield Question(address, target, port), caller, other

    def _caller(self, pod: Workload) -> Caller:
        space = self.model.inventory.namespaces.get(pod.namespace)
        return Caller(
            namespace=pod.namespace,
            service_account=pod.service_account,
            labels=pod.labels,
            mtls=False,
            namespace_labels={} if space is None else space.labels,
        )

    def passes(self, question: Question) -> bool:
        """Whether the list lets the connection through."""
        return any(
            line.target == question.target
            and _covers(line.source, question.source)
            and line.has(question.port)
            for line in self.lines
        )


def _covers(name: str, source: str) -> bool:
    if not name.endswith("[External]") or source.endswith("]"):
        return name == source
    low, high = map(ip_address, name.removesuffix("[External]").split("-"))
    return int(low) <= int(ip_address(source)) <= int(high)


AGREES, DIFFERS, UNDECIDED = "agrees", "differs", "undecided"


def verdict(case: Case, question: Question, caller: Caller, workload: Workload) -> str:
    """How our answer stands to theirs."""
    request = Request(caller=caller, workload=workload.key, port=question.port, http=False)
    try:
        ours = decide_access(case.model, request).allowed
    except Unsupported:
        return UNDECIDED
    return AGREES if ours == case.passes(question) else DIFFERS


def counted(case: Case) -> Counter[str]:
    """How many answers agree, differ and are not decided."""
    asked = (*case.inside(), *case.outside())
    return Counter(verdict(case, *one) for one in asked)


BY_ADDRESS = {"semanticDiff-different-topologies-policy-a-with-ipblock": 6}
"""Answers that differ on purpose, by case.

The block of a policy holds the address that a pod has here (10.1.0.1). They take blocks to speak of what is outside
alone; Kubernetes leaves it open (its documentation: Network Policies, the targeting of a pod by its address).
"""


@needs_pairs
@pytest.mark.parametrize("name", NAMES)
def test_every_connection_is_decided_as_they_expect(name: str) -> None:
    assert PAIRS is not None
    found = counted(Case(PAIRS / name))
    assert found[AGREES] > 0
    assert found[UNDECIDED] == 0
    assert found[DIFFERS] == BY_ADDRESS.get(name, 0)


NOT_COMPARED = re.compile(r"=> \S+\[External\]|^\{ingress-controller\}|: (UDP|SCTP) \d+$")
"""Lines that our decision has no question for: what leaves the cluster, an ingress controller, and datagrams alone."""


LEAST_LINES = 3510
"""Lines that are compared; it may only grow."""


@needs_pairs
def test_at_least_so_many_of_their_lines_are_compared() -> None:
    assert PAIRS is not None
    texts = [(PAIRS / name / "EXPECTED_connlist.txt").read_text() for name in NAMES]
    lines = [line for text in texts for line in text.splitlines() if " => " in line]
    left = [line for line in lines if NOT_COMPARED.search(line)]
    assert len(NAMES) >= 25
    assert len(lines) - len(left) >= LEAST_LINES
