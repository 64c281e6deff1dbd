"""Hosts of VirtualServices: the services that a wildcard covers, and names that are no service at all.

istio/istio pilot/pkg/model/sidecar.go ``computeWildcardHostVirtualServiceIndex`` and
pilot/pkg/networking/core/route/route.go ``separateVSHostsAndServices``, 1.31: each service that a proxy knows has the
VirtualService with the most particular host that covers it, and a wildcard that covers some is no name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.inventory import Inventory, Knowledge
from ir.provenance import Traced
from translator.api import Loss, Options
from translator.importers.istio.link.hosts import Place, covers, unfinished
from translator.importers.istio.link.leaves import of_service
from translator.importers.istio.model import VirtualService
from translator.report.model import Fate, Impact, Severity, Support


def spread(
    host: Traced[str], place: Place, inventory: Inventory, options: Options
) -> tuple[Place, ...]:
    """The services of the input that a host covers; the place itself where it is no wildcard, or covers none."""
    if not place.text.startswith("*"):
        return (place,)
    found: list[Place] = []
    for (space, name), service in sorted(inventory.services.items()):
        text = f"{name}.{space}.svc.{options.cluster_domain}"
        if covers(place.text, text):
            by = host.origin, service.leaves
            found.append(Place(text, Traced(name, *by), Traced(space, *by)))
    return tuple(found) or (place,)


def is_nobody(place: Place, inventory: Inventory, declared: frozenset[str]) -> bool:
    """Whether a host is a Service that is known not to be there, and that no entry declares: no name leads a client to it.

    Who asks for it all the same, at another address on port 80, had its rules (httproute.go, ``This is hack``, 1.31).
    """
    if place.namespace is None or place.text in declared:
        return False
    known = inventory.knows_service(place.namespace.value, place.name.value)
    return known is Knowledge.ABSENT


def unlisted(
    service: VirtualService, places: Sequence[Place], inventory: Inventory, options: Options
) -> Iterator[Loss]:
    """Wildcards over services of the cluster, of which the input need not list all."""
    if inventory.complete:
        return
    for host, place in zip(service.hosts, places, strict=True):
        if spread(host, place, inventory, options) == (place,):
            continue
        yield Loss(
            code="MM203",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            sites=(host,),
            message=f'the host "{host.value}" of {service.meta.key} covers every service of that name: its rules are '
            "written for those that the input lists, and not for others.",
            advice="Add all Services of that name to the input, and give --complete.",
        )


def unserved(
    service: VirtualService,
    places: Sequence[Place],
    used: frozenset[int],
    inventory: Inventory,
    options: Options,
    *,
    alone: bool,
) -> Iterator[Loss]:
    """Hosts that look like a service and name none, where the input need not show everything."""
    if inventory.complete:
        return
    for host, place in zip(service.hosts, places, strict=True):
        meant = unfinished(place, inventory)
        if meant is None:
            continue
        leaves = of_service(service) if alone else host.origin
        rest = tuple(leaf for leaf in leaves if leaf not in used)
        space, name = meant
        yield Loss(
            code="MM203",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.UNREAD,
            leaves=rest,
            message=f'the host "{host.value}" of {service.meta.key} is taken literally and is '
            f"not Service/{space}/{name}: its rules are not written.",
            why="Only a name without a dot is completed with the namespace of its rule.",
            advice=f"Write {name}.{space}.svc.{options.cluster_domain} if the service is "
            "meant; in the source the rules have never applied to it.",
        )
