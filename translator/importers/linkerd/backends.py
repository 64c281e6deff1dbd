"""Backends of routes: Services by their port, and egress networks, which have none.

linkerd2 policy-controller/k8s/index/src/outbound/index/http.rs ``convert_backend``, 2.20: by its kind a backend is an
EgressNetwork, whatever its port says, and what goes to it goes where it was dialled.
"""

from __future__ import annotations

from dataclasses import replace

from ir.provenance import Traced, absorb
from ir.traffic import Backend
from translator.resources.gateway_api import read
from translator.source.cursor import Cursor

_NETWORK = ("policy.linkerd.io", "EgressNetwork")


def read_backends(rule: Cursor, home: Traced[str]) -> tuple[Backend, ...]:
    """The backends of a rule, networks without a port; raises as :func:`translator.resources.gateway_api.read.read_backends`."""
    items = rule.opt_list("backendRefs")
    found = zip(items, read.read_backends(rule, home), strict=True)
    return tuple(_network(one) if _is_network(item) else one for item, one in found)


def _is_network(item: Cursor) -> bool:
    words = (item.opt_str("group"), item.opt_str("kind"))
    return tuple("" if word is None else word.value for word in words) == _NETWORK


def _network(backend: Backend) -> Backend:
    port = backend.destination.port
    if port is None:
        return backend
    there = replace(backend.destination, port=None)
    return replace(backend, destination=there, trail=absorb(backend.trail, port))
