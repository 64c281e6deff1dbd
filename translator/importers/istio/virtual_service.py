"""``networking.istio.io`` VirtualService: where requests for its hosts go.

istio/istio pilot/pkg/networking/core/route/route.go ``translateRoute``, 1.31. ``tls`` and ``tcp``
stay unread. A rule that delegates, or is delegated to, has its meaning in another resource: such a
resource is not read at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ir.provenance import absorb
from ir.traffic import FixedAnswer, Redirect, Route, RouteMatch
from translator.importers.istio.model import VirtualService
from translator.importers.istio.virtual_service_action import (
    Shares,
    is_whole,
    read_answer,
    read_mirrors,
    read_redirect,
    read_rewrite,
    read_shares,
)
from translator.importers.istio.virtual_service_effects import (
    read_cross_origin,
    read_fault,
    read_headers,
    read_retry,
    read_timeouts,
)
from translator.importers.istio.virtual_service_match import read_match
from translator.importers.istio.virtual_service_scope import Margin, empties, given, read_created
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.source.leaves import below, leaf_ref

_ACTIONS = ("redirect", "directResponse", "route")
"""What a rule does; of several the first counts."""


def read_virtual_service(root: Cursor, meta: Meta) -> VirtualService:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    created = read_created(root)
    node = empties(meta.fact("VirtualService"), root, "spec")
    spec = root.opt_map("spec")
    if spec is None:
        return VirtualService(meta=meta, created=created, trail=node)
    rules = spec.opt_list("http")
    if _delegates(spec, rules):
        return VirtualService(meta=meta, created=created, not_read=_peek(spec), trail=node)
    if not rules and (spec.has("tls") or spec.has("tcp")):
        # the hosts say what the rules of these are for: they stay unread with them
        return VirtualService(meta=meta, created=created, trail=node)
    margin = Margin(meta)
    routes = tuple(route for rule in rules for route in _rule(rule, margin))
    return VirtualService(
        meta=meta,
        created=created,
        hosts=spec.opt_strings("hosts"),
        gateways=spec.opt_strings("gateways"),
        export_to=spec.opt_strings("exportTo"),
        http=routes,
        quiet=tuple(margin.quiet),
        refused=tuple(margin.refused),
        trail=empties(node, spec, "http", "hosts", "gateways", "exportTo"),
    )


def _delegates(spec: Cursor, rules: Sequence[Cursor]) -> bool:
    return bool(rules) and (not spec.opt_list("hosts") or any(r.has("delegate") for r in rules))


def _peek(spec: Cursor) -> tuple[int, ...]:
    """The leaves at and below, which do not count as read."""
    number = spec.resource.document.number
    return tuple(sorted(leaf_ref(number, leaf) for leaf in below(spec.node)))


def _rule(item: Cursor, margin: Margin) -> tuple[Route, ...]:
    """The routes of one rule: two or more where a rewrite means another thing for some matches."""
    action = next((key for key in _ACTIONS if item.has(key)), None)
    shares: Shares | None = None
    if action == "route" and item.list("route"):
        shares = read_shares(item, margin)
        if shares is None:
            margin.drop("weights must not be negative, nor all 0", item)
            return ()
    elif action in (None, "route"):
        margin.drop("a rule needs one of route, redirect and directResponse", item)
        return ()
    matches = tuple(read_match(match, margin) for match in item.opt_list("match"))
    redirect = read_redirect(item, margin.meta) if action == "redirect" else None
    answer = read_answer(item, margin.meta) if action == "directResponse" else None
    if shares is None or not item.has("rewrite"):
        return (_route(item, margin, matches, shares, redirect or answer),)
    runs = [tuple(run) for _, run in groupby(matches, is_whole)] or [()]
    return tuple(_route(item, margin, run, shares, None) for run in runs)


def _route(
    item: Cursor,
    margin: Margin,
    matches: tuple[RouteMatch, ...],
    shares: Shares | None,
    answer: Redirect | FixedAnswer | None,
) -> Route:
    meta = margin.meta
    headers = read_headers(item, margin)
    hosts = given((headers.authority, None if shares is None else shares.authority))
    node = empties(absorb(meta.fact(item.path), headers.trail), item, "match", "mirrors")
    return Route(
        name=item.opt_str("name"),
        matches=matches,
        backends=() if shares is None else shares.backends,
        redirect=answer if isinstance(answer, Redirect) else None,
        answer=answer if isinstance(answer, FixedAnswer) else None,
        rewrite=read_rewrite(item, margin, matches, hosts) if shares or hosts else None,
        header_edits=headers.edits,
        mirrors=read_mirrors(item, margin),
        cross_origin=read_cross_origin(item, meta),
        timeouts=read_timeouts(item, meta),
        retry=read_retry(item, margin),
        fault=read_fault(item, meta),
        trail=node if shares is None else absorb(node, shares.spent),
    )
