"""Traps of egress, shown on translations: what leaves before and after, by the naive decider."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ir.access import MtlsMode, PeerMtls
from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Caller, Request
from ir.edge import ExternalService, ExternalWorkload, Resolution
from tests.exporters.linkerd.istio import WORKLOAD, written
from tests.translation import in_force_after, to_linkerd, to_version
from translator import pipeline
from translator.after import as_source
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Fate, Finding, Impact, Severity
from translator.source.load import load_text

OUTSIDE = "203.0.113.7"


def resource(
    kind: str, spec: object, name: str = "x", namespace: str = "shop", age: int = 0
) -> str:
    """A resource of this kind; the greater ``age``, the older."""
    metadata = {"name": name, "namespace": namespace}
    if age:
        metadata["creationTimestamp"] = f"{2025 - age}-01-01T00:00:00Z"
    group = "networking.istio.io/v1"
    return yaml.safe_dump({"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec})


def text(*documents: str) -> str:
    """The workload with these documents."""
    return "\n---\n".join((WORKLOAD, *documents))


REFUSE: dict[str, Any] = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
HTTPS = {"number": 443, "name": "https", "protocol": "HTTPS"}
API = resource("ServiceEntry", {"hosts": ["api.example"], "ports": [HTTPS], "resolution": "DNS"})
MESH = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": yaml.safe_dump(REFUSE)},
    }
)


def leaves(
    document: str, result: Result, namespace: str = "shop", **more: Any
) -> tuple[bool, bool]:
    """Whether a request leaves, before and after."""
    caller = Caller(namespace=namespace, labels=more.pop("labels", {"app": "api"}))
    given = {"external": OUTSIDE, "service_port": 443, "http": False, **more}
    request = Request(caller=caller, **given)
    before = decide_egress(result.model, request).allowed
    return before, decide_egress(in_force_after(document, result), request).allowed


def told(result: Result, code: str) -> list[Finding]:
    """The findings of a code."""
    return [f for f in result.report.findings if f.code == code]


def test_trap_istio_38_a_block_without_a_mode_refuses() -> None:
    """`outboundTrafficPolicy: {}` is REGISTRY_ONLY: the first word of the enumeration."""
    document = text(API, resource("Sidecar", {"outboundTrafficPolicy": {}}))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="api.example") == (True, True)
    assert leaves(document, result, server_name="evil.example") == (False, False)
    (network,) = written(result, "EgressNetwork")
    assert network["spec"] == {"trafficPolicy": "Deny"}
    assert network["metadata"]["namespace"] == "shop"


def test_trap_istio_38_hosts_that_are_not_seen_pass_where_everything_does() -> None:
    """`egress.hosts` hides rules of others, and blocks nothing under ALLOW_ANY."""
    document = text(API, resource("Sidecar", {"egress": [{"hosts": ["bank/*"]}]}))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="api.example") == (True, True)
    assert not written(result, "EgressNetwork")
    assert not [f for f in result.report.findings if f.impact is Impact.LOOSER]


def test_trap_istio_38_hosts_that_are_not_seen_are_refused_where_only_those_pass() -> None:
    document = text(API, resource("Sidecar", {"egress": [{"hosts": ["bank/*"]}], **REFUSE}))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="api.example") == (False, False)
    (finding,) = told(result, "MM523")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert "shop/api" in finding.message


def test_services_that_a_sidecar_takes_out_are_told_though_all_others_are_seen() -> None:
    spec = {"egress": [{"hosts": ["*/*", "~shop/*"]}], **REFUSE}
    result = to_linkerd(text(API, resource("Sidecar", spec)))
    (finding,) = told(result, "MM523")
    assert "shop/api" in finding.message
    assert not told(result, "MM903")


def test_names_on_ports_that_are_opaque_by_default_are_still_read() -> None:
    """A network has the default list of opaque ports, and no HTTPRoute or TLSRoute counts on those."""
    port = {"number": 5432, "name": "tls", "protocol": "TLS"}
    entry = {"hosts": ["db.example"], "ports": [port], "resolution": "DNS"}
    document = text(MESH, resource("ServiceEntry", entry))
    result = to_linkerd(document)
    (network,) = written(result, "EgressNetwork")
    listed = network["metadata"]["annotations"]["config.linkerd.io/opaque-ports"].split(",")
    assert "5432" not in listed
    assert "3306" in listed
    for name, passes in (("db.example", True), ("evil.example", False)):
        found = leaves(document, result, service_port=5432, server_name=name)
        assert found == (passes, passes)
    without = "\n---\n".join(
        (
            WORKLOAD,
            *(d.text.replace("config.linkerd.io/opaque-ports", "x/y") for d in result.documents),
        )
    )
    there = load_importer("linkerd")(load_text(without).resources, as_source(result.options)).model
    client = Caller(namespace="shop", labels={"app": "api"})
    given: dict[str, Any] = {
        "external": OUTSIDE,
        "service_port": 5432,
        "http": False,
        "server_name": "db.example",
    }
    assert not decide_egress(there, Request(caller=client, **given)).allowed


def test_services_shown_to_clients_that_may_go_anywhere_are_told_where_others_may_not() -> None:
    spec = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}, "egress": [{"hosts": ["./*"]}]}
    result = to_linkerd(text(MESH, API, resource("Sidecar", spec)))
    (finding,) = told(result, "MM504")
    assert finding.impact is Impact.DIFFERENT
    assert "hold for them now" in finding.message


def test_trap_istio_38_a_sidecar_without_a_block_takes_the_mode_of_the_mesh() -> None:
    document = text(MESH, API, resource("Sidecar", {"egress": [{"hosts": ["./*"]}]}))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="api.example") == (True, True)
    assert leaves(document, result, server_name="evil.example") == (False, False)


def test_of_several_sidecars_of_one_kind_the_oldest_counts() -> None:
    document = text(
        resource("Sidecar", REFUSE, "a", age=1),
        resource("Sidecar", {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}, "b", age=2),
    )
    result = to_linkerd(document)
    assert leaves(document, result, server_name="any.example") == (True, True)
    rows = {r.resource: r.fate for r in result.report.ledger if r.path.endswith("mode")}
    assert rows["Sidecar/shop/a"] is Fate.INERT


def test_of_two_sidecars_that_select_a_workload_the_oldest_counts() -> None:
    young = {"workloadSelector": {"labels": {"app": "api"}}, **REFUSE}
    old = {
        "workloadSelector": {"labels": {"version": "v1"}},
        "outboundTrafficPolicy": {"mode": "ALLOW_ANY"},
    }
    document = text(resource("Sidecar", young, "a", age=1), resource("Sidecar", old, "b", age=2))
    result = to_linkerd(document)
    both = {"app": "api", "version": "v1"}
    before, _ = leaves(document, result, server_name="any.example", labels=both)
    assert before
    before, _ = leaves(document, result, server_name="any.example", labels={"app": "api"})
    assert not before


def test_a_dot_in_the_root_namespace_is_the_namespace_of_the_client() -> None:
    mine = resource("ServiceEntry", {"hosts": ["mine.example"], "ports": [HTTPS]}, "mine")
    spec = {"egress": [{"hosts": ["./*"]}], **REFUSE}
    document = text(mine, resource("Sidecar", spec, namespace="istio-system"))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="mine.example") == (True, True)
    assert leaves(document, result, "bank", server_name="mine.example") == (False, False)


def test_trap_istio_40_an_entry_without_location_is_outside_and_not_looked_up() -> None:
    """No mTLS to its endpoints, and no look-up: it goes where the client dialled."""
    document = text(
        resource("ServiceEntry", {"hosts": ["db.example"], "ports": [HTTPS]}),
        resource("Sidecar", REFUSE),
    )
    result = to_linkerd(document)
    (service,) = [f for f in result.model.facts if isinstance(f, ExternalService)]
    assert service.internal.value is False
    assert service.resolution.value is Resolution.ORIGINAL
    assert not told(result, "MM522")
    modes = [f.mode.value for f in result.model.facts if isinstance(f, PeerMtls)]
    assert MtlsMode.DEMANDED not in modes


def test_trap_istio_40_machines_as_endpoints_do_not_make_it_part_of_the_mesh() -> None:
    spec = {
        "hosts": ["db.example"],
        "ports": [HTTPS],
        "resolution": "STATIC",
        "workloadSelector": {"labels": {"app": "db"}},
    }
    model = to_linkerd(text(resource("ServiceEntry", spec))).model
    (service,) = [f for f in model.facts if isinstance(f, ExternalService)]
    assert service.internal.value is False


def test_trap_linkerd_26_a_local_network_hides_the_global_ones_so_it_has_all_routes() -> None:
    """One EgressNetwork in the namespace, and none of `linkerd-egress` counts there."""
    document = text(MESH, API, resource("Sidecar", REFUSE, namespace="bank"))
    result = to_linkerd(document)
    homes = {network["metadata"]["namespace"] for network in written(result, "EgressNetwork")}
    assert homes == {"linkerd-egress", "bank"}
    assert {r["metadata"]["namespace"] for r in written(result, "TLSRoute")} == homes
    for namespace in ("shop", "bank"):
        assert leaves(document, result, namespace, server_name="api.example") == (True, True)
        assert leaves(document, result, namespace, server_name="evil.example") == (False, False)


def test_trap_linkerd_26_routes_name_the_port_of_the_network_and_go_back_to_it() -> None:
    result = to_linkerd(text(MESH, API))
    (route,) = written(result, "TLSRoute")
    (parent,) = route["spec"]["parentRefs"]
    assert (parent["group"], parent["kind"]) == ("policy.linkerd.io", "EgressNetwork")
    assert parent["port"] == 443
    (rule,) = route["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    assert backend["kind"] == "EgressNetwork"
    assert backend["name"] == parent["name"]


def test_trap_linkerd_26_bytes_are_told_by_address_only() -> None:
    """A name that the proxy looks up has no form for plain TCP: it is refused and told."""
    smtp = {"number": 587, "name": "tcp", "protocol": "TCP"}
    entry = {"hosts": ["mail.example"], "ports": [smtp], "resolution": "DNS"}
    document = text(MESH, resource("ServiceEntry", entry))
    result = to_linkerd(document)
    assert leaves(document, result, service_port=587) == (True, False)
    (finding,) = told(result, "MM525")
    assert finding.impact is Impact.STRICTER
    assert not written(result, "TCPRoute")


def test_trap_linkerd_26_bytes_to_an_address_pass_there_alone() -> None:
    tcp = {"number": 5432, "name": "tcp", "protocol": "TCP"}
    entry = {"hosts": ["db.example"], "ports": [tcp], "addresses": ["192.0.2.7"]}
    document = text(MESH, API, resource("ServiceEntry", entry, "db"))
    result = to_linkerd(document)
    assert leaves(document, result, external="192.0.2.7", service_port=5432) == (True, True)
    assert leaves(document, result, external="192.0.2.8", service_port=5432) == (False, False)
    for address in ("192.0.2.7", OUTSIDE):
        assert leaves(document, result, external=address, server_name="api.example") == (True, True)
    blocks = [n["spec"].get("networks") for n in written(result, "EgressNetwork")]
    assert [{"cidr": "192.0.2.7/32"}] in blocks


def test_blocks_in_which_the_same_passes_are_one_network() -> None:
    tcp = {"number": 5432, "name": "tcp", "protocol": "TCP"}
    entries = [
        resource(
            "ServiceEntry",
            {"hosts": [f"{name}.example"], "ports": [{**tcp, "number": port}], "addresses": [at]},
            name,
        )
        for name, at, port in (
            ("one", "192.0.2.1", 5432),
            ("two", "192.0.2.2", 5432),
            ("odd", "192.0.2.3", 3306),
        )
    ]
    document = text(MESH, *entries)
    result = to_linkerd(document)
    blocks = [
        [item["cidr"] for item in network["spec"].get("networks", [])]
        for network in written(result, "EgressNetwork")
    ]
    assert sorted(blocks) == [[], ["192.0.2.1/32", "192.0.2.2/32"], ["192.0.2.3/32"]]
    assert leaves(document, result, external="192.0.2.2", service_port=5432) == (True, True)
    assert leaves(document, result, external="192.0.2.3", service_port=5432) == (False, False)


def test_trap_linkerd_26_http_and_tls_on_one_port_do_not_stand_beside_each_other() -> None:
    """With HTTPRoutes on the port TLSRoutes do not count: those names are refused and told."""
    http = {"number": 443, "name": "http", "protocol": "HTTP"}
    plain = resource("ServiceEntry", {"hosts": ["plain.example"], "ports": [http]}, "plain")
    document = text(MESH, API, plain)
    result = to_linkerd(document)
    assert leaves(document, result, http=True, authority="plain.example") == (True, True)
    assert leaves(document, result, server_name="api.example") == (True, False)
    (finding,) = told(result, "MM525")
    assert "api.example:443" in finding.message
    assert not written(result, "TLSRoute")


def test_trap_linkerd_26_the_networks_of_the_cluster_are_not_outside() -> None:
    """`networks` left out is all but clusterNetworks: what is there passes, and that is a blocker."""
    document = text(MESH)
    result = to_linkerd(document, cluster_networks=("10.42.0.0/16",))
    assert leaves(document, result, external="10.42.1.1") == (False, True)
    assert leaves(document, result, external="10.43.1.1") == (False, False)
    (finding,) = told(result, "MM521")
    assert (finding.impact, finding.severity) == (Impact.LOOSER, Severity.BLOCKER)
    assert "10.42.0.0/16" in finding.message


@pytest.mark.parametrize(("version", "networks"), [("2.16", 0), ("2.17", 1)])
def test_networks_are_written_since_2_17(version: str, networks: int) -> None:
    result = to_version(text(MESH, API), version)
    assert len(written(result, "EgressNetwork")) == networks
    looser = [f for f in told(result, "MM503") if f.impact is Impact.LOOSER]
    assert len(looser) == 1 - networks


def test_trap_linkerd_48_a_sidecar_has_no_meaning_but_for_its_policy() -> None:
    hosts = {"egress": [{"hosts": ["./*"]}]}
    assert not written(to_linkerd(text(resource("Sidecar", hosts))), "EgressNetwork")
    assert written(to_linkerd(text(resource("Sidecar", {**hosts, **REFUSE}))), "EgressNetwork")


def test_trap_linkerd_48_the_limit_of_some_workloads_is_that_of_the_namespace() -> None:
    """Linkerd knows who leaves by its namespace only: the stricter holds for all, and is told."""
    spec = {"workloadSelector": {"labels": {"app": "batch"}}, **REFUSE}
    document = text(API, resource("Sidecar", spec))
    result = to_linkerd(document)
    batch = {"app": "batch"}
    assert leaves(document, result, server_name="any.example", labels=batch) == (False, False)
    assert leaves(document, result, server_name="any.example") == (True, False)
    (finding,) = told(result, "MM524")
    assert finding.impact is Impact.STRICTER


def test_everything_leaves_a_namespace_that_says_so_though_the_mesh_refuses() -> None:
    allow = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}
    document = text(MESH, resource("Sidecar", allow))
    result = to_linkerd(document)
    assert leaves(document, result, server_name="any.example") == (True, True)
    assert leaves(document, result, "bank", server_name="any.example") == (False, False)


def entry(address: str = "192.0.2.17", **more: Any) -> str:
    """A machine that the workload's service selects."""
    spec = {"address": address, "labels": {"app": "api"}, "serviceAccount": "vm", **more}
    return resource("WorkloadEntry", spec, "vm")


