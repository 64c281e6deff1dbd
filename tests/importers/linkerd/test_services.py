"""Annotations of Services, as Linkerd heeds them."""

from __future__ import annotations

import pytest

from ir.model import Model
from ir.opaque import Column, Opaque
from ir.resilience import AppliesTo, Outliers, Retry, RetryCondition
from ir.traffic import RouteTable
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  annotations: {{{annotations}}}
spec:
  selector: {{app: api}}
  ports: [{{name: http, port: 80}}, {{name: admin, port: 81}}]
"""
ROUTE = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: api, namespace: {space}, annotations: {{{annotations}}}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: api, namespace: shop{port}}}]
  rules: [{{matches: [{{path: {{value: /}}}}]}}]
"""


def model(annotations: str, route: str = "", version: str = "2.20") -> Model:
    loaded = load_text(SERVICE.format(annotations=annotations) + route)
    options = pipeline.options_of(loaded, f"linkerd@{version}", "linkerd", {})
    return load_importer("linkerd")(loaded.resources, options).model


def accrual(**words: str) -> str:
    prefix = "balancer.linkerd.io/failure-accrual"
    keys = {f"-consecutive-{key.replace('_', '-')}": value for key, value in words.items()}
    return ", ".join(
        f'{prefix}{key}: "{value}"' for key, value in {"": "consecutive", **keys}.items()
    )


def outliers(found: Model) -> Outliers | None:
    return next((fact for fact in found.facts if isinstance(fact, Outliers)), None)


def tables(found: Model) -> tuple[RouteTable, ...]:
    return tuple(fact for fact in found.facts if isinstance(fact, RouteTable))


def retry(found: Model) -> Retry | None:
    (table,) = tables(found)
    return table.routes[0].retry


def numbers(fact: Outliers) -> list[float | None]:
    values = (fact.consecutive_errors, fact.ejection_time, fact.longest_ejection)
    return [None if value is None else value.value for value in values]


def test_failure_accrual_is_about_those_who_address_the_service() -> None:
    found = outliers(model(accrual(max_failures="4", min_penalty="20s", max_penalty="5m")))
    assert found is not None
    assert numbers(found) == [4, 20, 300]
    assert found.applies_to is AppliesTo.ADDRESS
    assert found.consecutive_errors is not None
    assert len(found.consecutive_errors.origin) == 1


def test_failure_accrual_has_defaults() -> None:
    found = outliers(model(accrual()))
    assert found is not None
    assert numbers(found) == [7, 1, 60]
    assert found.ejection_time is not None
    assert found.ejection_time.stated_by is not None


@pytest.mark.parametrize(
    "words",
    [
        accrual(max_failures="many"),
        accrual(min_penalty="1m30s"),
        accrual(min_penalty="1.5s"),
        accrual(min_penalty="2m"),  # more than the default at most
        accrual(max_penalty="0"),
        accrual().replace("consecutive", "sometimes"),
    ],
)
def test_one_wrong_value_puts_the_whole_family_out_of_force(words: str) -> None:
    assert outliers(model(words)) is None


def test_accrual_says_nothing_of_ports_that_are_opaque() -> None:
    found = outliers(model(accrual() + ', config.linkerd.io/opaque-ports: "81"'))
    assert found is not None
    assert [port.value.port for port in found.attachment.excluding_ports] == [81]


def test_success_rates_are_kept_as_what_is_not_understood() -> None:
    words = accrual().replace("consecutive", "unified")
    found = model(words)
    assert outliers(found) is not None
    (opaque,) = (fact for fact in found.facts if isinstance(fact, Opaque))
    assert opaque.may_touch == (Column.RESILIENCE,)
    assert outliers(model(words, version="2.19")) is None


def test_a_port_without_routes_has_a_default_route_with_the_services_words() -> None:
    found = model("retry.linkerd.io/http: 5xx, timeout.linkerd.io/request: 5s")
    (table,) = tables(found)
    (route,) = table.routes
    assert route.timeouts is not None
    assert route.timeouts.request is not None
    assert route.timeouts.request.value == 5
    assert route.retry is not None
    assert route.retry.attempts.value == 1
    assert [c.value for c in route.retry.conditions] == [
        RetryCondition.SERVER_ANSWER,
        RetryCondition.REFUSED_STREAM,
    ]
    assert [b.destination.name.value for b in route.backends] == ["api"]


def test_a_route_takes_over_what_it_does_not_say_itself() -> None:
    words = (
        'retry.linkerd.io/limit: "3", timeout.linkerd.io/request: 5s, timeout.linkerd.io/idle: 1s'
    )
    bare = ROUTE.format(space="shop", annotations="", port="")
    timed = ROUTE.format(space="shop", annotations="timeout.linkerd.io/response: 2s", port="")
    (table,) = tables(model(words, bare))
    assert table.routes[0].timeouts is not None
    assert table.routes[0].timeouts.request is not None
    (table,) = tables(model(words, timed))
    assert table.routes[0].timeouts is not None
    assert table.routes[0].timeouts.request is None
    assert table.routes[0].timeouts.idle is None
    assert table.routes[0].retry is not None
    assert table.routes[0].retry.attempts.value == 3


def test_the_default_route_is_there_on_ports_without_routes_only() -> None:
    route = ROUTE.format(space="shop", annotations="", port=", port: 80")
    default, own = sorted(
        tables(model("timeout.linkerd.io/request: 5s", route)),
        key=lambda t: not t.attachment.excluding_ports,
    )
    assert [port.value.port for port in default.attachment.excluding_ports] == [80]
    assert [port.value.port for port in own.attachment.ports] == [80]


def test_a_default_route_for_all_clients_but_some_is_not_understood() -> None:
    route = ROUTE.format(space="web", annotations="", port="")
    found = model("timeout.linkerd.io/request: 5s", route)
    (opaque,) = (fact for fact in found.facts if isinstance(fact, Opaque))
    assert opaque.may_touch == (Column.ROUTING,)


@pytest.mark.parametrize(
    ("words", "attempts"),
    [
        ('retry.linkerd.io/limit: "2"', 2),
        ('retry.linkerd.io/limit: "0"', None),
        ("retry.linkerd.io/timeout: 1s", 1),
        ('retry.linkerd.io/http: "503,500-502"', 1),
        ('retry.linkerd.io/http: "5xx, 409"', None),  # no blanks
        ('retry.linkerd.io/http: "700"', None),
        ('retry.linkerd.io/limit: "-1", retry.linkerd.io/http: 5xx', None),
    ],
)
def test_retries_are_taken_whole_or_not_at_all(words: str, attempts: int | None) -> None:
    found = model(words + ", timeout.linkerd.io/request: 9s")
    given = retry(found)
    assert (given.attempts.value if given else None) == attempts


def test_ranges_of_statuses_are_read() -> None:
    found = retry(model('retry.linkerd.io/http: "503,500-502"'))
    assert found is not None
    assert [status.value for status in found.statuses] == [503, 500, 501, 502]


def test_retries_and_time_limits_are_not_read_before_they_were_there() -> None:
    words = f"retry.linkerd.io/http: 5xx, timeout.linkerd.io/request: 5s, {accrual()}"
    found = model(words, version="2.15")
    assert not tables(found)
    assert outliers(found) is not None
