"""Which mesh's configuration an input is."""

from __future__ import annotations

import pytest

from translator.pipeline import options_of
from translator.registry import spoken_to
from translator.source.load import load_text

ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {}\n"
RULE = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: a}\n"
CNP = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {endpointSelector: {}}\n"


def pod(metadata: str) -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        f"spec: {{template: {{metadata: {{{metadata}}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("texts", "meshes"),
    [
        ((RULE,), ("istio",)),
        ((ROUTE,), ("gateway-api",)),
        ((RULE, ROUTE), ("istio",)),
        ((RULE, CNP), ("istio", "cilium")),
        ((RULE, pod("annotations: {linkerd.io/inject: enabled}")), ("istio",)),
        ((ROUTE, pod("annotations: {linkerd.io/inject: enabled}")), ("linkerd",)),
        ((pod("labels: {sidecar.istio.io/inject: 'true'}"),), ("istio",)),
        ((pod("annotations: {policy.cilium.io/no-track-port: '53'}"),), ("cilium",)),
        ((pod("labels: {app: a}"),), ()),
        ((pod("labels: {notistio.io/a: a, my-linkerd.io.example/x: y}"),), ()),
    ],
)
def test_kinds_count_before_labels_and_gateway_api_last(
    texts: tuple[str, ...], meshes: tuple[str, ...]
) -> None:
    assert spoken_to(load_text("---\n".join(texts)).resources) == meshes


def test_a_translation_finds_its_source_by_labels_and_beside_routes() -> None:
    for text in (pod("labels: {sidecar.istio.io/inject: 'true'}"), f"{RULE}---\n{ROUTE}"):
        assert options_of(load_text(text), "auto", "linkerd", {}).source.mesh == "istio"
