"""``networking.istio.io`` VirtualService: where requests for its hosts go.

istio/istio pilot/pkg/networking/core/route/route.go ``translateRoute``, 1.31. A rule that delegates,
or is delegated to, has its meaning in two resources: it is kept as it stands until both are known
(:func:`read_included`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ir.provenance import Traced, absorb, derived
from ir.traffic import FixedAnswer, Redirect, Route, RouteMatch
from translator.importers.istio.model import VirtualService
from translator.importers.istio.virtual_service_action import (
    MIRROR_SHARES,
    Shares,
    is_whole,
    read_answer,
    read_mirror,
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
from translator.importers.istio.virtual_service_join import joined
from translator.importers.istio.virtual_service_match import read_match
from translator.importers.istio.virtual_service_scope import Margin, empties, given, read_created
from translator.importers.istio.virtual_service_streams import read_streams
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_ACTIONS = ("redirect", "directResponse", "route")
"""What a rule does; of several the first counts."""


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as it stands in its resource."""

    item: Cursor
    margin: Margin


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
    waits = _delegates(spec, rules)
    margin = Margin(meta)
    routes = () if waits else tuple(r for rule in rules for r in _rule(Written(rule, margin), None))
    streams = {field: read_streams(spec, field, margin) for field in ("tls", "tcp")}
    return VirtualService(
        meta=meta,
        created=created,
        hosts=spec.opt_strings("hosts"),
        gateways=spec.opt_strings("gateways"),
        export_to=spec.opt_strings("exportTo"),
        http=routes,
        tls=streams["tls"],
        tcp=streams["tcp"],
        pending=rules if waits else (),
        quiet=tuple(margin.quiet),
        refused=tuple(margin.refused),
        trail=empties(node, spec, "http", "tls", "tcp", "hosts", "gateways", "exportTo"),
    )


def _delegates(spec: Cursor, rules: Sequence[Cursor]) -> bool:
    return bool(rules) and (not spec.opt_list("hosts") or any(r.has("delegate") for r in rules))


def read_plain(rule: Written) -> tuple[Route, ...]:
    """The routes of a rule that stands for itself, in a resource where others delegate."""
    return _rule(rule, None)


def read_included(rule: Written, root: Written) -> tuple[Route, ...]:
    """The routes of a rule of a delegate under the rule that delegates; none where the two conflict.

    What the delegate's rule leaves out the root's fills in: rewrite, fixed answer, time limit,
    retries, fault, mirrors, cross-origin policy and header edits (istio/istio
    pilot/pkg/model/virtualservice.go ``mergeHTTPRoute``, 1.31).
    """
    return _rule(rule, root)


def _picked(own: Written, root: Written | None, *keys: str) -> Written:
    """The rule that says one of the fields: the delegate's own, else the root's."""
    if root is None or any(own.item.has(key) for key in keys):
        return own
    return root if any(root.item.has(key) for key in keys) else own


def _rule(own: Written, root: Written | None) -> tuple[Route, ...]:
    """The routes of one rule: two or more where a rewrite means another thing for some matches."""
    matches = _matches(own, root)
    if matches is None:
        return ()
    item, margin = own.item, own.margin
    answered = _picked(own, root, "directResponse").item
    action = next((k for k in _ACTIONS if (answered if k == "directResponse" else item).has(k)), "")
    if action == "directResponse" and item.has("route"):
        margin.note(Traced("", item.at("route").leaves()))
    shares: Shares | None = None
    if action == "route" and item.list("route"):
        shares = read_shares(item, margin)
        if shares is None:
            margin.drop("weights must not be negative, nor all 0", item)
            return ()
    elif action in ("", "route"):
        margin.drop("a rule needs one of route, redirect and directResponse", item)
        return ()
    redirect = read_redirect(item, margin.meta) if action == "redirect" else None
    answer = read_answer(answered, margin.meta) if action == "directResponse" else None
    if shares is None or not _picked(own, root, "rewrite").item.has("rewrite"):
        return (_route(own, root, matches, shares, redirect or answer),)
    runs = [tuple(run) for _, run in groupby(matches, is_whole)] or [()]
    return tuple(_route(own, root, run, shares, None) for run in runs)


def _matches(own: Written, root: Written | None) -> tuple[RouteMatch, ...] | None:
    """The alternatives of a rule; ``None`` where those of the delegate and of the root conflict."""
    mine = [(place, read_match(place, own.margin)) for place in own.item.opt_list("match")]
    if root is None:
        return tuple(match for _, match in mine)
    theirs = [(place, read_match(place, root.margin)) for place in root.item.opt_list("match")]
    if not mine or not theirs:
        return tuple(match for _, match in (mine or theirs))
    found: list[RouteMatch] = []
    for one in mine:
        both = [pair for other in theirs if (pair := joined(other, one)) is not None]
        if not both:
            return None
        found.extend(both)
    return tuple(found)


def _route(
    own: Written,
    root: Written | None,
    matches: tuple[RouteMatch, ...],
    shares: Shares | None,
    answer: Redirect | FixedAnswer | None,
) -> Route:
    item, meta = own.item, own.margin.meta
    edits = _picked(own, root, "headers")
    headers = read_headers(edits.item, edits.margin)
    hosts = given((headers.authority, None if shares is None else shares.authority))
    node = empties(absorb(meta.fact(item.path), headers.trail), item, "match", "mirrors")
    rewrite = _picked(own, root, "rewrite")
    retry, fault = _picked(own, root, "retries"), _picked(own, root, "fault")
    route = Route(
        name=_name(own, root),
        matches=matches,
        backends=() if shares is None else shares.backends,
        redirect=answer if isinstance(answer, Redirect) else None,
        answer=answer if isinstance(answer, FixedAnswer) else None,
        rewrite=read_rewrite(rewrite.item, rewrite.margin, matches, hosts)
        if shares or hosts
        else None,
        header_edits=headers.edits,
        cross_origin=read_cross_origin(_picked(own, root, "corsPolicy").item, meta),
        timeouts=read_timeouts(_picked(own, root, "timeout").item, meta),
        retry=read_retry(retry.item, retry.margin),
        fault=read_fault(fault.item, fault.margin),
        trail=node if shares is None else absorb(node, shares.spent),
    )
    return replace(
        route,
        mirrors=(
            *read_mirror(
                _picked(own, root, "mirror").item,
                _picked(own, root, *MIRROR_SHARES).item,
                own.margin,
            ),
            *read_mirrors(_picked(own, root, "mirrors").item, own.margin),
        ),
    )


def _name(own: Written, root: Written | None) -> Traced[str] | None:
    names = given((None if root is None else root.item.opt_str("name"), own.item.opt_str("name")))
    return derived("-".join(name.value for name in names), names) if names else None
