"""The settings of a proxy: ``meshConfig.defaultConfig``, the annotation ``proxy.istio.io/config``.

Field names of istio/api mesh/v1alpha1/proxy.proto, 1.31, with those that older releases had.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ir.membership import Aspect
from ir.provenance import Traced
from translator.api import Inert
from translator.importers.istio.model.mesh import Setting
from translator.source.cursor import Cursor
from translator.source.leaves import plain

Treatment = Aspect | str
"""What a field is about; a text is the reason for which it changes no traffic."""

_AGENT = "says where the source's own agent finds its parts"
_OBSERVES = "only names or sends what is observed of traffic"

TELEMETRY = (
    "tracing", "zipkinAddress", "envoyAccessLogService", "envoyMetricsService", "statsdUdpAddress",
    "proxyStatsMatcher", "extraStatTags", "fileFlushInterval", "fileFlushMinSizeKb",
)  # fmt: skip
"""Fields that only observe."""

FIELDS: Mapping[str, Treatment] = {
    "concurrency": Aspect.WORKERS,
    "holdApplicationUntilProxyStarts": Aspect.WAIT_FOR_PROXY,
    "terminationDrainDuration": Aspect.DRAIN,
    "drainDuration": "is about restarts of the source's proxy within its pod",
    "parentShutdownDuration": "is about restarts of the source's proxy within its pod",
    "image": Aspect.IMAGE,
    "proxyMetadata": Aspect.ENVIRONMENT,
    "runtimeValues": Aspect.BOOTSTRAP,
    "customConfigFile": Aspect.BOOTSTRAP,
    "proxyBootstrapTemplatePath": Aspect.BOOTSTRAP,
    "interceptionMode": Aspect.CAPTURE,
    "readinessProbe": "asks whether the source's own proxy is ready",
    "gatewayTopology": Aspect.TRUSTED_HOPS,
    "proxyHeaders": Aspect.HEADERS,
    "connectTimeout": Aspect.CONNECT_TIMEOUT,
    "caCertificatesPem": Aspect.CERTIFICATES,
    "privateKeyProvider": Aspect.CERTIFICATES,
    "sds": Aspect.CERTIFICATES,
    "controlPlaneAuthPolicy": "secures the source's own control plane",
    "configPath": _AGENT,
    "binaryPath": _AGENT,
    "discoveryAddress": _AGENT,
    "discoveryRefreshDelay": _AGENT,
    "proxyAdminPort": _AGENT,
    "statusPort": _AGENT,
    "serviceCluster": _OBSERVES,
    "tracingServiceName": _OBSERVES,
    "statNameLength": _OBSERVES,
    "meshId": _OBSERVES,
    "availabilityZone": "says in which zone the proxy is, for its own control plane",
}
"""What each field is about."""


def read_proxy_config(
    place: Cursor,
) -> tuple[tuple[Setting, ...], tuple[Setting, ...], tuple[Inert, ...], tuple[str, ...]]:
    """Settings, telemetry, what changes no traffic, and the names of fields that are not known."""
    settings: list[Setting] = []
    telemetry: list[Setting] = []
    quiet: list[Inert] = []
    unknown: list[str] = []
    for key in place.keys():  # noqa: SIM118  # a cursor is no dict
        if key in TELEMETRY:
            telemetry.append(Setting(field=key, aspect=Aspect.OTHER, value=whole(place.at(key))))
        elif key not in FIELDS:
            unknown.append(key)
        else:
            found = FIELDS[key]
            if isinstance(found, Aspect):
                settings.append(Setting(field=key, aspect=found, value=whole(place.at(key))))
            else:
                quiet.extend(Inert(leaf, found) for leaf in place.at(key).leaves())
    quiet.extend(Inert(leaf, "an empty block") for leaf in place.leaf)
    return tuple(settings), tuple(telemetry), tuple(quiet), tuple(unknown)


def whole(place: Cursor) -> Traced[str]:
    """What stands at a place, as one value: a text as it is, all else as JSON."""
    value = plain(place.node)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return Traced(text, place.leaves())
