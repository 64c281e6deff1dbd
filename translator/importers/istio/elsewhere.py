"""The source's labels and annotations where no injector looks: on other objects, inside custom resources, in selectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from translator.api import Inert, Loss
from translator.importers.istio.keys import is_own
from translator.importers.istio.membership import INJECT, INJECTION, MODE, POD_KEYS, REVISION
from translator.importers.istio.words import GATEWAY_API
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.enrolment import makes_pods
from translator.source.leaves import Key, Node, Resource, leaf_ref

_ENROL = (INJECTION, INJECT, REVISION, MODE)
_IDLE = "stands on an object that has no pods"
_INJECTOR = "belongs to the source's own injector"


@dataclass(slots=True)
class Elsewhere:
    """What was found."""

    inert: list[Inert] = field(default_factory=list)
    inside: list[int] = field(default_factory=list)
    """Leaves inside objects that may make pods by them."""
    selectors: list[int] = field(default_factory=list)
    """Leaves by which objects are selected."""
    own: list[int] = field(default_factory=list)
    """Leaves by which a workload knows its pods, which leave with the pods' labels."""

    @property
    def losses(self) -> tuple[Loss, ...]:
        """One for each kind of place."""
        found = ((self.inside, _inside), (self.selectors, _selector), (self.own, _own_selector))
        return tuple(loss(tuple(leaves)) for leaves, loss in found if leaves)


def read_elsewhere(resources: Sequence[Resource], reads: set[int]) -> Elsewhere:
    """The source's keys in objects that belong to no mesh, save where they are read for what they mean."""
    found = Elsewhere()
    for resource in resources:
        core = "/" not in resource.api_version
        read = makes_pods(resource) or (core and resource.kind in ("Namespace", "Service"))
        for path, node in _own_keys(resource.node, ()):
            leaf = leaf_ref(resource.document.number, node.leaf)
            if makes_pods(resource) and path[:-1] == ("spec", "selector", "matchLabels"):
                if path[-1] in POD_KEYS:
                    found.own.append(leaf)
            elif _is_selector(path):
                _selects(resource, leaf, str(path[-1]), found)
            elif path[0] == "metadata":
                if not read and not resource.api_version.startswith(GATEWAY_API):
                    found.inert.append(Inert(leaf, _IDLE))
            elif not read and not resource.api_version.startswith(GATEWAY_API):
                found.inside.append(leaf)
            else:
                continue
            reads.add(leaf)
    return found


def _selects(resource: Resource, leaf: int, key: str, found: Elsewhere) -> None:
    if resource.kind == "MutatingWebhookConfiguration":
        found.inert.append(Inert(leaf, _INJECTOR))
    elif key in _ENROL:
        found.selectors.append(leaf)


def _is_selector(path: tuple[Key, ...]) -> bool:
    return len(path) > 1 and path[-2] in ("matchLabels", "selector")


def _own_keys(node: Node, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], Node]]:
    """Entries of maps whose key is one of the source's, with their paths."""
    if isinstance(node.value, dict):
        for key, inner in node.value.items():
            here = (*path, key)
            if inner.leaf >= 0 and is_own(key):
                yield here, inner
            else:
                yield from _own_keys(inner, here)
    elif isinstance(node.value, list):
        for index, inner in enumerate(node.value):
            yield from _own_keys(inner, (*path, index))


def _inside(leaves: tuple[int, ...]) -> Loss:
    return Loss(
        code="MM601",
        impact=Impact.DIFFERENT,
        support=Support.NOT_YET,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves,
        message="these words of the source stand inside objects of which this tool does not know how pods are made: "
        "they stay as they are.",
        advice="Set linkerd.io/inject in the same place and take the source's word out.",
    )


def _selector(leaves: tuple[int, ...]) -> Loss:
    return Loss(
        code="MM601",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.UNREAD,
        leaves=leaves,
        message="objects are selected here by a label that leaves when they join the target.",
        advice="Select by a label of your own (kubernetes.io/metadata.name for namespaces) before anything moves.",
    )


def _own_selector(leaves: tuple[int, ...]) -> Loss:
    return Loss(
        code="MM601",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        leaves=leaves,
        message="these workloads know their pods by a label that leaves; the API server lets nobody change that of a "
        "workload that is there.",
        advice="Delete the workload and make it anew, or have the label out of its selector before.",
    )
