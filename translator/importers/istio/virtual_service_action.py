"""What a rule of a VirtualService does with its requests: shares, redirect, fixed answer, mirrors.

istio/istio pilot/pkg/networking/core/route/route.go, 1.31.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ir.attachment import ServicePort
from ir.match import Part, Pattern, PatternKind, RegexDialect
from ir.provenance import Traced, Trail, absorb, named
from ir.traffic import (
    AS_ASKED,
    Backend,
    Destination,
    FixedAnswer,
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Redirect,
    Rewrite,
    RouteMatch,
)
from translator.importers.istio.virtual_service_effects import read_headers, read_percentage
from translator.importers.istio.virtual_service_scope import Margin, empties, given
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_FROM_REQUEST = "FROM_REQUEST_PORT"
_DERIVED = {word: word for word in ("FROM_PROTOCOL_DEFAULT", _FROM_REQUEST)}
_OLD_PERCENTAGES = ("mirrorPercent", "mirror_percent")
MIRROR_SHARES = ("mirrorPercentage", *_OLD_PERCENTAGES)
"""Fields that say how many requests are mirrored."""
_EVERY_PATH = "/.*"
"""The expression that finds every path whole, as Istio itself writes ``ReplaceFullPath`` of Gateway API
(istio/istio pilot/pkg/config/kube/gateway/conversion.go ``createRewriteFilter``, 1.31)."""
_PATH_KEYS = ("uri", "uriRegexRewrite")


@dataclass(frozen=True, slots=True)
class Shares:
    """The backends of a rule, the authority that the only one sets, and leaves without a share."""

    backends: tuple[Backend, ...]
    authority: Traced[str] | None
    spent: Trail


def read_shares(item: Cursor, margin: Margin) -> Shares | None:
    """``route``; ``None`` where no data plane could run its weights.

    The weight of a single destination counts for nothing, even 0; of several, those of weight 0
    get no requests and go.
    """
    entries = item.list("route")
    node = margin.meta.fact("without a share")
    if len(entries) == 1:
        backend, authority = _backend(entries[0], margin)
        if backend.weight is not None:
            backend = replace(backend, trail=absorb(backend.trail, backend.weight), weight=None)
        return Shares((backend,), authority, node)
    weights = [_weight(entry) for entry in entries]
    if any(weight < 0 for weight in weights) or not any(weights):
        return None
    backends: list[Backend] = []
    for entry, weight in zip(entries, weights, strict=True):
        if not weight:
            node = absorb(node, Traced("", entry.leaves()))
            continue
        backend, authority = _backend(entry, margin)
        if authority is not None:
            edits = (*backend.header_edits, _host_edit(authority, margin.meta))
            backend = replace(backend, header_edits=edits)
        backends.append(backend)
    return Shares(tuple(backends), None, node)


def _weight(entry: Cursor) -> int:
    weight = entry.opt_int("weight")
    return 0 if weight is None else weight.value


def _backend(entry: Cursor, margin: Margin) -> tuple[Backend, Traced[str] | None]:
    headers = read_headers(entry, margin)
    backend = Backend(
        destination=read_destination(entry.map("destination"), margin.meta),
        weight=entry.opt_int("weight"),
        header_edits=headers.edits,
        trail=absorb(margin.meta.fact(entry.path), headers.trail),
    )
    return backend, headers.authority


def _host_edit(authority: Traced[str], meta: Meta) -> HeaderEdit:
    """One of several destinations has a host of its own; a rewrite is for the rule as a whole."""
    return HeaderEdit(
        side=HeaderSide.REQUEST,
        action=HeaderAction.SET,
        name=named("host", authority),
        value=authority,
        trail=meta.fact("set host"),
    )


def read_destination(place: Cursor, meta: Meta) -> Destination:
    """``host``, ``subset`` and ``port``; an empty subset and the port 0 are not set.

    Raises:
        InputError: there is no ``host``.
    """
    node = empties(meta.fact(place.path), place, "port")
    subset = place.opt_str("subset")
    if subset is not None and not subset.value:
        node = absorb(node, subset)
        subset = None
    inner = place.opt_map("port")
    number = None if inner is None else inner.opt_int("number")
    if number is not None and not number.value:
        node = absorb(node, number)
        number = None
    return Destination(
        namespace=None,
        name=place.str("host"),
        port=None if number is None else Traced(ServicePort(number.value), number.origin),
        subset=subset,
        trail=node,
    )


def read_redirect(item: Cursor, meta: Meta) -> Redirect:
    """``redirect``. A status that is left out has no origin."""
    place = item.map("redirect")
    node = absorb(meta.fact("redirect"), place.here)
    place.only_one("port", "derivePort")
    asked = place.opt_enum("derivePort", _DERIVED)
    same = asked if asked is not None and asked.value == _FROM_REQUEST else None
    if asked is not None and same is None:
        node = absorb(node, asked)
    status = place.opt_int("redirectCode")
    if status is not None and not status.value:
        node = absorb(node, status)
        status = None
    port = place.opt_int("port")
    return Redirect(
        scheme=place.opt_str("scheme"),
        authority=place.opt_str("authority"),
        port=port.map(str) if port is not None else None if same is None else same.derive(AS_ASKED),
        path=place.opt_str("uri"),
        prefix=place.opt_str("prefixRewrite"),
        status=status,
        trail=node,
    )


def read_answer(item: Cursor, meta: Meta) -> FixedAnswer:
    """``directResponse``.

    Raises:
        InputError: there is no ``status``, or the body is of two kinds.
    """
    place = item.map("directResponse")
    body = place.opt_map("body")
    kind = None if body is None else body.only_one("string", "bytes")
    return FixedAnswer(
        status=place.int("status"),
        body=None if body is None or kind is None else _text(body.str(kind), kind),
        trail=empties(meta.fact("directResponse"), place, "body"),
    )


def _text(body: Traced[str], kind: str) -> Traced[str]:
    """The body as text: bytes are written in base64, and one that is none stands for itself."""
    if kind == "string":
        return body
    try:
        return body.derive(b64decode(body.value, validate=True).decode("utf-8", "replace"))
    except ValueError:
        return body


def read_mirror(single: Cursor, share: Cursor, margin: Margin) -> tuple[Mirror, ...]:
    """``mirror`` of one rule, with the percentage that stands in ``share``: the same rule, or that of its root."""
    meta = margin.meta
    place = single.opt_map("mirror")
    percent, node = _mirror_percent(share, meta.fact("mirror"))
    if place is None:
        margin.note(node, *(() if percent is None else (percent.derive(""),)))
        return ()
    return (Mirror(destination=read_destination(place, meta), percent=percent, trail=node),)


def read_mirrors(item: Cursor, margin: Margin) -> tuple[Mirror, ...]:
    """``mirrors``, each with its percentage."""
    meta = margin.meta
    found: list[Mirror] = []
    for entry in item.opt_list("mirrors"):
        share, own = read_percentage(entry, "percentage", meta.fact(entry.path))
        destination = read_destination(entry.map("destination"), meta)
        found.append(Mirror(destination=destination, percent=share, trail=own))
    return tuple(found)


def _mirror_percent(item: Cursor, node: Trail) -> tuple[Traced[float] | None, Trail]:
    old = [value for key in _OLD_PERCENTAGES if (value := item.opt_int(key)) is not None]
    if item.has("mirrorPercentage"):
        return read_percentage(item, "mirrorPercentage", absorb(node, *old))
    if not old:
        return None, node
    return old[0].map(float), absorb(node, *old[1:])


def read_rewrite(
    item: Cursor, margin: Margin, matches: Sequence[RouteMatch], hosts: Sequence[Traced[str] | None]
) -> Rewrite | None:
    """``rewrite`` and the authority that headers set (``hosts``, weightiest first).

    ``uri`` takes the place of the matched prefix; where the path is matched whole, of all of it.
    ``matches`` are all of one of these two kinds.
    """
    place = item.opt_map("rewrite")
    authorities = given((None if place is None else place.opt_str("authority"), *hosts))
    if place is None and not authorities:
        return None
    node = margin.meta.fact("rewrite")
    if len(authorities) > 1:
        margin.heed("the host is set more than once: the first counts", *authorities[1:])
        node = absorb(node, *authorities[1:])
    uri, pattern, substitution = None, None, None
    if place is not None:
        node = empties(absorb(node, place.here), place, "uriRegexRewrite")
        chosen = next((key for key in reversed(_PATH_KEYS) if place.has(key)), None)
        if chosen == "uri":
            uri = place.opt_str("uri")
        elif chosen is not None:
            pattern, substitution = _by_regex(place.map(chosen))
    whole = bool(matches) and is_whole(matches[0])
    every = pattern is not None and pattern.value.text == _EVERY_PATH
    if (
        pattern is not None
        and every
        and substitution is not None
        and "\\" not in substitution.value
    ):
        node = absorb(node, pattern)
        whole, uri, pattern, substitution = True, substitution, None, None
    return Rewrite(
        path=uri if whole else None,
        prefix=None if whole else uri,
        pattern=pattern,
        substitution=substitution,
        authority=authorities[0] if authorities else None,
        trail=node,
    )


def _by_regex(place: Cursor) -> tuple[Traced[Pattern] | None, Traced[str] | None]:
    """Every span that the expression finds is replaced (RE2 ``GlobalReplace``)."""
    match = place.opt_str("match")
    if match is None:
        return None, place.opt_str("rewrite")
    term = Pattern(PatternKind.REGEX, match.value, dialect=RegexDialect.GO_SEARCH)
    return Traced(term, match.origin), place.opt_str("rewrite")


def is_whole(match: RouteMatch) -> bool:
    """Whether the match covers its path whole, so that a rewrite of the prefix replaces all of it.

    Envoy source/common/router/config_impl.cc: exact and regular expression entries.
    """
    terms = [
        t.value for test in match.requests.tests if test.part is Part.PATH for t in test.any_of
    ]
    return any(isinstance(t, Pattern) and t.kind is not PatternKind.PREFIX for t in terms)
