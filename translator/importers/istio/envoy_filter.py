"""``networking.istio.io`` EnvoyFilter: patches of the proxy's own configuration.

istio/api networking/v1alpha3/envoy_filter.proto, 1.31. A patch is read as one piece; what it is for is told from its
form (:mod:`translator.importers.istio.envoy.intent`).
"""

from __future__ import annotations

from collections.abc import Mapping

from ir.attachment import EnforcedAt
from ir.inventory import equal_to
from ir.match import Labels
from ir.provenance import Traced, absorb
from translator.importers.istio.envoy.intent import Patch, intent_of
from translator.importers.istio.envoy.rate_limit import read_limit
from translator.importers.istio.model.extensions import Extension, Piece
from translator.importers.istio.selector import leaves_of_targets
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.source.leaves import plain

APPLY_TO = {
    word: word
    for word in (
        "INVALID", "LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER", "ROUTE_CONFIGURATION", "VIRTUAL_HOST",
        "HTTP_ROUTE", "CLUSTER", "EXTENSION_CONFIG", "BOOTSTRAP", "LISTENER_FILTER",
    )
}  # fmt: skip
_PLACES = {
    "SIDECAR_OUTBOUND": EnforcedAt.CLIENT,
    "GATEWAY": EnforcedAt.GATEWAY,
    "WAYPOINT": EnforcedAt.WAYPOINT,
}


def read_envoy_filter(root: Cursor, meta: Meta) -> Extension:
    """The resource as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    node = absorb(meta.fact("EnvoyFilter"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return Extension(meta=meta, selector=None, targets=None, pieces=(), trail=node)
    selector, spent = _workloads(spec)
    priority = spec.opt_int("priority")
    node = absorb(node, spent, spec.empty("configPatches"))
    if priority is not None:
        node = absorb(node, priority)
    return Extension(
        meta=meta,
        selector=selector,
        targets=leaves_of_targets(spec),
        pieces=tuple(_piece(item, meta) for item in spec.opt_list("configPatches")),
        trail=node,
    )


def _workloads(spec: Cursor) -> tuple[Traced[Labels] | None, Traced[str]]:
    """``workloadSelector.labels``; none of them selects every workload."""
    selector = spec.opt_map("workloadSelector")
    if selector is None:
        return None, Traced("")
    spent = absorb(Traced("workloads"), selector.here, selector.empty("labels"))
    entries = selector.opt_string_map("labels")
    if not entries:
        return None, spent
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin), spent


def _piece(item: Cursor, meta: Meta) -> Piece:
    applies_to = item.opt_enum("applyTo", APPLY_TO)
    patch, match = item.opt_map("patch"), item.opt_map("match")
    words = plain(patch.node) if patch is not None else {}
    where = plain(match.node) if match is not None else {}
    said = words if isinstance(words, Mapping) else {}
    scope = where if isinstance(where, Mapping) else {}
    known = Patch(
        applies_to="" if applies_to is None else applies_to.value,
        operation=str(said.get("operation", "")),
        matched=_filter_name(scope),
        value=said.get("value"),
    )
    intent, columns = intent_of(known)
    leaves = [*item.leaf, *(() if applies_to is None else applies_to.origin)]
    for place in (patch, match):
        if place is not None:
            leaves.extend(place.leaves())
    return Piece(
        kind=f"{known.operation or 'patch'} of {known.applies_to or 'nothing'}",
        intent=intent,
        may_touch=columns,
        enforced_at=_PLACES.get(str(scope.get("context", "")), EnforcedAt.SERVER),
        trail=meta.fact("patch", *leaves),
        limit=read_limit(item),
    )


def _filter_name(match: Mapping[str, object]) -> str:
    """The name of the filter that is matched, the inner one where two are named."""
    found = ""
    here: object = match
    for step in ("listener", "filterChain", "filter"):
        here = here.get(step) if isinstance(here, Mapping) else None
    if isinstance(here, Mapping):
        inner = here.get("subFilter")
        names = (here.get("name"), inner.get("name") if isinstance(inner, Mapping) else None)
        found = next((str(name) for name in reversed(names) if name), "")
    return found
