"""The pods that a rule is about, as sets that can be cut: namespaces AND labels.

A region is a :class:`~translator.exporters.cilium.peers.Pods` without service accounts. One that lies in a namespace becomes
a CiliumNetworkPolicy, one in all namespaces but some a CiliumClusterwideNetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ir.attachment import Scope, Subject
from ir.inventory import Inventory, Workload, contains, equal_to, meets
from ir.match import Labels, Operator, Requirement
from ir.provenance import Traced, derived, named
from translator.exporters.cilium.names import Names
from translator.exporters.cilium.peers import Pods
from translator.resources.kubernetes.identity import tells_pods_apart

Region = Pods
Regions = tuple[Region, ...]

_USUAL = ("app", "app.kubernetes.io/name", "k8s-app")


def regions_of(subject: Subject, inventory: Inventory, beyond: Iterable[str] = ()) -> Regions:
    """The pods of a subject; ``beyond``: namespaces that no rule for all of them is about."""
    whole = _whole(subject, inventory, beyond)
    for narrower in subject.excluding:
        whole = minus(whole, _whole(narrower, inventory, ()))
    return whole


def _whole(subject: Subject, inventory: Inventory, beyond: Iterable[str]) -> Regions:
    space = subject.namespace
    spaces = Names(frozenset(beyond), but=True) if space is None else Names.of(space.value)
    match subject.scope:
        case Scope.MESH | Scope.NAMESPACE:
            return (Pods(spaces),)
        case Scope.WORKLOADS:
            labels = () if subject.labels is None else subject.labels.value.requirements
            return (Pods(spaces, labels=labels),)
        case Scope.SERVICE if space is not None and subject.name is not None:
            service = inventory.service(space.value, subject.name.value)
            if service is None or not service.selector:
                return ()
            return (Pods(spaces, labels=equal_to(service.selector).requirements),)
        case _:
            return ()


def minus(regions: Iterable[Region], others: Iterable[Region]) -> Regions:
    """The regions less others."""
    left = [one for one in regions if not one.empty]
    for other in others:
        left = [part for one in left for part in one.minus(other) if not part.empty]
    return tuple(left)


def common(regions: Iterable[Region], others: Sequence[Region]) -> Regions:
    """What is in both."""
    return tuple(both for a in regions for b in others if not (both := a & b).empty)


def within(regions: Iterable[Region], others: Sequence[Region]) -> bool:
    """Whether each of the regions is in one of the others, as far as the words tell."""
    return all(any(other.covers(one) for other in others) for one in regions)


def has(region: Region, workload: Workload) -> bool:
    """Whether the pods of the workload are in the region."""
    return region.spaces.holds(workload.namespace) and meets(workload.labels, Labels(region.labels))


def pods_in(regions: Iterable[Region], inventory: Inventory) -> tuple[Workload, ...]:
    """The workloads of the input that are in some of the regions."""
    wanted = tuple(regions)
    return tuple(w for w in inventory.workloads if any(has(region, w) for region in wanted))


def unsaid_labels(regions: Iterable[Region], inventory: Inventory) -> tuple[str, ...]:
    """The labels of regions by which no policy can select pods: no identity has them, or they go with the source's mesh."""
    gone = {key for w in inventory.workloads for key in w.passing}
    keys = (one.key for region in regions for one in region.labels)
    return tuple(sorted({key for key in keys if key in gone or not tells_pods_apart(key)}))


def told_apart(regions: Iterable[Region], inventory: Inventory) -> Regions:
    """The regions in labels that identities have: those with others by the listed pods that are in them.

    Nothing is left of a region whose pods cannot be told from others by the labels that count.
    """
    found: list[Region] = []
    for region in regions:
        if not unsaid_labels((region,), inventory):
            found.append(region)
            continue
        mine = pods_in((region,), inventory)
        parts = tuple(dict.fromkeys(region_of(w, inventory) for w in mine))
        if all(w in mine for w in pods_in(parts, inventory)):
            found.extend(parts)
    return tuple(found)


def region_of(workload: Workload, inventory: Inventory) -> Region:
    """The pods of one workload: by one usual label where that tells it from all others, else by all that identities have.

    Others that have the same labels are in it too, once those are gone that go with the source's mesh.
    """
    others = [w for w in inventory.workloads_in(workload.namespace) if w.key != workload.key]
    for key in _USUAL:
        value = workload.labels.get(key)
        if value is not None and all(w.labels.get(key) != value for w in others):
            labels = equal_to({key: value})
            return Pods(Names.of(workload.namespace), labels=labels.requirements)
    own = _telling(workload)
    labels = equal_to(own)
    more = {
        min(_telling(w).keys() - own.keys())
        for w in others
        if contains(w.labels, own) and _telling(w).keys() - own.keys()
    }
    absent = Pods(labels=labels.requirements)
    for key in sorted(more):
        absent = absent & Pods(labels=(_absent(key),))
    return Pods(Names.of(workload.namespace), labels=absent.labels)


def _telling(workload: Workload) -> dict[str, str]:
    return {key: value for key, value in workload.lasting.items() if tells_pods_apart(key)}


def subjects_of(
    region: Region,
    by: Sequence[Traced[object]],
    name: Traced[str],
    apart: Sequence[Traced[str]] = (),
) -> tuple[Subject, ...]:
    """The region as subjects of the policies called ``name``; ``by``: what it comes from.

    ``apart``: namespaces that are left out since something else is about them.
    """
    origins = tuple(by) or (name,)
    labels = derived(Labels(region.labels), origins) if region.labels else None
    if region.spaces.but:
        out = tuple(
            Subject(
                scope=Scope.NAMESPACE,
                namespace=_apart(space, apart, origins),
                trail=named("namespace outside of the mesh", *origins),
            )
            for space in region.spaces.ordered()
        )
        return (
            Subject(
                scope=Scope.MESH if labels is None else Scope.WORKLOADS,
                labels=labels,
                name=name,
                excluding=out,
                trail=named(f"subject of {name.value}", *origins),
            ),
        )
    return tuple(
        Subject(
            scope=Scope.NAMESPACE if labels is None else Scope.WORKLOADS,
            namespace=derived(space, origins),
            labels=None if labels is None else labels.derive(labels.value),
            name=name.derive(name.value),
            trail=named(f"subject of {name.value}", *origins),
        )
        for space in region.spaces.ordered()
    )


def _apart(
    space: str, apart: Sequence[Traced[str]], origins: Sequence[Traced[object]]
) -> Traced[str]:
    own = [one for one in apart if one.value == space]
    return derived(space, own) if own else named(space, *origins)


def _absent(key: str) -> Requirement:
    return Requirement(key, Operator.DOES_NOT_EXIST)
