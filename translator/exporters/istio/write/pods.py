"""Labels and annotations on namespaces and pod templates; they take effect when pods are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from ir.access import Bypass, Direction
from ir.attachment import Scope, Subject, WorkloadPort
from ir.membership import Enrolment, ProxySetting
from ir.provenance import Traced
from translator.api import Edit, Said
from translator.exporters.istio.legalise.membership import ANNOTATIONS, is_whole, said
from translator.resources.kubernetes.read import template_path

INJECTION = "istio-injection"
INJECT = "sidecar.istio.io/inject"
MODE = "istio.io/dataplane-mode"
BYPASS = "ambient.istio.io/bypass-inbound-capture"
EXCLUDE = {
    Direction.INBOUND: "traffic.sidecar.istio.io/excludeInboundPorts",
    Direction.OUTBOUND: "traffic.sidecar.istio.io/excludeOutboundPorts",
}


class Manner(Enum):
    """In what words an object says who is in the mesh."""

    SIDECAR = "sidecar"
    SILENT = "silent"
    """None: its pods say it."""
    AMBIENT = "ambient"


def of_proxies(fact: Enrolment | ProxySetting, manner: Manner) -> Edit:
    """Who has a proxy, and with what settings it runs; the source's words go in the same edit."""
    if isinstance(fact, ProxySetting):
        return _setting(fact, says=manner is not Manner.AMBIENT)
    if manner is Manner.SILENT:
        return Edit(resource=fact.object, leave=(fact.enrolled, fact.trail))
    wide = fact.subject.scope is Scope.NAMESPACE
    path: tuple[str, ...] = ("metadata", "labels", INJECTION)
    if manner is Manner.AMBIENT:
        path = (*(("metadata",) if wide else _template(fact.object)), "labels", MODE)
        word = "ambient" if fact.enrolled.value else "none"
    elif wide:
        word = "enabled" if fact.enrolled.value else "disabled"
    else:
        path = (*_template(fact.object), "labels", INJECT)
        word = "true" if fact.enrolled.value else "false"
    put = ((path, fact.enrolled.derive(word)),)
    return Edit(resource=fact.object, put=put, leave=(fact.enrolled, fact.trail))


def _template(owner: str) -> tuple[str, ...]:
    return (*template_path(owner.partition("/")[0]), "metadata")


def _setting(fact: ProxySetting, *, says: bool) -> Edit:
    """A setting of a proxy; one that is not said only leaves."""
    if not says or not said(fact):
        return Edit(resource=fact.object, leave=(fact.value,), restart=False)
    path = (*_template(fact.object), "annotations", ANNOTATIONS[fact.aspect])
    return Edit(resource=fact.object, put=((path, fact.value),), leave=(fact.value,))


def bypasses(facts: Iterable[Bypass]) -> Iterator[Edit]:
    """The ports that skip the proxy, all of one object and direction in one annotation."""
    groups: dict[tuple[str, Direction], list[Bypass]] = {}
    for fact in facts:
        if fact.object:
            groups.setdefault((fact.object, fact.direction), []).append(fact)
    for (owner, direction), group in groups.items():
        values: list[Traced[object]] = []
        for fact in group:
            values.extend((*fact.attachment.ports, fact.trail))
        text = ",".join(str(port) for port in sorted(set(_numbers(group))))
        path = (*_template(owner), "annotations", EXCLUDE[direction])
        yield Edit(resource=owner, put=((path, Said(text, tuple(values))),), leave=tuple(values))


def whole_bypasses(facts: Iterable[Bypass]) -> Iterator[Edit]:
    """Pods to which all comes in without the agent of their node; what names some ports only leaves."""
    for fact in facts:
        if not fact.object:
            continue
        if not is_whole(fact):
            words = (*fact.attachment.ports, *fact.attachment.excluding_ports, fact.trail)
            yield Edit(resource=fact.object, leave=words, restart=False)
            continue
        path = (*_template(fact.object), "annotations", BYPASS)
        put = ((path, Said("true", (fact.trail,))),)
        yield Edit(resource=fact.object, put=put, leave=(fact.trail,))


def _numbers(group: Iterable[Bypass]) -> Iterator[int]:
    for fact in group:
        for port in fact.attachment.ports:
            if not isinstance(port.value, WorkloadPort) or not isinstance(port.value.port, int):
                raise TypeError(port)
            yield from range(port.value.port, max(port.value.port, port.value.last) + 1)


__all__ = ["Subject", "bypasses", "of_proxies"]
