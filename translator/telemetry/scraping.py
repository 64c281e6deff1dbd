"""What collects and shows the source's metrics: monitors that scrape its proxies, dashboards that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support
from translator.resources.kubernetes.read import below
from translator.source.leaves import Node, Resource, leaf_ref
from translator.telemetry.meshes import VOCABULARIES
from translator.telemetry.vocabulary import Vocabulary

_MONITORS = {
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("operator.victoriametrics.com", "VMServiceScrape"),
    ("operator.victoriametrics.com", "VMPodScrape"),
    ("monitoring.googleapis.com", "PodMonitoring"),
}

_PORTS = {
    "istio": ("15020", "15090", "http-envoy-prom", "http-monitoring", "15014", "/stats/prometheus"),
    "linkerd": ("4191", "linkerd-admin"),
    "cilium": ("9965", "hubble-metrics", "9964", "9962"),
}
"""Ports, port names and paths by which the metrics of proxies and control planes are scraped.

Istio: https://istio.io/latest/docs/ops/integrations/prometheus/ and .../ops/deployment/application-requirements/;
Linkerd: https://linkerd.io/2-edge/tasks/external-prometheus/; Cilium:
https://docs.cilium.io/en/stable/observability/metrics/.
"""

_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def scraping(resources: Sequence[Resource], options: Options) -> Iterator[Loss]:
    """One finding for the monitors and one for the dashboards that go by what the source offers."""
    source = VOCABULARIES.get(options.source.mesh)
    if source is None or options.source.mesh == options.target.mesh:
        return
    target = VOCABULARIES.get(options.target.mesh)
    monitors = [(r, n) for r in resources for n in _scraped(r, options.source.mesh)]
    if monitors:
        needs = target.needs if target else "Scrape what the implementation of the target offers."
        yield _told(
            "MM706",
            monitors,
            f"scraped by {_names(monitors)}: proxies and control plane of the source, which go with it.",
            f"Remove them when the last workload has moved. {needs}",
        )
    boards = [(r, n) for r in resources for n in _boards(r, source)]
    if boards:
        shown = target.dashboards if target else "those of the target's implementation"
        yield _told(
            "MM707",
            boards,
            f"dashboards read the source's metrics and are not restated: {_names(boards)}.",
            f"Take {shown}; docs/observability.md has the words of both.",
        )


def _told(code: str, found: Sequence[tuple[Resource, Node]], message: str, advice: str) -> Loss:
    return Loss(
        code=code,
        impact=Impact.NONE,
        support=Support.NEVER if code == "MM706" else Support.NOT_YET,
        severity=Severity.LOW,
        fate=Fate.CARRIED,
        leaves=tuple(leaf_ref(r.document.number, n.leaf) for r, n in found),
        message=message,
        advice=advice,
    )


def _names(found: Sequence[tuple[Resource, Node]]) -> str:
    return ", ".join(dict.fromkeys(f"{r.kind}/{r.namespace or ''}/{r.name}" for r, _ in found))


def _scraped(resource: Resource, mesh: str) -> Iterator[Node]:
    """The leaves of a monitor that name what is scraped of a proxy."""
    group = resource.api_version.rpartition("/")[0]
    if (group, resource.kind) not in _MONITORS:
        return
    for part in ("endpoints", "podMetricsEndpoints", "serviceEndpoints"):
        listed = below(resource.node, "spec", part)
        for endpoint in listed.value if listed and isinstance(listed.value, list) else ():
            for field in ("port", "targetPort", "path", "portNumber"):
                node = below(endpoint, field)
                if node is not None and str(node.value) in _PORTS[mesh]:
                    yield node


def _boards(resource: Resource, source: Vocabulary) -> Iterator[Node]:
    """The texts of a dashboard (a ConfigMap that Grafana's sidecar takes, or a GrafanaDashboard) that name metrics."""
    labels = below(resource.node, "metadata", "labels")
    marked = (
        labels is not None
        and isinstance(labels.value, dict)
        and "grafana_dashboard" in labels.value
    )
    if resource.kind == "ConfigMap" and marked:
        data = below(resource.node, "data")
        texts = list(data.value.values()) if data and isinstance(data.value, dict) else []
    elif resource.kind == "GrafanaDashboard":
        texts = [node for node in (below(resource.node, "spec", "json"),) if node is not None]
    else:
        return
    for node in texts:
        if isinstance(node.value, str) and _is_about(node.value, source):
            yield node


def _is_about(text: str, source: Vocabulary) -> bool:
    words = set(_WORD.findall(text))
    named = any(word.startswith(source.prefixes) for word in words)
    return named or bool(
        words & set(source.marks) and any(source.find(word) for word in sorted(words))
    )
