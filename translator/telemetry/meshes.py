"""The vocabularies of the meshes, from their own documentation and charts; Gateway API counts nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from translator.telemetry.vocabulary import (
    Dimension,
    Label,
    Measure,
    Series,
    Shape,
    Side,
    Vocabulary,
)

_ISTIO_LABELS: Mapping[Dimension, Label] = {
    Dimension.CLIENT_WORKLOAD: Label("source_workload"),
    Dimension.CLIENT_NAMESPACE: Label("source_workload_namespace"),
    Dimension.CLIENT_APP: Label("source_app"),
    Dimension.CLIENT_VERSION: Label("source_version"),
    Dimension.CLIENT_IDENTITY: Label("source_principal"),
    Dimension.SERVER_WORKLOAD: Label("destination_workload"),
    Dimension.SERVER_NAMESPACE: Label("destination_workload_namespace"),
    Dimension.SERVER_APP: Label("destination_app"),
    Dimension.SERVER_VERSION: Label("destination_version"),
    Dimension.SERVICE: Label("destination_service_name"),
    Dimension.SERVICE_NAMESPACE: Label("destination_service_namespace"),
    Dimension.SERVICE_HOST: Label("destination_service"),
    Dimension.STATUS: Label("response_code"),
    Dimension.GRPC_STATUS: Label("grpc_response_status"),
    Dimension.PROTOCOL: Label("request_protocol"),
    Dimension.MUTUAL_TLS: Label("connection_security_policy"),
    Dimension.REASON: Label("response_flags"),
    Dimension.BUCKET: Label("le"),
}

_HISTOGRAM = Shape.HISTOGRAM

ISTIO = Vocabulary(
    mesh="istio",
    side="reporter",
    sides={Side.CLIENT: "source", Side.SERVER: "destination"},
    series=(
        Series(name="istio_requests_total", measure=Measure.REQUESTS),
        Series(
            name="istio_request_duration_milliseconds",
            measure=Measure.DURATION,
            shape=_HISTOGRAM,
            unit="milliseconds",
        ),
        Series(
            name="istio_request_bytes",
            measure=Measure.REQUEST_BYTES,
            shape=_HISTOGRAM,
            unit="bytes",
        ),
        Series(
            name="istio_response_bytes",
            measure=Measure.RESPONSE_BYTES,
            shape=_HISTOGRAM,
            unit="bytes",
        ),
        Series(name="istio_request_messages_total", measure=Measure.MESSAGES_SENT),
        Series(name="istio_response_messages_total", measure=Measure.MESSAGES_RECEIVED),
        Series(
            name="istio_tcp_sent_bytes_total",
            measure=Measure.BYTES_TO_CLIENT,
            note="only connections that are not read as HTTP",
        ),
        Series(
            name="istio_tcp_received_bytes_total",
            measure=Measure.BYTES_TO_SERVER,
            note="only connections that are not read as HTTP",
        ),
        Series(
            name="istio_tcp_connections_opened_total",
            measure=Measure.OPENED,
            note="only connections that are not read as HTTP",
        ),
        Series(
            name="istio_tcp_connections_closed_total",
            measure=Measure.CLOSED,
            note="only connections that are not read as HTTP",
        ),
    ),
    labels={Side.CLIENT: _ISTIO_LABELS, Side.SERVER: _ISTIO_LABELS},
    yes="mutual_tls",
    prefixes=("istio_", "pilot_", "envoy_", "citadel_", "galley_", "ztunnel_"),
    needs="Prometheus scrapes port 15020 (/stats/prometheus) of pods with a sidecar, and istiod.",
    dashboards="Grafana dashboards of Istio (mesh, service, workload, control plane), Kiali",
    sources=("https://istio.io/latest/docs/reference/config/metrics/",),
)

_KINDS = {
    "Deployment": "{}deployment",
    "StatefulSet": "{}statefulset",
    "DaemonSet": "{}daemonset",
    "ReplicaSet": "{}replicaset",
    "ReplicationController": "{}replicationcontroller",
    "Job": "{}k8s_job",
}


def _workload(prefix: str) -> Label:
    """Linkerd names a workload by a label for each kind."""
    names = {kind: name.format(prefix) for kind, name in _KINDS.items()}
    return Label(names["Deployment"], names)


LINKERD = Vocabulary(
    mesh="linkerd",
    side="direction",
    sides={Side.CLIENT: "outbound", Side.SERVER: "inbound"},
    series=(
        Series(name="response_total", measure=Measure.REQUESTS),
        Series(name="request_total", measure=Measure.REQUESTS_BEGUN),
        Series(
            name="response_latency_ms",
            measure=Measure.FIRST_BYTE,
            shape=_HISTOGRAM,
            unit="milliseconds",
        ),
        Series(
            name="tcp_write_bytes_total",
            measure=Measure.BYTES_TO_CLIENT,
            fixed={"peer": "src"},
            note="all connections, those of HTTP too; counted when they close",
        ),
        Series(
            name="tcp_read_bytes_total",
            measure=Measure.BYTES_TO_SERVER,
            fixed={"peer": "src"},
            note="all connections, those of HTTP too; counted when they close",
        ),
        Series(
            name="tcp_open_total",
            measure=Measure.OPENED,
            fixed={"peer": "src"},
            note="all connections, those of HTTP too",
        ),
        Series(
            name="tcp_close_total",
            measure=Measure.CLOSED,
            fixed={"peer": "src"},
            note="all connections, those of HTTP too",
        ),
        Series(name="inbound_http_authz_deny_total", measure=Measure.REFUSED),
    ),
    labels={
        Side.SERVER: {
            Dimension.SERVER_WORKLOAD: _workload(""),
            Dimension.SERVER_NAMESPACE: Label("namespace"),
            Dimension.SERVER_APP: Label("app"),
            Dimension.SERVER_VERSION: Label("version"),
            Dimension.SERVICE_NAMESPACE: Label("namespace"),
            Dimension.CLIENT_IDENTITY: Label("client_id"),
            Dimension.STATUS: Label("status_code"),
            Dimension.GRPC_STATUS: Label("grpc_status_code"),
            Dimension.MUTUAL_TLS: Label("tls"),
            Dimension.OUTCOME: Label("classification"),
            Dimension.BUCKET: Label("le"),
        },
        Side.CLIENT: {
            Dimension.CLIENT_WORKLOAD: _workload(""),
            Dimension.CLIENT_NAMESPACE: Label("namespace"),
            Dimension.CLIENT_APP: Label("app"),
            Dimension.CLIENT_VERSION: Label("version"),
            Dimension.SERVER_WORKLOAD: _workload("dst_"),
            Dimension.SERVER_NAMESPACE: Label("dst_namespace"),
            Dimension.SERVICE: Label("dst_service"),
            Dimension.SERVICE_NAMESPACE: Label("dst_namespace"),
            Dimension.STATUS: Label("status_code"),
            Dimension.GRPC_STATUS: Label("grpc_status_code"),
            Dimension.MUTUAL_TLS: Label("tls"),
            Dimension.OUTCOME: Label("classification"),
            Dimension.BUCKET: Label("le"),
        },
    },
    yes="true",
    prefixes=(
        "response_latency_ms",
        "route_request_total",
        "route_response_",
        "control_request_total",
        "control_response_",
        "inbound_http_",
        "inbound_tcp_",
        "outbound_http_",
        "outbound_grpc_",
        "outbound_tcp_",
    ),
    marks=(
        "direction",
        "authority",
        "classification",
        "dst_deployment",
        "dst_namespace",
        "dst_service",
        "dst_statefulset",
        "peer",
        "rt_route",
    ),
    needs="Prometheus scrapes port 4191 (linkerd-admin) of each pod and turns the pod's labels into labels, as the "
    "configuration of Linkerd Viz does.",
    dashboards="Linkerd Viz, and its Grafana dashboards (top line, deployment, pod, service, route, authority)",
    sources=(
        "https://linkerd.io/2-edge/reference/proxy-metrics/",
        "https://github.com/linkerd/linkerd2/blob/main/viz/charts/linkerd-viz/templates/prometheus.yaml",
    ),
)

_HUBBLE_LABELS: Mapping[Dimension, Label] = {
    Dimension.CLIENT_WORKLOAD: Label("source_workload"),
    Dimension.CLIENT_NAMESPACE: Label("source_namespace"),
    Dimension.SERVER_WORKLOAD: Label("destination_workload"),
    Dimension.SERVER_NAMESPACE: Label("destination_namespace"),
    Dimension.SERVICE_NAMESPACE: Label("destination_namespace"),
    Dimension.STATUS: Label("status"),
    Dimension.METHOD: Label("method"),
    Dimension.PROTOCOL: Label("protocol"),
    Dimension.BUCKET: Label("le"),
}

CILIUM = Vocabulary(
    mesh="cilium",
    side="reporter",
    sides={Side.CLIENT: "client", Side.SERVER: "server"},
    series=(
        Series(
            name="hubble_http_requests_total",
            measure=Measure.REQUESTS,
            note="only requests that a policy or a route of layer 7 lets the proxy see",
        ),
        Series(
            name="hubble_http_request_duration_seconds",
            measure=Measure.DURATION,
            shape=_HISTOGRAM,
            unit="seconds",
            note="only requests that a policy or a route of layer 7 lets the proxy see; no status",
        ),
        Series(name="hubble_drop_total", measure=Measure.DROPPED),
    ),
    labels={Side.CLIENT: _HUBBLE_LABELS, Side.SERVER: _HUBBLE_LABELS},
    prefixes=("hubble_", "cilium_"),
    needs="Hubble's metrics are switched on with httpV2:labelsContext=source_namespace,source_workload,"
    "destination_namespace,destination_workload, and Prometheus scrapes port 9965 of the agents.",
    dashboards="Hubble UI, and the Grafana dashboards of Cilium and Hubble (agent, operator, layer 7 HTTP by workload)",
    sources=("https://docs.cilium.io/en/stable/observability/metrics/#hubble-exported-metrics",),
)

VOCABULARIES: Mapping[str, Vocabulary] = MappingProxyType(
    {one.mesh: one for one in (ISTIO, LINKERD, CILIUM)}
)
"""By mesh. What implements Gateway API counts in words of its own."""
