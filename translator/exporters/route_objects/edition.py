"""What one edition of Gateway API, or one implementation of it, can say in routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ir import traffic
from translator.exporters.routes.destinations import Unreachable
from translator.exporters.routes.redirects import Redirects


class Edition(Protocol):
    """Predicates by which rules are legalised; whoever has them names the source."""

    @property
    def redirects(self) -> Redirects:
        """The redirects that can be said."""

    @property
    def names_rules(self) -> bool:
        """Whether rules have names (GEP-995)."""

    @property
    def shares_of_mirrors(self) -> bool:
        """Whether a part of the requests can be mirrored (GEP-3171)."""

    @property
    def cross_origin(self) -> bool:
        """Whether there is a CORS filter (GEP-1767)."""

    @property
    def any_origin(self) -> bool:
        """Whether a star alone is an origin of it."""

    @property
    def retries(self) -> bool:
        """Whether rules have ``retry`` (GEP-1731)."""

    @property
    def consumer_routes(self) -> bool:
        """Whether a route in another namespace is for the clients there (GEP-1426)."""

    @property
    def shares_since(self) -> str:
        """What to take to have shares of mirrors."""

    @property
    def retries_since(self) -> str:
        """What to take to have retries."""

    @property
    def client_certificates(self) -> bool:
        """Whether a Gateway verifies clients (GEP-91)."""

    @property
    def listener_sets(self) -> tuple[str, str] | None:
        """API version and kind of what adds listeners to a Gateway (GEP-1713), where there is one."""

    def admit(self, class_name: str) -> str:
        """How rules let in what comes by a Gateway of the class; empty: by the service account of its pods."""

    @property
    def service_versions(self) -> Mapping[traffic.Protocol, str]:
        """The API version of the route of a protocol on a Service, for those that have one."""

    @property
    def gateway_versions(self) -> Mapping[traffic.Protocol, str]:
        """The API version of the route of a protocol at a Gateway, for those that have one."""

    @property
    def whole_percents(self) -> bool:
        """Whether a share of mirrors is cut to whole percent."""

    def missing(self, protocol: traffic.Protocol, *, on_service: bool) -> Unreachable:
        """Why there is no route for the protocol, on a Service or at a Gateway."""
