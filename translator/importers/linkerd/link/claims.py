"""Parents that routes of several kinds name word for word alike: those of the lower kinds are not accepted there.

linkerd2 policy-controller/k8s/status/src/index.rs ``parent_has_conflicting_routes``, 2.20: whether the higher kind is heeded
on the port is not asked, and a port that is named is another parent than one that is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.provenance import absorb
from ir.traffic import Protocol
from translator.importers.linkerd.authorization_policy import CORE
from translator.importers.linkerd.backends import OWN_GROUP
from translator.importers.linkerd.model import HttpRoute, Statement, StreamRoute
from translator.resources.gateway_api.read import Parent

ORDER = (Protocol.GRPC, Protocol.HTTP, Protocol.TLS, Protocol.TCP)
"""Kinds of routes, those first that outrank the others."""

_BESIDE_CALLS = "the port has GRPCRoutes, beside which Linkerd heeds no other kind"
OUTRANKED = "Linkerd heeds other routes on this port, or no parent of this kind"

_Key = tuple[str, str, str, int | None]


class Claims:
    """Who names which Service or network outside as a parent."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._first: dict[_Key, int] = {}
        for route in statements:
            if isinstance(route, (HttpRoute, StreamRoute)):
                for parent in route.parents:
                    key = _key(route, parent)
                    if key is not None:
                        rank = ORDER.index(route.protocol)
                        self._first[key] = min(rank, self._first.get(key, rank))

    def against(self, route: HttpRoute | StreamRoute, parent: Parent) -> str:
        """Why the route is not accepted: one of a higher kind names the same parent; empty where none does."""
        key = _key(route, parent)
        if key is None or self._first[key] >= ORDER.index(route.protocol):
            return ""
        return beside(ORDER[self._first[key]])


def beside(kind: Protocol) -> str:
    """Why a route is not heeded where one of that kind is."""
    return _BESIDE_CALLS if kind is Protocol.GRPC else OUTRANKED


def _key(route: HttpRoute | StreamRoute, parent: Parent) -> _Key | None:
    """The parent in plain values; ``None`` where it is none that clients look up."""
    inside = parent.kind == "Service" and parent.group in CORE
    if not inside and (parent.group, parent.kind) != (OWN_GROUP, "EgressNetwork"):
        return None
    home = route.meta.namespace if parent.namespace is None else parent.namespace
    port = None if parent.port is None else parent.port.value
    return parent.kind, home.value, parent.name.value, port


def leaves_of(parent: Parent) -> tuple[int, ...]:
    """The leaves of a reference to a parent."""
    parts = (parent.namespace, parent.name, parent.port, parent.section)
    return absorb(parent.spent, *(part for part in parts if part is not None)).origin
