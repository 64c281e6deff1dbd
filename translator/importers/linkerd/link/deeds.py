"""What routes on Servers do beside letting in: the server's own proxy redirects requests and changes their headers.

linkerd2 policy-controller/k8s/index/src/inbound/index/http.rs and policy-controller/grpc/src/inbound/http.rs, 2.20: backends
and limits of time are for parents that are Services, changes of answers are left out, and a filter that cannot be
converted leaves out the whole route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.model import Inactive
from ir.opaque import Column, Opaque
from ir.provenance import trail
from ir.traffic import HeaderSide, Route
from ir.walk import traced
from translator.importers.linkerd.link.servers import Held
from translator.importers.linkerd.model import HttpRoute

_DEEDS = "redirects and changes of headers by the proxy of a Server"
_CLIENTS = "a proxy at its Server heeds no backends, no changes of answers and no limits of time"
KEPT_OUT = "a filter or a value that Linkerd does not have keeps it from taking the route"


def is_kept_out(route: HttpRoute) -> bool:
    """Whether a filter or a value keeps the controller from taking the route at all."""
    changed = any(rule.rewrite or rule.mirrors for rule in route.routes)
    return bool(changed or route.foreign or route.undecoded)


def deeds(held: Held, routes: Iterable[HttpRoute]) -> Iterator[Opaque]:
    """What the routes that are heeded on a Server do to requests there, which is in no word of the model."""
    for route in routes:
        done = _leaves(value for rule in route.routes for value in _done(rule))
        if done:
            yield Opaque(
                attachment=held.attachment,
                kind=_DEEDS,
                may_touch=(Column.ROUTING, Column.HEADERS),
                trail=trail(_DEEDS, *done),
            )


def idle_on_servers(routes: Iterable[HttpRoute]) -> Iterator[Inactive]:
    """What of routes that have no other parents than Servers nobody heeds."""
    for route in routes:
        if all(parent.kind == "Server" for parent in route.parents):
            yield from idle_for_clients(route)


def idle_for_clients(route: HttpRoute) -> Iterator[Inactive]:
    """What a route says that Servers do not heed, where no client does."""
    kept_out = is_kept_out(route)
    left = (route.routes, route.guarded, route.hosts) if kept_out else _of_clients(route)
    said = _leaves((left, route.retry, route.timeouts)) | set(route.foreign)
    if said:
        why = KEPT_OUT if kept_out else _CLIENTS
        yield Inactive(leaves=tuple(sorted(said)), winner="", why=why)


def _done(rule: Route) -> Iterator[object]:
    """What a rule does that a server's proxy heeds."""
    yield rule.redirect
    yield from (edit for edit in rule.header_edits if edit.side is HeaderSide.REQUEST)


def _of_clients(route: HttpRoute) -> tuple[object, ...]:
    """What the rules say that clients' proxies alone heed."""
    answers = (e for r in route.routes for e in r.header_edits if e.side is HeaderSide.RESPONSE)
    return (*(part for r in route.routes for part in (r.backends, r.timeouts)), *answers)


def _leaves(values: Iterable[object]) -> set[int]:
    return {leaf for one in values if one for value in traced(one) for leaf in value.origin}
