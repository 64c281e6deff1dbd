"""What is to be said of a port whose rules the target cannot hold exactly: each by the table that is written instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Grant, Refusal
from ir.inventory import Workload
from ir.language import TOKEN, Opaque
from ir.match import (
    CALLER_PARTS,
    HTTP_PARTS,
    AllOf,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Term,
    Test,
)
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.axes import HOST
from translator.exporters.linkerd.legalise.door import Table
from translator.exporters.linkerd.legalise.paths import ODD, form_of
from translator.exporters.linkerd.legalise.rules import asks_http
from translator.exporters.routes.languages import METHODS, language, union
from translator.report.bounds import At
from translator.report.model import Fate, Impact, Severity, Support

_SEEN = (
    "The source compares a header with all its values joined and a host as it is written; the target "
    "compares each value, by regular expressions only where it is visible ASCII, and a host without its port and last dot."
)


_NAMES = tuple(Pattern(PatternKind.EXACT, method) for method in METHODS)
_NAMED = union(_NAMES)


def narrowed(here: Sequence[Fact], workload: Workload, port: int, table: Table) -> Iterator[Loss]:
    """Where the table of a port is not exact."""
    where = f"{workload.key} port {port}"
    if table.narrowed:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            fate=Fate.APPROXIMATED,
            sites=tuple(t for r in here if isinstance(r, Refusal) for t in _of_callers(r)),
            message=f"{where}: everyone but some callers cannot be said; "
            "of the callers that were granted only those that can be named are let in.",
            advice="Name the callers that may come in instead of those that may not.",
        )
        yield from _unnamed(here, where)
    at = At(workload.key, ((port, port),))
    yield from _other_methods(here, at)
    if not table.plain:
        yield from _connections(here, at)
    if table.rooted:
        yield _rooted(here, where)
    if table.blurred:
        yield _blurred(here, where, table.blurred)
    if table.spelt:
        yield _spelt(here, where, table.spelt)
    if any(cell.paths is not None for cell in table.cells):
        form = _path_form(here, where)
        if form.sites and form_of(here) is not PathForm.RAW:
            yield form


def _of_callers(rule: Refusal) -> Iterator[Traced[object]]:
    """What a refusal says of callers."""
    yield from traced((rule.callers, tuple(t for t in rule.always if t.part in CALLER_PARTS)))


def _unnamed(here: Sequence[Fact], where: str) -> Iterator[Loss]:
    """Callers that are granted by address and are not let in, since some of them may be refused by name."""
    grants = [r for r in here if isinstance(r, Grant)]
    tests = [test for r in grants for way in r.callers for test in way.tests]
    terms = tuple(x for test in tests if test.part is Part.PEER_ADDRESS for x in test.any_of)
    if terms:
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            sites=terms,
            message=f"{where}: callers that are granted by address are not let in, since some who come from there may be "
            "refused by name.",
            advice="Name the callers that may come in instead of those that may not.",
        )


def _other_methods(here: Sequence[Fact], at: At) -> Iterator[Loss]:
    """Methods that have no name in a route, where rules ask for more than those that have one."""
    tests = [test for test in _tests(here) if test.part is Part.METHOD]
    terms = [t for test in tests for t in (*test.any_of, *test.none_of) if not _is_named(t.value)]
    if terms:
        node = trail("other methods")
        named: tuple[Traced[Term], ...] = tuple(map(Traced, _NAMES))
        others = Test(part=Part.METHOD, none_of=named, trail=node)
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=tuple(terms),
            at=(at,),
            ways=(AllOf(tests=(others,), trail=node),),
            message=f"{at.name} port {at.ports[0][0]}: of the methods that these patterns let in only {', '.join(METHODS)} are.",
            why="A route of the target names a method whole, and these alone.",
            advice="Name the methods that are served, if there are others.",
        )


def _connections(here: Sequence[Fact], at: At) -> Iterator[Loss]:
    """Connections that are not HTTP, which the source lets in by rules that ask for no request."""
    closed = any(isinstance(fact, Closed) for fact in here)
    grants = [fact for fact in here if isinstance(fact, Grant) and not asks_http(fact)]
    if (grants or not closed) and not any(map(_refuses_connections, here)):
        others = (fact for fact in here if isinstance(fact, Refusal))
        yield Loss(
            code="MM402",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            because=tuple(v for fact in (grants if closed else others) for v in traced(fact)),
            at=(at,),
            http=False,
            message=f"{at.name} port {at.ports[0][0]}: connections that are not HTTP are refused, since other rules for the "
            "port ask for something of requests.",
            why="Where a server has routes, what is let in is let in by them.",
            advice="Let no rule for the port ask for paths, methods, hosts or headers, if it serves anything but HTTP.",
        )


def _refuses_connections(fact: Fact) -> bool:
    """Whether it refuses whatever is not HTTP, of which what it asks of requests is taken as met."""
    if not isinstance(fact, Refusal) or fact.callers:
        return False
    ways = [way.tests for way in fact.requests] or [()]
    every = [test.part in HTTP_PARTS for test in fact.always]
    return all(every) and any(all(t.part in HTTP_PARTS for t in tests) for tests in ways)


def unread(here: Sequence[Fact], workload: Workload, port: int) -> Iterator[Loss]:
    """Rules for requests at a port that is not read as HTTP: requests that come there all the same are refused."""
    rules = [fact for fact in here if isinstance(fact, (Grant, Refusal)) and asks_http(fact)]
    if rules:
        yield Loss(
            code="MM403",
            impact=Impact.STRICTER,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            because=tuple(value for fact in rules for value in traced(fact)),
            at=(At(workload.key, ((port, port),)),),
            http=True,
            message=f"{workload.key} port {port}: a Service declares that it carries other things than HTTP; as in the source, "
            "rules that grant something of requests grant nothing there, and of those that refuse it is taken as met.",
            advice="Name the port http, if it is one.",
        )


def _is_named(term: Term) -> bool:
    """Whether a pattern takes no methods but such as have a name in a route, or every method."""
    try:
        wanted = language(term)
    except (Opaque, TypeError):
        return False
    return (wanted - _NAMED).is_empty() or (TOKEN - wanted).is_empty()


def _rooted(here: Sequence[Fact], where: str) -> Loss:
    return Loss(
        code="MM402",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=_path_terms(here),
        message=f'{where}: on the path "/" only those come in who come in on every path.',
        why='A route for "/" alone counts no more characters than one for all paths, so methods and headers decide.',
        advice='Grant another path than "/", or let the rules for all paths ask for no method and no header.',
    )


def _blurred(here: Sequence[Fact], where: str, axes: Sequence[str]) -> Loss:
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=_asked(here, axes),
        message=f"{where}: by {_called(axes)} requests cannot be told apart as the rules do; "
        "those that might be refused or might not be granted are refused.",
        why=_SEEN,
        advice="Let rules that refuse ask for whole header values without a comma; let rules that grant by host name it "
        'both as "a.example" and as "a.example:*".',
    )


def _spelt(here: Sequence[Fact], where: str, axes: Sequence[str]) -> Loss:
    return Loss(
        code="MM413",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=_asked(here, axes),
        message=f"{where}: what is granted by {_called(axes)} is granted too where the header is sent more than once and "
        "one of its values fits, or where the host is written with a dot at its end.",
        why=_SEEN,
        advice="Let the proxy in front of these callers set the header instead of adding to it.",
    )


def _called(axes: Sequence[str]) -> str:
    return " and ".join("host" if a == HOST else f'header "{a}"' for a in axes)


def _asked(here: Sequence[Fact], axes: Sequence[str]) -> tuple[Traced[object], ...]:
    """The terms of the tests on some headers, or on the host."""
    return tuple(
        term
        for test in _tests(here)
        if (test.part is Part.AUTHORITY and HOST in axes)
        or (test.part is Part.HEADER and test.name is not None and test.name.value.lower() in axes)
        for term in (*test.any_of, *test.none_of)
    )


def _tests(here: Sequence[Fact]) -> Iterator[Test]:
    for fact in here:
        if isinstance(fact, (Grant, Refusal)):
            yield from (t for a in fact.requests for t in a.tests)
            yield from fact.always


def _path_terms(here: Sequence[Fact]) -> tuple[Traced[object], ...]:
    tests = [test for test in _tests(here) if test.part is Part.PATH]
    paths = (term for test in tests for term in (*test.any_of, *test.none_of))
    return tuple(term for term in paths if term.origin)


def _path_form(here: Sequence[Fact], where: str) -> Loss:
    return Loss(
        code="MM408",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.LOW,
        fate=Fate.APPROXIMATED,
        sites=_path_terms(here),
        message=f"{where}: requests whose path is not in normal form ({ODD[form_of(here)]}) are refused.",
        why="The source decides on the normal form of a path, the target on the path as it was sent.",
    )
