"""Takes out of a model what the target cannot say, by the role of each field and never otherwise.

An effect that cannot be said goes alone. A condition, a subject or a piece of evidence that cannot be said takes the
smallest enclosing rule with it: an alternative, a route, a grant, a fact. Inside a refusal the test alone goes, which
makes the refusal wider: a refusal never goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import TypeVar

from ir.access import (
    Bypass,
    Closed,
    ExternalDecision,
    Grant,
    GuardedRoutes,
    PeerMtls,
    Refusal,
    TokenCheck,
)
from ir.coverage import covers
from ir.inventory import Inventory
from ir.match import AllOf, Test
from ir.model import Fact, Model
from ir.provenance import Traced
from ir.resilience import Fault, RateLimit
from ir.roles import ROLES, Role
from ir.telemetry import Telemetry
from ir.traffic import FixedAnswer, Rewrite, Route, RouteMatch, RouteTable
from ir.walk import position_key, traced
from translator.api import SUPPORT, Grade, Loss, Row
from translator.exporters.capability import Table
from translator.exporters.handed_on import harm_of_match, harm_of_rule, refuses
from translator.exporters.of_requests import any_method, needs_it
from translator.exporters.routes.rivals import rivals_of
from translator.report.model import Impact, Severity, Support

T = TypeVar("T")

_GUARDS = (Closed, PeerMtls, TokenCheck, ExternalDecision, GuardedRoutes, RateLimit)
"""Facts that refuse: without them more passes."""

ALTERNATIVES = {
    ("Grant", "callers"),
    ("Grant", "requests"),
    ("Route", "matches"),
    ("RouteTable", "routes"),
    ("GuardedRoute", "matches"),
    ("GuardedRoute", "admissions"),
    ("GuardedRoutes", "routes"),
    ("Admission", "callers"),
    ("RouteTable", "hosts"),
}
"""Lists of which one item can go without the others."""

ACTIONS = ("Route.backends", "Route.redirect", "Route.answer")
"""What a route does with its requests: a route without it is none, so it goes as a whole."""

_FALLBACK_CODE = "MM801"
_ANSWERS = "MM204"
_ALL_FAIL = "It fails every request of its rule; these are served now."


class Unsayable(Exception):  # noqa: N818  # not an error of anybody: it carries a loss upwards
    """A condition below cannot be said: the rule around it must go."""

    def __init__(self, row: Row, what: object) -> None:
        super().__init__(row.key)
        self.row = row
        self.what = what
        """That which cannot be said."""


def prune(model: Model, table: Table) -> tuple[Model, tuple[Loss, ...]]:
    """The model less what the table's target cannot say, and the losses."""
    losses: list[Loss] = []
    kept: list[Fact] = []
    for fact in model.facts:
        sweep = _Sweep(table, fact, losses, model)
        try:
            kept.append(_still_of_requests(sweep.facet(fact), fact))
        except Unsayable as unsayable:
            gone = lost(fact, unsayable.row, _harm_of_fact(fact), unsayable.what)
            losses.append(gone)
    return replace(model, facts=tuple(kept)), of_one_cause(losses)


def _still_of_requests(left: Fact, fact: Fact) -> Fact:
    """What is left of a grant, which holds for HTTP alone if the grant does."""
    if isinstance(fact, Grant) and isinstance(left, Grant) and needs_it(left, fact):
        return replace(left, always=(*left.always, any_method(fact)))
    return left


