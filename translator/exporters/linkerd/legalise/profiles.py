"""Routes whose retries a version can say in a ServiceProfile alone: before there were annotations.

A profile with routes puts all other routes of its service aside, and its circuit breaker (linkerd2-proxy
linkerd/app/outbound/src/sidecar.rs, 2.15); its routes are in list order, know a path and a method, and all go to the
service itself. Its retries are for answers of 500 and above, or for the statuses of response classes, as long as a
budget lasts (linkerd2 controller/api/destination/profile_translator.go ``defaultRetryBudget``). So one is written where
all rules of a service come to that, and each that is tried again is so once, which is what is read of a budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import Service
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Silence, Traced, derived, named, silent
from ir.resilience import Outliers, Retry, RetryBudget, RetryCondition
from ir.traffic import NoMatch, Order, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.connections import inventory_service
from translator.exporters.linkerd.legalise.retries import ANNOTATIONS_SINCE
from translator.exporters.linkerd.legalise.scene import Scene
from translator.exporters.linkerd.legalise.wording import any_match, worded
from translator.exporters.routes.alternatives import alternative
from translator.exporters.routes.destinations import to_itself
from translator.exporters.routes.slots import is_http
from translator.exporters.routes.viewers import Viewer
from translator.report.model import Fate, Impact, Severity, Support
from translator.target import Target

_SERVER = range(500, 600)
_STATUSES = {
    RetryCondition.SERVER_ERROR: tuple(_SERVER),
    RetryCondition.SERVER_ANSWER: tuple(_SERVER),
    RetryCondition.GATEWAY_ERROR: (502, 503, 504),
    RetryCondition.GATEWAY_ANSWER: (502, 503, 504),
    RetryCondition.CLIENT_ERROR: (409,),
}
FAILED_CALLS = (
    RetryCondition.GRPC_DEADLINE_EXCEEDED,
    RetryCondition.GRPC_INTERNAL,
    RetryCondition.GRPC_UNAVAILABLE,
)
"""Codes of gRPC on which a profile tries again whatever its classes say, as far as they have a word."""
_BUDGET = "the budget of retries that comes with a profile"
_KNOWN = (Part.PATH, Part.METHOD)


@dataclass(frozen=True, slots=True)
class Profile:
    """A table in the form of a profile, its budget, and what it says otherwise."""

    facts: tuple[Fact, ...]
    losses: tuple[Loss, ...]


def is_profile(table: RouteTable) -> bool:
    """Whether a legal table is written as a ServiceProfile: those alone are in list order."""
    of_requests = table.protocol is Protocol.HTTP and table.no_match is NoMatch.PASS
    of_service = table.attachment.subject.scope is Scope.SERVICE
    return table.order is Order.LIST and of_requests and of_service


def of_a_profile(budget: RetryBudget) -> bool:
    """Whether the bound is one of those that come with a profile, which state nothing of their own."""
    return budget.trail.value == _BUDGET


def as_profile(
    table: RouteTable, stated: RouteTable, viewers: Sequence[Viewer], scene: Scene
) -> Profile | None:
    """The table as a profile; ``None`` where it is not needed, or would say something else.

    ``stated``: the fact that it comes from. ``viewers``: the clients that have rules of their own.

    Raises:
        ir.language.Opaque: a pattern has no exact language.
        Contradiction: tests of one rule exclude each other.
    """
    target = scene.options.target
    service = inventory_service(table, scene.inventory)
    if target.at_least(ANNOTATIONS_SINCE) or service is None or not _is_for_all(table, service):
        return None
    again = [r for r in table.routes if r.retry is not None and _statuses(r.retry)]
    if not again or not all(_is_plain(r, table, service) for r in table.routes):
        return None
    alone = not any(_concerns(f, service) for f in scene.facts if f is not stated)
    if not alone or [viewer.at for viewer in viewers] != [None] or viewers[0].passes:
        return None
    routes = _worded(table)
    if routes is None or routes[-1].matches:
        return None
    made = tuple(_route(route, number, table) for number, route in enumerate(routes))
    spent: list[Traced[object]] = [table.trail, table.name]
    if table.attachment.audience is not None:
        spent.extend(traced(table.attachment.audience))
    at = replace(table.attachment, ports=(), excluding_ports=(), audience=None)
    whole = replace(
        table,
        name=named(service.name, table.name),
        attachment=at,
        hosts=(),
        order=Order.LIST,
        no_match=NoMatch.PASS,
        routes=made,
        trail=derived(table.trail.value, spent),
    )
    return Profile((whole, _budget(service, whole, target)), tuple(_losses(table)))


def _statuses(retry: Retry) -> tuple[int, ...]:
    """The statuses on which a profile could try once more; none where it could not say the retry."""
    if retry.attempts.value != 1 or retry.per_try_timeout is not None:
        return ()
    found = {status.value for status in retry.statuses}
    for condition in retry.conditions:
        found.update(_STATUSES.get(condition.value, ()))
    return tuple(sorted(found))


def _is_plain(route: Route, table: RouteTable, service: Service) -> bool:
    """Whether the rule does nothing but send requests to the service itself, within a time."""
    times = route.timeouts
    (backend, *more) = route.backends or (None,)
    if backend is None or more or backend.header_edits:
        return False
    to = backend.destination
    space = table.attachment.subject.namespace if to.namespace is None else to.namespace
    itself = space is not None and (space.value, to.name.value) == (service.namespace, service.name)
    own_port = to.port is None or len(service.ports) == 1
    effects = (route.redirect, route.answer, route.rewrite, route.cross_origin, route.fault)
    return (
        itself
        and own_port
        and to.subset is None
        and not any(effects)
        and not route.header_edits
        and not route.mirrors
        and (times is None or (times.response is None and times.idle is None))
    )


def _is_for_all(table: RouteTable, service: Service) -> bool:
    """Whether it is for all clients and all ports, which are read as requests, on the path as it is sent."""
    at = table.attachment
    ports = [port for port in service.ports if port.protocol == "TCP"]
    whole = not at.excluding_ports and (not at.ports or len(ports) == 1)
    tests = [t for r in table.routes for m in r.matches for t in m.requests.tests]
    return (
        whole
        and bool(ports)
        and all(is_http(port) for port in ports)
        and all(test.part in _KNOWN for test in tests)
    )


def _concerns(fact: Fact, service: Service) -> bool:
    """Whether another fact is about what clients do with the service, which a profile would put aside."""
    if not isinstance(fact, (RouteTable, Outliers, RetryBudget)):
        return False
    if isinstance(fact, RouteTable) and fact.attachment.enforced_at is not EnforcedAt.CLIENT:
        return False
    subject = fact.attachment.subject
    return (
        subject.namespace is not None
        and subject.name is not None
        and (subject.namespace.value, subject.name.value) == (service.namespace, service.name)
    )


def _worded(table: RouteTable) -> tuple[Route, ...] | None:
    """The rules in their order with paths as regular expressions; ``None`` where one needs another word."""
    found = [
        alternative(number, match, () if match is None else match.requests.tests)
        for number, route in enumerate(table.routes)
        for match in (route.matches or (None,))
    ]
    made = worded(found, dict(enumerate(table.routes)), table)
    tests = [test for route in made for match in route.matches for test in match.requests.tests]
    plain = all(
        test.part in _KNOWN and len(test.any_of) == 1 and not test.none_of and not test.presence
        for test in tests
    )
    methods = [test for test in tests if test.part is Part.METHOD]
    named_ones = all(
        isinstance(test.any_of[0].value, Pattern) and test.any_of[0].value.kind is PatternKind.EXACT
        for test in methods
    )
    return made if plain and named_ones else None


def _route(route: Route, number: int, table: RouteTable) -> Route:
    """A rule as it is read of a profile."""
    retry = route.retry
    statuses = () if retry is None else _statuses(retry)
    spent = [value for backend in route.backends for value in traced(backend)]
    return replace(
        route,
        name=named(f"rule {number + 1}", table.name),
        matches=route.matches or (any_match(route.trail),),
        backends=to_itself(table),
        retry=None if retry is None or not statuses else _retry(retry, statuses),
        trail=derived(route.trail.value, [route.trail, *spent]),
    )


def _retry(retry: Retry, statuses: tuple[int, ...]) -> Retry:
    """Further tries of a profile: its default class, or statuses of its own."""
    whole = statuses == tuple(_SERVER)
    parents = [retry.attempts, *retry.conditions, *retry.statuses]
    node = derived(retry.trail.value, [retry.trail, *parents])
    answers = (RetryCondition.SERVER_ANSWER,) if whole else ()
    return Retry(
        attempts=named(1, node),
        conditions=tuple(named(word, node) for word in (*answers, *FAILED_CALLS)),
        statuses=() if whole else tuple(named(status, node) for status in statuses),
        trail=node,
    )


def _budget(service: Service, table: RouteTable, target: Target) -> RetryBudget:
    """The bound that holds where a profile says nothing of it."""
    what = Silence("linkerd", target.version, "spec.retryBudget", _DOC)
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=named(service.namespace, table.trail),
        name=named(service.name, table.trail),
        trail=named("the service", table.trail),
    )
    return RetryBudget(
        attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
        percent=silent(20.0, what),
        at_least=silent(10, what),
        interval=silent(10.0, what),
        trail=named(_BUDGET, table.trail),
    )


_DOC = "https://linkerd.io/2/reference/service-profiles/"


def _losses(table: RouteTable) -> Iterator[Loss]:
    """What a profile does otherwise, and the retries that it cannot say."""
    retries = [r.retry for r in table.routes if r.retry is not None]
    said = [retry for retry in retries if _statuses(retry)]
    off = [retry for retry in retries if not retry.attempts.value]
    gone = [retry for retry in retries if not _statuses(retry) and retry.attempts.value]
    values: list[Traced[object]] = [t for one in said for t in traced(one)]
    yield Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.VERSION,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(values),
        message="these retries are written as a ServiceProfile: a request is tried again as long as the profile's budget "
        "lasts (one in five of the requests of 10 s, and 10 a second), on the statuses that are named, also on failed "
        "calls of gRPC, and not where there is no answer at all.",
        why=f"Routes have retries of their own since Linkerd {ANNOTATIONS_SINCE}.",
        advice="Raise --target-version, or set spec.retryBudget of the profile.",
    )
    for group, fate, impact, text in (
        (
            off,
            Fate.ABSORBED,
            Impact.NONE,
            "retries are off; the target does not retry unless told.",
        ),
        (gone, Fate.LOST, Impact.DIFFERENT, "a ServiceProfile cannot say these retries."),
    ):
        if group:
            yield Loss(
                code="MM302",
                impact=impact,
                support=Support.VERSION,
                fate=fate,
                sites=tuple(t for one in group for t in traced(one)),
                message=text,
                advice="Raise --target-version.",
            )
