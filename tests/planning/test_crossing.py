"""What the checker says of a state between two meshes: each fault with a request that shows it."""

from __future__ import annotations

from ir.model import Model
from tests.translation import in_force_after, to_linkerd
from translator.after import as_source, in_force
from translator.api import Options
from translator.bridges.api import Way
from translator.bridges.linkerd import BRIDGE as LINKERD
from translator.registry import load_importer
from translator.source.load import load_text
from translator.state import applied, loaded_of, pieces_of
from translator.target import parse_target
from translator.verify.crossing import Crossing
from translator.verify.result import Verdict
from translator.verify.stage import DoorFound, Passage, Permit, Stage

API = "Deployment/b/api"
PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: b, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: web, containers: [{name: web}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: b}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: b}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {serviceAccountName: api, containers: [{name: api, ports: [{containerPort: 8080}]}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: b}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: b}
spec:
  rules:
  - from: [{source: {principals: [cluster.local/ns/a/sa/web]}}]
    to: [{operation: {methods: [GET]}}]
"""
PERMISSIVE = """
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: api, namespace: b}
spec: {selector: {matchLabels: {app: api}}, portLevelMtls: {8080: {mode: PERMISSIVE}}}
"""
NAMELESS = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api-nameless, namespace: b}
spec:
  rules:
  - from: [{source: {notPrincipals: ["*"]}}]
    to: [{operation: {methods: [METHODS]}}]
"""
FORCED = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: b}
spec: {host: api.b.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
"""
PERMIT = Permit(workload=API, port=8080, peers=(("a", "web"),), plain=True)


def read(text: str, mesh: str) -> Model:
    options = Options(source=parse_target(mesh), target=parse_target("linkerd"))
    return load_importer(mesh)(load_text(text).resources, options).model


END = in_force_after(PODS, to_linkerd(PODS))


def door(
    more: str = "",
    *permits: Permit,
    servers: str = "",
    clients: str = "a",
    networks: tuple[str, ...] = (),
    second: Model = END,
) -> DoorFound:
    """Port 8080 of the server in ``b``; by default its client in ``a`` has moved."""
    stage = Stage(read(PODS + more, "istio"), second, frozenset(servers), frozenset(clients))
    known = frozenset({("a", "web")})
    crossing = Crossing(read(PODS, "istio"), stage, END, permits, known, networks)
    found = {one.name: one for one in crossing.doors()}
    return found[f"{API} port 8080"]


def passages(found: DoorFound) -> dict[Passage, set[str]]:
    """The callers of each kind of passage, those in clear text marked."""
    told: dict[Passage, set[str]] = {}
    for one in found.passed:
        caller = one.sample.request.caller
        name = f"{caller.namespace}/{caller.service_account}" + ("" if caller.mtls else " plain")
        told.setdefault(one.passage, set()).add(name)
    return told


def test_a_caller_that_has_moved_is_refused_where_mutual_tls_is_demanded() -> None:
    found = door()
    assert passages(found) == {Passage.SHUT: {"a/web"}}
    assert found.verdict is Verdict.DIFFERENT
    assert "in clear text" in found.passed[0].why


def test_clear_text_alone_does_not_help_a_caller_whom_rules_let_in_by_name() -> None:
    assert passages(door(PERMISSIVE))[Passage.SHUT] == {"a/web"}


def test_a_rule_for_callers_without_a_name_lets_it_in_and_is_listed() -> None:
    found = door(PERMISSIVE + NAMELESS.replace("METHODS", "GET"), PERMIT)
    assert set(passages(found)) == {Passage.LISTED}
    assert found.verdict is Verdict.EQUAL_EXACT
    assert found.clear == (("a", "web"),)


def test_what_no_permit_lists_is_told() -> None:
    found = door(PERMISSIVE + NAMELESS.replace("METHODS", "GET"))
    assert passages(found)[Passage.OPENED] >= {"/ plain"}
    assert found.verdict is Verdict.DIFFERENT


def test_a_permit_covers_no_more_than_its_peers_may_do() -> None:
    found = door(PERMISSIVE + NAMELESS.replace("METHODS", "GET, DELETE"), PERMIT)
    opened = [p for p in found.passed if p.passage is Passage.OPENED]
    assert {p.sample.request.method for p in opened} == {"DELETE"}


def test_a_permit_for_callers_in_clear_text_covers_nobody_with_a_certificate() -> None:
    everybody = NAMELESS.replace("METHODS", "GET").replace(
        'notPrincipals: ["*"]', 'ipBlocks: ["0.0.0.0/0", "::/0"]'
    )
    told = passages(door(PERMISSIVE + everybody, PERMIT))
    assert told[Passage.OPENED]
    assert not any(name.endswith("plain") for name in told[Passage.OPENED])


def test_a_client_that_is_forced_to_mutual_tls_cannot_reach_a_server_that_has_moved() -> None:
    done = to_linkerd(PODS)
    state = pieces_of(in_force(load_text(PODS), done, done.options), "default")
    way = Way(
        workload=END.inventory.by_namespace["b"][0], port=8080, peers=(("a", "web"),), until=1
    )
    text = loaded_of(applied(state, LINKERD.open(state, [way], done.options)), "state")
    opened = load_importer("linkerd")(text.resources, as_source(done.options)).model
    permit = Permit(workload=API, port=8080, peers=(("a", "web"),), plain=False)
    free = door("", permit, servers="b", clients="b", second=opened)
    assert Passage.SHUT not in passages(free)
    forced = door(FORCED, permit, servers="b", clients="b", second=opened)
    assert passages(forced)[Passage.SHUT] == {"a/web"}
    assert any("mutual TLS" in one.why for one in forced.passed)


def test_before_and_after_nothing_differs() -> None:
    assert passages(door(clients="")) == {}
    assert passages(door(servers="b", clients="ab")) == {}
    assert door(clients="").verdict is Verdict.EQUAL_EXACT
