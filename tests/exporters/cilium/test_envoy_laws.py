"""Laws over rules and routes drawn at random: with configurations nothing is forgotten or made up, and all is explained."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exporters.cilium.envoy import ANOTHER, Json, configs, rule, unexplained
from tests.exporters.cilium.istio import to_cilium
from tests.exporters.linkerd.istio import WORKLOAD, routes
from translator.pipeline import Result

HOSTS = ("api", "other")
BUGS = {"MM900", "MM901", "MM902", "MM903", "MM904"}

Fields = st.SearchStrategy[Json]


def some(**values: Any) -> Fields:
    """A map with some of these fields, each with one of its values."""
    return st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in values.items()})


ejections = some(
    consecutive5xxErrors=(0, 1, 5),
    consecutiveGatewayErrors=(0, 3),
    interval=("1s", "15s"),
    baseEjectionTime=("500ms", "400s"),
    maxEjectionPercent=(0, 100),
    minHealthPercent=(0, 40),
    splitExternalLocalOriginErrors=(True,),
    consecutiveLocalOriginFailures=(0, 3),
)
pools = st.fixed_dictionaries(
    {},
    optional={
        "tcp": some(maxConnections=(5,), connectTimeout=("1500ms",), idleTimeout=("1h",)),
        "http": some(http2MaxRequests=(9,), maxRetries=(2,), maxRequestsPerConnection=(1,)),
    },
)
balancers = st.sampled_from(
    (
        {"simple": "ROUND_ROBIN"},
        {"simple": "PASSTHROUGH"},
        {"consistentHash": {"useSourceIp": True}},
        {"consistentHash": {"httpCookie": {"name": "u", "ttl": "0s"}}},
    )
)
policies: Fields = st.fixed_dictionaries(
    {},
    optional={
        "outlierDetection": ejections,
        "connectionPool": pools,
        "loadBalancer": balancers,
        "retryBudget": some(percent=(5, 30.5), minRetryConcurrency=(4,)),
    },
)
matches = st.fixed_dictionaries(
    {
        "uri": st.sampled_from(
            ({"exact": "/a"}, {"prefix": "/"}, {"prefix": "/a/"}, {"regex": "/[ab]+/c?"})
        )
    },
    optional={
        "method": st.sampled_from(({"exact": "GET"}, {"regex": "GET|PUT"})),
        "headers": st.sampled_from(({"x-a": {"exact": "1"}}, {"x-a": {"prefix": "v"}})),
        "queryParams": st.just({"q": {"exact": "1"}}),
    },
)
shares = st.lists(
    st.builds(lambda host, weight: {"destination": {"host": host}, "weight": weight},
              st.sampled_from(HOSTS), st.sampled_from((1, 50))),
    min_size=1, max_size=2,
)  # fmt: skip
tries = st.sampled_from(
    (
        {"attempts": 0},
        {"attempts": 2, "retryOn": "5xx,retriable-4xx", "perTryTimeout": "200ms"},
        {"attempts": 1, "retryOn": "503,429"},
        {"attempts": 1, "retryOn": "envoy-ratelimited,reset"},
    )
)
sent = st.fixed_dictionaries(
    {"route": shares},
    optional={
        "timeout": st.just("1s"),
        "retries": tries,
        "rewrite": st.sampled_from(({"uri": "/z/"}, {"authority": "z.example"})),
        "mirrors": st.just([{"destination": {"host": "other"}, "percentage": {"value": 0.3}}]),
    },
)
answered = st.sampled_from(
    ({"directResponse": {"status": 403}}, {"redirect": {"uri": "/new", "redirectCode": 308}})
)
listed = st.lists(
    st.builds(lambda match, what: {"match": match, **what},
              st.lists(matches, min_size=1, max_size=2), st.one_of(sent, answered)),
    min_size=1, max_size=3,
)  # fmt: skip


def written(policy: list[Json], http: list[list[object]]) -> Result:
    """Both Services, each with a rule and with routes."""
    own = [rule(one, host=host) for one, host in zip(policy, HOSTS, strict=True)]
    own += [
        routes(one, name=host).replace("- api\n", f"- {host}\n", 1)
        for one, host in zip(http, HOSTS, strict=True)
    ]
    text = "\n---\n".join((WORKLOAD + "---\n" + ANOTHER, *own))
    return to_cilium(text, allow_envoy_config=True)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.lists(policies, min_size=2, max_size=2),
    st.lists(listed, min_size=2, max_size=2),
)
def test_nothing_is_forgotten_or_made_up_and_every_change_is_explained(
    policy: list[Json], http: list[list[object]]
) -> None:
    result = written(policy, http)
    assert {f.code for f in result.report.findings} & BUGS == set()
    assert unexplained(result) == []
    led = [d.resource for d in result.documents if d.resource.startswith("HTTPRoute/")]
    assert len(configs(result)) + len(led) >= len(HOSTS)
