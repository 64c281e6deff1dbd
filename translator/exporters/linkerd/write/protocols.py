"""What ports are taken for: ``appProtocol`` of Services, and lists of ports that are not read, on Services and pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ir.attachment import Scope
from ir.inventory import Inventory
from ir.traffic import PortProtocol
from translator.api import Edit, Said
from translator.exporters.linkerd.legalise.opaque_ports import ANNOTATION, merged
from translator.exporters.linkerd.legalise.protocols import LIST
from translator.resources.kubernetes.read import template_path


def protocol_edits(facts: Iterable[PortProtocol], inventory: Inventory) -> Iterator[Edit]:
    """The changes to Services and pods; ports whose Server says their protocol need none."""
    lists: dict[str, list[PortProtocol]] = {}
    for fact in facts:
        if fact.evidence == LIST:
            lists.setdefault(_owner(fact), []).append(fact)
        elif fact.attachment.subject.scope is Scope.SERVICE:
            yield _word(fact, inventory)
    for owner, group in lists.items():
        yield _list(owner, group, inventory)


def _owner(fact: PortProtocol) -> str:
    subject = fact.attachment.subject
    if subject.name is None or subject.namespace is None:
        raise TypeError(fact)
    if subject.scope is Scope.SERVICE:
        return f"Service/{subject.namespace.value}/{subject.name.value}"
    return subject.name.value


def _number(fact: PortProtocol) -> int:
    (port,) = fact.attachment.ports
    if not isinstance(port.value.port, int):
        raise TypeError(fact)
    return port.value.port


def _word(fact: PortProtocol, inventory: Inventory) -> Edit:
    _, space, name = _owner(fact).split("/")
    service = inventory.services[space, name]
    port = next(p for p in service.ports if p.number == _number(fact))
    said = Said(port.app_protocol, (fact.protocol, fact.trail))
    path = ("spec", "ports", port.index, "appProtocol")
    return Edit(resource=_owner(fact), put=((path, said),), restart=False)


def _list(owner: str, group: Sequence[PortProtocol], inventory: Inventory) -> Edit:
    kind, space, name = owner.split("/")
    annotations: Mapping[str, str]
    way: tuple[str, ...] = ()
    if kind == "Service":
        annotations = inventory.services[space, name].annotations
    else:
        workload = next(w for w in inventory.workloads if w.key == owner)
        wide = inventory.namespaces.get(space)
        annotations = {**({} if wide is None else wide.annotations), **workload.annotations}
        way = template_path(kind)
    opaque = [_number(fact) for fact in group if fact.protocol.value == "opaque"]
    read = [_number(fact) for fact in group if fact.protocol.value != "opaque"]
    text = merged(annotations.get(ANNOTATION), opaque, read)
    said = Said(text, tuple(v for fact in group for v in (fact.protocol, fact.trail)))
    path = (*way, "metadata", "annotations", ANNOTATION)
    return Edit(resource=owner, put=((path, said),), restart=kind != "Service")
