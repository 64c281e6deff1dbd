"""``install.istio.io`` IstioOperator: the mesh configuration, and how the control plane is installed.

istio/istio operator/pkg/apis/istio/v1alpha1 and manifests/charts values.yaml, 1.31.
"""

from __future__ import annotations

from translator.api import Inert
from translator.importers.istio.mesh_config import read_mesh_config
from translator.importers.istio.model.mesh import MeshConfig, MeshResource, Setting
from translator.importers.istio.proxy_values import read_values
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

_INSTALLS = "installs the source's control plane and its gateways"
INSTALLATION = (
    "profile", "hub", "tag", "revision", "namespace", "resourceSuffix", "installPackagePath",
    "components", "addonComponents", "compatibilityVersion", "unvalidatedValues",
)  # fmt: skip
"""Fields that say how the control plane gets into the cluster."""


def read_istio_operator(root: Cursor, meta: Meta) -> MeshResource:
    """The operator's ``spec``; ``values`` are those of the charts.

    Raises:
        InputError: a field of the mesh configuration has the wrong type.
    """
    spec = root.opt_map("spec")
    if spec is None:
        return MeshResource(meta=meta, config=MeshConfig(key=meta.key))
    quiet = [Inert(leaf, _INSTALLS) for leaf in spec.leaf]
    for key in INSTALLATION:
        found = spec.opt(key)
        if found is not None:
            quiet.extend(Inert(leaf, _INSTALLS) for leaf in found.leaves())
    settings: tuple[Setting, ...] = ()
    values = spec.opt_map("values")
    own = spec.opt_map("meshConfig")
    charts = None if values is None else values.opt_map("meshConfig")
    place = own if own is not None else charts
    config = MeshConfig(key=meta.key)
    if place is not None:
        config = read_mesh_config(place, meta, inside=False)
    if values is not None:
        settings, more = read_values(values, _INSTALLS)
        quiet.extend(more)
    return MeshResource(meta=meta, config=config, quiet=tuple(quiet), settings=settings)
