"""What Linkerd does where nothing is written."""

from __future__ import annotations

from ir.model import Default
from ir.provenance import Silence
from translator.api import Options

_DOCS = "https://linkerd.io/2/reference/"


def silence(options: Options, field: str, doc: str = "authorization-policy/") -> Silence:
    """The name of a default at the version of the source."""
    return Silence("linkerd", options.source.version, field, f"{_DOCS}{doc}")


def defaults(options: Options) -> tuple[Default, ...]:
    """The silent behaviour of every request and workload that the input speaks of."""

    def plain(key: str, field: str, text: str, doc: str) -> Default:
        return Default(key=key, text=text, silence=silence(options, field, doc))

    return (
        plain("Route.retry", "retry.linkerd.io/http", "A request is never tried again.", "retries/"),
        plain("Timeouts.request", "timeout.linkerd.io/request",
              "A request may take any time.", "timeouts/"),
        plain("ConnectionLimits.connect_timeout", "config.linkerd.io/proxy-outbound-connect-timeout",
              "A connection to an endpoint may take 1 s to open.", "proxy-configuration/"),
        plain("LoadBalancing.algorithm", "balancer.linkerd.io",
              "An endpoint is picked by exponentially weighted moving averages of latencies.",
              "load-balancing/"),
        plain("EgressPolicy.unknown", "EgressNetwork.spec.trafficPolicy",
              "Traffic to destinations that nobody declared passes.", "egress-network/"),
        plain("Closed", "config.linkerd.io/default-inbound-policy",
              "A port without a Server takes what the Helm value proxy.defaultInboundPolicy says, "
              "which is all-unauthenticated where nothing else is set.", "authorization-policy/"),
    )  # fmt: skip
