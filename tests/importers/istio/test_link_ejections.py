"""Failing endpoints: which rule holds for whom, and where none does."""

from __future__ import annotations

from ir.attachment import ServicePort
from ir.behaviour.ejection import Part, ejection_of, ejections
from ir.behaviour.request import Caller
from ir.resilience import Outliers
from tests.importers.istio.link_routes_cases import destination_rule, link, virtual_service

FIVE = "trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}"
PLAIN = "trafficPolicy: {tls: {mode: DISABLE}}"
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: prod}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80}}]}}
"""
HOST = "reviews.prod.svc.cluster.local"


def rule(*documents: str, client: str = "web", port: int = 80, name: str = "reviews") -> str:
    """What a client of a namespace does about failing endpoints of a service."""
    facts = [fact for fact in link(*documents).facts if isinstance(fact, Outliers)]
    part = Part("prod", name, port)
    found = ejection_of(ejections(facts), Caller(namespace=client), part, part)
    return found.rule[0] if found.rule else ""


def test_the_services_own_rule_is_for_all_clients() -> None:
    one = destination_rule(f"host: reviews\n{FIVE}")
    assert rule(one) == "after 5 errors"


def test_a_rule_of_the_clients_hides_that_of_the_service_whatever_it_says() -> None:
    one = destination_rule(f"host: reviews\n{FIVE}")
    own = destination_rule(f"host: {HOST}\n{PLAIN}", name="own", namespace="web")
    assert rule(one, own) == ""
    assert rule(one, own, client="shop") == "after 5 errors"


def test_a_wildcard_of_the_clients_hides_the_exact_rule_of_the_service() -> None:
    one = destination_rule(f"host: reviews\n{FIVE}")
    own = destination_rule(f"host: '*.svc.cluster.local'\n{PLAIN}", name="own", namespace="web")
    assert rule(one, own) == ""
    assert rule(one, own, client="shop") == "after 5 errors"


def test_a_wildcard_of_the_clients_has_its_own_rule_for_each_service() -> None:
    one = destination_rule(f"host: reviews\n{PLAIN}")
    own = destination_rule(f"host: '*.svc.cluster.local'\n{FIVE}", name="own", namespace="web")
    assert rule(one, own) == "after 5 errors"
    assert rule(one, own, client="shop") == ""


def test_a_rule_for_all_services_is_stated_for_each_that_is_listed() -> None:
    all_of_them = destination_rule(f"host: '*.local'\n{FIVE}", namespace="istio-system")
    exact = destination_rule(f"host: ratings\n{PLAIN}", name="ratings")
    documents = (all_of_them, exact, *(SERVICE.format(name=n) for n in ("reviews", "ratings")))
    assert rule(*documents) == "after 5 errors"
    assert rule(*documents, name="ratings") == ""


def test_a_port_with_settings_of_its_own_has_nothing_of_the_others() -> None:
    one = destination_rule(
        "host: reviews\ntrafficPolicy:\n  outlierDetection: {consecutive5xxErrors: 5}\n"
        "  portLevelSettings: [{port: {number: 8080}, tls: {mode: DISABLE}}]"
    )
    assert rule(one) == "after 5 errors"
    assert rule(one, port=8080) == ""


def test_a_port_of_a_subset_has_nothing_of_the_rule_above() -> None:
    one = destination_rule(
        "host: reviews\ntrafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}\n"
        "subsets:\n- name: v1\n  labels: {version: v1}\n  trafficPolicy:\n"
        "    portLevelSettings: [{port: {number: 8080}, tls: {mode: DISABLE}}]"
    )
    to_subset = virtual_service(
        "hosts: [reviews]\nhttp: [{route: [{destination: {host: reviews, subset: v1}}]}]"
    )
    facts = [fact for fact in link(one, to_subset).facts if isinstance(fact, Outliers)]
    (off,) = (fact for fact in facts if fact.labels is not None)
    assert off.consecutive_errors is not None
    assert off.consecutive_errors.value == 0
    assert [port.value for port in off.attachment.ports] == [ServicePort(8080)]


def test_rules_that_say_nothing_of_it_state_nothing() -> None:
    one = destination_rule(f"host: reviews\n{PLAIN}")
    own = destination_rule(f"host: {HOST}\n{PLAIN}", name="own", namespace="web")
    assert not [fact for fact in link(one, own).facts if isinstance(fact, Outliers)]
