"""That an age had to be guessed is taken for granted only where two objects may meet whose age decides between them."""

from __future__ import annotations

import pytest

from translator.importers.linked import AGE
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text


def guessed(text: str, mesh: str) -> bool:
    """Whether the age of some object had to be guessed."""
    options = options_of(load_text(""), mesh, "cilium", {})
    return AGE in load_importer(mesh)(load_text(text).resources, options).model.assumptions


def servers(*of: tuple[str, str]) -> str:
    """Servers by the label and the port that they are for."""
    return "\n---\n".join(
        "apiVersion: policy.linkerd.io/v1beta3\nkind: Server\n"
        f"metadata: {{name: s{number}, namespace: shop}}\n"
        f"spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, port: {port}}}"
        for number, (app, port) in enumerate(of)
    )


@pytest.mark.parametrize(
    ("of", "meet"),
    [
        ([("a", "80"), ("b", "80")], False),
        ([("a", "80"), ("a", "81")], False),
        ([("a", "80"), ("a", "80")], True),
    ],
)
def test_servers_of_one_port_of_one_pod(of: list[tuple[str, str]], meet: bool) -> None:  # noqa: FBT001  # a parameter
    assert guessed(servers(*of), "linkerd") is meet


def guarded_by(*routes: str) -> str:
    """A Server with a route for each of the paths."""
    bound = (
        "apiVersion: policy.linkerd.io/v1beta3\nkind: HTTPRoute\n"
        f"metadata: {{name: r{number}, namespace: shop}}\n"
        "spec: {parentRefs: [{group: policy.linkerd.io, kind: Server, name: s0}], "
        f"rules: [{{matches: [{{path: {{value: {path}}}}}]}}]}}"
        for number, path in enumerate(routes)
    )
    return "\n---\n".join((servers(("a", "80")), *bound))


@pytest.mark.parametrize(
    ("paths", "meet"), [(("/a",), False), (("/a", "/bc"), False), (("/a", "/b"), True)]
)
def test_routes_of_one_server(paths: tuple[str, ...], meet: bool) -> None:  # noqa: FBT001  # a parameter
    assert guessed(guarded_by(*paths), "linkerd") is meet


def routes(*services: str) -> str:
    """A route for each of the services."""
    return "\n---\n".join(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        f"metadata: {{name: r{number}, namespace: shop}}\n"
        f"spec: {{parentRefs: [{{group: '', kind: Service, name: {name}, port: 80}}], "
        f"rules: [{{backendRefs: [{{name: {name}, port: 80}}]}}]}}"
        for number, name in enumerate(services)
    )


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api"])
@pytest.mark.parametrize(("services", "meet"), [(("a", "b"), False), (("a", "a"), True)])
def test_routes_of_one_service(mesh: str, services: tuple[str, str], meet: bool) -> None:  # noqa: FBT001  # a parameter
    assert guessed(routes(*services), mesh) is meet


@pytest.mark.parametrize(("labels", "meet"), [(("app: a", "app: b"), False), (("app: a", "tier: x"), True)])  # fmt: skip
def test_sidecars_of_one_pod(labels: tuple[str, str], meet: bool) -> None:  # noqa: FBT001  # a parameter
    text = "\n---\n".join(
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
        f"metadata: {{name: s{number}, namespace: shop}}\n"
        f"spec: {{workloadSelector: {{labels: {{{own}}}}}, egress: [{{hosts: [./*]}}]}}"
        for number, own in enumerate(labels)
    )
    assert guessed(text, "istio") is meet
