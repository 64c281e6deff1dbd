"""For whom it is not known what leaves: the pods whose own words keep something from their proxy, and no others."""

from __future__ import annotations

from tests.translation import to_linkerd

SPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ["*/*"]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
"""


def pods(name: str, annotations: str = "") -> str:
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{{annotations}}}}}
    spec: {{containers: [{{name: c}}]}}
"""


def test_what_one_pod_keeps_from_its_proxy_makes_no_other_doubtful() -> None:
    """Before, all pods of the namespace were, and the finding named the first of them."""
    word = "traffic.sidecar.istio.io/excludeOutboundIPRanges: 10.0.0.0/8"
    out = "sidecar.istio.io/inject: 'false'"
    result = to_linkerd(SPACE + pods("api", word) + pods("job", out))
    told = [f.message for f in result.report.findings if f.code == "MM905"]
    assert not any("app=job" in message for message in told)
    verification = result.report.verification
    assert any("capture_out" in str(reason) for reason in verification.reasons)