def test_trap_linkerd_48_a_machine_with_an_identity_is_an_external_workload() -> None:
    """WorkloadEntry is identity and address; weight and locality have no form."""
    document = text(entry(weight=3, locality="eu/a", ports={"http": 8080}))
    result = to_linkerd(document)
    (machine,) = written(result, "ExternalWorkload")
    identity = "spiffe://cluster.local/ns/shop/sa/vm"
    assert machine["spec"]["meshTLS"]["identity"] == identity
    assert machine["spec"]["workloadIPs"] == [{"ip": "192.0.2.17"}]
    assert machine["metadata"]["labels"]["app"] == "api"
    assert [f.severity for f in told(result, "MM527")] == [Severity.LOW]
    after = in_force_after(document, result)
    (read,) = [f for f in after.facts if isinstance(f, ExternalWorkload)]
    assert read.endpoint.account is not None
    assert read.endpoint.account.value == "vm"


def test_trap_linkerd_44_a_machine_has_a_spiffe_id_that_no_service_account_stands_for() -> None:
    result = to_linkerd(text(entry()))
    (finding,) = told(result, "MM526")
    assert "spiffe://cluster.local/ns/shop/sa/vm" in finding.message
    assert "do not let in the machine" in finding.message


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (entry("vm.example"), "no IP address"),
        (entry(serviceAccount=""), "clear text"),
        (entry(labels={"app": "api", "security.istio.io/tlsMode": "disabled"}), "clear text"),
        (entry(labels={"app": "other"}), "no Service"),
        (entry(ports={"http": 9999}), "its port http is another"),
    ],
)
def test_trap_linkerd_48_a_machine_that_is_called_otherwise_is_lost(
    document: str, reason: str
) -> None:
    result = to_linkerd(text(document))
    (finding,) = told(result, "MM526")
    assert reason in finding.message
    assert not written(result, "ExternalWorkload")
    fates = {
        r.fate
        for r in result.report.ledger
        if "WorkloadEntry" in r.resource and r.path.startswith("spec")
    }
    assert fates == {Fate.LOST}


