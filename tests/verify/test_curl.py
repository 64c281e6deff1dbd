"""Witnesses as commands."""

from __future__ import annotations

import shlex

import pytest

from ir.behaviour.request import Caller, Request
from ir.inventory import Inventory, PortOfService, Service, Workload, inventory
from translator.verify.curl import curl_line, sender

POD = Workload("Deployment", "shop", "api", {"app": "api"}, {}, "api", (), ())
FRONT = Service("shop", "api", {"app": "api"}, (PortOfService("http", 80, 8080, "TCP", ""),))
LISTED = inventory((), (FRONT,), (POD,))
WEB = Caller(namespace="shop", service_account="web")


def asked(where: Inventory = LISTED, **parts: object) -> list[str]:
    request = Request(caller=WEB, workload=POD.key, port=8080, **parts)  # type: ignore[arg-type]
    return shlex.split(curl_line(request, where))


def test_a_workload_is_called_by_the_service_in_front_of_it() -> None:
    assert asked(path="/a")[-1] == "http://api.shop:80/a"
    assert asked(inventory((), (), (POD,)), path="/a")[-1] == "http://$POD_IP:8080/a"


def test_everything_that_a_rule_may_look_at_is_sent() -> None:
    words = asked(
        method="PUT", path="/a b/../c?q=1&r='x'", authority="x.example", headers={"a": "b", "c": ""}
    )
    assert words[words.index("--request") + 1] == "PUT"
    assert words[-1] == "http://api.shop:80/a b/../c?q=1&r='x'"
    sent = [words[n + 1] for n, word in enumerate(words) if word == "--header"]
    assert sent == ["Host: x.example", "a: b", "c;"]
    assert {"--path-as-is", "--globoff"} <= {*words}


def test_a_head_request_does_not_wait_for_a_body() -> None:
    assert "--head" in asked(method="HEAD")
    assert "--request" not in asked(method="GET")


def test_a_stream_is_opened_as_one() -> None:
    assert asked(http=False)[-1] == "telnet://api.shop:80"


def test_a_service_is_called_by_its_own_port() -> None:
    request = Request(caller=WEB, service="shop/api", service_port=81, path="/a")
    assert shlex.split(curl_line(request, LISTED))[-1] == "http://api.shop:81/a"
    outside = Request(caller=WEB, service="example.com", service_port=443)
    assert shlex.split(curl_line(outside, LISTED))[-1] == "http://example.com:443/"


def test_a_gateway_is_called_by_the_name_that_is_asked_for() -> None:
    request = Request(
        caller=Caller(mtls=False), listener="shop/edge", service_port=80, authority="a.example"
    )
    words = shlex.split(curl_line(request, LISTED))
    assert words[words.index("--connect-to") + 1] == "::$GATEWAY_IP:80"
    assert words[-1] == "http://a.example:80/"


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        (Caller(namespace="shop", service_account="api", labels={"app": "api"}), POD.key),
        (WEB, "service account web"),
        (Caller(namespace="shop", mtls=False), "in clear text"),
        (Caller(mtls=False, address="192.0.2.1"), "192.0.2.1"),
        (Caller(namespace="shop", address="192.0.2.1"), "192.0.2.1"),
        (Caller(probe=True), "health check"),
    ],
)
def test_where_a_request_comes_from_is_said(caller: Caller, said: str) -> None:
    assert said in sender(caller, LISTED)


def test_what_leaves_the_cluster_is_called_by_its_address() -> None:
    request = Request(
        caller=WEB, external="203.0.113.7", service_port=8080, authority="a.example", path="/a"
    )
    words = shlex.split(curl_line(request, LISTED))
    assert words[-1] == "http://203.0.113.7:8080/a"
    assert "Host: a.example" in words
