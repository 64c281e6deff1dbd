"""The mesh-wide configuration: the ConfigMap ``istio`` of the root namespace, and what an IstioOperator says of it.

Field names of istio/api mesh/v1alpha1/config.proto, 1.31, with those that older releases had; how the ConfigMap is found
is istio/istio pilot/pkg/bootstrap/configcontroller.go and pkg/config/mesh/kubemesh/watcher.go, 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ir.membership import Aspect
from ir.provenance import Traced, trail
from translator.api import Inert, Options
from translator.importers.istio.embedded import embedded
from translator.importers.istio.model.mesh import MeshConfig, MeshResource, Provider, Setting
from translator.importers.istio.proxy_config import Treatment, read_proxy_config, whole
from translator.importers.istio.proxy_values import read_values
from translator.importers.istio.virtual_service_effects import read_retry
from translator.importers.istio.virtual_service_scope import Margin
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor
from translator.source.leaves import Node, Resource

_OBSOLETE = "belongs to a component that the source no longer has"
_INGRESS = Aspect.INGRESS
_OWN = "is about the source's own control plane"

FIELDS: Mapping[str, Treatment] = {
    "protocolDetectionTimeout": Aspect.DETECT_TIMEOUT,
    "tcpKeepalive": Aspect.KEEPALIVE,
    "h2UpgradePolicy": Aspect.HTTP2_UPGRADE,
    "localityLbSetting": Aspect.BALANCING,
    "zoneAwareLbSetting": Aspect.BALANCING,
    "defaultInboundHttpRetryPolicy": Aspect.RETRY,
    "defaultTrafficPolicy": Aspect.POOL,
    "inboundTrafficPolicy": Aspect.INBOUND,
    "meshMTLS": Aspect.TLS_VERSION,
    "tlsDefaults": Aspect.TLS_VERSION,
    "caCertificates": Aspect.CERTIFICATES,
    "certificates": Aspect.CERTIFICATES,
    "ca": Aspect.CERTIFICATES,
    "verifyCertificateAtClient": Aspect.CERTIFICATES,
    "discoverySelectors": Aspect.DISCOVERY,
    "serviceSettings": Aspect.NETWORKS,
    "serviceScopeConfigs": Aspect.NETWORKS,
    "serviceEntryVisibility": Aspect.EXPORT,
    "hboneIdleTimeout": Aspect.KEEPALIVE,
    "ingressClass": _INGRESS,
    "ingressControllerMode": _INGRESS,
    "ingressService": _INGRESS,
    "ingressSelector": _INGRESS,
    "dnsRefreshRate": "says how soon a failed look-up of a name is tried anew",
    "proxyListenPort": "is a port of the source's own proxy",
    "proxyInboundListenPort": "is a port of the source's own proxy",
    "proxyHttpPort": "is a port of the source's own proxy",
    "configSources": _OWN,
    "thriftConfig": _OBSOLETE,
    "authPolicy": _OBSOLETE,
    "mixerCheckServer": _OBSOLETE,
    "mixerReportServer": _OBSOLETE,
    "disablePolicyChecks": _OBSOLETE,
    "policyCheckFailOpen": _OBSOLETE,
    "enableClientSidePolicyCheck": _OBSOLETE,
    "disableMixerHttpReports": _OBSOLETE,
    "disableReportBatch": _OBSOLETE,
    "reportBatchMaxEntries": _OBSOLETE,
    "reportBatchMaxTime": _OBSOLETE,
    "sidecarToTelemetrySessionAffinity": _OBSOLETE,
    "sdsUdsPath": _OBSOLETE,
    "sdsRefreshDelay": _OBSOLETE,
    "enableSdsTokenMount": _OBSOLETE,
    "sdsUseK8sSaJwt": _OBSOLETE,
}
"""Fields that no rule of precedence needs."""

TELEMETRY = (
    "accessLogFile", "accessLogFormat", "accessLogEncoding", "enableEnvoyAccessLogService",
    "disableEnvoyListenerLog", "enableTracing", "enablePrometheusMerge", "defaultProviders",
    "inboundClusterStatName", "outboundClusterStatName",
)  # fmt: skip
"""Fields that only observe."""

_NORMALIZATIONS = {
    "DEFAULT": "BASE",
    **{w: w for w in ("NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES")},
}
TYPED = (
    "trustDomain", "trustDomainAliases", "rootNamespace", "pathNormalization",
    "outboundTrafficPolicy", "defaultHttpRetryPolicy", "connectTimeout", "enableAutoMtls",
    "defaultServiceExportTo", "defaultVirtualServiceExportTo", "defaultDestinationRuleExportTo",
    "extensionProviders", "defaultConfig",
)  # fmt: skip
"""Fields that are read one by one."""

BLOCKS = {
    "pathNormalization": ("normalization",),
    "outboundTrafficPolicy": ("mode", "tls"),
    "defaultHttpRetryPolicy": (
        "attempts", "perTryTimeout", "retryOn", "retryRemoteLocalities",
        "retryIgnorePreviousHosts", "backoff",
    ),
}  # fmt: skip
"""What the blocks among them hold."""

_MODES = {mode: mode for mode in ("REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS")}


def is_mesh_config(resource: Resource, options: Options) -> bool:
    """Whether this is the ConfigMap that the control plane (or one revision of it) reads.

    It stands in the namespace of the control plane, which is the root namespace unless the configuration says otherwise.
    """
    named = resource.name == "istio" or resource.name.startswith("istio-")
    if resource.api_version != "v1" or resource.kind != "ConfigMap" or not named:
        return False
    data = resource.node.value.get("data") if isinstance(resource.node.value, dict) else None
    here = (resource.namespace or options.namespace) == options.root_namespace
    return here and isinstance(data, Node) and isinstance(data.value, dict) and "mesh" in data.value


def is_injector_config(resource: Resource, options: Options) -> bool:
    """Whether this is the ConfigMap by which the injector (of one revision) makes proxies."""
    named = resource.name.startswith("istio-sidecar-injector")
    here = (resource.namespace or options.namespace) == options.root_namespace
    return resource.api_version == "v1" and resource.kind == "ConfigMap" and named and here


def read_injector_map(root: Cursor, meta: Meta) -> MeshResource:
    """The injector's ConfigMap: ``data.values`` are those of the charts, ``data.config`` is its template.

    Raises:
        InputError: the values are no JSON.
    """
    data = root.opt_map("data")
    if data is None:
        return MeshResource(meta=meta, config=None)
    quiet = [Inert(leaf, _OWN) for leaf in data.leaf]
    template = data.opt("config")
    if template is not None:
        quiet.extend(Inert(leaf, "is the source's own template") for leaf in template.leaves())
    values = data.opt("values")
    inner = None if values is None else embedded(values)
    settings: tuple[Setting, ...] = ()
    if inner is not None:
        settings, more = read_values(inner, _OWN)
        quiet.extend(more)
    elif values is not None:
        quiet.extend(Inert(leaf, _OWN) for leaf in values.leaf)
    return MeshResource(meta=meta, config=None, quiet=tuple(quiet), settings=settings)


def read_mesh_map(root: Cursor, meta: Meta) -> MeshResource:
    """The ConfigMap: ``data.mesh`` and ``data.meshNetworks`` hold YAML.

    Raises:
        InputError: one of them holds none, or a field of the wrong type.
    """
    data = root.map("data")
    settings: tuple[Setting, ...] = ()
    quiet: tuple[Inert, ...] = ()
    config = MeshConfig(key=meta.key)
    inner = embedded(data.at("mesh"))
    if inner is None:
        quiet = tuple(Inert(leaf, "says nothing") for leaf in data.at("mesh").leaf)
    else:
        config = read_mesh_config(inner, meta, inside=True)
    networks = data.opt("meshNetworks")
    if networks is not None:
        text = networks.as_str()
        found = embedded(networks)
        if found is not None and any(place.node.value for _, place in found.entries()):
            settings = (Setting(field="meshNetworks", aspect=Aspect.NETWORKS, value=text),)
        else:
            quiet += tuple(Inert(leaf, "names no network") for leaf in text.origin)
    return MeshResource(meta=meta, config=config, quiet=quiet, settings=settings)


def read_mesh_config(place: Cursor, meta: Meta, *, inside: bool) -> MeshConfig:
    """The message at ``place``. ``inside``: its values have no leaf of their own.

    Raises:
        InputError: a field of the wrong type, or an unknown word.
    """
    margin = Margin(meta)
    outbound = place.opt_map("outboundTrafficPolicy")
    paths = place.opt_map("pathNormalization")
    config = MeshConfig(
        key=meta.key,
        trust_domain=place.opt_str("trustDomain"),
        trust_domain_aliases=place.opt_strings("trustDomainAliases"),
        root_namespace=place.opt_str("rootNamespace"),
        path_normalization=(
            None if paths is None else paths.opt_enum("normalization", _NORMALIZATIONS)
        ),
        outbound_mode=None if outbound is None else _outbound(outbound),
        retry=read_retry(place, margin, "defaultHttpRetryPolicy"),
        connect_timeout=place.opt_duration("connectTimeout"),
        auto_mtls=place.opt_bool("enableAutoMtls"),
        service_export_to=place.opt_strings("defaultServiceExportTo"),
        virtual_service_export_to=place.opt_strings("defaultVirtualServiceExportTo"),
        destination_rule_export_to=place.opt_strings("defaultDestinationRuleExportTo"),
        providers=tuple(_provider(item, meta) for item in place.opt_list("extensionProviders")),
        refused=tuple(margin.refused),
    )
    return _with_others(config, place, inside=inside)


def _with_others(config: MeshConfig, place: Cursor, *, inside: bool) -> MeshConfig:
    """The configuration with the fields that no rule of precedence needs."""
    settings: list[Setting] = []
    telemetry = [
        Setting(field=key, aspect=Aspect.OTHER, value=whole(place.at(key)))
        for key in TELEMETRY
        if place.has(key)
    ]
    quiet = [Inert(leaf, "an empty block") for key in TYPED for leaf in _empty(place, key)]
    unknown = [key for key in place.keys() if _unknown(key)]  # noqa: SIM118  # a cursor is no dict
    for key, found in FIELDS.items():
        at = place.opt(key)
        if at is None:
            continue
        if isinstance(found, Aspect):
            settings.append(Setting(field=key, aspect=found, value=whole(at)))
        else:
            quiet.extend(Inert(leaf, found) for leaf in at.leaves())
    outbound = place.opt_map("outboundTrafficPolicy")
    if outbound is not None and outbound.has("tls"):
        tls = whole(outbound.at("tls"))
        settings.append(Setting(field="outboundTrafficPolicy.tls", aspect=Aspect.EGRESS, value=tls))
    proxy = place.opt_map("defaultConfig")
    if proxy is not None:
        read = read_proxy_config(proxy)
        settings.extend(read[0])
        telemetry.extend(read[1])
        quiet.extend(read[2])
        unknown.extend(f"defaultConfig.{key}" for key in read[3])
    for key, known in BLOCKS.items():
        block = place.opt_map(key)
        if block is not None:
            unknown.extend(f"{key}.{k}" for k in block.keys() if k not in known)  # noqa: SIM118
    return replace(
        config,
        settings=tuple(settings),
        telemetry=tuple(telemetry),
        quiet=tuple(quiet),
        unknown=tuple(unknown) if inside else (),
        leaf=place.leaves() if inside else (),
    )


def _outbound(block: Cursor) -> Traced[str]:
    """The mode; a block without one takes the place of the default, and the first word of the enumeration refuses."""
    written = block.opt_enum("mode", _MODES)
    return Traced("REGISTRY_ONLY", block.leaf) if written is None else written


def _empty(place: Cursor, key: str) -> tuple[int, ...]:
    """The leaf of an empty block that says nothing by its being there."""
    speaks = key in ("defaultHttpRetryPolicy", "outboundTrafficPolicy")
    return () if speaks else place.empty(key).origin


def _unknown(key: str) -> bool:
    return key not in FIELDS and key not in TELEMETRY and key not in TYPED


def _provider(item: Cursor, meta: Meta) -> Provider:
    """A service outside the mesh that decides or observes; all of it but its name and address is of one piece."""
    kind = next((key for key in item.keys() if key != "name"), "")  # noqa: SIM118
    block = item.opt_map(kind) if kind else None
    rest = tuple(leaf for leaf in item.leaves() if leaf not in item.str("name").origin)
    return Provider(
        name=item.str("name"),
        kind=kind,
        service=None if block is None else block.opt_str("service"),
        trail=trail(f"provider of {meta.key}", *rest),
    )
