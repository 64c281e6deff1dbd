"""Configurations of the node's proxy as they are written, in the real Envoy, against the model of the source.

What the agent of Cilium adds is put in their place: addresses of listeners, the table of routes at its listener, and
endpoints of clusters (cilium/cilium pkg/ciliumenvoyconfig/cec_resource_parser.go ``ParseResources``, 1.20), each of which
answers with the name of its cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ir.behaviour.concrete import decide_route
from ir.behaviour.delivery import Address
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Delivery, Request
from ir.traffic import RouteTable
from tests.exporters.cilium.envoy import Json, allowed, configs, of_routes, rule
from tests.exporters.linkerd.istio import routes
from tests.oracle.envoy import Answer, Envoy, Tree, Whole, http_filter, needs_envoy, running
from tests.oracle.witnesses import on_the_wire, witnesses
from translator.pipeline import Result
from translator.verify.access import Comparison
from translator.verify.routes import RouteComparison

API = Address("shop", "api", 80)
_LISTENER, _ROUTES, _CLUSTER = (
    "envoy.config.listener.v3.Listener",
    "envoy.config.route.v3.RouteConfiguration",
    "envoy.config.cluster.v3.Cluster",
)
MOST = 300


def _of(spec: Json, kind: str) -> list[Json]:
    found = [one for one in spec["resources"] if one["@type"].endswith(f"/{kind}")]
    return [{key: value for key, value in one.items() if key != "@type"} for one in found]


def _listener(written: Json, tables: Sequence[Json]) -> Whole:
    """The listener with an address, and with its routes instead of where they are to be fetched."""
    own: Json = json.loads(json.dumps(written))
    own["address"] = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    manager = own["filter_chains"][0]["filters"][0]["typed_config"]
    name = manager.pop("rds")["route_config_name"]
    manager["route_config"] = next(one for one in tables if one["name"] == name)
    return Whole(own["name"], own)


Statuses = Mapping[str, Sequence[int]]
"""What the endpoints of a cluster answer, one number for each."""


def _cluster(written: Json, paths: Sequence[Path]) -> Tree:
    """The cluster with endpoints at these sockets."""
    own = {k: v for k, v in written.items() if k not in ("edsClusterConfig", "type")}
    ends = [{"endpoint": {"address": {"pipe": {"path": str(path)}}}} for path in paths]
    load = {"cluster_name": written["name"], "endpoints": [{"lb_endpoints": ends}]}
    return {**own, "type": "STATIC", "load_assignment": load}


def _endpoint(name: str, path: Path, status: int) -> Whole:
    answer = {"status": status, "body": {"inline_string": name}}
    manager = http_filter(name, [{"match": {"prefix": ""}, "direct_response": answer}])
    return Whole(
        path.name,
        {
            "name": path.name,
            "address": {"pipe": {"path": str(path)}},
            "filter_chains": [{"filters": [manager]}],
        },
    )


@contextmanager
def served(result: Result, statuses: Statuses | None = None) -> Iterator[Envoy]:
    """Envoy with all configurations of the result."""
    specs = list(configs(result).values())
    tables = [one for spec in specs for one in _of(spec, _ROUTES)]
    listeners = [_listener(one, tables) for spec in specs for one in _of(spec, _LISTENER)]
    clusters: list[Tree] = []
    endpoints: list[Whole] = []
    with TemporaryDirectory() as folder:
        for number, one in enumerate(own for spec in specs for own in _of(spec, _CLUSTER)):
            answers = (statuses or {}).get(one["name"], (200,))
            paths = [Path(folder, f"{number}-{place}") for place in range(len(answers))]
            clusters.append(_cluster(one, paths))
            endpoints.extend(map(_endpoint, [one["name"]] * len(paths), paths, answers))
        with running(*listeners, *endpoints, clusters=clusters) as envoy:
            yield envoy


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, what the source makes of it, and what Envoy does."""

    request: Request
    before: Delivery
    answer: Answer

    @property
    def alike(self) -> bool:
        """Whether both say the same."""
        match self.before.kind:
            case "not_found":
                return self.answer.status == 404
            case "forward":
                pods = {end for share in self.before.shares for end in share.endpoints}
                return self.answer.status == 200 and _workload(self.answer.body) in pods
            case _:
                return self.answer.status == self.before.status


def _workload(cluster: str) -> str:
    return f"Deployment/{cluster.partition(':')[0]}"


