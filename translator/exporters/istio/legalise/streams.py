"""Routes of connections: ``tcp`` rules of a VirtualService.

istio/istio pilot/pkg/networking/core/tls.go, 1.31: at a sidecar the ``tcp`` rules of every VirtualService of a host are used,
on ports that are neither TLS nor HTTP. So a table is written where no other has a say, on ports that are declared as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ir.attachment import ServicePort
from ir.inventory import Inventory, PortOfService, Service
from ir.provenance import Traced, derived
from ir.traffic import NoMatch, Order, Route, RouteTable
from translator.exporters.istio.legalise.order import Unsayable
from translator.exporters.naming import Names

_BYTES = "tcp"


def stream_table(
    table: RouteTable,
    space: str,
    others: Sequence[RouteTable],
    inventory: Inventory,
    names: Names,
) -> RouteTable:
    """The table of TCP connections to a service in legal form; ``space``: where its object stands.

    Raises:
        Unsayable: the target would not do with all these connections what the source does.
    """
    if others:
        raise Unsayable("other routes of the same service are for other clients, ports or requests")
    if table.attachment.excluding_ports or table.hosts:
        raise Unsayable("they are for some ports or names only, which are not said one by one")
    _check_ports(table, inventory)
    if len(table.routes) != 1 or table.routes[0].matches:
        raise Unsayable("a rule for some connections only is not written yet")
    _check_backends(table.routes[0], inventory)
    subject = table.attachment.subject
    home = [table.name] if subject.namespace is None else [subject.namespace, table.name]
    return replace(
        table,
        name=derived(names.take("VirtualService", space, table.name.value), (table.name,)),
        home=derived(space, home),
        order=Order.LIST,
        no_match=NoMatch.PASS,
    )


def _check_ports(table: RouteTable, inventory: Inventory) -> None:
    subject = table.attachment.subject
    service = _service(inventory, subject.namespace, subject.name)
    if service is None:
        raise Unsayable("the Service is not in the input, so what its ports speak is not known")
    wanted = [p.value.port for p in table.attachment.ports if isinstance(p.value, ServicePort)]
    if any(number not in [p.number for p in service.ports] for number in wanted):
        raise Unsayable("they are for a port that the Service does not have")
    own = [p for p in service.ports if not wanted or p.number in wanted]
    unread = sorted(p.number for p in own if not _is_bytes(p))
    if unread:
        raise Unsayable(
            f"ports that the Service does not declare as {_BYTES} would be read or looked at first "
            f"({_listed(unread)}); set appProtocol: {_BYTES} on them"
        )


def _is_bytes(port: PortOfService) -> bool:
    """Declared as bytes (istio/istio pkg/config/kube/conversion.go ``ConvertProtocol``, 1.31)."""
    word = (port.app_protocol or port.name.partition("-")[0]).lower()
    return port.protocol == "TCP" and word == _BYTES


def _check_backends(route: Route, inventory: Inventory) -> None:
    """Whether every share goes to a service and a port that are listed, as a whole."""
    if not route.backends:
        raise Unsayable("a rule without destinations closes connections, which no rule can say")
    if not any(b.weight is None or b.weight.value for b in route.backends):
        raise Unsayable("a rule whose weights are all 0 closes connections, which no rule can say")
    if len(route.backends) > 1 and any(b.weight is None for b in route.backends):
        raise Unsayable("one of several destinations has no weight")
    for backend in route.backends:
        wanted = backend.destination
        if wanted.subset is not None or wanted.labels is not None:
            raise Unsayable(
                "a subset of a service as a destination of connections is not written yet"
            )
        service = _service(inventory, wanted.namespace, wanted.name)
        known = [] if service is None else [p.number for p in service.ports]
        if wanted.port is None or wanted.port.value.port not in known:
            raise Unsayable(
                f'the port of the destination "{wanted.name.value}" is not in the input'
            )


def _service(
    inventory: Inventory, space: Traced[str] | None, name: Traced[str] | None
) -> Service | None:
    return None if space is None or name is None else inventory.service(space.value, name.value)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
