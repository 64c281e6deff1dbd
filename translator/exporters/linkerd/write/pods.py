"""Annotations on namespaces and pod templates: what holds for a pod as a whole. They take effect when pods are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Bypass, Closed, Direction, Grant, PeerMtls
from ir.attachment import Scope, Subject, WorkloadPort
from ir.inventory import Inventory
from ir.membership import Aspect, Enrolment, ProxySetting
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.walk import traced
from translator.api import Edit, Said
from translator.exporters.linkerd.legalise.kept import is_server
from translator.exporters.linkerd.legalise.membership import annotation_of, is_own
from translator.exporters.linkerd.legalise.opaque_ports import ranges
from translator.exporters.linkerd.takeover import ENROLLED
from translator.resources.kubernetes.read import template_path
from translator.target import Target

DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"
REQUIRE_IDENTITY = "config.linkerd.io/proxy-require-identity-inbound-ports"
INJECT = "linkerd.io/inject"
SKIP = {
    Direction.INBOUND: "config.linkerd.io/skip-inbound-ports",
    Direction.OUTBOUND: "config.linkerd.io/skip-outbound-ports",
}
_LAST_PORT = 65535


def owner_of(fact: Closed | Grant | PeerMtls) -> str:
    """The object on which it is written what holds for all of its pods."""
    name = fact.attachment.subject.name
    if name is None:
        raise TypeError(fact)
    return name.value


def is_word(fact: Closed) -> bool:
    """Whether ports are closed by a word of pods, and not by a Server."""
    return bool(fact.object) and fact.object == owner_of(fact) and not is_server(fact.object)


def default_policy(fact: Closed | PeerMtls, grant: Grant | None) -> Edit:
    """What holds on the ports that no Server names: nothing comes in, or those whom a word lets in.

    ``grant``: what its own word does (none: nobody comes in, or with a certificate alone).
    """
    if grant is not None and grant.name is not None:
        said = Said(grant.name.value, (*traced(grant), fact.trail))
    elif isinstance(fact, Closed):
        said = Said("deny", (fact.trail,))
    else:
        said = Said("all-authenticated", (fact.mode, fact.trail))
    return _of_pods(fact, DEFAULT_POLICY, said)


def asked_for_identity(fact: Closed) -> Edit:
    """The ports on which a caller shows an identity, whoever else the default lets in."""
    text = ranges({int(port.value.port) for port in fact.attachment.ports})
    return _of_pods(fact, REQUIRE_IDENTITY, Said(text, (*fact.attachment.ports, fact.trail)))


def _of_pods(fact: Closed | PeerMtls, key: str, said: Said) -> Edit:
    space = fact.attachment.subject
    by = tuple(v for v in (*said.by, space.namespace, space.labels, space.name) if v is not None)
    path = _annotation(owner_of(fact), space, key)
    return Edit(resource=owner_of(fact), put=((path, Said(said.value, by)),))


def of_proxies(fact: Enrolment | ProxySetting, model: Model, target: Target) -> Edit:
    """Who has a proxy, and with what settings it runs."""
    if isinstance(fact, ProxySetting):
        return _setting(fact, model.inventory, target)
    return _enrolment(fact, model.facts)


def _enrolment(fact: Enrolment, facts: Iterable[Fact]) -> Edit:
    """The injection of the target's proxy instead of the source's; the source's words go in the same edit.

    A word of the target's own that says how the proxy is put into its pods stays.
    """
    word = "enabled" if fact.enrolled.value else "disabled"
    if fact.enrolled.value:
        words = (f for f in facts if isinstance(f, ProxySetting) and f.trail.value == INJECT)
        word = next((f.value.value for f in words if f.object == fact.object), word)
    path = _annotation(fact.object, fact.subject, INJECT)
    return Edit(
        resource=fact.object,
        put=((path, fact.enrolled.derive(word)),),
        leave=(fact.enrolled, fact.trail),
    )


def _setting(fact: ProxySetting, known: Inventory, target: Target) -> Edit:
    """A setting of a proxy; one that the target has no words for only leaves."""
    if fact.aspect is Aspect.GATEWAY_CLASS:
        return _class_of_gateway(fact)
    key = annotation_of(fact, target)
    if is_own(fact) and fact.subject.scope is Scope.SERVICE:
        path: tuple[str, ...] = ("metadata", _where(fact, known), fact.trail.value)
        return Edit(resource=fact.object, put=((path, fact.value),), restart=False)
    if fact.aspect is Aspect.NEAR and fact.subject.scope is Scope.SERVICE:
        path = ("spec", "trafficDistribution")
        put = ((path, fact.value),)
        return Edit(resource=fact.object, put=put, leave=(fact.value,), restart=False)
    if key is None:
        return Edit(resource=fact.object, leave=(fact.value,), restart=False)
    path = _annotation(fact.object, fact.subject, key)
    return Edit(resource=fact.object, put=((path, fact.value),), leave=(fact.value,))


def _where(fact: ProxySetting, known: Inventory) -> str:
    """Whether a word of a Service stands among its annotations or its labels."""
    _, space, name = fact.object.split("/")
    service = known.service(space, name)
    annotated = service is not None and fact.trail.value in service.annotations
    return "annotations" if annotated else "labels"


def _class_of_gateway(fact: ProxySetting) -> Edit:
    """The class that takes over a Gateway, whose pods join the mesh."""
    below = ("spec", "infrastructure", "annotations")
    return Edit(
        resource=fact.object,
        put=(
            (("spec", "gatewayClassName"), fact.value),
            *(
                ((*below, key), Said(value, (fact.trail, fact.value)))
                for key, value in ENROLLED.items()
            ),
        ),
        restart=False,
    )


def bypasses(facts: Iterable[Bypass]) -> Iterator[Edit]:
    """The ports that skip the proxy, all of one object and direction in one annotation.

    Pods without a proxy have no such ports: who is enrolled says that.
    """
    groups: dict[tuple[str, Direction], list[Bypass]] = {}
    for fact in facts:
        if fact.object:
            groups.setdefault((fact.object, fact.direction), []).append(fact)
    for (owner, direction), group in groups.items():
        values: list[Traced[object]] = []
        for fact in group:
            values.extend((*fact.attachment.ports, *fact.attachment.excluding_ports, fact.trail))
        path = _annotation(owner, group[0].attachment.subject, SKIP[direction])
        text = ranges(_skipped(group))
        yield Edit(resource=owner, put=((path, Said(text, tuple(values))),), leave=tuple(values))


def _skipped(group: Sequence[Bypass]) -> set[int]:
    ports: set[int] = set()
    for fact in group:
        named = set(_numbers(fact.attachment.ports))
        left = set(_numbers(fact.attachment.excluding_ports))
        ports |= (named or set(range(1, _LAST_PORT + 1))) - left
    return ports


def _numbers(ports: Iterable[Traced[object]]) -> Iterator[int]:
    for port in ports:
        if not isinstance(port.value, WorkloadPort) or not isinstance(port.value.port, int):
            raise TypeError(port)
        yield port.value.port


def _annotation(owner: str, subject: Subject, key: str) -> tuple[str, ...]:
    """The path of an annotation that holds for the pods of an object."""
    kind = owner.partition("/")[0]
    below = () if subject.scope is Scope.NAMESPACE else template_path(kind)
    return (*below, "metadata", "annotations", key)