def asked(result: Result, envoy: Envoy) -> list[Asked]:
    """A witness of every class of requests to the Service, asked of both."""
    model = result.model
    access = Comparison(model, model)
    assert list(access.slices())
    lowered = Lowering(model)
    compared = RouteComparison(model, model, access.world, (lowered, lowered))
    tables = tuple(f for f in model.facts if isinstance(f, RouteTable))
    found = [
        replace(one, service=API.key, service_port=API.port)
        for one in witnesses(compared.frame(API, (tables, tables)), MOST)
    ]
    sent = [(one, text) for one in found if (text := on_the_wire(one)) is not None]
    answers = envoy.ask("api", [text for _, text in sent])
    return [
        Asked(one, decide_route(model, one), answer)
        for (one, _), answer in zip(sent, answers, strict=True)
    ]


TO_API, TO_OTHER = ({"destination": {"host": name}} for name in ("api", "other"))
MANY = (
    {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new", "redirectCode": 302}},
    {"match": [{"uri": {"prefix": "/gone"}}], "directResponse": {"status": 410}},
    {
        "match": [
            {"uri": {"prefix": "/a"}, "method": {"exact": "POST"}},
            {"uri": {"regex": "/r[0-9]+"}, "headers": {"x-a": {"prefix": "v"}}},
            {"uri": {"exact": "/Q"}, "ignoreUriCase": True, "queryParams": {"q": {"exact": "1"}}},
        ],
        "route": [TO_OTHER],
        "timeout": "2s",
    },
    {"match": [{"uri": {"prefix": "/s/"}}], "route": [{**TO_API, "weight": 50}, {**TO_OTHER, "weight": 50}]},
    {"match": [{"uri": {"prefix": "/"}}], "route": [TO_API]},
)  # fmt: skip


@needs_envoy
def test_envoy_sends_every_class_of_requests_where_the_source_does() -> None:
    result = of_routes(*MANY)
    with served(result) as envoy:
        found = asked(result, envoy)
    assert len(found) > 50
    assert {one.before.kind for one in found} >= {"forward", "redirect", "answer"}
    assert [(one.request, one.before, one.answer) for one in found if not one.alike] == []


@needs_envoy
def test_what_no_rule_takes_is_not_found() -> None:
    result = of_routes({"match": [{"uri": {"prefix": "/a"}}], "route": [TO_API]})
    with served(result) as envoy:
        found = asked(result, envoy)
    assert {one.answer.status for one in found} == {200, 404}
    assert [one for one in found if not one.alike] == []


def request(path: str = "/") -> bytes:
    found = on_the_wire(Request(caller=Caller(), path=path))
    assert found is not None
    return found


@needs_envoy
def test_an_endpoint_that_fails_as_often_as_is_said_gets_no_more_requests() -> None:
    policy = {"outlierDetection": {"consecutive5xxErrors": 4, "baseEjectionTime": "60s", "maxEjectionPercent": 100}}  # fmt: skip
    never = routes([{"route": [TO_API], "retries": {"attempts": 0}}])
    with served(allowed(never, rule(policy)), {"shop/api:80": (200, 503)}) as envoy:
        statuses = [answer.status for answer in envoy.ask("api", [request()] * 40)]
    # who fails is left out by another thread than the one that counts, so that a request or two may still be on their way
    assert 4 <= statuses.count(503) <= 6
    assert set(statuses[-20:]) == {200}


@needs_envoy
def test_without_a_rule_for_failing_endpoints_all_get_requests() -> None:
    never = routes([{"route": [TO_API], "retries": {"attempts": 0}}])
    limits = {"connectionPool": {"tcp": {"maxConnections": 100}}}
    with served(allowed(never, rule(limits)), {"shop/api:80": (200, 503)}) as envoy:
        statuses = [answer.status for answer in envoy.ask("api", [request()] * 40)]
    assert statuses.count(503) == 20


@needs_envoy
def test_a_request_that_fails_is_tried_again_as_often_as_is_said() -> None:
    again = routes([{"route": [TO_API], "retries": {"attempts": 1, "retryOn": "5xx"}}])
    result = allowed(again, version="1.19")
    with served(result, {"shop/api:80": (200, 503)}) as envoy:
        statuses = {answer.status for answer in envoy.ask("api", [request()] * 20)}
    assert statuses == {200}
