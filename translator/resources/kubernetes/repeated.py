"""Objects that stand in the input several times: the last is what the cluster holds in the end.

``kubectl apply`` takes documents in order and puts each in the place of the one before it of the same group, kind,
namespace and name, whatever the version (https://kubernetes.io/docs/reference/kubectl/generated/kubectl_apply).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.model import Inactive
from translator.api import Import, Inert, Loss
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.kinds import CLUSTER_WIDE
from translator.resources.kubernetes.read import WORKLOAD_KINDS
from translator.source.leaves import Resource, leaves_below, plain

Name = tuple[str, str, str, str]
"""Group, kind, namespace and name."""

_LISTED = ("Service", "Namespace", "NetworkPolicy", *WORKLOAD_KINDS)
"""Kinds that every mesh looks at, besides its own."""

_AGAIN = "it stands again further on, word for word"
_REPLACED = "a later document takes its place"


@dataclass(frozen=True, slots=True)
class Repeated:
    """A resource, and the later one that takes its place."""

    resource: Resource
    by: Resource


def last_ones(
    resources: Sequence[Resource], namespace: str
) -> tuple[tuple[Resource, ...], tuple[Repeated, ...]]:
    """The resources that are left in the end, and those that others take the place of.

    ``namespace`` is that of objects that name none. An object without a name of its own is one of its own.
    """
    names = [_name(resource, namespace) for resource in resources]
    last = {name: r for name, r in zip(names, resources, strict=True) if name is not None}
    if len(last) == sum(name is not None for name in names):
        return tuple(resources), ()
    kept: list[Resource] = []
    gone: list[Repeated] = []
    for name, one in zip(names, resources, strict=True):
        winner = one if name is None else last[name]
        if winner.node is one.node:
            kept.append(one)
        else:
            gone.append(Repeated(one, winner))
    return tuple(kept), tuple(gone)


def _name(resource: Resource, namespace: str) -> Name | None:
    if not resource.name:
        return None
    space = "" if resource.kind in CLUSTER_WIDE else resource.namespace or namespace
    group = resource.api_version.rpartition("/")[0]
    return group, resource.kind, space, resource.name


def with_repeated(found: Import, gone: Sequence[Repeated]) -> Import:
    """What an importer made of the last ones, with what is to be said of those before."""
    if not gone:
        return found
    own = {id(resource.node) for resource in found.claimed}
    before = tuple(one.resource for one in gone if id(one.by.node) in own)
    same = [one for one in gone if plain(one.resource.node) == plain(one.by.node)]
    others = [one for one in gone if one not in same]
    return replace(
        found,
        model=replace(found.model, inactive=(*found.model.inactive, *map(_again, same))),
        claimed=(*found.claimed, *before),
        inert=(
            *found.inert,
            *(Inert(leaf, _REPLACED) for one in others for leaf in leaves_below(one.resource)),
        ),
        losses=(*found.losses, *_replaced(others, own)),
    )


def _again(one: Repeated) -> Inactive:
    return Inactive(leaves=leaves_below(one.resource), winner=_place(one.by), why=_AGAIN)


def _replaced(gone: Sequence[Repeated], own: set[int]) -> Iterator[Loss]:
    for one in gone:
        resource = one.resource
        matters = id(one.by.node) in own or resource.kind in _LISTED
        yield Loss(
            code="MM105",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.HIGH if matters else Severity.INFO,
            fate=Fate.INERT,
            leaves=leaves_below(resource),
            message=f"{resource.kind} {resource.name} stands again, with other words, in {_place(one.by)}: that one is what "
            "the cluster holds in the end, and this one counts for nothing.",
            advice="Remove one of them, or translate the environments that they belong to one at a time.",
        )


def _place(resource: Resource) -> str:
    return f"{resource.document.file}:{resource.node.line}"
