"""Backends of the routes of clients: Services, the egress network that the route is bound to, and what nobody serves.

linkerd2 policy-controller/k8s/index/src/outbound/index/http.rs ``backend_kind`` and ``convert_backend``, and
policy-controller/grpc/src/outbound/tcp.rs ``convert_backend``, 2.20: a network takes what goes to the address dialled, whatever
its port says, if it is the route's parent; another network and any other kind of object keep their share, which fails.
"""

from __future__ import annotations

from dataclasses import replace

from ir.inventory import Inventory, Knowledge
from ir.provenance import Traced, absorb, derived
from ir.traffic import AS_DIALLED, Backend, Destination
from translator.resources.gateway_api.read import Parent, read_backend
from translator.source.cursor import Cursor

OWN_GROUP = "policy.linkerd.io"
_NETWORK = "egressnetwork"


def read_backends(rule: Cursor, home: Traced[str]) -> tuple[Backend, ...]:
    """The backends of a rule; ``home`` is the namespace of those that name none.

    What is no Service has a name that nothing has, until it is known which network the route is for (:func:`onwards`).

    Raises:
        InputError: a name is missing or of the wrong type.
    """
    return tuple(_read(item, home) for item in rule.opt_list("backendRefs"))


def _read(item: Cursor, home: Traced[str]) -> Backend:
    backend = read_backend(item, home)
    group, kind = item.opt_str("group"), item.opt_str("kind")
    of = "" if group is None else group.value.lower()
    word = "service" if kind is None else kind.value.lower()
    if word == "service" and of in ("", "core"):
        return backend
    known = _NETWORK if (of, word) == (OWN_GROUP, _NETWORK) else f"{word}.{of}"
    place = backend.destination
    said = [place.name, *(part for part in (group, kind) if part is not None)]
    name = derived(_of_nobody(known, place.name.value), said)
    return replace(backend, destination=replace(place, name=name))


def _of_nobody(kind: str, name: str) -> str:
    return f"{name}.{kind}.invalid"


def served(backend: Backend, inventory: Inventory) -> Backend:
    """The backend; a Service that is surely not there keeps its share, which fails (``exists`` of ``convert_backend``)."""
    place = backend.destination
    space, name = place.namespace, place.name
    if space is None or inventory.knows_service(space.value, name.value) is not Knowledge.ABSENT:
        return backend
    said = [name, space]
    nobody = derived(_of_nobody("service", f"{name.value}.{space.value}"), said)
    port = [v for v in (place.port,) if v is not None]
    gone = replace(place, namespace=None, port=None, name=nobody, trail=absorb(place.trail, *port))
    return replace(backend, destination=gone)


def onwards(backend: Backend, home: Traced[str], parent: Parent) -> Backend:
    """What is sent to the network that the route is for goes on as it was dialled; ``home``: the namespace of the network."""
    place = backend.destination
    itself = _of_nobody(_NETWORK, parent.name.value)
    if place.name.value != itself or place.namespace is None or place.namespace.value != home.value:
        return backend
    said = [v for v in (place.namespace, place.port) if v is not None]
    node = absorb(place.trail, place.name, *said)
    made = Destination(namespace=None, name=Traced(AS_DIALLED), trail=node)
    return replace(backend, destination=made)
