"""What runs in the cluster, as far as the input shows it: namespaces, workloads, services.

The inventory is reference data: it helps to choose (``because``), it is never a meaning that must be placed. It is
three-valued: a thing is listed, known to be absent (the input is complete), or unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

from ir.match import Labels, Operator, Requirement

SYSTEM = ("kube-node-lease", "kube-public", "kube-system")
"""Namespaces of Kubernetes itself, which no mesh is in unless somebody insists."""


class Knowledge(StrEnum):
    """What the inventory can say about a thing that is asked for."""

    LISTED = "listed"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class ProbeKind(StrEnum):
    """Which health check a probe is."""

    LIVENESS = "liveness"
    READINESS = "readiness"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A health check by HTTP: ``method`` on ``path`` (with its query) at ``port``. One by gRPC is a POST."""

    kind: ProbeKind
    port: int | str
    path: str
    leaves: tuple[int, ...] = ()
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares."""

    name: str
    number: int
    protocol: str = "TCP"
    leaves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A set of equal pods: a Deployment, StatefulSet, DaemonSet, Job, ReplicaSet or Pod.

    ``labels`` are those of its pods; ``passing``: the keys of those that are words to the source's mesh, and go with it.
    ``leaves``: the input leaves that named it and its labels.
    """

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    service_account: str
    ports: tuple[ContainerPort, ...]
    probes: tuple[HttpProbe, ...]
    host_network: bool = False
    leaves: tuple[int, ...] = ()
    passing: frozenset[str] = frozenset()

    @property
    def lasting(self) -> Mapping[str, str]:
        """The labels by which the pods are known once the source's mesh has left."""
        if not self.passing:
            return self.labels
        return {key: value for key, value in self.labels.items() if key not in self.passing}

    @property
    def key(self) -> str:
        """``Kind/namespace/name``."""
        return f"{self.kind}/{self.namespace}/{self.name}"

    def port_number(self, port: int | str) -> int | None:
        """The number of a port given by number or by name; ``None`` for a name that no container has."""
        if isinstance(port, int):
            return port
        return next((p.number for p in self.ports if p.name == port), None)


@dataclass(frozen=True, slots=True)
class PortOfService:
    """A port of a service; ``target`` is the workload's port, by number or name."""

    name: str
    number: int
    target: int | str
    protocol: str
    app_protocol: str
    leaves: tuple[int, ...] = ()
    app_leaves: tuple[int, ...] = ()
    """The leaf of ``app_protocol``."""
    index: int = 0
    """Its place among the ports of the service, those of other protocols included."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service; without ``selector`` its endpoints are unknown. ``exposed``: it has addresses outside the cluster too."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    ports: tuple[PortOfService, ...]
    headless: bool = False
    external_name: str = ""
    exposed: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    leaves: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """``Service/namespace/name``."""
        return f"Service/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace with its labels and annotations."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    leaves: tuple[int, ...] = ()


Sighted = tuple[str, str, str]
"""A label in a namespace: the namespace, the key and the value."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that the input lists. ``complete``: what is not listed does not exist."""

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    services: Mapping[tuple[str, str], Service] = field(default_factory=dict)
    workloads: tuple[Workload, ...] = ()
    complete: bool = False
    by_namespace: Mapping[str, tuple[Workload, ...]] = field(default_factory=dict)
    by_label: Mapping[Sighted, tuple[Workload, ...]] = field(default_factory=dict)
    """Workloads that have a label, in input order."""
    services_by_label: Mapping[Sighted, tuple[Service, ...]] = field(default_factory=dict)
    """Services by the first label that they select by, by name."""

    def service(self, namespace: str, name: str) -> Service | None:
        """The service of that name, if it is listed."""
        return self.services.get((namespace, name))

    def knows_service(self, namespace: str, name: str) -> Knowledge:
        """Whether the service is listed, absent from complete data, or unknown."""
        if (namespace, name) in self.services:
            return Knowledge.LISTED
        return Knowledge.ABSENT if self.complete else Knowledge.UNKNOWN

    def workloads_in(self, namespace: str | None) -> tuple[Workload, ...]:
        """Workloads of one namespace, or of all."""
        return self.workloads if namespace is None else self.by_namespace.get(namespace, ())

    def selected(self, namespace: str | None, labels: Labels) -> tuple[Workload, ...]:
        """Workloads whose pods meet the selector, in input order."""
        found = self.workloads_in(namespace)
        if namespace is not None:
            for one in labels.requirements:
                if one.operator is Operator.IN and len(one.values) == 1:
                    having = self.by_label.get((namespace, one.key, one.values[0]), ())
                    found = min(found, having, key=len)
        return tuple(w for w in found if meets(w.labels, labels))

    def endpoints(self, service: Service) -> tuple[Workload, ...]:
        """Workloads behind a service; none where it has no selector."""
        if not service.selector:
            return ()
        return self.selected(service.namespace, equal_to(service.selector))

    def resolve(self, service: Service, port: int) -> tuple[tuple[Workload, int], ...]:
        """The workload ports behind a service port; a name that no container has is left out."""
        target = next((p.target for p in service.ports if p.number == port), None)
        if target is None:
            return ()
        found = ((w, w.port_number(target)) for w in self.endpoints(service))
        return tuple((workload, number) for workload, number in found if number is not None)

    def ports_of(self, workload: Workload) -> tuple[int, ...]:
        """Every TCP port of the workload that is declared: by a container, a service or a probe; ascending."""
        numbers = {p.number for p in workload.ports if p.protocol == "TCP"}
        for probe in workload.probes:
            number = workload.port_number(probe.port)
            if number is not None:
                numbers.add(number)
        for service in self.services_of(workload):
            for port in service.ports:
                number = workload.port_number(port.target)
                if number is not None and port.protocol == "TCP":
                    numbers.add(number)
        return tuple(sorted(numbers))

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        """Services whose selector the workload meets, by name."""
        found = {
            service.name: service
            for label in workload.labels.items()
            for service in self.services_by_label.get((workload.namespace, *label), ())
            if contains(workload.labels, service.selector)
        }
        return tuple(service for _, service in sorted(found.items()))


