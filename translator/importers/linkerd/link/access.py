"""Servers, routes on them and AuthorizationPolicies together.

A policy on a route admits to the route, one on a Server or a namespace opens every route of the Server
(linkerd2 policy-controller/k8s/index/src/inbound/index.rs, policy-controller/grpc/src/inbound.rs ``to_server``, 2.20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.access import Admission, Evidence, Grant, GuardedRoute, GuardedRoutes, Layer
from ir.inventory import Inventory
from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test, View
from ir.model import Fact, Inactive
from ir.provenance import Traced, absorb, named, trail
from ir.traffic import UNREAD, NoMatch, Order, Protocol
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked
from translator.importers.linkerd.age import oldest_first
from translator.importers.linkerd.authentication import account
from translator.importers.linkerd.authorization_policy import CORE
from translator.importers.linkerd.backends import OWN_GROUP
from translator.importers.linkerd.link.claims import leaves_of
from translator.importers.linkerd.link.deeds import deeds, idle_on_servers, is_kept_out
from translator.importers.linkerd.link.server_authorizations import link_server_authorizations
from translator.importers.linkerd.link.servers import Held, at_machines, server_facts
from translator.importers.linkerd.model import (
    AuthorizationPolicy,
    HttpRoute,
    MeshTLSAuthentication,
    NetworkAuthentication,
    Statement,
)
from translator.resources.gateway_api.read import ROUTE_GROUP

_NO_SERVER = "no Server that it names is here and heeds it"
_NOT_THERE = "an authentication that it requires is not there"


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A policy that is in force: who it admits to its target."""

    policy: AuthorizationPolicy
    admission: Admission


_Target = tuple[str, str, str, str]
"""Group, kind, namespace and name of what a policy is for."""


class _Targets:
    """Policies in force by what they are for, in their order."""

    def __init__(self, admitted: Sequence[_Admitted]) -> None:
        self.all = admitted
        self._by_target: dict[_Target, list[int]] = {}
        for number, one in enumerate(admitted):
            policy = one.policy
            target = policy.target
            key = target.group, target.kind, policy.meta.namespace.value, target.name.value
            self._by_target.setdefault(key, []).append(number)

    def of(self, *targets: _Target) -> tuple[_Admitted, ...]:
        """Those for any of the targets."""
        found = sorted(n for target in targets for n in self._by_target.get(target, ()))
        return tuple(self.all[n] for n in found)


def link_access(
    statements: Sequence[Statement],
    servers: Sequence[Held],
    inventory: Inventory,
    options: Options,
) -> Linked:
    """Facts of every Server, with the grants and guarded routes that its policies and routes make."""
    del inventory
    found, inactive = _admitted(statements, options)
    admitted = _Targets(found)
    routes = _on_servers(statements)
    facts: list[Fact] = []
    heeded: set[int] = set()
    for one in servers:
        facts.extend(server_facts(one, options))
        facts.extend(_grants(one, admitted))
        guarded = _guarded(one, routes, admitted)
        if guarded is not None:
            facts.append(guarded)
        here = heeded_on(one, routes.get(_server(one), ()))
        facts.extend(deeds(one, here))
        heeded.update(map(id, here))
    on_servers = {id(route): route for found in routes.values() for route in found}
    inactive.extend(idle_on_servers(on_servers.values()))
    inactive.extend(_beside(route for key, route in on_servers.items() if key not in heeded))
    inactive.extend(_homeless(admitted, servers, routes))
    older = link_server_authorizations(statements, servers, options)
    return Linked(
        facts=(*facts, *older.facts, *at_machines(statements)),
        inactive=(*inactive, *older.inactive),
        assumptions=older.assumptions,
    )


def _admitted(
    statements: Sequence[Statement], options: Options
) -> tuple[list[_Admitted], list[Inactive]]:
    identities = {_key(s): s for s in statements if isinstance(s, MeshTLSAuthentication)}
    networks = {_key(s): s for s in statements if isinstance(s, NetworkAuthentication)}
    found: list[_Admitted] = []
    inactive: list[Inactive] = []
    for policy in statements:
        if not isinstance(policy, AuthorizationPolicy):
            continue
        callers: tuple[AllOf, ...] = ()
        blocks: tuple[Traced[Term], ...] = ()
        trails = [policy.trail, policy.target.trail, *(r.trail for r in policy.required)]
        missing = False
        for required in policy.required:
            key = (required.namespace.value, required.name.value)
            if required.kind == "ServiceAccount":
                callers = (account(required.name, required.namespace, options),)
            elif required.kind == "MeshTLSAuthentication" and key in identities:
                callers = identities[key].callers
                trails.append(identities[key].trail)
            elif required.kind == "NetworkAuthentication" and key in networks:
                blocks = networks[key].blocks
                trails.append(networks[key].trail)
            else:
                missing = True
        node = absorb(trails[0], *trails[1:])
        if missing:
            inactive.append(Inactive(leaves=node.origin, winner="", why=_NOT_THERE))
            continue
        name = Traced(policy.meta.name.value, (), policy.meta.because)
        admission = Admission(name=name, callers=_both(callers, blocks), trail=node)
        found.append(_Admitted(policy, admission))
    return found, inactive


