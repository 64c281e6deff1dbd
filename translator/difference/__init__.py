"""Two trees of manifests, each read by the importer of its own mesh, and compared exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ir.membership import ProxySetting
from ir.model import Model
from ir.opaque import Opaque
from ir.provenance import Assumption, bare
from ir.walk import traced
from translator.after import as_source
from translator.api import Options
from translator.difference.told import between_meshes, changes, setting, side, verdict
from translator.difference.tree import Tree
from translator.errors import TargetError
from translator.open_questions import left_open
from translator.pipeline import VERSION, Paths, options_of
from translator.proof import ACCESS_ALONE, ROUTING_ALONE, not_read
from translator.registry import SOURCES, load_importer, spoken_to
from translator.report.difference import (
    Difference,
)
from translator.report.model import Tool
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.source.leaves import Resource, document_of, leaf_of, leaves_below, plain
from translator.source.load import Loaded, load
from translator.touched import touched
from translator.verify.compare import Proof, Terms, compare
from translator.verify.result import Slice, Verdict
from translator.verify.settings import other_settings
from translator.verify.standins import MADE_UP, with_standins

AUTO = "auto"


def meshes_of(before: Loaded, after: Loaded, source: str, target: str) -> tuple[str, str]:
    """The meshes of both sides: as given, else those whose kinds are there, else that of the other side.

    Raises:
        TargetError: a side holds kinds of several meshes, or neither holds any.
    """
    found = [_mesh_of(before, source, "--from"), _mesh_of(after, target, "--to")]
    if not any(found):
        message = (
            "neither side holds anything of a mesh: name them with --from and --to "
            f"(expected one of {', '.join(SOURCES)})."
        )
        raise TargetError(message)
    return found[0] or found[1], found[1] or found[0]


def _mesh_of(loaded: Loaded, given: str, option: str) -> str:
    if given not in (AUTO, ""):
        return given
    found = [mesh for mesh in spoken_to(loaded.resources) if mesh in SOURCES]
    if len(found) > 1:
        message = (
            f"kinds of {' and '.join(found)} are on one side: say which is meant with {option}."
        )
        raise TargetError(message)
    return found[0] if found else ""


def read_tree(loaded: Loaded, options: Options) -> Tree:
    """What the mesh ``options.source`` makes of the documents.

    Raises:
        ExceptionGroup: of ``InputError``.
    """
    imported = load_importer(options.source.mesh)(loaded.resources, options)
    model = replace(imported.model, facts=(*imported.model.facts, *imported.standing))
    return Tree(loaded, imported, imported.options or options, model)


def laid_over(both: Loaded, after: Loaded, options: Options) -> Loaded:
    """What is in force once ``after`` is applied over the rest of ``both``.

    Objects of the same kind and name are replaced; where the meshes differ, what only the source's mesh reads is gone.
    """
    files = {document.file for document in after.documents}
    new = {_name(r, options) for r in both.resources if r.document.file in files}
    old = [r for r in both.resources if r.document.file not in files]
    gone: set[int] = set()
    if options.source.mesh != options.target.mesh:
        gone = {id(r.node) for r in load_importer(options.source.mesh)(old, options).claimed}
    left = tuple(
        r
        for r in both.resources
        if r.document.file in files or not (id(r.node) in gone or _name(r, options) in new)
    )
    numbers = {r.document.number for r in left}
    documents = tuple(d for d in both.documents if d.number in numbers)
    return replace(both, resources=left, documents=documents)


def _name(resource: Resource, options: Options) -> tuple[str, str, str, str]:
    space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or options.namespace
    return resource.api_version.rpartition("/")[0], resource.kind, space, resource.name


def difference(before: Loaded, after: Loaded, options: Options) -> Difference:
    """Compares two trees; ``options.source`` and ``options.target`` are their meshes.

    Raises:
        ExceptionGroup: of ``InputError``.
    """
    return compare_trees(read_tree(before, options), read_tree(after, as_source(options)))


def verify(
    before: Paths,
    after: Paths,
    *,
    source: str = AUTO,
    target: str = AUTO,
    **settings: object,
) -> Difference:
    """Compares what the manifests at two places do. ``settings`` are the fields of :class:`~translator.api.Options`.

    Raises:
        ExceptionGroup: of ``InputError``, all errors of a side.
        TargetError: an unknown mesh, version or setting.
    """
    sides = load(before), load(after)
    meshes = meshes_of(*sides, source, target)
    return difference(*sides, options_of(sides[0], *meshes, settings))


def compare_trees(before: Tree, after: Tree) -> Difference:
    """Compares two trees that are read."""
    same_mesh = before.mesh.mesh == after.mesh.mesh
    proof = compare_models(before, after)
    settings = tuple(setting(o, before, after) for o in other_settings(before.model, after.model))
    assumptions = {a.text: None for tree in (before, after) for a in tree.model.assumptions}
    for one in proof.found_slices:
        if one.verdict is Verdict.EQUAL_UNDER:
            assumptions.update(dict.fromkeys(one.reasons))
    open_questions = [*left_open(proof.found_slices)]
    if not same_mesh:
        open_questions.extend(between_meshes(before, after, settings))
    return Difference(
        schema_version=1,
        tool=Tool("meshmigrate", VERSION),
        before=side(before),
        after=side(after),
        verdict=verdict(proof.proof, settings, open_questions, same_mesh=same_mesh).value,
        slices=proof.proof.counts,
        changes=tuple(changes(proof.proof, before, after)),
        settings=settings,
        settings_count=same_mesh,
        open=tuple(open_questions),
        assumptions=tuple({**assumptions, **dict.fromkeys(proof.alike)}),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proof, and what had to be taken for the same on both sides."""

    proof: Proof
    alike: tuple[str, ...]

    @property
    def found_slices(self) -> tuple[Slice, ...]:
        """What was compared."""
        return tuple(one.slice for one in self.proof.found)


