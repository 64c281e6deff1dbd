"""Traps of Gateway API routes that the cluster of the source holds, shown on translations."""

from __future__ import annotations

from typing import Any

import pytest

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from tests.exporters.linkerd.istio import spec_of, written
from tests.translation import in_force_after, to_linkerd, to_version
from translator.pipeline import Result
from translator.report.model import Fate

WORLD = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}, {name: http-b, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: new, namespace: shop}
spec: {selector: {app: new}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: far, namespace: depot}
spec: {selector: {app: far}, ports: [{name: http, port: 80}]}
---
"""
PARENT = "{group: '', kind: Service, name: api, port: 80}"
NEW = "backendRefs: [{name: new, port: 80}]"


def route(  # all parts of one object
    rules: str,
    *,
    name: str = "api",
    namespace: str = "shop",
    parents: str = PARENT,
    more: str = "",
    created: str = "",
) -> str:
    """An HTTPRoute in flow style."""
    age = f", creationTimestamp: '{created}'" if created else ""
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        f"metadata: {{name: {name}, namespace: {namespace}{age}}}\n"
        f"spec: {{{more}parentRefs: [{parents}], rules: [{rules}]}}\n---\n"
    )


def virtual_service(spec: str, *, name: str = "api", created: str = "") -> str:
    """A VirtualService for the service, in flow style."""
    age = f", creationTimestamp: '{created}'" if created else ""
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
    hosts = "hosts: [api.shop.svc.cluster.local]"
    return (
        f"{head}metadata: {{name: {name}, namespace: web{age}}}\nspec: {{{hosts}, {spec}}}\n---\n"
    )


class World:
    """A text, what it means, and what holds after its translation."""

    def __init__(self, *documents: str, version: str = "2.20", **settings: object) -> None:
        text = WORLD + "".join(documents)
        self.result = to_version(text, version, **settings)
        self.before = self.result.model
        self.after = in_force_after(text, self.result)

    def both(self, path: str = "/", **more: Any) -> tuple[Delivery, Delivery]:
        """Where a request goes before and after."""
        caller = Caller(namespace=more.pop("namespace", "bank"))
        more = {"service_port": 80, "authority": "api.shop", **more}
        request = Request(caller=caller, service="shop/api", path=path, **more)
        return decide_route(self.before, request), decide_route(self.after, request)

    def codes(self) -> set[str]:
        """The codes of the findings."""
        return codes(self.result)


def codes(result: Result) -> set[str]:
    """The codes of the findings."""
    return {finding.code for finding in result.report.findings}


def ends(delivery: Delivery) -> tuple[str, ...]:
    """The endpoints of a request, or the status of its answer."""
    if delivery.kind != "forward":
        return (f"{delivery.kind} {delivery.status}",)
    return tuple(end for share in delivery.shares for end in share.endpoints)


def test_trap_linkerd_40_a_backend_of_another_namespace_needs_no_grant_in_either_mesh() -> None:
    world = World(route("backendRefs: [{name: far, namespace: depot, port: 80}]"))
    before, after = world.both()
    assert ends(before) == ends(after) == ("depot/far",)
    (found,) = written(world.result, "HTTPRoute")
    assert spec_of(found)["rules"][0]["backendRefs"][0]["namespace"] == "depot"


def test_trap_linkerd_41_host_names_of_a_route_on_a_service_are_not_copied() -> None:
    world = World(route(f"{{{NEW}}}", more="hostnames: [api.example.com], "))
    before, after = world.both(authority="api.shop")
    assert ends(before) == ends(after) == ("shop/new",)
    (found,) = written(world.result, "HTTPRoute")
    assert "hostnames" not in spec_of(found)
    (row,) = (r for r in world.result.report.ledger if r.path == "spec.hostnames[0]")
    assert row.fate is Fate.INERT


def test_trap_linkerd_42_a_redirect_without_a_status_is_302_and_written_so() -> None:
    redirect = "filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example}}]"
    world = World(route(f"{{{redirect}}}"))
    before, after = world.both()
    assert (before.kind, before.status) == (after.kind, after.status) == ("redirect", 302)
    (found,) = written(world.result, "HTTPRoute")
    (given,) = spec_of(found)["rules"][0]["filters"]
    assert given["requestRedirect"]["statusCode"] == 302


def test_trap_linkerd_42_a_status_that_would_void_the_object_is_the_nearest_one() -> None:
    redirect = "{type: RequestRedirect, requestRedirect: {hostname: new.example, statusCode: 308}}"
    world = World(route(f"{{filters: [{redirect}]}}"))
    (found,) = written(world.result, "HTTPRoute")
    (given,) = spec_of(found)["rules"][0]["filters"]
    assert given["requestRedirect"]["statusCode"] == 301
    assert "MM204" in world.codes()


def test_trap_istio_45_a_limit_for_a_backend_is_that_of_the_request_unless_there_are_tries() -> (
    None
):
    times = "timeouts: {request: 9s, backendRequest: 2s}"
    alone = World(route(f"{{{times}, {NEW}}}"))
    before, after = alone.both()
    assert before.timeout == after.timeout == 2
    tried = World(route(f"{{{times}, retry: {{codes: [503]}}, {NEW}}}"))
    before, after = tried.both()
    assert before.timeout == after.timeout == 9
    assert before.retries == after.retries == 2


def test_trap_linkerd_22_the_limit_for_a_backend_is_never_written_as_a_field() -> None:
    times = "timeouts: {request: 9s, backendRequest: 2s}"
    world = World(route(f"{{{times}, retry: {{codes: [503]}}, {NEW}}}"))
    (found,) = written(world.result, "HTTPRoute")
    assert spec_of(found)["rules"][0]["timeouts"] == {"request": "9s"}
    assert "retry" not in spec_of(found)["rules"][0]
    assert found["metadata"]["annotations"]["retry.linkerd.io/timeout"] == "2s"


@pytest.mark.parametrize(("version", "field"), [("2.19", False), ("2.20", True)])
def test_trap_linkerd_22_a_time_limit_stands_where_the_version_heeds_it(
    version: str, *, field: bool
) -> None:
    world = World(route(f"{{timeouts: {{request: 1m30s}}, {NEW}}}"), version=version)
    (found,) = written(world.result, "HTTPRoute")
    rule = spec_of(found)["rules"][0]
    annotations = found["metadata"]["annotations"]
    assert (rule.get("timeouts") == {"request": "90s"}) is field
    assert (annotations.get("timeout.linkerd.io/request") == "90s") is not field


def test_trap_linkerd_18_a_rewrite_or_a_mirror_never_stays_where_it_voids_the_route() -> None:
    rewrite = "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /x}}}"
    mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: api, port: 80}}}"
    world = World(route(f"{{filters: [{rewrite}, {mirror}], {NEW}}}"))
    (found,) = written(world.result, "HTTPRoute")
    assert "filters" not in spec_of(found)["rules"][0]
    assert {"MM205", "MM206"} <= world.codes()
    assert ends(world.both()[1]) == ("shop/new",)


def test_trap_linkerd_38_a_rule_without_a_backend_answers_500_and_that_is_told() -> None:
    world = World(route(f"{{matches: [{{path: {{value: /gone}}}}]}}, {{{NEW}}}"))
    before, after = world.both("/gone")
    assert (before.kind, before.status) == ("answer", 500)
    assert ends(after) == ("shop/new",)
    assert "MM204" in world.codes()


def test_trap_linkerd_50_a_route_of_a_gateway_stays_as_it_is() -> None:
    text = WORLD + route(f"{{{NEW}}}", parents="{name: door}")
    result = to_linkerd(text)
    assert not result.documents
    assert {r.fate for r in result.report.ledger if r.resource.startswith("HTTPRoute/")} == {
        Fate.CARRIED
    }


def test_a_route_of_gateways_and_services_at_once_is_taken_apart() -> None:
    parents = f"{PARENT}, {{name: door}}, {{group: '', kind: Service, name: api, port: 81}}"
    world = World(route(f"{{{NEW}}}", parents=parents, more="hostnames: [api.example.com], "))
    before, after = world.both()
    assert ends(before) == ends(after) == ("shop/new",)
    assert [ends(d) for d in world.both(service_port=81)] == [("shop/new",)] * 2
    (kept,) = (d.value for d in world.result.documents if d.edited)
    assert spec_of(kept)["parentRefs"] == [{"name": "door"}]
    assert spec_of(kept)["hostnames"] == ["api.example.com"]
    made = written(world.result, "HTTPRoute")
    assert [d["metadata"]["name"] for d in made] == ["api-mesh", "api-mesh-2"]
    assert "MM221" in world.codes()
    assert "MM220" not in world.codes()
    fates = {r.fate for r in world.result.report.ledger if r.resource == "HTTPRoute/shop/api"}
    assert fates <= {Fate.CARRIED, Fate.PLACED, Fate.ABSORBED}


def test_trap_istio_37_the_older_of_two_objects_on_a_host_counts_alone() -> None:
    service = virtual_service("http: [{route: [{destination: {host: far.depot.svc.cluster.local}}]}]",
                              created="2026-01-01T00:00:00Z")  # fmt: skip
    world = World(service, route(f"{{{NEW}}}", created="2026-01-02T00:00:00Z"))
    assert ends(world.both(namespace="bank")[0]) == ("depot/far",)
    assert ends(world.both(namespace="shop")[0]) == ("shop/new",)


def test_a_younger_virtual_service_has_nothing_of_a_host_with_a_route() -> None:
    far = "{host: far.depot.svc.cluster.local, port: {number: 80}}"
    service = virtual_service(
        f"http: [{{route: [{{destination: {far}}}]}}]", created="2026-01-02T00:00:00Z"
    )
    world = World(service, route(f"{{{NEW}}}", created="2026-01-01T00:00:00Z"))
    before, after = world.both(namespace="web")
    assert ends(before) == ends(after) == ("shop/new",)
    assert ends(world.both(service_port=81)[0]) == ("depot/far",)


def test_a_virtual_service_private_to_its_namespace_comes_before_routes() -> None:
    service = virtual_service(
        "exportTo: ['.'], http: [{route: [{destination: {host: far.depot.svc.cluster.local}}]}]"
    )
    world = World(service, route(f"{{{NEW}}}"))
    before, after = world.both(namespace="web")
    assert ends(before) == ends(after) == ("depot/far",)
    before, after = world.both(namespace="bank")
    assert ends(before) == ends(after) == ("shop/new",)


def test_trap_linkerd_37_a_route_of_a_clients_namespace_is_for_that_namespace_alone() -> None:
    parent = "{group: '', kind: Service, name: api, namespace: shop}"
    own = route("{backendRefs: [{name: far, namespace: depot, port: 80}]}",
                name="of-bank", namespace="bank", parents=parent)  # fmt: skip
    world = World(own, route(f"{{{NEW}}}"))
    assert [ends(d) for d in world.both(namespace="bank")] == [("depot/far",)] * 2
    assert [ends(d) for d in world.both(namespace="web")] == [("shop/new",)] * 2
    found = {d["metadata"]["namespace"]: d for d in written(world.result, "HTTPRoute")}
    refs = spec_of(found["bank"])["rules"][0]["backendRefs"]
    assert refs[0]["namespace"] == "depot"


def test_the_most_particular_rule_wins_however_the_list_stands() -> None:
    rules = (
        "{matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [{name: new, port: 80}]}, "
        "{matches: [{path: {type: RegularExpression, value: '/a/.*'}}], backendRefs: [{name: api, port: 80}]}, "
        "{matches: [{path: {type: Exact, value: /a}}], "
        "backendRefs: [{name: far, namespace: depot, port: 80}]}"
    )
    world = World(route(rules))
    assert [ends(d) for d in world.both("/a")] == [("depot/far",)] * 2
    assert [ends(d) for d in world.both("/a/b")] == [("shop/new",)] * 2
    assert [ends(d) for d in world.both("/b")] == [("not_found 404",)] * 2


def test_routes_of_one_namespace_on_one_host_are_one_list() -> None:
    first = route(
        "{matches: [{path: {value: /a}}], backendRefs: [{name: new, port: 80}]}", name="a"
    )
    second = route("{matches: [{path: {type: Exact, value: /a/b}}], "
                   "backendRefs: [{name: far, namespace: depot, port: 80}]}", name="b")  # fmt: skip
    world = World(first, second)
    assert [ends(d) for d in world.both("/a/b")] == [("depot/far",)] * 2
    assert [ends(d) for d in world.both("/a/c")] == [("shop/new",)] * 2
    told = [f.message for f in world.result.report.findings if f.code == "MM220"]
    assert ["HTTPRoute/shop/b" in message for message in told] == [True]


def test_a_route_that_is_written_takes_the_place_of_its_own_object() -> None:
    world = World(route(f"{{{NEW}}}", name="of-my-own"))
    (found,) = written(world.result, "HTTPRoute")
    assert found["metadata"]["name"] == "of-my-own"
    assert "MM220" not in world.codes()


def test_a_filter_that_nobody_knows_leaves_out_the_whole_object() -> None:
    own = "{type: ExtensionRef, extensionRef: {group: acme.example, kind: Login, name: basic}}"
    world = World(route(f"{{filters: [{own}], {NEW}}}"))
    assert not world.result.documents
    assert ends(world.both()[0]) == ("shop/api",)
    assert {"MM220", "MM223"} <= world.codes()


def test_a_service_entry_that_is_not_there_is_told() -> None:
    parent = "{group: networking.istio.io, kind: ServiceEntry, name: outside}"
    world = World(route(f"{{{NEW}}}", parents=parent))
    assert "MM222" in world.codes()


def test_a_route_of_a_service_entry_is_for_all_of_its_hosts() -> None:
    entry = (
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
        "metadata: {name: outside, namespace: shop}\nspec: {hosts: [a.example, b.example], "
        "ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}\n---\n"
    )
    parent = "{group: networking.istio.io, kind: ServiceEntry, name: outside}"
    world = World(entry, route(f"{{{NEW}}}", parents=parent))
    for host in ("a.example", "b.example"):
        request = Request(caller=Caller(), service=host, service_port=80, authority=host)
        assert ends(decide_route(world.before, request)) == ("shop/new",)


def other(kind: str, spec: str, version: str = "v1", name: str = "api") -> str:
    """A route of another kind in flow style."""
    return (
        f"apiVersion: gateway.networking.k8s.io/{version}\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n---\n"
    )


CALLS = (
    f"parentRefs: [{PARENT}], rules: ["
    "{matches: [{method: {service: shop.Api, method: Get}}], backendRefs: [{name: new, port: 80}]}, "
    "{matches: [{method: {service: shop.Api}, headers: [{name: x-a, value: b}]}], "
    "backendRefs: [{name: far, namespace: depot, port: 80}]}]"
)


def test_trap_linkerd_33_remote_calls_become_an_http_route_and_their_object_must_go() -> None:
    world = World(other("GRPCRoute", CALLS))
    assert [ends(d) for d in world.both("/shop.Api/Get", method="POST")] == [("shop/new",)] * 2
    there = world.both("/shop.Api/Put", method="POST", headers={"x-a": "b"})
    assert [ends(d) for d in there] == [("depot/far",)] * 2
    assert [ends(d) for d in world.both("/shop.Api/Put", method="POST")] == [("not_found 404",)] * 2
    assert not written(world.result, "GRPCRoute")
    assert "MM220" in world.codes()


def test_a_remote_call_is_no_matter_of_the_method_of_http() -> None:
    world = World(other("GRPCRoute", CALLS))
    assert [ends(d) for d in world.both("/shop.Api/Get", method="GET")] == [("shop/new",)] * 2


def test_of_a_route_for_requests_and_one_for_calls_on_a_host_the_older_counts() -> None:
    world = World(other("GRPCRoute", CALLS, name="a"), route(f"{{{NEW}}}", name="b"))
    before, after = world.both("/other", method="POST")
    assert ends(before) == ends(after) == ("not_found 404",)


STREAMS = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db}
  ports: [{name: tcp-db, port: 5000}, {name: tls-db, port: 5443}, {name: tcp-b, port: 5001}]
---
"""


