"""Reading Gateway API in tests."""

from __future__ import annotations

from ir.behaviour.concrete import decide_route
from ir.behaviour.request import Caller, Delivery, Request
from ir.model import Model
from ir.traffic import RouteTable
from translator import pipeline
from translator.api import Import
from translator.importers.gateway_api import read_mesh
from translator.pipeline import Result, whole
from translator.source.load import load_text

EXPERIMENTAL = "gateway-api@1.6+experimental"
SERVICES = "\n---\n".join(
    f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
    f"spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80}}, {{name: admin, port: 81}}]}}"
    for name in ("api", "old", "new")
)
TO_API = '{group: "", kind: Service, name: api, namespace: shop}'


def route(spec: str, name: str = "r", namespace: str = "shop", kind: str = "HTTPRoute") -> str:
    """A route by its spec."""
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}"
    )


def imported(*texts: str, source: str = "gateway-api", **settings: object) -> Import:
    """What the importer makes of the documents."""
    options = pipeline.options_of(load_text(""), source, "linkerd", settings)
    return read_mesh(load_text("\n---\n".join((SERVICES, *texts))).resources, options)


def read(*texts: str, source: str = "gateway-api", **settings: object) -> Model:
    """All that holds."""
    return whole(imported(*texts, source=source, **settings))


def tables(model: Model) -> list[RouteTable]:
    """The route tables."""
    return [fact for fact in model.facts if isinstance(fact, RouteTable)]


def sent(
    model: Model, path: str = "/", *, client: str = "web", port: int = 80, method: str = "GET"
) -> Delivery:
    """What becomes of a request of a client in a namespace to the service ``shop/api``."""
    request = Request(
        caller=Caller(namespace=client, service_account="default"),
        service="shop/api",
        service_port=port,
        method=method,
        path=path,
        authority="api.shop",
    )
    return decide_route(model, request)


def entered(model: Model, host: str, path: str = "/", *, port: int = 80) -> Delivery:
    """What becomes of a request for ``host`` that enters by the gateway ``edge/gw``."""
    request = Request(
        caller=Caller(), listener="edge/gw", service_port=port, path=path, authority=host
    )
    return decide_route(model, request)


def to_linkerd(*texts: str, source: str = "gateway-api", **settings: object) -> Result:
    """The translation of the documents."""
    loaded = load_text("\n---\n".join((SERVICES, *texts)))
    return pipeline.translate_loaded(
        loaded, pipeline.options_of(loaded, source, "linkerd", settings)
    )
