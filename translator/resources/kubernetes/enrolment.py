"""Words on namespaces and pod templates that say whether pods have a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.access import Bypass, Direction
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import equal_to
from ir.membership import Enrolment
from ir.provenance import Traced, trail
from translator.resources.kubernetes.read import (
    WORKLOAD_GROUPS,
    WORKLOAD_KINDS,
    below,
    template_path,
)
from translator.source.leaves import Node, Resource, leaf_ref

Words = Mapping[str, Mapping[str, bool]]
"""Keys of labels or annotations, and what their values mean; other values say nothing."""


def in_namespace(
    resource: Resource, field: str, words: Words, reads: set[int]
) -> Iterator[Enrolment]:
    """What a namespace's ``field`` (labels or annotations) says for all its pods."""
    if resource.kind == "Namespace" and "/" not in resource.api_version:
        entries = below(resource.node, "metadata", field)
        yield from _enrolments(resource, entries, words, None, reads)


def in_template(
    resource: Resource, field: str, words: Words, default: str, reads: set[int]
) -> Iterator[Enrolment]:
    """What a pod template's ``field`` says for its pods; ``default`` is the namespace of objects that name none."""
    if makes_pods(resource):
        entries = below(resource.node, *template_path(resource.kind), "metadata", field)
        yield from _enrolments(resource, entries, words, resource.namespace or default, reads)


def makes_pods(resource: Resource) -> bool:
    """Whether it is a workload of Kubernetes' own or of Argo Rollouts."""
    group = resource.api_version.rpartition("/")[0]
    return resource.kind in WORKLOAD_KINDS and group in WORKLOAD_GROUPS


def pods_of(resource: Resource, namespace: str) -> Subject:
    """The pods of a workload, by the labels of its template."""
    labels = below(resource.node, *template_path(resource.kind), "metadata", "labels")
    entries = labels.value if labels is not None and isinstance(labels.value, dict) else {}
    texts = {k: v.value for k, v in entries.items() if isinstance(v.value, str)}
    return Subject(
        scope=Scope.WORKLOADS,
        namespace=Traced(namespace),
        name=Traced(resource.name),
        labels=Traced(equal_to(texts)),
        trail=trail(f"pods of {resource.name}"),
    )


def _enrolments(
    resource: Resource, entries: Node | None, words: Words, namespace: str | None, reads: set[int]
) -> Iterator[Enrolment]:
    for key, meanings in words.items():
        node = below(entries, key)
        if node is None or node.leaf < 0:
            continue
        word = str(node.value).lower() if isinstance(node.value, (str, bool)) else ""
        if word not in meanings:
            continue
        leaf = leaf_ref(resource.document.number, node.leaf)
        reads.add(leaf)
        owner = f"{resource.kind}/{namespace or ''}/{resource.name}"
        yield Enrolment(
            subject=_namespace(resource) if namespace is None else pods_of(resource, namespace),
            object=owner,
            enrolled=Traced(meanings[word], (leaf,)),
            trail=trail(f"{key} of {owner}", because=(leaf,)),
        )


def _namespace(resource: Resource) -> Subject:
    return Subject(
        scope=Scope.NAMESPACE,
        namespace=Traced(resource.name),
        trail=trail(f"pods of {resource.name}"),
    )


def _space(subject: Subject) -> str:
    return "" if subject.namespace is None else subject.namespace.value


def kept_out(enrolments: Sequence[Enrolment]) -> Iterator[Bypass]:
    """Pods that are kept out of the mesh have no proxy: no policy of the mesh exists on any of their ports."""
    pods: dict[str, list[Subject]] = {}
    for one in enrolments:
        if one.subject.scope is Scope.WORKLOADS:
            pods.setdefault(_space(one.subject), []).append(one.subject)
    for one in enrolments:
        if not one.enrolled.value:
            wide = one.subject.scope is Scope.NAMESPACE
            own = tuple(pods.get(_space(one.subject), ())) if wide else ()
            subject = replace(one.subject, excluding=own)
            yield Bypass(
                attachment=Attachment(subject=subject, enforced_at=EnforcedAt.SERVER),
                direction=Direction.INBOUND,
                trail=trail(f"no proxy in {one.object}", because=one.enrolled.because),
            )