def sent(world: World, port: int, **more: Any) -> list[tuple[str, ...]]:
    """Where a connection to the service goes, before and after."""
    request = Request(
        caller=Caller(namespace="bank"), service="shop/db", service_port=port, http=False, **more
    )
    return [ends(decide_route(model, request)) for model in (world.before, world.after)]


def test_connections_of_a_tcp_route_go_to_its_backends_on_its_port() -> None:
    spec = (
        "parentRefs: [{group: '', kind: Service, name: db, port: 5000}], "
        "rules: [{backendRefs: [{name: new, port: 80}]}]"
    )
    world = World(STREAMS, other("TCPRoute", spec, "v1alpha2", name="db"))
    assert sent(world, 5000) == [("shop/new",)] * 2
    assert sent(world, 5001) == [("shop/db",)] * 2
    assert any("alpha" in text for text in world.result.report.assumptions)
    (found,) = written(world.result, "TCPRoute")
    assert found["metadata"]["name"] == "db"
    assert "MM220" not in world.codes()


def test_connections_of_a_tls_route_are_chosen_by_the_name_in_the_hello() -> None:
    spec = (
        "parentRefs: [{group: '', kind: Service, name: db, port: 5443}], hostnames: [a.example], "
        "rules: [{backendRefs: [{name: new, port: 80}]}]"
    )
    world = World(STREAMS, other("TLSRoute", spec, name="db"))
    assert sent(world, 5443, server_name="a.example") == [("shop/new",)] * 2
    assert not any("alpha" in text for text in world.result.report.assumptions)
    (found,) = written(world.result, "TLSRoute")
    assert spec_of(found)["hostnames"] == ["a.example"]


