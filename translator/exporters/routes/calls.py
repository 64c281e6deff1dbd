"""Tables of remote calls, which stay GRPCRoutes where they were that: a service and a method, and not the path of a request.

sigs.k8s.io/gateway-api apis/v1/grpcroute_types.go, 1.6: no time limits, retries, redirects, rewrites; of the calls that match,
the longest service holds, then the longest method, more headers; of equal ones the first. On one port of a service a
GRPCRoute puts HTTPRoutes aside, so all tables of a service are of one kind. Who asks for a call by the path of a request in
other ways keeps an HTTPRoute: that is exact, and a retry can be said there. So it is where source and target read a call
differently and no rule is for the rest: else requests that are no calls would be served that were not found, or not be found;
and where a target that reads a call by its elements would have to look at headers alone, for which it has no words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ir.match import Part, Pattern, PatternKind, Presence, RegexDialect, Test
from ir.provenance import Traced, bare, derived, named
from ir.traffic import Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.rivals import host_of
from translator.report.model import Fate, Impact, Severity, Support

KIND = "GRPCRoute"
_SERVICE = re.compile(r"(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*\Z")
_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")
"""The values of an exact match (rules of the schema of ``GRPCMethodMatch``)."""
_ANY_SERVICE = "/[^/]+/"
_RULES, _MATCHES, _ALL_MATCHES, _HEADERS = 16, 64, 128, 16
_OF_A_CALL = 3
"""Elements of ``/service/method``, with the one before the first slash."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a target reads a call.

    ``by_element``: as a POST whose path begins with these elements, one of which must be named; else as any request for
    exactly this path.
    ``of_answers``: whether headers of answers can be edited, and calls mirrored.
    """

    dialect: RegexDialect
    by_element: bool = False
    of_answers: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A service and a method of it, each empty for any; ``headers``: how many are asked for."""

    service: str
    method: str
    headers: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """The more, the earlier it holds."""
        return len(self.service), len(self.method), self.headers

    @property
    def nameless(self) -> bool:
        """Whether it asks for headers alone."""
        return bool(self.headers) and not (self.service or self.method)

    def meets(self, other: Call) -> bool:
        """Whether a call may be among those of both."""
        return all(
            not one or not two or one == two
            for one, two in ((self.service, other.service), (self.method, other.method))
        )


def are_calls(tables: Iterable[RouteTable], form: Form) -> bool:
    """Whether all rules of tables in list order can be said of calls, and hold in the same order there."""
    return all(_is_of_calls(table, form) for table in tables)


def _is_of_calls(table: RouteTable, form: Form) -> bool:
    if len(table.routes) > _RULES or table.hosts:
        return False
    if sum(len(route.matches) for route in table.routes) > _ALL_MATCHES:
        return False
    found: list[tuple[int, Call]] = []
    for number, route in enumerate(table.routes):
        if not _is_plain(route, form) or len(route.matches) > _MATCHES:
            return False
        for match in route.matches or (None,):
            call = _call(match, form)
            if call is None or (form.by_element and call.nameless):
                return False
            found.append((number, call))
    if all(route.matches for route in table.routes):
        every = [match for route in table.routes for match in route.matches]
        if any(_is_moved(match, _in_form(match, form)) for match in every):
            return False
    return not any(
        first != later and one.rank < other.rank and one.meets(other)
        for place, (first, one) in enumerate(found)
        for later, other in found[place + 1 :]
    )


def _is_plain(route: Route, form: Form) -> bool:
    """Whether it does what a rule for calls can do."""
    unsaid = (
        route.redirect,
        route.answer,
        route.rewrite,
        route.cross_origin,
        route.timeouts,
        route.retry,
        route.fault,
    )
    answers = any(edit.side.value == "response" for edit in route.header_edits)
    return all(one is None for one in unsaid) and (
        form.of_answers or not (answers or route.mirrors)
    )


