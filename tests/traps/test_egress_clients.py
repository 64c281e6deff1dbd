"""Whom limits of egress are about: clients with proxies, others beside them, and pods that words keep out or take in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml

from tests.traps.test_egress import MESH, REFUSE, resource
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Impact
from translator.source.load import load_text

PASS: dict[str, object] = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}
ALL = {"egress": [{"hosts": ["*/*"]}]}


def namespace(name: str, **labels: str) -> str:
    """A namespace with labels."""
    metadata = {"name": name, "labels": labels}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def pods(name: str, space: str, inject: str = "") -> str:
    """A workload, in or out of the mesh by a word of its own."""
    own = {"sidecar.istio.io/inject": inject} if inject else {}
    template = {
        "metadata": {"labels": {"app": name, **own}},
        "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 8080}]}]},
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": space}
    return yaml.safe_dump(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    )


ESTATE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("crm"),
    pods("web", "shop"),
    pods("batch", "shop"),
    pods("old", "shop", "false"),
    pods("crm", "crm"),
    pods("in", "crm", "true"),
    resource(
        "ServiceEntry",
        {
            "hosts": ["api.example"],
            "resolution": "DNS",
            "exportTo": ["."],
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
        },
    ),
)


def sidecar(mode: Mapping[str, object], space: str = "shop", app: str = "") -> str:
    """A Sidecar that hides nothing."""
    selector = {"workloadSelector": {"labels": {"app": app}}} if app else {}
    name = app or "all-pods"
    return resource("Sidecar", {**selector, **mode, **ALL}, name, space)


LIMITS = {
    "mesh": (MESH,),
    "mesh, a namespace open": (MESH, sidecar(PASS)),
    "mesh, some pods open": (MESH, sidecar(PASS, app="web")),
    "mesh, some pods by themselves": (MESH, sidecar({}, app="web")),
    "root": (sidecar(REFUSE, "istio-system"),),
    "a namespace": (sidecar(REFUSE),),
    "a namespace, some pods open": (sidecar(REFUSE), sidecar(PASS, app="web")),
    "some pods": (sidecar(REFUSE, app="web"),),
    "some pods, others open": (sidecar(REFUSE, app="web"), sidecar(PASS, app="batch")),
    "a namespace of which some pods join": (sidecar(REFUSE, "crm"),),
    "pods that join by themselves": (sidecar(REFUSE, "crm", "in"),),
}


def moved(limits: str, target: str) -> Result:
    """The translation."""
    loaded = load_text("\n---\n".join((*ESTATE, *LIMITS[limits])))
    return pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, "istio", f"{target}@{_NEWEST[target]}", {})
    )


_NEWEST = {"cilium": "1.20", "linkerd": "2.20"}


@pytest.mark.parametrize("target", ["cilium", "linkerd"])
@pytest.mark.parametrize("limits", sorted(LIMITS))
def test_clients_with_limits_beside_clients_without_are_accounted_for(
    limits: str, target: str
) -> None:
    report = moved(limits, target).report
    assert not {f.code for f in report.findings} & {"MM901", "MM903", "MM904"}
    assert all(change["explained_by"] for change in report.verification.changes)
    assert any(str(f.code) in ("MM521", "MM523") for f in report.findings)


def selectors(result: Result) -> dict[str, list[object]]:
    """What the policies that close pods select, by namespace."""
    found: dict[str, list[object]] = {}
    for one in result.documents:
        if one.resource.startswith("Cilium"):
            tree = yaml.safe_load(one.text)
            space = tree["metadata"].get("namespace", "")
            found.setdefault(space, []).append(tree["spec"]["endpointSelector"])
    return found


def test_pods_that_ask_for_no_proxy_beside_one_that_does_are_not_closed() -> None:
    for limits in ("mesh", "root", "a namespace of which some pods join"):
        found = selectors(moved(limits, "cilium"))
        assert found["crm"] == [{"matchLabels": {"app": "in"}}]
        for wide in found.get("", []):
            assert "crm" in str(wide)


def test_all_pods_of_a_namespace_are_held_in_linkerd_and_it_is_told() -> None:
    result = moved("some pods", "linkerd")
    (finding,) = [f for f in result.report.findings if f.code == "MM524"]
    assert finding.impact is Impact.STRICTER
    changes = [c for c in result.report.verification.changes if c["kind"] == "newly_denied"]
    assert {code for c in changes for code in c["explained_by"]} == {"MM524"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["cilium", "linkerd"])
def test_services_that_several_clients_did_not_know_of_are_told_once(target: str) -> None:
    spec = {**REFUSE, "egress": [{"hosts": ["istio-system/*"]}]}
    service = {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "http"}]}
    web = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": service,
        }
    )
    spaces = ("shop", "crm")
    sidecars = (resource("Sidecar", spec, "default", space) for space in spaces)
    loaded = load_text("\n---\n".join((*ESTATE, web, *sidecars)))
    options = pipeline.options_of(loaded, "istio", f"{target}@{_NEWEST[target]}", {})
    report = pipeline.translate_loaded(loaded, options).report
    (finding,) = [f for f in report.findings if f.code == "MM523"]
    assert {source.resource for source in finding.sources} == {
        f"Sidecar/{space}/default" for space in spaces
    }
    assert all(f"namespace {space}" in finding.message for space in spaces)
    assert "(shop/web)" in finding.message
