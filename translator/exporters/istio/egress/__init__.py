"""Ways out of the cluster: who may reach what outside, and the rules for it.

What the target's own Sidecars and its mesh-wide mode say (a policy without a name, for all addresses) stays as it is. Where
undeclared destinations are refused, a Sidecar of the mode REGISTRY_ONLY lets out what the registry knows, and entries
declare what the routes of the source let out. Services of the cluster stay known to all. Both are held by the client's proxy, in the source as in the target, and neither is a boundary for who gets past it
(istio.io/docs/ops/best-practices/security, ``understand traffic capture limitations``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.edge import EgressPolicy, UnknownEgress
from ir.model import Fact, Model
from ir.provenance import Traced, derived, named, trail
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import AMBIENT, Loss, Options
from translator.exporters.egress.addresses import networks
from translator.exporters.egress.known import refuses
from translator.exporters.istio.egress import findings
from translator.exporters.istio.egress.entries import Declared, Place, declare
from translator.exporters.istio.egress.hosts import exact_hosts, of_host
from translator.exporters.istio.egress.views import View, views_of
from translator.exporters.istio.egress.ways import (
    HTTP,
    INSIDE,
    Refused,
    Way,
    all_ways,
    effects_of,
    goes_on,
    hosts_of,
    is_inside,
    is_of,
    is_plain,
    is_wild,
    numbers_of,
    reaches,
    ways_of,
    widened,
)
from translator.exporters.istio.egress.zones import Zone, outside_of, zones
from translator.exporters.istio.legalise.defaults import PIN
from translator.exporters.naming import Names
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

_AGENTS = "the agents of nodes know no mode for what nobody declared, and a waypoint holds rules for what is declared alone"
_OF_ROOT = "a Sidecar without a selector in the root namespace is for the whole mesh"


@dataclass(slots=True)
class Egress:
    """What becomes of egress: facts in the words of the target, and what is told of it."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def legalise_egress(model: Model, options: Options, names: Names) -> tuple[Model, list[Loss]]:
    """The model with Sidecars, entries and rules of hosts in the place of networks and their routes."""
    policies = [fact for fact in model.facts if isinstance(fact, EgressPolicy)]
    tables = [f for f in model.facts if isinstance(f, RouteTable) and _leaves(f, policies)]
    if not policies:
        return model, []
    gone = {id(fact) for fact in (*policies, *tables)}
    kept = tuple(fact for fact in model.facts if id(fact) not in gone)
    if options.profile == AMBIENT:
        lost = findings.not_written((*policies, *tables), _AGENTS)
        return replace(model, facts=kept), [lost]
    own = tuple(policy for policy in policies if policy.name is None and not policy.networks)
    policies = [policy for policy in policies if not any(policy is one for one in own)]
    made = _Made(model, options, names, tables, zones(policies))
    for zone in made.zones:
        made.add(zone)
    rest = [
        p for p in policies if not any(p is own for zone in made.zones for own in zone.policies)
    ]
    if rest:
        made.egress.losses.append(findings.not_written(rest, "it is for some workloads"))
    return replace(model, facts=(*kept, *own, *made.egress.facts)), made.egress.losses


def _leaves(table: RouteTable, policies: Sequence[EgressPolicy]) -> bool:
    outside = table.attachment.subject.scope is Scope.EGRESS
    return outside and any(is_of(table, policy) for policy in policies)


