"""ServiceProfiles and TrafficSplits, as Linkerd and its SMI extension heed them."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete_route import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from ir.model import Model
from ir.opaque import Opaque
from ir.resilience import Retry, RetryBudget, RetryCondition
from ir.traffic import Protocol, RouteTable
from translator import pipeline
from translator.api import Import
from translator.importers.linkerd.profile_path import anchored
from translator.registry import load_importer
from translator.source.load import load_text

SERVICES = """\
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: shop{annotations}}}
spec: {{selector: {{app: api}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: api-2, namespace: shop}}
spec: {{selector: {{app: api-2}}, ports: [{{port: 80}}]}}
---
"""
PROFILE = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {{name: {name}, namespace: {space}}}
spec: {{{spec}}}
---
"""
SPLIT = """\
apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata: {{name: {name}, namespace: shop, creationTimestamp: "{age}"}}
spec: {{service: api, backends: [{backends}]}}
---
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: api}]
  rules: [{matches: [{path: {value: /only}}]}]
---
"""
FULL_NAME = "api.shop.svc.cluster.local"
GET = "{name: get, condition: {method: GET, pathRegex: /x}, timeout: 2s}"
HALVES = (
    "dstOverrides: [{authority: api.shop.svc.cluster.local:80, weight: 900m}, "
    "{authority: api-2.shop.svc.cluster.local, weight: 100m}]"
)


def profile(spec: str, space: str = "shop", name: str = FULL_NAME) -> str:
    return PROFILE.format(spec=spec, space=space, name=name)


def split(backends: str, name: str = "api", age: str = "2024-01-01T00:00:00Z") -> str:
    return SPLIT.format(backends=backends, name=name, age=age)


def read(text: str, annotations: str = "") -> Import:
    loaded = load_text(SERVICES.format(annotations=annotations) + text)
    options = pipeline.options_of(loaded, "linkerd@2.20", "istio", {})
    return load_importer("linkerd")(loaded.resources, options)


def test_what_is_for_a_service_that_is_known_not_to_exist_is_not_heeded() -> None:
    """Neither its profile nor its routes: nobody is called by its name."""
    gone = PROFILE.format(spec=f"routes: [{GET}]", space="shop", name="gone.shop.svc.cluster.local")
    text = SERVICES.format(annotations="") + gone + ROUTE.replace("name: api}]", "name: lost}]")
    for complete, known in ((False, 2), (True, 0)):
        loaded = load_text(text)
        options = pipeline.options_of(loaded, "linkerd@2.20", "linkerd", {"complete": complete})
        found = load_importer("linkerd")(loaded.resources, options)
        assert sum(isinstance(fact, RouteTable) for fact in found.model.facts) == known
        told = [one for one in found.model.inactive if "no such Service" in one.why]
        assert len(told) == 2 - known
        assert not found.losses or known


def model(text: str, annotations: str = "") -> Model:
    return read(text, annotations).model


def ask(found: Model, path: str = "/x", method: str = "GET", namespace: str = "bank") -> Delivery:
    """What becomes of a request to the service."""
    return decide_route(
        found,
        Request(
            caller=Caller(namespace=namespace),
            service="shop/api",
            port=80,
            method=method,
            path=path,
        ),
    )


def shares(delivery: Delivery) -> dict[str, int]:
    """The percent that each service gets."""
    return {" ".join(s.endpoints): int(s.fraction * 100) for s in delivery.shares}


def reasons(found: Model) -> list[tuple[str, str]]:
    return [(one.why, one.winner) for one in found.inactive]


def test_the_first_route_that_matches_wins_and_the_rest_goes_to_the_service() -> None:
    every = '{name: every, condition: {pathRegex: "/.*"}, timeout: 9s}'
    found = model(profile(f"routes: [{every}, {GET}]"))
    assert [ask(found).route, ask(found).timeout] == ["every", 9.0]
    other = model(profile(f"routes: [{GET}]"))
    assert ask(other, "/y").kind == "forward"
    assert ask(other, "/y").timeout is None


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("{method: get}", {"GET /x", "GET /y"}),
        ("{not: {method: GET}}", {"POST /x", "POST /y"}),
        ("{all: [{method: GET}, {not: {pathRegex: /x}}]}", {"GET /y"}),
        ("{any: [{method: POST}, {pathRegex: /x}]}", {"GET /x", "POST /x", "POST /y"}),
        ("{not: {any: [{method: POST}, {pathRegex: /x}]}}", {"GET /y"}),
        ("{not: [{method: GET, pathRegex: /x}]}", {"GET /y", "POST /x", "POST /y"}),
        ("{method: GET, any: []}", set()),
    ],
)
def test_conditions_are_taken_with_all_any_and_not(condition: str, taken: set[str]) -> None:
    found = model(
        profile(
            f"routes: [{GET}, {{name: it, condition: {condition}}}]".replace(
                GET, "{name: never, condition: {pathRegex: /z}}"
            )
        )
    )
    asked = {
        f"{m} {p}" for m in ("GET", "POST") for p in ("/x", "/y") if ask(found, p, m).route == "it"
    }
    assert asked == taken


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("/api/list", "/api/list"),
        (r"^/a\.B/C$", "/a.B/C"),
        ("/a|/b", "/a(?s:.*)|(?s:.*)/b"),
        ("/a|/b|/c", "/a(?s:.*)|(?s:.*)/b(?s:.*)|(?s:.*)/c"),
        ("(/a|/b)c", "(/a|/b)c"),
        ("/[|]x", "/[|]x"),
        (r"/x\|y|/z", r"/x\|y(?s:.*)|(?s:.*)/z"),
        (r"/x\$", r"/x\$(?s:.*)"),
    ],
)
def test_paths_are_anchored_without_a_group(text: str, pattern: str) -> None:
    assert anchored(text).text == pattern


