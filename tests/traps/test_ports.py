"""Traps of ports and what is spoken on them, shown on translations."""

from __future__ import annotations

import pytest
import yaml

from ir.access import ClientTls, TlsMode
from ir.attachment import ServicePort
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers
from tests.exporters.linkerd.istio import policy, routes, spec_of, written
from tests.translation import to_linkerd, to_version
from translator.pipeline import Result

_LIST = "config.linkerd.io/opaque-ports"
_RULES: list[object] = [{"timeout": "3s", "route": [{"destination": {"host": "api"}}]}]
_GRANT: dict[str, object] = {"rules": [{"from": [{"source": {"namespaces": ["web"]}}]}]}


def world(port: str, *documents: str, version: str = "2.20") -> Result:
    """A Service of one port with its pods, and what is said of them."""
    workload = f"""
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: shop}}
spec:
  selector: {{app: api}}
  ports: [{{{port}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: api}}}}
    spec:
      containers: [{{name: api, ports: [{{containerPort: 8080}}]}}]
"""
    return to_version("\n---\n".join((workload, *documents)), version)


def edited(result: Result, kind: str) -> dict[str, object]:
    """The changed document of a kind; empty where it stays as it is."""
    found = [d.value for d in result.documents if d.edited and d.resource.startswith(f"{kind}/")]
    return found[0] if found else {}


def listed(result: Result) -> tuple[str | None, str | None]:
    """The lists of opaque ports on the Service and on the pods."""
    service = yaml.safe_load(yaml.safe_dump(edited(result, "Service")))
    pods = yaml.safe_load(yaml.safe_dump(edited(result, "Deployment")))
    template = pods.get("spec", {}).get("template", {})
    return (
        service.get("metadata", {}).get("annotations", {}).get(_LIST),
        template.get("metadata", {}).get("annotations", {}).get(_LIST),
    )


def protocol(result: Result) -> str:
    """What the only Server takes its port for."""
    (server,) = written(result, "Server")
    return str(spec_of(server)["proxyProtocol"])


@pytest.mark.parametrize(
    ("port", "spoken", "ruled"),
    [
        ("name: http-web, port: 80, targetPort: 8080", "HTTP/1", True),
        ("name: grpc-web, port: 80, targetPort: 8080", "HTTP/2", True),
        ("name: https-web, port: 80, targetPort: 8080", "TLS", False),
        ("name: tcp-web, port: 80, targetPort: 8080", "opaque", False),
        ("name: web, port: 80, targetPort: 8080", "unknown", True),
        ("name: https-web, port: 80, targetPort: 8080, appProtocol: http", "HTTP/1", True),
    ],
)
def test_trap_istio_41_the_name_of_a_port_decides_whether_requests_are_read(
    port: str,
    spoken: str,
    ruled: bool,  # noqa: FBT001
) -> None:
    """``https-web`` is passed on unread, so that rules for HTTP hold nowhere; the appProtocol outranks the name."""
    result = world(port, routes(_RULES), policy(_GRANT))
    assert protocol(result) == spoken
    assert bool(written(result, "HTTPRoute")) is ruled


def test_trap_istio_42_web_sockets_over_tls_are_not_read() -> None:
    """``kubernetes.io/wss`` is TLS, whatever the name says; ``kubernetes.io/ws`` is HTTP."""
    port = "name: http, port: 80, targetPort: 8080, appProtocol: kubernetes.io/"
    sealed = world(f"{port}wss", routes(_RULES), policy(_GRANT))
    assert protocol(sealed) == "TLS"
    assert not written(sealed, "HTTPRoute")
    plain = world(f"{port}ws", routes(_RULES), policy(_GRANT))
    assert protocol(plain) == "HTTP/1"
    assert written(plain, "HTTPRoute")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("grpc", "kubernetes.io/h2c"),
        ("http2", "kubernetes.io/h2c"),
        ("grpc-web", "kubernetes.io/h2c"),
        ("kubernetes.io/ws", "http"),
        ("http", None),
        ("kubernetes.io/h2c", None),
        ("https", None),
        ("example.com/own", None),
    ],
)
def test_trap_linkerd_34_words_that_mean_http_are_said_as_the_target_knows_them(
    word: str, said: str | None
) -> None:
    """Any other word means bytes to the target; it has looked at appProtocol since 2.18."""
    port = f"name: p, port: 80, targetPort: 8080, appProtocol: {word}"
    service = yaml.safe_load(yaml.safe_dump(edited(world(port), "Service")))
    found = [p["appProtocol"] for p in service.get("spec", {}).get("ports", [])]
    assert found == ([] if said is None else [said])
    assert edited(world(port, version="2.17"), "Service") == {}


def test_trap_linkerd_34_the_word_goes_along_to_the_services_of_subsets() -> None:
    port = "name: p, port: 80, targetPort: 8080, appProtocol: grpc"
    subset = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec: {host: api, subsets: [{name: v1, labels: {version: v1}}]}
