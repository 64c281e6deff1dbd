"""Routes of services: who has them, which rule holds, and what becomes of what no rule matches."""

from __future__ import annotations

import pytest
import yaml

from ir.behaviour.request import Delivery
from ir.traffic import Order
from tests.importers.gateway_api.reading import (
    EXPERIMENTAL,
    TO_API,
    imported,
    read,
    route,
    sent,
    tables,
    to_linkerd,
)
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.report.model import Fate
from translator.source.load import load_text


def shares(delivery: Delivery) -> dict[str, str]:
    """The services of a delivery with their shares."""
    return {" ".join(share.endpoints): str(share.fraction) for share in delivery.shares}


def goes_to(name: str) -> str:
    """The backends of a rule."""
    return f"backendRefs: [{{name: {name}, namespace: shop, port: 80}}]"


_RULES = (
    "rules: [{matches: [{path: {value: /a}}], %s}, "
    "{matches: [{path: {type: Exact, value: /a/b}}, {method: POST}], %s}]"
)


def test_the_most_particular_alternative_holds_wherever_its_rule_stands() -> None:
    model = read(route(f"parentRefs: [{TO_API}], " + _RULES % (goes_to("old"), goes_to("new"))))
    assert {table.order for table in tables(model)} == {Order.SPECIFICITY}
    assert sent(model, "/a/b").route == "r/1"
    assert sent(model, "/a/c", method="POST").route == "r/0"
    assert sent(model, "/x", method="POST").route == "r/1"
    assert sent(model, "/x").kind == "not_found"


def test_a_route_of_another_namespace_takes_the_place_of_the_others_for_its_clients() -> None:
    model = read(
        route(f"parentRefs: [{TO_API}], rules: [{{{goes_to('old')}}}]", "producer"),
        route(
            f"parentRefs: [{TO_API}], rules: [{{matches: [{{path: {{value: /a}}}}], {goes_to('new')}}}]",
            "consumer",
            "web",
        ),
    )
    assert sent(model, "/a", client="web").route == "consumer/0"
    assert sent(model, "/b", client="web").kind == "not_found"
    assert sent(model, "/b", client="bank").route == "producer/0"


def test_a_port_is_named_by_number_or_by_section() -> None:
    by_number = TO_API.replace("}", ", port: 81}")
    by_name = TO_API.replace("}", ", sectionName: admin}")
    for parent in (by_number, by_name):
        model = read(route(f"parentRefs: [{parent}], rules: [{{{goes_to('new')}}}]"))
        assert sent(model, port=81).route == "r/0"
        assert sent(model, port=80).route == "default"


def test_a_route_of_calls_goes_before_one_of_requests_on_the_same_port() -> None:
    result = to_linkerd(
        route(
            f"parentRefs: [{TO_API}], rules: [{{matches: [{{method: {{service: s.A, method: M}}}}], {goes_to('new')}}}]",
            "calls",
            kind="GRPCRoute",
        ),
        route(f"parentRefs: [{TO_API}], rules: [{{{goes_to('old')}}}]", "requests"),
    )
    assert sent(result.model, "/s.A/M").route == "calls/0"
    assert sent(result.model, "/x").kind == "not_found"
    fates = {row.fate for row in result.report.ledger if row.resource.endswith("/requests")}
    assert fates == {Fate.INERT}


@pytest.mark.parametrize(
    "refs", ["", "backendRefs: [], ", "backendRefs: [{name: new, port: 80, weight: 0}], "]
)
def test_a_rule_without_a_share_is_answered_with_500(refs: str) -> None:
    model = read(route(f"parentRefs: [{TO_API}], rules: [{{{refs}name: x}}]"))
    assert (sent(model).kind, sent(model).status) == ("answer", 500)


def test_weights_that_are_not_written_are_1_and_the_only_backend_has_all() -> None:
    two = "backendRefs: [{name: old, port: 80, weight: 3}, {name: new, port: 80}]"
    model = read(route(f"parentRefs: [{TO_API}], rules: [{{{two}}}]"))
    assert shares(sent(model)) == {"shop/old": "3/4", "shop/new": "1/4"}


def test_a_service_that_is_known_not_to_exist_keeps_its_share() -> None:
    two = "backendRefs: [{name: gone, port: 80}, {name: new, port: 80}]"
    model = read(route(f"parentRefs: [{TO_API}], rules: [{{{two}}}]"), complete=True)
    assert shares(sent(model)) == {"": "1/2", "service.gone.shop.invalid": "1/2"}


