"""ServiceEntry, WorkloadEntry, WorkloadGroup and Sidecar: read whole, with the right precedence, and told."""

from __future__ import annotations

import pytest
import yaml

from ir.attachment import Scope
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Resolution, UnknownEgress
from tests.translation import to_linkerd
from translator.pipeline import Result
from translator.report.model import Fate, Finding, Impact, Severity


def resource(kind: str, spec: object, name: str = "x", namespace: str = "shop") -> str:
    """A resource of this kind."""
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )


def fates(result: Result) -> set[Fate]:
    """Fates of all leaves under ``spec``."""
    return {row.fate for row in result.report.ledger if row.path.startswith("spec")}


def told(result: Result, code: str) -> list[Finding]:
    """The findings of a code."""
    return [f for f in result.report.findings if f.code == code]


def policies(*documents: str) -> list[EgressPolicy]:
    """What the Sidecars come to."""
    model = to_linkerd("---\n".join(documents)).model
    return [f for f in model.facts if isinstance(f, EgressPolicy)]


HTTPS = {"number": 443, "name": "https", "protocol": "HTTPS"}


def test_a_service_entry_is_outside_and_not_looked_up_unless_it_says_so() -> None:
    model = to_linkerd(
        resource("ServiceEntry", {"hosts": ["api.example.com"], "ports": [HTTPS]})
    ).model
    (found,) = [f for f in model.facts if isinstance(f, ExternalService)]
    assert found.internal.value is False
    assert found.resolution.value is Resolution.ORIGINAL
    assert found.resolution.stated_by is not None


def test_names_outside_have_no_case() -> None:
    spec = {"hosts": ["API.Example.com", "*.Example.org"], "ports": [HTTPS]}
    entry = resource("ServiceEntry", spec)
    (found,) = [f for f in to_linkerd(entry).model.facts if isinstance(f, ExternalService)]
    assert [host.value.text for host in found.hosts] == ["api.example.com", ".example.org"]
    seen = {"egress": [{"hosts": ["./API.example.com"]}], "outboundTrafficPolicy": {}}
    result = to_linkerd(f"{entry}---\n{resource('Sidecar', seen)}")
    written = [d.value["spec"]["hostnames"] for d in result.documents if "TLSRoute" in d.resource]  # type: ignore[index]
    assert written == [["api.example.com"]]


@pytest.mark.parametrize("resolution", ["NONE", "DNS", "DNS_ROUND_ROBIN"])
def test_a_name_that_clients_look_up_needs_nothing(resolution: str) -> None:
    spec = {
        "hosts": ["api.example.com", "*.example.org"],
        "ports": [HTTPS],
        "resolution": resolution,
    }
    result = to_linkerd(resource("ServiceEntry", spec))
    assert fates(result) == {Fate.ABSORBED}
    (finding,) = told(result, "MM502")
    assert (finding.severity, finding.impact) == (Severity.INFO, Impact.NONE)
    assert finding.message.startswith("api.example.com, *.example.org: ")


@pytest.mark.parametrize(
    "more",
    [
        {"endpoints": [{"address": "192.0.2.1", "ports": {"https": 8443}, "weight": 2}], "resolution": "STATIC"},
        {"addresses": ["192.0.2.0/24"]},
        {"location": "MESH_INTERNAL", "workloadSelector": {"labels": {"app": "vm"}}},
        {"ports": [{**HTTPS, "targetPort": 8443}], "resolution": "DNS"},
    ],
)  # fmt: skip
def test_what_only_the_source_resolves_is_told(more: dict[str, object]) -> None:
    spec = {"hosts": ["db.example.com"], "ports": [HTTPS], **more}
    result = to_linkerd(resource("ServiceEntry", spec))
    assert fates(result) == {Fate.LOST}
    (finding,) = told(result, "MM502")
    assert (finding.severity, finding.impact) == (Severity.HIGH, Impact.DIFFERENT)


def test_workloads_outside_and_their_templates_are_read_whole() -> None:
    entry = {
        "address": "192.0.2.7",
        "labels": {"app": "vm"},
        "serviceAccount": "vm",
        "network": "net",
        "locality": "r/z",
    }
    group = {
        "metadata": {"labels": {"app": "vm"}},
        "template": {"serviceAccount": "vm"},
        "probe": {"tcpSocket": {"port": 80}},
    }
    result = to_linkerd(
        resource("WorkloadEntry", entry) + "---\n" + resource("WorkloadGroup", group)
    )
    assert fates(result) == {Fate.LOST}
    (found,) = [f for f in result.model.facts if isinstance(f, ExternalWorkload)]
    assert found.endpoint.account is not None


def test_a_block_without_a_mode_refuses() -> None:
    (found,) = policies(resource("Sidecar", {"outboundTrafficPolicy": {}}))
    assert found.unknown is not None
    assert found.unknown.value is UnknownEgress.REFUSE


def test_hosts_that_are_seen_are_no_access_control() -> None:
    result = to_linkerd(resource("Sidecar", {"egress": [{"hosts": ["./*", "istio-system/*"]}]}))
    assert not [f for f in result.report.findings if f.impact is Impact.LOOSER]
    assert [f.severity for f in told(result, "MM504")] == [Severity.LOW]


def test_a_sidecar_for_workloads_replaces_that_of_the_namespace_and_of_the_mesh() -> None:
    refuse = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    found = policies(
        resource("Sidecar", refuse, "mesh", "istio-system"),
        resource("Sidecar", refuse, "all"),
        resource("Sidecar", {**refuse, "workloadSelector": {"labels": {"app": "a"}}}, "some"),
    )
    excluded = {
        f.attachment.subject.scope: [s.scope for s in f.attachment.subject.excluding] for f in found
    }
    assert excluded == {
        Scope.MESH: [Scope.NAMESPACE, Scope.WORKLOADS],
        Scope.NAMESPACE: [Scope.WORKLOADS],
        Scope.WORKLOADS: [],
    }


def test_of_two_sidecars_of_one_scope_the_first_counts() -> None:
    one = resource("Sidecar", {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}, "a")
    other = resource("Sidecar", {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}, "b")
    result = to_linkerd(one + "---\n" + other)
    rows = {(r.resource, r.path): r.fate for r in result.report.ledger}
    assert rows["Sidecar/shop/b", "spec.outboundTrafficPolicy.mode"] is Fate.INERT
    assert rows["Sidecar/shop/a", "spec.outboundTrafficPolicy.mode"] is Fate.ABSORBED


def test_ports_of_the_proxy_are_told_by_what_they_are() -> None:
    spec = {
        "ingress": [
            {"port": {"number": 9080, "protocol": "HTTP"}, "defaultEndpoint": "127.0.0.1:8080"}
        ],
        "inboundConnectionPool": {"http": {"http1MaxPendingRequests": 1}},
        "egress": [
            {
                "port": {"number": 3306, "protocol": "TCP"},
                "bind": "127.0.0.1",
                "captureMode": "NONE",
                "hosts": ["*/db"],
            }
        ],
    }
    result = to_linkerd(resource("Sidecar", spec))
    assert fates(result) == {Fate.LOST}
    assert any("ports of the proxy" in f.message for f in told(result, "MM801"))