"""
    rules = routes([{"route": [{"destination": {"host": "api", "subset": "v1"}}]}])
    (service,) = written(world(port, subset, rules), "Service")
    assert [p["appProtocol"] for p in spec_of(service)["ports"]] == ["kubernetes.io/h2c"]


def test_trap_linkerd_35_a_port_where_the_server_speaks_first_is_marked() -> None:
    """On the Service by its own port, on the pods by theirs; what the default list has is said again."""
    result = world("name: tcp-db, port: 7000, targetPort: 8080")
    assert listed(result) == (
        "25,587,3306,4444,5432,6379,7000,9300,11211",
        "25,587,3306,4444,5432,6379,8080,9300,11211",
    )


@pytest.mark.parametrize(
    "port",
    [
        "name: mysql, port: 3306",
        "name: redis-main, port: 6379",
        "name: http, port: 80, targetPort: 8080",
        "name: https, port: 443, targetPort: 8080",
        "port: 80, targetPort: 8080",
    ],
)
def test_trap_linkerd_35_nothing_is_marked_where_the_target_does_so_by_itself(port: str) -> None:
    assert listed(world(port)) == (None, None)


def test_trap_linkerd_35_a_port_that_is_never_read_by_its_number_is_marked() -> None:
    """Port 53 and 27017 are TCP to the source where nothing is said of them, but not to the target."""
    result = world("port: 27017")
    assert listed(result)[0] == "25,587,3306,4444,5432,6379,9300,11211,27017"


def test_trap_linkerd_35_http_on_a_port_of_the_default_list_is_taken_off_it() -> None:
    result = world("name: http, port: 4444, targetPort: 8080")
    assert listed(result) == ("25,587,3306,5432,6379,9300,11211", None)
    both = world("name: http, port: 80, targetPort: 4444")
    assert listed(both) == (None, "25,587,3306,5432,6379,9300,11211")


def test_trap_linkerd_35_a_server_says_the_protocol_of_its_port_by_itself() -> None:
    result = world("name: tcp-db, port: 7000, targetPort: 8080", policy(_GRANT))
    assert protocol(result) == "opaque"
    assert listed(result)[1] is None


def test_trap_linkerd_35_pods_without_a_proxy_are_left_alone() -> None:
    out = """
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop, labels: {app: api, sidecar.istio.io/inject: "false"}}
spec: {containers: [{name: old, ports: [{containerPort: 8080}]}]}
"""
    result = world("name: tcp-db, port: 7000, targetPort: 8080", out)
    text = next((d.text for d in result.documents if d.resource == "Pod/shop/old"), "")
    assert _LIST not in text


def test_trap_linkerd_35_a_port_for_datagrams_says_nothing_of_the_other() -> None:
    result = world(
        "name: tcp-dns, port: 53, targetPort: 8080}, {name: dns, port: 53, protocol: UDP, targetPort: 8080"
    )
    assert listed(result)[1] == "25,587,3306,4444,5432,6379,8080,9300,11211"


def test_trap_linkerd_35_a_list_that_is_there_is_kept() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, annotations: {config.linkerd.io/opaque-ports: "9000-9002"}}
spec: {ports: [{name: tcp-a, port: 7000}, {name: tcp-b, port: 9001}, {name: http, port: 9002}]}
"""
    text = to_linkerd(service).documents[0].text
    assert '"7000,9000-9001"' in text or "7000,9000-9001" in text


def test_trap_istio_13_an_entry_for_a_port_replaces_all_blocks_of_the_policy() -> None:
    """A port with settings of its own has nothing of the pool, the balancer and the ejection above it."""
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 9}}
    outlierDetection: {consecutive5xxErrors: 4}
    loadBalancer: {simple: RANDOM}
    portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]
"""
    kinds = ConnectionLimits, Outliers, LoadBalancing
    alone = world("name: http, port: 80, targetPort: 8080", rule).model
    assert not [fact for fact in alone.facts if isinstance(fact, kinds)]
    model = world("name: http, port: 80}, {name: http-b, port: 81", rule).model
    blocks = [fact for fact in model.facts if isinstance(fact, kinds)]
    assert len(blocks) == 3
    for fact in blocks:
        assert [p.value for p in fact.attachment.excluding_ports] == [ServicePort(80)]


@pytest.mark.parametrize("level", ["trafficPolicy", "subset"])
@pytest.mark.parametrize(
    ("above", "mode"),
    [("SIMPLE", TlsMode.OFF), ("DISABLE", TlsMode.OFF), ("ISTIO_MUTUAL", None)],
)
def test_trap_istio_13_a_port_that_leaves_tls_out_is_clear_text(
    level: str, above: str, mode: TlsMode | None
) -> None:
    """The endpoints of the port go by the mode of the policy around it, the cluster has no TLS at all."""
    settings = f"""
tls: {{mode: {above}}}, portLevelSettings: [{{port: {{number: 80}}, loadBalancer: {{simple: RANDOM}}}}]
""".strip()
    own = f"trafficPolicy: {{{settings}}}"
    if level == "subset":
        own = f"subsets: [{{name: v1, labels: {{version: v1}}, {own}}}]"
    rule = f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: api, namespace: shop}}
spec: {{host: api, {own}}}
"""
    used = routes([{"route": [{"destination": {"host": "api", "subset": "v1"}}]}])
    model = world("name: http, port: 80, targetPort: 8080", rule, used).model
    facts = [f for f in model.facts if isinstance(f, ClientTls)]
    at_port = [f for f in facts if [p.value for p in f.attachment.ports] == [ServicePort(80)]]
    assert [fact.mode.value for fact in at_port] == ([] if mode is None else [mode])
