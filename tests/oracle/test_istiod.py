"""What istiod tells sidecars, in the real Envoy, against our model of the same manifests: who gets in, and where requests go.

Cases: the fixtures of Istio, and estates drawn at random. A witness of every class of requests that our model tells apart is
put to both; Envoy answers a route that forwards with where it would have forwarded to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import pytest

from ir.access import Closed, Grant, Layer, Refusal
from ir.behaviour.concrete import Unsupported, decide_access, decide_route
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import TCP, Caller, Delivery, Request
from ir.inventory import Workload
from ir.language import Opaque
from ir.match import Cidr
from ir.model import Model
from tests.fixtures.cases import ROOT
from tests.laws.istio_estates import estate
from tests.oracle.certificates import Authority
from tests.oracle.envoy import (
    Envoy,
    Listening,
    Way,
    answering,
    http_filter,
    needs_envoy,
    running,
    typed,
)
from tests.oracle.istiod import Answer, Cluster, Told, Tree, asked, built, cluster, needs_istiod
from tests.oracle.test_access import OK, REFUSED, moved, way_of
from tests.oracle.witnesses import ANYBODY, on_the_wire, witnesses
from translator.pipeline import options_of, whole
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.access import Comparison
from translator.verify.doors import Doors
from translator.verify.frame import Frame, asked_of, conditions
from translator.verify.routes import RouteComparison, Side

SEEDS = 40
MOST = 60
"""Requests of one port, or of one Service and one client."""

_FIXTURES = ("delegate", "destination-rule-precedence", "headers-and-hosts", "outliers", "retries-and-timeouts", "route-order",
             "source-labels", "split-retries")  # fmt: skip
"""Fixtures that say where requests go between sidecars."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Manifests, our model of them, and the cluster that istiod is shown."""

    name: str
    model: Model
    cluster: Cluster


def estates() -> Iterator[Estate]:
    """The cases."""
    texts = {name: (ROOT / "istio" / name / "input.yaml").read_text() for name in _FIXTURES}
    texts |= {f"seed {seed}": estate(seed) for seed in range(SEEDS)}
    for name, text in texts.items():
        loaded = load_text(moved(text))
        read = load_importer("istio")(loaded.resources, options_of(loaded, "istio", "linkerd", {}))
        model = whole(read)
        own = tuple(fact for fact in model.facts if not _of_network(fact))
        yield Estate(name, replace(model, facts=own), cluster(loaded.resources, model))


def _of_network(fact: object) -> bool:
    """What Kubernetes decides, of which istiod knows nothing."""
    return isinstance(fact, (Closed, Grant, Refusal)) and fact.layer is Layer.NETWORK


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Estate, Answer]]:
    """What istiod makes of each case; those with objects that its webhook refuses are left out."""
    folder = tmp_path_factory.mktemp("istiod")
    listed = list(estates())
    found = asked(built(folder), folder, [one.cluster for one in listed])
    return [pair for pair in zip(listed, found, strict=True) if not pair[1].refused]


@dataclass(slots=True)
class Count:
    """Requests put to both, those that istiod sends to a port that no Service has, and those on which the two differ."""

    asked: int = 0
    astray: int = 0
    wrong: list[object] = field(default_factory=list)


# --- who gets in ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gate:
    """A port of a pod with the filters before it; ``ways``: whether certificates (true) and clear text are taken."""

    name: str
    model: Model
    doors: Doors
    frame: Frame
    chain: Tree
    rules: list[Tree]
    ways: frozenset[bool]

    def listening(self, authority: Authority) -> Listening:
        """A listener of Envoy with the filters."""
        manager = self.chain["filters"][-1]["typedConfig"]
        settings = {
            key: manager[key] for key in ("normalizePath", "mergeSlashes") if key in manager
        }
        routes = [answering("in", {"prefix": ""})]
        listed = http_filter(self.name, routes, self.rules, settings)
        return Listening(self.name, (listed,), authority.server, proxied=True)

    def requests(self) -> Iterator[Request]:
        """A witness of every class of requests."""
        for request in witnesses(self.frame, MOST):
            yield replace(
                request,
                workload=self.doors.workload.key,
                port=self.doors.port,
                authority=request.authority or ANYBODY,  # HTTP/1.1 asks for some
            )


