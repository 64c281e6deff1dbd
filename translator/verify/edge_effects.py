"""What is done with a request at a gateway or in the mesh, in words that are the same whichever way it was written.

A path is rewritten in two ways: the text of a prefix is replaced, or its elements (sigs.k8s.io/gateway-api
apis/v1/httproute_types.go ``HTTPPathModifier``, 1.4: one slash, never two, stands between the new elements and the
rest). Both cut a known text off the path and put another in its place, so both are told as that, without what the two
texts end alike in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ir.behaviour.delivery import Address, Outcome, outcome_of, spelt
from ir.behaviour.lower import Lowering
from ir.match import Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import AS_ASKED, Backend, Destination, HeaderEdit, Mirror, Redirect, Rewrite, Route

_HUNDRED = 100
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Seen:
    """What of a request shapes an effect: the prefixes that its path meets, and the path where it is the only one."""

    prefixes: tuple[Pattern, ...]
    path: str | None
    tls: bool
    entered: bool = True
    """A redirect that says neither port nor scheme keeps the port by which the request came in."""


def at_gateway(route: Route, lowering: Lowering, door: Address, seen: Seen) -> Outcome:
    """What becomes of requests that the route wins at the listener."""
    if route.redirect is not None and seen.path is not None and seen.path == route.redirect.passed:
        return at_gateway(_passed_on(route, door), lowering, door, seen)
    outcome = outcome_of(route, lowering, door)
    if route.redirect is not None:
        told = _redirect(route.redirect, door, seen)
        return replace(outcome, effects=(f"redirect {' '.join(told)}",))
    if outcome.kind == "answer":
        return outcome
    return replace(outcome, effects=tuple(_effects(route, lowering, door, seen)))


def moves_path(route: Route) -> bool:
    """Whether what becomes of a path depends on the path."""
    both = (route.rewrite, route.redirect)
    passes = route.redirect is not None and route.redirect.passed is not None
    return passes or any(one is not None and one.prefix is not None for one in both)


def _passed_on(route: Route, door: Address) -> Route:
    """The route as one to the service that is addressed."""
    space = None if door.namespace is None else Traced(door.namespace)
    itself = Destination(namespace=space, name=Traced(door.name), trail=route.trail)
    return replace(route, redirect=None, backends=(Backend(destination=itself, trail=route.trail),))


def _redirect(redirect: Redirect, door: Address, seen: Seen) -> Iterator[str]:
    scheme = None if redirect.scheme is None else redirect.scheme.value
    used = scheme or ("https" if seen.tls else "http")
    port = None if redirect.port is None else redirect.port.value
    silent = port is None and scheme is None
    asked = port == AS_ASKED or (silent and (seen.entered or redirect.authority is None))
    yield f"to {used}"
    yield "the host asked for" if redirect.authority is None else redirect.authority.value
    yield f"port {_told(door.port, scheme) if asked else int(port) if port else _PORTS.get(used, 0)}"
    if redirect.path is not None:
        yield f"path {redirect.path.value}{' without the query' if redirect.loses_query else ''}"
    if redirect.prefix is not None:
        yield f"path {moved(redirect.prefix.value, seen)}"


def _told(port: int, scheme: str | None) -> int:
    """The port of the host asked for, which names none where it is that of its own scheme: then that of the new one."""
    plain = {"https": _PORTS["http"], "http": _PORTS["https"]}
    return port if scheme is None or port != plain.get(scheme) else _PORTS[scheme]


def _effects(route: Route, lowering: Lowering, door: Address, seen: Seen) -> Iterator[str]:
    if route.rewrite is not None:
        yield from _rewrite(route.rewrite, seen)
    edits = [_edit(edit) for edit in route.header_edits]
    for backend in route.backends:
        only = "" if len(route.backends) == 1 else f"of {_to(backend.destination, lowering, door)} "
        edits.extend(only + _edit(edit) for edit in backend.header_edits)
    yield from sorted(edits)
    yield from sorted(_mirror(mirror, lowering, door) for mirror in route.mirrors)
    for name, value in (("cross origin", route.cross_origin), ("fault", route.fault)):
        if value is not None:
            yield f"{name} {spelt(value)}"


def _rewrite(rewrite: Rewrite, seen: Seen) -> Iterator[str]:
    if rewrite.path is not None:
        yield f"path becomes {rewrite.path.value}"
    if rewrite.prefix is not None:
        told = moved(rewrite.prefix.value, seen)
        if told:
            yield f"path {told}"
    if rewrite.pattern is not None:
        yield f"path by {spelt(rewrite.pattern)} {spelt(rewrite.substitution)}"
    if rewrite.authority is not None:
        yield f"host becomes {rewrite.authority.value.lower()}"


def _edit(edit: HeaderEdit) -> str:
    value = "" if edit.value is None else edit.value.value
    return f"{edit.side} header {edit.action} {edit.name.value.lower()} {value}".rstrip()


def _mirror(mirror: Mirror, lowering: Lowering, door: Address) -> str:
    percent = _HUNDRED if mirror.percent is None else mirror.percent.value
    return f"copy {percent:g} % to {_to(mirror.destination, lowering, door)}"


def _to(destination: Destination, lowering: Lowering, door: Address) -> str:
    only = Backend(destination=destination, trail=destination.trail)
    shares = outcome_of(Route(backends=(only,), trail=only.trail), lowering, door).shares
    return ", ".join(f"{' '.join(filter(None, end.who))}:{end.port}" for end, _ in shares)


def moved(put: str, seen: Seen) -> str:
    """What becomes of a path whose prefix is replaced; empty where it stays as it is."""
    return " or ".join(sorted({_moved(prefix, put, seen.path) for prefix in seen.prefixes}))


def _moved(prefix: Pattern, put: str, path: str | None) -> str:
    cut = prefix.text
    if prefix.kind is PatternKind.ELEMENT_PREFIX:
        cut = cut.rstrip("/")
        if path == cut:
            return f"becomes {put or '/'}"
        put = put.rstrip("/")
    elif prefix.kind is not PatternKind.PREFIX:
        return f"becomes {put}"
    if path is not None:
        new = put + path[len(cut) :]
        return "" if new == path else f"becomes {new}"
    if prefix.ignore_case:
        return f"puts {put} for any {cut}"
    cut, put = _apart(cut, put)
    return f"puts {put} for {cut}" if (cut, put) != ("", "") else ""


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two texts without what they end alike in."""
    same = 0
    while same < min(len(one), len(other)) and one[-same - 1] == other[-same - 1]:
        same += 1
    return one[: len(one) - same], other[: len(other) - same]
