"""Who gets how much of a route's requests: backends as endpoint sets with exact fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ir.behaviour.concrete_place import Behind, behind, subset_called
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.request import Request, Share
from ir.inventory import Service, Workload
from ir.match import Labels, Operator, Requirement
from ir.model import Model
from ir.traffic import Backend, Destination


@dataclass(frozen=True, slots=True)
class Place:
    """A destination in plain values; ``namespace`` is absent outside of the cluster."""

    namespace: str | None
    name: str
    port: int | None = None
    labels: Labels | None = None
    subset: str = ""

    @property
    def unresolved(self) -> bool:
        """Whether it is a subset of which nobody says which endpoints it has."""
        return bool(self.subset) and self.labels is None


def _place(destination: Destination) -> Place:
    return Place(
        namespace=None if destination.namespace is None else destination.namespace.value,
        name=destination.name.value,
        port=None if destination.port is None else destination.port.value.port,
        labels=None if destination.labels is None else destination.labels.value,
        subset="" if destination.subset is None else destination.subset.value,
    )


def shares_of(model: Model, request: Request, backends: Sequence[Backend]) -> tuple[Share, ...]:
    """Who gets how much; equal endpoints count together, by name."""
    summed: dict[tuple[tuple[str, ...], int], Fraction] = {}
    for backend, fraction in _fractions(backends):
        share = share_of(model, request, _place(backend.destination), fraction)
        key = share.endpoints, share.port
        summed[key] = summed.get(key, Fraction(0)) + fraction
    return tuple(Share(*key, fraction) for key, fraction in sorted(summed.items()))


def _fractions(backends: Sequence[Backend]) -> Iterator[tuple[Backend, Fraction]]:
    """Shares of one route. A single backend gets everything, whatever its weight."""
    if len(backends) == 1:
        yield backends[0], Fraction(1)
        return
    weights = [backend.weight.value for backend in backends if backend.weight is not None]
    if len(weights) < len(backends) or sum(weights) <= 0:
        message = "several backends share a route and their weights do not say how"
        raise Unsupported(message)
    for backend, weight in zip(backends, weights, strict=True):
        if weight:
            yield backend, Fraction(weight, sum(weights))


def share_of(model: Model, request: Request, place: Place, fraction: Fraction) -> Share:
    """The endpoints behind a place, or its name where the inventory does not list them."""
    found = None if place.namespace is None else behind(model, place.namespace, place.name)
    if found is None:
        return Share((_unlisted(model, place),), place.port or request.service_port, fraction)
    if place.labels is not None:
        found = Behind(found.service, (*found.narrowed, place.labels))
    port = place.port or _only_port(found.service) or request.service_port
    workloads = [w for w in model.inventory.workloads if found.selects(w.namespace, w.labels)]
    if place.unresolved or not workloads:
        none = model.inventory.complete and bool(found.service.selector) and not place.unresolved
        return Share(() if none else (_unlisted(model, place),), port, fraction)
    keys = tuple(sorted(workload.key for workload in workloads))
    return Share(keys, _workload_port(found.service, workloads, port), fraction)


def _only_port(service: Service) -> int | None:
    return service.ports[0].number if len(service.ports) == 1 else None


def _workload_port(service: Service, workloads: Sequence[Workload], port: int) -> int:
    """The workloads' port behind a port of the service, or that port itself where it is unknown."""
    targets = [own.target for own in service.ports if own.number == port]
    found = (w.port_number(target) for target in targets for w in workloads)
    numbers = sorted({number for number in found if number is not None})
    if len(numbers) > 1:
        message = f"the endpoints of {service.key} listen on different ports: {numbers}"
        raise Unsupported(message)
    return numbers[0] if numbers else port


def _unlisted(model: Model, place: Place) -> str:
    """The name of endpoints that are not listed: their service's, and the labels that choose."""
    if place.namespace is None:
        return place.name
    subset = subset_called(model, place.namespace, place.name)
    name = place.name if subset is None else subset.of.value
    selectors = [] if subset is None else [subset.selector.value]
    selectors += [] if place.labels is None else [place.labels]
    said = sorted({_spelt(r) for selector in selectors for r in selector.requirements})
    if place.unresolved:
        said.append(f"subset {place.subset}")
    return f"{place.namespace}/{name}" + (f"{{{','.join(said)}}}" if said else "")


def _spelt(requirement: Requirement) -> str:
    values = "|".join(sorted(requirement.values))
    match requirement.operator:
        case Operator.IN:
            return f"{requirement.key}={values}"
        case Operator.NOT_IN:
            return f"{requirement.key}!={values}"
        case Operator.EXISTS:
            return requirement.key
        case Operator.DOES_NOT_EXIST:
            return f"!{requirement.key}"
