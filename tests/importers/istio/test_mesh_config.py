"""The mesh-wide configuration: the ConfigMap, the IstioOperator, and what they decide for others."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import yaml

from ir.access import Grant
from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.match import PathForm
from ir.membership import Aspect, ProxySetting
from ir.model import Model
from ir.traffic import RouteTable
from tests.exporters.linkerd.istio import WORKLOAD, policy, routes, translated
from translator.errors import InputError
from translator.pipeline import Result
from translator.report.model import Fate


def config_map(mesh: Mapping[str, object], **more: str) -> str:
    """The ConfigMap that holds this configuration."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": yaml.safe_dump(mesh), **more},
        }
    )


def operator(spec: Mapping[str, object]) -> str:
    """An IstioOperator."""
    return yaml.safe_dump(
        {
            "apiVersion": "install.istio.io/v1alpha1",
            "kind": "IstioOperator",
            "metadata": {"name": "mesh", "namespace": "istio-system"},
            "spec": spec,
        }
    )


def settings(model: Model) -> dict[Aspect, str]:
    """The settings of the mesh as a whole."""
    return {
        f.aspect: f.value.value for f in model.facts if isinstance(f, ProxySetting) and not f.object
    }


def fate_of(result: Result, path: str) -> Fate:
    """The fate of the leaf at this path."""
    return next(row.fate for row in result.report.ledger if row.path == path)


def codes(result: Result) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in result.report.findings]


def test_the_trust_domain_is_that_of_identities_where_the_command_line_says_nothing() -> None:
    mesh = config_map({"trustDomain": "shop.example"})
    assert translated(mesh).options.trust_domain == "shop.example"
    assert translated(mesh, trust_domain="a.example").options.trust_domain == "a.example"


def test_rules_see_paths_in_the_form_of_the_mesh() -> None:
    rule = policy({"rules": [{"to": [{"operation": {"paths": ["/x"]}}]}]})
    mesh = config_map({"pathNormalization": {"normalization": "MERGE_SLASHES"}})
    route = routes([{"route": [{"destination": {"host": "api"}}]}])
    model = translated(mesh, rule, route).model
    views = [f.view.path for f in model.facts if isinstance(f, (Grant, RouteTable))]
    assert views == [PathForm.MERGED, PathForm.MERGED]


def test_a_field_of_the_text_that_is_not_known_is_shown() -> None:
    result = translated(config_map({"fieldOfTomorrow": 1, "trustDomain": "a.example"}))
    assert fate_of(result, "data.mesh") is Fate.UNREAD
    assert any("fieldOfTomorrow" in f.message for f in result.report.findings)


def test_an_error_in_the_text_has_its_place() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        translated(config_map({"connectTimeout": 3}))
    error = caught.value.exceptions[0]
    assert isinstance(error, InputError)
    assert error.place.path == "data.mesh.connectTimeout"


def test_what_states_the_default_changes_nothing() -> None:
    result = translated(operator({"meshConfig": {"enableAutoMtls": True, "connectTimeout": "10s"}}))
    assert fate_of(result, "spec.meshConfig.enableAutoMtls") is Fate.INERT
    assert fate_of(result, "spec.meshConfig.connectTimeout") is Fate.INERT


def test_everything_of_an_operator_has_a_fate() -> None:
    spec = {
        "profile": "default",
        "meshConfig": {
            "defaultConfig": {"concurrency": 2, "discoveryAddress": "istiod:15012"},
            "extensionProviders": [{"name": "opa", "envoyExtAuthzGrpc": {"service": "opa"}}],
            "defaultHttpRetryPolicy": {},
        },
        "components": {"pilot": {"enabled": True}},
        "values": {
            "global": {"proxy": {"resources": {"limits": {"cpu": "2"}}}, "hub": "x"},
            "pilot": {"env": {"PILOT_X": "1"}},
        },
    }
    result = translated(operator(spec))
    rows = [row for row in result.report.ledger if row.path.startswith("spec.")]
    own = [row for row in rows if row.resource.startswith("IstioOperator")]
    assert {row.fate for row in own} <= {Fate.INERT, Fate.LOST, Fate.ABSORBED}
    assert settings(result.model) == {
        Aspect.WORKERS: "2",
        Aspect.DECISIONS: "opa",
        Aspect.RETRY: "0 further tries",
        Aspect.CPU_LIMIT: "2",
        Aspect.ENVIRONMENT: '{"PILOT_X": "1"}',
    }


