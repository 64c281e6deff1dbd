"""Destinations as the target wants them: a service with a port; a subset becomes a service of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import ServicePort
from ir.inventory import Inventory, Service, equal_to, meets
from ir.match import Labels, Operator
from ir.provenance import Traced, derived, named
from ir.traffic import AS_DIALLED, Backend, Destination, EndpointSubset, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.naming import Names
from translator.report.model import Fate, Impact, Severity, Support


class Unreachable(Exception):  # noqa: N818  # carries a reason upwards
    """A destination cannot be written; ``code`` is the finding's."""

    def __init__(
        self, code: str, reason: str, advice: str = "", support: Support = Support.PARTIAL
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.advice = advice
        self.support = support


@dataclass(frozen=True, slots=True)
class Gap:
    """A destination of a route that cannot be written, though others can."""

    backend: Backend
    reason: Unreachable


def moving_shares(tables: Sequence[RouteTable]) -> Iterator[Loss]:
    """Weights hold while every backend has endpoints: the target gives the share of one without to the others.

    linkerd2-proxy linkerd/distribute ``RandomAvailable``, 2.20; Envoy keeps the split and fails that share.
    """
    split = [r for table in tables for r in table.routes if len(r.backends) > 1]
    weights = tuple(b.weight for r in split for b in r.backends if b.weight is not None)
    if weights:
        yield Loss(
            code="MM214",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.INFO,
            fate=Fate.APPROXIMATED,
            sites=weights,
            message="the share of a backend that has no endpoint left goes to the others; in the source it fails.",
            advice="Nothing, if no backend is meant to be empty.",
        )


def to_itself(table: RouteTable) -> tuple[Backend, ...]:
    """All requests to the service and the port that they address; it is written as a rule without backends."""
    subject = table.attachment.subject
    if subject.name is None:
        return ()
    node = named("to the service itself", table.trail)
    destination = Destination(
        namespace=None
        if subject.namespace is None
        else named(subject.namespace.value, table.trail),
        name=named(subject.name.value, table.trail),
        trail=node,
    )
    return (Backend(destination=destination, trail=node),)


def _is_the_service_itself(route: Route, table: RouteTable) -> bool:
    """Whether all requests go on to the service and the port that they address.

    A rule without backends does just that (linkerd2 policy-controller/grpc/src/outbound/http.rs, 2.20), and needs no
    port where the Service is not in the input.
    """
    http = table.protocol is Protocol.HTTP
    if not http or len(route.backends) != 1 or route.backends[0].header_edits:
        return False
    wanted, subject = route.backends[0].destination, table.attachment.subject
    same = [
        (one is not None and other is not None and one.value == other.value)
        for one, other in ((wanted.namespace, subject.namespace), (wanted.name, subject.name))
    ]
    return all(same) and wanted.subset is None and wanted.port is None


def goes_by_the_port(table: RouteTable, inventory: Inventory) -> bool:
    """Whether a destination is the port that the client dialled, one of several of its service."""
    for route in table.routes:
        for wanted in (b.destination for b in route.backends):
            space = "" if wanted.namespace is None else wanted.namespace.value
            service = inventory.service(space, wanted.name.value)
            several = service is not None and len(service.ports) > 1
            if wanted.port is None and several and not _is_the_service_itself(route, table):
                return True
    return False


def _without_backends(route: Route) -> Route:
    """The rule for what goes on to where it was addressed."""
    spent = [value for backend in route.backends for value in traced(backend)]
    return replace(route, backends=(), trail=derived(route.trail.value, (route.trail, *spent)))


def taken_names(inventory: Inventory) -> dict[tuple[str, str], set[str]]:
    """The names that services of the input have, as :class:`Names` wants them."""
    taken: dict[tuple[str, str], set[str]] = {}
    for namespace, name in inventory.services:
        taken.setdefault(("Service", namespace), set()).add(name)
    return taken


@dataclass(slots=True)
class Subsets:
    """The services made for subsets so far, by the service, the subset's name and its labels."""

    inventory: Inventory
    names: Names
    implicit: bool = False
    """Whether a rule without backends goes on to the service that it is for."""
    made: dict[tuple[str, str, str], EndpointSubset] = field(default_factory=dict)

    def route(self, route: Route, table: RouteTable) -> Route:
        """A route of a table with destinations that can be written.

        Raises:
            Unreachable: a destination is not in the input, or has no form.
        """
        outside = [b for b in route.backends if b.destination.name.value == AS_DIALLED]
        if outside and self.implicit:
            return _without_backends(route)
        try:
            backends = tuple(self._backend(b, table) for b in route.backends)
        except Unreachable:
            if not (self.implicit and _is_the_service_itself(route, table)):
                raise
            return _without_backends(route)
        return replace(route, backends=backends)

    def partly(self, route: Route, table: RouteTable) -> tuple[Route, tuple[Gap, ...]]:
        """A route with those of its destinations that can be written, and what is in the way of the others.

        Raises:
            Unreachable: no destination that gets requests can be written.
        """
        if len(route.backends) < 2:  # noqa: PLR2004  # all or nothing
            return self.route(route, table), ()
        kept: list[Backend] = []
        gaps: list[Gap] = []
        for backend in route.backends:
            try:
                kept.append(self._backend(backend, table))
            except Unreachable as reason:
                gaps.append(Gap(backend, reason))
        if gaps and not any(b.weight is None or b.weight.value for b in kept):
            raise gaps[0].reason
        return replace(route, backends=tuple(kept)), tuple(gaps)

    def trial(self) -> Subsets:
        """The same without consequences: what it makes is thrown away."""
        return Subsets(self.inventory, Names(), self.implicit)

    def _backend(self, backend: Backend, table: RouteTable) -> Backend:
        return replace(backend, destination=self._destination(backend.destination, table))

    def _destination(self, wanted: Destination, table: RouteTable) -> Destination:
        if wanted.namespace is None:
            raise Unreachable(
                "MM203",
                f'the destination "{wanted.name.value}" is no service of the cluster',
                "Destinations outside the cluster are not translated yet.",
            )
        service = self.inventory.service(wanted.namespace.value, wanted.name.value)
        port = wanted.port or self._port(wanted, service, table)
        if wanted.subset is None:
            return replace(wanted, port=port)
        if service is None:
            raise Unreachable(
                "MM203",
                f"Service/{wanted.namespace.value}/{wanted.name.value} is not in the input, so the "
                f'subset "{wanted.subset.value}" cannot become a service of its own',
                "Add the Service to the input.",
            )
        made = self._subset(wanted, service)
        named_so = derived(made.name.value, (wanted.name, wanted.subset))
        return replace(wanted, name=named_so, port=port, subset=None, labels=None)

    def _port(
        self, wanted: Destination, service: Service | None, table: RouteTable
    ) -> Traced[ServicePort]:
        """The only port of the service, else the one that the client addressed."""
        own = table.attachment.ports[0] if table.attachment.ports else None
        if service is not None and len(service.ports) == 1:
            reason = Traced("", (), service.leaves)
            return named(ServicePort(service.ports[0].number), wanted.name, reason)
        dialled = None if own is None else own.value
        known = () if service is None else [p.number for p in service.ports]
        if own is not None and isinstance(dialled, ServicePort) and dialled.port in known:
            return named(dialled, own)
        raise Unreachable(
            "MM203",
            f"the port of {wanted.name.value} is not known: the target wants a port for every destination",
            "Write destination.port, or add the Service to the input.",
        )

    def _subset(self, wanted: Destination, service: Service) -> EndpointSubset:
        if wanted.subset is None or wanted.labels is None:
            subset = wanted.subset.value if wanted.subset else ""
            raise Unreachable(
                "MM210",
                f'no DestinationRule of the input says what the subset "{subset}" of {service.name} is',
                "Add the DestinationRule to the input.",
            )
        key = (service.key, wanted.subset.value, str(wanted.labels.value))
        if key in self.made:
            known = self.made[key]
            values = (known.selector, wanted.labels)
            self.made[key] = replace(known, selector=derived(known.selector.value, values))
            return known
        selector = self._selector(service, wanted.labels.value)
        name = self.names.take("Service", service.namespace, service.name, wanted.subset.value)
        because = Traced("", (), service.leaves)
        self.made[key] = EndpointSubset(
            namespace=named(service.namespace, because),
            name=named(name, wanted.subset, because),
            of=named(service.name, because),
            selector=derived(selector, (wanted.labels, because)),
            trail=named(f"subset {wanted.subset.value} of {service.key}", because),
        )
        return self.made[key]

    def _selector(self, service: Service, labels: Labels) -> Labels:
        """The labels of both; proved on the workloads that are listed to select the same pods."""
        both = dict(service.selector)
        for requirement in labels.requirements:
            if requirement.operator is not Operator.IN or len(requirement.values) != 1:
                raise Unreachable("MM210", "a subset by anything but equal labels has no form")
            if both.setdefault(requirement.key, requirement.values[0]) != requirement.values[0]:
                raise Unreachable(
                    "MM210",
                    f"the subset asks for {requirement.key}={requirement.values[0]}, which no pod of "
                    f"{service.name} has",
                )
        if not service.selector:
            raise Unreachable("MM210", f"{service.key} has no selector, so no subset of it either")
        merged = equal_to(both)
        before = [w for w in self.inventory.endpoints(service) if meets(w.labels, labels)]
        after = list(self.inventory.selected(service.namespace, merged))
        if before != after:
            raise Unreachable(
                "MM210", f"a service for the subset would select other pods of {service.name}"
            )
        return merged
