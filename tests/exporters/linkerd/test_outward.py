"""Rules for names outside where everything may leave: routes on a network that lets all out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.exporters.linkerd.istio import written
from tests.translation import to_linkerd, to_version
from translator import pipeline
from translator.api import Options
from translator.pipeline import Result
from translator.proof import Proven, Translated, prove

HTTP = {"number": 80, "name": "http", "protocol": "HTTP"}
ITSELF = [{"destination": {"host": "api.example"}}]
SLOW = {"match": [{"uri": {"exact": "/slow"}}], "timeout": "30s", "route": ITSELF}
REST = {"timeout": "3s", "route": ITSELF}


def resource(kind: str, spec: dict[str, Any]) -> str:
    """A resource of this kind."""
    metadata = {"name": "api", "namespace": "shop"}
    group = "networking.istio.io/v1"
    return yaml.safe_dump({"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec})


def text(rules: list[dict[str, Any]], port: dict[str, Any] | None = None, **more: Any) -> str:
    """A name outside with rules; no request is tried again."""
    entry = {"hosts": ["api.example"], "ports": [port or HTTP], "resolution": "DNS"}
    http = [{**rule, "retries": {"attempts": 0}} for rule in rules]
    spec = {"hosts": ["api.example"], "http": http, **more}
    return resource("ServiceEntry", entry) + "---\n" + resource("VirtualService", spec)


def codes(result: Result) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in result.report.findings}


def test_rules_that_go_on_to_the_name_itself_are_a_route_of_a_network_that_lets_all_out() -> None:
    result = to_linkerd(text([SLOW, REST]))
    (network,) = written(result, "EgressNetwork")
    assert network["spec"] == {"trafficPolicy": "Allow"}
    (route,) = written(result, "HTTPRoute")
    assert route["spec"]["hostnames"] == ["api.example"]
    assert route["spec"]["parentRefs"][0]["port"] == 80
    times = [rule["timeouts"]["request"] for rule in route["spec"]["rules"]]
    assert times == ["30s", "3s"]
    assert "MM203" not in codes(result)


def test_they_are_proved_as_those_of_a_service_are() -> None:
    verification = to_linkerd(text([REST])).report.verification
    assert verification.changes == ()
    assert verification.slices["EQUAL_UNDER"] == sum(verification.slices.values()) > 1


def test_rules_for_one_namespace_stand_there() -> None:
    result = to_linkerd(text([REST], exportTo=["."]))
    (route,) = written(result, "HTTPRoute")
    assert route["metadata"]["namespace"] == "shop"
    assert route["spec"]["parentRefs"][0]["namespace"] == "linkerd-egress"


@pytest.mark.parametrize(
    "document",
    [
        text([SLOW]),
        text([{**REST, "route": [{"destination": {"host": "other.example"}}]}]),
        text([{**REST, "route": [{"destination": {"host": "proxy"}}]}]),
        text([{**REST, "route": [{"destination": {"host": "api.example", "port": {"number": 443}}}]}]),
        text([REST], {**HTTP, "targetPort": 8080}),
        text([REST], {"number": 443, "name": "https", "protocol": "HTTPS"}),
        text([REST]) + "---\n" + resource("Sidecar", {"outboundTrafficPolicy": {}}),
    ],
    ids=["no last rule", "another name", "a service", "another port", "moved", "TLS", "limited"],
)  # fmt: skip
def test_rules_that_would_mean_something_else_are_told(document: str) -> None:
    result = to_linkerd(document)
    assert codes(result) & {"MM203", "MM207"}
    assert not [r for r in written(result, "HTTPRoute") if "timeouts" in r["spec"]["rules"][0]]


def test_older_targets_have_no_networks() -> None:
    result = to_version(text([REST]), "2.16")
    assert "MM203" in codes(result)
    assert not written(result, "EgressNetwork")


def test_another_effect_in_the_output_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    edit = {"requestHeaderModifier": {"set": [{"name": "x-from", "value": "shop"}]}}

    def changed(body: str) -> str:
        value = yaml.safe_load(body)
        if value["kind"] == "HTTPRoute":
            value["spec"]["rules"][0]["filters"] = [{"type": "RequestHeaderModifier", **edit}]
        return yaml.safe_dump(value)

    def tampered(done: Translated, options: Options) -> Proven:
        written_so = [replace(one, text=changed(one.text)) for one in done.written]  # type: ignore[type-var]
        return prove(replace(done, written=written_so), options)

    monkeypatch.setattr(pipeline, "prove", tampered)
    assert "MM904" in codes(to_linkerd(text([REST])))
