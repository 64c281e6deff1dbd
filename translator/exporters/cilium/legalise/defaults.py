"""Silent behaviour: what the source does where nothing is written, and what the target does then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.access import Grant
from ir.match import Part
from ir.model import Default, Fact, Model
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

LISTENER = "PolicyListener.retry"
"""What a listener for rules on requests tries again: the target's own."""
SHARED = ("Timeouts.request", "EgressPolicy.unknown", "Closed", LISTENER)
"""Defaults that the target has too: no time limit, unknown destinations are let through, ports that nobody rules are
open, its listeners try again."""
_ROUTE = "Route.retry"
_WRITTEN = "It is written on the routes of the output as far as Gateway API can say it; not for services without routes."
_CONFIGURED = "It is written in the configurations of the proxy; not for other services."
_NOTHING = "The target does nothing of the kind between pods where no route or rule for requests is written."
_ROUTES = "https://gateway-api.sigs.k8s.io/reference/spec/"
_RULES = "https://docs.cilium.io/en/v1.20/security/policy/language/#layer-7-examples"
_REQUESTS = (Part.PATH, Part.METHOD, Part.AUTHORITY, Part.HEADER)


def of_target(facts: Sequence[Fact], options: Options) -> tuple[Default, ...]:
    """What holds where nothing is written: routes try nothing again, the listener of a rule for requests does.

    cilium/cilium operator/pkg/model/translation/envoy_virtual_host.go ``retryMutation`` and pkg/envoy/xds_server.go
    ``getHttpFilterChainProto``, 1.20.
    """
    found: list[Default] = []
    if any(isinstance(fact, RouteTable) for fact in facts):
        silence = Silence("cilium", options.target.version, "HTTPRoute.spec.rules[].retry", _ROUTES)
        never = Retry(attempts=silent(0, silence), trail=trail("no further tries"))
        text = "A request is never tried again."
        found.append(Default(key=_ROUTE, text=text, silence=silence, fact=never))
    if any(_asks(fact) for fact in facts):
        silence = Silence("cilium", options.target.version, "http-retry-count", _RULES)
        text = (
            "A request to a port with rules for requests that is answered with 500 or above, or not at all, is sent up "
            "to three times again by the proxy of the node."
        )
        found.append(Default(key=LISTENER, text=text, silence=silence, value="3 on 5xx"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Written:
    """Where the source's default for retries is written out: on routes, in configurations of the proxy."""

    routes: bool = False
    configurations: bool = False

    @property
    def words(self) -> str:
        """For a person; empty where it is written nowhere."""
        return _WRITTEN if self.routes else _CONFIGURED if self.configurations else ""


def lose_defaults(model: Model, written: Written) -> Iterator[Loss]:
    """A finding for each default that does not hold in the target; ``written``: where that for retries stands."""
    for default in model.defaults:
        if default.key not in SHARED and not _is_off(default):
            words = written.words if default.key == _ROUTE else ""
            yield Loss(
                code="MM307",
                impact=Impact.DIFFERENT,
                support=Support.PARTIAL,
                severity=Severity.LOW,
                fate=Fate.APPROXIMATED if words else Fate.LOST,
                message=f"{default.text} {words or _NOTHING}",
                why=f"{default.silence.field} is not written; this is what holds then.",
                doc=default.silence.doc,
                default=default.silence,
            )


def tries_again(facts: Sequence[Fact]) -> Iterator[Loss]:
    """What the listener does besides looking at requests."""
    asking = [fact for fact in facts if _asks(fact)]
    if asking:
        yield Loss(
            code="MM302",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            because=tuple(value for fact in asking for value in traced(fact) if value.origin),
            message="where a policy has rules for requests, the proxy of the node sends a request up to three times again that "
            "is answered with 500 or above, or not at all, whatever its method.",
            why="The proxy reads the requests by a listener that has retries of its own (http-retry-count).",
            advice="Set envoy.httpRetryCount to 0 in the values of the target's chart where a service must not get a request "
            "twice.",
            doc=_RULES,
        )


def _is_off(default: Default) -> bool:
    """Whether it is that nothing is tried again, as of routes of the target; a default without a fact says so too."""
    off = not isinstance(default.fact, Retry) or not default.fact.attempts.value
    return default.key == _ROUTE and off


def _asks(fact: Fact) -> bool:
    """Whether it is a grant that looks at requests."""
    return isinstance(fact, Grant) and any(
        test.part in _REQUESTS for one in fact.requests for test in one.tests
    )
