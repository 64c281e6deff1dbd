"""What Cilium does with requests where nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Grant
from ir.match import Part
from ir.model import Default, Fact
from ir.provenance import Silence
from ir.traffic import RouteTable
from translator.api import Options
from translator.importers.route_objects.silence import no_retries

_REQUESTS = (Part.PATH, Part.METHOD, Part.AUTHORITY, Part.HEADER)
_RULES = "https://docs.cilium.io/en/v1.20/security/policy/language/#layer-7-examples"
_TIMES = {1: "once", 2: "twice", 3: "three times"}


def defaults(facts: Sequence[Fact], options: Options, retries: int) -> Iterator[Default]:
    """Routes try nothing again; the listener of a policy with rules for requests does, ``retries`` times.

    cilium/cilium pkg/envoy/xds_server.go ``getHttpFilterChainProto`` and pkg/envoy/config/config.go
    ``http-retry-count``, 1.20: on 5xx, whatever the method.
    """
    if any(isinstance(fact, RouteTable) for fact in facts):
        yield no_retries(options)
    if retries and any(isinstance(fact, Grant) and _asks(fact) for fact in facts):
        silence = Silence("cilium", options.source.version, "http-retry-count", _RULES)
        yield Default(
            key="PolicyListener.retry",
            text="A request to a port with rules for requests that is answered with 500 or above, or not at all, is sent up "
            f"to {_TIMES.get(retries, f'{retries} times')} again by the proxy of the node.",
            silence=silence,
            value=f"{retries} on 5xx",
        )


def _asks(grant: Grant) -> bool:
    """Whether it looks at requests, for which the proxy must read them."""
    return any(test.part in _REQUESTS for one in grant.requests for test in one.tests)