def gates(one: Estate, told: Mapping[str, Told]) -> Iterator[Gate]:
    """The ports of an estate whose requests are read."""
    comparison = Comparison(one.model, one.model)
    if not list(comparison.slices()):
        return
    for door in comparison.doors():
        if not isinstance(door, Doors) or door.before.access.bypassed:
            continue
        if door.before.access.transport != TCP:
            continue
        proxy = told.get(door.workload.key)
        ways = {} if proxy is None else proxy.ways_in(door.port)
        if proxy is None or not ways:
            continue
        try:
            frame = Frame(asked_of(door.before.access), comparison.world, http=True)
        except Opaque:
            continue
        chain = next(iter(ways.values()))
        name = f"{one.name} {door.shown}"
        yield Gate(name, one.model, door, frame, chain, proxy.rules(chain), frozenset(ways))


def let_in(envoy: Envoy, gate: Gate, authority: Authority, count: Count) -> None:
    """Every witness put to both."""
    blocks = frozenset(
        term
        for condition, _, _ in conditions(gate.doors.before.access)
        for term in (*condition.any_of, *condition.none_of)
        if isinstance(term, Cidr)
    )
    held: dict[Way, list[tuple[Request, bytes, bool]]] = {}
    for request in gate.requests():
        sent, way = on_the_wire(request), way_of(request, blocks, authority)
        if sent is None or way is None or (request.caller.mtls and True not in gate.ways):
            continue  # of a port in clear text nobody knows the caller
        try:
            ours = decide_access(gate.model, request).allowed
        except Unsupported:
            continue
        held.setdefault(replace(way, port=request.port), []).append((request, sent, ours))
    for way, several in held.items():
        shut = (way.identity is not None) not in gate.ways
        status = [REFUSED] * len(several)
        if not shut:
            said = envoy.ask(gate.name, [sent for _, sent, _ in several], way)
            status = [answer.status for answer in said]
        for (request, _, ours), code in zip(several, status, strict=True):
            count.asked += 1
            if code != (OK if ours else REFUSED):
                count.wrong.append((gate.name, request, ours, code))


@needs_istiod
@needs_envoy
def test_the_filters_of_istiod_let_in_whom_our_model_does(
    answers: list[tuple[Estate, Answer]], tmp_path: Path
) -> None:
    authority, count = Authority(tmp_path), Count()
    for one, answer in answers:
        own = list(gates(one, answer.told))
        with running(*(gate.listening(authority) for gate in own)) as envoy:
            for gate in own:
                let_in(envoy, gate, authority, count)
    assert count.wrong == [], (len(count.wrong), count.asked)
    assert count.asked > 3000


# --- where requests go ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """The requests of a client to a port of a Service."""

    name: str
    estate: Estate
    told: Told
    client: Workload
    address: Address
    table: Tree

    def listening(self) -> Listening:
        """A listener of Envoy with the routes, which answer with where they go."""
        table = deepcopy(self.table)
        for host in table["virtualHosts"]:
            host["routes"] = [self._answering(route) for route in host.get("routes", [])]
            host.pop("typedPerFilterConfig", None)
        kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        router = typed(
            "envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"
        )
        manager = typed(
            "envoy.filters.network.http_connection_manager",
            kind,
            stat_prefix="here",
            route_config=table,
            http_filters=[router],
            normalize_path=True,
        )
        return Listening(self.name, (manager,))

    def _answering(self, route: Tree) -> Tree:
        fails = _fails(route)
        if fails is not None:
            return {"match": route["match"], "directResponse": {"status": fails}}
        to = route.get("route")
        if to is None:
            return {
                key: route[key] for key in ("match", "redirect", "directResponse") if key in route
            }
        several = to.get("weightedClusters", {}).get("clusters")
        shares = several or [{"name": to["cluster"], "weight": 1}]
        body = json.dumps([(one["name"], one.get("weight", 0)) for one in shares])
        return {
            "match": route["match"],
            "directResponse": {"status": OK, "body": {"inlineString": body}},
        }

    def requests(self) -> Iterator[Request]:
        """A witness of every class of requests, sent by the client."""
        model, lowered = self.estate.model, Lowering(self.estate.model)
        access = Comparison(model, model)
        assert list(access.slices())
        comparison = RouteComparison(model, model, access.world, (lowered, lowered))
        tables = Side(lowered).about(self.address)
        caller = Caller(
            namespace=self.client.namespace,
            service_account=self.client.service_account,
            labels=self.client.labels,
        )
        host = f"{self.address.name}.{self.address.namespace}.svc.cluster.local"
        seen: set[bytes | None] = set()
        for request in witnesses(comparison.frame(self.address, (tables, tables)), MOST):
            one = replace(
                request,
                caller=caller,
                service=self.address.key,
                service_port=self.address.port,
                authority=host,
            )
            if on_the_wire(one) not in seen:
                seen.add(on_the_wire(one))
                yield one

    def is_astray(self, body: str) -> bool:
        """Whether istiod sends the request to a port that the Service does not have.

        A destination without a port is at that of the listener where several Services are on it (route.go
        ``GetDestinationCluster``, with the Services of the listener's port alone); our model takes the only port that it has.
        """
        for name, weight in json.loads(body) if body.startswith("[") else ():
            _, port, _, host = name.split("|")
            called, space = host.split(".")[:2]
            service = self.estate.model.inventory.service(space, called)
            if (
                weight
                and service is not None
                and int(port) not in {p.number for p in service.ports}
            ):
                return True
        return False

    def theirs(self, status: int, body: str) -> tuple[object, ...]:
        """What istiod's routes do, in the words of :func:`ours`."""
        if status != OK or not body.startswith("["):
            return (status,)
        found: dict[tuple[str, ...], Fraction] = {}
        listed = [(name, weight) for name, weight in json.loads(body) if weight]
        for name, weight in listed:
            ends = {self.estate.cluster.pods[ip].key for ip in self.told.endpoints(name)}
            key = tuple(sorted(ends))
            share = Fraction(weight, sum(weight for _, weight in listed))
            found[key] = found.get(key, Fraction(0)) + share
        return OK, *sorted(found.items())