def test_trap_linkerd_36_a_profile_puts_routes_and_annotations_of_its_service_aside() -> None:
    words = ", annotations: {timeout.linkerd.io/request: 1s}"
    found = model(ROUTE + profile(f"routes: [{GET}]"), words)
    assert [ask(found).route, ask(found).timeout] == ["get", 2.0]
    assert [ask(found, "/y").kind, ask(found, "/y").timeout] == ["forward", None]
    assert ("a ServiceProfile puts the other routes of its Service aside",
            f"ServiceProfile/shop/{FULL_NAME}") in reasons(found)  # fmt: skip


def test_trap_linkerd_36_a_profile_with_a_budget_alone_puts_nothing_aside() -> None:
    budget = "retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 5, ttl: 10s}"
    found = model(ROUTE + profile(budget))
    assert ask(found).kind == "not_found"
    assert ("a profile without routes and shares changes nothing", "") in reasons(found)


def test_a_budget_without_a_route_that_is_tried_again_does_nothing() -> None:
    budget = "retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 5, ttl: 10s}"
    found = model(profile(f"{budget}, routes: [{GET}]"))
    assert ("no route of the profile is tried again", "") in reasons(found)
    assert not any(isinstance(fact, RetryBudget) for fact in found.facts)


def test_the_profile_of_the_clients_namespace_goes_first() -> None:
    own = GET.replace("2s", "5s")
    found = model(profile(f"routes: [{GET}]") + profile(f"routes: [{own}]", "bank"))
    assert [ask(found).timeout, ask(found, namespace="shop").timeout] == [5.0, 2.0]


def test_a_profile_for_some_clients_beside_routes_for_all_is_not_understood() -> None:
    found = model(ROUTE + profile(f"routes: [{GET}]", "bank"))
    (opaque,) = (fact for fact in found.facts if isinstance(fact, Opaque))
    assert opaque.kind == "a profile for some clients beside routes for others"


def test_shares_are_for_all_requests_in_the_weights_as_written() -> None:
    found = model(profile(f"routes: [{GET}], {HALVES}"))
    assert shares(ask(found)) == shares(ask(found, "/y")) == {"shop/api": 90, "shop/api-2": 10}
    tables = [fact for fact in found.facts if isinstance(fact, RouteTable)]
    weights = [[b.weight and b.weight.value for b in r.backends] for t in tables for r in t.routes]
    assert weights == [[900, 100], [900, 100]]


def test_shares_of_nothing_alone_share_nothing() -> None:
    found = model(profile("dstOverrides: [{authority: api-2.shop.svc.cluster.local, weight: 0}]"))
    assert not any(isinstance(fact, RouteTable) for fact in found.facts)
    assert len(found.inactive) > 0


