"""Backends of Gateway API routes with the kinds of what they name.

Field names and defaults: sigs.k8s.io/gateway-api apis/v1/shared_types.go, 1.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import ServicePort
from ir.provenance import Traced, absorb, trail
from ir.traffic import Backend, Destination, Redirect
from translator.resources.gateway_api.read import read_filters
from translator.source.cursor import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One item of ``backendRefs``: a kind of object, and the share that it gets of the requests."""

    group: str
    kind: str
    backend: Backend
    redirect: Redirect | None = None
    unknown: tuple[Cursor, ...] = ()
    """Filters of its own that are not read."""


def read_references(rule: Cursor, home: Traced[str]) -> tuple[Reference, ...]:
    """The backends of a rule; ``home`` is the namespace of those that name none.

    Raises:
        InputError: a name is missing or of the wrong type.
    """
    return tuple(_reference(item, home) for item in rule.opt_list("backendRefs"))


def _reference(item: Cursor, home: Traced[str]) -> Reference:
    group, kind = item.opt_str("group"), item.opt_str("kind")
    filters = read_filters(item)
    words = [word for word in (group, kind) if word is not None]
    spent = absorb(trail("backend"), *words, *read_idle_filters(item))
    backend = Backend(
        destination=read_object(item, home),
        weight=item.opt_int("weight"),
        header_edits=filters.edits,
        trail=spent,
    )
    return Reference(
        group="" if group is None else group.value,
        kind="Service" if kind is None else kind.value,
        backend=backend,
        redirect=filters.redirect,
        unknown=filters.unknown,
    )


def read_object(item: Cursor, home: Traced[str]) -> Destination:
    """The object that a reference names; raises as :func:`read_references`, and for a Service without a port."""
    port = item.opt_int("port")
    namespace = item.opt_str("namespace")
    group, kind = item.opt_str("group"), item.opt_str("kind")
    core = (group is None or not group.value) and (kind is None or kind.value == "Service")
    if core and port is None:
        raise item.refuse("a reference to a Service needs a port. Add it.")
    return Destination(
        namespace=home if namespace is None else namespace,
        name=item.str("name"),
        port=None if port is None else port.map(ServicePort),
        trail=trail("destination"),
    )


_MODIFIERS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
}


def read_idle_filters(place: Cursor) -> tuple[Traced[str], ...]:
    """What the filters of a rule or of a backend say that does nothing: words and empty collections.

    Raises:
        InputError: there are two redirects.
    """
    spent = [place.empty("filters")]
    redirects = 0
    for item in place.opt_list("filters"):
        kind = item.str("type")
        if kind.value in _MODIFIERS:
            field = _MODIFIERS[kind.value]
            modifier = item.opt_map(field)
            lists = [] if modifier is None else [*map(modifier.opt_list, ("set", "add", "remove"))]
            spent.extend((item.empty(field), *(() if any(lists) else (kind,))))
            if modifier is not None:
                spent.extend(map(modifier.empty, ("set", "add", "remove")))
        elif kind.value == "RequestRedirect":
            redirects += 1
            if redirects > 1:
                raise item.refuse("expected one redirect, found a second. Take one of them out.")
            path = item.map("requestRedirect").opt_map("path")
            words = () if path is None else (path.opt_str("type"),)
            spent.extend(word for word in words if word is not None)
    return tuple(one for one in spent if one.origin)
