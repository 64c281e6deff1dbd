"""An input whose every name is an attack on the page that shows it."""

from __future__ import annotations

from translator.pipeline import options_of, translate_loaded
from translator.report.model import Report
from translator.source.load import load_text

ATTACKS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=2>',
    "</title></style></script><script>window.hit=3</script>",
    "' onmouseover='window.hit=4' x='",
    "javascript:window.hit=5//",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;\u202etxt",
)

MANIFEST = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {0}
  labels: {{istio-injection: enabled, {1}: {2}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {0}, namespace: {3}}}
spec: {{selector: {{app: {1}}}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {2}, namespace: {3}}}
spec:
  template:
    metadata: {{labels: {{app: {1}}}}}
    spec: {{serviceAccountName: {4}, containers: [{{name: {5}, ports: [{{containerPort: 8080}}]}}]}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {4}, namespace: {3}, annotations: {{{6}: {0}}}}}
spec:
  selector: {{matchLabels: {{app: {1}}}}}
  rules:
    - from: [{{source: {{principals: [{0}, {5}], namespaces: [{2}]}}}}]
      to: [{{operation: {{paths: [{1}], hosts: [{4}]}}}}]
      when: [{{key: {6}, values: [{3}]}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {1}, namespace: {3}}}
spec:
  hosts: [{0}]
  http:
    - name: {5}
      match: [{{headers: {{{2}: {{exact: {6}}}}}}}]
      fault: {{abort: {{httpStatus: 503, percentage: {{value: 50}}}}}}
      route: [{{destination: {{host: {4}, subset: {0}}}}}]
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: {0}, namespace: {3}}}
spec: {{configPatches: [{{applyTo: HTTP_FILTER, patch: {{operation: INSERT_FIRST, value: {{name: {1}}}}}}}]}}
"""


def hostile_text() -> str:
    """The input."""
    quoted = ["'" + text.replace("'", "''") + "'" for text in ATTACKS]
    return MANIFEST.format(*quoted)


def hostile_report(file: str = '"><script>window.hit=6</script>.yaml') -> Report:
    """The report of the input; its file has a bad name too."""
    loaded = load_text(hostile_text(), file)
    return translate_loaded(loaded, options_of(loaded, "istio", "linkerd", {})).report


__all__ = ["ATTACKS", "hostile_report", "hostile_text"]
