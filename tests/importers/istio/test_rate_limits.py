"""Local rate limits: the documented form is read as a limit, all that only looks like it stays opaque."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from ir.attachment import WorkloadPort
from ir.model import Model
from ir.opaque import Intent, Opaque
from ir.resilience import RateLimit
from tests.exporters.linkerd.istio import WORKLOAD
from tests.translation import to_linkerd

_TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_ALL = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
SETTINGS: dict[str, Any] = {
    "stat_prefix": "x",
    "token_bucket": {"max_tokens": 20, "tokens_per_fill": 10, "fill_interval": "2s"},
    "filter_enabled": _ALL,
    "filter_enforced": _ALL,
}
IDLE = {"stat_prefix": "x"}


def typed(settings: dict[str, Any]) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/{_TYPE}", **settings}


def inserted(settings: dict[str, Any], name: str = "limit", **match: object) -> dict[str, Any]:
    """The filter put in front of the others."""
    return {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND", **match},
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {"name": name, "typed_config": typed(settings)},
        },
    }


def on_routes(settings: dict[str, Any], host: str = "inbound|http|80") -> dict[str, Any]:
    """What the routes of a port say of the filter."""
    return {
        "applyTo": "HTTP_ROUTE",
        "match": {
            "context": "SIDECAR_INBOUND",
            "routeConfiguration": {"vhost": {"name": host, "route": {"action": "ANY"}}},
        },
        "patch": {
            "operation": "MERGE",
            "value": {"typed_per_filter_config": {"limit": typed(settings)}},
        },
    }


def read(*patches: dict[str, Any]) -> Model:
    """The model of one workload with an EnvoyFilter."""
    document = yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": "limit", "namespace": "shop"},
            "spec": {
                "workloadSelector": {"labels": {"app": "api"}},
                "configPatches": copy.deepcopy(list(patches)),
            },
        }
    )
    return to_linkerd(f"{WORKLOAD}\n---\n{document}").model


def limits(model: Model) -> list[RateLimit]:
    return [fact for fact in model.facts if isinstance(fact, RateLimit)]


def opaque(model: Model) -> list[Opaque]:
    return [fact for fact in model.facts if isinstance(fact, Opaque)]


def test_a_filter_with_a_bucket_limits_every_port() -> None:
    (limit,) = limits(read(inserted(SETTINGS)))
    assert (limit.requests.value, limit.seconds.value, limit.burst.value) == (10, 2.0, 20)
    assert limit.attachment.ports == ()


def test_one_token_a_fill_is_what_nothing_says() -> None:
    bucket = {"max_tokens": 3, "fill_interval": "0.5s"}
    (limit,) = limits(read(inserted({**SETTINGS, "token_bucket": bucket})))
    assert (limit.requests.value, limit.requests.origin) == (1, ())


def test_the_port_of_a_listener_is_the_port_of_the_workload() -> None:
    (limit,) = limits(read(inserted(SETTINGS, listener={"portNumber": 8080})))
    assert [port.value for port in limit.attachment.ports] == [WorkloadPort(8080)]


def test_routes_of_a_service_port_speak_for_the_port_behind_it() -> None:
    model = read(inserted(IDLE), on_routes(SETTINGS))
    (limit,) = limits(model)
    assert [port.value for port in limit.attachment.ports] == [WorkloadPort(8080)]
    assert opaque(model) == []


def test_routes_replace_the_bucket_of_the_filter_on_their_port() -> None:
    slower = {**SETTINGS, "token_bucket": {"max_tokens": 5, "fill_interval": "1s"}}
    own, rest = limits(read(inserted(SETTINGS), on_routes(slower)))
    assert own.burst.value == 5
    assert [port.value for port in rest.attachment.excluding_ports] == [WorkloadPort(8080)]


def test_routes_may_lift_the_limit_of_their_port() -> None:
    model = read(inserted(SETTINGS), on_routes(IDLE))
    (rest,) = limits(model)
    assert [port.value for port in rest.attachment.excluding_ports] == [WorkloadPort(8080)]
    assert len(model.inactive) == 1


@pytest.mark.parametrize("part", ["filter_enabled", "filter_enforced"])
@pytest.mark.parametrize("share", [None, {}, {"default_value": {"denominator": "MILLION"}}])
def test_a_limit_that_holds_for_no_request_is_none(part: str, share: object) -> None:
    settings = {key: value for key, value in SETTINGS.items() if key != part}
    if share is not None:
        settings[part] = share
    model = read(inserted(settings))
    assert limits(model) == []
    assert opaque(model) == []
    assert any("not switched on" in one.why for one in model.inactive)


@pytest.mark.parametrize(
    "patch",
    [
        inserted({**SETTINGS, "always_consume_default_token_bucket": False}),
        inserted({**SETTINGS, "stage": 1}),
        inserted({**SETTINGS, "filter_enabled": {"default_value": {"numerator": 50}}}),
        inserted({**SETTINGS, "local_rate_limit_per_downstream_connection": True}),
        inserted({**SETTINGS, "token_bucket": {"max_tokens": 5, "fill_interval": "1m"}}),
        inserted({**SETTINGS, "token_bucket": {"max_tokens": 5, "fill_interval": "0.01s"}}),
        inserted({**SETTINGS, "token_bucket": {"max_tokens": 0, "fill_interval": "1s"}}),
        inserted({**SETTINGS, "token_bucket": {"max_tokens": "many", "fill_interval": "1s"}}),
        inserted(SETTINGS, proxy={"proxyVersion": "1.2"}),
        inserted(SETTINGS, listener={"filterChain": {"sni": "a.example"}}),
        inserted(SETTINGS, context="ANY"),
        inserted(SETTINGS, context="GATEWAY"),
        on_routes(SETTINGS),
    ],
)  # fmt: skip
def test_another_form_stays_opaque(patch: dict[str, Any]) -> None:
    """An unknown field, a share of requests, one chain of several, routes without the filter: not the documented form."""
    model = read(patch)
    assert limits(model) == []
    assert len(opaque(model)) == 1


def test_a_service_port_that_nobody_has_leaves_both_patches_opaque() -> None:
    model = read(inserted(IDLE), on_routes(SETTINGS, "inbound|http|99"))
    assert limits(model) == []
    assert len(opaque(model)) == 2


def test_two_filters_of_one_name_are_no_documented_form() -> None:
    model = read(inserted(SETTINGS), inserted(SETTINGS))
    assert (len(limits(model)), len(opaque(model))) == (0, 2)


def test_either_spelling_of_a_field_is_read_but_not_both() -> None:
    spelt = {
        "statPrefix": "x",
        "tokenBucket": {"maxTokens": 20, "tokensPerFill": 10, "fillInterval": "2s"},
        "filterEnabled": {"defaultValue": {"numerator": 100}},
        "filterEnforced": {"defaultValue": {"numerator": 100}},
    }
    assert len(limits(read(inserted(spelt)))) == 1
    assert limits(read(inserted({**spelt, "token_bucket": SETTINGS["token_bucket"]}))) == []


def test_buckets_by_descriptor_are_told_beside_the_limit_for_all() -> None:
    """A request of the kind needs a token of either bucket: the common limit holds for it as for all."""
    kind: list[object] = [{"actions": [{"remote_address": {}}]}]
    bucket = {"max_tokens": 1, "fill_interval": "1s"}
    narrow = [{"entries": [{"key": "path", "value": "/slow"}], "token_bucket": bucket}]
    patch = on_routes({**SETTINGS, "descriptors": narrow})
    patch["patch"]["value"]["route"] = {"rate_limits": kind}
    model = read(inserted(IDLE), patch)
    (limit,), (rest,) = limits(model), opaque(model)
    assert limit.burst.value == 20
    assert rest.intent is Intent.LOCAL_RATE_LIMIT
    assert len(rest.trail.origin) == 5
    assert not set(rest.trail.origin) & set(limit.trail.origin)


def test_buckets_by_descriptor_alone_stay_what_they_are() -> None:
    kind: dict[str, Any] = {
        **IDLE,
        "descriptors": [{"entries": [{"key": "path", "value": "/slow"}]}],
    }
    model = read(inserted(kind))
    assert (limits(model), len(opaque(model))) == ([], 1)
