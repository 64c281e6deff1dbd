"""VirtualServices whose rules are for some clients only: the others go by the next one, and in the end to the service.

What is expected here was found with istiod's own code (istio/istio pilot/pkg/networking/core, 1.31).
"""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from ir.model import Model
from tests.laws.soundness import faults, translated
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text

SHOP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
""" + "".join(
    f"""---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{serviceAccountName: {name}, containers: [{{name: c, ports: [{{containerPort: 8080}}]}}]}}
"""
    for name, space in (("api", "shop"), ("web", "shop"), ("tester", "dev"))
)

WEB, TESTER = "match: [{sourceLabels: {app: web}}], ", "match: [{sourceLabels: {app: tester}}], "
DEV, ALL = "match: [{sourceNamespace: dev}], ", ""
MINE = "[shop]"


def routes(name: str, *rules: tuple[str, int], to: str = "") -> str:
    """A VirtualService of the service, each of its rules with a time of its own."""
    listed = "".join(
        f"  - {{{clients}timeout: {time}s, route: [{{destination: {{host: api.shop.svc.cluster.local}}}}]}}\n"
        for clients, time in rules
    )
    shown = f"  exportTo: {to}\n" if to else ""
    return f"""---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: shop}}
spec:
  hosts: [api.shop.svc.cluster.local]
{shown}  http:
{listed}"""


def model(*services: str) -> Model:
    """What the input comes to."""
    loaded = load_text(SHOP + "".join(services))
    return load_importer("istio")(
        loaded.resources, options_of(loaded, "istio", "linkerd", {})
    ).model


def sent(there: Model, name: str, space: str) -> Delivery:
    """What becomes of a request of a pod."""
    caller = Caller(namespace=space, service_account=name, labels={"app": name})
    request = Request(
        caller=caller, service="shop/api", service_port=80, authority="api.shop.svc.cluster.local"
    )
    return decide_route(there, request)


def times(*services: str) -> tuple[float | None, ...]:
    """The times of web, tester and api; each is delivered to the service."""
    there = model(*services)
    found = [sent(there, *pod) for pod in (("web", "shop"), ("tester", "dev"), ("api", "shop"))]
    assert {one.kind for one in found} == {"forward"}
    return tuple(one.timeout for one in found)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([routes("a", (WEB, 3))], (3, None, None)),
        ([routes("a", (WEB, 3), (TESTER, 9))], (3, 9, None)),
        ([routes("a", (WEB, 3)), routes("b", (ALL, 7))], (3, 7, 7)),
        ([routes("a", (ALL, 7)), routes("b", (WEB, 3))], (7, 7, 7)),
        ([routes("a", (DEV, 4)), routes("b", (ALL, 7))], (7, 4, 7)),
        ([routes("a", (ALL, 7)), routes("b", (DEV, 4))], (7, 7, 7)),
        ([routes("a", (DEV, 4)), routes("b", (WEB, 3)), routes("c", (ALL, 7))], (3, 4, 7)),
        ([routes("a", (WEB, 3), (DEV, 4)), routes("b", (ALL, 7))], (3, 4, 7)),
        ([routes("a", (WEB, 3), to=MINE), routes("b", (ALL, 7))], (3, 7, 7)),
        ([routes("a", (ALL, 7)), routes("b", (WEB, 3), to=MINE)], (3, 7, 7)),
        ([routes("a", (DEV, 4)), routes("b", (ALL, 7), to="[dev]")], (None, 7, None)),
    ],
)
def test_who_has_no_rule_goes_by_the_next(
    services: list[str], expected: tuple[float | None, ...]
) -> None:
    assert times(*services) == expected


def test_clients_with_a_virtual_service_of_their_own_go_by_that_one() -> None:
    there = model(routes("a", (TESTER, 3), (WEB, 4)), routes("b", (ALL, 7), to="[dev]"))
    assert sent(there, "tester", "dev").timeout == 7
    assert sent(there, "web", "shop").timeout == 4


def test_where_a_rule_is_for_the_client_what_it_does_not_match_is_not_found() -> None:
    only = "match: [{sourceLabels: {app: web}, uri: {exact: /a}}], "
    there = model(routes("a", (only, 3)))
    assert sent(there, "web", "shop").status == 404
    assert sent(there, "api", "shop").kind == "forward"


@pytest.mark.parametrize("target", ["linkerd", "cilium", "gateway-api"])
@pytest.mark.parametrize("rules", [(WEB, ALL), (DEV, ALL), (WEB,), (ALL, WEB)])
def test_every_target_tells_what_it_cannot_say(target: str, rules: tuple[str, ...]) -> None:
    listed = [routes(f"r{number}", (clients, number + 1)) for number, clients in enumerate(rules)]
    assert faults(translated(SHOP + "".join(listed), "istio", target)) == []


def test_a_subset_that_the_clients_own_rule_alone_knows_is_theirs() -> None:
    rule = """---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: dev}
spec: {host: api.shop.svc.cluster.local, subsets: [{name: v1, labels: {app: api}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http: [{route: [{destination: {host: api, subset: v1}}]}]
"""
    private = routes("b", (ALL, 7), to="[dev]")
    assert sent(model(rule, private), "tester", "dev").timeout == 7
    there = model(rule)
    (own,) = sent(there, "tester", "dev").shares
    (others,) = sent(there, "web", "shop").shares
    assert own.endpoints == ("Deployment/shop/api",)
    assert others.endpoints == ("shop/api{subset v1}",)
    assert faults(translated(SHOP + rule, "istio", "linkerd")) == []
