"""What controllers and injectors make, as a listing of a cluster shows it beside what it is made from.

A change to a ReplicaSet or a Pod that is owned is undone or lost with the pod; its labels are not those of the next one
(Kubernetes: ``metadata.ownerReferences``, https://kubernetes.io/docs/concepts/architecture/garbage-collection/). So the
owner alone is a workload where it is there too, and else the first of those that it made stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from translator.resources.kubernetes.read import (
    WORKLOAD_GROUPS,
    WORKLOAD_KINDS,
    below,
    template_path,
)
from translator.source.leaves import Node, Resource

Owner = tuple[str, str, str]
"""Kind (with its group, where that makes no workloads of Kubernetes' own), namespace and name."""

_LABELS = frozenset(
    {
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "controller-uid",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
        "security.istio.io/tlsMode",
        "service.istio.io/canonical-name",
        "service.istio.io/canonical-revision",
        "linkerd.io/control-plane-ns",
        "linkerd.io/workload-ns",
    }
)
"""Labels that are put on pods as they are made, by Kubernetes' controllers
(https://kubernetes.io/docs/reference/labels-annotations-taints/) and by the injectors of Istio
(istio/istio pkg/kube/inject/webhook.go, 1.31) and Linkerd (linkerd2 pkg/k8s/labels.go, 2.20)."""

_PREFIXES = ("linkerd.io/proxy-",)

_PROXIES = {
    "sidecar.istio.io/status": ("istio-proxy", "istio-init", "istio-validation"),
    "linkerd.io/proxy-version": ("linkerd-proxy", "linkerd-init", "linkerd-network-validator"),
}
"""Containers that an injector puts into a pod, by the annotation that it leaves."""


def standing(resources: Sequence[Resource], namespace: str) -> tuple[Resource, ...]:
    """The objects without those that another of them makes; ``namespace`` is that of objects that name none.

    An object makes pods where it has a template for them: a Rollout that refers to another's, a ReplicaSet cut short, or
    an owner of a kind that is not known (a Revision of Knative, a set of pods of an operator) stand for none. Of pods
    whose owner is not there, or has no template, one stays for each owner and each set of labels, as its template would
    be: without what was put on the pod or into it as it was made. (Pods of one owner with other labels are of another
    template.)
    """
    made = {(r.kind, r.namespace or namespace, r.name): r for r in resources if _makes_pods(r)}
    chosen: dict[tuple[str, Owner, frozenset[tuple[str, str]]], Resource] = {}
    for one in sorted(filter(_makes_pods, resources), key=lambda r: (r.namespace or "", r.name)):
        owner = _owner(one, namespace)
        if owner is not None and _has_template(one) and not _is_made(owner, made, namespace):
            chosen.setdefault((one.kind, owner, _labels(one)), one)
    first = {id(one.node) for one in chosen.values()}
    found = []
    for one in resources:
        owner = _owner(one, namespace) if _makes_pods(one) else None
        if owner is None:
            found.append(one)
        elif id(one.node) in first:
            found.append(replace(one, node=_as_template(one)))
    return tuple(found)


def _is_made(owner: Owner, made: Mapping[Owner, Resource], namespace: str) -> bool:
    """Whether the owner, or whoever made that, has the template that its pods come from."""
    seen: set[Owner] = set()
    at: Owner | None = owner
    while at is not None and at not in seen:
        seen.add(at)
        there = made.get(at)
        if there is None:
            return False
        if _has_template(there):
            return True
        at = _owner(there, namespace)
    return False


def _makes_pods(resource: Resource) -> bool:
    group = resource.api_version.rpartition("/")[0]
    return resource.kind in WORKLOAD_KINDS and group in WORKLOAD_GROUPS


def _has_template(resource: Resource) -> bool:
    return below(resource.node, *template_path(resource.kind), "spec") is not None


def _owner(resource: Resource, namespace: str) -> Owner | None:
    """The object that made this one: the owner that says of itself that it is the controller.

    One of an API group that has none of the known kinds is told from these by its group.
    """
    listed = below(resource.node, "metadata", "ownerReferences")
    for one in listed.value if listed is not None and isinstance(listed.value, list) else ():
        version, kind, name = (below(one, part) for part in ("apiVersion", "kind", "name"))
        controls = below(one, "controller")
        if kind is None or name is None or kind.value == "Node":
            continue
        known = kind.value in WORKLOAD_KINDS
        if (known and controls is None) or (controls is not None and controls.value is True):
            group = "" if version is None else str(version.value).rpartition("/")[0]
            own = "" if known and group in WORKLOAD_GROUPS else f"{group}/"
            return f"{own}{kind.value}", resource.namespace or namespace, str(name.value)
    return None


def _as_template(resource: Resource) -> Node:
    path = template_path(resource.kind)
    template = below(resource.node, *path)
    if template is None:
        return resource.node
    made = _within(template, ("metadata", "labels"), _without_labels)
    gone = frozenset(_proxies(template))
    for part in ("initContainers", "containers") if gone else ():
        made = _within(made, ("spec", part), lambda node: _without(node, gone))
    return _within(resource.node, path, lambda _: made)


def _proxies(template: Node) -> Iterator[str]:
    annotations = below(template, "metadata", "annotations")
    if annotations is not None and isinstance(annotations.value, dict):
        for key, names in _PROXIES.items():
            if key in annotations.value and not _is_gateway(annotations):
                yield from names


def _is_gateway(annotations: Node) -> bool:
    """Whether the proxy is the application: Istio's gateways are injected as one."""
    templates = below(annotations, "inject.istio.io/templates")
    return templates is not None and "gateway" in str(templates.value)


def _labels(resource: Resource) -> frozenset[tuple[str, str]]:
    """The labels of its template."""
    path = (*template_path(resource.kind), "metadata", "labels")
    there = below(_as_template(resource), *path)
    labels = there.value if there is not None and isinstance(there.value, dict) else {}
    return frozenset((key, str(value.value)) for key, value in labels.items())


def _without_labels(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    kept = {
        key: value
        for key, value in node.value.items()
        if key not in _LABELS and not key.startswith(_PREFIXES)
    }
    return replace(node, value=kept)


def _without(node: Node, names: frozenset[str]) -> Node:
    if not isinstance(node.value, list):
        return node
    kept = [
        one
        for one in node.value
        if (found := below(one, "name")) is None or found.value not in names
    ]
    return replace(node, value=kept)


def _within(node: Node, path: Sequence[str], change: Callable[[Node], Node]) -> Node:
    """The tree with what stands at the path changed; as it is where nothing stands there."""
    if not path:
        return change(node)
    if not isinstance(node.value, dict) or path[0] not in node.value:
        return node
    inner = _within(node.value[path[0]], path[1:], change)
    return replace(node, value={**node.value, path[0]: inner})
