"""The meshes, by name; the one place that imports one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from translator.errors import TargetError

if TYPE_CHECKING:  # the command line starts without the model
    from translator.api import Exporter, Import, Importer, Options, Row
    from translator.bridges.api import Bridge
    from translator.source.leaves import Resource

MESHES = ("istio", "linkerd", "cilium", "gateway-api")
"""Every mesh that the tool is for; importing this module imports none of them."""

SOURCES = ("istio", "linkerd", "cilium", "gateway-api")
"""Meshes that have an importer today."""

TARGETS = ("linkerd", "cilium", "gateway-api", "istio")
"""Meshes that have an exporter today."""

GATEWAY_API = "gateway-api"

BRIDGES = ("istio", "linkerd", "cilium", GATEWAY_API)
"""Meshes that can be told to serve beside another."""

_NO_PLANS = {
    (
        None,
        GATEWAY_API,
    ): "it is a set of kinds, no mesh: no pod joins it. For gateways and their routes, translate with "
    "{source}-to-gateway-api --gateway-class NAME: what is written stands beside the old gateway until names are switched. "
    "For pods, plan to the mesh that reads these kinds; with --gateway-class its plan has a wave for gateways",
    (
        GATEWAY_API,
        "cilium",
    ): "Cilium is the network of every pod already, and none has to move. Translate with "
    "gateway-api-to-cilium, and with --gateway-class cilium where its controller is to serve the gateways",
}
"""Ways that no plan leads, and why."""

_GROUPS = {
    "istio": ("istio.io",),
    "linkerd": ("linkerd.io", "split.smi-spec.io"),
    "cilium": ("cilium.io",),
    GATEWAY_API: ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io"),
}


def pairs() -> tuple[tuple[str, str], ...]:
    """The translations that work today, source and target, in a fixed order."""
    return tuple((a, b) for a in SOURCES for b in TARGETS if a != b)


def load_importer(mesh: str) -> Importer:
    """The importer of a mesh, which sees no object that another one makes, nor one that stands again further on.

    Raises:
        TargetError: there is none.
    """
    # not before there is anything to read
    from translator.resources.kubernetes.made import standing
    from translator.resources.kubernetes.repeated import last_ones, with_repeated

    if mesh not in SOURCES:
        message = f'"{mesh}" cannot be read yet: expected one of {", ".join(SOURCES)}.'
        raise TargetError(message)
    read = cast("Importer", import_module(f"translator.importers.{_folder(mesh)}").read_mesh)

    def read_last(resources: Sequence[Resource], options: Options) -> Import:
        left, gone = last_ones(resources, options.namespace)
        return with_repeated(read(standing(left, options.namespace), options), gone)

    return read_last


def load_exporter(mesh: str) -> Exporter:
    """The exporter of a mesh.

    Raises:
        TargetError: there is none.
    """
    if mesh not in TARGETS:
        message = f'"{mesh}" cannot be written yet: expected one of {", ".join(TARGETS)}.'
        raise TargetError(message)
    module = import_module(f"translator.exporters.{_folder(mesh)}")
    return cast("Exporter", module.write_mesh)


def load_bridges(source: str, target: str) -> tuple[Bridge, Bridge]:
    """How two meshes serve beside each other.

    Raises:
        TargetError: no plan leads from the one to the other; says why.
    """
    why = _NO_PLANS.get((None, target)) or _NO_PLANS.get((source, target))
    if why and source != target:
        message = f"no plan leads from {source} to {target}: {why.format(source=source)}."
        raise TargetError(message)
    if source == target:
        message = (
            f"no plan leads from {source} to {target}: it is the same mesh. Its sidecars and the agents of an ambient mesh know "
            "each other's identities, so that nothing has to be opened: follow its own guide from the one to the other."
        )
        raise TargetError(message)
    return _bridge(source), _bridge(target)


def _bridge(mesh: str) -> Bridge:
    if mesh not in BRIDGES:
        message = f'there is no mesh "{mesh}": expected one of {", ".join(BRIDGES)}.'
        raise TargetError(message)
    return cast("Bridge", import_module(f"translator.bridges.{_folder(mesh)}").BRIDGE)


def capability_rows(mesh: str) -> tuple[Row, ...]:
    """The rows of a target's capability table; none where it has no exporter."""
    name = f"translator.exporters.{_folder(mesh)}.capabilities"
    if mesh not in TARGETS or find_spec(name) is None:
        return ()
    return cast("tuple[Row, ...]", import_module(name).ROWS)


def detect(resources: Sequence[Resource]) -> tuple[str, ...]:
    """The meshes whose kinds are among the resources, in the registry's order."""
    groups = {resource.api_version.rpartition("/")[0] for resource in resources}
    return tuple(
        mesh
        for mesh in MESHES
        if any(g == own or g.endswith(f".{own}") for g in sorted(groups) for own in _GROUPS[mesh])
    )


def spoken_to(resources: Sequence[Resource]) -> tuple[str, ...]:
    """The meshes whose configuration the resources are, in the registry's order.

    By kinds, else by the labels and annotations by which objects of Kubernetes join. All meshes read the kinds of Gateway
    API: they are a mesh of their own only where no other is spoken to.
    """
    from translator.resources.kubernetes.marks import marked  # not before there is anything to read

    kinds = detect(resources)
    own = tuple(mesh for mesh in kinds if mesh != GATEWAY_API)
    return own or marked(resources) or kinds


def others_than(mesh: str, resources: Sequence[Resource]) -> tuple[str, ...]:
    """The meshes whose configuration the resources are where none of it is this one's; Gateway API is read by all."""
    from translator.resources.kubernetes.marks import marked  # not before there is anything to read

    kinds, marks = detect(resources), marked(resources)
    others = tuple(m for m in spoken_to(resources) if m != GATEWAY_API)
    return () if mesh in (*kinds, *marks) or GATEWAY_API in kinds else others


def _folder(mesh: str) -> str:
    return mesh.replace("-", "_")
