"""One request, decided naively, with the fact that decided it.

The slow twin of the exact comparison: it tries facts one after the other and shares no code with
string languages, so that each can catch the other's mistakes. It knows no mesh, only facts, and
refuses what it cannot tell (:class:`Unsupported`) instead of guessing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from ir.access import (
    Bypass,
    Certainty,
    Closed,
    Direction,
    ExternalDecision,
    Grant,
    GuardedRoute,
    GuardedRoutes,
    Layer,
    MtlsMode,
    PeerMtls,
    ProbeAccess,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.behaviour.concrete_choice import Candidate, winner
from ir.behaviour.concrete_match import Sight, any_holds, certified, rule_holds
from ir.behaviour.concrete_place import is_inside, on_port, reaches, sets_out
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.concrete_route import decide_route
from ir.behaviour.concrete_rules import carries_token, speaks_of
from ir.behaviour.concrete_trail import leaves_of, name_of
from ir.behaviour.request import TCP, Answer, Caller, Decision, Request
from ir.inventory import Workload
from ir.model import Fact, Model
from ir.provenance import Traced, Trail
from ir.traffic import NoMatch

__all__ = ["Place", "Unsupported", "decide_access", "decide_route", "place"]

Ruling = (
    Bypass
    | Closed
    | ExternalDecision
    | Grant
    | GuardedRoutes
    | PeerMtls
    | Probes
    | Refusal
    | TokenCheck
)
"""A fact that decides whether a request gets in."""

F = TypeVar("F", bound=Ruling)

_NONE: tuple[Ruling, ...] = ()

_OPEN = Decision(Answer.ALLOWED, "default", "nothing is closed or refuses the request")


@dataclass(frozen=True, slots=True)
class Place:
    """A port of a workload that is asked about request after request: what is said of it is looked up once."""

    model: Model
    workload: Workload
    port: int
    _said: dict[tuple[type, Direction, Layer | None], list[Ruling]] = field(default_factory=dict)
    _layers: dict[Direction, list[Layer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Files the facts about this workload and port; outbound, whoever the caller is."""
        for fact in self.model.facts:
            if isinstance(fact, Ruling) and self._is_about(fact):
                key = type(fact), _side(fact), _layer_of(fact)
                self._said.setdefault(key, []).append(fact)
        for side in Direction:
            speaking = {layer for _, own, layer in self._said if own is side}
            self._layers[side] = [layer for layer in Layer if layer in speaking]

    def _is_about(self, fact: Ruling) -> bool:
        at = fact.attachment
        inside = _side(fact) is Direction.OUTBOUND or is_inside(at, self.model, self.workload)
        return inside and on_port(at, self.model, self.workload, self.port)

    def layers(self, direction: Direction) -> list[Layer]:
        """The layers that say anything here, in the order in which they decide."""
        return self._layers[direction]

    def facts(
        self, kind: type[F], direction: Direction, layer: Layer | None, caller: Caller
    ) -> list[F]:
        """Facts of that kind that hold where this caller calls, in the model's order."""
        found = cast("list[F]", self._said.get((kind, direction, layer), _NONE))
        if direction is Direction.OUTBOUND:
            return [fact for fact in found if sets_out(fact.attachment, self.model, caller)]
        return [fact for fact in found if reaches(fact.attachment.audience, caller)]

    def decide(self, request: Request) -> Decision:
        """Whether the request, which is for this port, reaches the workload, and the fact that decided.

        On datagrams the network alone has a say: no proxy looks at them.

        Raises:
            Unsupported: something outside of the model has a say.
        """
        site = _Site(self, request)
        datagram = request.transport != TCP
        decision = _layer(site, Layer.NETWORK) or _OPEN if datagram else _decided(site)
        for layer in (Layer.NETWORK,) if datagram else self.layers(Direction.OUTBOUND):
            if not decision.allowed:
                break
            out = _way_out(site, layer)
            if out is not None:
                decision = _besides(decision, out) if out.allowed else out
        return decision


@dataclass(frozen=True, slots=True)
class _Site:
    """A request at the place that it is for."""

    place: Place
    request: Request

    @property
    def model(self) -> Model:
        return self.place.model

    @property
    def workload(self) -> Workload:
        return self.place.workload

    def facts(
        self,
        kind: type[F],
        layer: Layer | None = None,
        direction: Direction = Direction.INBOUND,
    ) -> list[F]:
        """Facts of that kind and layer about this workload and port, in the model's order.

        Outbound: those about what leaves the caller for it.
        """
        return self.place.facts(kind, direction, layer, self.request.caller)

    def lets_in(self, rule: Grant | Refusal) -> bool:
        """Whether the request is one that the rule speaks of."""
        here = self.seen() if rule.direction is Direction.INBOUND else self.request
        return speaks_of(rule, here, self.workload, self.model.inventory)

    def seen(self) -> Request:
        """The request as the server has it: where only clear text is understood no caller shows a certificate."""
        if not any(fact.mode.value is MtlsMode.OFF for fact in self.facts(PeerMtls)):
            return self.request
        return replace(self.request, caller=replace(self.request.caller, mtls=False))


