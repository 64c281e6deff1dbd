"""ServiceProfiles for versions without retries in routes, and where none is written."""

from __future__ import annotations

import pytest
import yaml

from tests.translation import to_version
from translator.pipeline import Result

WORLD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: cart, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
"""
ONCE = "retries: {attempts: 1, retryOn: 5xx}"
TO = "route: [{destination: {host: cart}}]"
SPLIT = "{destination: {host: cart}, weight: 90}, {destination: {host: other}, weight: 10}"
OUTLIERS = """\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec: {host: cart, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 4}}}
"""
CONSUMER = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mine, namespace: front}
spec:
  hosts: [cart.shop.svc.cluster.local]
  exportTo: ["."]
  http: [{timeout: 9s, route: [{destination: {host: cart.shop.svc.cluster.local}}]}]
"""


def rules(*texts: str, more: str = "") -> str:
    return WORLD + "".join(f"  - {{{text}}}\n" for text in texts) + more


def kinds(result: Result) -> list[str]:
    names = ("ServiceProfile", "HTTPRoute")
    return [k for d in result.documents if (k := d.resource.partition("/")[0]) in names]


def profile(result: Result) -> list[dict[str, object]]:
    (text,) = (d.text for d in result.documents if d.resource.startswith("ServiceProfile/"))
    routes: list[dict[str, object]] = yaml.safe_load(text)["spec"]["routes"]
    return routes


@pytest.mark.parametrize(
    ("version", "kind"),
    [("2.14", "ServiceProfile"), ("2.15", "ServiceProfile"), ("2.16", "HTTPRoute")],
)
def test_retries_are_a_profiles_until_routes_have_them(version: str, kind: str) -> None:
    assert kinds(to_version(rules(f"{ONCE}, {TO}"), version)) == [kind]


def test_the_profile_has_the_full_name_of_its_service() -> None:
    made = to_version(rules(f"{ONCE}, {TO}"), "2.14", cluster_domain="example.org").documents
    assert "ServiceProfile/shop/cart.shop.svc.example.org" in [d.resource for d in made]


@pytest.mark.parametrize(
    ("texts", "more"),
    [
        ((f"retries: {{attempts: 3, retryOn: 5xx}}, {TO}",), ""),
        ((f"retries: {{attempts: 1, retryOn: 5xx, perTryTimeout: 1s}}, {TO}",), ""),
        ((f"retries: {{attempts: 1, retryOn: connect-failure}}, {TO}",), ""),
        ((f"retries: {{attempts: 0}}, timeout: 2s, {TO}",), ""),
        ((f"match: [{{headers: {{x: {{exact: one}}}}}}], {TO}", f"{ONCE}, {TO}"), ""),
        ((f"match: [{{queryParams: {{x: {{exact: one}}}}}}], {TO}", f"{ONCE}, {TO}"), ""),
        ((f"{ONCE}, route: [{{destination: {{host: other}}}}]",), ""),
        (
            (f"{ONCE}, route: [{SPLIT}]",),
            "",
        ),
        ((f"{ONCE}, headers: {{request: {{set: {{a: b}}}}}}, {TO}",), ""),
        ((f"match: [{{uri: {{prefix: /a}}}}], {ONCE}, {TO}",), ""),
        (("match: [{uri: {prefix: /old}}], redirect: {uri: /new}", f"{ONCE}, {TO}"), ""),
        ((f"{ONCE}, {TO}",), OUTLIERS),
        ((f"{ONCE}, {TO}",), CONSUMER),
    ],
)
def test_what_a_profile_would_say_otherwise_stays_a_route(
    texts: tuple[str, ...], more: str
) -> None:
    result = to_version(rules(*texts, more=more), "2.14")
    assert "ServiceProfile" not in kinds(result)
    assert not {"MM901", "MM902", "MM904"} & {f.code for f in result.report.findings}


def test_a_service_with_a_port_that_is_no_http_has_no_profile() -> None:
    text = rules(f"{ONCE}, {TO}").replace(
        "ports: [{name: http, port: 80, targetPort: 8080}]}",
        "ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-x, port: 9000}]}",
        1,
    )
    assert "ServiceProfile" not in kinds(to_version(text, "2.14"))


def test_statuses_are_classes_of_answers_of_which_the_first_decides() -> None:
    (route,) = profile(
        to_version(rules(f'retries: {{attempts: 1, retryOn: "503,404"}}, {TO}'), "2.14")
    )
    assert route["responseClasses"] == [
        {"condition": {"status": {"min": 404, "max": 404}}, "isFailure": True},
        {"condition": {"status": {"min": 503, "max": 503}}, "isFailure": True},
        {"condition": {"status": {"min": 500, "max": 599}}, "isFailure": False},
    ]


def test_answers_of_500_and_above_need_no_class() -> None:
    (route,) = profile(to_version(rules(f"{ONCE}, {TO}"), "2.14"))
    assert "responseClasses" not in route
    assert route["isRetryable"] is True


def test_special_signs_of_exact_paths_are_escaped() -> None:
    one = f"match: [{{uri: {{exact: '/a.b(c)+{{d}}'}}}}], {ONCE}, {TO}"
    first, _ = profile(to_version(rules(one, f"{TO}"), "2.14"))
    assert first["condition"] == {"pathRegex": r"/a\.b\(c\)\+\{d\}"}


def test_the_budget_and_what_else_differs_is_told() -> None:
    found = to_version(rules(f"{ONCE}, {TO}"), "2.14").report.findings
    (told,) = (f for f in found if f.code == "MM302")
    assert "as long as the profile's budget lasts" in told.message
    assert told.fate.value == "approximated"