class _Made:
    """What is made zone by zone."""

    def __init__(
        self,
        model: Model,
        options: Options,
        names: Names,
        tables: Sequence[RouteTable],
        found: Sequence[Zone],
    ) -> None:
        self.inventory = model.inventory
        self.options = options
        self.names = names
        self.tables = tables
        self.zones = found
        self.inside = networks(options.cluster_networks or CLUSTER_NETWORKS)
        self.outside = outside_of(options.cluster_networks or CLUSTER_NETWORKS)
        self.zoned = [zone.at for zone in found if zone.at is not None]
        self.wide = any(zone.at is None and zone.refusing for zone in found)
        self.of_mesh = [policy for zone in found if zone.at is None for policy in zone.policies]
        self.egress = Egress()
        self.told: set[int] = set()

    def add(self, zone: Zone) -> None:
        """The objects of one zone."""
        own = [t for t in self.tables if any(is_of(t, p) for p in zone.policies)]
        reason = self._reason(zone, own)
        if reason:
            self.egress.losses.append(findings.not_written((*zone.policies, *own), reason))
        elif zone.refusing:
            self.egress.losses.extend(findings.closed_in(zone, self.inside, self.outside))
            self._limited(zone, own)
        else:
            self._open(zone, own)

    def _reason(self, zone: Zone, tables: Sequence[RouteTable]) -> str:
        """Why no Sidecar can be written; empty where none is needed."""
        if not zone.refusing and not (self.wide and zone.at is not None):
            return ""
        if zone.at == self.options.root_namespace:
            return _OF_ROOT
        homes = [view.home for view in self._views(zone, tables)]
        others = [o for o in self.options.beside if o.kind == "Sidecar" and o.namespace in homes]
        return findings.in_the_way(zone, others) if others else ""

    def _views(self, zone: Zone, tables: Sequence[RouteTable]) -> tuple[View, ...]:
        return views_of(zone, tables, self.zoned, self.options.root_namespace)

    def _sidecar(self, zone: Zone, at: str | None, others: Sequence[str]) -> EgressPolicy:
        """The mode of clients of a zone; ``others``: namespaces that have a Sidecar of their own."""
        mode = UnknownEgress.REFUSE if zone.refusing else UnknownEgress.PASS
        said = [p.unknown for p in zone.policies if p.unknown and refuses(p) is bool(zone.refusing)]
        spent = [
            v
            for p in zone.policies
            for v in (p.trail, p.name, *p.networks, *([p.unknown] if p.unknown not in said else []))
            if v is not None
        ]
        homes = [p.attachment.subject.namespace for p in zone.policies]
        spaces = [space for space in homes if space is not None]
        subject = Subject(
            scope=Scope.MESH if at is None else Scope.NAMESPACE,
            namespace=None if at is None else derived(at, spaces) if spaces else named(at, *spent),
            excluding=tuple(map(_shadow, others)) if at is None else (),
            trail=derived("clients", [p.attachment.subject.trail for p in zone.policies]),
        )
        known = (f"*/*.svc.{self.options.cluster_domain}", f"{at}/*")
        words = known if at is not None and self.of_mesh else ("*/*",)
        beside = [v for p in self.of_mesh for v in (p.trail, p.unknown) if at is not None and v]
        return EgressPolicy(
            attachment=Attachment(subject=subject, enforced_at=EnforcedAt.CLIENT),
            unknown=derived(mode, said),
            seen=tuple(named(word, *spent) for word in words),
            trail=derived("egress", [*spent, *beside]),
        )

    # --- what is declared is let out ----------------------------------------------------------------

    def _limited(self, zone: Zone, tables: Sequence[RouteTable]) -> None:
        """Entries for what routes let out, and the rules of their hosts."""
        found = self._views(zone, tables)
        single = [view.at for view in found if view.at is not None]
        declared = Declared()
        used: set[int] = set()
        for view in found:
            others = sorted({*self.zoned, *single})
            self.egress.facts.append(self._sidecar(zone, view.at, others))
            reads = ways_of(zone, tables, view.at, self.inventory)
            ways = [one for one in reads if isinstance(one, Way)]
            declared.refused.extend(one for one in reads if isinstance(one, Refused))
            ruling = [one.table for one in reads if isinstance(one, Way) or one.rules]
            ways = self._ruled(zone, view, ways, ruling, declared)
            used.update(id(way.table) for way in ways)
        self.egress.facts.extend(declared.services)
        self.egress.losses.extend(findings.not_let_out(_once(declared.refused), used))
        known = {*used, *(id(one.table) for one in declared.refused)}
        idle = [table for table in tables if id(table) not in known]
        self.egress.losses.extend(self._idle(zone, idle))

    def _idle(self, zone: Zone, tables: Sequence[RouteTable]) -> Iterator[Loss]:
        """Routes that let nothing out: of networks that let all out, or for clients of other namespaces."""
        of_open = [t for t in tables if any(is_of(t, p) and not refuses(p) for p in zone.policies)]
        reason = "its network lets out all, which no proxy does for some addresses alone"
        yield from findings.not_let_out(Refused(table, reason) for table in of_open)
        others = [t for t in tables if not any(t is own for own in of_open)]
        if others:
            yield findings.for_nobody(others)

    def _ruled(
        self,
        zone: Zone,
        view: View,
        ways: Sequence[Way],
        tables: Sequence[RouteTable],
        to: Declared,
    ) -> list[Way]:
        """Declares what is let out, with the rules of each host; the ways with all hosts that need them."""
        web = list({id(t): t for t in tables if t.protocol in HTTP}.values())
        pinned = self.options.defaults == PIN
        named_there = {h.value.text: h for w in ways for h in w.hosts if w.table.protocol in HTTP}
        hosts = [h for h in exact_hosts(web) if h.value.text in named_there]
        ruled: set[int] = set()
        wider = list(ways)
        for host in hosts:
            own = list(of_host(host, web, view, zone))
            if pinned or not all(map(is_plain, web)):
                self.egress.facts.extend(own)
                ruled.update(id(t) for t in web if any(o.trail is t.trail for o in own))
                wider = [widened(way, host) for way in wider]
        if zone.refusing:
            by_path = [t for t in web if id(t) in ruled - self.told]
            self.told |= ruled
            self.egress.losses.extend(findings.spelt_otherwise(by_path))
        place = Place(view, zone, self.names, frozenset(ruled), open=not zone.refusing)
        declare(wider, place, to)
        for way in wider:
            effects = [e for route in way.table.routes for e in effects_of(route)]
            if effects and any(is_wild(host.value) for host in way.hosts):
                self.egress.losses.append(findings.effects_lost(way.table, effects))
        return wider

    # --- everything is let out ----------------------------------------------------------------------

    def _open(self, zone: Zone, tables: Sequence[RouteTable]) -> None:
        """Rules for hosts where all passes: each needs an entry, as rules are about what the registry knows."""
        if self.wide and zone.at is not None:
            self.egress.facts.append(self._sidecar(zone, zone.at, ()))
        else:
            said = [v for p in zone.policies for v in traced(p)]
            self.egress.losses.append(findings.passes_anyway(said))
        plain = [table for table in tables if _says_nothing(table)]
        rest = [table for table in tables if not any(table is own for own in plain)]
        if plain:
            said = [v for table in plain for v in traced(table)]
            self.egress.losses.append(findings.passes_anyway(said))
        heeded = [table for table in rest if not self._lost_reason(zone, table)]
        for table in rest:
            reason = self._lost_reason(zone, table)
            if reason:
                self.egress.losses.append(findings.rules_lost([table], reason))
        if heeded:
            self._rules(zone, heeded, [t for t in plain if t.protocol in HTTP])

    def _lost_reason(self, zone: Zone, table: RouteTable) -> str:
        policy = next(p for p in zone.policies if is_of(table, p))
        hosts, every = hosts_of(table)
        if table.protocol not in HTTP:
            return "they send connections elsewhere than they were dialled"
        if zone.at is None and self.zoned:
            return "other namespaces have networks of their own, and would have the rules too"
        if not zone.where(policy).covers(self.outside):
            return "they are for some addresses alone, and rules of a host hold for all"
        if every or any(is_wild(host.value) for host in hosts):
            return "they are for names with a wildcard, or for all"
        if any(is_inside(host.value, self.inventory) for host in hosts):
            return INSIDE
        return ""

    def _rules(self, zone: Zone, tables: Sequence[RouteTable], plain: Sequence[RouteTable]) -> None:
        declared = Declared()
        numbers = {number for table in tables for number in numbers_of(table)}
        beside = [table for table in plain if numbers & {*numbers_of(table)}]
        for view in self._views(zone, tables):
            own = [table for table in tables if reaches(table, view.at)]
            ways = [way for table in own for way in all_ways(table)]
            more = [table for table in beside if reaches(table, view.at)]
            self._ruled(zone, view, ways, [*own, *more], declared)
        self.egress.facts.extend(declared.services)


def _once(found: Sequence[Refused]) -> Iterator[Refused]:
    """What several views leave out, said once."""
    known: set[tuple[int, str, str]] = set()
    for one in found:
        key = id(one.table), one.reason, " ".join(host.value.text for host in one.hosts)
        if key not in known:
            known.add(key)
            yield one


def _says_nothing(table: RouteTable) -> bool:
    """Whether all that it takes goes on as it was dialled."""
    return all(goes_on(route) and not effects_of(route) for route in table.routes)


def _shadow(space: str) -> Subject:
    return Subject(scope=Scope.NAMESPACE, namespace=Traced(space), trail=trail("exception"))