def test_connections_on_opaque_ports_are_shared_out_too() -> None:
    found = model(
        profile(f"routes: [{GET}], {HALVES}"),
        ', annotations: {config.linkerd.io/opaque-ports: "80"}',
    )
    (table,) = (fact for fact in found.facts if isinstance(fact, RouteTable))
    assert table.protocol is Protocol.TCP
    assert [len(route.backends) for route in table.routes] == [2]


def test_further_tries_are_bounded_by_the_budget_and_told_so() -> None:
    again = "{name: again, condition: {pathRegex: /x}, isRetryable: true}"
    found = read(profile(f"routes: [{again}]"))
    (budget,) = (fact for fact in found.model.facts if isinstance(fact, RetryBudget))
    assert [v.value for v in (budget.percent, budget.at_least, budget.interval) if v] == [
        20,
        10,
        10,
    ]
    assert [loss.code for loss in found.losses] == ["MM302"]
    retry = _retry(found.model)
    assert retry.attempts.value == 1
    assert RetryCondition.SERVER_ANSWER in [c.value for c in retry.conditions]


def test_classes_of_answers_say_what_is_tried_again() -> None:
    classes = (
        "[{condition: {status: {min: 500, max: 501}}, isFailure: false},"
        " {condition: {any: [{status: {min: 429, max: 429}}, {status: {min: 501, max: 502}}]},"
        " isFailure: true}]"
    )
    route = "name: again, condition: {pathRegex: /x}, isRetryable: true"
    retry = _retry(model(profile(f"routes: [{{{route}, responseClasses: {classes}}}]")))
    statuses = [status.value for status in retry.statuses]
    assert statuses[:3] == [429, 502, 503]
    assert not {500, 501} & set(statuses)
    assert RetryCondition.SERVER_ANSWER not in [c.value for c in retry.conditions]


def _retry(found: Model) -> Retry:
    (table,) = (fact for fact in found.facts if isinstance(fact, RouteTable))
    retry = table.routes[0].retry
    assert retry is not None
    return retry


def test_a_split_writes_the_shares_of_the_profile_beside_it() -> None:
    text = profile(f"routes: [{GET}], {HALVES}") + split("{service: api-2, weight: 1}")
    found = model(text)
    assert shares(ask(found)) == {"shop/api-2": 100}
    assert ask(found).timeout == 2.0
    assert ("a TrafficSplit writes the shares", "TrafficSplit/shop/api") in reasons(found)
    assert "smi" in [one.name for one in found.assumptions]


def test_a_profile_that_splits_leave_alone_keeps_its_shares() -> None:
    marked = profile(HALVES).replace(
        "namespace: shop}", "namespace: shop, annotations: {smi.linkerd.io/skip: x}}"
    )
    found = model(marked + split("{service: api-2, weight: 1}"))
    assert shares(ask(found)) == {"shop/api": 90, "shop/api-2": 10}


def test_of_two_splits_of_a_service_the_younger_decides() -> None:
    old = split("{service: api, weight: 1}", "old")
    young = split("{service: api-2, weight: 1}", "young", "2025-01-01T00:00:00Z")
    found = model(young + old)
    assert shares(ask(found)) == {"shop/api-2": 100}
    assert ("the split that was written last decides", "TrafficSplit/shop/young") in reasons(found)


def test_a_split_in_the_hands_of_the_failover_extension_is_not_understood_whole() -> None:
    marked = split("{service: api, weight: 1}, {service: api-2, weight: 0}").replace(
        "namespace: shop,", "namespace: shop, labels: {failover.linkerd.io/controlled-by: x},"
    )
    (opaque,) = (fact for fact in model(marked).facts if isinstance(fact, Opaque))
    assert opaque.kind == "shares that the failover extension changes"


def test_a_profile_of_another_name_is_not_understood() -> None:
    (opaque,) = (
        f
        for f in model(profile(f"routes: [{GET}]", name="example.com")).facts
        if isinstance(f, Opaque)
    )
    assert opaque.attachment is None


def test_a_condition_that_asks_for_nothing_is_refused() -> None:
    with pytest.raises(ExceptionGroup):
        read(profile("routes: [{name: bad, condition: {}}]"))