def test_a_route_of_a_service_that_is_known_not_to_exist_holds_nowhere() -> None:
    text = route(
        f"parentRefs: [{TO_API.replace('name: api', 'name: gone')}], rules: [{{{goes_to('new')}}}]"
    )
    assert len(list(tables(read(text)))) == 1
    model = read(text, complete=True)
    assert list(tables(model)) == []
    assert [one.why for one in model.inactive if "no such Service" in one.why]


def test_retries_are_there_in_the_experimental_channel_alone() -> None:
    text = route(f"parentRefs: [{TO_API}], rules: [{{{goes_to('new')}, retry: {{codes: [503]}}}}]")
    assert sent(read(text, source=EXPERIMENTAL)).retries == 2
    assert sent(read(text)).retries == 0
    assert [loss.code for loss in imported(text).losses] == ["MM260"]


def test_the_time_for_one_try_is_that_of_the_whole_where_nothing_is_said_of_tries() -> None:
    times = "timeouts: {request: 10s, backendRequest: 2s}"
    plain = sent(read(route(f"parentRefs: [{TO_API}], rules: [{{{goes_to('new')}, {times}}}]")))
    assert plain.timeout == 10
    assert plain.times is not None
    assert plain.times.per_backend is not None
    assert plain.times.per_backend.value == 2


def test_a_mixed_route_keeps_its_gateways_and_its_rules_for_services_stand_apart() -> None:
    result = to_linkerd(
        route(
            f"parentRefs: [{{name: gw, namespace: edge}}, {TO_API}], rules: [{{{goes_to('new')}}}]"
        )
    )
    written = {document.resource: document for document in result.documents}
    assert written["HTTPRoute/shop/r"].edited
    assert "Service" not in str(written["HTTPRoute/shop/r"].value["spec"]["parentRefs"])  # type: ignore[index]
    assert any(not document.edited for document in result.documents)
    assert {row.fate for row in result.report.ledger}.isdisjoint({Fate.DROPPED, Fate.STRANDED})


def test_what_the_target_heeds_too_is_overwritten_or_to_be_deleted() -> None:
    rules = f"parentRefs: [{TO_API}], rules: [{{{goes_to('new')}}}]"
    same = to_linkerd(route(rules, "api"))
    assert [d.resource for d in same.documents] == ["HTTPRoute/shop/api"]
    assert "MM220" not in {finding.code for finding in same.report.findings}
    calls = to_linkerd(route(rules, "calls", kind="GRPCRoute"))
    assert [d.resource for d in calls.documents] == ["GRPCRoute/shop/calls"]
    assert "MM220" not in {finding.code for finding in calls.report.findings}
    place = rules.replace("[{backendRefs", "[{matches: [{method: {service: s.A}}], backendRefs")
    assert place != rules
    exact = to_linkerd(route(place, "calls", kind="GRPCRoute"))
    assert [d.resource for d in exact.documents] == ["HTTPRoute/shop/api"]
    assert "MM220" in {finding.code for finding in exact.report.findings}


def test_words_to_another_mesh_do_nothing_in_the_source_and_are_not_passed_on() -> None:
    text = route(f"parentRefs: [{TO_API}], rules: [{{{goes_to('new')}}}]", "api")
    text = text.replace(
        "name: api, namespace: shop}\nspec",
        'name: api, namespace: shop, annotations: {"retry.linkerd.io/http": 5xx}}\nspec',
    )
    assert "retry.linkerd.io" in text
    result = to_linkerd(text)
    assert "retry.linkerd.io" not in result.documents[0].text


@pytest.mark.parametrize(
    "filters",
    [
        [{"type": "RequestHeaderModifier"}, {"type": "RequestHeaderModifier"}],
        [
            {
                "type": "ResponseHeaderModifier",
                "responseHeaderModifier": {
                    "set": [{"name": "x-a", "value": "1"}, {"name": "x-a", "value": "2"}]
                },
            }
        ],
    ],
)
def test_what_the_api_server_refuses_is_refused(filters: list[dict[str, object]]) -> None:
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "api", "port": 80}],
            "rules": [{"filters": filters, "backendRefs": [{"name": "api", "port": 80}]}],
        },
    }
    loaded = load_text(yaml.safe_dump(route))
    with pytest.raises(ExceptionGroup, match="API server would refuse"):
        load_importer("gateway-api")(
            loaded.resources, options_of(loaded, "gateway-api", "istio", {})
        )
