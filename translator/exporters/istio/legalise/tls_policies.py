"""BackendTLSPolicies stay, and the target heeds them by itself: it makes a DestinationRule of each.

istio/istio pilot/pkg/config/kube/gateway/backend_policies.go, 1.31: TLS with the server's certificate verified, for
gateways and for clients in the mesh alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.api import Loss, Options
from translator.exporters.istio.legalise.goals import HEEDED_SINCE, tls_policies
from translator.report.model import Fate, Impact, Severity, Support

_DOC = "https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/"
_GATEWAY_API = "gateway-api"


def told_of_policies(options: Options) -> Iterator[Loss]:
    """What becomes of them, in one finding for all."""
    names = ", ".join(dict.fromkeys(one.key for one in tls_policies(options)))
    if not names:
        return
    heeded = options.target.at_least(HEEDED_SINCE)
    meant = options.source.mesh == _GATEWAY_API
    if not heeded and not meant:
        return
    yield Loss(
        code="MM405",
        impact=Impact.NONE if heeded and meant else Impact.DIFFERENT,
        support=Support.PARTIAL if heeded else Support.VERSION,
        severity=Severity.INFO
        if heeded and meant
        else Severity.MEDIUM
        if heeded
        else Severity.HIGH,
        fate=Fate.CARRIED,
        message=f"{names}: {_sentence(heeded=heeded, meant=meant)}",
        why="BackendTLSPolicy of v1 is heeded since 1.28, for gateways and for clients in the mesh; before, where "
        "PILOT_ENABLE_ALPHA_GATEWAY_API is set.",
        advice="Nothing, if its apiVersion is gateway.networking.k8s.io/v1."
        if heeded and meant
        else "Set the annotation istio.io/ignore-policy-attachment if it is for another controller alone."
        if heeded
        else "Write a DestinationRule with trafficPolicy.tls (mode SIMPLE, sni, subjectAltNames, credentialName "
        "configmap://...).",
        doc=_DOC,
    )


def _sentence(*, heeded: bool, meant: bool) -> str:
    if heeded and meant:
        return "stays, and the target heeds it by itself."
    if heeded:
        return "stays, and clients in the target's mesh begin to heed it: they start TLS to the service themselves."
    return "stays, and this version of the target does not heed it: requests go to the service as they come."