def _call(match: RouteMatch | None, form: Form) -> Call | None:
    """The calls of an alternative; ``None`` where it is not for calls."""
    if match is None:
        return Call("", "", 0)
    names = [_asked(test) for test in match.requests.tests if test.part in _NAMED]
    headers = [test for test in match.requests.tests if test.part is Part.HEADER]
    others = [t for t in match.requests.tests if t.part not in (*_NAMED, Part.HEADER)]
    if match.audience is not None or len(names) > 1 or None in names or len(headers) > _HEADERS:
        return None
    if not all(_is_sayable(test, form) for test in headers):
        return None
    if any(test.part is not Part.METHOD or _only(test) != _POST for test in others):
        return None
    service, method = next((name for name in names if name is not None), ("", ""))
    return Call(service, method, len(headers))


_NAMED = (Part.PATH, Part.RPC_METHOD)
"""What tells the service and the method of a call."""


def _asked(test: Test) -> tuple[str, str] | None:
    pattern = _only(test)
    return None if pattern is None else _names(test.part, pattern)


def _is_sayable(test: Test, form: Form) -> bool:
    """Whether a header can be asked for, exactly or by a regular expression as the target reads it."""
    pattern = _only(test)
    if pattern is None or pattern.ignore_case:
        return False
    if pattern.kind is PatternKind.REGEX:
        return pattern.dialect is form.dialect
    return pattern.kind is PatternKind.EXACT


_POST = Pattern(PatternKind.EXACT, "POST")


def _only(test: Test) -> Pattern | None:
    """The pattern of a test that asks for one."""
    asked = test.presence is not None and test.presence.value is not Presence.EITHER
    if len(test.any_of) != 1 or test.none_of or asked or test.missing_is_empty:
        return None
    value = test.any_of[0].value
    return value if isinstance(value, Pattern) else None


def _names(part: Part, pattern: Pattern) -> tuple[str, str] | None:
    """Service and method of the path of a call."""
    service = method = ""
    text = pattern.text
    if pattern.ignore_case:
        return None
    if part is Part.RPC_METHOD or pattern.kind is PatternKind.REGEX:
        method = text if part is Part.RPC_METHOD else text.removeprefix(_ANY_SERVICE)
        if part is Part.PATH and not text.startswith(_ANY_SERVICE):
            return None
        return ("", method) if _METHOD.match(method) else None
    words = text.split("/")
    if pattern.kind is PatternKind.PREFIX and len(words) == _OF_A_CALL and not words[-1]:
        words = words[:-1]
    elif (pattern.kind is PatternKind.EXACT and len(words) != _OF_A_CALL) or pattern.kind not in (
        PatternKind.EXACT,
        PatternKind.ELEMENT_PREFIX,
    ):
        return None
    if words[0] or not 1 < len(words) <= _OF_A_CALL or not _SERVICE.match(words[1]):
        return None
    service, method = words[1], words[2] if len(words) == _OF_A_CALL else ""
    return (service, method) if not method or _METHOD.match(method) else None


def named_of(pattern: Pattern) -> tuple[str, str]:
    """Service and method of the path of a call, each empty for any.

    Raises:
        TypeError: it is none.
    """
    part = Part.RPC_METHOD if not pattern.text.startswith("/") else Part.PATH
    found = _names(part, pattern)
    if found is None:
        raise TypeError(pattern)
    return found


def home_of(table: RouteTable) -> str:
    """The namespace of the object of a table: of the service, or of the clients that alone have it."""
    audience, space = table.attachment.audience, table.attachment.subject.namespace
    if audience is not None and audience.namespaces:
        return audience.namespaces[0].value
    return "" if space is None else space.value


def without_ports(table: RouteTable) -> RouteTable:
    """The table without the ports that its rules ask for, which become the parent's."""
    return replace(table, routes=tuple(_without_its_ports(route) for route in table.routes))


def _without_its_ports(route: Route) -> Route:
    return replace(route, matches=tuple(_without_port(match) for match in route.matches))


