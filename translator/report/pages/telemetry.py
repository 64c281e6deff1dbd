"""MM702 to MM729: rules, dashboards and monitors that go by the source's metrics."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM702",
        "Rule restated for the target's metrics",
        "The rule counts the same requests by the target's names. Until workloads have moved it sees nothing.",
        "A PrometheusRule (or a kind of the same form) reads metrics of the source, and each name and label of them has "
        "a word in the target: it says who counted, and it takes sums.",
        "Apply the new rule beside the old one, and take the old one away with the last workload. docs/observability.md "
        "has the words of both.",
        'expr: sum(rate(istio_requests_total{reporter="destination", response_code=~"5.."}[5m])) > 1',
    ),
    Entry(
        "MM703",
        "Rule on the source's metrics left as it is",
        "It finds nothing any more when its workloads have moved: an alert that never fires looks like peace.",
        "The rule reads metrics of the source, and it is not certain what it would be in the target: a metric or label "
        "without a counterpart, another unit, series that are counted instead of summed, or nothing that says which end "
        "counted.",
        "Write it anew. Where it does not say who counted, say so: each mesh counts a request at both ends.",
        "expr: sum(rate(istio_requests_total[5m])) > 100",
    ),
    Entry(
        "MM704",
        "Restated rule measures something else",
        "Its numbers are near those of before, not the same.",
        "The target counts what is nearest: the time to the first byte instead of the whole answer, say, or only "
        "requests that its proxy is made to see.",
        "Look at both for a while before limits are trusted.",
        'expr: histogram_quantile(0.99, sum(rate(istio_request_duration_milliseconds_bucket{reporter="source"}[5m])) by (le)) > 500',
    ),
    Entry(
        "MM705",
        "Labels of alerts and recorded series renamed",
        "What goes by these labels outside the rules no longer matches.",
        "A restated rule groups by labels that the target calls otherwise; its alerts and the series that it records "
        "carry the new names. Annotations of the rule itself, and rules of the input that read what it records, are "
        "restated too.",
        "Change routes, inhibitions and silences of Alertmanager, and dashboards on recorded series.",
        "expr: sum(...) by (destination_workload)  # becomes by (deployment) in Linkerd",
    ),
    Entry(
        "MM706",
        "Proxies or control plane of the source are scraped",
        "The monitor finds nothing when they are gone, and the target's are not scraped by it.",
        "A ServiceMonitor, PodMonitor or a kind of the same form names a port or path of the source's proxies or control "
        "plane.",
        "Scrape the target beside it, and remove it with the last workload.",
        "kind: PodMonitor\nspec: {podMetricsEndpoints: [{path: /stats/prometheus}]}",
    ),
    Entry(
        "MM707",
        "Dashboard on the source's metrics",
        "It shows nothing of workloads that have moved.",
        "A dashboard in the input (a ConfigMap with the label grafana_dashboard, a GrafanaDashboard) names metrics of the "
        "source. Dashboards are not restated.",
        "Take the target's own dashboards, or write the queries anew.",
        "kind: ConfigMap\nmetadata: {labels: {grafana_dashboard: '1'}}",
    ),
)
