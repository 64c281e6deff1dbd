"""What a rule of a VirtualService does besides choosing where: headers, times, tries, faults, CORS.

istio/istio pilot/pkg/networking/core/route/route.go and route/retry/retry.go, 1.31.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ir.match import Pattern, PatternKind
from ir.provenance import Traced, Trail, absorb, named, trail
from ir.resilience import Fault, Retry, RetryCondition, Timeouts
from ir.traffic import CrossOrigin, HeaderAction, HeaderEdit, HeaderSide
from translator.importers.istio.defaults import RETRY_CONDITIONS
from translator.importers.istio.virtual_service_match import read_pattern
from translator.importers.istio.virtual_service_scope import Margin, duration, empties
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_AUTHORITY = (":authority", "host")
_CONDITIONS = {condition.value: condition for condition in RetryCondition} | {
    "envoy-ratelimited": RetryCondition.RATE_LIMITED
}
_STATUSES = range(100, 600)
_STAR = re.compile(r"(?<=://)(?:\[\^/\]|\.)[*+](?=\\\.)|\[\^/\]\*")
_LITERAL = re.compile(r"(?:[A-Za-z0-9/:_-]|\\[^A-Za-z0-9])*\Z")
_PREFLIGHTS = {word: word.lower() for word in ("UNSPECIFIED", "FORWARD", "IGNORE")}


@dataclass(frozen=True, slots=True)
class Headers:
    """A ``headers`` block: its edits, the authority that it sets, and leaves without content."""

    edits: tuple[HeaderEdit, ...]
    authority: Traced[str] | None
    trail: Trail


def read_headers(owner: Cursor, margin: Margin) -> Headers:
    """The edits of ``headers``. Setting ``Host`` is no edit: it rewrites the authority."""
    node = empties(trail("headers"), owner, "headers")
    block = owner.opt_map("headers")
    if block is None:
        return Headers((), None, node)
    edits: list[HeaderEdit] = []
    authority: Traced[str] | None = None
    for side in HeaderSide:
        node = empties(node, block, side.value)
        place = block.opt_map(side.value)
        if place is None:
            continue
        node = empties(node, place, "set", "add", "remove")
        for edit in _edits(place, side, margin.meta):
            value = edit.value
            if side is HeaderSide.REQUEST and edit.name.value.lower() in _AUTHORITY and value:
                node = node if authority is None else absorb(node, authority)
                authority = value
            else:
                edits.append(edit)
    return Headers(tuple(edits), authority, node)


def _edits(place: Cursor, side: HeaderSide, meta: Meta) -> tuple[HeaderEdit, ...]:
    found: list[HeaderEdit] = []
    for action in (HeaderAction.SET, HeaderAction.ADD):
        for key, value in place.opt_string_map(action.value):
            found.append(
                HeaderEdit(
                    side=side,
                    action=action,
                    name=named(key, value),
                    value=value,
                    trail=meta.fact(f"{action} {key}"),
                )
            )
    for name in place.opt_strings("remove"):
        node = meta.fact(f"remove {name.value}")
        found.append(HeaderEdit(side=side, action=HeaderAction.REMOVE, name=name, trail=node))
    return tuple(found)


def read_timeouts(item: Cursor, meta: Meta) -> Timeouts | None:
    """``timeout``: of the whole request, all tries included."""
    request = duration(item, "timeout")
    return None if request is None else Timeouts(request=request, trail=meta.fact("timeout"))


def read_retry(item: Cursor, margin: Margin, field: str = "retries") -> Retry | None:
    """``retries``: without ``attempts`` they are off, without ``retryOn`` for the usual reasons.

    Values that the block leaves out have no origin. ``field``: the name of the block.
    """
    place = item.opt_map(field)
    if place is None:
        return None
    node = margin.meta.fact("retries")
    attempts = place.opt_int("attempts")
    if attempts is None:
        attempts = Traced(0, place.leaf)
    elif attempts.value < 0:
        margin.heed("a negative number of attempts is read as none", attempts)
        attempts = Traced(0, attempts.origin)
    conditions, statuses, node = _retry_on(place, margin, node)
    unsaid = not statuses and not any(condition.origin for condition in conditions)
    return Retry(
        attempts=attempts,
        per_try_timeout=duration(place, "perTryTimeout"),
        conditions=() if unsaid and not attempts.value else conditions,
        statuses=statuses,
        backoff=duration(place, "backoff"),
        other_hosts=place.opt_bool("retryIgnorePreviousHosts"),
        other_localities=place.opt_bool("retryRemoteLocalities"),
        trail=node,
    )


def _retry_on(
    place: Cursor, margin: Margin, node: Trail
) -> tuple[tuple[Traced[RetryCondition], ...], tuple[Traced[int], ...], Trail]:
    """The conditions, the statuses, and the trail with what neither of them says."""
    text = place.opt_str("retryOn")
    if text is None or not text.value:
        spent = () if text is None else (text,)
        return tuple(Traced(c) for c in RETRY_CONDITIONS), (), absorb(node, *spent)
    conditions: list[Traced[RetryCondition]] = []
    statuses: list[Traced[int]] = []
    for word in (part.strip() for part in text.value.split(",")):
        if word in _CONDITIONS:
            conditions.append(Traced(_CONDITIONS[word], text.origin))
        elif word.isdecimal() and int(word) in _STATUSES:
            statuses.append(Traced(int(word), text.origin))
        else:
            margin.heed(f'"{word}" is no condition to retry on and counts for nothing', text)
    if not conditions and not statuses:
        node = absorb(node, text)
    return tuple(conditions), tuple(statuses), node


def read_fault(item: Cursor, margin: Margin) -> Fault | None:
    """``fault``: a percentage that is left out is 0.

    Delays that grow and errors of HTTP/2 are in the API and nowhere else: they inject nothing (route.go
    ``TranslateFault``).
    """
    place = item.opt_map("fault")
    if place is None:
        return None
    node = empties(absorb(margin.meta.fact("fault"), place.here), place, "delay", "abort")
    delay, abort = place.opt_map("delay"), place.opt_map("abort")
    delay_percent, node = (None, node) if delay is None else _percent(delay, node)
    abort_percent, node = (None, node) if abort is None else _percent(abort, node)
    if delay is not None and delay.only_one("fixedDelay", "exponentialDelay") == "exponentialDelay":
        margin.note(delay.opt_str("exponentialDelay"))
    if (
        abort is not None
        and abort.only_one("httpStatus", "grpcStatus", "http2Error") == "http2Error"
    ):
        margin.note(abort.opt_str("http2Error"))
    return Fault(
        delay=None if delay is None else duration(delay, "fixedDelay"),
        delay_percent=delay_percent,
        abort_status=None if abort is None else abort.opt_int("httpStatus"),
        abort_grpc_status=None if abort is None else abort.opt_str("grpcStatus"),
        abort_percent=abort_percent,
        trail=node,
    )


def _percent(place: Cursor, node: Trail) -> tuple[Traced[float] | None, Trail]:
    """``percentage``, else the whole number ``percent`` of older days, which shapes nothing beside it."""
    old = place.opt_int("percent")
    if place.has("percentage"):
        return read_percentage(place, "percentage", node if old is None else absorb(node, old))
    return (None if old is None else old.map(float)), node


def read_percentage(place: Cursor, key: str, node: Trail) -> tuple[Traced[float] | None, Trail]:
    """``{value: number}``, 0 to 100; without a value it is 0."""
    found = place.opt_map(key)
    if found is None:
        return None, node
    value = found.opt_number("value")
    return (Traced(0.0, found.leaf) if value is None else value), node


def read_cross_origin(item: Cursor, meta: Meta) -> CrossOrigin | None:
    """``corsPolicy``. The exact origin ``*`` is every origin (Envoy's CORS filter)."""
    place = item.opt_map("corsPolicy")
    if place is None:
        return None
    lists = ("allowOrigins", "allowOrigin", "allowMethods", "allowHeaders", "exposeHeaders")
    node = empties(absorb(meta.fact("corsPolicy"), place.here), place, *lists)
    origins: list[Traced[Pattern]] = []
    for entry in place.opt_list("allowOrigins"):
        node = absorb(node, entry.here)
        term = read_pattern(entry)
        if term is not None:
            origins.append(_origin(term))
    origins.extend(
        _origin(Traced(Pattern(PatternKind.EXACT, text.value), text.origin))
        for text in place.opt_strings("allowOrigin")
    )
    return CrossOrigin(
        origins=tuple(origins),
        methods=place.opt_strings("allowMethods"),
        headers=place.opt_strings("allowHeaders"),
        exposed=place.opt_strings("exposeHeaders"),
        max_age=duration(place, "maxAge"),
        credentials=place.opt_bool("allowCredentials"),
        preflights=place.opt_enum("unmatchedPreflights", _PREFLIGHTS),
        trail=node,
    )


def _origin(term: Traced[Pattern]) -> Traced[Pattern]:
    """The origin; an expression that leaves open a part of the host is one with a star: there are no slashes in a host."""
    own = term.value
    if own == Pattern(PatternKind.EXACT, "*"):
        return Traced(Pattern(PatternKind.GLOB, "*"), term.origin)
    if own.kind is PatternKind.REGEX and not own.ignore_case:
        parts = _STAR.split(own.text)
        if len(parts) > 1 and "://" in parts[0] and all(map(_LITERAL.match, parts)):
            text = "*".join(re.sub(r"\\(.)", r"\1", part) for part in parts)
            return term.derive(Pattern(PatternKind.GLOB, text))
    return term
