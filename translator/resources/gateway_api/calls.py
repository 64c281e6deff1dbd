"""Matches of GRPCRoutes: remote calls by service and method.

sigs.k8s.io/gateway-api apis/v1/grpcroute_types.go, 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ir.match import Part, Pattern, PatternKind, RegexDialect, Test
from ir.provenance import Traced, Trail, absorb, derived, trail
from translator.source.cursor import Cursor

_KINDS = {"Exact": PatternKind.EXACT, "RegularExpression": PatternKind.REGEX}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One alternative: a service, a method of it, and headers; absent: any."""

    service: Traced[str] | None = None
    method: Traced[str] | None = None
    kind: Traced[PatternKind] | None = None
    """How service and method are compared; absent: exactly."""
    headers: tuple[Test, ...] = ()
    trail: Trail


def read_calls(rule: Cursor, dialect: RegexDialect) -> Iterator[Call]:
    """The alternatives of a rule; none: every call."""
    for item in rule.opt_list("matches"):
        place = item.opt_map("method")
        yield Call(
            service=None if place is None else place.opt_str("service"),
            method=None if place is None else place.opt_str("method"),
            kind=None if place is None else place.opt_enum("type", _KINDS),
            headers=tuple(_header(entry, dialect) for entry in item.opt_list("headers")),
            trail=absorb(trail("match"), item.here, item.empty("headers"), item.empty("method")),
        )


def _header(entry: Cursor, dialect: RegexDialect) -> Test:
    kind, text = entry.opt_enum("type", _KINDS), entry.str("value")
    chosen = PatternKind.EXACT if kind is None else kind.value
    pattern = Pattern(chosen, text.value, dialect=dialect if chosen is PatternKind.REGEX else None)
    value = derived(pattern, [one for one in (text, kind) if one is not None])
    return Test(part=Part.HEADER, name=entry.str("name"), any_of=(value,), trail=trail("test"))