@pytest.mark.parametrize(("version", "count"), [("2.14", 0), ("2.15", 1)])
def test_external_workloads_are_written_since_2_15(version: str, count: int) -> None:
    assert len(written(to_version(text(entry()), version), "ExternalWorkload")) == count


def test_trap_linkerd_48_a_template_of_machines_is_lost_with_advice() -> None:
    group = resource("WorkloadGroup", {"template": {"serviceAccount": "vm"}})
    findings = told(to_linkerd(text(group)), "MM801")
    assert "ExternalWorkload" in findings[0].advice


def test_labels_of_the_object_count_for_a_machine_and_win() -> None:
    document = yaml.safe_load(entry(labels={"app": "other"}))
    document["metadata"]["labels"] = {"app": "api"}
    assert written(to_linkerd(text(yaml.safe_dump(document))), "ExternalWorkload")


OPEN = WORKLOAD.replace("name: api", "name: other")
WEB = {"number": 80, "name": "http", "protocol": "HTTP"}
TO_API = [{"destination": {"host": "api.example"}}]
V1 = {"match": [{"uri": {"prefix": "/v1"}}], "route": TO_API}


def wider(
    declared: list[str], rules: dict[str, Any], *, mesh: str = MESH, port: dict[str, Any] = WEB
) -> list[str]:
    """What is told, as a blocker, of rules for names outside that let out a part of what is declared, whatever the target."""
    api = resource("ServiceEntry", {"hosts": declared, "ports": [port], "resolution": "NONE"})
    whole = text(mesh, api, resource("VirtualService", rules))
    found = []
    for version in ("linkerd@2.20", "cilium@1.20", "gateway-api@1.5"):
        own = pipeline.options_of(load_text(""), "istio", version, {})
        result = pipeline.translate_loaded(load_text(whole), own)
        assert not told(result, "MM903")
        looser = [f for f in told(result, "MM537") if f.impact is Impact.LOOSER]
        assert {f.severity for f in looser} <= {Severity.BLOCKER}
        found.append([f.message for f in looser])
    assert found[0] == found[1] == found[2]
    return found[0]