def test_a_tls_route_without_names_is_for_the_name_of_its_service() -> None:
    spec = (
        "parentRefs: [{group: '', kind: Service, name: db, port: 5443}], "
        "rules: [{backendRefs: [{name: new, port: 80}]}]"
    )
    world = World(STREAMS, other("TLSRoute", spec, name="db"))
    name = "db.shop.svc.cluster.local"
    assert sent(world, 5443, server_name=name) == [("shop/new",)] * 2


@pytest.mark.parametrize("version", ["2.16", "2.17"])
def test_routes_for_connections_are_written_for_versions_that_heed_them(version: str) -> None:
    spec = (
        "parentRefs: [{group: '', kind: Service, name: db, port: 5000}], "
        "rules: [{backendRefs: [{name: new, port: 80}]}]"
    )
    world = World(STREAMS, other("TCPRoute", spec, "v1alpha2", name="db"), version=version)
    assert bool(written(world.result, "TCPRoute")) is (version == "2.17")
    assert ("MM213" in world.codes()) is (version == "2.16")


@pytest.mark.parametrize("version", ["2.14", "2.15"])
def test_trap_linkerd_22_before_annotations_only_the_own_group_heeds_a_time_limit(
    version: str,
) -> None:
    world = World(route(f"{{timeouts: {{request: 9s}}, {NEW}}}"), version=version)
    (found,) = written(world.result, "HTTPRoute")
    assert found["apiVersion"] == "policy.linkerd.io/v1beta3"
    assert world.both()[1].timeout == 9
    assert "MM220" in world.codes()


