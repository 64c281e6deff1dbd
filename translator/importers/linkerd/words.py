"""What labels and annotations say of proxies and of other clusters, besides what has a reader of its own.

linkerd/linkerd2 pkg/inject/inject.go ``GetOverriddenValues`` and pkg/k8s/labels.go, 2.20: the injector looks at the annotations of
namespaces and of pod templates. Their documents are carried: whatever is not as it should be is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, trail
from ir.telemetry import Telemetry
from translator.api import Loss, Options
from translator.importers.linked import word_not_read
from translator.importers.linkerd.keys import (
    INJECT,
    OBSERVES,
    POD,
    SERVICE,
    SETTLED,
    SKIP_SUBNETS,
    Treatment,
    Usual,
    is_own,
)
from translator.importers.linkerd.services import PREFIXES
from translator.resources.kubernetes.enrolment import makes_pods, pods_of
from translator.resources.kubernetes.read import below, template_path
from translator.source.leaves import Node, Resource, leaf_ref

_OUTER = "stands on the workload itself; an injector looks at its pods"
_LABEL = "stands among labels; an injector looks at annotations"
_ANNOTATION = "stands among annotations; a webhook looks at labels"
_FAMILY = (
    "decides nothing here: what it belongs to is not switched on, or a value beside it is none"
)
_TRACES = "resource.opentelemetry.io/"
_AWAIT = {"enabled": "true", "disabled": "false"}


@dataclass(frozen=True, slots=True)
class Holder:
    """An object of the input with words: its key, whom they are about, and the words by where they stand."""

    key: str
    subject: Subject
    table: Mapping[str, Treatment]
    labels: Mapping[str, Traced[str]]
    annotations: Mapping[str, Traced[str]]


@dataclass(slots=True)
class Told:
    """What the words come to; words that change nothing stay where they are, with their documents."""

    facts: list[ProxySetting | Telemetry] = field(default_factory=list)
    unknown: dict[str, list[int]] = field(default_factory=dict)
    """Leaves of keys that are not known, by key."""

    @property
    def losses(self) -> tuple[Loss, ...]:
        """One for each key that is not known."""
        return tuple(word_not_read(key, leaves) for key, leaves in self.unknown.items())


def read_words(resources: Sequence[Resource], options: Options, reads: set[int]) -> Told:
    """Settings, what is observed, and keys that nobody knows."""
    told = Told()
    for holder in _holders(resources, options):
        for entries in (holder.labels, holder.annotations):
            for key, value in entries.items():
                reads.update(value.origin)
                _one(holder, key, value, told)
    return told


def _holders(resources: Sequence[Resource], options: Options) -> Iterator[Holder]:
    for resource in resources:
        core = "/" not in resource.api_version
        space = resource.namespace or options.namespace
        own = below(resource.node, "metadata")
        both = _entries(resource, own, "labels"), _entries(resource, own, "annotations")
        if resource.kind == "Namespace" and core:
            key, subject = f"Namespace//{resource.name}", _about(Scope.NAMESPACE, resource.name)
            yield Holder(key, subject, POD, *both)
        elif resource.kind == "Service" and core:
            key = f"Service/{space}/{resource.name}"
            subject = _about(Scope.SERVICE, space, resource.name)
            yield Holder(key, subject, SERVICE, *both)
        elif makes_pods(resource):
            path = template_path(resource.kind)
            pods = below(resource.node, *path, "metadata")
            found = _entries(resource, pods, "labels"), _entries(resource, pods, "annotations")
            key = f"{resource.kind}/{space}/{resource.name}"
            yield Holder(key, pods_of(resource, space), POD, *found)


def _about(scope: Scope, namespace: str, name: str | None = None) -> Subject:
    return Subject(
        scope=scope,
        namespace=Traced(namespace),
        name=None if name is None else Traced(name),
        trail=trail(f"pods of {namespace}" if name is None else f"the service {name}"),
    )


def _entries(resource: Resource, metadata: Node | None, field_name: str) -> dict[str, Traced[str]]:
    """The source's own words, by key."""
    found = below(metadata, field_name)
    if found is None or not isinstance(found.value, dict):
        return {}
    return {
        key: Traced(_text(node.value), (leaf_ref(resource.document.number, node.leaf),))
        for key, node in found.value.items()
        if node.leaf >= 0 and (is_own(key) or key.startswith(_TRACES))
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _one(holder: Holder, key: str, value: Traced[str], told: Told) -> None:
    """One word. Settings count among annotations alone; what labels say of a Service is said by labels."""
    pods = holder.table is POD
    heeded = not pods or holder.annotations.get(key) is value
    aspect = _beside(key, value) if pods else None
    treatment = _treatment(holder.table, key, value.value)
    if key in SETTLED or (not pods and key.startswith(PREFIXES)):
        if heeded and aspect is not None:
            told.facts.append(setting(holder.subject, holder.key, key, aspect, value))
    elif treatment is None:
        told.unknown.setdefault(key, []).extend(value.origin)
    elif isinstance(treatment, Aspect) and heeded:
        told.facts.append(setting(holder.subject, holder.key, key, treatment, value))
    elif treatment == OBSERVES and heeded:
        told.facts.append(_telemetry(holder, key, value))


def _treatment(table: Mapping[str, Treatment], key: str, value: str) -> Aspect | str | None:
    """What a key is about with this value."""
    found = OBSERVES if key.startswith(_TRACES) else table.get(key)
    if isinstance(found, Usual):
        return found.reason if value in found.values else found.else_about
    return found


def _beside(key: str, value: Traced[str]) -> Aspect | None:
    """What a word is about besides what its own reader makes of it.

    Proxies of the mode ``ingress`` look requests up by their authority (linkerd2-proxy linkerd/app/outbound/src/ingress.rs,
    2.20); what comes from skipped subnets meets neither mutual TLS nor limits.
    """
    if key == SKIP_SUBNETS and value.value.strip():
        return Aspect.INBOUND
    return Aspect.INGRESS if key == INJECT and value.value == "ingress" else None


def setting(
    subject: Subject, owner: str, key: str, aspect: Aspect, value: Traced[str]
) -> ProxySetting:
    """A setting that an object states under this key."""
    if aspect is Aspect.WAIT_FOR_PROXY:
        value = value.derive(_AWAIT.get(value.value, value.value))
    return ProxySetting(
        subject=subject,
        object=owner,
        aspect=aspect,
        value=value,
        trail=trail(key, because=value.origin),
    )


def _telemetry(holder: Holder, key: str, value: Traced[str]) -> Telemetry:
    return Telemetry(
        attachment=Attachment(subject=holder.subject, enforced_at=EnforcedAt.SERVER),
        aspect=Traced(key, (), value.origin),
        setting=value,
        trail=trail(key, because=value.origin),
    )
