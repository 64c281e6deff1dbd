"""The smallest mesh there is: a worked example of an importer and an exporter.

It has one kind, ``Door``: who may knock where. As a source it states grants; as a target it prints what is granted to
namespaces and loses the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Closed, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.model import Model, SourceObject
from ir.provenance import Traced, absorb, merge_equal, trail
from ir.walk import close, traced
from translator.api import Emission, Export, Import, Inert, Loss, Manifest, Options, Said, Tree
from translator.report.model import Impact, Support
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import root_cursor
from translator.source.leaves import Resource

GROUP = "toy.example"


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """Reads doors: ``spec.open`` lists namespaces, ``spec.mode: allow`` is what makes a door a door."""
    reads: set[int] = set()
    claimed = tuple(r for r in resources if r.api_version.startswith(f"{GROUP}/"))
    facts: list[Closed | Grant] = []
    objects: list[SourceObject] = []
    inert: list[Inert] = []
    for resource in claimed:
        root = root_cursor(resource, reads)
        meta, own = read_metadata(root, options.namespace)
        inert.extend(own)
        objects.append(meta.source)
        spec = root.map("spec")
        mode = spec.opt_str("mode") or Traced("allow")
        where = Attachment(subject=_subject(meta), enforced_at=EnforcedAt.SERVER)
        facts.append(
            Closed(
                attachment=where,
                layer=Layer.MESH_REQUEST,
                trail=absorb(meta.fact("door"), mode, spec.empty("open")),
            )
        )
        for item in spec.opt_list("open"):
            name = item.as_str().map(lambda text: Pattern(PatternKind.EXACT, text))
            test = Test(part=Part.NAMESPACE, any_of=(name,), trail=meta.fact("caller"))
            callers = (AllOf(tests=(test,), trail=meta.fact("callers")),)
            facts.append(
                Grant(
                    attachment=where,
                    layer=Layer.MESH_REQUEST,
                    callers=callers,
                    trail=meta.fact("open"),
                )
            )
    inventory = read_inventory(resources, options.namespace, complete=options.complete)
    model = Model(facts=tuple(facts), objects=tuple(objects), inventory=inventory)
    return Import(model=model, claimed=claimed, inert=tuple(inert), reads=frozenset(reads))


def _subject(meta: Meta) -> Subject:
    return Subject(scope=Scope.NAMESPACE, namespace=meta.namespace, trail=trail("subject"))


def write_mesh(model: Model, options: Options) -> Export:
    """Prints one Door for each closed namespace, and loses grants that it cannot print."""
    legal = close(model)
    doors: dict[str, tuple[Closed, list[Tree]]] = {}
    spaces: dict[str, list[Traced[str]]] = {}
    losses: list[Loss] = []
    for fact in legal.facts:
        space = fact.attachment.subject.namespace if isinstance(fact, (Closed, Grant)) else None
        if space is not None:
            spaces.setdefault(space.value, []).append(space)
        if isinstance(fact, Closed) and space is not None:
            doors.setdefault(space.value, (fact, []))
        elif isinstance(fact, Grant) and space is not None and len(fact.callers) == 1:
            term = fact.callers[0].tests[0].any_of[0]
            if isinstance(term.value, Pattern):
                doors[space.value][1].append(term.derive(term.value.text))
        else:
            sites = tuple(traced(fact))
            losses.append(
                Loss(
                    code="MM402",
                    impact=Impact.STRICTER,
                    support=Support.NEVER,
                    sites=sites,
                    message="no door",
                )
            )
    manifests = tuple(
        _door(merge_equal(spaces[name]), closed, opened) for name, (closed, opened) in doors.items()
    )
    del options
    return Export(legal=legal, emission=Emission(manifests=manifests), losses=tuple(losses))


def _door(space: Traced[str], closed: Closed, opened: list[Tree]) -> Manifest:
    return Manifest(
        api_version=f"{GROUP}/v1",
        kind="Door",
        namespace=space.value,
        name="door",
        tree={
            "metadata": {"namespace": space},
            "spec": {"mode": Said("allow", (closed.trail,)), "open": opened},
        },
        purpose=(closed.trail,),
    )
