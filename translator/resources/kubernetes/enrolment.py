"""Words on namespaces and pod templates that say whether pods have a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.access import Bypass, Direction
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Inventory, Workload, equal_to
from ir.membership import Enrolment
from ir.provenance import Traced, absorb, trail
from translator.resources.kubernetes.read import (
    WORKLOAD_GROUPS,
    WORKLOAD_KINDS,
    below,
    template_path,
)
from translator.source.leaves import Node, Resource, leaf_ref

Words = Mapping[str, Mapping[str, bool]]
"""Keys of labels or annotations, and what their values mean; other values keep pods out, an empty one says nothing."""


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
        word = node.value if isinstance(node.value, str) else str(node.value).lower()
        if not word or node.value is None:
            continue
        leaf = leaf_ref(resource.document.number, node.leaf)
        reads.add(leaf)
        owner = f"{resource.kind}/{namespace or ''}/{resource.name}"
        known = word in meanings
        node_trail = trail(f"{key} of {owner}", because=(leaf,))
        yield Enrolment(
            subject=_namespace(resource) if namespace is None else pods_of(resource, namespace),
            object=owner,
            enrolled=Traced(known and meanings[word], (leaf,) if known else ()),
            trail=node_trail if known else absorb(node_trail, Traced(word, (leaf,))),
        )


def _namespace(resource: Resource) -> Subject:
    return Subject(
        scope=Scope.NAMESPACE,
        namespace=Traced(resource.name),
        trail=trail(f"pods of {resource.name}"),
    )


def _space(subject: Subject) -> str:
    return "" if subject.namespace is None else subject.namespace.value


def kept_out(enrolments: Sequence[Enrolment], inventory: Inventory) -> Iterator[Bypass]:
    """Pods that are kept out of the mesh have no proxy: no policy of the mesh exists on any of their ports.

    So it is with pods on the network of their node, whatever is said of them: no injector changes the rules of the node,
    and no agent takes such pods (istio/istio pkg/kube/inject/inject.go ``injectRequired`` and
    cni/pkg/util/enablement_selector.go, 1.31; linkerd2 pkg/inject/report.go ``Injectable``, 2.20).
    """
    joined: dict[str, dict[str, Subject]] = {}
    for one in enrolments:
        if one.subject.scope is Scope.WORKLOADS and one.enrolled.value:
            joined.setdefault(_space(one.subject), {})[one.object] = one.subject
    out: dict[str, Bypass] = {}
    for one in enrolments:
        if not one.enrolled.value:
            wide = one.subject.scope is Scope.NAMESPACE
            own = joined.get(_space(one.subject), {}) if wide else {}
            left = (_alone(key, s, own, inventory) for key, s in own.items())
            subject = replace(one.subject, excluding=tuple(left))
            out[one.object] = _no_proxy(subject, one.object, one.enrolled.because)
    for workload in inventory.workloads:
        if workload.host_network and workload.key not in out:
            out[workload.key] = _no_proxy(_pods(workload), workload.key, workload.leaves)
    yield from (_only_theirs(key, one, out, inventory) for key, one in out.items())


def only_theirs(bypasses: Sequence[Bypass], inventory: Inventory) -> Iterator[Bypass]:
    """What objects say of the ports of their pods, less other pods that bear the same labels and do not say it."""
    said: dict[str, dict[str, Bypass]] = {}
    for one in bypasses:
        said.setdefault(_asked(one), {})[one.object] = one
    for one in bypasses:
        yield _only_theirs(one.object, one, said[_asked(one)], inventory)


def _asked(bypass: Bypass) -> str:
    at = bypass.attachment
    ports = ([str(p.value) for p in some] for some in (at.ports, at.excluding_ports))
    return f"{bypass.direction} {[sorted(some) for some in ports]}"


def _only_theirs(
    key: str, bypass: Bypass, said: Mapping[str, Bypass], inventory: Inventory
) -> Bypass:
    """The fact of one workload without the pods of others that its labels cover.

    A job may bear the label of the server that it cleans up for, and be kept out while the server is not.
    """
    subject = bypass.attachment.subject
    if subject.scope is not Scope.WORKLOADS:
        return bypass
    alone = _alone(key, subject, said, inventory)
    return replace(bypass, attachment=replace(bypass.attachment, subject=alone))


def _alone(key: str, subject: Subject, said: Mapping[str, object], inventory: Inventory) -> Subject:
    """The pods of one workload, where others bear its labels too that are not among those of whom the same is ``said``."""
    if subject.namespace is None or subject.labels is None:
        return subject
    others = [
        workload
        for workload in inventory.selected(subject.namespace.value, subject.labels.value)
        if workload.key != key and workload.key not in said
    ]
    if not others:
        return subject
    less = (*subject.excluding, *map(_pods, others))
    return replace(subject, excluding=less, workload=Traced(key))


def _no_proxy(subject: Subject, owner: str, because: Sequence[int]) -> Bypass:
    return Bypass(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.SERVER),
        direction=Direction.INBOUND,
        trail=trail(f"no proxy in {owner}", because=because),
    )


def _pods(workload: Workload) -> Subject:
    return Subject(
        scope=Scope.WORKLOADS,
        namespace=Traced(workload.namespace),
        name=Traced(workload.name),
        labels=Traced(equal_to(workload.labels)),
        trail=trail(f"pods of {workload.name}"),
    )
