"""``values`` of the charts: what they say of every proxy; all else installs the control plane.

istio/istio manifests/charts/istio-control/istio-discovery/values.yaml and files/injection-template.yaml, 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping

from ir.membership import Aspect
from translator.api import Inert
from translator.importers.istio.model.mesh import Setting
from translator.importers.istio.proxy_config import whole
from translator.source.cursor import Cursor

PROXY: Mapping[str, Aspect] = {
    "includeIPRanges": Aspect.CAPTURE_OUT,
    "excludeIPRanges": Aspect.CAPTURE_OUT,
    "includeInboundPorts": Aspect.CAPTURE,
    "excludeInboundPorts": Aspect.CAPTURE,
    "includeOutboundPorts": Aspect.CAPTURE_OUT,
    "excludeOutboundPorts": Aspect.CAPTURE_OUT,
    "holdApplicationUntilProxyStarts": Aspect.WAIT_FOR_PROXY,
    "autoInject": Aspect.TEMPLATE,
}
"""``global.proxy``: what is captured, and when."""

RESOURCES: Mapping[tuple[str, str], Aspect] = {
    ("requests", "cpu"): Aspect.CPU_REQUEST,
    ("limits", "cpu"): Aspect.CPU_LIMIT,
    ("requests", "memory"): Aspect.MEMORY_REQUEST,
    ("limits", "memory"): Aspect.MEMORY_LIMIT,
}

USUAL: Mapping[str, tuple[object, ...]] = {
    "includeIPRanges": ("*",),
    "includeInboundPorts": ("*",),
    "holdApplicationUntilProxyStarts": (False,),
    "autoInject": ("enabled",),
    "enabled": (False,),
    "rewriteAppHTTPProbe": (True,),
    "enableNamespacesByDefault": (False,),
    "cpu": ("100m", "2000m"),
    "memory": ("128Mi", "1024Mi"),
}
"""Values that the charts have by themselves, by the last part of the field's path."""

MESH: Mapping[tuple[str, ...], Aspect] = {
    ("global", "multiCluster", "enabled"): Aspect.NETWORKS,
    ("global", "meshNetworks"): Aspect.NETWORKS,
    ("global", "network"): Aspect.NETWORKS,
    ("sidecarInjectorWebhook", "rewriteAppHTTPProbe"): Aspect.PROBES,
    ("sidecarInjectorWebhook", "enableNamespacesByDefault"): Aspect.TEMPLATE,
    ("pilot", "env"): Aspect.ENVIRONMENT,
}


def read_values(values: Cursor, installs: str) -> tuple[tuple[Setting, ...], tuple[Inert, ...]]:
    """Settings of all proxies, and the rest with the reason ``installs``."""
    found: list[Setting] = []
    for path, aspect in (*MESH.items(), *_of_proxies()):
        place = _at(values, *path)
        if place is not None and place.node.value not in ("", {}, [], *USUAL.get(path[-1], ())):
            field = ".".join(("values", *path))
            found.append(Setting(field=field, aspect=aspect, value=whole(place)))
    spent = {leaf for setting in found for leaf in setting.value.origin}
    mesh = values.opt("meshConfig")
    if mesh is not None:
        spent.update(_quietly(mesh))
    rest = [leaf for leaf in _quietly(values) if leaf not in spent]
    for leaf in rest:
        values.reads.add(leaf)
    return tuple(found), tuple(Inert(leaf, installs) for leaf in rest)


def _of_proxies() -> list[tuple[tuple[str, ...], Aspect]]:
    ports = [(("global", "proxy", key), aspect) for key, aspect in PROXY.items()]
    sizes = [(("global", "proxy", "resources", *key), aspect) for key, aspect in RESOURCES.items()]
    return [*ports, *sizes]


def _at(place: Cursor, *path: str) -> Cursor | None:
    here: Cursor | None = place
    for key in path:
        if here is None or not isinstance(here.node.value, dict):
            return None
        here = here.opt(key)
    return here


def _quietly(place: Cursor) -> tuple[int, ...]:
    """Leaves at and below a place that are not taken for read by it."""
    return Cursor(place.resource, place.node, place.path, set()).leaves()