def _key(statement: MeshTLSAuthentication | NetworkAuthentication) -> tuple[str, str]:
    return statement.meta.namespace.value, statement.meta.name.value


def _both(callers: tuple[AllOf, ...], blocks: tuple[Traced[Term], ...]) -> tuple[AllOf, ...]:
    """Identity AND network; either may be left open."""
    if not blocks:
        return callers
    test = Test(part=Part.PEER_ADDRESS, any_of=blocks, trail=trail("networks"))
    if not callers:
        return (AllOf(tests=(test,), trail=trail("callers")),)
    return tuple(replace(caller, tests=(*caller.tests, test)) for caller in callers)


def _grants(held: Held, admitted: _Targets) -> Iterator[Grant]:
    for one in admitted.of(*_opening(held)):
        admission = one.admission
        yield Grant(
            name=admission.name,
            attachment=held.attachment,
            layer=Layer.MESH_REQUEST,
            callers=admission.callers,
            evidence=_evidence(admission.callers),
            trail=admission.trail,
        )


def _opening(held: Held) -> tuple[_Target, _Target]:
    """The Server and its namespace: a policy for either opens all of the Server."""
    meta = held.server.meta
    home = meta.namespace.value
    return (OWN_GROUP, "Server", home, meta.name.value), (CORE[0], "Namespace", home, home)


def _evidence(callers: Sequence[AllOf]) -> Evidence:
    if not callers:
        return Evidence.NONE
    by_address = any(all(t.part is Part.PEER_ADDRESS for t in c.tests) for c in callers)
    return Evidence.ADDRESS if by_address else Evidence.CERTIFICATE


def _guarded(held: Held, routes: _OnServers, admitted: _Targets) -> GuardedRoutes | None:
    """The routes on a Server with those who are admitted to them; ``None`` where it has none."""
    attached = sorted(heeded_on(held, routes.get(_server(held), ())), key=oldest_first)
    found = list(_calls_alone(held)) if not attached else []
    if not attached and not found:
        return None
    spent = [held.server.protocol] if found and held.server.protocol is not None else []
    for route in attached:
        own = tuple(one.admission for one in admitted.of(_itself(route)))
        node = absorb(route.trail, *(p.spent for p in route.parents))
        names = [p.name for p in route.parents if p.kind == "Server"]
        for number, matches in enumerate(route.guarded):
            called = named_rule(route, number)
            found.append(
                GuardedRoute(
                    name=called,
                    matches=_with_hosts(matches, route),
                    admissions=own,
                    trail=absorb(node, *names, route.routes[number].trail),
                )
            )
    return GuardedRoutes(
        attachment=held.attachment,
        layer=Layer.MESH_REQUEST,
        order=Order.RANK,
        routes=tuple(found),
        no_match=NoMatch.NOT_FOUND,
        view=View(authority_has_port=False, regex_reads_bytes=False),
        trail=absorb(
            trail(f"routes of {held.server.meta.key}", because=held.server.meta.because), *spent
        ),
    )


def _calls_alone(held: Held) -> Iterator[GuardedRoute]:
    """The route that a Server of gRPC has where none is attached: calls, which are POSTs, and no other requests.

    linkerd2 policy-controller/core/src/inbound.rs ``InboundRoute<GrpcRouteMatch>``, linkerd2-proxy
    linkerd/http/route/src/grpc/match.rs, 2.20.
    """
    protocol = held.server.protocol
    if protocol is None or protocol.value != "gRPC":
        return
    about = trail(f"calls to {held.server.meta.key}", because=held.server.meta.because)
    node = absorb(about, protocol)
    post = named(Pattern(PatternKind.EXACT, "POST"), protocol)
    test = Test(part=Part.METHOD, any_of=(post,), trail=trail("a call"))
    yield GuardedRoute(
        name=named("default", protocol),
        matches=(AllOf(tests=(test,), trail=trail("match")),),
        trail=node,
    )


