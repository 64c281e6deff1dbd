"""Which routes hold at which listener, and what becomes of references that nobody granted."""

from __future__ import annotations

import pytest

from ir.behaviour.request import Delivery
from ir.edge import Listener, ListenerTls
from ir.model import Model
from tests.importers.gateway_api.reading import entered, imported, read, route, tables, to_linkerd
from translator.report.model import Fate

AT_GATEWAY = "{name: gw, namespace: edge}"
HERE = "backendRefs: [{name: new, port: 80}]"
ALL = "allowedRoutes: {namespaces: {from: All}}"


def gateway(*listeners: str, more: str = "") -> str:
    """The gateway ``edge/gw``."""
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: edge}\n"
        f"spec: {{gatewayClassName: some, {more}listeners: [{', '.join(listeners)}]}}"
    )


def http(name: str = "web", more: str = ALL, port: int = 80) -> str:
    """A listener for requests."""
    return f"{{name: {name}, port: {port}, protocol: HTTP, {more}}}"


def doors(model: Model) -> list[Listener]:
    """The listeners."""
    return [fact for fact in model.facts if isinstance(fact, Listener)]


def answered(delivery: Delivery) -> tuple[str, int | None]:
    """How and with which status."""
    return delivery.kind, delivery.status


@pytest.mark.parametrize(
    ("allowed", "binds"),
    [
        ("allowedRoutes: {}", False),
        ("allowedRoutes: {namespaces: {from: Same}}", False),
        (ALL, True),
        ("allowedRoutes: {namespaces: {from: All}, kinds: [{kind: HTTPRoute}]}", True),
        ("allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}", False),
        ("allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}", True),
        (
            "allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: b}}}}",
            False,
        ),
        (
            (
                "allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: "
                "[{key: kubernetes.io/metadata.name, operator: In, values: [shop]}]}}}"
            ),
            True,
        ),
    ],
)
def test_a_listener_says_which_routes_it_takes(allowed: str, *, binds: bool) -> None:
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}"
    own = route(f"parentRefs: [{AT_GATEWAY}], rules: [{{{HERE}}}]")
    model = read(space, gateway(http(more=allowed)), own)
    assert bool(tables(model)) is binds


@pytest.mark.parametrize(
    ("listener", "hosts", "expected"),
    [
        ('"*.example.com"', "", [".example.com"]),
        ('"*.example.com"', "hostnames: [a.example.com, b.other.com], ", ["a.example.com"]),
        ("a.example.com", 'hostnames: ["*.example.com"], ', ["a.example.com"]),
        ("example.com", 'hostnames: ["*.example.com"], ', []),
        ('"*.example.com"', "hostnames: [example.com], ", []),
    ],
)
def test_of_two_host_names_the_narrower_counts(
    listener: str, hosts: str, expected: list[str]
) -> None:
    own = route(f"parentRefs: [{AT_GATEWAY}], {hosts}rules: [{{{HERE}}}]")
    model = read(gateway(http(more=f"hostname: {listener}, {ALL}")), own)
    assert [host.value.text for table in tables(model) for host in table.hosts] == expected


@pytest.mark.parametrize(
    ("parent", "ports"),
    [
        ("sectionName: web", [80]),
        ("port: 8080", [8080]),
        ("sectionName: web, port: 8080", []),
        ("", [80, 8080]),
    ],
)
def test_a_parent_is_narrowed_by_section_and_port(parent: str, ports: list[int]) -> None:
    wanted = AT_GATEWAY.replace("}", f", {parent}}}")
    model = read(
        gateway(http(), http("other", port=8080)),
        route(f"parentRefs: [{wanted}], rules: [{{{HERE}}}]"),
    )
    assert [table.attachment.ports[0].value.port for table in tables(model)] == ports


def test_a_backend_of_another_namespace_needs_a_grant() -> None:
    text = (
        gateway(http()),
        route(
            f"parentRefs: [{AT_GATEWAY}], rules: [{{backendRefs: [{{name: api, namespace: shop, port: 80}}]}}]",
            namespace="web",
        ),
    )
    assert answered(entered(read(*text), "x")) == ("answer", 500)
    for kind, status in (("HTTPRoute", "forward"), ("GRPCRoute", "answer")):
        grant = (
            "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: shop}\n"
            f"spec: {{from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: web}}], "
            'to: [{group: "", kind: Service, name: api}]}'
        )
        assert entered(read(*text, grant), "x").kind == status