def _without_port(match: RouteMatch) -> RouteMatch:
    tests = match.requests.tests
    spent = [v for test in tests if test.part is Part.SERVICE_PORT for v in traced(test)]
    kept = tuple(test for test in tests if test.part is not Part.SERVICE_PORT)
    node = derived(match.trail.value, (match.trail, *spent))
    return replace(match, requests=replace(match.requests, tests=kept), trail=node)


def as_calls(table: RouteTable, form: Form, losses: list[Loss]) -> RouteTable:
    """The table with its rules in the form in which the target reads calls; see :func:`are_calls`."""
    routes: list[Route] = []
    moved: list[RouteMatch] = []
    for route in table.routes:
        matches = tuple(_in_form(match, form) for match in route.matches)
        moved.extend(
            old for old, new in zip(route.matches, matches, strict=True) if _is_moved(old, new)
        )
        routes.append(_collapsed(replace(route, matches=matches)))
    if moved:
        losses.append(_no_calls(host_of(table), moved, form))
    return replace(table, protocol=Protocol.GRPC, routes=tuple(routes))


def _collapsed(route: Route) -> Route:
    """The rule without matches where one of them asks for nothing."""
    if all(match.requests.tests for match in route.matches):
        return route
    node = derived(route.trail.value, (route.trail, *traced(route.matches)))
    return replace(route, matches=(), trail=node)


def _is_moved(old: RouteMatch, new: RouteMatch) -> bool:
    """Whether other requests meet it; the order in which it asks means nothing."""

    def tests(match: RouteMatch) -> list[str]:
        return sorted(repr(bare(replace(t, trail=match.trail))) for t in match.requests.tests)

    return tests(old) != tests(new)


def _in_form(match: RouteMatch, form: Form) -> RouteMatch:
    call = _call(match, form)
    if call is None:
        raise TypeError(match)
    tests: list[Test] = []
    dropped: list[Traced[object]] = []
    for test in match.requests.tests:
        if test.part in _NAMED:
            tests.append(_named(test, call, form))
        elif test.part is Part.METHOD:
            dropped.extend(traced(test))
        else:
            tests.append(test)
    if form.by_element and tests:
        node = named("a call", match.trail)
        tests.append(Test(part=Part.METHOD, any_of=(named(_POST, match.trail),), trail=node))
    node = derived(match.trail.value, (match.trail, *dropped))
    return replace(match, requests=replace(match.requests, tests=tuple(tests)), trail=node)


def _named(test: Test, call: Call, form: Form) -> Test:
    """The test for service and method in the words of the form."""
    if not call.service:
        if form.by_element:
            pattern, part = Pattern(PatternKind.EXACT, call.method), Part.RPC_METHOD
        else:
            text = f"{_ANY_SERVICE}{call.method}"
            pattern, part = Pattern(PatternKind.REGEX, text, dialect=form.dialect), Part.PATH
    else:
        part = Part.PATH
        names = f"/{call.service}/{call.method}"
        if form.by_element:
            pattern = Pattern(PatternKind.ELEMENT_PREFIX, names.rstrip("/"))
        else:
            kind = PatternKind.EXACT if call.method else PatternKind.PREFIX
            pattern = Pattern(kind, names)
    return replace(test, part=part, any_of=(derived(pattern, test.any_of),))


def _no_calls(host: str, matches: Sequence[RouteMatch], form: Form) -> Loss:
    """What becomes of requests that are no calls."""
    reads = (
        "a POST whose path begins with the service and the method"
        if form.by_element
        else "a request for the path of the service and the method, whatever its method of HTTP"
    )
    return Loss(
        code="MM227",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=tuple(_spent(matches)),
        message=f"a rule of the GRPCRoute of {host} is for {reads}; the source reads it somewhat otherwise. Every remote call "
        "fares as before; requests that are none may go by another rule of it.",
        why="gRPC sends each call as a POST for /service/method over HTTP/2.",
        advice="Nothing, where clients of the port speak gRPC alone.",
    )


def _spent(matches: Sequence[RouteMatch]) -> Iterator[Traced[object]]:
    for match in matches:
        yield match.trail
        for test in match.requests.tests:
            yield from test.any_of
