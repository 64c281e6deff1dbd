"""The source's silent behaviour: written out, or the target's own."""

from __future__ import annotations

from typing import Any

import pytest

from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import written
from tests.traps.test_routing import WORLD, World, http, messages, rule
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Fate
from translator.source.load import load_text

NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
"""
MESH = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data: {{mesh: "{mesh}"}}
---
"""
CONNECT = "config.linkerd.io/proxy-outbound-connect-timeout"


def retries(result: Result) -> list[dict[str, str]]:
    """What is said of retries on each route."""
    found = [route["metadata"].get("annotations", {}) for route in written(result, "HTTPRoute")]
    return [{k: v for k, v in one.items() if k.startswith("retry.")} for one in found]


def silent(result: Result, field: str) -> list[Any]:
    """The findings about a default."""
    return [f for f in result.report.findings if f.code == "MM307" and field in str(f.default)]


def connects(result: Result) -> list[str]:
    """How long a connection may take to open, where that is written."""
    values = (document.value["metadata"] for document in result.documents if document.edited)
    found = (value.get("annotations", {}) for value in values if isinstance(value, dict))
    return [one[CONNECT] for one in found if CONNECT in one]


def kinds(result: Result) -> set[str]:
    """The findings that explain what has changed."""
    return {str(change["explained_by"]) for change in result.report.verification.changes}


def from_version(text: str, version: str) -> Result:
    """A translation from another version of the source."""
    loaded = load_text(text)
    return pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, f"istio@{version}", "linkerd", {})
    )


def test_silent_retries_are_written_as_far_as_the_target_can_say_them() -> None:
    world = World(http(rule("")))
    assert retries(world.result) == [{"retry.linkerd.io/limit": "2"}]
    (found,) = silent(world.result, "retries")
    assert found.fate is Fate.APPROXIMATED
    assert "It is written on the routes" in found.message
    before, after = world.both()
    assert (before.retries, after.retries) == (2, 2)
    assert kinds(world.result) == {"['MM307']"}


def test_the_targets_own_retries_are_taken_where_asked_for() -> None:
    world = World(http(rule("")), defaults="adopt")
    assert retries(world.result) == [{}]
    (found,) = silent(world.result, "retries")
    assert found.fate is Fate.LOST
    assert world.both()[1].retries is None


@pytest.mark.parametrize("version", ["1.22", "1.23"])
def test_before_1_24_an_answer_of_503_was_tried_again(version: str) -> None:
    result = from_version(WORLD + http(rule("")), version)
    assert retries(result) == [{"retry.linkerd.io/limit": "2", "retry.linkerd.io/http": "503"}]
    assert not silent(result, "Inbound")
    own = from_version(WORLD + http(rule("", more=", retries: {attempts: 5}")), version)
    assert retries(own) == [{"retry.linkerd.io/limit": "5", "retry.linkerd.io/http": "503"}]


def test_retries_of_the_servers_proxy_are_told_since_it_has_them() -> None:
    (found,) = silent(from_version(WORLD + http(rule("")), "1.24"), "Inbound")
    assert "up to twice again" in found.message


def test_nothing_is_written_beside_a_rule_that_switches_retries_off() -> None:
    off = rule("{uri: {prefix: /a}}", more=", retries: {attempts: 0}")
    world = World(http(off, rule("")))
    assert retries(world.result) == [{}]
    assert [world.both(path)[1].retries for path in ("/a", "/b")] == [None, None]


def test_retries_that_the_mesh_says_hold_for_requests_without_a_route() -> None:
    mesh = MESH.format(mesh="defaultHttpRetryPolicy: {attempts: 3, retryOn: 5xx}")
    world = World(mesh, http(rule("{uri: {prefix: /a}}"), rule("", "other")))
    both = [world.both(path) for path in ("/a", "/b")]
    assert [before.retries for before, _ in both] == [3, 3]
    assert retries(world.result) == [
        {"retry.linkerd.io/limit": "3", "retry.linkerd.io/http": "5xx"}
    ]
    (found,) = silent(world.result, "retries")
    assert "tried 3 times more, as MeshConfig says" in found.message
    assert "MM904" not in world.codes()


def test_the_time_to_open_a_connection_is_written_on_what_is_enrolled() -> None:
    pinned = World(NAMESPACE, http(rule("")))
    assert connects(pinned.result) == ["10s"]
    assert not silent(pinned.result, "connectTimeout")
    adopted = World(NAMESPACE, http(rule("")), defaults="adopt")
    assert connects(adopted.result) == []
    assert "gives up after 1 s" in "".join(messages(adopted.result, "MM307"))


def test_what_the_mesh_says_of_it_is_no_default() -> None:
    world = World(NAMESPACE, MESH.format(mesh="connectTimeout: 3s"))
    assert connects(world.result) == ["3s"]
    assert not silent(world.result, "connectTimeout")


def test_what_is_pinned_is_traced_to_the_default() -> None:
    world = World(http(rule("")))
    (route,) = (f for f in world.result.legal.facts if isinstance(f, RouteTable))
    retry = route.routes[0].retry
    assert retry is not None
    assert retry.attempts.stated_by is not None
    assert not retry.attempts.origin
    assert "MM902" not in world.codes()
