"""What a version of Cilium serves of Gateway API, as named predicates; no version number stands elsewhere for it.

Sources: the conformance reports of its releases (kubernetes-sigs/gateway-api conformance/reports/*/cilium*) and
cilium/cilium operator/pkg/model/{ingestion,translation}, 1.16 to 1.20. Its operator demands the CRDs of one version of
Gateway API, which decides the API versions of routes: 1.2 with Cilium 1.17, 1.3 with 1.18, 1.4 with 1.19, 1.6 with 1.20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.traffic import Protocol
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.redirects import OLD_STATUSES, Redirects
from translator.report.model import Support
from translator.resources.gateway_api.write import GATEWAY_API, GATEWAY_API_ALPHA, ROUTE_GROUP
from translator.target import Target

EXPERIMENTAL = "experimental"
_STATUSES = (*OLD_STATUSES, 303, 307, 308)
_CLASS = "cilium"
_WHOLE = "1.20"
"""The first version with CORS, retries that work, TCPRoute and all statuses of redirects."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of Cilium, with the CRDs of one channel."""

    target: Target

    @property
    def redirects(self) -> Redirects:
        """The redirects that can be said; before 1.20 with two statuses."""
        whole = self.target.at_least(_WHOLE)
        return Redirects(statuses=_STATUSES if whole else OLD_STATUSES, replaces_prefix=True)

    @property
    def names_rules(self) -> bool:
        """Whether rules have names (HTTPRouteNamedRouteRule)."""
        return self.target.at_least("1.19")

    @property
    def shares_of_mirrors(self) -> bool:
        """Whether a part of the requests can be mirrored (HTTPRouteRequestPercentageMirror)."""
        return self.target.at_least("1.18")

    @property
    def shares_since(self) -> str:
        """What to take to have shares of mirrors."""
        return "Take Cilium 1.18 or later."

    @property
    def whole_percents(self) -> bool:
        """Whether a share is cut to whole percent (operator/pkg/model/ingestion, ``num * 100 / den``)."""
        return True

    @property
    def cross_origin(self) -> bool:
        """Whether the CORS filter is heeded: before 1.20 it is passed over in silence (cilium/cilium#45272)."""
        return self.target.at_least(_WHOLE)

    @property
    def any_origin(self) -> bool:
        """Whether a star alone is an origin: where the filter is heeded, the CRDs are of 1.5 and later."""
        return self.cross_origin

    @property
    def retries(self) -> bool:
        """Whether retries are tried: before 1.20 they are read and never made (cilium/cilium#46432)."""
        return self.target.at_least(_WHOLE) and self.target.channel == EXPERIMENTAL

    @property
    def retries_since(self) -> str:
        """What to take to have retries."""
        return (
            "Take Cilium 1.20 or later with the experimental channel of Gateway API "
            "(--target-version 1.20+experimental)."
        )

    @property
    def consumer_routes(self) -> bool:
        """Whether routes of other namespaces are heeded: never (operator/pkg/model/ingestion/gamma.go, 1.20)."""
        return False

    @property
    def client_certificates(self) -> bool:
        """Whether a Gateway verifies clients (GatewayFrontendClientCertificateValidation): not up to 1.20."""
        return False

    @property
    def listener_sets(self) -> tuple[str, str] | None:
        """ListenerSets are served from 1.20 on (ListenerSet in its report)."""
        return (GATEWAY_API, "ListenerSet") if self.target.at_least(_WHOLE) else None

    def admit(self, class_name: str) -> str:
        """Requests by a Gateway of Cilium's have the identity ``reserved:ingress`` (network/servicemesh/gateway-api, 1.20)."""
        if class_name != _CLASS:
            return ""
        return (
            "Add fromEntities: [ingress] to those policies: requests by a Gateway of Cilium's have that identity, whichever "
            "Gateway it is."
        )

    @property
    def service_versions(self) -> Mapping[Protocol, str]:
        """On Services there are routes for requests alone, and from 1.17 on for calls (MESH-GRPC)."""
        calls = {Protocol.GRPC: GATEWAY_API} if self.target.at_least("1.17") else {}
        return {Protocol.HTTP: GATEWAY_API, **calls}

    @property
    def gateway_versions(self) -> Mapping[Protocol, str]:
        """At Gateways TLSRoute passes TLS through; from 1.20 on there are TCPRoute and UDPRoute."""
        if self.target.at_least(_WHOLE):
            later = f"{ROUTE_GROUP}/v1"
            streams = dict.fromkeys((Protocol.TLS, Protocol.TCP, Protocol.UDP), later)
            return {Protocol.HTTP: GATEWAY_API, **streams}
        return {Protocol.HTTP: GATEWAY_API, Protocol.TLS: GATEWAY_API_ALPHA}

    def missing(self, protocol: Protocol, *, on_service: bool) -> Unreachable:
        """Why there is no route for the protocol."""
        kind = f"{protocol.upper()}Route"
        if on_service:
            reason = f"a {kind} on a Service is not heeded: only requests of HTTP have routes there"
            return Unreachable(
                "MM213", reason, "Give these connections a Service of their own.", Support.NEVER
            )
        if protocol in (Protocol.TCP, Protocol.UDP):
            reason = f"{kind} is served from 1.20 on"
            return Unreachable("MM213", reason, "Take Cilium 1.20 or later.", Support.VERSION)
        return Unreachable(
            "MM213", f"a {kind} is not written yet", "Write it by hand.", Support.NOT_YET
        )
