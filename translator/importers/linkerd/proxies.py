"""Ports that skip the proxy, by the annotations of namespaces and pods.

linkerd2 pkg/inject/inject.go and pkg/k8s/labels.go, 2.20: the pod's annotation outranks its namespace's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import Bypass, Direction
from ir.attachment import Attachment, EnforcedAt, Scope, ServicePort, Subject, WorkloadPort
from ir.provenance import Traced, named, trail
from translator.api import Options
from translator.resources.kubernetes.enrolment import makes_pods, pods_of
from translator.resources.kubernetes.read import below, template_path
from translator.source.leaves import Node, Resource, leaf_ref

SKIP = {
    "config.linkerd.io/skip-inbound-ports": Direction.INBOUND,
    "config.linkerd.io/skip-outbound-ports": Direction.OUTBOUND,
}
_LAST_PORT = 65535
_MOST_NAMED = 4096
"""Ports that are named one by one; of more, those that are left are named instead."""

Ports = tuple[Traced[WorkloadPort | ServicePort], ...]
Holder = tuple[str, Subject, Node | None, Resource]


def read_proxies(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[Bypass]:
    """The facts of every namespace and workload that is annotated."""
    holders = tuple(_holders(resources, options))
    for key, direction in SKIP.items():
        own = [(h, v) for h in holders if (v := _value(h, key, reads)) is not None]
        pods = [h[1] for h, _ in own if h[1].scope is Scope.WORKLOADS]
        for (owner, subject, _, _), value in own:
            exact = subject
            if subject.scope is Scope.NAMESPACE:
                exact = replace(subject, excluding=tuple(pods))
            bypass = _bypass(exact, owner, direction, value)
            if bypass is not None:
                yield bypass


def _holders(resources: Sequence[Resource], options: Options) -> Iterator[Holder]:
    """Namespaces and workloads with their annotations."""
    for resource in resources:
        if resource.kind == "Namespace" and "/" not in resource.api_version:
            subject = Subject(
                scope=Scope.NAMESPACE,
                namespace=Traced(resource.name),
                trail=trail(f"pods of {resource.name}"),
            )
            found = below(resource.node, "metadata", "annotations")
            yield f"Namespace//{resource.name}", subject, found, resource
        elif makes_pods(resource):
            space = resource.namespace or options.namespace
            path = (*template_path(resource.kind), "metadata", "annotations")
            key = f"{resource.kind}/{space}/{resource.name}"
            yield key, pods_of(resource, space), below(resource.node, *path), resource


def _value(holder: Holder, key: str, reads: set[int]) -> Traced[str] | None:
    node = below(holder[2], key)
    if node is None or not isinstance(node.value, str):
        return None
    leaf = leaf_ref(holder[3].document.number, node.leaf)
    reads.add(leaf)
    return Traced(node.value, (leaf,))


def _bypass(
    subject: Subject, owner: str, direction: Direction, value: Traced[str]
) -> Bypass | None:
    numbers = set(_numbers(value.value))
    if not numbers:
        return None
    inbound = direction is Direction.INBOUND
    named_ports: Ports = ()
    left: Ports = ()
    if len(numbers) <= _MOST_NAMED:
        named_ports = tuple(Traced(WorkloadPort(n), value.origin) for n in sorted(numbers))
    else:
        rest = sorted(set(range(1, _LAST_PORT + 1)) - numbers)
        left = tuple(named(WorkloadPort(n), value) for n in rest)
    return Bypass(
        attachment=Attachment(
            subject=subject,
            ports=named_ports,
            excluding_ports=left,
            enforced_at=EnforcedAt.SERVER if inbound else EnforcedAt.CLIENT,
        ),
        direction=direction,
        object=owner,
        trail=trail(f"{direction} bypass of {owner}", *(() if named_ports else value.origin)),
    )


def _numbers(text: str) -> Iterator[int]:
    """The ports of a list such as ``4567,8000-8002``; words that are none say nothing."""
    for word in text.split(","):
        low, dash, high = word.strip().partition("-")
        if low.isdecimal() and (not dash or high.isdecimal()):
            yield from range(int(low), min(int(high) if dash else int(low), _LAST_PORT) + 1)