def test_the_config_map_counts_before_the_operator() -> None:
    result = translated(
        operator({"meshConfig": {"trustDomain": "a.example"}}),
        config_map({"trustDomain": "b.example"}),
    )
    assert result.options.trust_domain == "b.example"
    assert fate_of(result, "spec.meshConfig.trustDomain") is Fate.INERT
    assert "MM107" in codes(result)


def test_networks_are_read_where_there_are_any() -> None:
    none = translated(config_map({}, meshNetworks="networks: {}"))
    assert fate_of(none, "data.meshNetworks") is Fate.INERT
    some = translated(config_map({}, meshNetworks="networks: {east: {}}"))
    assert fate_of(some, "data.meshNetworks") is Fate.LOST


def test_a_default_of_visibility_holds_where_a_rule_says_nothing() -> None:
    mesh = config_map({"defaultVirtualServiceExportTo": ["."]})
    route = routes([{"route": [{"destination": {"host": "api"}}]}])
    tables = [f for f in translated(mesh, route).model.facts if isinstance(f, RouteTable)]
    audience = tables[0].attachment.audience
    assert audience is not None
    assert [space.value for space in audience.namespaces] == ["shop"]


def injector(proxy: Mapping[str, object]) -> str:
    """The ConfigMap of the injector with these ``global.proxy`` values."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio-sidecar-injector", "namespace": "istio-system"},
            "data": {
                "config": "templates: {}",
                "values": json.dumps({"global": {"proxy": proxy}, "revision": ""}),
            },
        }
    )


def test_the_injectors_values_are_those_of_all_proxies() -> None:
    result = translated(injector({"resources": {"requests": {"cpu": "50m"}}}))
    assert settings(result.model) == {Aspect.CPU_REQUEST: "50m"}
    assert fate_of(result, "data.config") is Fate.INERT


def test_what_the_charts_have_by_themselves_says_nothing() -> None:
    proxy = {
        "includeIPRanges": "*",
        "excludeInboundPorts": "",
        "autoInject": "enabled",
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1024Mi"}},
    }
    assert fate_of(translated(injector(proxy)), "data.values") is Fate.INERT


def test_ports_that_all_proxies_leave_out_less_the_pods_that_say_which() -> None:
    own = WORKLOAD.replace("name: api", "name: own").replace("app: api", "app: own")
    own = own.replace(
        "metadata: {labels: {app: own, version: v1}}",
        "metadata: {labels: {app: own}, annotations: "
        '{traffic.sidecar.istio.io/excludeInboundPorts: "8080"}}',
    )
    rule = policy({"rules": [{"from": [{"source": {"principals": ["cluster.local/ns/a/sa/b"]}}]}]})
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}"
    result = translated(injector({"excludeInboundPorts": "9042"}), space, own, rule)

    def open_port(name: str, port: int) -> bool:
        caller = Caller(mtls=False)
        request = Request(caller=caller, workload=f"Deployment/shop/{name}", port=port)
        return decide_access(result.model, request).allowed

    assert [open_port("api", 9042), open_port("api", 8080)] == [True, False]
    assert [open_port("own", 9042), open_port("own", 8080)] == [False, True]
    texts = {document.resource: document.text for document in result.documents}
    assert 'skip-inbound-ports: "9042"' in texts["Namespace//shop"]
    assert 'skip-inbound-ports: "8080"' in texts["Deployment/shop/own"]
    assert "skip-inbound-ports" not in texts.get("Deployment/shop/api", "")
