"""Networks whose traffic gets past the proxies of pods: ``config.linkerd.io/skip-subnets``.

linkerd/linkerd2-proxy-init pkg/iptables/iptables.go ``addIncomingTrafficRules``, ``makeIgnoreSubnet``, 2.4: what comes from an address of
the list is not redirected, on any port; what is sent there is. To who gets in it is one more grant on all that the pod
keeps closed. Where a Server has routes or a limit of rates that is not all: what they do to such a request is left open, and
a grant would be one more for requests that no route takes, which routes refuse whatever is granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from ir.access import Closed, Evidence, Grant, GuardedRoutes, Layer
from ir.attachment import Attachment, EnforcedAt, Subject, WorkloadPort
from ir.inventory import Inventory, Workload, meets
from ir.match import AllOf, Cidr, Part, Term, Test
from ir.model import Fact
from ir.opaque import Column, Opaque
from ir.provenance import Traced, named, trail
from ir.resilience import RateLimit
from translator.importers.linkerd.keys import SKIP_SUBNETS
from translator.importers.linkerd.link.identity_ports import Asked
from translator.importers.linkerd.link.pods import by_namespace, held_ports, pods_only, said_of
from translator.importers.linkerd.link.servers import Held

_PAST = "traffic of skipped subnets past the routes and limits of a Server"


def subnet_facts(
    asked: Asked, facts: Sequence[Fact], servers: Sequence[Held], inventory: Inventory
) -> Iterator[Grant | Opaque]:
    """For each workload that says so, who gets in beside the policies; ``facts``: what holds at ports."""
    defaults: dict[str, list[Closed]] = {}
    ruled = [f for f in facts if isinstance(f, (GuardedRoutes, RateLimit))]
    for fact in facts:
        if isinstance(fact, Closed) and fact.attachment.subject.name is not None:
            defaults.setdefault(fact.attachment.subject.name.value, []).append(fact)
    servers_in = by_namespace(servers)
    for workload in inventory.workloads:
        written = said_of(asked, workload)
        blocks = () if written is None else tuple(_blocks(written))
        if written is None or not blocks:
            continue
        ports = held_ports(workload, servers_in)
        here = [one for one in ruled if _concerns(one.attachment.subject, workload)]
        routed = {
            n for one in here if isinstance(one, GuardedRoutes) for n in _numbers(one, workload)
        }
        places = [fact.attachment for fact in defaults.get(workload.key, ())]
        subject = pods_only(workload, inventory)
        if plain := [number for number in ports if number not in routed]:
            places.insert(0, _at(subject, plain, written))
        yield from (_grant(place, blocks, written) for place in places)
        if here and ports:
            yield Opaque(
                attachment=_at(subject, ports, written),
                kind=_PAST,
                may_touch=(Column.ACCESS, Column.RESILIENCE),
                trail=trail(_PAST, *written.origin),
            )


def _at(subject: Subject, ports: Sequence[int], written: Traced[str]) -> Attachment:
    return Attachment(
        subject=subject,
        ports=tuple(named(WorkloadPort(number), written) for number in ports),
        enforced_at=EnforcedAt.SERVER,
    )


def _numbers(routes: GuardedRoutes, workload: Workload) -> Iterator[int]:
    """The ports of a workload that routes of a Server are about."""
    for port in routes.attachment.ports:
        number = workload.port_number(port.value.port)
        if number is not None:
            yield number


def _concerns(subject: Subject, workload: Workload) -> bool:
    """Whether a fact of a Server is about the pods of a workload."""
    space, labels = subject.namespace, subject.labels
    return (
        space is not None
        and space.value == workload.namespace
        and labels is not None
        and meets(workload.labels, labels.value)
    )


def _blocks(written: Traced[str]) -> Iterator[Traced[Term]]:
    """The blocks of the list; a word that is none is left out, which admits nobody."""
    for word in written.value.split(","):
        try:
            block = ip_network(word.strip(), strict=False)
        except ValueError:
            continue
        yield Traced(Cidr(str(block)), written.origin)


def _grant(place: Attachment, blocks: tuple[Traced[Term], ...], written: Traced[str]) -> Grant:
    test = Test(part=Part.PEER_ADDRESS, any_of=blocks, trail=trail("networks"))
    return Grant(
        name=named("skip-subnets", written),
        attachment=place,
        layer=Layer.MESH_REQUEST,
        callers=(AllOf(tests=(test,), trail=trail("callers")),),
        evidence=Evidence.ADDRESS,
        trail=trail(SKIP_SUBNETS, because=written.origin),
    )
