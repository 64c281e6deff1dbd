"""What becomes of a request that a route wins, in values that can be compared across configurations.

Endpoints are told by who they are, not by the name of the service that leads there: a subset of one service and a
service of its own with the same pods are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction

from ir.behaviour.lower import Lowering
from ir.behaviour.tries import limits, occasions
from ir.inventory import Service, Workload, equal_to
from ir.match import Labels, Operator, Requirement
from ir.model import Default
from ir.provenance import Traced
from ir.resilience import Retry, Timeouts
from ir.traffic import AS_ASKED, Backend, Destination, Redirect, Route

_GRPC_STATUS = 200
"""The status of HTTP beside one of gRPC (envoyproxy/envoy source/extensions/filters/http/fault/fault_filter.cc
``FaultFilter::abortStatus``, 1.33)."""


@dataclass(frozen=True, slots=True, order=True)
class Endpoints:
    """Who gets a share. ``known``: these are the pods themselves, or the labels that choose them; else a name."""

    who: tuple[str, ...]
    port: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is done with a request. ``effects``: everything besides endpoints, timeouts and retries, spelt out.

    ``attempts``: further tries at most, on the ``occasions`` named. ``limits``: seconds for parts of a request.
    """

    kind: str
    shares: tuple[tuple[Endpoints, Fraction], ...] = ()
    status: int | None = None
    effects: tuple[str, ...] = ()
    timeout: float | None = None
    attempts: int | None = None
    occasions: frozenset[str] = frozenset()
    limits: tuple[tuple[str, float], ...] = ()
    clear: bool = True
    """Whether the shares could be told at all."""


@dataclass(frozen=True, slots=True)
class Address:
    """The service and port that a client addresses; no namespace for a name outside the cluster."""

    namespace: str | None
    name: str
    port: int

    @property
    def key(self) -> str:
        """``namespace/name``, or the name alone."""
        return self.name if self.namespace is None else f"{self.namespace}/{self.name}"


def outcome_of(route: Route, lowering: Lowering, address: Address) -> Outcome:
    """What becomes of the requests that the route wins."""
    if route.redirect is not None:
        status = route.redirect.status
        said = (f"redirect {spelt(_with_its_port(route.redirect))}",)
        return Outcome("redirect", (), None if status is None else status.value, said)
    if route.answer is not None:
        body = route.answer.body
        return Outcome(
            "answer", (), route.answer.status.value, () if body is None else (spelt(body),)
        )
    if route.fault is not None and route.fault.answers_all:
        status = route.fault.abort_status
        return Outcome(
            "answer",
            (),
            _GRPC_STATUS if status is None else status.value,
            (f"fault {spelt(route.fault)}",),
        )
    shares = _shares(route.backends, lowering, address)
    retry = _retry(route.retry, lowering.model.defaults)
    return Outcome(
        kind="forward",
        shares=() if shares is None else shares,
        effects=tuple(_effects(route)),
        timeout=_timeout(route.timeouts, lowering.model.defaults),
        attempts=None if retry is None else retry.attempts.value,
        occasions=occasions(retry),
        limits=limits(route.timeouts, retry),
        clear=shares is not None,
    )


def _with_its_port(redirect: Redirect) -> Redirect:
    """The redirect with its port in words: of the request where neither port nor scheme is given.

    envoyproxy/envoy source/common/router/config_impl.cc ``processRequestHost``, 1.33: the port of the host asked for stays.
    """
    if redirect.port is not None or redirect.scheme is not None:
        return redirect
    return replace(redirect, port=Traced(AS_ASKED))


def to_itself(lowering: Lowering, address: Address, *, http: bool) -> Outcome:
    """What becomes of requests that no route is about: they go to the service that they address."""
    place = Place(address.namespace, address.name)
    defaults = lowering.model.defaults if http else ()
    retry = _retry(None, defaults)
    return Outcome(
        kind="forward",
        shares=((_endpoints(place, lowering, address), Fraction(1)),),
        timeout=_timeout(None, defaults),
        attempts=None if retry is None else retry.attempts.value,
        occasions=occasions(retry),
        limits=limits(None, retry),
    )


def ends_of(
    route: Route, lowering: Lowering, address: Address
) -> Iterator[tuple[Endpoints, Place]]:
    """Who may get requests that the route wins, with the destination that leads there."""
    for backend in route.backends:
        place = _place(backend.destination)
        yield _endpoints(place, lowering, address), place


def ends_of_itself(lowering: Lowering, address: Address) -> tuple[Endpoints, Place]:
    """Who gets the requests that no route is about."""
    place = Place(address.namespace, address.name)
    return _endpoints(place, lowering, address), place


@dataclass(frozen=True, slots=True)
class Place:
    """A destination in plain values."""

    namespace: str | None
    name: str
    port: int | None = None
    subset: str = ""
    labels: Labels | None = None


