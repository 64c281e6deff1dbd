"""Redirects in the target's terms: one that cannot be said goes as a whole, since a part of it could lead in a circle."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ir.attachment import EnforcedAt
from ir.match import Part, Pattern, PatternKind
from ir.provenance import Traced, derived, named
from ir.traffic import AS_ASKED, Redirect, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.passed_on import asks
from translator.report.model import Fate, Impact, Severity, Support

OLD_STATUSES = (301, 302)
"""Statuses that a redirect may have before Gateway API 1.5."""
_LIKE = {303: 302, 307: 302, 308: 301}
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirects:
    """What a target makes of redirects.

    ``keeps_query``: a full path does not drop the query of the request; ``strips_query``: it can be told to. ``replaces_prefix``:
    the prefix that a rule asks for can be replaced. ``keeps_port``: without a port it is that of the host asked for,
    whatever the scheme. ``passes_on``: who asks for the path of a redirect already is not redirected.
    """

    statuses: tuple[int, ...] = OLD_STATUSES
    keeps_query: bool = True
    strips_query: bool = False
    replaces_prefix: bool = False
    keeps_port: bool = False
    passes_on: bool = False


def in_target_redirects(table: RouteTable, target: Redirects) -> tuple[RouteTable, list[Loss]]:
    """The table with redirects that can be said; the rules of the others go."""
    losses: list[Loss] = []
    routes = []
    gone: list[Loss] = []
    for route in table.routes:
        if route.redirect is None:
            routes.append(route)
            continue
        reason = _reason(route, route.redirect, target)
        if reason:
            gone.append(_gone(tuple(traced(route)), reason))
        else:
            said = _said(_with_its_port(route.redirect, table, target), losses, target)
            said = _passing(said, route, losses) if target.passes_on else said
            routes.append(replace(route, redirect=said))
    if routes and all(route.matches for route in routes):  # no rule takes what is left over
        gone = [replace(loss, impact=Impact.STRICTER) for loss in gone]
    return replace(table, routes=tuple(routes)), [*gone, *losses]


def _passing(redirect: Redirect, route: Route, losses: list[Loss]) -> Redirect:
    """The redirect for a target that passes on who asks for its path already, where nothing but the path is another."""
    path = redirect.path
    scheme = None if redirect.scheme is None else redirect.scheme.value
    if path is None or "?" in path.value or redirect.authority or redirect.port:
        return redirect
    if scheme not in (None, "http"):
        return redirect
    if not route.matches or any(asks(match, path.value) for match in route.matches):
        text = "who asks for the path of a redirect already is passed on; the source sends it there again and again."
        losses.append(_nearly(text, path))
    return replace(redirect, unless_there=named(True, path))


def _reason(route: Route, redirect: Redirect, target: Redirects) -> str:
    """Why it cannot be said; empty where it can."""
    if redirect.prefix is not None and not (target.replaces_prefix and _asks_elements(route)):
        return "it replaces the prefix of a path"
    if redirect.path is not None and not redirect.path.value.startswith("/"):
        return "its path is not absolute"
    status = None if redirect.status is None else redirect.status.value
    if status not in (*target.statuses, *_LIKE, None):
        return f"its status is {status}"
    host = "" if redirect.authority is None else redirect.authority.value.partition(":")[0]
    if redirect.authority is not None and not _HOST.match(host.lower()):
        return f'"{host}" is no host name'
    if redirect.scheme is not None and redirect.scheme.value not in ("http", "https"):
        return f'its scheme is "{redirect.scheme.value}"'
    return ""


def _asks_elements(route: Route) -> bool:
    """Whether every match is for path elements, which is what is replaced."""
    return bool(route.matches) and all(
        any(
            isinstance(term.value, Pattern) and term.value.kind is PatternKind.ELEMENT_PREFIX
            for test in match.requests.tests
            if test.part is Part.PATH
            for term in test.any_of
        )
        for match in route.matches
    )


def _with_its_port(redirect: Redirect, table: RouteTable, target: Redirects) -> Redirect:
    """A redirect to another host or scheme, which means the port of its scheme where it says none, with this port in numbers.

    Targets take that of the address where no scheme is given (Gateway API: the listener's; Linkerd: that of the host asked
    for, with a scheme too, linkerd2-proxy linkerd/http/route/src/http/filter/redirect.rs), which is the same on port 80
    alone. At gateways it stays as it is.
    """
    own, at = redirect.authority, table.attachment
    if redirect.port is not None or (own is not None and ":" in own.value):
        return redirect
    said = redirect.scheme or own
    if said is None or (own is None and not target.keeps_port):
        return redirect
    scheme = "http" if redirect.scheme is None else redirect.scheme.value
    if at.enforced_at is EnforcedAt.GATEWAY or (redirect.scheme and not target.keeps_port):
        return redirect
    if {p.value.port for p in at.ports} == {_PORTS[scheme]}:
        return redirect
    return replace(redirect, port=derived(str(_PORTS[scheme]), (said,)))


def _said(redirect: Redirect, losses: list[Loss], target: Redirects) -> Redirect:
    return replace(
        _with_its_query(redirect, losses, target),
        status=_status(redirect.status, target.statuses, losses),
        authority=None if redirect.authority is None else redirect.authority.map(_host),
        port=_port(redirect, losses),
    )


def _with_its_query(redirect: Redirect, losses: list[Loss], target: Redirects) -> Redirect:
    """The redirect with what becomes of the query of a request that is sent to another path."""
    path, dropped = redirect.path, redirect.drops_query
    if path is None or "?" in path.value or (target.strips_query and dropped is not None):
        return redirect
    said = path if dropped is None else derived(path.value, (path, dropped))
    if redirect.loses_query is target.keeps_query:
        does, other = ("keeps", "drops") if target.keeps_query else ("drops", "keeps")
        text = f"a redirect to another path {does} the query of the request; the source {other} it."
        losses.append(_nearly(text, said))
    drops = None if target.keeps_query else named(True, said)
    return replace(redirect, path=said, drops_query=drops)


def _host(authority: str) -> str:
    return authority.partition(":")[0].lower()


def _status(
    status: Traced[int] | None, statuses: tuple[int, ...], losses: list[Loss]
) -> Traced[int] | None:
    if status is None or status.value in statuses:
        return status
    near = _LIKE[status.value]
    text = (
        f"the redirect is answered with {near}: {status.value} is no status that the target takes."
    )
    losses.append(_nearly(text, status))
    return status.derive(near)


def _port(redirect: Redirect, losses: list[Loss]) -> Traced[str] | None:
    written = "" if redirect.authority is None else redirect.authority.value.partition(":")[2]
    if redirect.port is None:
        own = redirect.authority
        return derived(written, (own,)) if written.isdigit() and own is not None else None
    if redirect.port.value != AS_ASKED:
        return redirect.port
    losses.append(
        Loss(
            code="MM204",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            sites=(redirect.port,),
            message="the port of a redirect is that of the host asked for, not of the address.",
        )
    )
    return None


def _nearly(text: str, value: Traced[object]) -> Loss:
    return Loss(
        code="MM204",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=(value,),
        message=text,
    )


def _gone(sites: tuple[Traced[object], ...], reason: str) -> Loss:
    return Loss(
        code="MM204",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=sites,
        message=f"the redirect is not written: {reason}. The rule is left out, and its requests go to the next "
        "rule that matches; where none does they are not found.",
        advice="Redirect in an ingress in front of the mesh, or in the application.",
    )
