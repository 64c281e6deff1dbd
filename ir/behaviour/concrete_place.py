"""Where facts hold: whether an attachment is about a pod, a port or a client; what a service is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ir.attachment import Attachment, Audience, Reach, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.request import Caller, Request
from ir.inventory import Service, Workload, meets
from ir.match import Labels
from ir.model import Model
from ir.provenance import Traced
from ir.traffic import UNREAD, EndpointSubset, PortProtocol

Port = WorkloadPort | ServicePort


@dataclass(frozen=True, slots=True)
class Behind:
    """A listed service, with the labels that its endpoints must have besides its own selector."""

    service: Service
    narrowed: tuple[Labels, ...] = ()

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a pod of that namespace with these labels is an endpoint."""
        wanted = self.service.selector
        return (
            bool(wanted)
            and namespace == self.service.namespace
            and all(labels.get(key) == value for key, value in wanted.items())
            and all(meets(labels, selector) for selector in self.narrowed)
        )


def behind(model: Model, namespace: str, name: str) -> Behind | None:
    """The service of that name, or the one that it is a subset of; ``None`` where not listed."""
    service = model.inventory.service(namespace, name)
    if service is not None:
        return Behind(service)
    subset = subset_called(model, namespace, name)
    if subset is None:
        return None
    service = model.inventory.service(namespace, subset.of.value)
    return None if service is None else Behind(service, (subset.selector.value,))


def subset_called(model: Model, namespace: str, name: str) -> EndpointSubset | None:
    """The subset that is a service of that name."""
    subsets = (fact for fact in model.facts if isinstance(fact, EndpointSubset))
    wanted = namespace, name
    return next((s for s in subsets if (s.namespace.value, s.name.value) == wanted), None)


def services_of(model: Model, workload: Workload) -> Iterator[Behind]:
    """Services, subsets among them, that the workload is an endpoint of."""
    names = [(s.namespace, s.name) for s in model.inventory.services.values()]
    names += [
        (f.namespace.value, f.name.value) for f in model.facts if isinstance(f, EndpointSubset)
    ]
    for namespace, name in sorted(names):
        found = behind(model, namespace, name)
        if found is not None and found.selects(workload.namespace, workload.labels):
            yield found


def covers(
    subject: Subject, namespace: str, labels: Mapping[str, str], model: Model, key: str = ""
) -> bool:
    """Whether the subject includes a pod with this namespace and labels, of the workload ``key``; listeners have none."""
    if key and subject.workload is not None:
        return subject.workload.value == key
    inside = _is_inside(subject, namespace, labels, model)
    return inside and not any(covers(s, namespace, labels, model, key) for s in subject.excluding)


def _is_inside(subject: Subject, namespace: str, labels: Mapping[str, str], model: Model) -> bool:
    """Whether it includes the pod by its scope, whatever it leaves to narrower ones."""
    where = None if subject.namespace is None else subject.namespace.value
    match subject.scope:
        case Scope.MESH:
            return True
        case Scope.NAMESPACE:
            return namespace == where
        case Scope.WORKLOADS:
            selected = subject.labels is None or meets(labels, subject.labels.value)
            return where in {None, namespace} and selected
        case Scope.SERVICE:
            found = behind(model, where or "", "" if subject.name is None else subject.name.value)
            return found is not None and found.selects(namespace, labels)
        case Scope.LISTENER | Scope.EGRESS:
            return False


def sets_out(attachment: Attachment, model: Model, caller: Caller) -> bool:
    """Whether a fact about what leaves its subject is about what this caller sends."""
    return bool(caller.namespace) and covers(
        attachment.subject, caller.namespace, caller.labels, model
    )


def is_inside(attachment: Attachment, model: Model, workload: Workload) -> bool:
    """Whether the subject of a fact includes the workload."""
    return covers(attachment.subject, workload.namespace, workload.labels, model, workload.key)


def on_port(attachment: Attachment, model: Model, workload: Workload, port: int) -> bool:
    """Whether the ports of a fact include this one of the workload."""

    def same(own: Traced[Port]) -> bool:
        match own.value:
            case WorkloadPort() as meant:
                return meant.covers(port, workload.port_number(meant.port))
            case ServicePort(number):
                return port in _targets(attachment.subject, model, workload, number)

    if any(same(own) for own in attachment.excluding_ports):
        return False
    return not attachment.ports or any(same(own) for own in attachment.ports)


def _targets(subject: Subject, model: Model, workload: Workload, number: int) -> list[int | None]:
    """The workload's ports behind one of the subject's service, or of any that it serves."""
    if subject.scope is Scope.SERVICE:
        where = "" if subject.namespace is None else subject.namespace.value
        own = behind(model, where, "" if subject.name is None else subject.name.value)
        candidates = [] if own is None else [own]
    else:
        candidates = list(services_of(model, workload))
    return [
        workload.port_number(port.target)
        for found in candidates
        for port in found.service.ports
        if port.number == number
    ]


def reaches(audience: Audience | None, caller: Caller) -> bool:
    """Whether the caller's proxy holds the fact; no caller is a listener."""
    if audience is None:
        return True
    names = [namespace.value for namespace in audience.namespaces]
    here = not names or caller.namespace in names
    match audience.reach:
        case Reach.EVERYONE:
            return True
        case Reach.NAMESPACES:
            return caller.namespace in names
        case Reach.WORKLOADS:
            return here and (audience.labels is None or meets(caller.labels, audience.labels.value))
        case Reach.LISTENERS:
            return False


def on_service_port(attachment: Attachment, model: Model, request: Request) -> bool:
    """Whether the ports of a client's fact include the service port that the request addresses."""
    targets = _targets_of_service(model, request)

    def same(own: Traced[Port]) -> bool:
        match own.value:
            case WorkloadPort(named, _):
                return named in targets
            case ServicePort(number):
                return number == request.service_port

    if any(same(own) for own in attachment.excluding_ports):
        return False
    return not attachment.ports or any(same(own) for own in attachment.ports)


def _targets_of_service(model: Model, request: Request) -> list[int | str]:
    namespace, _, name = request.service.rpartition("/")
    found = behind(model, namespace, name)
    ports = () if found is None else found.service.ports
    return [port.target for port in ports if port.number == request.service_port]


def passed_on_unread(model: Model, request: Request) -> bool:
    """Whether clients' proxies take the service port that is addressed for bytes: they look into no request there."""
    namespace, _, name = request.service.rpartition("/")
    return any(
        fact.protocol.value in UNREAD
        for fact in model.facts
        if isinstance(fact, PortProtocol)
        and fact.attachment.subject.scope is Scope.SERVICE
        and _says(fact.attachment.subject.namespace, namespace)
        and _says(fact.attachment.subject.name, name)
        and any(own.value == ServicePort(request.service_port) for own in fact.attachment.ports)
    )


def _says(value: Traced[str] | None, text: str) -> bool:
    return value is not None and value.value == text