def _layer_of(fact: Ruling) -> Layer | None:
    """The layer of policies that a fact is one of; there are facts beside all of them."""
    return fact.layer if isinstance(fact, (Closed, Grant, GuardedRoutes, Refusal)) else None


def _side(fact: Ruling) -> Direction:
    """The side that a rule is about; facts of other kinds are looked at for every request."""
    if isinstance(fact, (Closed, Grant, Refusal)):
        return fact.direction
    return Direction.INBOUND


def place(model: Model, workload: str, port: int) -> Place:
    """A port of the workload ``Kind/namespace/name``.

    Raises:
        Unsupported: the workload is not listed.
    """
    return Place(model, _workload(model, workload), port)


def decide_access(model: Model, request: Request) -> Decision:
    """Whether the request reaches its workload, and the fact that decided.

    Raises:
        Unsupported: the workload is not listed, or something outside of the model has a say.
    """
    return place(model, request.workload, request.port).decide(request)


def _besides(decision: Decision, out: Decision) -> Decision:
    """What lets in, together with what lets out: both decide."""
    if decision is _OPEN:
        return out
    return replace(decision, leaves=tuple(sorted({*decision.leaves, *out.leaves})))


def _way_out(site: _Site, layer: Layer) -> Decision | None:
    """What one layer says where the request sets out; ``None`` where it has no opinion."""
    for refusal in site.facts(Refusal, layer, Direction.OUTBOUND):
        if site.lets_in(refusal):
            return _said(Answer.REFUSED, refusal, "a refusal speaks of what leaves the caller")
    for closed in site.facts(Closed, layer, Direction.OUTBOUND):
        if closed.certain is not Certainty.NO:
            for grant in site.facts(Grant, layer, Direction.OUTBOUND):
                if site.lets_in(grant):
                    return _said(Answer.ALLOWED, grant, "a grant lets it out")
            return _said(Answer.REFUSED, closed, "what leaves the caller is closed")
    return None


def _decided(site: _Site) -> Decision:
    past = _bypassed(site)
    if past is not None:
        return _refused(_layer(site, Layer.NETWORK)) or past
    free = _probe(site, ProbeAccess.REWRITTEN)
    if free is not None:
        return free
    probe = _probe(site, ProbeAccess.BY_PATH)
    if probe is not None:
        # The door that a mesh holds open for health checks is behind the network's own policy.
        return _refused(_layer(site, Layer.NETWORK)) or probe
    passed = _proof(site)
    for layer in site.place.layers(Direction.INBOUND):
        if not passed.allowed:
            return passed
        passed = _layer(site, layer) or passed
    if passed.allowed:
        _refuse_outside_decisions(site)
    return passed


def _workload(model: Model, key: str) -> Workload:
    for workload in model.inventory.workloads:
        if workload.key == key:
            return workload
    message = f"the inventory lists no workload {key!r}"
    raise Unsupported(message)


def _refused(decision: Decision | None) -> Decision | None:
    return None if decision is None or decision.allowed else decision


def _said(answer: Answer, fact: Fact | GuardedRoute, why: str) -> Decision:
    return Decision(answer, name_of(fact), why, leaves_of(fact))


def _bypassed(site: _Site) -> Decision | None:
    for fact in site.facts(Bypass):
        if fact.direction is Direction.INBOUND:
            return _said(Answer.ALLOWED, fact, "no policy exists on this port")
    return None


def _probe(site: _Site, access: ProbeAccess) -> Decision | None:
    """What lets a health check in, if the request is one and this is how they get in."""
    by_path = access is ProbeAccess.BY_PATH
    gets_in = site.request.method == "GET" if by_path else site.request.caller.probe
    if not gets_in or not _checks_health(site):
        return None
    for fact in site.facts(Probes):
        if fact.access.value is access:
            return _said(Answer.ALLOWED, fact, "it is a health check that the workload declares")
    return None