@pytest.mark.parametrize("mesh", [MESH, OPEN], ids=["limited", "open"])
def test_rules_that_let_out_a_part_of_the_requests_are_a_blocker(mesh: str) -> None:
    (said,) = wider(["api.example"], {"hosts": ["api.example"], "http": [V1]}, mesh=mesh)
    assert "requests to api.example that none" in said
    all_of_it = {"route": TO_API, "timeout": "5s"}
    whole = {"hosts": ["api.example"], "http": [V1, all_of_it]}
    assert wider(["api.example"], whole, mesh=mesh) == []


def test_rules_for_a_name_below_a_declared_one_count_on_port_80_alone() -> None:
    """Elsewhere a host that no service has by that very name has no virtual host."""
    rules = {"hosts": ["a.example"], "http": [V1]}
    (said,) = wider(["*.example"], rules)
    assert "requests to a.example that none" in said
    assert wider(["*.example"], rules, port={**WEB, "number": 8080}) == []


def test_rules_for_names_of_any_case_and_with_a_wildcard_name_what_they_hold() -> None:
    (said,) = wider(["A.example", "b.example"], {"hosts": ["*.example"], "http": [V1]})
    assert "requests to a.example, b.example that none" in said


def test_rules_of_a_closer_host_take_its_requests() -> None:
    close = resource(
        "VirtualService", {"hosts": ["a.example"], "http": [{"route": TO_API}]}, "close"
    )
    (said,) = wider(["a.example", "b.example"], {"hosts": ["*.example"], "http": [V1]}, mesh=f"{MESH}---\n{close}")  # fmt: skip
    assert "requests to b.example that none" in said


