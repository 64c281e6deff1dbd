"""Rules for some ports of a service say nothing of its other ports: there requests go to the service."""

from __future__ import annotations

from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import written
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, Severity

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: http-b, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
"""


def rules(*matches: str) -> Result:
    text = "".join(
        f"  - match: {one}\n    route: [{{destination: {{host: cart}}}}]\n" for one in matches
    )
    return to_linkerd(SERVICES + text)


def ports(result: Result) -> list[list[int]]:
    tables = (f for f in result.model.facts if isinstance(f, RouteTable))
    return [[p.value.port for p in table.attachment.ports] for table in tables]  # type: ignore[misc]


def test_a_table_is_for_the_ports_that_all_of_its_rules_ask_for() -> None:
    """Before, requests to the other port were said to be not found, in the source too."""
    result = rules("[{port: 80, uri: {prefix: /x}}]", "[{port: 80, uri: {prefix: /y}}]")
    assert ports(result) == [[80]]
    assert {d["spec"]["parentRefs"][0]["port"] for d in written(result, "HTTPRoute")} == {80}


def test_a_rule_for_any_port_holds_on_all() -> None:
    assert ports(rules("[{port: 80, uri: {prefix: /x}}]", "[{uri: {prefix: /y}}]")) == [[]]


def test_rules_for_ports_that_the_service_does_not_have_are_not_heeded() -> None:
    """Nothing is lost with them, so nothing of high severity is said."""
    result = rules("[{port: 8081, uri: {prefix: /x}}]")
    assert ports(result) == []
    assert written(result, "HTTPRoute") == []
    (told,) = [f for f in result.report.findings if f.code == "MM107"]
    assert told.severity is Severity.INFO
    assert "none of the ports" in told.message
    assert {r.fate for r in result.report.ledger if r.path.startswith("spec.http")} == {Fate.INERT}
    assert not {f.code for f in result.report.findings} & {"MM208", "MM903", "MM904"}


def test_ports_that_are_not_there_count_for_nothing_beside_others() -> None:
    assert ports(rules("[{port: 8081, uri: {prefix: /x}}]", "[{port: 81}]")) == [[81]]