def _fails(route: Tree) -> int | None:
    """The status by which every request of the route is failed on purpose."""
    abort = (
        route.get("typedPerFilterConfig", {}).get("envoy.filters.http.fault", {}).get("abort", {})
    )
    share = abort.get("percentage", {})
    whole_share = share.get("numerator") == 1_000_000 and share.get("denominator") == "MILLION"
    return int(abort["httpStatus"]) if whole_share and "httpStatus" in abort else None


def ours(delivery: Delivery, known: frozenset[str]) -> tuple[object, ...]:
    """What our model says: a status, or who gets which share; of endpoints that are not listed, nobody."""
    if delivery.kind != "forward":
        return (delivery.status or {"redirect": 301}.get(delivery.kind, 404),)
    found: dict[tuple[str, ...], Fraction] = {}
    for share in delivery.shares:
        key = tuple(one for one in share.endpoints if one in known)
        found[key] = found.get(key, Fraction(0)) + share.fraction
    return OK, *sorted(found.items())


def routes(one: Estate, told: Mapping[str, Told]) -> Iterator[Route]:
    """The clients and Services of an estate."""
    for client in one.cluster.pods.values():
        proxy = told[client.key]
        for (space, name), address in one.cluster.services.items():
            service = one.model.inventory.service(space, name)
            for port in () if service is None else service.ports:
                table = proxy.hosts(address, port.number)
                if table is not None:
                    called = f"{one.name} {client.key} {space}/{name}:{port.number}"
                    yield Route(
                        called, one, proxy, client, Address(space, name, port.number), table
                    )


def delivered(envoy: Envoy, route: Route, count: Count) -> None:
    """Every witness put to both."""
    known = frozenset(pod.key for pod in route.estate.cluster.pods.values())
    held: list[tuple[Request, bytes, tuple[object, ...]]] = []
    for request in route.requests():
        sent = on_the_wire(request)
        if sent is None:
            continue
        try:
            delivery = decide_route(route.estate.model, request)
        except Unsupported:
            continue
        held.append((request, sent, ours(delivery, known)))
    said = envoy.ask(route.name, [sent for _, sent, _ in held])
    for (request, _, mine), answer in zip(held, said, strict=True):
        if route.is_astray(answer.body):
            count.astray += 1
            continue
        count.asked += 1
        their = route.theirs(answer.status, answer.body)
        if their != mine:
            count.wrong.append(
                (route.name, request.method, request.path, request.headers, mine, their)
            )


@needs_istiod
@needs_envoy
def test_the_routes_of_istiod_lead_where_our_model_says(
    answers: list[tuple[Estate, Answer]],
) -> None:
    count = Count()
    for one, answer in answers:
        own = list(routes(one, answer.told))
        with running(*(route.listening() for route in own)) as envoy:
            for route in own:
                delivered(envoy, route, count)
    assert count.wrong == [], (len(count.wrong), count.asked)
    assert count.asked > 3000
