"""Who may connect to whom in one application: the published maps of another analyser, against our model.

np-guard/network-config-analyzer, tests/*/expected_output: a line says which pods reach which pods, at which ports, and for
policies of a mesh by which methods and paths. Every pair of pods is asked, and an address outside, at each port of the map.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import yaml

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Caller, Request
from ir.inventory import Workload
from ir.model import Model
from tests.peers.test_semantics import SCHEMES, Scheme, needs_pairs

LINE = re.compile(
    r"(src: (?P<outside>\S+)|src_ns: \[(?P<from>[^]]*)\] src_pods: \[(?P<callers>[^]]*)\]) "
    r"dst_ns: \[(?P<to>[^]]*)\] dst_pods: \[(?P<called>[^]]*)\] conn: (?P<what>.+)"
)
AMONG = re.compile(r"app in \((?P<names>[^)]*)\)")
OUTSIDE = "203.0.113.7"
OTHER = "/other"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: pods by their namespaces and names (``*``: all), and what they may send; none: everything."""

    outside: bool
    callers: tuple[str, str]
    called: tuple[str, str]
    ports: frozenset[int]
    methods: frozenset[str]
    paths: frozenset[str]

    def covers(self, caller: Workload | None, called: Workload, request: Request) -> bool:
        """Whether the line lets the request through."""
        mine = self.outside if caller is None else not self.outside and _among(caller, self.callers)
        return (
            mine
            and _among(called, self.called)
            and (not self.ports or request.port in self.ports)
            and (not self.methods or request.method in self.methods)
            and (not self.paths or request.path in self.paths)
        )


def _among(pod: Workload, where: tuple[str, str]) -> bool:
    spaces, names = where
    among = AMONG.fullmatch(names)
    wanted = (among["names"] if among else names).split(",")
    app = pod.labels.get("app", pod.name)
    return pod.namespace in spaces.split(",") and (names == "*" or app in wanted)


def lines_of(text: str) -> list[Line]:
    """The lines on TCP of a map, those between pods and from outside."""
    part = text.partition("For connections of type non-TCP")[0]
    found = []
    for match in filter(None, map(LINE.fullmatch, part.splitlines())):
        said = dict(re.findall(r"(\w+):(.*?)(?=,\w+:|\}|$)", match["what"]))
        if said.get("protocols", "TCP") == "TCP":
            found.append(
                Line(
                    outside=match["outside"] is not None,
                    callers=(match["from"] or "", match["callers"] or ""),
                    called=(match["to"], match["called"]),
                    ports=frozenset(map(int, filter(None, said.get("dst_ports", "").split(",")))),
                    methods=_listed(said.get("methods", "")),
                    paths=_listed(said.get("paths", "")),
                )
            )
    return found


def _listed(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(", ")))


def asked(model: Model, lines: list[Line]) -> Iterator[tuple[Workload | None, Workload, Request]]:
    """Every pod and an address outside to every other pod, at each port, by each method and path of the map."""
    ports = sorted({port for line in lines for port in line.ports} | {1, 9999})
    paths = sorted({path for line in lines for path in line.paths} | {OTHER})
    methods = ("GET", "POST") if any(line.methods for line in lines) else ("GET",)
    pods = model.inventory.workloads
    for caller, called in product((None, *pods), pods):
        if caller is called:
            continue
        who = Caller(address=OUTSIDE, mtls=False) if caller is None else _caller(caller, model)
        for port, method, path in product(ports, methods, paths):
            request = Request(
                caller=who, workload=called.key, port=port, method=method, path=path,
                authority=called.name,
            )  # fmt: skip
            yield caller, called, request


def _caller(pod: Workload, model: Model) -> Caller:
    space = model.inventory.namespaces.get(pod.namespace)
    return Caller(
        namespace=pod.namespace,
        service_account=pod.service_account,
        labels=pod.labels,
        namespace_labels={} if space is None else space.labels,
    )


def maps() -> Iterator[tuple[str, str, Path]]:
    """The scheme, the configuration and the map of each query that has one in rules between pods."""
    for path in SCHEMES:
        for query in yaml.safe_load(path.read_text())["queries"]:
            place = path.parent / str(query.get("expectedOutput", ""))
            if (
                "connectivityMap" in query
                and place.is_file()
                and len(query["connectivityMap"]) == 1
            ):
                yield str(path), query["connectivityMap"][0], place


AGREES, DIFFERS, UNDECIDED = "agrees", "differs", "undecided"


def counted(scheme: Scheme, config: str, text: str) -> Counter[tuple[str, str, str]]:
    """How many answers agree, differ and are not decided, with whom they are about where they do not agree."""
    model, lines = scheme.model(config), lines_of(text)
    found: Counter[tuple[str, str, str]] = Counter()
    for caller, called, request in asked(model, lines):
        try:
            ours = decide_access(model, request).allowed
        except Unsupported:
            found[UNDECIDED, "", called.name] += 1
            continue
        theirs = any(line.covers(caller, called, request) for line in lines)
        who = "" if ours is theirs else "outside" if caller is None else caller.name
        found[
            AGREES if ours is theirs else DIFFERS, who, "" if ours is theirs else called.name
        ] += 1
    return found


@needs_pairs
def test_every_connection_of_a_map_is_decided_as_they_expect() -> None:
    compared = answers = 0
    for path, config, place in maps():
        text = place.read_text()
        if not lines_of(text):
            continue  # the same map in another form
        scheme = Scheme(Path(path), yaml.safe_load(Path(path).read_text()))
        found = counted(scheme, config, text)
        assert {verdict for verdict, _, _ in found} == {AGREES}, (place.name, found)
        compared += 1
        answers += found.total()
    assert compared >= 6
    assert answers > 40_000