def of_one_cause(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    """Losses that say the same as one, with the sites of all of them."""
    found: dict[tuple[object, ...], Loss] = {}
    for loss in losses:
        key = (
            loss.code,
            loss.message,
            loss.advice,
            loss.impact,
            loss.support,
            loss.severity,
            loss.fate,
            loss.http,
        )
        known = found.get(key)
        found[key] = (
            loss
            if known is None
            else replace(
                known,
                sites=(*known.sites, *loss.sites),
                leaves=(*known.leaves, *loss.leaves),
                because=(*known.because, *loss.because),
                about=(*known.about, *loss.about),
                at=_both(known.at, loss.at),
                ways=_both(known.ways, loss.ways),
            )
        )
    return tuple(found.values())


def _both(some: tuple[T, ...], others: tuple[T, ...]) -> tuple[T, ...]:
    """Bounds of two findings as one: where one of them has none, there are none."""
    return (*some, *others) if some and others else ()


def lost(value: object, row: Row, impact: Impact, about: object = ()) -> Loss:
    """The loss of everything below ``value``, for the reason that ``row`` gives; ``about``: what of it that speaks of."""
    impact = Impact(row.impact) if row.impact else impact
    other = row.grade == Grade.NEVER and (row.until or row.channel)
    support = Support.VERSION if other else SUPPORT[row.grade]
    return Loss(
        code=row.code or _FALLBACK_CODE,
        impact=impact,
        support=support,
        severity=Severity.LOW if impact is Impact.NONE else None,
        sites=tuple(traced(value)),
        about=tuple(traced(about)),
        message=row.why or f"{row.key} cannot be said.",
        advice=row.advice,
        doc=row.source,
    )


def _harm_of_fact(fact: Fact) -> Impact:
    if isinstance(fact, _GUARDS) or (isinstance(fact, RouteTable) and refuses(fact)):
        return Impact.LOOSER
    if isinstance(fact, Telemetry):
        return Impact.NONE
    if isinstance(fact, Bypass):
        return Impact.STRICTER
    return Impact.STRICTER if type(fact).__name__ == "Grant" else Impact.DIFFERENT


_MOST_NAMED = 8


def _pods_of(fact: object, inventory: Inventory) -> str:
    """The workloads that a refusal is about, as far as they are listed, to begin a clause with."""
    if not isinstance(fact, Refusal):
        return ""
    names = [w.key for w in inventory.workloads if covers(fact.attachment.subject, w, inventory)]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"at {', '.join(names[:_MOST_NAMED])}{more} " if names else ""


class _Sweep:
    """One pass over one fact."""

    def __init__(self, table: Table, fact: Fact, losses: list[Loss], model: Model) -> None:
        self.table = table
        self.facts = model.facts
        self.inventory = model.inventory
        self.fact = fact
        self.within = type(fact).__name__
        self.refuses = isinstance(fact, Refusal)
        self.losses = losses

    def facet(self, value: T) -> T:
        """``value`` less what cannot be said in it."""
        if isinstance(value, Traced) or type(value) not in ROLES:
            return value
        own = ROLES[type(value)]
        changes: dict[str, object] = {}
        for field in fields(value):  # type: ignore[arg-type]  # keys of ROLES are dataclasses
            inner = getattr(value, field.name)
            if field.name == "trail" or inner is None or inner == ():
                continue
            new = self._field(value, field.name, inner, own[field.name])
            if new is not inner:
                changes[field.name] = new
        return replace(value, **changes) if changes else value  # type: ignore[type-var]

    def _field(self, owner: object, name: str, inner: object, role: Role) -> object:
        row = self.table.row(position_key(owner, name), self.within)
        if row.grade in (Grade.NEVER, Grade.NOT_YET) and self._speaks(owner, name):
            if role not in (Role.EFFECT, Role.NOTE) or row.key in ACTIONS:
                raise Unsayable(row, owner if isinstance(owner, Test) else inner)
            loss = lost(inner, row, _harm_of_effect(inner, role))
            if isinstance(inner, Fault) and inner.answers_all:
                loss = replace(loss, message=f"{loss.message} {_ALL_FAIL}")
            if isinstance(inner, Rewrite):  # the application is asked for what it may not serve
                loss = replace(loss, severity=Severity.HIGH)
            self.losses.append(loss)
            return () if isinstance(inner, tuple) else None
        if isinstance(inner, tuple):
            return self._items(owner, name, inner, role)
        try:
            return self.facet(inner)
        except Unsayable as unsayable:
            if role is not Role.EFFECT or position_key(owner, name) in ACTIONS:
                raise
            gone = lost(inner, unsayable.row, Impact.DIFFERENT, unsayable.what)
            self.losses.append(gone)
            return None

    def _speaks(self, owner: object, name: str) -> bool:
        """Whether the field says something: a test has many fields for one part."""
        return not isinstance(owner, Test) or name in ("any_of", "none_of", "presence")

    def _items(
        self, owner: object, name: str, items: tuple[object, ...], role: Role
    ) -> tuple[object, ...]:
        kept: list[object] = []
        last: Unsayable | None = None
        gone: list[tuple[Route, Unsayable]] = []
        for item in items:
            try:
                kept.append(self.facet(item))
            except Unsayable as unsayable:
                last = unsayable
                if isinstance(item, Route) and isinstance(owner, RouteTable):
                    gone.append((item, last))
                else:
                    self._without(owner, name, item, last, role)
        self._without_rules(owner, gone)
        if last is not None and not kept and role is Role.CONDITION and not self.refuses:
            raise last
        same = len(kept) == len(items) and all(a is b for a, b in zip(kept, items, strict=True))
        return items if same else tuple(kept)

    def _without_rules(self, table: object, gone: Sequence[tuple[Route, Unsayable]]) -> None:
        """Rules that go: what becomes of their requests depends on those that stay."""
        if not isinstance(table, RouteTable):
            return
        kept = [one for one in table.routes if not any(one is own for own, _ in gone)]
        for route, unsayable in gone:
            impact, then = harm_of_rule(route, table, kept, leaks=self._leaks(table))
            loss = lost(route, unsayable.row, impact, unsayable.what)
            if route.answer is not None and unsayable.row.code == _ANSWERS:
                loss = replace(loss, message=loss.message + then)
            self.losses.append(loss)

    def _leaks(self, table: RouteTable) -> bool:
        """Whether other tables are for the same requests: those of all clients beside those of some."""
        tables = (fact for fact in self.facts if isinstance(fact, RouteTable))
        return table.attachment.audience is not None and bool(rivals_of(table, tables))

    def _without(
        self, owner: object, name: str, item: object, unsayable: Unsayable, role: Role
    ) -> None:
        row = unsayable.row
        if self.refuses and isinstance(item, Test):
            places = _pods_of(self.fact, self.inventory)
            message = (
                f"{row.why} The refusal is made wider: {places}it holds whatever this test says."
            )
            wider = replace(lost(item, row, Impact.STRICTER), code="MM403", message=message)
            self.losses.append(replace(wider, impact=Impact.STRICTER))
            return
        alternative = (type(owner).__name__, name) in ALTERNATIVES
        if not alternative and (role is not Role.EFFECT or position_key(owner, name) in ACTIONS):
            raise unsayable
        loss = lost(item, row, self._harm_of_item(owner, item), unsayable.what)
        if isinstance(item, AllOf) and name == "callers":
            loss = replace(loss, ways=(item,))
        self.losses.append(loss)

    def _harm_of_item(self, owner: object, item: object) -> Impact:
        if isinstance(item, AllOf):
            return Impact.STRICTER
        fact = self.fact
        if (
            isinstance(owner, Route)
            and isinstance(item, RouteMatch)
            and isinstance(fact, RouteTable)
        ):
            return harm_of_match(owner, fact)
        return _harm_of_effect(item, Role.EFFECT)


def _harm_of_effect(effect: object, role: Role) -> Impact:
    """Losing an effect that refuses lets requests through; any other makes things different."""
    if role is Role.NOTE:
        return Impact.NONE
    if isinstance(effect, Fault) and effect.answers_all:
        return Impact.LOOSER
    answers = [effect.answer] if isinstance(effect, Route) else [effect]
    refuses = any(isinstance(a, FixedAnswer) and a.status.value >= 400 for a in answers)  # noqa: PLR2004
    return Impact.LOOSER if refuses else Impact.DIFFERENT
