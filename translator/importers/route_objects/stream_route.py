"""TLSRoute, TCPRoute and UDPRoute: where connections go.

sigs.k8s.io/gateway-api apis/v1/{tls,tcp,udp}route_types.go, 1.6: exactly one rule; ``v1alpha2`` had up to sixteen, of
which the first that has backends counts here.
"""

from __future__ import annotations

from ir.provenance import Traced, absorb, trail
from ir.traffic import Protocol, Route
from translator.importers.route_objects.model import RouteObject, Rule
from translator.importers.route_objects.route import read_created
from translator.resources.gateway_api.hostname import host_pattern
from translator.resources.gateway_api.read import ROUTE_GROUP, read_parents
from translator.resources.gateway_api.references import read_references
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

PROTOCOLS = {"TLSRoute": Protocol.TLS, "TCPRoute": Protocol.TCP, "UDPRoute": Protocol.UDP}
_LISTS = ("parentRefs", "hostnames")


def read_stream_route(root: Cursor, meta: Meta) -> RouteObject:
    """The resource as written.

    Raises:
        InputError: there is no rule, or a field has a type or a word that the API server refuses.
    """
    spec = root.map("spec")
    rules = tuple(_rule(item, meta) for item in spec.list("rules"))
    if not rules:
        raise spec.refuse("expected a rule, found none. Write one.")
    return RouteObject(
        meta=meta,
        created=read_created(root),
        protocol=PROTOCOLS[meta.kind],
        parents=tuple(read_parents(spec, ROUTE_GROUP)),
        hosts=tuple(host.map(host_pattern) for host in spec.opt_strings("hostnames")),
        rules=rules,
        trail=absorb(meta.fact(meta.kind), *(spec.empty(key) for key in _LISTS)),
    )


def _rule(item: Cursor, meta: Meta) -> Rule:
    home = Traced(meta.namespace.value, (), meta.because, (), meta.namespace.stated_by)
    name = item.opt_str("name")
    node = absorb(trail("rule"), item.here, item.empty("backendRefs"))
    if name is not None:
        node = absorb(node, name)
    return Rule(route=Route(trail=node), references=read_references(item, home))
