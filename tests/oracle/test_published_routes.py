"""The routes that Cilium's own tests expect of Gateway API, in the real Envoy, against our model of what they are made from.

cilium/cilium operator/pkg/gateway-api/testdata: each case is manifests and the CiliumEnvoyConfigs that Cilium makes of
them. Envoy is told the virtual hosts as they stand, but that a route which forwards answers with where it would have
forwarded to. A witness of every class of requests that our model tells apart is put to both. The pairs lie beside the
project where it is worked on; elsewhere the tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_route
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Delivery, Request, Shown
from ir.edge import Listener
from ir.model import Model
from tests.oracle.envoy import Answer, Envoy, Listening, needs_envoy, running, typed
from tests.oracle.witnesses import on_the_wire, witnesses
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load
from translator.verify.access import Comparison
from translator.verify.callers import World
from translator.verify.dimensions import hosts_of
from translator.verify.edge_entry import Gate
from translator.verify.edge_fates import choices, frame_of
from translator.verify.routes import RouteComparison, Side

_PLACE = Path("shared", "corpus", "pairs", "cilium-gateway-api-to-envoyconfig")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
CASES = [] if PAIRS is None else sorted(f for f in PAIRS.glob("*/output/cec-*.yaml"))
needs_pairs = pytest.mark.skipif(not CASES, reason=f"there is no {_PLACE} beside the project")

Tree = dict[str, Any]
MOST = 200
"""Requests of one case."""

OK = 200


@dataclass(frozen=True, slots=True)
class Case:
    """One CiliumEnvoyConfig: of the Gateway or Service ``key`` (``namespace/name``)."""

    name: str
    key: str
    gateway: bool
    config: Tree
    model: Model

    def hosts(self) -> list[Tree]:
        """The virtual hosts for requests without TLS, each forwarding route answering with its clusters."""
        found: list[Tree] = [
            host
            for one in self.config["spec"]["resources"]
            if one["@type"].endswith("RouteConfiguration") and one["name"] != "listener-secure"
            for host in deepcopy(one.get("virtualHosts", []))
        ]
        for host in found:
            host["routes"] = [_answering(route) for route in host.get("routes", [])]
        return found

    def listening(self) -> Listening:
        """A listener of Envoy with the virtual hosts."""
        router = typed(
            "envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"
        )
        kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        manager = typed(
            "envoy.filters.network.http_connection_manager",
            kind,
            stat_prefix="here",
            route_config={"virtual_hosts": self.hosts()},
            http_filters=[router],
        )
        return Listening(self.name, (manager,))


def _answering(route: Tree) -> Tree:
    """The route, but that it says where it forwards to."""
    to = route.get("route")
    if to is None:
        return route
    clusters = to.get("weightedClusters", {}).get(
        "clusters", [{"name": to.get("cluster"), "weight": 1}]
    )
    shares = {one["name"]: one.get("weight", 0) for one in clusters}
    body = {"inlineString": json.dumps(shares)}
    return {"match": route["match"], "directResponse": {"status": OK, "body": body}}


def case(file: Path) -> Case:
    """The case of one output."""
    assert PAIRS is not None
    folder = file.parent.parent
    base = PAIRS / f"{folder.name.partition('__')[0]}__base"
    config = yaml.safe_load(file.read_text())
    (owner,) = config["metadata"]["ownerReferences"]
    gateway = owner["kind"] == "Gateway"
    named = owner if gateway else config["spec"]["services"][0]
    loaded = load([str(base), str(folder / "input")])
    imported = load_importer("cilium")(loaded.resources, options_of(loaded, "cilium", "istio", {}))
    model = replace(imported.model, facts=(*imported.model.facts, *imported.standing))
    key = f"{config['metadata']['namespace']}/{named['name']}"
    name = f"{folder.name} {file.stem.removeprefix('cec-')}"
    return Case(name, key, gateway, config, model)


# --- requests ------------------------------------------------------------------------------------


def requests(one: Case) -> Iterator[Request]:
    """A witness of every class of requests that the model tells apart, and one for a name that nobody knows."""
    access = Comparison(one.model, one.model)
    assert list(access.slices()) or not one.model.inventory.workloads
    yield from (_entering if one.gateway else _inside)(one, access.world)


def _entering(one: Case, world: World) -> Iterator[Request]:
    lowering = Lowering(one.model)
    ports = {
        f.port.value
        for f in one.model.facts
        if isinstance(f, Listener) and f.gateway.value == one.key
    }
    outsiders = world.select(lambda c: not c.namespace and not c.mtls and not c.probe)
    for port in sorted(ports):
        gate = Gate(lowering, one.key, port, http=True)
        patterns = frozenset((p, False) for p in gate.patterns())
        names = hosts_of(patterns)
        covered = {key[0]: held for key, held in names.covered.items() if isinstance(key, tuple)}
        for atom, sample in enumerate(names.samples):
            if sample is None:
                continue
            held = choices(gate, gate.held(gate.entered(covered, atom)))
            frame = frame_of(held, (p for p, _ in patterns), world, outsiders)
            for request in witnesses(frame, MOST):
                yield replace(
                    request,
                    listener=one.key,
                    service_port=port,
                    shows=Shown.PLAIN,
                    authority=f"a{sample}" if sample[:1] in {"", "."} else sample,
                )


def _inside(one: Case, world: World) -> Iterator[Request]:
    lowered = Lowering(one.model)
    space, _, name = one.key.partition("/")
    ports = {port for service in one.config["spec"]["services"] for port in service["ports"]}
    comparison = RouteComparison(one.model, one.model, world, (lowered, lowered))
    for port in sorted(ports):
        address = Address(space, name, port)
        tables = Side(lowered).about(address)
        frame = comparison.frame(address, (tables, tables))
        for request in witnesses(frame, MOST):
            yield replace(request, service=one.key, service_port=port)


# --- answers -------------------------------------------------------------------------------------


def theirs(one: Case, answer: Answer) -> tuple[object, ...]:
    """What Cilium's Envoy does, in the words of :func:`ours`."""
    if answer.status != OK:
        return (answer.status,)
    shares = {name: weight for name, weight in json.loads(answer.body).items() if weight}
    found: dict[tuple[str, ...], Fraction] = {}
    for cluster, weight in shares.items():
        space, name, _ = cluster.split(":")
        service = one.model.inventory.service(space, name)
        pods = () if service is None else one.model.inventory.endpoints(service)
        key = tuple(sorted(pod.key for pod in pods)) or (f"{space}/{name}",)
        found[key] = found.get(key, Fraction(0)) + Fraction(weight, sum(shares.values()))
    return OK, *sorted(found.items())


