"""The mesh-wide configuration as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.match import Labels
from ir.membership import Aspect
from ir.provenance import Traced, Trail
from ir.resilience import Retry
from translator.api import Inert
from translator.importers.istio.model.routing import Refused
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A field that no rule of precedence needs: ``field`` is its path below the configuration.

    ``value`` is what is written there, a block as JSON.
    """

    field: str
    aspect: Aspect
    value: Traced[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An item of ``extensionProviders``: ``kind`` is the field that says what it is (``envoyExtAuthzGrpc``).

    ``trail`` holds what is said beside name and kind.
    """

    name: Traced[str]
    kind: str
    service: Traced[str] | None
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshConfig:
    """``istio.mesh.v1alpha1.MeshConfig``; what is absent has the default of the mesh.

    Whoever reads a field in a module of ``link`` takes care of its leaves: it takes the field off
    ``link/mesh_config.py``, which reports the others.
    """

    key: str = ""
    """``Kind/namespace/name`` of the object that holds it; empty where the input has none."""
    trust_domain: Traced[str] | None = None
    trust_domain_aliases: tuple[Traced[str], ...] = ()
    root_namespace: Traced[str] | None = None
    path_normalization: Traced[str] | None = None
    """``NONE``, ``BASE``, ``MERGE_SLASHES`` or ``DECODE_AND_MERGE_SLASHES``."""
    outbound_mode: Traced[str] | None = None
    """``REGISTRY_ONLY``, ``ALLOW_ANY`` or ``ALLOW_ANY_DYNAMIC_DNS``."""
    retry: Retry | None = None
    connect_timeout: Traced[float] | None = None
    auto_mtls: Traced[bool] | None = None
    service_export_to: tuple[Traced[str], ...] = ()
    virtual_service_export_to: tuple[Traced[str], ...] = ()
    destination_rule_export_to: tuple[Traced[str], ...] = ()
    providers: tuple[Provider, ...] = ()
    settings: tuple[Setting, ...] = ()
    telemetry: tuple[Setting, ...] = ()
    """Settings of logs, metrics and traces; their aspect says nothing."""
    refused: tuple[Refused, ...] = ()
    quiet: tuple[Inert, ...] = ()
    unknown: tuple[str, ...] = ()
    """Fields that are not known, where no leaf of their own shows them as not read."""
    leaf: tuple[int, ...] = ()
    """The leaf that holds the whole text, where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshResource:
    """An object that holds the configuration of the mesh: the ConfigMap ``istio`` or an IstioOperator.

    ``config`` is absent where it is the injector's.
    """

    meta: Meta
    config: MeshConfig | None
    quiet: tuple[Inert, ...] = ()
    """What else it says that changes no traffic."""
    settings: tuple[Setting, ...] = ()
    """What else it says of proxies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfig:
    """``networking.istio.io`` ProxyConfig."""

    meta: Meta
    selector: Traced[Labels] | None
    settings: tuple[Setting, ...]
    trail: Trail
