"""Linkerd as a source: ``read`` each resource, then ``link`` them. The kinds that are written are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ir.inventory import Inventory
from ir.model import Fact, Inactive, Model
from ir.traffic import Protocol
from translator.api import Import, Inert, Loss, Options
from translator.errors import InputError
from translator.importers.linked import AGE, Linked, rival_routes
from translator.importers.linkerd.authentication import mesh_tls_reader, read_networks
from translator.importers.linkerd.authorization_policy import read_authorization_policy
from translator.importers.linkerd.egress_network import read_egress_network
from translator.importers.linkerd.external_workload import machine_facts, machine_reader
from translator.importers.linkerd.gateways import rim_of
from translator.importers.linkerd.grpc_route import grpc_route_reader
from translator.importers.linkerd.http_route import ANNOTATIONS, http_route_reader
from translator.importers.linkerd.ignored import ignored
from translator.importers.linkerd.keys import SKIP_SUBNETS
from translator.importers.linkerd.link.access import link_access
from translator.importers.linkerd.link.egress import egress_facts
from translator.importers.linkerd.link.entrances import words_of_class
from translator.importers.linkerd.link.identity_ports import (
    default_facts,
    read_lists,
)
from translator.importers.linkerd.link.pods import (
    probe_facts,
    read_default_policies,
    told_of_twins,
)
from translator.importers.linkerd.link.profiles import link_profiles
from translator.importers.linkerd.link.protocols import protocol_facts
from translator.importers.linkerd.link.rate_limits import link_rate_limits
from translator.importers.linkerd.link.routes import link_routes
from translator.importers.linkerd.link.servers import HELM_NETWORKS, Held, held
from translator.importers.linkerd.link.subnets import subnet_facts
from translator.importers.linkerd.link.unused import unused
from translator.importers.linkerd.link_kind import mirrored, read_link
from translator.importers.linkerd.membership import read_membership
from translator.importers.linkerd.model import HttpRoute, Server, Statement, StreamRoute
from translator.importers.linkerd.proxies import read_proxies
from translator.importers.linkerd.rate_limit import rate_limit_reader
from translator.importers.linkerd.server import read_server
from translator.importers.linkerd.server_authorization import server_authorization_reader
from translator.importers.linkerd.service_profile import PROFILE_KEYS, profile_reader
from translator.importers.linkerd.services import Spoken, read_services
from translator.importers.linkerd.silence import defaults
from translator.importers.linkerd.stream_route import stream_route_reader
from translator.importers.linkerd.traffic_split import SPLIT_KEYS, read_traffic_split
from translator.importers.linkerd.unread import kind_not_read
from translator.importers.linkerd.words import Told, read_words
from translator.importers.route_objects.gateway import read_gateway, read_listener_set
from translator.importers.route_objects.grants import read_grants
from translator.importers.route_objects.link.gateways import Entrance, entrance_of
from translator.importers.route_objects.places import EXPERIMENTAL
from translator.importers.route_objects.takeover import with_care
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.enrolment import kept_out, only_theirs
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.network_policy import network_of
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource, leaves_below

POLICY = "policy.linkerd.io"
GROUPS = (
    POLICY,
    "linkerd.io",
    "workload.linkerd.io",
    "multicluster.linkerd.io",
    "split.smi-spec.io",
)
"""API groups that only Linkerd reads."""

SILENT = {
    (ROUTE_GROUP, "ReferenceGrant"): "a grant says nothing of a request",
    (ROUTE_GROUP, "GatewayClass"): "a class says nothing of a request",
}
"""Kinds that the target does not look at."""

OF_GATEWAYS = ("BackendTLSPolicy",)
"""Kinds beside these that Linkerd does not watch (policy-controller/runtime, 2.20): they stay for who serves the gateways."""

OF_X = (EXPERIMENTAL, "XListenerSet")
"""Group and kind of the experimental form."""

_KEYS = ANNOTATIONS | PROFILE_KEYS | SPLIT_KEYS
"""Labels and annotations that readers of kinds look at themselves."""

_REFUSED = "input that the API server would refuse"
Reader = Callable[[Cursor, Meta], Statement]


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """The facts that Linkerd makes of these resources.

    Raises:
        ExceptionGroup: of ``InputError``, all of the run together.
    """
    reads: set[int] = set()
    inert: list[Inert] = []
    losses: list[Loss] = []
    rim = rim_of(options)
    claimed, heeded = rim.parted([r for r in resources if _is_own(r)])
    idle: list[Inactive] = []
    statements, errors = _statements(heeded, options, reads, inert, losses, idle)
    statements = [rim.without(statement) for statement in statements]
    grants = read_grants(claimed, options, set(), errors)
    if errors:
        raise ExceptionGroup(_REFUSED, errors)
    inventory = read_inventory(resources, options.namespace, complete=options.complete)
    servers = held(statements, inventory)
    access = link_access(statements, servers, inventory, options)
    limits = link_rate_limits(statements, servers, options)
    entrance = entrance_of(statements, inventory, grants, options)
    spoken = read_services(resources, options, reads)
    routes = _routes(statements, inventory, options, spoken, entrance)
    egress = egress_facts(statements, options)
    facts: list[Fact] = [*access.facts, *limits.facts, *routes.facts, *entrance.listeners]
    around = network_of(resources, options.namespace, options.cluster_networks)
    facts.extend((*egress.facts, *machine_facts(statements), *mirrored(statements), *around))
    policies = read_default_policies(resources, options, reads)
    asked = read_lists(resources, options, reads)
    facts.extend(default_facts(asked, policies, servers, inventory, options))
    skipped = read_lists(resources, options, reads, SKIP_SUBNETS)
    facts.extend((*subnet_facts(skipped, facts, servers, inventory),))
    facts.extend(protocol_facts(servers, inventory, options.source))
    facts.extend(probe_facts(statements, servers, inventory, options))
    told = read_words(resources, options, reads)
    facts.extend(_of_proxies(resources, inventory, options, reads, told))
    clusters = any("cluster-" in p.value for p in policies.values()) or egress.by_default
    inactive = (*access.inactive, *limits.inactive, *routes.inactive, *entrance.inactive, *idle)
    losses += [*routes.losses, *told.losses, *told_of_twins(policies, inventory)]
    assumptions = (
        *((AGE,) if _has_no_age(statements) and _compete(servers, facts) else ()),
        *((HELM_NETWORKS,) if clusters and not options.cluster_networks else ()),
        *(*egress.assumptions, *routes.assumptions, *(() if clusters else access.assumptions)),
    )
    model = Model(
        facts=tuple(facts),
        defaults=defaults(options) if statements or inventory.workloads else (),
        objects=tuple(statement.meta.source for statement in statements),
        inactive=(*inactive, *unused(claimed, statements, facts, inactive, reads)),
        assumptions=assumptions,
        inventory=inventory,
    )
    found = Import(model=model, claimed=claimed, inert=tuple(inert), reads=frozenset(reads))
    return rim.around(replace(found, losses=tuple(losses)), resources, options)


def _routes(
    statements: Sequence[Statement],
    inventory: Inventory,
    options: Options,
    spoken: Spoken,
    entrance: Entrance,
) -> Linked:
    """Where requests go: by profiles, else by routes."""
    profiled = link_profiles(statements, inventory, options)
    heard = profiled.heard(spoken)
    return profiled.outrank(link_routes(statements, inventory, options, heard, entrance))


def _of_proxies(
    resources: Sequence[Resource],
    inventory: Inventory,
    options: Options,
    reads: set[int],
    told: Told,
) -> Iterator[Fact]:
    """Who has a proxy, what gets past it, and how it runs."""
    joined = tuple(read_membership(resources, options, reads))
    yield from joined
    yield from kept_out(joined, inventory)
    yield from only_theirs(tuple(read_proxies(resources, options, reads)), inventory)
    yield from told.facts


def _compete(servers: Sequence[Held], facts: Sequence[Fact]) -> bool:
    """Whether there may be two for the same place."""
    return any(one.attachment.subject.excluding for one in servers) or rival_routes(facts)


def _has_no_age(statements: Sequence[Statement]) -> bool:
    """Whether one of those that compete by age does not tell its own."""
    kinds = (Server, HttpRoute, StreamRoute)
    return any(isinstance(s, kinds) and not s.created.value for s in statements)


def _is_own(resource: Resource) -> bool:
    group = _group(resource)
    if (group, resource.kind) == OF_X:
        return True
    return group in GROUPS or (group == ROUTE_GROUP and resource.kind not in OF_GATEWAYS)


def _group(resource: Resource) -> str:
    return resource.api_version.rpartition("/")[0]


def _readers(options: Options) -> dict[tuple[str, str], Reader]:
    """The readers by group and kind; the other kinds are not read yet."""
    http = http_route_reader(options)
    return {
        (POLICY, "Server"): read_server,
        (POLICY, "ServerAuthorization"): server_authorization_reader(options),
        (POLICY, "EgressNetwork"): read_egress_network,
        ("multicluster.linkerd.io", "Link"): read_link,
        ("linkerd.io", "ServiceProfile"): profile_reader(options),
        ("split.smi-spec.io", "TrafficSplit"): read_traffic_split,
        ("workload.linkerd.io", "ExternalWorkload"): machine_reader(options),
        (POLICY, "AuthorizationPolicy"): read_authorization_policy,
        (POLICY, "MeshTLSAuthentication"): mesh_tls_reader(options),
        (POLICY, "NetworkAuthentication"): read_networks,
        (POLICY, "HTTPLocalRateLimitPolicy"): rate_limit_reader(options),
        (POLICY, "HTTPRoute"): http,
        (ROUTE_GROUP, "HTTPRoute"): http,
        (ROUTE_GROUP, "GRPCRoute"): grpc_route_reader(options),
        (ROUTE_GROUP, "Gateway"): read_gateway,
        (ROUTE_GROUP, "ListenerSet"): read_listener_set,
        OF_X: read_listener_set,
        (ROUTE_GROUP, "TLSRoute"): stream_route_reader(Protocol.TLS, options),
        (ROUTE_GROUP, "TCPRoute"): stream_route_reader(Protocol.TCP, options),
    }


def _statements(
    claimed: Sequence[Resource],
    options: Options,
    reads: set[int],
    inert: list[Inert],
    losses: list[Loss],
    idle: list[Inactive],
) -> tuple[list[Statement], list[InputError]]:
    found: list[Statement] = []
    errors: list[InputError] = []
    readers = _readers(options)
    for resource in claimed:
        if (_group(resource), resource.kind) in SILENT:
            inert.extend(
                Inert(leaf, SILENT[_group(resource), resource.kind])
                for leaf in leaves_below(resource)
            )
            continue
        reader = readers.get((_group(resource), resource.kind))
        if reader is None:
            losses.append(kind_not_read(resource))
            continue
        root = root_cursor(resource, reads)
        try:
            meta, own = read_metadata(root, options.namespace, inert_keys=_KEYS)
            found.append(with_care(reader(root, meta)))
            inert.extend(own)
            idle.extend(ignored(root, options))
        except InputError as error:
            errors.append(error)
    served = (leaf for s in found for word in words_of_class(s) for leaf in word.origin)
    inert.extend(Inert(leaf, "who serves a gateway is for its class to say") for leaf in served)
    return found, errors
