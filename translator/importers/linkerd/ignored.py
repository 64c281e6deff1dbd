"""Fields and annotations of routes that Linkerd takes without a word and does nothing about.

linkerd2 policy-controller/k8s/index/src/outbound/index/{http,grpc,tls,tcp}.rs and .../routes/http.rs by version: the
limit for one backend is read by the webhook alone, ``timeouts.request`` of ``gateway.networking.k8s.io`` since 2.20 and
only as a whole number with one unit, 0 in neither group, the annotations since 2.16.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.model import Inactive
from translator.api import Options
from translator.importers.linkerd.annotations import RETRY, SINCE, TIMEOUT
from translator.importers.linkerd.backends import OWN_GROUP
from translator.importers.linkerd.http_route import FIELD_SINCE, counts, enters
from translator.source.cursor import Cursor

_FIELDS = {
    "name": "the name of a rule decides nothing",
    "retry": "Linkerd does not look at this field; its annotations say what is tried again",
    "sessionPersistence": "Linkerd does not look at this field, and keeps no sessions",
}
_BACKEND = "Linkerd enforces no limit for one backend"
_EARLY = f"Linkerd enforces this limit since {FIELD_SINCE}"
_FORM = "Linkerd leaves out a limit that is no whole number with one unit, or is 0"
_OTHER = "the annotation is for routes of another kind"
_WITHOUT_SECTIONS = ("Service", "EgressNetwork")
_SECTION = "Linkerd does not look at the section of such a parent"
_OLD = f"the annotation is heeded since {SINCE}"
_ZERO = "0 is as if nothing were said: Linkerd tries again as often as it does elsewhere"
_MAY_BE_NONE = ("retry.linkerd.io/limit", "retry.linkerd.io/timeout")
_OF_CALLS = "retry.linkerd.io/grpc"
_OF_REQUESTS = "retry.linkerd.io/http"


def ignored(root: Cursor, options: Options) -> Iterator[Inactive]:
    """What of a route nobody heeds; what is bound to a gateway is for that to heed."""
    kind, version = root.str("kind").value, root.str("apiVersion").value
    if kind.endswith("Route"):
        yield from _sections(root.map("spec"))
    annotations = root.map("metadata").opt_map("annotations")
    if annotations is not None and kind in ("HTTPRoute", "GRPCRoute", "EgressNetwork"):
        yield from _zeros(annotations)
    if kind not in ("HTTPRoute", "GRPCRoute"):
        return
    own = version.startswith(OWN_GROUP)
    spec = root.map("spec")
    for rule in () if enters(spec) else spec.opt_list("rules"):
        for field, why in _FIELDS.items():
            if not own and (found := rule.opt(field)) is not None:
                yield Inactive(leaves=found.leaves(), winner="", why=why)
        times = rule.opt_map("timeouts")
        if times is not None:
            yield from _limits(times, options, own=own)
    if annotations is not None:
        yield from _annotations(annotations, kind, options)


def _sections(spec: Cursor) -> Iterator[Inactive]:
    """Sections of Services and networks outside, which have none (policy-controller/k8s/index/src/outbound/index.rs)."""
    for parent in spec.opt_list("parentRefs"):
        kind, section = parent.opt_str("kind"), parent.opt_str("sectionName")
        if section is not None and kind is not None and kind.value in _WITHOUT_SECTIONS:
            yield Inactive(leaves=section.origin, winner="", why=_SECTION)


def _limits(times: Cursor, options: Options, *, own: bool) -> Iterator[Inactive]:
    backend, request = times.opt("backendRequest"), times.opt("request")
    if backend is not None:
        yield Inactive(leaves=backend.leaves(), winner="", why=_BACKEND)
    if request is None:
        return
    if not own and not options.source.at_least(FIELD_SINCE):
        yield Inactive(leaves=request.leaves(), winner="", why=_EARLY)
    elif not counts(request, own=own):
        yield Inactive(leaves=request.leaves(), winner="", why=_FORM)


def _zeros(found: Cursor) -> Iterator[Inactive]:
    """Retries of which there are 0, or that may take 0: as if nothing were said (``parse_http_retry``)."""
    for key in _MAY_BE_NONE:
        value = found.opt_str(key)
        if value is not None and not value.value.rstrip("msdh").strip("0"):
            yield Inactive(leaves=value.origin, winner="", why=_ZERO)


def _annotations(found: Cursor, kind: str, options: Options) -> Iterator[Inactive]:
    other = _OF_CALLS if kind == "HTTPRoute" else _OF_REQUESTS
    old = not options.source.at_least(SINCE)
    for key in (*RETRY, *TIMEOUT):
        place = found.opt(key)
        if place is not None and (old or key == other):
            yield Inactive(leaves=place.leaves(), winner="", why=_OLD if old else _OTHER)