def _place(destination: Destination) -> Place:
    return Place(
        namespace=None if destination.namespace is None else destination.namespace.value,
        name=destination.name.value,
        port=None if destination.port is None else destination.port.value.port,
        subset="" if destination.subset is None else destination.subset.value,
        labels=None if destination.labels is None else destination.labels.value,
    )


def _shares(
    backends: Sequence[Backend], lowering: Lowering, address: Address
) -> tuple[tuple[Endpoints, Fraction], ...] | None:
    """Who gets how much; ``None`` where the weights do not say."""
    weights = [1 if b.weight is None else b.weight.value for b in backends]
    if len(backends) == 1:
        weights = [1]
    elif any(b.weight is None for b in backends) or sum(weights) <= 0:
        return None
    found: dict[Endpoints, Fraction] = {}
    for backend, weight in zip(backends, weights, strict=True):
        if weight:
            one = _endpoints(_place(backend.destination), lowering, address)
            found[one] = found.get(one, Fraction(0)) + Fraction(weight, sum(weights))
    return tuple(sorted(found.items()))


def _endpoints(place: Place, lowering: Lowering, address: Address) -> Endpoints:
    inventory = lowering.inventory
    where = place.namespace
    key = None if where is None else (where, place.name)
    subset = None if key is None else lowering.subsets.get(key)
    service = None if where is None else inventory.service(where, place.name)
    selectors = [] if place.labels is None else [place.labels]
    if service is None and subset is not None and where is not None:
        service = inventory.service(where, subset.of.value)
        selectors.append(subset.selector.value)
    if service is None:
        name = place.name if where is None else f"{where}/{place.name}"
        labels = sorted(spelt_selector(r) for s in selectors for r in s.requirements)
        return Endpoints(
            (name, *labels, place.subset if not labels else ""),
            place.port or address.port,
            known=not labels and not place.subset and subset is None,
        )
    port = place.port or _only_port(service) or address.port
    if not service.selector or (place.subset and place.labels is None):
        return Endpoints((service.key, place.subset), port, known=not place.subset)
    selectors.append(equal_to(service.selector))
    together = Labels(tuple(r for s in selectors for r in s.requirements))
    pods = inventory.selected(service.namespace, together)
    if not pods:
        wanted = sorted({spelt_selector(r) for r in together.requirements})
        return Endpoints((service.namespace, *wanted), _target(service, port, ()))
    return Endpoints(tuple(sorted(w.key for w in pods)), _target(service, port, pods))


def spelt_selector(one: Requirement) -> str:
    """A requirement as it is written on the command line of Kubernetes."""
    listed = ",".join(one.values)
    match one.operator:
        case Operator.IN:
            return f"{one.key}={listed}" if len(one.values) == 1 else f"{one.key} in ({listed})"
        case Operator.NOT_IN:
            return f"{one.key} notin ({listed})"
        case Operator.EXISTS:
            return one.key
        case Operator.DOES_NOT_EXIST:
            return f"!{one.key}"


def _only_port(service: Service) -> int | None:
    return service.ports[0].number if len(service.ports) == 1 else None


def _target(service: Service, port: int, pods: Sequence[Workload]) -> int:
    """The workloads' port behind a port of the service, or that port where it is not known."""
    targets = [own.target for own in service.ports if own.number == port]
    numbers = {n for t in targets for w in pods if (n := w.port_number(t)) is not None}
    numbers |= {t for t in targets if isinstance(t, int)} if not pods else set()
    return min(numbers) if numbers else port


def _timeout(own: Timeouts | None, defaults: Sequence[Default]) -> float | None:
    if own is not None and own.request is not None:
        return own.request.value
    for default in defaults:
        fact = default.fact
        if default.key == "Timeouts.request" and isinstance(fact, Timeouts) and fact.request:
            return fact.request.value
    return None


def _retry(own: Retry | None, defaults: Sequence[Default]) -> Retry | None:
    if own is not None:
        return own
    for default in defaults:
        if default.key == "Route.retry" and isinstance(default.fact, Retry):
            return default.fact
    return None


def _effects(route: Route) -> Iterator[str]:
    """Everything else that a route does, in a fixed order."""
    if route.rewrite is not None:
        yield f"rewrite {spelt(route.rewrite)}"
    edits = [*route.header_edits, *(e for b in route.backends for e in b.header_edits)]
    yield from sorted(f"header {spelt(edit)}" for edit in edits)
    yield from sorted(f"mirror {spelt(mirror)}" for mirror in route.mirrors)
    if route.cross_origin is not None:
        yield f"cross origin {spelt(route.cross_origin)}"
    if route.fault is not None:
        yield f"fault {spelt(route.fault)}"


def spelt(value: object) -> str:
    """A fact in words, without its trails."""
    if isinstance(value, Traced):
        return spelt(value.value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(spelt, value))}]"
    if is_dataclass(value) and not isinstance(value, type):
        inner = ((f.name, getattr(value, f.name)) for f in fields(value) if f.name != "trail")
        return " ".join(f"{n}={spelt(v)}" for n, v in inner if v not in (None, (), ""))
    return str(value)
