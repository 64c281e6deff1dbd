"""What is asked of Cilium and of our model about the same policies.

A witness of every class of requests that our model tells apart is put to both, and a request of everybody to every port
besides; and of what leaves the cluster one for each block of addresses and each pattern of names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from random import Random

from ir.access import Grant, Refusal
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.language import Opaque
from ir.match import Cidr, Part, Pattern
from ir.model import Model
from tests.fixtures.cases import cases
from tests.laws.cilium_estates import estate
from tests.oracle.cilium import RESERVED, Cluster, Question, cluster
from tests.oracle.witnesses import ANYBODY, inside, witnesses
from translator.after import as_source, in_force
from translator.api import Options
from translator.pipeline import options_of, whole
from translator.registry import load_importer
from translator.resources.kubernetes.network_policy import network_of
from translator.source.leaves import Resource
from translator.source.load import load_text
from translator.verify.access import Comparison
from translator.verify.dimensions import addresses_of, hosts_of, methods_of, paths_of, values_of
from translator.verify.doors import Doors
from translator.verify.frame import Frame, asked_of, conditions
from translator.verify.network import Network, rulings

MOST = 40
"""Requests of one port besides those of everybody, and what is sent to one address outside."""

HTTPS, OTHERS, LAST = 443, 65000, 65535


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and the questions that must all be answered with yes for it to arrive."""

    request: Request
    questions: tuple[Question, ...]


@dataclass(slots=True)
class Estate:
    """Policies, our model of them, and what is asked about them."""

    name: str
    model: Model
    cluster: Cluster
    blocks: frozenset[Cidr]
    """Those of which Kubernetes says that pods may be in them."""
    requests: list[Asked] = field(default_factory=list)


def drawn(seed: int) -> Estate:
    """The estate of a seed."""
    loaded = load_text(estate(seed))
    return read(f"seed {seed}", loaded.resources, options_of(loaded, "cilium", "linkerd", {}))


def read(name: str, resources: Sequence[Resource], options: Options) -> Estate:
    """The estate of an input for Cilium, with what is asked about it."""
    model = whole(load_importer("cilium")(resources, options))
    blocks = frozenset(
        term.value
        for fact in network_of(resources, options.namespace)
        for peer in (fact.callers if isinstance(fact, Grant) else ())
        for test in peer.tests
        for term in test.any_of
        if isinstance(term.value, Cidr)
    )
    found = Estate(name, model, cluster(resources, model), blocks)
    asked = (_asked(found, request) for request in _requests(found))
    found.requests += [one for one in asked if one is not None]
    found.requests += _leaving(found)
    return found


def fixtures() -> Iterator[Estate]:
    """The fixtures of Cilium, and what we write for Cilium from those of the other meshes, in the cluster where it is applied."""
    seen: set[str] = set()
    for case in cases(source="cilium"):
        if case.folder.name not in seen:
            seen.add(case.folder.name)
            yield read(case.folder.name, case.loaded().resources, case.options())
    for case in cases(target="cilium"):
        loaded, result = case.loaded(), case.result()
        options = result.options
        there = in_force(loaded, result, options)
        yield read(f"{case.mesh} {case.name}", there.resources, as_source(options))


def _asked(one: Estate, request: Request) -> Asked | None:
    """What Cilium is asked about a request; ``None`` where it tells nobody like the caller."""
    target = next(w for w in one.model.inventory.workloads if w.key == request.workload)
    source = one.cluster.caller(request.caller)
    if source is None:
        return None
    there = one.cluster.workload(target)
    asks = [one.cluster.asks(Question(there, source, request.port, ingress=True))]
    if request.caller.namespace:
        asks.append(one.cluster.asks(Question(source, there, request.port, ingress=False)))
    return Asked(request, tuple(asks))


def _requests(one: Estate) -> Iterator[Request]:
    """A witness of every class of requests at every port, and a request of everybody."""
    comparison = Comparison(one.model, one.model)
    if not list(comparison.slices()):
        return
    for door in comparison.doors():
        if not isinstance(door, Doors) or door.workload.host_network or door.port > LAST:
            continue  # the port behind a range that ends with the last is none
        access = door.before.access
        here = Request(caller=Caller(), workload=door.workload.key, port=door.port)
        blocks = one.blocks | {
            term
            for condition, _, _ in conditions(access)
            for term in (*condition.any_of, *condition.none_of)
            if isinstance(term, Cidr)
        }
        for caller in _everybody(one.model, blocks):
            yield replace(here, caller=caller, authority=ANYBODY)
        for http in (True, False):
            try:
                frame = Frame(asked_of(access), comparison.world, http=http)
            except Opaque:
                continue
            for request in witnesses(frame, MOST):
                caller = _moved(replace(request.caller, mtls=False), blocks)
                host = request.authority or (ANYBODY if http else "")
                there = replace(request, workload=here.workload, port=here.port)
                yield replace(there, caller=caller, authority=host)


