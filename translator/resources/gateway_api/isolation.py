"""Whose request it is where listeners of one gateway have names in common.

sigs.k8s.io/gateway-api apis/v1/gateway_types.go ``GatewaySpec.Listeners``, 1.6: a request is for one listener, that with the
most particular hostname, and routes of the others do not serve it (feature ``GatewayHTTPListenerIsolation``, extended: who
lacks it must say so). What becomes of it:

- Istio (pilot/pkg/config/kube/gateway/conversion.go ``hostnameAllowedByIsolation``, 1.22 on): a name of a route that lies
  within the hostname of a narrower listener of the port and protocol is left out at the wider one. Listeners of one port
  are one table of hosts, so a request that no route of the narrower listener has a name for is still the wider one's; but
  where TLS ends each listener has a table of its own.
- Cilium (operator/pkg/model/helpers.go ``checkHostNameIsolation``, 1.16 on): the same, against the listeners of every port;
  before 1.20 against those of every protocol too (cilium/cilium#44123).
- Of others nothing is known (envoyproxy/gateway#9895: a version that has the feature serves nested names by both): they
  are taken by the word of the API, which is the stricter reading, and that is an assumption where it matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.edge import Listener, ListenerTls, narrower, reads_requests
from ir.match import Pattern, PatternKind, View
from ir.provenance import Assumption, Traced, trail
from ir.traffic import NoMatch, Order, RouteTable
from ir.walk import traced
from translator.target import Target

ISOLATED = Assumption(
    "isolated-listeners",
    "of the listeners of a gateway that have a name in common the most particular alone answers, as Gateway API has it "
    "(GatewayHTTPListenerIsolation); an implementation without that lets routes of the wider ones serve its requests too",
)
_ISTIO = ("istio", "istio-remote")
_CILIUM = "cilium"
_BY_PROTOCOL_SINCE = "1.20"


@dataclass(frozen=True, slots=True)
class Isolation:
    """What one implementation makes of it. ``known``: that it is known; else it is taken by the word of the API.

    ``any_port``, ``any_protocol``: which listeners take names away from a wider one.
    """

    known: bool
    by_table: bool = False
    """Whether listeners without TLS share a table of hosts."""
    tls_by_table: bool = False
    """Whether those that end TLS do."""
    any_port: bool = False
    any_protocol: bool = False

    def competes(self, one: Listener, other: Listener) -> bool:
        """Whether the names of the one count at the other."""
        port = self.any_port or one.port.value == other.port.value
        return port and (self.any_protocol or one.protocol.value == other.protocol.value)

    def shares(self, listener: Listener) -> bool:
        """Whether a request that no route of the listener has a name for goes to a wider one."""
        ends = listener.tls is not None and listener.tls.value is not ListenerTls.NONE
        return self.tls_by_table if ends else self.by_table


def isolation_of(class_name: str, source: Target) -> Isolation:
    """What the implementation of a class does, by the version of the source where it is the source's own."""
    if class_name in _ISTIO:
        return Isolation(known=True, by_table=True)
    if class_name != _CILIUM:
        return Isolation(known=False)
    old = source.mesh == _CILIUM and not source.at_least(_BY_PROTOCOL_SINCE)
    return Isolation(known=True, by_table=True, tls_by_table=True, any_port=True, any_protocol=old)


Name = tuple[str, int, str, str]
"""An object, a port, and kind and text of a name that it has there."""


@dataclass(slots=True)
class Siblings:
    """The listeners of one gateway. ``held``, ``left_out``: the names of routes at the one to which they are bound, and at others."""

    listeners: tuple[Listener, ...]
    isolation: Isolation
    held: set[Name] = field(default_factory=set)
    left_out: set[Name] = field(default_factory=set)

    def own_names(
        self, listener: Listener, hosts: Sequence[Traced[Pattern]], route: str
    ) -> tuple[Traced[Pattern], ...]:
        """The names of an object at a listener less those that are for a narrower one."""
        others = [
            other
            for other in self.listeners
            if _is_within(other, listener) and self.isolation.competes(other, listener)
        ]
        found: list[Traced[Pattern]] = []
        for host in hosts:
            taken = any(narrower(host.value, _name(other)) == host.value for other in others)
            key = (route, listener.port.value, host.value.kind, host.value.text)
            (self.left_out if taken else self.held).add(key)
            if not taken:
                found.append(host)
        return tuple(found)

    def kept_apart(self, tables: Sequence[RouteTable]) -> Iterator[RouteTable]:
        """For each listener within a wider one a table that finds nothing: what no route of its own has a name for.

        ``tables``: what holds at the gateway. It is left out where no wider table would be found instead.
        """
        for listener in self.listeners:
            if reads_requests(listener) and not self.isolation.shares(listener):
                beside = [
                    host.value
                    for table in tables
                    if _is_at(table, listener)
                    for host in (table.hosts or (_EVERY,))
                ]
                own = _name(listener)
                wider = any(p != own and narrower(own, p) == own for p in beside)
                if wider and own not in beside:
                    yield _nothing(listener)

    def guessed(self, apart: Sequence[RouteTable]) -> bool:
        """Whether an implementation that does otherwise would serve some request otherwise."""
        return not self.isolation.known and bool(apart or self.left_out - self.held)


_EVERY = Traced(Pattern(PatternKind.SUFFIX, "", ignore_case=True))


def _name(listener: Listener) -> Pattern:
    return listener.hosts[0].name.value


def _is_within(one: Listener, other: Listener) -> bool:
    """Whether the names of the one are some of the other's, and not all."""
    return _name(one) != _name(other) and narrower(_name(one), _name(other)) == _name(one)


def _is_at(table: RouteTable, listener: Listener) -> bool:
    at = table.attachment
    names = () if at.audience is None else at.audience.listeners
    return listener.gateway.value in [name.value for name in names] and listener.port.value in [
        port.value.port for port in at.ports
    ]


def _nothing(listener: Listener) -> RouteTable:
    space, _, name = listener.gateway.value.partition("/")
    because = tuple(sorted({leaf for value in traced(listener) for leaf in value.origin}))
    subject = Subject(
        scope=Scope.LISTENER,
        namespace=Traced(space, (), because),
        name=Traced(name, (), because),
        trail=trail("the gateway", because=because),
    )
    audience = Audience(
        reach=Reach.LISTENERS,
        listeners=(Traced(listener.gateway.value, (), because),),
        trail=trail("by the gateway", because=because),
    )
    return RouteTable(
        name=Traced("" if listener.name is None else listener.name.value, (), because),
        attachment=Attachment(
            subject=subject,
            ports=(Traced(ServicePort(listener.port.value), (), because),),
            audience=audience,
            enforced_at=EnforcedAt.GATEWAY,
        ),
        hosts=(Traced(_name(listener), (), because),),
        order=Order.SPECIFICITY,
        routes=(),
        no_match=NoMatch.NOT_FOUND,
        view=View(authority_has_port=False),
        trail=trail("what the listener alone answers", because=because),
    )