def test_rules_for_tls_that_let_out_some_names_are_a_blocker() -> None:
    tls = {"number": 443, "name": "tls", "protocol": "TLS"}

    def rules(host: str, *names: str) -> dict[str, Any]:
        match = [{"port": 443, "sniHosts": [*names]}]
        return {"hosts": [host], "tls": [{"match": match, "route": TO_API}]}

    for host in ("*.example", "a.example"):
        (said,) = wider(["*.example"], rules(host, "a.example"), port=tls)
        assert "of TLS to *.example:443" in said
        assert "(a.example) alone" in said
    assert wider(["*.example"], rules("*.example", "*.example"), port=tls) == []
    assert wider(["a.example"], rules("a.example", "a.example"), port=tls) == []
    other = {**tls, "number": 8443}
    assert wider(["*.example"], rules("*.example", "a.example"), port=other) == []


AMBIENT = (
    "apiVersion: v1\nkind: Namespace\n"
    "metadata: {name: calm, labels: {istio.io/dataplane-mode: ambient}}\n"
)
SIDECARS = (
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n"
)


def test_pods_of_an_ambient_mesh_are_let_out_whatever_the_mode() -> None:
    """The agent of the node does not look at it (istio/istio issue 54281)."""
    document = text(MESH, API, SIDECARS, AMBIENT)
    result = to_linkerd(document)
    assert leaves(document, result, "calm") == (True, True)
    assert leaves(document, result) == (False, False)
    assert "MM902" not in {finding.code for finding in result.report.findings}