# --- what leaves the cluster -----------------------------------------------------------------------


def _leaving(one: Estate) -> Iterator[Asked]:
    """Requests of every listed pod to addresses outside."""
    network = Network(Lowering(one.model), rulings(one.model.facts))
    if not network.facts:
        return
    addresses = addresses_of(frozenset(network.blocks())).samples
    names = values_of(frozenset(network.sought())).samples
    ports = sorted(port for port in {*network.ports(), HTTPS, OTHERS} if port <= LAST)
    sent = list(_sent(network))
    for client in one.model.inventory.workloads:
        if client.host_network:
            continue
        caller = Caller(
            namespace=client.namespace,
            service_account=client.service_account,
            labels=client.labels,
            mtls=False,
        )
        here = one.cluster.workload(client)
        for address, name, port in product(addresses, names, ports):
            there = one.cluster.address(str(address), name or "")
            asks = one.cluster.asks(Question(here, there, port, ingress=False))
            for request in sent:
                at = replace(request, caller=caller, external=str(address), service_port=port)
                yield Asked(replace(at, looked_up=name or ""), (asks,))


def _sent(network: Network) -> Iterator[Request]:
    """What is sent: bytes, and requests that the rules tell apart."""
    yield Request(caller=Caller(), http=False)
    tests = [
        (test, fact.view)
        for fact in network.facts
        if isinstance(fact, (Grant, Refusal))
        for way in fact.requests
        for test in way.tests
    ]

    def patterns(part: Part) -> frozenset[Pattern]:
        terms = (t.value for test, _ in tests if test.part is part for t in test.any_of)
        return frozenset(one for one in terms if isinstance(one, Pattern))

    seen = {
        p: view for test, view in tests for t in test.any_of if isinstance(p := t.value, Pattern)
    }
    paths = paths_of(frozenset((p, seen[p].path) for p in patterns(Part.PATH)))
    hosts = hosts_of(frozenset((p, True) for p in patterns(Part.AUTHORITY)))
    headers = {
        test.name.value: values_of(patterns(Part.HEADER)).samples
        for test, _ in tests
        if test.part is Part.HEADER and test.name is not None
    }
    named = ([(name, value) for value in values] for name, values in headers.items())
    requests = product(paths.atoms, methods_of(patterns(Part.METHOD)).samples, hosts.samples)
    every = list(product(requests, product(*named)))
    for (path, method, host), given in Random(0).sample(every, min(MOST, len(every))):  # noqa: S311  # the same each time
        yield Request(
            caller=Caller(),
            path=path.sample,
            method=str(method),
            authority=str(host or ANYBODY),
            headers={name: value for name, value in given if value is not None},
        )


# --- who calls -------------------------------------------------------------------------------------


def _moved(caller: Caller, blocks: frozenset[Cidr]) -> Caller:
    """The caller; a pod at an address that is in no block, if there is one."""
    if not caller.namespace:
        return caller
    free = (one for one in addresses_of(blocks).samples if not held(str(one), blocks))
    return replace(caller, address=str(next(free, caller.address)))


def held(address: str, blocks: frozenset[Cidr]) -> bool:
    """Whether the address is in one of the blocks."""
    return any(inside(address, one) for one in blocks)


def _everybody(model: Model, blocks: frozenset[Cidr]) -> Iterator[Caller]:
    """Each listed pod, each part of the cluster, and an address in every block and in none."""
    for one in model.inventory.workloads:
        if not one.host_network:
            account = one.service_account
            pod = Caller(
                namespace=one.namespace, service_account=account, labels=one.labels, mtls=False
            )
            yield _moved(pod, blocks)
    yield Caller(mtls=False, probe=True)
    for word in RESERVED[1:]:
        yield Caller(mtls=False, entity=word)
    for address in addresses_of(blocks).samples:
        yield Caller(mtls=False, address=str(address))
