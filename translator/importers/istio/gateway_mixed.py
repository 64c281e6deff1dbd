"""Routes of services and of gateways at once, taken apart.

The object stays with its gateways and loses the parents that are services, whose rules become those of an object of
their own: what a mesh makes of the two is not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.provenance import Traced, named, trail
from translator.api import Edit, Loss, Options
from translator.errors import InputError
from translator.importers.istio.gateway_kinds import MESH, foreign_words, is_mixed_route
from translator.importers.istio.inert import INERT_KEYS, OBJECT_KEYS
from translator.importers.istio.model import GatewayRoute, Statement
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource

Reader = Callable[[Cursor, Meta], Statement]


@dataclass(frozen=True, slots=True)
class Apart:
    """The part of a route that is of services, and the change that leaves the rest."""

    route: GatewayRoute
    edit: Edit
    loss: Loss


def take_apart(
    resources: Sequence[Resource],
    reader_of: Callable[[Resource], Reader | None],
    options: Options,
    reads: set[int],
    errors: list[InputError],
) -> Iterator[Apart]:
    """Each route of both kinds of parents, in two; what the API server would refuse is added to ``errors``.

    Of an object that is there more than once the last stands.
    """
    last = {(r.kind, r.namespace, r.name): r for r in resources}
    for resource in last.values():
        reader = reader_of(resource) if is_mixed_route(resource) else None
        if reader is None:
            continue
        try:
            root = root_cursor(resource, reads)
            reasons = {**OBJECT_KEYS, **foreign_words(resource)}
            meta, _ = read_metadata(root, options.namespace, inert_keys=INERT_KEYS, reasons=reasons)
            route = reader(root, _of_services(meta))
        except InputError as error:
            errors.append(error)
            continue
        if isinstance(route, GatewayRoute) and not route.faults:
            yield _apart(route, meta)


def _of_services(meta: Meta) -> Meta:
    """The name of the part; the leaves that name the object stay with it."""
    name = f"{meta.name.value}-mesh"
    key = f"{meta.kind}/{meta.namespace.value}/{name}"
    source = replace(meta.source, key=key, trail=trail(meta.kind, because=meta.because))
    return replace(meta, name=named(name, meta.name), key=key, source=source)


def _apart(route: GatewayRoute, meta: Meta) -> Apart:
    parents = tuple(parent for parent in route.parents if parent.kind in MESH)
    words = [word for parent in parents for word in _words(parent)]
    edit = Edit(resource=meta.key, leave=tuple(words), restart=False)
    loss = Loss(
        code="MM221",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.APPROXIMATED,
        leaves=tuple(leaf for word in words for leaf in word.origin),
        message=f"{meta.key} belongs to services and to gateways at once: it keeps the gateways, and its rules for the "
        f"services stand in {route.meta.name.value}.",
        advice="Apply both together.",
    )
    return Apart(replace(route, parents=parents, hosts=(), quiet=()), edit, loss)


def _words(parent: Parent) -> list[Traced[object]]:
    given = (parent.namespace, parent.port, parent.section)
    return [parent.spent, parent.name, *(one for one in given if one is not None)]
