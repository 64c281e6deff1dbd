"""What ports are taken for, compared: where one side reads bytes that the other passes on unread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from ir.access import Bypass, Direction
from ir.attachment import Scope
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.coverage import covers, covers_port
from ir.inventory import Workload
from ir.traffic import UNREAD, PortProtocol
from translator.verify.result import Change, Kind, Sample, Slice, judged

OPAQUE, TLS = UNREAD
_UNSAID = "unknown"

ServicePortKey = tuple[str, str, int]
"""Namespace and name of a service, and its port."""


@dataclass(slots=True)
class Spoken:
    """What one model takes ports for: those of services for their clients, those of workloads for their own proxy."""

    lowering: Lowering
    services: dict[ServicePortKey, PortProtocol] = field(default_factory=dict)
    _pods: dict[str | None, list[tuple[int, PortProtocol]]] = field(default_factory=dict)
    """Those of workloads, by the namespace that they are all in, with their places in the model."""

    def __post_init__(self) -> None:
        """Files the facts."""
        for place, fact in enumerate(self.lowering.model.facts):
            if not isinstance(fact, PortProtocol):
                continue
            subject = fact.attachment.subject
            if subject.scope is not Scope.SERVICE:
                wide = subject.scope is Scope.MESH
                space = None if wide or not subject.namespace else subject.namespace.value
                self._pods.setdefault(space, []).append((place, fact))
            elif subject.namespace is not None and subject.name is not None:
                for port in fact.attachment.ports:
                    key = subject.namespace.value, subject.name.value, int(port.value.port)
                    self.services[key] = fact

    def is_passed_on(self, address: Address) -> bool:
        """Whether clients' proxies look into no request to the port of a service."""
        if address.namespace is None:
            return False
        said = self.services.get((address.namespace, address.name, address.port))
        return said is not None and said.protocol.value in UNREAD

    def of_workload(self, workload: Workload, port: int) -> str:
        """What the workload's own proxy takes the port for: as its pods say, else as its services do.

        Where these differ it is the oldest one's word that is taken, and which that is no manifest says.
        """
        known = self.lowering.inventory
        near = [*self._pods.get(None, []), *self._pods.get(workload.namespace, [])]
        for _, fact in sorted(near, key=itemgetter(0)):
            at = fact.attachment
            if covers(at.subject, workload, known) and covers_port(at, workload, port):
                return fact.protocol.value
        found = {
            self.services[key].protocol.value
            for service in known.services_of(workload)
            for own in service.ports
            if workload.port_number(own.target) == port
            and (key := (service.namespace, service.name, own.number)) in self.services
        }
        return next(iter(found)) if len(found) == 1 else _UNSAID

    def is_bypassed(self, workload: Workload, port: int) -> bool:
        """Whether no proxy of the mesh sees what comes to the port."""
        facts = self.lowering.at(self.lowering.about(workload), workload, port)
        return any(isinstance(f, Bypass) and f.direction is Direction.INBOUND for f in facts)

    def is_read(self, workload: Workload, port: int) -> bool:
        """Whether requests on the port are read as HTTP, or may be."""
        unread = self.of_workload(workload, port) in UNREAD
        return not unread and not self.is_bypassed(workload, port)


@dataclass(frozen=True, slots=True)
class SpokenComparison:
    """Two models side by side."""

    before: Spoken
    after: Spoken

    def slices(self) -> Iterator[Slice]:
        """A verdict for each port of a service that some proxy does not read, on either side or end."""
        for key in sorted(self.before.services.keys() & self.after.services.keys()):
            was, becomes = self.before.services[key], self.after.services[key]
            ends = [(was.protocol.value, becomes.protocol.value), *self._behind(key)]
            if any(one in UNREAD for pair in ends for one in pair):
                yield self._slice(key, was, ends)

    def _behind(self, key: ServicePortKey) -> Iterator[tuple[str, str]]:
        namespace, name, number = key
        known = self.before.lowering.inventory
        service = known.service(namespace, name)
        if service is not None:
            for workload, port in known.resolve(service, number):
                if not self.before.is_bypassed(workload, port):
                    was, becomes = (
                        s.of_workload(workload, port) for s in (self.before, self.after)
                    )
                    yield was, becomes

    def _slice(self, key: ServicePortKey, was: PortProtocol, ends: list[tuple[str, str]]) -> Slice:
        namespace, name, number = key
        changed = [pair for pair in ends if not _alike(*pair)]
        changes: tuple[Change, ...] = ()
        if changed:
            sample = Sample(
                request=Request(
                    caller=Caller(), service=f"{namespace}/{name}", service_port=number, http=False
                ),
                before=_said(changed[0][0]),
                after=_said(changed[0][1]),
                before_leaves=was.protocol.origin,
            )
            changes = (Change(kind=Kind.READ, listed=True, samples=(sample,)),)
        shown = f"Service/{namespace}/{name} port {number}, what is spoken"
        return judged(shown, changes)


def _alike(was: str, becomes: str) -> bool:
    """Whether both sides read the port, or neither; TLS shows itself, so that a look at it is as good."""
    if was == TLS:
        return becomes in (TLS, OPAQUE, _UNSAID)
    return (was == OPAQUE) is (becomes == OPAQUE) and becomes != TLS


def _said(protocol: str) -> str:
    words = {OPAQUE: "passed on unread", TLS: "passed on by its server name", _UNSAID: "looked at"}
    return words.get(protocol, f"read as {protocol}")