def test_listeners_that_exclude_each_other_hold_nothing() -> None:
    own = route(f"parentRefs: [{AT_GATEWAY}], rules: [{{{HERE}}}]")
    tls = f"{{name: t, port: 80, protocol: HTTPS, tls: {{certificateRefs: [{{name: c}}]}}, {ALL}}}"
    assert doors(read(gateway(http(), http("two")), own)) == []
    assert doors(read(gateway(http(), tls), own)) == []
    model = read(gateway(http(), http("two", more=f"hostname: a.b, {ALL}")), own)
    assert len(doors(model)) == 2


def test_a_set_adds_listeners_where_the_gateway_lets_it() -> None:
    extra = (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: more, namespace: shop}\n"
        f"spec: {{parentRef: {AT_GATEWAY}, listeners: [{http('extra', port=81)}]}}"
    )
    at_set = route(f"parentRefs: [{{kind: ListenerSet, name: more}}], rules: [{{{HERE}}}]")
    shut = read(gateway(http()), extra, at_set)
    assert [door.port.value for door in doors(shut)] == [80]
    assert tables(shut) == []
    opened = gateway(http(), more="allowedListeners: {namespaces: {from: All}}, ")
    model = read(opened, extra, at_set)
    assert [door.port.value for door in doors(model)] == [80, 81]
    assert entered(model, "x", port=81).kind == "forward"
    assert entered(model, "x", port=80).kind == "not_found"


@pytest.mark.parametrize(
    ("frontend", "mode"),
    [
        ("", ListenerTls.TERMINATE),
        (
            "default: {validation: {caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}}",
            ListenerTls.MUTUAL,
        ),
        (
            (
                "default: {validation: {caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}], "
                "mode: AllowInsecureFallback}}"
            ),
            ListenerTls.OPTIONAL_MUTUAL,
        ),
        (
            (
                "default: {validation: {caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}}, "
                "perPort: [{port: 443, tls: {}}]"
            ),
            ListenerTls.TERMINATE,
        ),
    ],
)
def test_certificates_of_clients_are_asked_for_by_port(frontend: str, mode: ListenerTls) -> None:
    tls = "{name: t, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}"
    more = f"tls: {{frontend: {{{frontend}}}}}, " if frontend else ""
    (door,) = doors(read(gateway(tls, more=more)))
    assert door.tls is not None
    assert door.tls.value is mode


def test_gateways_stay_but_for_a_class_that_takes_over() -> None:
    texts = (gateway(http()), route(f"parentRefs: [{AT_GATEWAY}], rules: [{{{HERE}}}]"))
    stays = to_linkerd(*texts)
    assert stays.documents == ()
    assert {row.fate for row in stays.report.ledger} == {Fate.CARRIED}
    moved = to_linkerd(*texts, gateway_class="nginx")
    (document,) = moved.documents
    assert (document.resource, document.edited) == ("Gateway/edge/gw", True)
    assert document.value["spec"]["gatewayClassName"] == "nginx"  # type: ignore[index]
    assert "MM505" in {finding.code for finding in moved.report.findings}
    assert {row.fate for row in moved.report.ledger} == {Fate.CARRIED, Fate.APPROXIMATED}
    assert to_linkerd(*texts, gateway_class="some").documents == ()


def test_the_older_route_holds_where_both_say_the_same() -> None:
    one = route(f"parentRefs: [{AT_GATEWAY}], rules: [{{{HERE}}}]", "a")
    two = route(
        f"parentRefs: [{AT_GATEWAY}], rules: [{{backendRefs: [{{name: old, port: 80}}]}}]", "b"
    )
    assert entered(read(gateway(http()), one, two), "x").route == "a/0"
    aged = two.replace("name: b,", 'name: b, creationTimestamp: "2020-01-01T00:00:00Z",')
    assert entered(read(gateway(http()), one, aged), "x").route == "b/0"


def test_a_route_of_an_object_that_one_mesh_knows_is_told() -> None:
    text = route(
        f"parentRefs: [{{group: policy.linkerd.io, kind: EgressNetwork, name: all, port: 80}}], rules: [{{{HERE}}}]"
    )
    assert [loss.code for loss in imported(text).losses] == ["MM261"]
