"""Labels and annotations of the source on objects that are no mesh's own, and what each is about.

linkerd/linkerd2 pkg/k8s/labels.go, pkg/inject/inject.go and multicluster/service-mirror/cluster_watcher.go, 2.20, with
those that older releases had. Keys that decide who gets in, where requests go and who has a proxy have readers of
their own (``SETTLED``, and the families of ``services.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.membership import Aspect

OBSERVES = "only names or sends what is observed of traffic"
"""The treatment of keys that are telemetry."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A key that changes nothing where it has one of ``values``, for this reason; else it is about something."""

    values: tuple[str, ...]
    reason: str
    else_about: Aspect


Treatment = Aspect | Usual | str
"""What a key is about; a text: nothing that changes traffic, for that reason."""

CONFIG = "config.linkerd.io/"
_LOGS = "says how much the source's own proxy logs"
_WRITTEN = "is written by the source's own controllers"
_INSTALLER = "is how the source's installer tracks its own objects"
_LISTENS = "says on which port the source's own proxy listens"
_DISK = "says how much of a node's disk the source's own proxy may use"
_RUNS = "says as whom the source's own proxy runs"
_DEFAULT = "is what holds anyway"
_AHEAD = "only says which ports the source's own proxy looks up ahead of time"

WEBHOOKS = f"{CONFIG}admission-webhooks"
"""The label of a namespace whose pods no webhook is asked about."""
INJECT = "linkerd.io/inject"
SKIP_SUBNETS = f"{CONFIG}skip-subnets"

SETTLED = frozenset(
    (
        INJECT,
        WEBHOOKS,
        SKIP_SUBNETS,
        f"{CONFIG}default-inbound-policy",
        f"{CONFIG}proxy-require-identity-inbound-ports",
        f"{CONFIG}skip-inbound-ports",
        f"{CONFIG}skip-outbound-ports",
        f"{CONFIG}opaque-ports",
    )
)
"""Keys that readers of their own look at."""

_NATIVE = {
    f"config.{stage}linkerd.io/proxy-enable-native-sidecar": Aspect.NATIVE_SIDECAR
    for stage in ("", "beta.", "alpha.")
}

POD: Mapping[str, Treatment] = {
    f"{CONFIG}proxy-cpu-request": Aspect.CPU_REQUEST,
    f"{CONFIG}proxy-cpu-limit": Aspect.CPU_LIMIT,
    f"{CONFIG}proxy-cpu-ratio-limit": Aspect.WORKERS,
    f"{CONFIG}proxy-memory-request": Aspect.MEMORY_REQUEST,
    f"{CONFIG}proxy-memory-limit": Aspect.MEMORY_LIMIT,
    f"{CONFIG}proxy-ephemeral-storage-request": _DISK,
    f"{CONFIG}proxy-ephemeral-storage-limit": _DISK,
    f"{CONFIG}shutdown-grace-period": Aspect.DRAIN,
    "config.alpha.linkerd.io/proxy-wait-before-exit-seconds": Aspect.DRAIN,
    f"{CONFIG}proxy-await": Aspect.WAIT_FOR_PROXY,
    **_NATIVE,
    f"{CONFIG}proxy-outbound-connect-timeout": Aspect.CONNECT_TIMEOUT,
    f"{CONFIG}proxy-inbound-connect-timeout": Aspect.INBOUND,
    f"{CONFIG}proxy-disable-outbound-protocol-detect-timeout": Usual(
        ("false",), _DEFAULT, Aspect.DETECT_TIMEOUT
    ),
    f"{CONFIG}proxy-disable-inbound-protocol-detect-timeout": Usual(
        ("false",), _DEFAULT, Aspect.DETECT_TIMEOUT
    ),
    f"{CONFIG}proxy-outbound-discovery-cache-unused-timeout": Aspect.CACHE,
    f"{CONFIG}proxy-inbound-discovery-cache-unused-timeout": Aspect.CACHE,
    f"{CONFIG}proxy-image": Aspect.IMAGE,
    f"{CONFIG}proxy-version": Aspect.IMAGE,
    f"{CONFIG}image-pull-policy": Aspect.IMAGE,
    f"{CONFIG}debug-image": Aspect.IMAGE,
    f"{CONFIG}debug-image-version": Aspect.IMAGE,
    f"{CONFIG}debug-image-pull-policy": Aspect.IMAGE,
    f"{CONFIG}init-image": Aspect.IMAGE,
    f"{CONFIG}init-image-version": Aspect.IMAGE,
    f"{CONFIG}enable-debug-sidecar": "adds a container that only looks at traffic",
    f"{CONFIG}proxy-uid": _RUNS,
    f"{CONFIG}proxy-gid": _RUNS,
    f"{CONFIG}proxy-additional-env": Aspect.ENVIRONMENT,
    f"{CONFIG}close-wait-timeout": Aspect.KEEPALIVE,
    f"{CONFIG}enable-external-profiles": Usual(("false",), _DEFAULT, Aspect.EGRESS),
    f"{CONFIG}enable-gateway": Usual(("false",), _DEFAULT, Aspect.NETWORKS),
    f"{CONFIG}access-log": OBSERVES,
    f"{CONFIG}proxy-metrics-hostname-labels": OBSERVES,
    "config.linkerd.io/trace-collector": OBSERVES,
    "config.alpha.linkerd.io/trace-collector-service-account": OBSERVES,
    "viz.linkerd.io/disable-tap": OBSERVES,
    "viz.linkerd.io/tap-enabled": _WRITTEN,
    "jaeger.linkerd.io/tracing-enabled": OBSERVES,
    f"{CONFIG}proxy-log-level": _LOGS,
    f"{CONFIG}proxy-log-format": _LOGS,
    f"{CONFIG}proxy-log-http-headers": _LOGS,
    f"{CONFIG}proxy-admin-shutdown": "says who may end the source's own proxy",
    f"{CONFIG}inbound-port": _LISTENS,
    f"{CONFIG}outbound-port": _LISTENS,
    f"{CONFIG}control-port": _LISTENS,
    f"{CONFIG}admin-port": _LISTENS,
    f"{CONFIG}pod-inbound-ports": _AHEAD,
    "linkerd.io/proxy-version": _WRITTEN,
    "linkerd.io/identity-mode": _WRITTEN,
    "linkerd.io/trust-root-sha256": _WRITTEN,
    "linkerd.io/workload-ns": _WRITTEN,
    "linkerd.io/control-plane-ns": _WRITTEN,
    "linkerd.io/proxy-deployment": _WRITTEN,
    "linkerd.io/proxy-daemonset": _WRITTEN,
    "linkerd.io/proxy-statefulset": _WRITTEN,
    "linkerd.io/proxy-replicaset": _WRITTEN,
    "linkerd.io/proxy-replicationcontroller": _WRITTEN,
    "linkerd.io/proxy-job": _WRITTEN,
    "linkerd.io/proxy-cronjob": _WRITTEN,
    "linkerd.io/created-by": _INSTALLER,
    "linkerd.io/helm-release-version": _INSTALLER,
    "linkerd.io/extension": _INSTALLER,
    "linkerd.io/is-control-plane": _INSTALLER,
    "linkerd.io/control-plane-component": _INSTALLER,
    "linkerd.io/cni-resource": _INSTALLER,
    "linkerd.io/remote-component": _INSTALLER,
    "component.linkerd.io/multicluster": _INSTALLER,
}
"""Keys of pods and of namespaces, whose pods inherit them."""