def test_the_own_group_is_not_written_where_it_could_not_edit_answers() -> None:
    edit = "filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [x-a]}}]"
    world = World(route(f"{{timeouts: {{request: 9s}}, {edit}, {NEW}}}"), version="2.15")
    (found,) = written(world.result, "HTTPRoute")
    assert found["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert world.both()[1].timeout is None
    assert "MM303" in world.codes()


def test_retries_for_a_version_that_has_them_in_profiles_alone_are_lost_aloud() -> None:
    world = World(route(f"{{retry: {{codes: [503]}}, {NEW}}}"), version="2.15")
    assert [d.resource for d in world.result.documents] == ["HTTPRoute/shop/api"]
    assert "MM302" in world.codes()


def test_words_of_the_target_on_a_route_of_the_source_do_not_wake_up() -> None:
    text = route(f"{{{NEW}}}").replace(
        "namespace: shop}",
        "namespace: shop, annotations: {retry.linkerd.io/http: 5xx, team: a}}",
    )
    world = World(text)
    (found,) = written(world.result, "HTTPRoute")
    assert found["metadata"]["annotations"].get("retry.linkerd.io/http") is None
    assert found["metadata"]["annotations"]["team"] == "a"
    before, after = world.both()
    assert before.retries == 2
    assert after.retries == 2
    assert after.retry is not None
    assert [condition.value for condition in after.retry.conditions] == ["refused-stream"]


AMBIENT = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: WAYPOINT}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: api}]}
---
"""


def test_trap_istio_43_a_route_on_a_service_without_a_waypoint_is_heeded_by_nobody() -> None:
    world = World(AMBIENT.replace("WAYPOINT", "none"), route(f"{{{NEW}}}"))
    before, after = world.both()
    assert "shop/new" not in ends(before)
    assert ends(before) == ends(after)
    assert "MM220" in world.codes()


def test_a_waypoint_heeds_routes_of_its_services_namespace_alone() -> None:
    parent = "{group: '', kind: Service, name: api, namespace: shop}"
    own = route(f"{{{NEW.replace('port', 'namespace: shop, port')}}}",
                name="of-bank", namespace="bank", parents=parent)  # fmt: skip
    near = route("{backendRefs: [{name: far, namespace: depot, port: 80}]}")
    world = World(AMBIENT.replace("WAYPOINT", "door"), own, near)
    assert [ends(d) for d in world.both(namespace="bank")] == [("depot/far",)] * 2
    (row,) = {r.fate for r in world.result.report.ledger
              if r.resource == "HTTPRoute/bank/of-bank" and "backendRefs" in r.path}  # fmt: skip
    assert row is Fate.INERT


@pytest.mark.parametrize(
    ("name", "severity"), [("istio", "high"), ("istio-waypoint", "low"), ("other", None)]
)
def test_trap_linkerd_50_a_gateway_of_the_sources_class_is_told(
    name: str, severity: str | None
) -> None:
    door = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
        f"metadata: {{name: door, namespace: shop}}\nspec: {{gatewayClassName: {name}, "
        "listeners: [{name: http, port: 80, protocol: HTTP}]}\n---\n"
    )
    told = [f.severity.value for f in to_linkerd(WORLD + door).report.findings if f.code == "MM733"]
    assert told == ([] if severity is None else [severity])
    moved = to_linkerd(WORLD + door, gateway_class="eg").report.findings
    told = [f.severity.value for f in moved if f.code == "MM733"]
    assert told == (["low"] if name == "istio-waypoint" else [])


def test_a_backend_without_a_port_is_no_reference_to_a_service() -> None:
    with pytest.raises(ExceptionGroup) as refused:
        to_linkerd(WORLD + route("{backendRefs: [{name: new}]}"))
    assert "needs a port" in str(refused.value.exceptions[0])


@pytest.mark.parametrize(
    ("group", "kind", "name"),
    [
        ("networking.istio.io", "Hostname", "api.example"),
        ("multicluster.x-k8s.io", "ServiceImport", "new.shop.svc.clusterset.local"),
        ("acme.example", "Pool", "pool.api.example.invalid"),
    ],
)
def test_a_backend_that_is_no_service_of_the_cluster_is_told(
    group: str, kind: str, name: str
) -> None:
    asked = "new" if kind == "ServiceImport" else "api.example"
    world = World(route(f"{{backendRefs: [{{group: {group}, kind: {kind}, name: {asked}, port: 80}}]}}"))  # fmt: skip
    assert ends(world.both()[0]) == (name,)
    assert not written(world.result, "HTTPRoute")
    assert {"MM203", "MM220"} <= world.codes()


def test_of_an_object_that_is_there_twice_the_last_is_taken_apart() -> None:
    first = route(f"{{{NEW}}}", parents=f"{PARENT}, {{name: old}}")
    far = "{backendRefs: [{name: far, namespace: depot, port: 80}]}"
    world = World(first, route(far, parents=f"{PARENT}, {{name: door}}"))
    assert [ends(d) for d in world.both()] == [("depot/far",)] * 2
    (kept,) = (d.value for d in world.result.documents if d.edited)
    assert spec_of(kept)["parentRefs"] == [{"name": "door"}]


@pytest.mark.parametrize(("path", "told"), [("/a", True), ("/", False)])
def test_at_a_waypoint_rules_that_would_follow_those_of_another_object_are_told(
    path: str, *, told: bool
) -> None:
    rules = f"{{matches: [{{path: {{value: {path}}}}}], {NEW}}}"
    service = "http: [{route: [{destination: {host: far.depot.svc.cluster.local}}]}]"
    second = virtual_service(service, created="2026-01-02T00:00:00Z")
    second = second.replace("namespace: web", "namespace: shop")
    parent = "{group: '', kind: Service, name: api}"
    first = route(rules, created="2026-01-01T00:00:00Z", parents=parent)
    world = World(AMBIENT.replace("WAYPOINT", "door"), first, second)
    assert ("MM225" in world.codes()) is told