def with_passing(known: Inventory, keys: frozenset[str]) -> Inventory:
    """The inventory with labels of these keys as such that go with the source's mesh."""
    workloads = [
        replace(w, passing=keys & w.labels.keys()) if keys & w.labels.keys() else w
        for w in known.workloads
    ]
    return inventory(
        known.namespaces.values(), known.services.values(), workloads, complete=known.complete
    )


def contains(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether ``labels`` has every entry of ``wanted``."""
    return all(labels.get(key) == value for key, value in wanted.items())


def equal_to(labels: Mapping[str, str]) -> Labels:
    """The selector that demands exactly these labels."""
    return Labels(
        tuple(Requirement(key, Operator.IN, (value,)) for key, value in sorted(labels.items()))
    )


def meets(labels: Mapping[str, str], selector: Labels) -> bool:
    """Whether an object with these labels is selected."""
    return all(_meets(labels, requirement) for requirement in selector.requirements)


def _meets(labels: Mapping[str, str], requirement: Requirement) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case Operator.IN:
            return value in requirement.values
        case Operator.NOT_IN:
            return value not in requirement.values
        case Operator.EXISTS:
            return value is not None
        case Operator.DOES_NOT_EXIST:
            return value is None


def inventory(
    namespaces: Iterable[Namespace],
    services: Iterable[Service],
    workloads: Iterable[Workload],
    *,
    complete: bool = False,
) -> Inventory:
    """An inventory with its indexes; of two things of one name the last stands."""
    last = {workload.key: workload for workload in workloads}
    in_order = tuple(last.values())
    grouped: dict[str, list[Workload]] = {}
    for workload in in_order:
        grouped.setdefault(workload.namespace, []).append(workload)
    by_name = {(service.namespace, service.name): service for service in services}
    selecting: dict[Sighted, list[Service]] = {}
    for (namespace, _), service in sorted(by_name.items()):
        for label in islice(service.selector.items(), 1):
            selecting.setdefault((namespace, *label), []).append(service)
    having: dict[Sighted, list[Workload]] = {}
    for workload in in_order:
        for label in workload.labels.items():
            having.setdefault((workload.namespace, *label), []).append(workload)
    return Inventory(
        namespaces={namespace.name: namespace for namespace in namespaces},
        services=by_name,
        workloads=in_order,
        complete=complete,
        by_namespace={name: tuple(found) for name, found in grouped.items()},
        by_label={label: tuple(found) for label, found in having.items()},
        services_by_label={label: tuple(found) for label, found in selecting.items()},
    )
