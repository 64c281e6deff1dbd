"""Which workloads have a proxy: labels and annotations on namespaces and pod templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.inventory import equal_to
from ir.membership import Enrolment
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.kubernetes.read import WORKLOAD_KINDS, below, template_path
from translator.source.leaves import Node, Resource, leaf_ref

NAMESPACE_LABELS = {"istio-injection": {"enabled": True, "disabled": False}}
"""Labels of a namespace that decide for all its pods."""

POD_KEYS = {"sidecar.istio.io/inject": {"true": True, "false": False}}
"""Labels (and, older, annotations) of a pod that decide for it; the label wins."""

AMBIENT = {"istio.io/dataplane-mode": {"ambient": True, "none": False}}


def read_membership(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[Enrolment]:
    """One fact for each label or annotation that enrols or keeps out.

    istio/istio pkg/kube/inject/inject.go, 1.31: the namespace's label, else the pod's.
    """
    for resource in resources:
        group = resource.api_version.rpartition("/")[0]
        if resource.kind == "Namespace" and not group:
            labels = below(resource.node, "metadata", "labels")
            yield from _enrolments(resource, labels, {**NAMESPACE_LABELS, **AMBIENT}, None, reads)
        elif resource.kind in WORKLOAD_KINDS and group in ("", "apps", "batch", "argoproj.io"):
            namespace = resource.namespace or options.namespace
            metadata = below(resource.node, *template_path(resource.kind), "metadata")
            for field in ("labels", "annotations"):
                found = below(metadata, field)
                yield from _enrolments(resource, found, {**POD_KEYS, **AMBIENT}, namespace, reads)


def _enrolments(
    resource: Resource,
    entries: Node | None,
    keys: dict[str, dict[str, bool]],
    namespace: str | None,
    reads: set[int],
) -> Iterator[Enrolment]:
    for key, words in keys.items():
        node = below(entries, key)
        if node is None or node.leaf < 0:
            continue
        word = str(node.value).lower() if isinstance(node.value, (str, bool)) else ""
        if word in words:
            leaf = leaf_ref(resource.document.number, node.leaf)
            reads.add(leaf)
            what = f"{key} of {resource.kind}/{namespace or ''}/{resource.name}"
            yield Enrolment(
                subject=_subject(resource, namespace),
                object=f"{resource.kind}/{namespace or ''}/{resource.name}",
                enrolled=Traced(words[word], (leaf,)),
                trail=trail(what, because=(leaf,)),
            )


def _subject(resource: Resource, namespace: str | None) -> Subject:
    node = trail(f"pods of {resource.name}")
    if namespace is None:
        return Subject(scope=Scope.NAMESPACE, namespace=Traced(resource.name), trail=node)
    labels = below(resource.node, *template_path(resource.kind), "metadata", "labels")
    entries = labels.value if labels is not None and isinstance(labels.value, dict) else {}
    texts = {k: v.value for k, v in entries.items() if isinstance(v.value, str)}
    return Subject(
        scope=Scope.WORKLOADS,
        namespace=Traced(namespace),
        name=Traced(resource.name),
        labels=Traced(equal_to(texts)),
        trail=node,
    )
