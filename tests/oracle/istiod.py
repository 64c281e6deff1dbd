"""What istiod itself makes of manifests: a Go program on the pieces of its own tests, built from the Go module proxy alone.

The build takes minutes the first time, so the tests that need it are skipped, and say so, unless ``MESHMIGRATE_ISTIOD=1`` asks
for them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from ir.inventory import Workload
from ir.model import Model
from translator.source.leaves import Resource, plain

Tree = dict[str, Any]

_SOURCE = Path(__file__).parent / "istiod_go"
_WANTED = os.environ.get("MESHMIGRATE_ISTIOD") == "1"

needs_istiod = pytest.mark.skipif(
    not _WANTED or shutil.which("go") is None,
    reason="there is no go" if _WANTED else "istiod is not asked for (MESHMIGRATE_ISTIOD=1)",
)

_OWN = ("networking.istio.io", "security.istio.io")


def built(folder: Path) -> Path:
    """The program."""
    program = folder / "istiod"
    command = ["go", "build", "-p", "2", "-ldflags", "-s -w", "-o", str(program), "."]
    subprocess.run(command, cwd=_SOURCE, check=True)  # noqa: S603  # our own program
    return program


@dataclass(slots=True)
class Cluster:
    """Manifests as a cluster has them: each workload is one pod with an address, each Service has its own and knows them."""

    model: Model
    configs: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    pods: dict[str, Workload] = field(default_factory=dict)
    """By address."""
    services: dict[tuple[str, str], str] = field(default_factory=dict)
    """Addresses by namespace and name."""
    mesh: str = ""

    def case(self) -> Tree:
        """As the program reads it."""
        return {
            "configs": self.configs,
            "objects": self.objects,
            "mesh": self.mesh,
            "proxies": [
                {"id": pod.key, "namespace": pod.namespace, "ip": ip, "labels": {**pod.labels}}
                for ip, pod in self.pods.items()
            ],
        }


def cluster(resources: Iterable[Resource], model: Model) -> Cluster:
    """The cluster of an input and of its model, whose inventory says which pods there are."""
    found = Cluster(model)
    for number, pod in enumerate(model.inventory.workloads, 1):
        if not pod.host_network:
            found.pods[f"10.244.0.{number}"] = pod
    for resource in resources:
        tree: Any = plain(resource.node)
        group = resource.api_version.rpartition("/")[0]
        space = resource.namespace or "default"
        own = {k: v for k, v in tree["metadata"].items() if k != "ownerReferences"}
        tree = {**tree, "metadata": {**own, "namespace": space}}
        if group in _OWN:
            found.configs.append(json.dumps(tree))
        elif group.startswith("gateway.networking."):
            found.objects.append(json.dumps(tree))
        elif (resource.kind, group) == ("Service", ""):
            _add_service(found, tree)
        elif resource.kind == "Namespace":
            found.objects.append(json.dumps({**tree, "metadata": own}))
        elif resource.kind == "ConfigMap" and resource.name == "istio":
            found.mesh = tree["data"]["mesh"]
    found.objects.extend(json.dumps(_pod(pod, ip)) for ip, pod in found.pods.items())
    found.objects.extend(json.dumps(one) for one in _slices(found))
    return found


def _add_service(found: Cluster, tree: Tree) -> None:
    meta, spec = tree["metadata"], dict(tree["spec"])
    if spec.get("type") != "ExternalName" and not spec.get("clusterIP"):
        spec["clusterIP"] = f"10.96.0.{len(found.services) + 1}"
    found.services[meta["namespace"], meta["name"]] = spec.get("clusterIP", "")
    spec["ports"] = [
        {"protocol": "TCP", "targetPort": one["port"], **one} for one in spec.get("ports", [])
    ]
    found.objects.append(json.dumps({**tree, "spec": spec}))


def _name(pod: Workload) -> str:
    return f"{pod.name}-{pod.kind.lower()}"


def _pod(pod: Workload, ip: str) -> Tree:
    labels = {**pod.labels, "security.istio.io/tlsMode": "istio"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _name(pod), "namespace": pod.namespace, "labels": labels},
        "spec": {"serviceAccountName": pod.service_account, "containers": [{"name": "c"}]},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _slices(found: Cluster) -> Iterator[Tree]:
    """The endpoints of each Service, a slice for each pod."""
    for service in found.model.inventory.services.values():
        chosen = {one.key for one in found.model.inventory.endpoints(service)}
        for ip, pod in found.pods.items():
            if pod.key not in chosen:
                continue
            ports = [(p.name, pod.port_number(p.target), p.protocol) for p in service.ports]
            yield {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "addressType": "IPv4",
                "metadata": {
                    "name": f"{service.name}-{_name(pod)}",
                    "namespace": service.namespace,
                    "labels": {"kubernetes.io/service-name": service.name},
                },
                "ports": [
                    {"name": name, "port": number, "protocol": protocol}
                    for name, number, protocol in ports
                    if number is not None
                ],
                "endpoints": [
                    {
                        "addresses": [ip],
                        "conditions": {"ready": True},
                        "targetRef": {
                            "kind": "Pod",
                            "name": _name(pod),
                            "namespace": pod.namespace,
                        },
                    }
                ],
            }


@dataclass(frozen=True)
class Told:
    """What istiod tells the proxy of one pod."""

    told: Mapping[str, list[Tree]]

    @cached_property
    def _inbound(self) -> list[Tree]:
        """The ways in."""
        (one,) = (x for x in self.told["listeners"] if x["name"] == "virtualInbound")
        return list(one["filterChains"])

    def ways_in(self, port: int) -> dict[bool, Tree]:
        """The chain by which requests get to the port, over mutual TLS (true) and in clear text; none where it is shut."""
        own = [
            c for c in self._inbound if c.get("filterChainMatch", {}).get("destinationPort") == port
        ]
        found: dict[bool, Tree] = {}
        for chain in own:
            if _manager(chain) is not None:
                found.setdefault("transportSocket" in chain, chain)
        return found

    def rules(self, chain: Tree) -> list[Tree]:
        """The filters that decide who gets in."""
        manager = _manager(chain) or {"httpFilters": []}
        return [one for one in manager["httpFilters"] if one["name"] == "envoy.filters.http.rbac"]

    def hosts(self, address: str, port: int) -> Tree | None:
        """The routes of requests that are sent to a Service; ``None`` where its requests are not read."""
        at = {_place(one["address"]): one for one in self.told["listeners"]}
        listener = at.get((address, port)) or at.get(("0.0.0.0", port))  # noqa: S104  # a name of Envoy's
        chains = [] if listener is None else listener["filterChains"]
        managers = [one for one in map(_manager, chains) if one is not None]
        if not managers or "rds" not in managers[0]:
            return None
        name = managers[0]["rds"]["routeConfigName"]
        return next((one for one in self.told["routes"] if one["name"] == name), None)

    def endpoints(self, cluster_name: str) -> Iterator[str]:
        """The addresses behind a cluster."""
        for one in self.told["endpoints"]:
            if one["clusterName"] == cluster_name:
                for place in one.get("endpoints", []):
                    for end in place["lbEndpoints"]:
                        yield _place(end["endpoint"]["address"])[0]


def _manager(chain: Tree) -> Tree | None:
    kind = "HttpConnectionManager"
    found = (one.get("typedConfig", {}) for one in chain.get("filters", []))
    return next((one for one in found if one.get("@type", "").endswith(kind)), None)


def _place(address: Tree) -> tuple[str, int]:
    own = address["socketAddress"]
    return own["address"], own.get("portValue", 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What istiod makes of a cluster: what it tells its proxies, by workload, and what its webhook refuses."""

    told: dict[str, Told]
    refused: list[str]


def asked(program: Path, folder: Path, clusters: Iterable[Cluster]) -> list[Answer]:
    """The answers for several clusters, one run of the program for all.

    Raises:
        AssertionError: an object that the API server would refuse.
    """
    lines = []
    for number, one in enumerate(clusters):
        case, answer = folder / f"{number}.json", folder / f"{number}.answer.json"
        case.write_text(json.dumps(one.case()))
        lines.append(f"{case}\t{answer}\n")
    subprocess.run([program], input="".join(lines), text=True, check=True)  # noqa: S603  # our own program
    found = []
    for line in lines:
        said = json.loads(Path(line.rstrip("\n").partition("\t")[2]).read_text())
        assert not said["error"], said["error"]
        told = {name: Told(one) for name, one in said["told"].items()}
        found.append(Answer(told, said["refused"]))
    return found
