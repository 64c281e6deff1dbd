"""What holds for a pod where no Server names the port: its default policy and its health checks.

linkerd2 policy-controller/k8s/index/src/inbound/index.rs ``default_inbound_server``, 2.20. The annotation of the pod
outranks that of its namespace, which the injector copies; the setting of the installation is not in the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.access import Closed, Layer, ProbeAccess, Probes
from ir.attachment import Attachment, EnforcedAt, Scope, Subject, WorkloadPort
from ir.inventory import Inventory, Workload, equal_to, meets
from ir.model import Fact
from ir.provenance import Traced, absorb, named, trail
from translator.api import Loss, Options
from translator.importers.linkerd.link.access import heeded_on
from translator.importers.linkerd.link.opaque_ports import LIST, is_listed
from translator.importers.linkerd.link.servers import Held, granted_by
from translator.importers.linkerd.model import HttpRoute, Statement
from translator.importers.linkerd.server import DEFAULT_POLICIES
from translator.importers.linkerd.silence import silence
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.enrolment import makes_pods
from translator.resources.kubernetes.read import below, template_path
from translator.source.leaves import Node, Resource, leaf_ref

DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"

Written = dict[str, Traced[str]]
"""The default policy that objects name, by ``Kind/namespace/name``."""


def read_default_policies(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Written:
    """The annotations of pod templates and namespaces; words that Linkerd does not know say nothing."""
    found: Written = {}
    for resource in resources:
        if resource.kind == "Namespace" and "/" not in resource.api_version:
            node = below(resource.node, "metadata", "annotations", DEFAULT_POLICY)
            key = f"Namespace//{resource.name}"
        elif makes_pods(resource):
            path = (*template_path(resource.kind), "metadata", "annotations", DEFAULT_POLICY)
            node = below(resource.node, *path)
            space = resource.namespace or options.namespace
            key = f"{resource.kind}/{space}/{resource.name}"
        else:
            continue
        value = _policy(resource, node)
        if value is not None:
            reads.update(value.origin)
            found[key] = value
    return found


def _policy(resource: Resource, node: Node | None) -> Traced[str] | None:
    if node is None or not isinstance(node.value, str) or node.value not in DEFAULT_POLICIES:
        return None
    return Traced(node.value, (leaf_ref(resource.document.number, node.leaf),))


def pod_facts(
    written: Written,
    servers: Sequence[Held],
    inventory: Inventory,
    options: Options,
    narrowed: Mapping[str, Sequence[int]],
) -> Iterator[Fact]:
    """For each workload that is listed: closed on the ports that no Server holds, and who comes in there.

    ``narrowed``: ports of workloads on which something else is said.
    """
    servers_in = by_namespace(servers)
    for workload in inventory.workloads:
        policy = said_of(written, workload)
        if policy is None or policy.value in ("all-unauthenticated", "audit"):
            continue
        held = sorted({*held_ports(workload, servers_in), *narrowed.get(workload.key, ())})
        attachment = Attachment(
            subject=pods_only(workload, inventory),
            excluding_ports=tuple(named(WorkloadPort(port), policy) for port in held),
            enforced_at=EnforcedAt.SERVER,
        )
        yield Closed(
            attachment=attachment,
            layer=Layer.MESH_REQUEST,
            answer=Traced(403, stated_by=silence(options, DEFAULT_POLICY)),
            object=who_says(written, workload),
            trail=absorb(trail(f"default policy of {workload.key}"), policy),
        )
        others = (said_of(written, one) for one in twins_of(workload, inventory))
        if all(one is not None and one.value == policy.value for one in others):
            yield from granted_by(policy, attachment, options)


def said_of(found: Mapping[str, Traced[str]], workload: Workload) -> Traced[str] | None:
    """What holds for the pods of a workload: their own word, else that of their namespace."""
    return found.get(workload.key) or found.get(f"Namespace//{workload.namespace}")


def who_says(found: Mapping[str, Traced[str]], workload: Workload) -> str:
    """The object whose word that is: the workload itself, else its namespace."""
    return workload.key if workload.key in found else f"Namespace//{workload.namespace}"


def twins_of(workload: Workload, inventory: Inventory) -> tuple[Workload, ...]:
    """Other workloads whose pods bear the same labels: nothing tells them apart, and what either refuses is refused."""
    return tuple(
        one
        for one in inventory.workloads_in(workload.namespace)
        if one.key != workload.key and one.labels == workload.labels
    )


def told_of_twins(written: Written, inventory: Inventory) -> Iterator[Loss]:
    """Workloads whose pods bear the same labels and have other default policies: what either refuses is refused."""
    told: set[str] = set()
    for workload in inventory.workloads:
        group = (workload, *twins_of(workload, inventory))
        found = {one.key: said_of(written, one) for one in group}
        unlike = len({None if word is None else word.value for word in found.values()}) > 1
        if unlike and workload.key not in told:
            told.update(found)
            yield Loss(
                code="MM412",
                impact=Impact.STRICTER,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.APPROXIMATED,
                because=tuple(word for word in found.values() if word is not None),
                message=f"{', '.join(sorted(found))}: the pods of these bear the same labels and have other default "
                "policies: what one of them refuses is refused by all of them.",
                advice="Give these pods labels of their own.",
            )


def pods_only(workload: Workload, inventory: Inventory) -> Subject:
    """The pods of a workload, without those of others that bear its labels and more: these have their own facts."""
    labels = equal_to(workload.labels)
    others = (
        one
        for one in inventory.selected(workload.namespace, labels)
        if one.labels != workload.labels
    )
    return _labelled(workload, tuple(_labelled(one) for one in others))


def _labelled(workload: Workload, excluding: tuple[Subject, ...] = ()) -> Subject:
    return Subject(
        scope=Scope.WORKLOADS,
        namespace=Traced(workload.namespace, (), workload.leaves),
        name=Traced(workload.key, (), workload.leaves),
        labels=Traced(equal_to(workload.labels), (), workload.leaves),
        excluding=excluding,
        trail=trail(f"pods of {workload.key}", because=workload.leaves),
    )


def by_namespace(servers: Sequence[Held]) -> Mapping[str, Sequence[Held]]:
    """The Servers of each namespace, which are about its pods alone."""
    found: dict[str, list[Held]] = {}
    for one in servers:
        found.setdefault(one.server.meta.namespace.value, []).append(one)
    return found


def held_ports(workload: Workload, servers: Mapping[str, Sequence[Held]]) -> list[int]:
    """The ports of a workload that one of the Servers, by namespace, names."""
    found = {
        number
        for one in servers.get(workload.namespace, ())
        if meets(workload.labels, one.server.selector.value)
        and (number := workload.port_number(one.server.port.value)) is not None
    }
    return sorted(found)


def _holder(workload: Workload, port: int, servers: Mapping[str, Sequence[Held]]) -> Held | None:
    """The Server, by namespace, that holds a port of a workload: the oldest that names it."""
    return next(
        (
            one
            for one in servers.get(workload.namespace, ())
            if workload.port_number(one.server.port.value) == port
            and meets(workload.labels, one.server.selector.value)
        ),
        None,
    )


def probe_facts(
    statements: Sequence[Statement],
    servers: Sequence[Held],
    inventory: Inventory,
    options: Options,
) -> Iterator[Probes]:
    """Health checks come in by their path wherever no route is attached to the port, and it is read as HTTP.

    Servers of gRPC, and ports that are passed on unread, have no route for them (policy-controller/grpc/src/inbound.rs
    ``to_server``, 2.20).
    """
    routes: dict[str, list[HttpRoute]] = {}
    for route in (s for s in statements if isinstance(s, HttpRoute)):
        routes.setdefault(route.meta.namespace.value, []).append(route)
    servers_in = by_namespace(servers)
    routed = {
        id(one)
        for space, own in servers_in.items()
        for one in own
        if _takes_no_checks(one) or heeded_on(one, routes.get(space, ()))
    }
    for workload in inventory.workloads:
        checks = (probe for probe in workload.probes if probe.method == "GET")  # none by gRPC
        asked = {workload.port_number(probe.port) for probe in checks}
        shut = set(_unread(workload, servers_in, inventory))
        ports = sorted(
            port
            for port in asked
            if port is not None
            and port not in shut
            and id(_holder(workload, port, servers_in)) not in routed
        )
        if ports:
            open_by_path = Traced(ProbeAccess.BY_PATH, stated_by=silence(options, "probeNetworks"))
            yield Probes(
                attachment=Attachment(
                    subject=pods_only(workload, inventory),
                    ports=tuple(Traced(WorkloadPort(port)) for port in ports),
                    enforced_at=EnforcedAt.SERVER,
                ),
                access=open_by_path,
                trail=trail(f"health checks of {workload.key}", because=workload.leaves),
            )


_NO_CHECKS = ("gRPC", "opaque", "TLS")


def _takes_no_checks(held: Held) -> bool:
    protocol = held.server.protocol
    return protocol is not None and protocol.value in _NO_CHECKS


def _unread(
    workload: Workload, servers: Mapping[str, Sequence[Held]], inventory: Inventory
) -> Iterator[int]:
    """The ports without a Server that the workload's own proxy passes on unread."""
    space = inventory.namespaces.get(workload.namespace)
    wide = None if space is None else space.annotations.get(LIST)
    listed = workload.annotations.get(LIST, wide)
    held = held_ports(workload, servers)
    for probe in workload.probes:
        number = workload.port_number(probe.port)
        if number is not None and number not in held and is_listed(listed, number):
            yield number
