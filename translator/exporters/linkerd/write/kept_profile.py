"""``linkerd.io`` ServiceProfile as the source has it: routes in their order, shares of other Services, a budget of retries.

linkerd2 controller/gen/apis/serviceprofile/v1alpha2/types.go and pkg/profiles/profiles.go, 2.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.match import Part, Test
from ir.model import Fact
from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryBudget
from ir.traffic import Backend, Protocol, Route, RouteMatch, RouteTable
from ir.walk import traced
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.linkerd.legalise.as_one import as_one
from translator.exporters.linkerd.legalise.kept_routes import clients_of, is_kept_profile
from translator.exporters.linkerd.write.profile import API, classes_of, text_of_test
from translator.resources.gateway_api.write import duration

_HUNDRED = 100


class KeptProfiles:
    """The profiles of a legal model: each is several facts."""

    def __init__(self, facts: Sequence[Fact], options: Options) -> None:
        self._domain = options.cluster_domain
        self._tables: dict[str, list[RouteTable]] = {}
        self._budgets: dict[tuple[str, ...], RetryBudget] = {}
        for fact in facts:
            if isinstance(fact, RouteTable) and is_kept_profile(fact):
                self._tables.setdefault(fact.object, []).append(fact)
            elif isinstance(fact, RetryBudget):
                self._budgets[clients_of(fact.attachment)] = fact

    def with_table(self, table: RouteTable) -> Iterator[Manifest]:
        """The profile of a table, at the first of those that are its."""
        tables = self._tables[table.object]
        if tables[0] is table:
            yield self._profile(tables)

    def _profile(self, tables: Sequence[RouteTable]) -> Manifest:
        first = tables[0]
        at = as_one([table.attachment for table in _alike(tables)])
        space, service = at.subject.namespace, at.subject.name
        if space is None or service is None:
            raise TypeError(first)
        home = space if at.audience is None else at.audience.namespaces[0]
        name = self._host(service.value, space.value)
        node = tuple(table.trail for table in tables)
        routes = [route for table in tables for route in table.routes]
        spec: dict[str, Tree] = {}
        own: list[Tree] = [_route(route) for route in routes if route.matches]
        if own:
            spec["routes"] = own
        if any(not route.matches for route in routes):
            shares = zip(*(route.backends for route in routes), strict=True)
            spec["dstOverrides"] = [self._share(as_one(copies)) for copies in shares]
        budget = self._budgets.get(clients_of(first.attachment))
        if budget is not None and any(value.origin for value in traced(budget)):
            spec["retryBudget"] = _budget(budget)
        metadata: dict[str, Tree] = {
            "name": derived(name, (service, *node)),
            "namespace": derived(home.value, (home, *node)),
        }
        return Manifest(
            api_version=API,
            kind="ServiceProfile",
            namespace=home.value,
            name=name,
            tree={"metadata": metadata, "spec": spec},
            purpose=(*node, *(route.trail for route in routes if not route.matches)),
        )

    def _share(self, backend: Backend) -> dict[str, Tree]:
        place = backend.destination
        space = place.namespace
        host = place.name.value if space is None else self._host(place.name.value, space.value)
        port = "" if place.port is None else f":{place.port.value.port}"
        by = tuple(v for v in traced(backend) if v is not backend.weight)
        tree: dict[str, Tree] = {"authority": Said(f"{host}{port}", by)}
        return tree if backend.weight is None else {**tree, "weight": backend.weight}

    def _host(self, name: str, namespace: str) -> str:
        return f"{name}.{namespace}.svc.{self._domain}"


def _alike(tables: Sequence[RouteTable]) -> list[RouteTable]:
    """Those that hold on the same ports: one of bytes names them."""
    requests = [table for table in tables if table.protocol is Protocol.HTTP]
    return (requests or list(tables))[:1]


def _route(route: Route) -> dict[str, Tree]:
    node = (route.trail,)
    tree: dict[str, Tree] = {
        "name": Said("route", node) if route.name is None else route.name,
        "condition": _condition(route.matches),
    }
    if route.timeouts is not None and route.timeouts.request is not None:
        tree["timeout"] = route.timeouts.request.map(duration)
    if route.retry is not None:
        tree["isRetryable"] = Said(True, _again(route.retry))
        classes: list[Tree] = list(classes_of(route.retry))
        if classes:
            tree["responseClasses"] = classes
    return tree


def _again(retry: Retry) -> tuple[Traced[object], ...]:
    return (retry.trail, retry.attempts, *retry.conditions)


def _condition(matches: Sequence[RouteMatch]) -> dict[str, Tree]:
    several: list[Tree] = [_alternative(match) for match in matches]
    if len(several) == 1 and isinstance(several[0], dict):
        return several[0]
    return {"any": several}


def _alternative(match: RouteMatch) -> dict[str, Tree]:
    """One alternative: what must hold, and what must not."""
    node = (match.trail, match.requests.trail)
    found: list[Tree] = [_test(test, node) for test in match.requests.tests]
    if len(found) == 1 and isinstance(found[0], dict):
        return found[0]
    return {"all": found}


def _test(test: Test, node: tuple[Traced[str], ...]) -> dict[str, Tree]:
    field = "method" if test.part is Part.METHOD else "pathRegex"
    terms = test.any_of or test.none_of
    tree: dict[str, Tree] = {field: derived(text_of_test(test), (*terms, *node))}
    return tree if test.any_of else {"not": tree}


def _budget(budget: RetryBudget) -> dict[str, Tree]:
    percent, least, interval = budget.percent, budget.at_least, budget.interval
    if percent is None or least is None or interval is None:
        raise TypeError(budget)
    return {
        "retryRatio": Said(percent.value / _HUNDRED, (percent, budget.trail)),
        "minRetriesPerSecond": least,
        "ttl": interval.map(duration),
    }
