"""Ports of pods: names and ports of Services as numbers, those that are not read as HTTP, those that are declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ir.access import Closed, Grant, GuardedRoutes, PeerMtls, Refusal
from ir.attachment import Attachment, Scope, ServicePort, WorkloadPort
from ir.inventory import Inventory, Workload
from ir.language import Language
from ir.provenance import Traced
from translator.exporters.cilium.legalise.boxes import Box, By
from translator.exporters.cilium.legalise.regions import Region, Regions, minus, pods_in, region_of
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import Peers
from translator.exporters.ports import protocol_of, readable

F = TypeVar("F", bound=Closed | Grant | GuardedRoutes | Refusal | PeerMtls)
Port = WorkloadPort | ServicePort


class Ports:
    """What the inventory says of the ports of some pods."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def numbered(self, fact: F, regions: Sequence[Region]) -> F:
        """The fact with its ports as numbers of the pods that it is about; a name that nobody has is no port."""
        at = fact.attachment
        ports = tuple(self._numbers(at.ports, at, regions))
        if at.ports and not ports:
            ports = (at.ports[0].derive(WorkloadPort(0)),)
        out = tuple(self._numbers(at.excluding_ports, at, regions))
        return replace(fact, attachment=replace(at, ports=ports, excluding_ports=out))

    def unknown(self, attachment: Attachment, regions: Sequence[Region]) -> Iterator[Traced[Port]]:
        """The ports that are meant by a name which none of the pods gives to one."""
        pods = pods_in(regions, self.inventory)
        for port in attachment.ports:
            match port.value:
                case WorkloadPort(port=str() as name):
                    if all(pod.port_number(name) is None for pod in pods):
                        yield port
                case _:
                    pass

    def by_number(self, fact: F, regions: Sequence[Region]) -> Iterator[tuple[F, Regions]]:
        """The fact with its ports as numbers, each for those pods on which the name stands for it, as far as they are listed."""
        whole = self.numbered(fact, regions)
        odd = tuple(self.uneven(fact.attachment, regions))
        if not odd or len(fact.attachment.ports) > 1 or isinstance(fact, Closed):
            yield whole, tuple(regions)
            return
        for port in whole.attachment.ports:
            one = replace(whole, attachment=replace(whole.attachment, ports=(port,)))
            (named, keys), number = odd[0], port.value.port
            others = (
                region_of(w, self.inventory)
                for w in pods_in(regions, self.inventory)
                if w.key in keys and w.port_number(named.value.port) != number
            )
            yield one, minus(regions, tuple(others))

    def uneven(
        self, attachment: Attachment, regions: Sequence[Region]
    ) -> Iterator[tuple[Traced[Port], tuple[str, ...]]]:
        """The ports by a name that is not the same number on all pods, with the pods on which others' number is another port."""
        pods = pods_in(regions, self.inventory)
        for port in attachment.ports:
            match port.value:
                case WorkloadPort(port=str() as name):
                    meant = {pod.key: pod.port_number(name) for pod in pods}
                    others = {number for number in meant.values() if number is not None}
                    odd = tuple(key for key, own in meant.items() if others - {own})
                    if odd:
                        yield port, odd
                case _:
                    pass

    def _numbers(
        self, ports: Iterable[Traced[Port]], at: Attachment, regions: Sequence[Region]
    ) -> Iterator[Traced[Port]]:
        pods = pods_in(regions, self.inventory)
        for port in ports:
            match port.value:
                case WorkloadPort(port=int()):
                    yield port
                case WorkloadPort(port=name):
                    found = {w.port_number(name) for w in pods} - {None}
                    yield from _each(port, found)
                case ServicePort(port=number):
                    yield from _each(port, self._behind(at, number))

    def _behind(self, at: Attachment, number: int) -> set[int | None]:
        """The ports of pods behind that port of the service meant."""
        subject = at.subject
        if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
            return set()
        service = self.inventory.service(subject.namespace.value, subject.name.value)
        if service is None:
            return set()
        found: set[int | None] = {port for _, port in self.inventory.resolve(service, number)}
        targets = (p.target for p in service.ports if p.number == number)
        return found or {t for t in targets if isinstance(t, int)}

    def bytes_of(self, regions: Iterable[Region]) -> Names[int]:
        """The ports of pods that are declared to carry other things than HTTP."""
        return Names.of(
            *sorted(
                port
                for workload in pods_in(regions, self.inventory)
                for port in self.inventory.ports_of(workload)
                if not readable(protocol_of(workload, port, self.inventory))
            )
        )

    def refused(self, boxes: Iterable[Box], regions: Sequence[Region]) -> Iterator[Box]:
        """Refusals: where connections are not read as HTTP, what they ask of HTTP is taken as met."""
        opaque = self.bytes_of(regions)
        for box in boxes:
            if not box.http or (box.ports & opaque).empty:
                yield box
                continue
            yield replace(box, ports=box.ports - opaque)
            anything = Language.anything()
            yield Box(peers=box.peers, ports=box.ports & opaque, path=anything, by=box.by)

    def granted(self, boxes: Iterable[Box], region: Region) -> Iterator[Box]:
        """Grants: what asks for HTTP is granted on the ports that are declared, less those that are not read as HTTP."""
        opaque = self.bytes_of((region,))
        declared = self.declared(region)
        for box in boxes:
            if not box.http:
                yield box
                continue
            ports = box.ports - opaque
            if ports.but and declared.listed:
                ports = ports & declared
            if not ports.empty:
                yield replace(box, ports=ports)

    def probed(self, boxes: Sequence[Box], region: Region) -> Iterator[Box]:
        """The node's own access to ports that it checks, where a rule for requests would hold for it too."""
        for workload in pods_in((region,), self.inventory):
            for probe in workload.probes:
                number = workload.port_number(probe.port)
                because: Traced[object] = Traced(
                    "health check", (), probe.leaves or workload.leaves
                )
                if number is not None and any(_holds_node(box, number) for box in boxes):
                    node = Peers(nodes=frozenset(("host",)))
                    by = By(peers=(because,), ports=(because,))
                    yield Box(peers=node, ports=Names.of(number), by=by)

    def declared(self, region: Region) -> Names[int]:
        """The ports that pods of the region are known to have."""
        pods: Sequence[Workload] = pods_in((region,), self.inventory)
        return Names.of(*sorted({p for w in pods for p in self.inventory.ports_of(w)}))


def _each(port: Traced[Port], numbers: Iterable[int | None]) -> Iterator[Traced[Port]]:
    for number in sorted(n for n in numbers if n is not None):
        yield port.derive(WorkloadPort(number))


def _holds_node(box: Box, port: int) -> bool:
    return box.http and box.ports.holds(port) and "host" in box.peers.nodes
