"""Istio as a source: ``read`` each resource, then ``link`` them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ir.inventory import Inventory, with_passing
from ir.model import Model
from translator.api import AMBIENT, Import, Inert, Loss, Options
from translator.errors import InputError
from translator.importers.istio.annotations import (
    as_captured,
    as_probed,
    of_their_pods,
    read_annotations,
)
from translator.importers.istio.authorization_policy import read_authorization_policy
from translator.importers.istio.defaults import defaults
from translator.importers.istio.destination_rule import read_destination_rule
from translator.importers.istio.elsewhere import read_elsewhere
from translator.importers.istio.envoy_filter import read_envoy_filter
from translator.importers.istio.gateway import read_gateway
from translator.importers.istio.gateway_kinds import (
    BETWEEN,
    CLASSES,
    CONTROLLER,
    foreign_words,
    is_mesh_route,
    may_be_heeded,
)
from translator.importers.istio.gateway_mixed import take_apart
from translator.importers.istio.gateway_route import read_grpc_route, read_http_route
from translator.importers.istio.gateway_stream_route import read_tcp_route, read_tls_route
from translator.importers.istio.inert import INERT_KEYS, OBJECT_KEYS
from translator.importers.istio.istio_operator import read_istio_operator
from translator.importers.istio.link.access import link_access
from translator.importers.istio.link.ambient import as_heeded
from translator.importers.istio.link.egress import link_egress
from translator.importers.istio.link.extensions import link_extensions
from translator.importers.istio.link.gateways import link_gateways
from translator.importers.istio.link.mesh_config import (
    link_mesh_config,
    mesh_config,
    quiet,
    settled,
)
from translator.importers.istio.link.mtls import link_mtls
from translator.importers.istio.link.protocols import as_read, link_protocols
from translator.importers.istio.link.proxy_config import link_proxy_config
from translator.importers.istio.link.routes import link_routes
from translator.importers.istio.link.tokens import link_tokens
from translator.importers.istio.link.waypoint_ways import by_all_ways
from translator.importers.istio.membership import (
    POD_KEYS,
    guesses,
    of_sidecars,
    read_membership,
)
from translator.importers.istio.mesh_config import (
    is_injector_config,
    is_mesh_config,
    read_injector_map,
    read_mesh_map,
)
from translator.importers.istio.model import Statement
from translator.importers.istio.peer_authentication import read_peer_authentication
from translator.importers.istio.plugins import read_traffic_extension, read_wasm_plugin
from translator.importers.istio.policies import told_of_policies
from translator.importers.istio.proxy_config_kind import read_proxy_config_kind
from translator.importers.istio.request_authentication import read_request_authentication
from translator.importers.istio.service_entry import (
    read_service_entry,
    read_workload_entry,
    read_workload_group,
)
from translator.importers.istio.sidecar import read_sidecar
from translator.importers.istio.telemetry import read_telemetry
from translator.importers.istio.unread import kind_not_read
from translator.importers.istio.virtual_service import read_virtual_service
from translator.importers.istio.words import read_words
from translator.importers.linked import Linked
from translator.importers.route_objects.classes import class_gateways
from translator.importers.route_objects.reading import gateways_there
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.resources.kubernetes.enrolment import kept_out
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.network_policy import network_of
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource

GROUPS = (
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
    "install.istio.io",
)
"""API groups that only Istio reads."""

Reader = Callable[[Cursor, Meta], Statement]

READERS: dict[tuple[str, str], Reader] = {
    ("security.istio.io", "AuthorizationPolicy"): read_authorization_policy,
    ("security.istio.io", "PeerAuthentication"): read_peer_authentication,
    ("security.istio.io", "RequestAuthentication"): read_request_authentication,
    ("networking.istio.io", "VirtualService"): read_virtual_service,
    ("networking.istio.io", "DestinationRule"): read_destination_rule,
    ("install.istio.io", "IstioOperator"): read_istio_operator,
    ("networking.istio.io", "ProxyConfig"): read_proxy_config_kind,
    ("networking.istio.io", "Gateway"): read_gateway,
    ("networking.istio.io", "ServiceEntry"): read_service_entry,
    ("networking.istio.io", "WorkloadEntry"): read_workload_entry,
    ("networking.istio.io", "WorkloadGroup"): read_workload_group,
    ("networking.istio.io", "Sidecar"): read_sidecar,
    ("networking.istio.io", "EnvoyFilter"): read_envoy_filter,
    ("extensions.istio.io", "WasmPlugin"): read_wasm_plugin,
    ("extensions.istio.io", "TrafficExtension"): read_traffic_extension,
    ("telemetry.istio.io", "Telemetry"): read_telemetry,
    (ROUTE_GROUP, "HTTPRoute"): read_http_route,
    (ROUTE_GROUP, "GRPCRoute"): read_grpc_route,
    (ROUTE_GROUP, "TLSRoute"): read_tls_route,
    (ROUTE_GROUP, "TCPRoute"): read_tcp_route,
}
"""The kinds that are read today; the others of these groups are claimed and shown as unread."""

LINKS: tuple[Callable[[Sequence[Statement], Inventory, Options], Linked], ...] = (
    link_mesh_config,
    link_proxy_config,
    link_mtls,
    link_access,
    link_tokens,
    link_routes,
    link_gateways,
    link_egress,
    link_extensions,
    link_protocols,
)
"""What the statements mean together, one rule of precedence after the other."""


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """The facts that Istio makes of these resources.

    Raises:
        ExceptionGroup: of ``InputError``, all of the run together.
    """
    reads: set[int] = set()
    inert: list[Inert] = []
    losses: list[Loss] = []
    claimed = tuple(r for r in resources if _is_own(r, options))
    statements, errors = _statements(claimed, options, reads, inert, losses)
    words = tuple(read_words(resources, options, reads))
    told = read_annotations(words, by_default=options.profile == AMBIENT)
    others = [r for r in resources if not _is_own(r, options)]
    apart = tuple(take_apart(others, _reader, options, reads, errors))
    statements.extend(one.route for one in apart)
    elsewhere = read_elsewhere(others, reads)
    errors.extend(told.errors)
    _refuse(errors)
    options = settled(options, mesh_config(statements))
    inventory = _inventory(resources, options)
    linked = [link(statements, inventory, options) for link in LINKS]
    losses.extend(loss for one in linked for loss in one.losses)
    guessed = (*guesses(words), *(a for one in linked for a in one.assumptions))
    read, idle = as_read([fact for one in linked for fact in one.facts], inventory)
    heeded = as_heeded(read, words, options)
    inactive = (*(i for one in linked for i in one.inactive), *idle, *heeded.inactive)
    joined = tuple(read_membership(words))
    classes = class_gateways(others, options, reads, names=CLASSES, controller=CONTROLLER)
    said = list(of_their_pods(told.facts, inventory))
    network = network_of(resources, options.namespace, options.cluster_networks)
    facts = [*heeded.facts, *network, *joined, *kept_out(joined, inventory), *said, *classes]
    facts = [as_captured(as_probed(fact, said), said) for fact in facts]
    there, standing, granted = gateways_there(others, inventory, options, without=BETWEEN)
    facts, more = by_all_ways([*facts, *there], words, inventory, options)
    losses += [*told.losses, *elsewhere.losses, *(x.loss for x in apart)]
    losses.extend(loss for r in others for loss in told_of_policies(r, options))
    inert.extend((*quiet(statements), *told.inert, *elsewhere.inert))
    model = Model(
        facts=tuple(facts),
        defaults=defaults(statements, inventory, options),
        objects=tuple(statement.meta.source for statement in statements),
        inactive=inactive,
        assumptions=tuple(dict.fromkeys((*guessed, *more, *granted))),
        inventory=inventory,
    )
    return Import(
        model=model,
        claimed=claimed,
        inert=tuple(inert),
        reads=frozenset(reads),
        losses=tuple(losses),
        options=options,
        shared=tuple(r for r in claimed if may_be_heeded(r)),
        setup=tuple(r for r in claimed if _sets_up(r, options)),
        heeded=frozenset(of_sidecars(words)),
        edits=tuple(one.edit for one in apart),
        standing=standing,
    )


def _refuse(errors: Sequence[InputError]) -> None:
    """Ends the run where there are any."""
    if errors:
        message = "input that the API server would refuse"
        raise ExceptionGroup(message, errors)


def _inventory(resources: Sequence[Resource], options: Options) -> Inventory:
    """What is listed; words of pods on their membership go with the mesh."""
    listed = read_inventory(resources, options.namespace, complete=options.complete)
    return with_passing(listed, frozenset(POD_KEYS))


def _statements(
    claimed: Sequence[Resource],
    options: Options,
    reads: set[int],
    inert: list[Inert],
    losses: list[Loss],
) -> tuple[list[Statement], list[InputError]]:
    """What the resources say, one by one, and what their API server would refuse."""
    found: list[Statement] = []
    errors: list[InputError] = []
    for resource in claimed:
        reader = _reader(resource)
        if reader is None:
            losses.append(kind_not_read(resource))
            continue
        root = root_cursor(resource, reads)
        try:
            meta, own = read_metadata(
                root,
                options.namespace,
                inert_keys=INERT_KEYS,
                reasons={**OBJECT_KEYS, **foreign_words(resource)},
                nameless=resource.kind == "IstioOperator",
            )
            found.append(reader(root, meta))
            inert.extend(own)
        except InputError as error:
            errors.append(error)
    return found, errors


def _is_own(resource: Resource, options: Options) -> bool:
    """Whether it speaks to Istio: its own kinds, routes of services, and the ConfigMap of its control plane."""
    if resource.api_version.rpartition("/")[0] in GROUPS or is_mesh_route(resource):
        return True
    return _sets_up(resource, options)


def _sets_up(resource: Resource, options: Options) -> bool:
    """Whether it is about the control plane, and what holds for the mesh as a whole."""
    operator = resource.kind == "IstioOperator"
    return operator or is_mesh_config(resource, options) or is_injector_config(resource, options)


def _reader(resource: Resource) -> Reader | None:
    if resource.kind == "ConfigMap":
        injector = resource.name.startswith("istio-sidecar-injector")
        return read_injector_map if injector else read_mesh_map
    return READERS.get((resource.api_version.rpartition("/")[0], resource.kind))
