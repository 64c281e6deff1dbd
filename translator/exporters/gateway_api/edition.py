"""What a version and channel of Gateway API can say, as named predicates; no version number stands anywhere else.

config/crd/{standard,experimental} of sigs.k8s.io/gateway-api at v1.2.1, v1.3.0, v1.4.1, v1.5.1 and v1.6.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ir.traffic import Protocol
from translator.exporters.gateways.findings import missing_kind
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.redirects import OLD_STATUSES, Redirects
from translator.resources.gateway_api.write import GATEWAY_API, ROUTE_GROUP, X_GROUP
from translator.target import Target

EXPERIMENTAL = "experimental"
_STATUSES = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of Gateway API in one channel."""

    target: Target

    @property
    def experimental(self) -> bool:
        """Whether the experimental channel is installed."""
        return self.target.channel == EXPERIMENTAL

    def _since(self, standard: str, experimental: str = "1.2") -> bool:
        return self.target.at_least(experimental if self.experimental else standard)

    @property
    def redirects(self) -> Redirects:
        """The redirects that can be said."""
        statuses = _STATUSES if self.target.at_least("1.5") else OLD_STATUSES
        return Redirects(statuses=statuses, replaces_prefix=True)

    @property
    def names_rules(self) -> bool:
        """Whether rules have names (GEP-995)."""
        return self._since("1.4")

    @property
    def shares_of_mirrors(self) -> bool:
        """Whether a part of the requests can be mirrored (GEP-3171)."""
        return self._since("1.3")

    @property
    def cross_origin(self) -> bool:
        """Whether there is a CORS filter (GEP-1767)."""
        return self._since("1.5", "1.3")

    @property
    def any_origin(self) -> bool:
        """Whether a star alone is an origin: the pattern of 1.3 asks for a scheme (config/crd/experimental at v1.3.0)."""
        return self.target.at_least("1.4")

    @property
    def retries(self) -> bool:
        """Whether rules have ``retry`` (GEP-1731)."""
        return self.experimental

    @property
    def retry_budgets(self) -> bool:
        """Whether there is XBackendTrafficPolicy (GEP-3388)."""
        return self.experimental and self.target.at_least("1.3")

    @property
    def sessions(self) -> bool:
        """Whether the policy of a Service has ``sessionPersistence`` (GEP-1619): where there is XBackendTrafficPolicy."""
        return self.retry_budgets

    @property
    def client_certificates(self) -> bool:
        """Whether a Gateway verifies clients under ``spec.tls.frontend`` (GEP-91)."""
        return self._since("1.5", "1.4")

    @property
    def backend_tls(self) -> str:
        """The API version of BackendTLSPolicy; empty where there is none."""
        if self.target.at_least("1.4"):
            return GATEWAY_API
        return f"{ROUTE_GROUP}/v1alpha3" if self.experimental else ""

    @property
    def listener_sets(self) -> tuple[str, str] | None:
        """API version and kind of what adds listeners to a Gateway (GEP-1713)."""
        if self.target.at_least("1.5"):
            return GATEWAY_API, "ListenerSet"
        if self.experimental and self.target.at_least("1.3"):
            return f"{X_GROUP}/v1alpha1", "XListenerSet"
        return None

    @property
    def consumer_routes(self) -> bool:
        """Whether a route in another namespace is for the clients there: the API has it, whoever implements it."""
        return True

    @property
    def retries_since(self) -> str:
        """What to take to have retries."""
        return "Take the experimental channel (--target-version 1.6+experimental)."

    @property
    def shares_since(self) -> str:
        """What to take to have shares of mirrors."""
        return "Take Gateway API 1.3 or later."

    @property
    def whole_percents(self) -> bool:
        """Whether a share of mirrors is cut to whole percent: there are fractions (GEP-3171)."""
        return False

    def missing(self, protocol: Protocol, *, on_service: bool) -> Unreachable:  # noqa: ARG002  # alike on both
        """Why there is no route for the protocol in this version and channel."""
        return missing_kind(protocol)

    def admit(self, class_name: str) -> str:  # noqa: ARG002  # alike for all
        """Empty: pods of a class have a service account."""
        return ""

    @property
    def service_versions(self) -> Mapping[Protocol, str]:
        """The API version of the route of a protocol on a Service: that of one at a Gateway; GRPCRoutes there stay."""
        return {**self.gateway_versions, Protocol.GRPC: GATEWAY_API}

    @property
    def gateway_versions(self) -> Mapping[Protocol, str]:
        """The API version of the route of a protocol, for those that have one and are written."""
        found = {Protocol.HTTP: GATEWAY_API}
        if self._since("1.5"):
            found[Protocol.TLS] = f"{ROUTE_GROUP}/{self._tls_route}"
        if self._since("1.6"):
            word = "v1" if self.target.at_least("1.6") else "v1alpha2"
            found[Protocol.TCP] = found[Protocol.UDP] = f"{ROUTE_GROUP}/{word}"
        return found

    @property
    def _tls_route(self) -> str:
        if self.target.at_least("1.5"):
            return "v1"
        return "v1alpha3" if self.target.at_least("1.4") else "v1alpha2"
