"""Routes on a Service (GAMMA): HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, and the grants that backends in other namespaces may need.

sigs.k8s.io/gateway-api geps/gep-1294, 1.6: no grant is needed there by the proposal; Cilium asks for one all the same
(cilium/cilium operator/pkg/gateway-api, 1.19), so it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.attachment import ServicePort
from ir.match import Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import Protocol, Route, RouteTable
from translator.api import Manifest, Said, Tree
from translator.exporters.gateways.binding import KINDS
from translator.exporters.gateways.grants import Grants, note_backends
from translator.exporters.routes.write import call_rule_tree, rule_tree
from translator.resources.gateway_api.write import backend_tree


def write_service_routes(
    tables: Sequence[RouteTable], versions: Mapping[Protocol, str]
) -> Iterator[Manifest]:
    """The routes of tables on services, then the grants."""
    grants = Grants(prefix="mesh")
    for table in tables:
        yield _route(table, versions[table.protocol])
        note_backends(table, _home(table).value, grants)
    yield from grants.manifests()


def _home(table: RouteTable) -> Traced[str]:
    """The namespace of the object: the service's, or that of the clients that alone have it."""
    audience = table.attachment.audience
    space = table.attachment.subject.namespace
    if audience is not None:
        return audience.namespaces[0]
    if space is None:
        raise TypeError(table)
    return space


def _route(table: RouteTable, version: str) -> Manifest:
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None:
        raise TypeError(table)
    node = (table.trail,)
    parent: dict[str, Tree] = {
        "group": Said("", node),
        "kind": Said("Service", node),
        "name": subject.name,
        "namespace": subject.namespace,
    }
    if table.attachment.ports:
        parent["port"] = table.attachment.ports[0].map(_number)
    spec: dict[str, Tree] = {"parentRefs": [parent]}
    if table.hosts:
        spec["hostnames"] = [host.map(_text) for host in table.hosts]
    http = table.protocol is Protocol.HTTP
    spec["rules"] = [_rule(route, table.protocol) for route in table.routes]
    home = _home(table)
    return Manifest(
        api_version=version,
        kind=KINDS[table.protocol],
        namespace=home.value,
        name=table.name.value,
        tree={"metadata": {"namespace": home}, "spec": spec},
        purpose=node if http else (*node, *(route.trail for route in table.routes)),
    )


def _rule(route: Route, protocol: Protocol) -> dict[str, Tree]:
    match protocol:
        case Protocol.HTTP:
            return rule_tree(route)
        case Protocol.GRPC:
            return call_rule_tree(route)
        case _:
            return {"backendRefs": [backend_tree(one) for one in route.backends]}


def _number(port: object) -> int:
    if not isinstance(port, ServicePort):
        raise TypeError(port)
    return port.port


def _text(pattern: Pattern) -> str:
    return f"*{pattern.text}" if pattern.kind is PatternKind.SUFFIX else pattern.text