def compare_models(before: Tree, after: Tree) -> Outcome:
    """Compares what both trees mean; extensions that are the same on both sides are taken to do the same."""
    first, second, terms, alike = posed(before, after)
    return Outcome(compare(first, second, terms), alike)


def posed(before: Tree, after: Tree) -> tuple[Model, Model, Terms, tuple[str, ...]]:
    """The question: both models, its terms, and what is taken for the same on both sides."""
    models, alike = _without_twins(before, after)
    if before.mesh.mesh == after.mesh.mesh:
        first, second, made = with_standins(*models)
        models = first, second
        alike += (MADE_UP,) if made else ()
    notes: list[dict[str, dict[str, None]]] = [{}, {}]
    same = {*_unread(before)} & {*_unread(after)}
    for tree in (before, after):
        for (kind, space, name, _), resource in _unread(tree).items():
            where = touched(kind, space, name, tree.options)
            for alone, noted in zip((ROUTING_ALONE, ACCESS_ALONE), notes, strict=True):
                if kind not in alone and _key(resource, tree) not in same:
                    noted.setdefault(where, {})[f"{kind} that is not read in full"] = None
    alike += tuple(
        f"what is not read of {kind}/{space}/{name} is the same on both sides and does the same"
        for kind, space, name, _ in sorted(same)
    )
    terms = Terms(
        trust_domain=before.options.trust_domain,
        cluster_domain=before.options.cluster_domain,
        unread={space: tuple(names) for space, names in notes[0].items()},
        unread_routes={space: tuple(names) for space, names in notes[1].items()},
    )
    assumed = tuple(Assumption("alike", text) for text in alike)
    first, second = (replace(m, assumptions=(*m.assumptions, *assumed)) for m in models)
    return first, second, terms, alike


def _without_twins(before: Tree, after: Tree) -> tuple[tuple[Model, Model], tuple[str, ...]]:
    """The models without what is not understood and the same in both; and that it is taken to do the same."""
    if before.mesh != after.mesh:
        return (before.model, after.model), ()
    own = [
        {id(fact): _whole(fact, tree) for fact in tree.model.facts if isinstance(fact, Odd)}
        for tree in (before, after)
    ]
    twins = {*own[0].values()} & {*own[1].values()}
    first, second = (
        replace(
            tree.model, facts=tuple(f for f in tree.model.facts if held.get(id(f)) not in twins)
        )
        for tree, held in zip((before, after), own, strict=True)
    )
    named = {_called(f): None for f in before.model.facts if own[0].get(id(f)) in twins}
    return (first, second), tuple(
        f"{name} is the same on both sides and does the same" for name in sorted(named)
    )


Odd = Opaque | ProxySetting
"""Facts that may have a say in ways that are not understood."""


def _called(fact: object) -> str:
    if isinstance(fact, ProxySetting):
        return f"the setting of proxies {fact.aspect.value}"
    return fact.kind if isinstance(fact, Opaque) else ""


def _whole(fact: Odd, tree: Tree) -> str:
    """Everything that the fact says, and for what is opaque that the objects say which it comes from."""
    found = {str(bare(fact)): None}
    for ref in sorted({leaf for value in traced(fact) for leaf in value.origin}):
        document = tree.loaded.documents_by_number[document_of(ref)]
        own = tree.loaded.resource_of(document, leaf_of(ref))
        if isinstance(fact, Opaque):
            found[str(plain(document.root if own is None else own.node))] = None
    return "\n".join(found)


_SHARED = f"{ROUTE_GROUP}/"
"""Kinds that no mesh has for itself: one that nobody read may still be heeded."""

Unread = tuple[str, str, str, str]
"""Kind, namespace, name and everything that an object says."""


def _key(resource: Resource, tree: Tree) -> Unread:
    space = resource.namespace or tree.options.namespace
    return resource.kind, space, resource.name, str(plain(resource.node))


def _unread(tree: Tree) -> dict[Unread, Resource]:
    """Objects of the mesh that hold something which nobody read."""
    model = tree.model
    known = {leaf for value in traced(model) for leaf in (*value.origin, *value.because)}
    known.update(leaf for one in model.inactive for leaf in one.leaves)
    known.update(one.leaf for one in tree.imported.inert)
    known |= tree.imported.reads
    told = [*not_read(tree.imported)]
    claimed = {id(resource.node) for resource in tree.imported.claimed}
    for resource in tree.loaded.resources:
        if id(resource.node) in claimed or resource.api_version.startswith(_SHARED):
            leaves = resource.document.leaves
            refs = leaves_below(resource)
            if any(ref not in known and leaves[leaf_of(ref)].value is not None for ref in refs):
                told.append(resource)
    return {_key(resource, tree): resource for resource in told}
