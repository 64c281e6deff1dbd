"""Redirects that pass on who is there already, as two rules in a list: the requests for the path itself, then the redirect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.language import Language, Opaque
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, derived, named
from ir.traffic import Backend, Destination, Route, RouteMatch, RouteTable
from translator.exporters.routes.languages import language


def passed_first(route: Route, table: RouteTable) -> Iterator[Route]:
    """The rule; before a redirect that does not send to where a request is, one that passes such requests on."""
    redirect, subject = route.redirect, table.attachment.subject
    if redirect is None or redirect.unless_there is None:
        yield route
        return
    path = redirect.passed
    if path is not None and redirect.path is not None and subject.name is not None:
        matches = [m for m in route.matches or (None,) if m is None or asks(m, path)]
        node = named("the service itself", redirect.trail, redirect.path)
        itself = Destination(
            namespace=subject.namespace and named(subject.namespace.value, subject.namespace),
            name=named(subject.name.value, subject.name),
            trail=node,
        )
        if matches:
            yield replace(
                route,
                redirect=None,
                backends=(Backend(destination=itself, trail=node),),
                matches=tuple(at_path(m, path, route, (redirect.path,)) for m in matches),
            )
    yield replace(route, redirect=replace(redirect, unless_there=None))


def asks(match: RouteMatch, path: str) -> bool:
    """Whether an alternative takes a path, whatever else it asks for."""
    tests = [test for test in match.requests.tests if test.part is Part.PATH]
    return all(any(has(term.value, path) for term in test.any_of) for test in tests if test.any_of)


def has(pattern: object, path: str) -> bool:
    """Whether a pattern has the path; so it is taken to be where that cannot be known."""
    try:
        return not language(pattern).disjoint(Language.exact(path))
    except Opaque:
        return True


def at_path(
    match: RouteMatch | None, path: str, route: Route, why: Sequence[Traced[object]]
) -> RouteMatch:
    """The alternative of a rule for one exact path; ``why``: the terms of others that ask for it."""
    pattern = Pattern(PatternKind.EXACT, path)
    if match is None:
        node = named("path", route.trail, *why)
        test = Test(part=Part.PATH, any_of=(named(pattern, route.trail, *why),), trail=node)
        requests = AllOf(tests=(test,), trail=node)
        return RouteMatch(requests=requests, trail=node)
    own = [test for test in match.requests.tests if test.part is Part.PATH]
    others = tuple(test for test in match.requests.tests if test.part is not Part.PATH)
    terms = [term for test in own for term in test.any_of]
    said: Traced[Term] = derived(pattern, terms) if terms else named(pattern, match.trail, *why)
    node = own[0].trail if own else named("path", match.trail, *why)
    test = Test(part=Part.PATH, any_of=(said,), trail=node)
    return replace(match, requests=replace(match.requests, tests=(test, *others)))
