"""The inventory from Kubernetes' own kinds.

These kinds belong to no mesh: their documents are carried, so reading is tolerant (what is not as it should be is
passed over) and everything read here is only a reason for something, never a meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ir.inventory import (
    ContainerPort,
    HttpProbe,
    Inventory,
    Namespace,
    PortOfService,
    ProbeKind,
    Service,
    Workload,
    inventory,
)
from translator.source.leaves import Node, Resource, leaf_ref

WORKLOAD_KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Pod",
    "Rollout",
)
"""Kinds that make pods; ``Rollout`` is argoproj.io's, whose template is a Deployment's."""

WORKLOAD_GROUPS = ("", "apps", "batch", "extensions", "argoproj.io")
"""API groups of these kinds; ``extensions`` is where some of them were before Kubernetes 1.16."""

_PROBES = {
    "livenessProbe": ProbeKind.LIVENESS,
    "readinessProbe": ProbeKind.READINESS,
    "startupProbe": ProbeKind.STARTUP,
}


GRPC_CHECK = "/grpc.health.v1.Health/Check"
"""What the node asks of a container with a probe by gRPC, whatever its ``service``
(https://github.com/grpc/grpc/blob/master/doc/health-checking.md)."""


def read_inventory(resources: Sequence[Resource], namespace: str, *, complete: bool) -> Inventory:
    """What runs in the cluster; ``namespace`` is that of objects that name none."""
    namespaces: list[Namespace] = []
    services: list[Service] = []
    workloads: list[Workload] = []
    for resource in resources:
        group = resource.api_version.rpartition("/")[0]
        if resource.kind == "Namespace" and not group:
            namespaces.append(_namespace(resource))
        elif resource.kind == "Service" and not group:
            services.append(_service(resource, resource.namespace or namespace))
        elif resource.kind in WORKLOAD_KINDS and group in WORKLOAD_GROUPS:
            found = _workload(resource, resource.namespace or namespace)
            if found is not None:
                workloads.append(found)
    return inventory(namespaces, services, workloads, complete=complete)


def template_path(kind: str) -> tuple[str, ...]:
    """The path from a workload's root to its pod template."""
    match kind:
        case "Pod":
            return ()
        case "CronJob":
            return ("spec", "jobTemplate", "spec", "template")
        case _:
            return ("spec", "template")


def below(node: Node | None, *path: str) -> Node | None:
    """The node at a path of keys, or ``None``."""
    for key in path:
        if node is None or not isinstance(node.value, dict):
            return None
        node = node.value.get(key)
    return node


def _leaves(resource: Resource, *nodes: Node | None) -> tuple[int, ...]:
    found: list[int] = []
    stack = [node for node in nodes if node is not None]
    while stack:
        node = stack.pop()
        if node.leaf >= 0:
            found.append(leaf_ref(resource.document.number, node.leaf))
        elif isinstance(node.value, dict):
            stack.extend(node.value.values())
        elif isinstance(node.value, list):
            stack.extend(node.value)
    return tuple(sorted(found))


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _texts(node: Node | None) -> dict[str, str]:
    if node is None or not isinstance(node.value, dict):
        return {}
    return {key: value.value for key, value in node.value.items() if isinstance(value.value, str)}


def _items(node: Node | None) -> Iterable[Node]:
    return node.value if node is not None and isinstance(node.value, list) else ()


def _port(node: Node | None) -> int | str | None:
    if node is None or isinstance(node.value, bool):
        return None
    if isinstance(node.value, (int, str)):
        return node.value
    return None


def _namespace(resource: Resource) -> Namespace:
    root = resource.node
    return Namespace(
        name=resource.name,
        labels=_texts(below(root, "metadata", "labels")),
        annotations=_texts(below(root, "metadata", "annotations")),
        leaves=_leaves(resource, below(root, "metadata", "name")),
    )


def _service(resource: Resource, namespace: str) -> Service:
    root = resource.node
    selector = below(root, "spec", "selector")
    return Service(
        namespace=namespace,
        name=resource.name,
        selector=_texts(selector),
        ports=tuple(_service_ports(resource)),
        headless=_text(below(root, "spec", "clusterIP")) == "None",
        external_name=_text(below(root, "spec", "externalName")),
        exposed=_text(below(root, "spec", "type")) in ("NodePort", "LoadBalancer"),
        labels=_texts(below(root, "metadata", "labels")),
        annotations=_texts(below(root, "metadata", "annotations")),
        leaves=_leaves(resource, below(root, "metadata", "name"), selector),
    )


def _service_ports(resource: Resource) -> Iterable[PortOfService]:
    for index, node in enumerate(_items(below(resource.node, "spec", "ports"))):
        number = _port(below(node, "port"))
        if isinstance(number, int):
            target = _port(below(node, "targetPort"))
            yield PortOfService(
                name=_text(below(node, "name")),
                number=number,
                target=number if target is None else target,
                protocol=_text(below(node, "protocol")) or "TCP",
                app_protocol=_text(below(node, "appProtocol")),
                leaves=_leaves(resource, node),
                app_leaves=_leaves(resource, below(node, "appProtocol")),
                index=index,
            )


def _workload(resource: Resource, namespace: str) -> Workload | None:
    template = below(resource.node, *template_path(resource.kind))
    spec = below(template, "spec")
    if spec is None:
        return None
    containers = [*_items(below(spec, "initContainers")), *_items(below(spec, "containers"))]
    labels = below(template, "metadata", "labels")
    host = below(spec, "hostNetwork")
    return Workload(
        kind=resource.kind,
        namespace=namespace,
        name=resource.name,
        labels=_texts(labels),
        annotations=_texts(below(template, "metadata", "annotations")),
        service_account=_text(below(spec, "serviceAccountName"))
        or _text(below(spec, "serviceAccount"))
        or "default",
        ports=tuple(port for c in containers for port in _container_ports(resource, c)),
        probes=tuple(probe for c in containers for probe in _probes(resource, c)),
        host_network=host is not None and host.value is True,
        leaves=_leaves(resource, below(resource.node, "metadata", "name"), labels),
    )


def _container_ports(resource: Resource, container: Node) -> Iterable[ContainerPort]:
    for node in _items(below(container, "ports")):
        number = _port(below(node, "containerPort"))
        if isinstance(number, int):
            yield ContainerPort(
                name=_text(below(node, "name")),
                number=number,
                protocol=_text(below(node, "protocol")) or "TCP",
                leaves=_leaves(resource, below(node, "containerPort"), below(node, "name")),
            )


def _probes(resource: Resource, container: Node) -> Iterable[HttpProbe]:
    for field, kind in _PROBES.items():
        http = below(container, field, "httpGet")
        port = _port(below(http, "port"))
        if port is not None:
            yield HttpProbe(
                kind=kind,
                port=port,
                path=_probed(_text(below(http, "path"))),
                leaves=_leaves(resource, below(http, "port"), below(http, "path")),
            )
        number = below(container, field, "grpc", "port")
        port = _port(number)
        if port is not None:
            yield HttpProbe(kind, port, GRPC_CHECK, _leaves(resource, number), method="POST")


def _probed(path: str) -> str:
    """The path that the node asks for, which always begins with a slash (kubernetes pkg/probe/http/request.go, 1.34)."""
    return path if path.startswith("/") else f"/{path}"