def _checks_health(site: _Site) -> bool:
    request, workload = site.request, site.workload
    path = request.path.partition("?")[0]
    return request.http and any(
        workload.port_number(probe.port) == request.port
        and probe.path.partition("?")[0] == path
        and probe.method == request.method
        for probe in workload.probes
    )


def _proof(site: _Site) -> Decision:
    """Whether the caller proves its identity where that is demanded."""
    for fact in site.facts(PeerMtls):
        if fact.mode.value is MtlsMode.DEMANDED and not certified(site.request.caller):
            return _said(Answer.REFUSED, fact, "a certificate is demanded and none is shown")
    return _OPEN


def _layer(site: _Site, layer: Layer) -> Decision | None:
    """What one layer says; ``None`` where it has no opinion."""
    for refusal in site.facts(Refusal, layer):
        if site.lets_in(refusal):
            return _said(Answer.REFUSED, refusal, "a refusal speaks of this request")
    routed = _guarded(site, layer)
    return _doors(site, layer) if routed is None else routed


def _granted(site: _Site, layer: Layer) -> Grant | None:
    return next((g for g in site.facts(Grant, layer) if site.lets_in(g)), None)


def _doors(site: _Site, layer: Layer) -> Decision | None:
    """What a layer without routes says: closed or not, granted or not."""
    for closed in site.facts(Closed, layer):
        if closed.certain is not Certainty.NO:
            grant = _granted(site, layer)
            if grant is not None:
                return _said(Answer.ALLOWED, grant, "a grant speaks of this request")
            return _said(Answer.REFUSED, closed, "the port is closed and no grant speaks of it")
    return None


def _guarded(site: _Site, layer: Layer) -> Decision | None:
    """What the routes of the layer say; ``None`` where there are none, or the request goes on."""
    tables = site.facts(GuardedRoutes, layer)
    if not tables or not site.request.http:
        return None
    if len({(table.order, table.no_match) for table in tables}) > 1:
        message = "route tables of one port differ in order or in what happens without a match"
        raise Unsupported(message)
    sights = [
        (Sight(request=site.request, view=t.view, inventory=site.model.inventory), t)
        for t in tables
    ]
    found = [c for sight, table in sights for c in _candidates(sight, table)]
    best = winner(tables[0].order, found)
    if best is None:
        return _unmatched(tables[0])
    sight, route = best
    return _admitted(site, layer, sight, route)


def _candidates(
    sight: Sight, table: GuardedRoutes
) -> Iterator[Candidate[tuple[Sight, GuardedRoute]]]:
    for route in table.routes:
        if not route.matches:
            yield Candidate((sight, route), (), (), sight)
        for match in route.matches:
            if any_holds((match,), sight):
                yield Candidate((sight, route), match.tests, (), sight)


def _admitted(site: _Site, layer: Layer, sight: Sight, route: GuardedRoute) -> Decision:
    """Who is let in decides, and which requests are the route's."""
    own = {leaf for match in route.matches for leaf in leaves_of(match)}
    for admission in route.admissions:
        if rule_holds(sight, admission.callers):
            own.update((*leaves_of(admission), *_own_leaves(route.trail, route.name)))
            why = f"it may take {name_of(route)}"
            return Decision(Answer.ALLOWED, name_of(admission), why, tuple(sorted(own)))
    grant = _granted(site, layer)
    if grant is not None:
        own.update(leaves_of(grant))
        why = f"a grant opens {name_of(route)} too"
        return Decision(Answer.ALLOWED, name_of(grant), why, tuple(sorted(own)))
    return _said(Answer.REFUSED, route, "nobody admits the caller to the route that wins")


def _own_leaves(*values: Trail | Traced[str]) -> tuple[int, ...]:
    return tuple(leaf for value in values for leaf in value.origin)


def _unmatched(table: GuardedRoutes) -> Decision | None:
    match table.no_match:
        case NoMatch.NOT_FOUND:
            return _said(Answer.NOT_FOUND, table, "no route matches")
        case NoMatch.FORBIDDEN:
            return _said(Answer.REFUSED, table, "no route matches")
        case NoMatch.PASS:
            return None


def _refuse_outside_decisions(site: _Site) -> None:
    """Stops where something that the model only names would have to be asked."""
    for fact in site.facts(ExternalDecision):
        sight = Sight(request=site.seen(), view=fact.view, inventory=site.model.inventory)
        if rule_holds(sight, fact.callers, fact.requests, fact.always):
            message = f"{fact.provider.value!r} outside of the model decides"
            raise Unsupported(message)
    for check in site.facts(TokenCheck):
        if carries_token(check, site.request):
            message = f"whether the token verifies is not known ({name_of(check)})"
            raise Unsupported(message)
