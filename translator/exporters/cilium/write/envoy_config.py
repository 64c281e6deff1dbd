"""``cilium.io/v2`` CiliumEnvoyConfig: a listener that reads HTTP, its routes, and the clusters that they lead to.

cilium/cilium pkg/k8s/apis/cilium.io/v2/cec_types.go and Documentation/network/servicemesh/envoy-traffic-management.rst, 1.20.
Ports of ``services`` are numbers, those of ``backendServices`` texts by the name ``number``; endpoints are fetched for both
by ``namespace/service:port``, where the port is that of the Service (pkg/ciliumenvoyconfig/controller.go
``computeLoadAssignments``). The agent gives the listener its address and the cluster the protocol of the client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.attachment import ServicePort
from ir.match import PathForm
from ir.model import Fact
from ir.traffic import Destination, Order, RouteTable
from translator.api import Manifest, Said, Tree
from translator.exporters.cilium.envoy.choice import Key, Setting, key_of
from translator.exporters.cilium.write.envoy_cluster import cluster_tree
from translator.exporters.cilium.write.envoy_route import routes_of
from translator.exporters.cilium.write.policy import API
from translator.source.leaves import Scalar

TYPE = "type.googleapis.com/envoy"
_HTTP = f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.filters.http.router"
"""The name by which the agent finds where its filter for policies goes."""

End = tuple[str, str, int]
"""A Service and its port."""


def is_configured(table: RouteTable) -> bool:
    """Whether the table is one of a configuration: routes of Gateway API have an order of their own."""
    return table.order is Order.LIST and key_of(table.attachment) is not None


@dataclass(frozen=True, slots=True)
class _Config:
    table: RouteTable
    key: Key
    port: int

    @property
    def end(self) -> End:
        """The endpoints of the Service itself."""
        return (*self.key, self.port)


def write_envoy_configs(tables: Sequence[RouteTable], facts: Sequence[Fact]) -> Iterator[Manifest]:
    """One configuration for each table; each cluster stands in one of them, that of its own Service where there is one."""
    configs = [_config(table) for table in tables]
    settings: dict[Key, list[Setting]] = {}
    for fact in facts:
        if isinstance(fact, Setting):
            key = key_of(fact.attachment)
            if key is not None:
                settings.setdefault(key, []).append(fact)
    used = {end: one.key for one in reversed(configs) for end in _ends(one)}
    own = {one.end: one.key for one in configs if one.end in used or one.key in settings}
    for one in configs:
        yield _manifest(one, {**used, **own}, settings)


def _config(table: RouteTable) -> _Config:
    key, (port,) = key_of(table.attachment), table.attachment.ports
    if key is None or not isinstance(port.value, ServicePort):
        raise TypeError(table)
    return _Config(table, key, port.value.port)


def _ends(one: _Config) -> dict[End, Destination]:
    """The endpoints to which requests are sent, in order."""
    found: dict[End, Destination] = {}
    for route in one.table.routes:
        sent = (one.destination for one in route.backends)
        for goal in (*sent, *(mirror.destination for mirror in route.mirrors)):
            if goal.namespace is None or goal.port is None:
                raise TypeError(route)
            end = goal.namespace.value, goal.name.value, goal.port.value.port
            found.setdefault(end, goal)
    return found


def _manifest(
    one: _Config, owners: Mapping[End, Key], settings: Mapping[Key, Sequence[Setting]]
) -> Manifest:
    table = one.table
    subject, node = table.attachment.subject, (table.trail,)
    if subject.namespace is None or subject.name is None:
        raise TypeError(table)
    ends = _ends(one)
    own = settings.get(one.key, ())
    front: Tree = {
        "name": subject.name,
        "namespace": subject.namespace,
        "ports": [table.attachment.ports[0].derive(one.port)],
        "listener": Said(one.key[1], node),
    }
    spec: dict[str, Tree] = {"services": [front]}
    backs: list[Tree] = [_back(goal) for end, goal in ends.items() if end != one.end]
    if backs:
        spec["backendServices"] = backs
    resources: list[Tree] = [_listener(one), _route_table(one)]
    for end in dict.fromkeys((one.end, *ends)):
        if owners.get(end) == one.key:
            mine = own if end == one.end else ()
            resources.append(cluster_tree(end, mine, table, TYPE))
    spec["resources"] = resources
    return Manifest(
        api_version=API,
        kind="CiliumEnvoyConfig",
        namespace=one.key[0],
        name=table.name.value,
        tree={"metadata": {"namespace": subject.namespace}, "spec": spec},
        purpose=(table.trail, subject.trail, *(fact.trail for fact in own)),
    )


def _back(goal: Destination) -> Tree:
    if goal.namespace is None or goal.port is None:
        raise TypeError(goal)
    return {
        "name": goal.name,
        "namespace": goal.namespace,
        "number": [goal.port.derive(str(goal.port.value.port))],
    }


def _listener(one: _Config) -> Tree:
    table = one.table
    name = Said(one.key[1], (table.trail,))

    def said(value: Scalar) -> Said:
        return Said(value, (table.trail,))

    manager: dict[str, Tree] = {
        "@type": said(_HTTP),
        "stat_prefix": name,
        "rds": {"route_config_name": name},
        "use_remote_address": said(True),
        "skip_xff_append": said(True),
    }
    if table.view.path is not PathForm.RAW:
        manager["normalize_path"] = said(True)
    if table.view.path in (PathForm.MERGED, PathForm.DECODED_AND_MERGED):
        manager["merge_slashes"] = said(True)
    manager["stream_idle_timeout"] = said("0s")
    manager["upgrade_configs"] = [{"upgrade_type": said("websocket")}]
    router = f"{TYPE}.extensions.filters.http.router.v3.Router"
    manager["http_filters"] = [{"name": said(_ROUTER), "typed_config": {"@type": said(router)}}]
    network: Tree = {
        "name": said("envoy.filters.network.http_connection_manager"),
        "typed_config": manager,
    }
    return {
        "@type": said(f"{TYPE}.config.listener.v3.Listener"),
        "name": name,
        "filter_chains": [{"filters": [network]}],
    }


def _route_table(one: _Config) -> Tree:
    node = (one.table.trail,)
    name = Said(one.key[1], node)
    host: Tree = {
        "name": name,
        "domains": [Said("*", node)],
        "routes": list(routes_of(one.table)),
    }
    return {
        "@type": Said(f"{TYPE}.config.route.v3.RouteConfiguration", node),
        "name": name,
        "virtual_hosts": [host],
    }
