"""Gateways that the target is to serve in kinds of its own: they and the routes bound to them are said anew.

Without that they stay where they are, with the controller of a class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from ir.edge import ListenerTls
from ir.provenance import Traced, absorb
from translator.api import Loss, Options
from translator.importers.route_objects.model import (
    Door,
    GatewayObject,
    ListenerSetObject,
    Statement,
)
from translator.importers.route_objects.places import GROUPS, at, group_of, is_route, word
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Node, Resource

T = TypeVar("T")

_SETS = ("ListenerSet", "XListenerSet")
_SERVED = "istio"
"""The class that the target serves beside its own kinds (istio/istio pilot/pkg/config/kube/gateway/gatewayclass.go, 1.31)."""


def _every(_: str) -> bool:
    return True


def taken_over(
    resources: Sequence[Resource], options: Options, of_class: Callable[[str], bool] = _every
) -> frozenset[int]:
    """The objects that are said anew, by the identity of their nodes; none where no pods are chosen for them.

    ``of_class``: whether Gateways of a class are the source's to hand over. A route goes along if each Gateway that it
    belongs to does.
    """
    if not options.gateway_selector or options.source.mesh == options.target.mesh:
        return frozenset()
    own = [r for r in resources if group_of(r) in GROUPS]
    gateways = {
        _key("Gateway", r, options)
        for r in own
        if r.kind == "Gateway" and of_class(word(at(r.node, "spec"), "gatewayClassName"))
    }
    sets = {
        _key("ListenerSet", r, options)
        for r in own
        if r.kind in _SETS and _named(at(at(r.node, "spec"), "parentRef"), r, options) in gateways
    }
    taken = gateways | sets
    found: list[int] = []
    for resource in own:
        kind = "ListenerSet" if resource.kind in _SETS else resource.kind
        parents = [p for p in _parents(resource, options) if p[0] in ("Gateway", "ListenerSet")]
        bound = is_route(resource) and bool(parents) and taken.issuperset(parents)
        if bound or _key(kind, resource, options) in taken:
            found.append(id(resource.node))
    return frozenset(found)


Key = tuple[str, str, str]
"""Kind, namespace and name."""


def _key(kind: str, resource: Resource, options: Options) -> Key:
    return kind, resource.namespace or options.namespace, resource.name


def _parents(resource: Resource, options: Options) -> Iterator[Key]:
    parents = at(at(resource.node, "spec"), "parentRefs") if is_route(resource) else None
    for item in parents.value if parents is not None and isinstance(parents.value, list) else ():
        yield _named(item, resource, options)


def _named(reference: Node | None, resource: Resource, options: Options) -> Key:
    kind = word(reference, "kind") or "Gateway"
    space = word(reference, "namespace") or resource.namespace or options.namespace
    return "ListenerSet" if kind in _SETS else kind, space, word(reference, "name")


def is_still_heeded(resource: Resource, taken: frozenset[int]) -> bool:
    """Whether the target heeds what is said anew where it stands, too: a Gateway of its own class."""
    own = word(at(resource.node, "spec"), "gatewayClassName") == _SERVED
    return own and resource.kind == "Gateway" and id(resource.node) in taken


def with_care(one: T) -> T:
    """The same; a listener with options that only its class knows may ask clients for certificates."""
    if isinstance(one, (GatewayObject, ListenerSetObject)):
        return replace(one, doors=tuple(map(_with_care, one.doors)))
    return one


def _with_care(door: Door) -> Door:
    own = door.listener
    if own.tls is None or own.tls.value is not ListenerTls.TERMINATE or not own.demands:
        return door
    return replace(door, listener=replace(own, tls=own.tls.derive(ListenerTls.OPTIONAL_MUTUAL)))


def said_anew(one: Statement) -> Statement:
    """A gateway or a set of listeners, of which what says whose they are is a part of what the first listener says."""
    one = with_care(one)
    if isinstance(one, GatewayObject) and one.doors:
        return replace(one, doors=_with(one.doors, one.class_name, one.sets_words))
    if isinstance(one, ListenerSetObject) and one.doors:
        parent = one.parent
        words = [parent.spent, parent.name, *([parent.namespace] if parent.namespace else [])]
        return replace(one, doors=_with(one.doors, *words))
    return one


def _with(doors: tuple[Door, ...], *words: Traced[str]) -> tuple[Door, ...]:
    first = doors[0]
    listener = replace(first.listener, trail=absorb(first.listener.trail, *words))
    return (replace(first, listener=listener), *doors[1:])


def handed_over(gateway: GatewayObject) -> Loss:
    """What becomes of its class."""
    return Loss(
        code="MM505",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        leaves=gateway.meta.name.origin,
        message=f"{gateway.meta.key} becomes a Gateway of the target's own kind: the pods that --gateway-selector chooses "
        "serve it, at their address.",
        why="It has a class in the source, and is served by labels in the target.",
        advice="See that these pods' Service has its ports and that rules on who calls let them in, test, then point DNS to "
        "their address.",
    )