def test_a_mode_of_a_mesh_without_sidecars_limits_nobody() -> None:
    document = text(MESH, API, AMBIENT)
    result = to_linkerd(document)
    assert leaves(document, result, "calm") == (True, True)
    assert [row.fate for row in result.report.ledger if row.path == "data.mesh"] == [Fate.INERT]


@pytest.mark.parametrize("protocol", ["HTTP", "TLS"])
@pytest.mark.parametrize("star", ["*", "*foo.example"])
def test_a_star_that_no_route_can_name_is_refused_and_told(protocol: str, star: str) -> None:
    """``hostnames`` of routes are refused by the API server where a star stands for less, or more, than whole labels."""
    port = {"number": 8443, "name": "p", "protocol": protocol}

    def hostnames(*hosts: str) -> tuple[list[list[str]], Result]:
        spec = {"hosts": [*hosts], "ports": [port], "resolution": "NONE"}
        result = to_linkerd(text(MESH, resource("ServiceEntry", spec)))
        trees = [yaml.safe_load(one.text).get("spec", {}) for one in result.documents]
        return [tree["hostnames"] for tree in trees if "hostnames" in tree], result

    found, result = hostnames(star)
    assert found == []
    assert told(result, "MM525")[0].impact is Impact.STRICTER
    assert {code for c in result.report.verification.changes if c["kind"] == "newly_denied"
            for code in c["explained_by"]} == {"MM525"}  # type: ignore[attr-defined]  # fmt: skip
    found, result = hostnames(star, "a.example")
    assert found == [["a.example"]]
    assert told(result, "MM525")[0].fate is Fate.APPROXIMATED
    assert not told(result, "MM502")