def _with_hosts(matches: tuple[AllOf, ...], route: HttpRoute) -> tuple[AllOf, ...]:
    """Each alternative with the hosts that the whole route asks for."""
    if not route.hosts:
        return matches
    test = Test(part=Part.AUTHORITY, any_of=route.hosts, trail=trail("hosts"))
    whole = matches or (AllOf(trail=trail("match")),)
    return tuple(replace(match, tests=(*match.tests, test)) for match in whole)


def named_rule(route: HttpRoute, number: int) -> Traced[str]:
    """The name of a rule: its object's, and its number where there are several."""
    name = route.meta.name.value
    text = name if len(route.guarded) == 1 else f"{name}/{number}"
    return Traced(text, (), route.meta.because)


def heeded_on(held: Held, routes: Sequence[HttpRoute]) -> tuple[HttpRoute, ...]:
    """The routes on a Server: GRPCRoutes where it speaks gRPC, else HTTPRoutes where no GRPCRoute is in their way.

    A Server that passes connections on unread has none.

    linkerd2 policy-controller/grpc/src/inbound.rs ``to_server``, policy-controller/k8s/status/src/index.rs
    ``parent_condition_server``, 2.20.
    """
    attached = tuple(route for route in routes if is_on(route, held))
    calls = tuple(route for route in attached if route.protocol is Protocol.GRPC)
    protocol = held.server.protocol
    if protocol is not None and protocol.value == "gRPC":
        return calls
    unread = protocol is not None and protocol.value in UNREAD
    return () if calls or unread else attached


def is_on(route: HttpRoute, held: Held) -> bool:
    """Whether a route is attached to a Server, which must be in its own namespace.

    A Server of another one, its port or a section among the parents keep the whole route out (linkerd2
    policy-controller/k8s/index/src/inbound/routes.rs ``InvalidParentRef``, 2.20).
    """
    home, name = held.server.meta.namespace.value, held.server.meta.name.value
    if route.meta.namespace.value != home or all(p.name.value != name for p in route.parents):
        return False
    named_ones = [p for p in route.parents if (p.group, p.kind) == (OWN_GROUP, "Server")]
    sound = all(
        parent.port is None
        and parent.section is None
        and (parent.namespace is None or parent.namespace.value == home)
        for parent in named_ones
    )
    return (
        sound and any(parent.name.value == name for parent in named_ones) and not is_kept_out(route)
    )


def _itself(route: HttpRoute) -> _Target:
    return route.group, route.meta.kind, route.meta.namespace.value, route.meta.name.value


_OnServers = Mapping[tuple[str, str], Sequence[HttpRoute]]
"""Routes by namespace and name of the Servers that they name."""


def _on_servers(statements: Sequence[Statement]) -> _OnServers:
    found: dict[tuple[str, str], list[HttpRoute]] = {}
    for route in statements:
        if isinstance(route, HttpRoute) and route.group in (OWN_GROUP, ROUTE_GROUP):
            for name in dict.fromkeys(p.name.value for p in route.parents if p.kind == "Server"):
                found.setdefault((route.meta.namespace.value, name), []).append(route)
    return found


def _beside(routes: Iterable[HttpRoute]) -> Iterator[Inactive]:
    """Servers that routes name beside parents of other kinds, and on none of which they are heeded."""
    for route in routes:
        own = [p for p in route.parents if (p.group, p.kind) == (OWN_GROUP, "Server")]
        if len(own) < len(route.parents):
            leaves = tuple(leaf for parent in own for leaf in leaves_of(parent))
            yield Inactive(leaves=leaves, winner="", why=_NO_SERVER)


def _server(held: Held) -> tuple[str, str]:
    return held.server.meta.namespace.value, held.server.meta.name.value


def _homeless(
    admitted: _Targets, servers: Sequence[Held], routes: _OnServers
) -> Iterator[Inactive]:
    """Policies whose target is not there, or which is on no Server."""
    homes = [target for held in servers for target in _opening(held)]
    homes += [
        _itself(route)
        for held in servers
        for route in heeded_on(held, routes.get(_server(held), ()))
    ]
    used = {id(one) for one in admitted.of(*dict.fromkeys(homes))}
    for one in admitted.all:
        if id(one) not in used:
            values = (one.admission.trail, *traced(one.admission.callers))
            leaves = {leaf for value in values for leaf in value.origin}
            yield Inactive(
                leaves=tuple(sorted(leaves)), winner="", why="its target is no Server's here"
            )
