"""What rules of Gateway API routes do beside choosing a backend: rewrites, mirrors, cross-origin answers, times, tries.

Field names and defaults: sigs.k8s.io/gateway-api apis/v1/httproute_types.go, 1.6. Which of them a mesh heeds is for its
importer to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from ir.match import Pattern, PatternKind
from ir.provenance import Traced, absorb, derived, named, trail
from ir.traffic import CrossOrigin, HeaderEdit, Mirror, Redirect, Rewrite
from translator.resources.gateway_api.read import Filters
from translator.resources.gateway_api.references import read_object
from translator.source.cursor import Cursor

_HUNDRED = 100
_DEFAULT_AGE = 5.0
"""Seconds for which browsers keep an answer where ``maxAge`` is not written: a default of the schema (GEP-1767)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The filters of a rule. ``unknown``: those of another type, as they stand."""

    edits: tuple[HeaderEdit, ...] = ()
    redirect: Redirect | None = None
    rewrite: Rewrite | None = None
    mirrors: tuple[Mirror, ...] = ()
    cross_origin: CrossOrigin | None = None
    unknown: tuple[Cursor, ...] = ()


def read_effects(filters: Filters, home: Traced[str]) -> Effects:
    """All filters of a rule; ``home`` is the namespace of mirrors that name none.

    Raises:
        InputError: a field is missing or of the wrong type.
    """
    rewrite: Rewrite | None = None
    mirrors: list[Mirror] = []
    cross_origin: CrossOrigin | None = None
    unknown: list[Cursor] = []
    for item in filters.unknown:
        kind = item.str("type")
        match kind.value:
            case "URLRewrite":
                if rewrite is not None:
                    raise item.refuse("expected one rewrite, found a second. Take one of them out.")
                rewrite = _rewrite(item.map("urlRewrite"), kind)
                if rewrite is None:
                    unknown.append(item)
            case "RequestMirror":
                mirrors.append(_mirror(item.map("requestMirror"), kind, home))
            case "CORS":
                if cross_origin is not None:
                    raise item.refuse(
                        "expected one CORS filter, found a second. Take one of them out."
                    )
                cross_origin = _cross_origin(item.map("cors"), kind)
            case _:
                unknown.append(item)
    return Effects(
        edits=filters.edits,
        redirect=filters.redirect,
        rewrite=rewrite,
        mirrors=tuple(mirrors),
        cross_origin=cross_origin,
        unknown=tuple(unknown),
    )


def _rewrite(place: Cursor, kind: Traced[str]) -> Rewrite | None:
    """What the path and the host become; nothing where neither is said."""
    path, host = place.opt_map("path"), place.opt_str("hostname")
    if path is None:
        return (
            None if host is None else Rewrite(authority=host, trail=absorb(trail("rewrite"), kind))
        )
    whole, prefix = path.opt_str("replaceFullPath"), path.opt_str("replacePrefixMatch")
    if whole is None and prefix is None:
        raise path.refuse(
            "expected replaceFullPath or replacePrefixMatch. Add the one of the type."
        )
    return Rewrite(
        path=whole,
        prefix=prefix,
        authority=host,
        trail=absorb(absorb(trail("rewrite"), kind), path.str("type")),
    )


def _mirror(place: Cursor, kind: Traced[str], home: Traced[str]) -> Mirror:
    target = place.map("backendRef")
    words = [w for w in (target.opt_str("group"), target.opt_str("kind")) if w is not None]
    percent = place.opt_int("percent")
    fraction = place.opt_map("fraction")
    share = None if percent is None else percent.map(float)
    if fraction is not None:
        above, below = fraction.int("numerator"), fraction.opt_int("denominator")
        whole = _HUNDRED if below is None else below.value
        parts = [above] if below is None else [above, below]
        share = derived(above.value * _HUNDRED / whole, parts)
    return Mirror(
        destination=read_object(target, home),
        percent=share,
        trail=absorb(trail("mirror"), kind, *words),
    )


def _cross_origin(place: Cursor, kind: Traced[str]) -> CrossOrigin:
    age = place.opt_int("maxAge")
    return CrossOrigin(
        origins=tuple(_origin(one) for one in place.opt_strings("allowOrigins")),
        methods=place.opt_strings("allowMethods"),
        headers=place.opt_strings("allowHeaders"),
        exposed=place.opt_strings("exposeHeaders"),
        max_age=named(_DEFAULT_AGE, kind) if age is None else age.map(float),
        credentials=place.opt_bool("allowCredentials"),
        trail=absorb(trail("cross-origin"), kind),
    )


def _origin(one: Traced[str]) -> Traced[Pattern]:
    kind = PatternKind.GLOB if "*" in one.value else PatternKind.EXACT
    return one.map(lambda text: Pattern(kind, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``timeouts`` in seconds, each absent where it is not written or 0, which is no limit.

    ``none``: the leaves that say so.
    """

    request: Traced[float] | None = None
    backend: Traced[float] | None = None
    none: tuple[Traced[float], ...] = ()


def read_limits(rule: Cursor) -> Limits:
    """The time limits of a rule."""
    place = rule.opt_map("timeouts")
    if place is None:
        return Limits()
    request, backend = place.opt_duration("request"), place.opt_duration("backendRequest")
    written = [one for one in (request, backend) if one is not None]
    return Limits(
        request=request if request is not None and request.value else None,
        backend=backend if backend is not None and backend.value else None,
        none=tuple(one for one in written if not one.value),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """``retry`` as written: further tries, statuses that count as failed, seconds between tries."""

    attempts: Traced[int] | None
    codes: tuple[Traced[int], ...]
    backoff: Traced[float] | None
    place: Traced[str]


def read_tries(rule: Cursor) -> Tries | None:
    """The retries of a rule; ``None`` where it says nothing of them."""
    place = rule.opt_map("retry")
    if place is None:
        return None
    return Tries(
        attempts=place.opt_int("attempts"),
        codes=tuple(one.as_int() for one in place.opt_list("codes")),
        backoff=place.opt_duration("backoff"),
        place=absorb(place.here, place.empty("codes")),
    )
