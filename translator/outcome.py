"""What goes along with what is written: labels of source objects, and edits to documents of the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.model import Entry, SourceObject
from ir.provenance import Traced
from translator.api import MANAGED_BY, TOOL, Edit, Loss, Manifest, Options, Said, Tree
from translator.exporters.emit import dump, join
from translator.report.account import Placed
from translator.report.model import Fate, Impact, Placement, Severity, Support
from translator.resources.kubernetes.applied import of_the_server, whole_item
from translator.resources.kubernetes.generators import maker_of, owner_of
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.resources.kubernetes.read import below
from translator.source.edit import Put, Remove, edit, edited_tree
from translator.source.leaves import Key, Node, Resource, document_of, leaf_of, leaf_ref
from translator.source.load import Loaded

SOURCE = "meshmigrate.io/source"


def with_labels(
    manifests: Sequence[Manifest], objects: Sequence[SourceObject], loaded: Loaded
) -> tuple[Manifest, ...]:
    """The manifests with the labels and annotations of the objects that they come from, and a note of those."""
    owner = _owners(objects, loaded)
    return tuple(_labelled(manifest, owner) for manifest in manifests)


def _owners(objects: Sequence[SourceObject], loaded: Loaded) -> Mapping[int, SourceObject]:
    """The source object of each leaf that names one."""
    del loaded
    return {leaf: source for source in objects for leaf in source.trail.origin}


def _labelled(manifest: Manifest, owner: Mapping[int, SourceObject]) -> Manifest:
    found: dict[str, SourceObject] = {}
    for value in manifest.purpose:
        for leaf in (*value.origin, *value.because):
            source = owner.get(leaf)
            if source is not None:
                found[source.key] = source
    sources = [found[key] for key in sorted(found)]
    given = manifest.tree.get("metadata", {})
    metadata: dict[str, Tree] = dict(given) if isinstance(given, dict) else {}
    own = metadata.get("annotations")
    annotations = {
        **_shared([s.annotations for s in sources]),
        **(own if isinstance(own, dict) else {}),
    }
    stated = metadata.get("labels")
    labels = {
        **_shared([s.labels for s in sources]),
        **(stated if isinstance(stated, dict) else {}),
    }
    labels[MANAGED_BY] = Said(TOOL, manifest.purpose)
    if sources:
        said_by = (*manifest.purpose, *(s.trail for s in sources))
        annotations[SOURCE] = Said(",".join(s.key for s in sources), said_by)
    metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return replace(manifest, tree={**manifest.tree, "metadata": metadata})


def _shared(entries: Sequence[tuple[Entry, ...]]) -> dict[str, Tree]:
    """Entries by key; those on which the objects differ go nowhere."""
    found: dict[str, list[Traced[str]]] = {}
    for group in entries:
        for entry in group:
            found.setdefault(entry.key, []).append(entry.value)
    agreed: dict[str, Tree] = {}
    for key, values in found.items():
        if len({value.value for value in values}) == 1:
            agreed[key] = Said(values[0].value, tuple(values))
    return agreed


@dataclass(frozen=True, slots=True)
class Edited:
    """A changed copy of a document of the input."""

    resource: str
    api_version: str
    file: str
    value: dict[str, object]
    text: str


@dataclass(frozen=True, slots=True)
class Edits:
    """All changed copies, where the new leaves stand, and what could not be changed."""

    documents: tuple[Edited, ...]
    placed: tuple[Placed, ...]
    losses: tuple[Loss, ...]


def edited_documents(edits: Sequence[Edit], loaded: Loaded, options: Options) -> Edits:
    """Applies the edits of a run, one document at a time."""
    by_key = {_key(r, options.namespace): r for r in loaded.resources if _is_plain(r)}
    by_object: dict[tuple[int, tuple[Key, ...]], list[tuple[Resource, Edit]]] = {}
    losses: list[Loss] = []
    for one in edits:
        resource = by_key.get(one.resource)
        if resource is None:
            losses.append(_not_there(one))
        else:
            place = resource.document.number, resource.keys
            by_object.setdefault(place, []).append((resource, one))
    placed: list[Placed] = []
    documents = [_apply(by_object[place], placed) for place in sorted(by_object)]
    restarted = [one for one in edits if one.restart and one.resource in by_key]
    if restarted:
        losses.append(_restart(restarted, by_key))
    losses.extend(
        _owned({one.resource: by_key[one.resource] for one in edits if one.resource in by_key})
    )
    return Edits(tuple(documents), tuple(placed), tuple(losses))


def _is_plain(resource: Resource) -> bool:
    """Whether it may be changed: a Service of another API group has the name of the one that it makes."""
    return resource.kind != "Service" or resource.api_version == "v1"


def _key(resource: Resource, namespace: str) -> str:
    space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or namespace
    return f"{resource.kind}/{space}/{resource.name}"


def _apply(pairs: Sequence[tuple[Resource, Edit]], placed: list[Placed]) -> Edited:
    """The changed copy of one object; of a list only the item, so that no other goes along with it."""
    resource = pairs[0][0]
    changes: list[Put | Remove] = [Remove(path) for path in of_the_server(resource)]
    for own, one in pairs:
        for path, value in one.put:
            constant = value.value
            if isinstance(constant, dict):
                message = f"{one.resource}: an edit puts scalars alone"
                raise TypeError(message)
            changes.append(Put(path, constant))
            at = ""
            for key in path:
                at = f"{at}[{key}]" if isinstance(key, int) else join(at, key)
            by = value.by if isinstance(value, Said) else (value,)
            placed.append(Placed(by, Placement(one.resource, at)))
        for gone in one.leave:
            changes.extend(Remove(path, prune_empty=True) for path in _paths(own, gone))
    put = {change.path for change in changes if isinstance(change, Put)}  # stays, as it is to be
    changes = [c for c in changes if isinstance(c, Put) or c.path not in put]
    document = resource.document
    tree = edited_tree(resource.node, changes)
    tree = whole_item(resource, tree)
    return Edited(
        resource=pairs[0][1].resource,
        api_version=resource.api_version,
        file=document.file,
        value=tree,
        text=dump(tree) if resource.keys else edit(document.text, changes),
    )


def _paths(resource: Resource, value: Traced[object]) -> list[tuple[Key, ...]]:
    """Keys from the root of a resource to the leaves of a value that stand in it."""
    number, prefix = resource.document.number, resource.keys
    found = (
        resource.document.keys_of(leaf_of(leaf))
        for leaf in value.origin
        if document_of(leaf) == number
    )
    return [keys[len(prefix) :] for keys in found if keys[: len(prefix)] == prefix]


def _values(said: Traced[str] | Said) -> tuple[Traced[object], ...]:
    return said.by if isinstance(said, Said) else (said,)


def _not_there(one: Edit) -> Loss:
    return Loss(
        code="MM601",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.LOST,
        sites=tuple(value for _, said in one.put for value in _values(said)),
        message=f"{one.resource} should be changed, but it is not in the input.",
    )


def _restart(edits: Sequence[Edit], by_key: Mapping[str, Resource]) -> Loss:
    changed = dict.fromkeys(one.resource for one in edits)
    names = dict.fromkeys(_restarted(one.resource) for one in edits)
    return Loss(
        code="MM602",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        leaves=tuple(leaf for key in changed for leaf in _name(by_key[key])),
        message=f"pods take up their changes only when they are made anew: {', '.join(sorted(names))}.",
        advice="Restart these workloads after the new objects are applied: kubectl rollout restart."
        + (_JOBS if any(name.startswith("Job/") for name in names) else ""),
    )


_JOBS = " A Job takes no such change: where it is to run again, delete it and make it anew."


def _restarted(resource: str) -> str:
    kind, _, name = resource.rpartition("/")
    return f"all workloads of namespace {name}" if kind.startswith("Namespace") else resource


def _owned(changed: Mapping[str, Resource]) -> Iterator[Loss]:
    """Objects that somebody else writes, who would undo the change."""
    found: dict[str, list[str]] = {}
    for key, resource in changed.items():
        owner = _owner(resource)
        if owner:
            found.setdefault(owner, []).append(key)
    for owner, keys in sorted(found.items()):
        yield Loss(
            code="MM605",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            leaves=tuple(leaf for key in keys for leaf in _name(changed[key])),
            message=f"written by {owner}, which would undo the change: {', '.join(sorted(keys))}.",
            advice="Make the same change where it takes them from: the chart's values, the repository, or its owner.",
        )


def _name(resource: Resource) -> tuple[int, ...]:
    """The leaf that names an object, to show where it is."""
    node = below(resource.node, "metadata", "name")
    return () if node is None else (leaf_ref(resource.document.number, node.leaf),)


def _owner(resource: Resource) -> str:
    """Who keeps an object as it is: a tool, or the object that owns it."""
    maker = maker_of(resource)
    words = _words(below(resource.node, "metadata"), "labels")
    return maker.said if maker else owner_of(resource) or words.get(MANAGED_BY, "")


def _words(metadata: Node | None, field: str) -> dict[str, str]:
    found = below(metadata, field)
    if found is None or not isinstance(found.value, dict):
        return {}
    return {key: _word(node) for key, node in found.value.items()}


def _word(node: Node | None) -> str:
    return str(node.value) if node is not None and isinstance(node.value, str) else ""
