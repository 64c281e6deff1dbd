"""ServiceProfiles: routes in list order that put the routes of all other kinds aside.

linkerd2-proxy linkerd/app/outbound/src/sidecar.rs and opaq.rs, linkerd2 controller/api/destination/server.go, 2.20: a
profile with a route or a share counts instead of HTTPRoutes, GRPCRoutes and the annotations of the Service; that of the
client's namespace goes before that of the Service's. Connections that are passed on as bytes heed the shares alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, Scope, ServicePort, Subject
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.opaque import Column, Opaque
from ir.provenance import Assumption, Traced, named, silent, trail
from ir.resilience import RetryBudget
from ir.traffic import Backend, Destination, NoMatch, Order, Protocol, Route, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.importers.linked import Linked, of_nobody
from translator.importers.linkerd.link.opaque_ports import opaque_ports, where_heeded
from translator.importers.linkerd.link.splits import Profile, Service, gather
from translator.importers.linkerd.model import Budget, Statement
from translator.importers.linkerd.service_profile import ONCE
from translator.importers.linkerd.services import Spoken
from translator.importers.linkerd.silence import silence
from translator.report.model import Fate, Impact, Loss, Severity, Support

SMI = Assumption(
    "smi", "the SMI extension runs and writes the shares of TrafficSplits into profiles"
)
_BESIDE = "a profile for some clients beside routes for others"
_ASIDE = "a ServiceProfile puts the other routes of its Service aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """What profiles come to, and the Services of which they put the other routes aside."""

    linked: Linked
    profiles: tuple[Profile, ...]

    def _for_all(self, place: Service | None) -> Profile | None:
        return next((p for p in self.profiles if p.service == place and p.everyone), None)

    def heard(self, spoken: Spoken) -> Spoken:
        """What Services say where no profile is heeded instead."""
        return {place: words for place, words in spoken.items() if self._for_all(place) is None}

    def outrank(self, routes: Linked) -> Linked:
        """All that is heeded of both."""
        kept: list[Fact] = []
        inactive = [*self.linked.inactive, *routes.inactive]
        for fact in routes.facts:
            winner = self._for_all(_place(fact))
            if winner is None or (_is_bytes(fact) and not winner.shares):
                kept.append(fact)
            else:
                inactive.append(Inactive(leaves=_leaves(fact), winner=winner.key, why=_ASIDE))
        beside = {place for fact in kept if (place := _place(fact)) is not None}
        mine = [_not_told(f) if _place(f) in beside else f for f in self.linked.facts]
        return Linked(
            facts=(*kept, *mine),
            inactive=tuple(inactive),
            losses=(*self.linked.losses, *routes.losses),
            assumptions=(*self.linked.assumptions, *routes.assumptions),
        )


def _place(fact: Fact) -> Service | None:
    """The Service of which the fact is a table of clients."""
    if not isinstance(fact, RouteTable) or fact.attachment.enforced_at is not EnforcedAt.CLIENT:
        return None
    subject = fact.attachment.subject
    if subject.scope is not Scope.SERVICE or subject.namespace is None or subject.name is None:
        return None
    return subject.namespace.value, subject.name.value


def _is_bytes(fact: Fact) -> bool:
    return isinstance(fact, RouteTable) and fact.protocol is Protocol.TCP


def _leaves(*facts: Fact | Budget) -> tuple[int, ...]:
    return tuple(sorted({leaf for one in traced(facts) for leaf in one.origin}))


def _not_told(fact: Fact) -> Fact:
    """A table beside those that are ordered otherwise: none says "all clients but these"."""
    if not isinstance(fact, RouteTable) or _is_bytes(fact):
        return fact
    return Opaque(
        attachment=replace(fact.attachment, audience=None),
        kind=_BESIDE,
        may_touch=(Column.ROUTING, Column.RESILIENCE),
        trail=trail(_BESIDE, *_leaves(fact)),
    )


def link_profiles(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Profiled:
    """The tables of all profiles that are heeded."""
    found = gather(statements)
    facts: list[Fact] = list(found.opaque)
    losses: list[Loss] = []
    bounded = False
    for one in found.profiles:
        said = _table(one)
        if nobody := of_nobody(said.attachment, inventory):
            found.idle(_leaves(said, *([] if one.budget is None else [one.budget])), nobody)
            continue
        table = where_heeded(said, inventory, options.source)
        facts.extend(() if table is None else (table,))
        facts.extend(_as_bytes(one, inventory, options))
        retries = [r.retry for r in _routes(one) if r.retry is not None]
        if retries and table is not None:
            facts.append(_budget(one, options))
            if options.target.mesh != options.source.mesh:  # else it stays a profile
                losses.append(_unbounded(one, [retry.attempts for retry in retries]))
            bounded = True
        elif one.budget is not None:
            found.inactive.append(_unused(one.budget))
    assumptions = [ONCE] if bounded else []
    assumptions += [SMI] if any(one.splits for one in found.profiles) else []
    linked = Linked(
        facts=tuple(facts),
        inactive=tuple(found.inactive),
        losses=tuple(losses),
        assumptions=tuple(assumptions),
    )
    return Profiled(linked=linked, profiles=tuple(found.profiles))


def _at(one: Profile, *ports: Traced[ServicePort]) -> Attachment:
    home = one.home
    because = one.node.because
    subject = Subject(
        scope=Scope.SERVICE,
        namespace=Traced(one.service[0], (), because),
        name=Traced(one.service[1], (), because),
        trail=trail("the service", because=because),
    )
    audience = None
    if not one.everyone:
        audience = Audience(reach=Reach.NAMESPACES, namespaces=(home,), trail=trail("clients"))
    return Attachment(
        subject=subject, ports=ports, audience=audience, enforced_at=EnforcedAt.CLIENT
    )


def _table(one: Profile) -> RouteTable:
    return RouteTable(
        name=named(one.service[1], one.node),
        attachment=_at(one),
        order=Order.LIST,
        routes=tuple(_routes(one)),
        no_match=NoMatch.PASS,
        object=one.key,
        trail=one.node,
    )


def _routes(one: Profile) -> Iterator[Route]:
    """The routes in their order; what is shared out is shared out without a route too."""
    backends = one.shares or (_itself(one),)
    for route in () if one.profile is None else one.profile.routes:
        yield replace(route, backends=backends)
    if one.shares:
        yield Route(
            name=named("default", one.node),
            backends=backends,
            trail=trail("all requests", because=one.node.because),
        )


def _itself(one: Profile) -> Backend:
    destination = Destination(
        namespace=named(one.service[0], one.node),
        name=named(one.service[1], one.node),
        trail=trail("the service itself", because=one.node.because),
    )
    return Backend(
        destination=destination, trail=trail("the service itself", because=one.node.because)
    )


def _as_bytes(one: Profile, inventory: Inventory, options: Options) -> Iterator[RouteTable]:
    """How connections are shared out on the ports that are passed on unread."""
    service = inventory.service(*one.service)
    ports = () if service is None else opaque_ports(service, options.source)
    if one.shares and ports:
        route = Route(
            name=named("default", one.node),
            backends=one.shares,
            trail=trail("all", because=one.node.because),
        )
        yield RouteTable(
            name=named(one.service[1], one.node),
            attachment=_at(one, *(named(ServicePort(n), one.node) for n in ports)),
            protocol=Protocol.TCP,
            order=Order.LIST,
            routes=(route,),
            no_match=NoMatch.PASS,
            object=one.key,
            trail=trail("shares of connections", because=one.node.because),
        )


def _budget(one: Profile, options: Options) -> RetryBudget:
    """The bound on further tries (profile_translator.go ``defaultRetryBudget``)."""
    said, what = one.budget, silence(options, "spec.retryBudget", "service-profiles/")
    return RetryBudget(
        attachment=_at(one),
        percent=silent(20.0, what) if said is None else said.percent,
        at_least=silent(10, what) if said is None else said.at_least,
        interval=silent(10.0, what) if said is None else said.interval,
        trail=trail("retry budget", because=one.node.because),
    )


def _unused(budget: Budget) -> Inactive:
    values = (budget.percent, budget.at_least, budget.interval)
    leaves = tuple(sorted({leaf for value in values for leaf in value.origin}))
    return Inactive(leaves=leaves, winner="", why="no route of the profile is tried again")


def _unbounded(one: Profile, attempts: Sequence[Traced[int]]) -> Loss:
    return Loss(
        code="MM302",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=tuple(attempts),
        message=f"{one.key} tries requests again as long as its budget lasts, without a bound for "
        "one request, and on answers of gRPC that have no word elsewhere (unknown, permission "
        "denied, data loss): in the output a request is tried again at most once.",
        why="The number of tries of one request is stated by every other kind of route.",
        advice="Check that once is enough; otherwise set a limit in the output.",
    )
