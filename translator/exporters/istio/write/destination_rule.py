"""``networking.istio.io`` DestinationRule: what clients do about the endpoints of one host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.model import Fact
from ir.provenance import Traced
from ir.resilience import Outliers, RetryBudget, SessionAffinity
from ir.traffic import Destination, Route, RouteTable
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.write.virtual_service import NETWORKING, duration, host_of
from translator.exporters.naming import Names

Setting = Outliers | RetryBudget | SessionAffinity
"""A block of a traffic policy."""

Parts = Mapping[str, Sequence[Destination]]
"""The destinations that are a part of one service, by the name of the part."""


def write_destination_rules(
    facts: Sequence[Fact], names: Names, options: Options
) -> Iterator[Manifest]:
    """One rule for each host, in the namespace of its service."""
    groups: dict[tuple[str, str], list[Setting]] = {}
    for fact in facts:
        if isinstance(fact, Setting):
            subject = fact.attachment.subject
            if subject.namespace is None or subject.name is None:
                raise TypeError(fact)
            groups.setdefault((subject.namespace.value, subject.name.value), []).append(fact)
    parts = _parts(facts)
    for key in sorted({**groups, **parts}):
        yield _rule(key, groups.get(key, ()), parts.get(key, {}), names, options)


def _parts(facts: Sequence[Fact]) -> Mapping[tuple[str, str], Parts]:
    """The parts of services to which routes send, by host and name."""
    found: dict[tuple[str, str], dict[str, list[Destination]]] = {}
    routes = (route for fact in facts if isinstance(fact, RouteTable) for route in fact.routes)
    for to in (to for route in routes for to in _goals(route)):
        if to.namespace is not None and to.subset is not None and to.labels is not None:
            key = to.namespace.value, to.name.value
            found.setdefault(key, {}).setdefault(to.subset.value, []).append(to)
    return found


def _goals(route: Route) -> Iterator[Destination]:
    yield from (backend.destination for backend in route.backends)
    yield from (mirror.destination for mirror in route.mirrors)


def _subset(name: str, destinations: Sequence[Destination]) -> Tree:
    labels = [to.labels for to in destinations if to.labels is not None]
    said: dict[str, Tree] = {
        one.key: Said(one.values[0], tuple(labels)) for one in labels[0].value.requirements
    }
    words = tuple(to.subset for to in destinations if to.subset is not None)
    return {"name": Said(name, words), **({"labels": said} if said else {})}


def _rule(
    key: tuple[str, str], group: Sequence[Setting], parts: Parts, names: Names, options: Options
) -> Manifest:
    space, name = key
    goals = [to for part in parts.values() for to in part]
    subjects = [fact.attachment.subject for fact in group]
    audiences = [a for fact in group if (a := fact.attachment.audience) is not None]
    of_host: list[Traced[object]] = []
    for subject in subjects:
        of_host.extend(v for v in (subject.name, subject.namespace, subject.trail) if v is not None)
    of_host.extend(v for to in goals for v in (to.name, to.namespace, to.trail) if v is not None)
    owners = (*(one.namespace for one in subjects), *(to.namespace for to in goals))
    spaces = tuple(one for one in owners if one is not None)
    policy: dict[str, Tree] = dict(block for fact in group for block in _block(fact))
    return Manifest(
        api_version=NETWORKING,
        kind="DestinationRule",
        namespace=space,
        name=names.take("DestinationRule", space, name),
        tree={
            "metadata": {"namespace": Said(space, spaces)},
            "spec": {
                "host": Said(host_of(name, space, options), tuple(of_host)),
                **({"trafficPolicy": policy} if policy else {}),
                **({"subsets": [_subset(n, parts[n]) for n in sorted(parts)]} if parts else {}),
            },
        },
        purpose=(
            *(fact.trail for fact in group),
            *(clients.trail for clients in audiences),
            *(to.trail for to in goals),
        ),
    )


def _block(fact: Setting) -> Iterator[tuple[str, Tree]]:
    match fact:
        case Outliers():
            yield "outlierDetection", dict(_outliers(fact))
        case RetryBudget():
            yield "retryBudget", dict(_budget(fact))
        case SessionAffinity():
            yield "loadBalancer", {"consistentHash": {"httpCookie": _cookie(fact)}}


def _outliers(fact: Outliers) -> Iterator[tuple[str, Tree]]:
    if fact.consecutive_errors is not None:
        yield "consecutive5xxErrors", fact.consecutive_errors
    if fact.consecutive_gateway_errors is not None:
        yield "consecutiveGatewayErrors", fact.consecutive_gateway_errors
    local = fact.consecutive_local_errors
    if local is not None:
        yield "splitExternalLocalOriginErrors", Said(True, (local, fact.trail))
        yield "consecutiveLocalOriginFailures", local
    if fact.interval is not None:
        yield "interval", fact.interval.map(duration)
    if fact.ejection_time is not None:
        yield "baseEjectionTime", fact.ejection_time.map(duration)
    if fact.max_ejection_percent is not None:
        yield "maxEjectionPercent", fact.max_ejection_percent
    if fact.min_health_percent is not None:
        yield "minHealthPercent", fact.min_health_percent


def _budget(fact: RetryBudget) -> Iterator[tuple[str, Tree]]:
    if fact.percent is not None:
        yield "percent", Said(_number(fact.percent.value), (fact.percent,))
    if fact.at_least is not None:
        yield "minRetryConcurrency", fact.at_least
    if fact.interval is not None:
        yield "budgetInterval", fact.interval.map(duration)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _cookie(fact: SessionAffinity) -> Tree:
    """``cookie x; path=/; ttl=0s``: a cookie with a ``ttl`` is made where a request has none; 0 is that of a session."""
    name, *more = fact.key.value.removeprefix("cookie ").split("; ")
    words = {"name": name, **dict(word.split("=", 1) for word in more)}
    return {word: Said(value, (fact.key,)) for word, value in words.items()}
