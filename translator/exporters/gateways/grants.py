"""Grants for references to Services and Secrets of another namespace.

sigs.k8s.io/gateway-api apis/v1beta1/referencegrant_types.go, 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ir.provenance import Traced, derived
from ir.traffic import RouteTable
from translator.api import Manifest, Said, Tree
from translator.exporters.gateways.binding import KINDS
from translator.exporters.naming import Names, name_of
from translator.resources.gateway_api.write import GATEWAY_API_BETA, ROUTE_GROUP, X_GROUP

_OF_X = ("XListenerSet",)
"""Kinds of the experimental group."""
_MAX_NAMES = 16
"""Objects that one grant may name."""


def note_backends(table: RouteTable, home: str, grants: Grants) -> None:
    """Notes what the rules of a table name; ``home`` is the namespace of its object."""
    for route in table.routes:
        places = [backend.destination for backend in route.backends]
        places += [mirror.destination for mirror in route.mirrors]
        for place in places:
            if place.namespace is not None:
                grants.note(KINDS[table.protocol], home, "Service", place.namespace, place.name)


Between = tuple[str, str, str, str]
"""Kind and namespace of what refers, kind and namespace of what is referred to."""


@dataclass(slots=True)
class Grants:
    """References that cross namespaces: one grant for all of one kind between two namespaces.

    ``prefix``: begins the names of the grants.
    """

    found: dict[Between, dict[str, list[Traced[str]]]] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    prefix: str = ""

    def note(self, kind: str, space: str, to: str, where: Traced[str], name: Traced[str]) -> None:
        """Notes a reference, which needs a grant where it leaves its namespace."""
        if where.value != space:
            named = self.found.setdefault((kind, space, to, where.value), {})
            named.setdefault(name.value, []).append(name)

    def manifests(self) -> Iterator[Manifest]:
        """The grants, each within the limit of names."""
        for (kind, space, to, where), named in sorted(self.found.items()):
            words = sorted(named)
            for start in range(0, len(words), _MAX_NAMES):
                part = words[start : start + _MAX_NAMES]
                name = self.names.take(
                    "ReferenceGrant", where, name_of(self.prefix, kind.lower(), "from", space)
                )
                chosen = {word: named[word] for word in part}
                yield _grant(name, (kind, space, to, where), chosen)


def _grant(name: str, route: Between, named: dict[str, list[Traced[str]]]) -> Manifest:
    kind, space, to, where = route
    node = tuple(derived(word, by) for word, by in named.items())
    targets: list[Tree] = []
    for word, by in named.items():
        own = tuple(by)
        item: dict[str, Tree] = {
            "group": Said("", own),
            "kind": Said(to, own),
            "name": Said(word, own),
        }
        targets.append(item)
    source: dict[str, Tree] = {
        "group": Said(X_GROUP if kind in _OF_X else ROUTE_GROUP, node),
        "kind": Said(kind, node),
        "namespace": Said(space, node),
    }
    return Manifest(
        api_version=GATEWAY_API_BETA,
        kind="ReferenceGrant",
        namespace=where,
        name=name,
        tree={"spec": {"from": [source], "to": targets}},
        purpose=node,
    )
