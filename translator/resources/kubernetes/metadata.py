"""What every object says about itself: kind, name, labels, and what the API server keeps there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ir.model import Entry, SourceObject
from ir.provenance import Assumption, Traced, Trail, assumed, trail
from translator.api import Inert
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.source.cursor import Cursor
from translator.source.leaves import Node

SERVER_OWNED = {
    "creationTimestamp": "written by the API server",
    "deletionTimestamp": "written by the API server",
    "deletionGracePeriodSeconds": "written by the API server",
    "generation": "written by the API server",
    "resourceVersion": "written by the API server",
    "selfLink": "written by the API server",
    "uid": "written by the API server",
    "managedFields": "kept by the API server",
    "ownerReferences": "belongs to the owner of the object, which does not own its translation",
    "finalizers": "belongs to the controller of the object",
    "generateName": "the API server makes a name of it",
}
"""Fields of ``metadata`` that change no traffic and are not copied."""

TOOL_OWNED = (
    "kubectl.kubernetes.io/",
    "helm.sh/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "config.k8s.io/",
    "internal.config.kubernetes.io/",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/instance",
)
"""Prefixes of labels and annotations by which tools track objects; a copy would make them track ours."""

NO_REASONS: Mapping[str, str] = MappingProxyType({})

NAMESPACE_GIVEN = Assumption(
    "namespace", "objects that name no namespace are in the one given by --namespace"
)


@dataclass(frozen=True, slots=True)
class Meta:
    """An object's name and what goes along with it.

    ``node`` is the trail of the object itself, to be put into no fact; ``because`` gives facts their reason.
    """

    key: str
    kind: str
    namespace: Traced[str]
    name: Traced[str]
    source: SourceObject
    because: tuple[int, ...]

    def fact(self, what: str, *leaves: int) -> Trail:
        """The trail of a fact that this object states."""
        return trail(f"{what} of {self.key}", *leaves, because=self.because)


def read_metadata(
    root: Cursor,
    namespace: str,
    *,
    inert_keys: Collection[str] = (),
    reasons: Mapping[str, str] = NO_REASONS,
    nameless: bool = False,
) -> tuple[Meta, tuple[Inert, ...]]:
    """Name, labels and annotations of the object at ``root``; ``status`` and server-owned fields are inert.

    Labels and annotations whose key is in ``inert_keys`` are left to the caller; those in ``reasons`` change nothing,
    for that reason. ``nameless``: a file of this kind need not be an object, so that it may have no name.

    Raises:
        InputError: ``metadata`` or its ``name`` is missing or of the wrong type.
    """
    inert: list[Inert] = []
    kind, version = root.str("kind"), root.str("apiVersion")
    written = root.opt_map("metadata") if nameless else root.map("metadata")
    metadata = written or Cursor(root.resource, Node({}, 1, 1), "metadata", root.reads)
    name = metadata.opt_str("name")
    if name is None:
        if not nameless and not metadata.has("generateName"):
            raise metadata.refuse("the object has no name. Add metadata.name.")
        name = Traced("")
    given = metadata.opt_str("namespace")
    where = assumed(namespace, NAMESPACE_GIVEN) if given is None or not given.value else given
    for field, reason in SERVER_OWNED.items():
        found = metadata.opt(field)
        if found is not None:
            inert.extend(Inert(leaf, reason) for leaf in found.leaves())
    status = root.opt("status")
    if status is not None:
        inert.extend(Inert(leaf, "status is what a controller saw") for leaf in status.leaves())
    labels = _entries(metadata, "labels", inert, inert_keys, reasons)
    annotations = _entries(metadata, "annotations", inert, inert_keys, reasons)
    own = trail(kind.value, *kind.origin, *version.origin, *name.origin, *where.origin)
    space = "" if kind.value in CLUSTER_WIDE else where.value
    key = f"{kind.value}/{space}/{name.value}"
    source = SourceObject(key=key, labels=labels, annotations=annotations, trail=own)
    return Meta(key, kind.value, where, name, source, own.origin), tuple(inert)


def _entries(
    metadata: Cursor,
    field: str,
    inert: list[Inert],
    inert_keys: Collection[str],
    reasons: Mapping[str, str],
) -> tuple[Entry, ...]:
    found = metadata.opt_map(field)
    if found is None:
        return ()
    inert.extend(Inert(leaf, "an empty collection") for leaf in found.leaf)
    entries: list[Entry] = []
    for key, place in found.entries():
        if key in inert_keys or place.node.value is None:
            continue
        if key.startswith(TOOL_OWNED):
            reason = "a tool tracks its objects by it"
            inert.extend(Inert(leaf, reason) for leaf in place.leaves())
            continue
        if key in reasons:
            inert.extend(Inert(leaf, reasons[key]) for leaf in place.leaves())
            continue
        entries.append(Entry(key=key, value=place.as_str()))
    return tuple(entries)