_MIRRORED = "is written by the source's own mirror of another cluster"

SERVICE: Mapping[str, Treatment] = {
    "mirror.linkerd.io/exported": Aspect.NETWORKS,
    "mirror.linkerd.io/federated": Aspect.NETWORKS,
    "mirror.linkerd.io/mirrored-service": Aspect.NETWORKS,
    "mirror.linkerd.io/mirrored-gateway": Aspect.NETWORKS,
    "mirror.linkerd.io/multicluster-gateway": Aspect.NETWORKS,
    "mirror.linkerd.io/gateway": Aspect.NETWORKS,
    "multicluster.linkerd.io/remote-discovery": Aspect.NETWORKS,
    "multicluster.linkerd.io/local-discovery": Aspect.NETWORKS,
    "multicluster.linkerd.io/remote-service": _MIRRORED,
    "mirror.linkerd.io/cluster-name": _MIRRORED,
    "mirror.linkerd.io/headless-mirror-svc-name": _MIRRORED,
    "mirror.linkerd.io/remote-svc-fq-name": _MIRRORED,
    "mirror.linkerd.io/remote-gateway-identity": _MIRRORED,
    "mirror.linkerd.io/remote-resource-version": _MIRRORED,
    "mirror.linkerd.io/gateway-identity": "says who the source's own gateway between clusters is",
    **dict.fromkeys(
        (
            "mirror.linkerd.io/probe-period",
            "mirror.linkerd.io/probe-path",
            "mirror.linkerd.io/probe-timeout",
            "mirror.linkerd.io/probe-failure-threshold",
        ),
        "says how the source's own gateway between clusters is checked",
    ),
    "linkerd.io/created-by": _INSTALLER,
    "linkerd.io/helm-release-version": _INSTALLER,
    "linkerd.io/extension": _INSTALLER,
    "linkerd.io/control-plane-ns": _INSTALLER,
    "linkerd.io/control-plane-component": _INSTALLER,
    "component.linkerd.io/multicluster": _INSTALLER,
}
"""Keys of Services, less those of the families that are read in ``services.py``."""


def is_own(key: str) -> bool:
    """Whether a label or annotation is one of the source's."""
    prefix, slash, _ = key.partition("/")
    return bool(slash) and (prefix == "linkerd.io" or prefix.endswith(".linkerd.io"))
