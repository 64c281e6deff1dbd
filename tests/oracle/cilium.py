"""What Cilium itself makes of policies: a Go program on its policy engine, built from the Go module proxy alone.

The build takes minutes the first time, so the tests that need it are skipped, and say so, unless ``MESHMIGRATE_CILIUM=1`` asks
for them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ir.behaviour.request import Caller
from ir.inventory import Workload
from ir.model import Model
from translator.source.leaves import Resource, plain

Tree = dict[str, Any]

_SOURCE = Path(__file__).parent / "cilium_go"
_WANTED = os.environ.get("MESHMIGRATE_CILIUM") == "1"

needs_cilium = pytest.mark.skipif(
    not _WANTED or shutil.which("go") is None,
    reason="there is no go" if _WANTED else "Cilium is not asked for (MESHMIGRATE_CILIUM=1)",
)

RESERVED = ("host", "remote-node", "kube-apiserver", "ingress", "health", "init", "unmanaged")
"""Parts of the cluster that have an identity of their own."""

_DOCUMENTS = frozenset(
    (
        "CiliumNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "CiliumCIDRGroup",
        "NetworkPolicy",
        "ClusterNetworkPolicy",
    )
)
_NAME = "kubernetes.io/metadata.name"


def built(folder: Path) -> Path:
    """The program."""
    program = folder / "cilium"
    command = ["go", "build", "-p", "2", "-ldflags", "-s -w", "-o", str(program), "."]
    subprocess.run(command, cwd=_SOURCE, check=True)  # noqa: S603  # our own program
    return program


@dataclass(frozen=True, slots=True)
class Question:
    """Whether traffic between a pod and a peer passes the policy of the pod, in one direction; both by what they are called."""

    pod: str
    peer: str
    port: int
    ingress: bool
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; ``rules`` are those that the proxy goes through in this order, where the traffic is sent to it."""

    allowed: bool
    proof: bool
    parsers: tuple[str, ...]
    rules: tuple[Tree, ...]


@dataclass(slots=True)
class Cluster:
    """Policies over pods and peers, and the questions about them."""

    model: Model
    documents: list[str] = field(default_factory=list)
    services: list[Tree] = field(default_factory=list)
    pods: dict[str, Tree] = field(default_factory=dict)
    outside: dict[str, Tree] = field(default_factory=dict)
    questions: dict[Question, None] = field(default_factory=dict)

    def case(self) -> Tree:
        """As the program reads it."""
        return {
            "documents": self.documents,
            "services": self.services,
            "pods": list(self.pods.values()),
            "outside": list(self.outside.values()),
            "questions": [
                {
                    "pod": one.pod,
                    "peer": one.peer,
                    "port": one.port,
                    "ingress": one.ingress,
                    "protocol": one.protocol,
                }
                for one in self.questions
            ],
        }

    def workload(self, one: Workload) -> str:
        """What a listed workload is called."""
        self.pods.setdefault(
            one.key,
            {
                "id": one.key,
                "namespace": one.namespace,
                "space": self._space(one.namespace, {}),
                "account": one.service_account,
                "labels": dict(one.labels),
                "ports": [
                    {"name": port.name, "number": port.number, "protocol": port.protocol}
                    for port in one.ports
                ],
            },
        )
        return one.key

    def caller(self, one: Caller) -> str | None:
        """What somebody is called who may call; ``None``: nobody of whom Cilium tells the like."""
        if one.probe:
            return "reserved:host"
        if one.entity:
            return f"reserved:{one.entity}" if one.entity in RESERVED else None
        if not one.namespace:
            return self.address(one.address)
        labels = sorted(one.labels.items())
        name = (
            f"{one.namespace}/{one.service_account} {labels} {sorted(one.namespace_labels.items())}"
        )
        self.pods.setdefault(
            name,
            {
                "id": name,
                "namespace": one.namespace,
                "space": self._space(one.namespace, dict(one.namespace_labels)),
                "account": one.service_account,
                "labels": dict(one.labels),
                "ports": [],
            },
        )
        return name

    def address(self, address: str, name: str = "") -> str:
        """What an address outside of the cluster is called, with the name for which DNS gave it."""
        known = f"{address} {name}"
        self.outside.setdefault(known, {"id": known, "address": address, "name": name})
        return known

    def asks(self, question: Question) -> Question:
        """The question, put down."""
        self.questions.setdefault(question)
        return question

    def _space(self, name: str, labels: Tree) -> Tree:
        listed = self.model.inventory.namespaces.get(name)
        return {**(labels if listed is None else listed.labels), _NAME: name}


def cluster(resources: Iterable[Resource], model: Model) -> Cluster:
    """The policies of an input, with its services."""
    found = Cluster(model)
    for resource in resources:
        if resource.kind in _DOCUMENTS:
            found.documents.append(json.dumps(_placed(resource)))
    for service in model.inventory.services.values():
        found.services.append(
            {
                "namespace": service.namespace,
                "name": service.name,
                "labels": dict(service.labels),
                "selector": dict(service.selector),
            }
        )
    return found


def _placed(resource: Resource) -> Tree:
    """The document with its namespace."""
    tree: Any = plain(resource.node)
    if resource.kind in ("CiliumNetworkPolicy", "NetworkPolicy"):
        space = resource.namespace or "default"
        tree = {**tree, "metadata": {**tree["metadata"], "namespace": space}}
    if resource.kind == "NetworkPolicy":
        tree["spec"] = _heeded(tree["spec"])
    return dict(tree)


def _heeded(spec: Tree) -> Tree:
    """The rules of the directions that the policy is for: Cilium goes by the others too, Kubernetes does not.

    pkg/k8s/network_policy.go ``ParseNetworkPolicy``; of such policies our model says that they are in doubt.
    """
    types = spec.get("policyTypes")
    out = [word for word in ("Ingress", "Egress") if types and word not in types]
    return {key: value for key, value in spec.items() if key.capitalize() not in out}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cilium makes of a cluster, and the policies that it does not take."""

    verdicts: dict[Question, Verdict]
    refused: tuple[str, ...]


def asked(program: Path, folder: Path, clusters: Sequence[Cluster]) -> list[Answer]:
    """The answers for several clusters, one run of the program for all.

    Raises:
        AssertionError: a case that it cannot read.
    """
    lines = []
    for number, one in enumerate(clusters):
        case, answer = folder / f"{number}.json", folder / f"{number}.answer.json"
        case.write_text(json.dumps(one.case()))
        lines.append(f"{case}\t{answer}\n")
    subprocess.run([program], input="".join(lines), text=True, check=True)  # noqa: S603  # our own program
    found = []
    for line, one in zip(lines, clusters, strict=True):
        said = json.loads(Path(line.rstrip("\n").partition("\t")[2]).read_text())
        assert not said["error"], said["error"]
        verdicts = [
            Verdict(v["allowed"], v["proof"], tuple(v["parsers"]), tuple(v["rules"]))
            for v in said["verdicts"]
        ]
        found.append(
            Answer(dict(zip(one.questions, verdicts, strict=True)), tuple(said["refused"]))
        )
    return found