def ours(delivery: Delivery) -> tuple[object, ...]:
    """What our model says: a status, or who gets which share."""
    if delivery.kind == "forward":
        found: dict[tuple[str, ...], Fraction] = {}
        for share in delivery.shares:
            found[share.endpoints] = found.get(share.endpoints, Fraction(0)) + share.fraction
        return OK, *sorted(found.items())
    return (delivery.status or 404,)


@dataclass(slots=True)
class Count:
    """Requests that were put to both, those that our model does not decide, and those on which the two differ."""

    asked: int = 0
    undecided: int = 0
    wrong: list[object] = field(default_factory=list)


def replayed(envoy: Envoy, one: Case) -> Count:
    """Every witness put to both."""
    count = Count()
    asked: list[tuple[Request, bytes, tuple[object, ...]]] = []
    for request in requests(one):
        sent = on_the_wire(request)
        if sent is None:
            continue
        try:
            asked.append((request, sent, ours(decide_route(one.model, request))))
        except Unsupported:
            count.undecided += 1
    answers = envoy.ask(one.name, [sent for _, sent, _ in asked])
    for (request, _, mine), answer in zip(asked, answers, strict=True):
        count.asked += 1
        if theirs(one, answer) != mine:
            count.wrong.append(
                (
                    request.method,
                    request.authority,
                    request.path,
                    dict(request.headers),
                    mine,
                    theirs(one, answer),
                )
            )
    return count


ON_PURPOSE = {
    # The API server fills in 302 where a redirect names no status; Cilium's tests ask none, and Envoy's own is 301.
    "gamma__mesh-redirect-host-and-status echo": 12,
    "gamma__mesh-redirect-path echo": 48,
    "gamma__mesh-redirect-port echo": 24,
    "gamma__mesh-redirect-scheme echo": 24,
    # Listeners that choose namespaces by labels: no namespace has labels in Cilium's tests, so that no route is taken.
    "gateway__gateway-with-attached-routes gateway-with-one-attached-route": 16,
    "gateway__gateway-with-attached-routes gateway-with-two-attached-routes": 16,
    "gateway__httproute-cross-namespace backend-namespaces": 16,
    # Services that are not in the input are not known to be missing, unless it is said to be complete.
    "gateway__httproute-invalid-nonexistent-backendref same-namespace": 16,
    # We call an imported service by the name that it has in all clusters, and do not ask whether its kind is installed.
    "gateway__httproute-invalid-backendref-missing-serviceimport-port same-namespace": 16,
    "gateway__httproute-invalid-serviceimport-no-crd same-namespace": 16,
    "gateway__httproute-serviceimport-backend same-namespace": 16,
}
"""Requests by case that are decided otherwise, with the reason."""

REFUSED = "gateway__httproute-invalid-backendref-missing-service-port"
"""A case that the API server would refuse: a Service without a port."""


@needs_pairs
@needs_envoy
@pytest.mark.parametrize("file", CASES, ids=lambda f: f"{f.parent.parent.name} {f.stem}")
def test_the_routes_of_cilium_decide_as_our_model_of_the_input(file: Path) -> None:
    if file.parent.parent.name == REFUSED:
        with pytest.raises(ExceptionGroup, match="API server would refuse"):
            case(file)
        return
    one = case(file)
    with running(one.listening()) as envoy:
        count = replayed(envoy, one)
    assert count.undecided == 0
    assert count.asked > 0
    assert len(count.wrong) == ON_PURPOSE.get(one.name, 0), count.wrong[:3]


@needs_pairs
@needs_envoy
def test_an_envoy_that_is_told_another_case_disagrees() -> None:
    files = {f.parent.parent.name: f for f in CASES}
    one, other = (
        case(files[f"gateway__httproute-{name}-matching"]) for name in ("exact-path", "method")
    )
    with running(replace(one, config=other.config).listening()) as envoy:
        count = replayed(envoy, one)
    assert count.asked > len(count.wrong) > 0
