"""What is easily read wrong in routes of Gateway API in a cluster of Cilium."""

from __future__ import annotations

import pytest
import yaml

from ir.model import Model
from ir.traffic import NoMatch, RouteTable
from tests.importers.cilium.envoy import SHOP
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text

TO_API = [{"name": "api", "port": 80}]


def route(
    *rules: object, space: str = "shop", port: int | None = 80, name: str = "api", **spec: object
) -> dict[str, object]:
    """An HTTPRoute on the Service ``api``."""
    parent = {"group": "", "kind": "Service", "name": "api", "namespace": "shop"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "parentRefs": [parent if port is None else {**parent, "port": port}],
            "rules": [*rules] or [{"backendRefs": TO_API}],
            **spec,
        },
    }


def read(document: object, shop: str = SHOP, mesh: str = "cilium") -> Model:
    loaded = load_text(shop + yaml.safe_dump(document))
    options = pipeline.options_of(loaded, mesh, "istio", {})
    return load_importer("cilium")(loaded.resources, options).model


def tables(model: Model) -> list[RouteTable]:
    return [fact for fact in model.facts if isinstance(fact, RouteTable)]


def test_trap_cilium_36_host_names_of_a_route_on_a_service_carry_no_meaning() -> None:
    model = read(route(hostnames=["only.example"]))
    (table,) = tables(model)
    assert table.hosts == ()
    assert ["carry no meaning" in one.why for one in model.inactive] == [True]


def test_trap_cilium_37_a_parent_without_a_port_is_the_ports_that_say_they_are_http() -> None:
    (table,) = tables(read(route(port=None)))
    assert [p.value.port for p in table.attachment.ports] == [80]
    silent = SHOP.replace(", appProtocol: http", "")
    model = read(route(port=None), silent)
    assert tables(model) == []
    assert any("appProtocol" in one.why for one in model.inactive)


def test_trap_cilium_38_a_route_of_the_clients_namespace_is_not_heeded() -> None:
    model = read(route(space="web"))
    assert tables(model) == []
    assert any("namespace of the Service" in one.why for one in model.inactive)


def test_trap_cilium_44_a_weight_that_is_missing_is_one_and_of_zeros_nobody_is_served() -> None:
    (table,) = tables(
        read(route({"backendRefs": [*TO_API, {"name": "api-v2", "port": 80, "weight": 3}]}))
    )
    weights = [b.weight.value for b in table.routes[0].backends if b.weight is not None]
    assert weights == [1, 3]
    zero = read(route({"backendRefs": [{"name": "api", "port": 80, "weight": 0}]}))
    (own,) = tables(zero)[0].routes
    assert (own.backends, own.answer is not None) == ((), True)


def test_trap_cilium_45_a_prefix_is_one_of_elements() -> None:
    matches = [{"path": {"type": "PathPrefix", "value": "/foo"}}]
    (table,) = tables(read(route({"matches": matches, "backendRefs": TO_API})))
    (match,) = table.routes[0].matches
    (test,) = match.requests.tests
    assert test.any_of[0].value.kind == "element_prefix"  # type: ignore[union-attr]  # a pattern
    assert table.no_match is NoMatch.NOT_FOUND


def test_trap_cilium_40_tries_of_a_route_do_nothing_before_they_are_heeded() -> None:
    rule = {"retry": {"attempts": 2, "codes": [503]}, "backendRefs": TO_API}
    (table,) = tables(read(route(rule), mesh="cilium@1.19"))
    assert table.routes[0].retry is None


def test_trap_cilium_41_a_limit_for_one_try_is_one_for_the_whole_before_there_are_tries() -> None:
    times = {"request": "10s", "backendRequest": "2s"}
    model = read(route({"timeouts": times, "backendRefs": TO_API}), mesh="cilium@1.19")
    found = tables(model)[0].routes[0].timeouts
    assert found is not None
    assert found.request is not None
    assert (found.request.value, found.per_backend) == (2.0, None)
    newer = tables(read(route({"timeouts": times, "backendRefs": TO_API})))[0].routes[0].timeouts
    assert newer is not None
    assert newer.request is not None
    assert newer.request.value == 10.0


@pytest.mark.parametrize(("share", "read_as"), [((1, 200), 0.0), ((7, 200), 3.0), ((1, 4), 25.0)])
def test_trap_cilium_43_a_share_of_copies_is_cut_to_whole_percent(
    share: tuple[int, int], read_as: float
) -> None:
    """Half a percent is none at all: the quotient is one of whole numbers."""
    numerator, denominator = share
    mirror = {
        "backendRef": {"name": "web", "port": 80},
        "fraction": {"numerator": numerator, "denominator": denominator},
    }
    filters = [{"type": "RequestMirror", "requestMirror": mirror}]
    (table,) = tables(read(route({"filters": filters, "backendRefs": TO_API})))
    (copy,) = table.routes[0].mirrors
    assert copy.percent is not None
    assert copy.percent.value == read_as
