"""Endpoints that fail: one rule for each service whose endpoints get requests.

istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go ``applyOutlierDetection``, 1.31: the rule is that of the
endpoints to which requests are sent. The source has one for those who address a service, for all endpoints to which its
routes lead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, Subject
from ir.inventory import Inventory
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.resilience import AppliesTo, Outliers, StateScope
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.destination_findings import (
    bytes_too,
    clients_of_their_own,
    heeded_instead,
    longest_time,
    manner,
    no_outliers,
    other_rule,
    theirs_too,
    whose_count,
)
from translator.exporters.istio.legalise.goals import (
    Key,
    elsewhere,
    goals_of,
    in_the_way,
    key_of,
    of_clients,
    spoken,
)
from translator.exporters.routes.slots import is_http

_LONGEST = 300.0
"""Seconds: for so long at most an endpoint is out, or for the first time if that is longer."""

_SHORTEST = 0.001
"""Seconds: the least that the target takes for a time out and between two looks."""


@dataclass(slots=True)
class Ejections:
    """The rules by the service that clients address, and what becomes of them."""

    options: Options
    inventory: Inventory
    rules: dict[Key, Outliers] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    written: list[Outliers] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)
    """Services whose endpoints have a rule of their own."""
    apart: list[tuple[Key, Outliers]] = field(default_factory=list)
    """For whom, or which endpoints, the source has no word and another rule."""

    def file(self, fact: Outliers) -> None:
        """Takes a rule in; what has no form is lost."""
        reason = elsewhere(fact.attachment, self.inventory, self.options) or _unsaid(fact)
        key = key_of(fact.attachment)
        if not reason and key in self.rules:
            reason = "there is another rule for the service"
        if reason or key is None:
            self.losses.extend(no_outliers(fact, reason))
        else:
            self.rules[key] = fact

    def keep(self, fact: Outliers) -> None:
        """Writes a rule for endpoints, whoever sends requests there: as it stands, but for what only the target bounds."""
        reason = (
            elsewhere(fact.attachment, self.inventory, self.options) or _unsaid(fact) or _more(fact)
        )
        key = key_of(fact.attachment)
        there = None if key is None else in_the_way(key, self.options)
        if there is not None:
            reason = f"the input has {there.key} for the host, which is heeded in the place of a new rule"
        if key in self.kept:
            reason = "there is another rule for the service"
        base, longest = fact.ejection_time, fact.longest_ejection
        if reason or key is None or base is None:
            self.losses.extend(no_outliers(fact, reason))
            if key is not None and not any(value.origin for value in traced(fact)):
                self.apart.append((key, fact))
            return
        bound = max(_LONGEST, base.value)
        if longest is not None and longest.value != bound:
            self.losses.append(longest_time(fact, key, bound))
        spent = [
            *fact.attachment.ports,
            *(() if longest is None or longest.value != bound else (longest,)),
        ]
        if fact.scope is StateScope.NODE:
            self.losses.append(whose_count(fact, key))
        self.kept.add(key)
        self.written.append(
            replace(
                fact,
                attachment=replace(fact.attachment, ports=()),
                longest_ejection=Traced(bound),
                scope=StateScope.CLIENT_PROXY,
                trail=derived(fact.trail.value, (fact.trail, *spent)),
            )
        )

    def say(self, goal: Key, ways: Sequence[Key]) -> None:
        """The rule for the endpoints of a service, to which those who address these are sent."""
        known = [way for way in ways if way in self.rules]
        own = self.rules.get(goal) if goal in ways else None
        chosen = own or self.rules[known[0]]
        there = in_the_way(goal, self.options)
        if there is not None:
            told = (heeded_instead(self.rules[way], way, goal, there) for way in known)
            self.losses.extend(told)
            return
        same = [self.rules[way] for way in known if _said(self.rules[way]) == _said(chosen)]
        self.used.update(map(id, same))
        self.written.append(self._at(goal, chosen, same))
        for way in ways:
            rule = self.rules.get(way)
            if rule is None or _said(rule) != _said(chosen):
                self.losses.append(other_rule(way, goal, rule, chosen))
        for one in of_clients(goal, self.options):
            self.losses.append(clients_of_their_own(spoken(goal), chosen.trail, one, "MM331"))
        self.losses.extend(manner(one, goal) for one in same)
        self.losses.extend(self._by_bytes(goal, chosen))

    def _at(self, goal: Key, chosen: Outliers, same: Sequence[Outliers]) -> Outliers:
        """The rule for the endpoints of ``goal``; ``same``: all that say so."""
        spent: list[Traced[object]] = []
        for one in same:
            kept = (one.consecutive_errors, one.ejection_time, one.longest_ejection)
            inner = {id(value) for value in kept if value is not None}
            place = {id(value) for value in traced(one.attachment)}
            spent.extend(v for v in traced(one) if id(v) not in inner and id(v) not in place)
        node: Traced[str] = derived("failing endpoints", spent)
        names = [s for s in (one.attachment.subject for one in same) if s.name is not None]
        base, longest = chosen.ejection_time, chosen.longest_ejection
        if base is None or chosen.consecutive_errors is None:
            raise TypeError(chosen)
        bound = max(_LONGEST, base.value)
        if longest is not None:
            if longest.value == bound:
                node = derived(node.value, (node, longest))
            else:
                self.losses.extend(longest_time(one, goal, bound) for one in same)
        errors = derived(chosen.consecutive_errors.value, _all(same, "consecutive_errors"))
        return replace(
            chosen,
            attachment=Attachment(
                subject=Subject(
                    scope=chosen.attachment.subject.scope,
                    namespace=derived(goal[0], [s.namespace for s in names if s.namespace]),
                    name=derived(goal[1], [s.name for s in names if s.name]),
                    trail=derived(spoken(goal), [s.trail for s in names]),
                ),
                enforced_at=chosen.attachment.enforced_at,
            ),
            applies_to=AppliesTo.DESTINATION,
            consecutive_errors=errors,
            ejection_time=derived(base.value, _all(same, "ejection_time")),
            longest_ejection=Traced(bound),
            interval=named(max(_SHORTEST, base.value), base, node),
            max_ejection_percent=named(100, node),
            trail=node,
        )

    def _by_bytes(self, goal: Key, chosen: Outliers) -> Sequence[Loss]:
        service = self.inventory.service(*goal)
        others = [] if service is None else [p.number for p in service.ports if not is_http(p)]
        return (bytes_too(chosen, goal, others),) if others else ()

    def close(self) -> None:
        """What is left: rules that stand nowhere."""
        for key, fact in self.rules.items():
            if id(fact) in self.used:
                continue
            there = in_the_way(key, self.options)
            reason = "the endpoints to which its clients are sent have another rule"
            if there is not None:
                reason = f"the input has {there.key} for the host, which is heeded in the place of a new rule"
            self.losses.extend(no_outliers(fact, reason))
        written = {key_of(fact.attachment): fact for fact in self.written}
        for key, fact in self.apart:
            if key in written:
                self.losses.append(theirs_too(key, fact, written[key]))


def _all(facts: Sequence[Outliers], name: str) -> list[Traced[object]]:
    return [value for value in (getattr(fact, name) for fact in facts) if value is not None]


def _said(fact: Outliers) -> tuple[object, ...]:
    values = (fact.consecutive_errors, fact.ejection_time, fact.longest_ejection)
    return tuple(None if value is None else value.value for value in values)


def _more(fact: Outliers) -> str:
    """Why a rule for endpoints cannot be written as it stands; empty where it can."""
    local = fact.consecutive_local_errors
    if local is not None and not local.value:  # 0 is "not set" there, which is 5
        return "connections that fail cannot be left uncounted"
    return "which answers count as failures is not written yet" if fact.error_codes else ""


def _unsaid(fact: Outliers) -> str:
    """Why a rule has no form; empty where it has one."""
    if fact.labels is not None:
        return "it is for a part of the endpoints"
    if fact.consecutive_errors is None or not fact.consecutive_errors.value:
        return "no number of failures in a row is to be counted"
    if fact.ejection_time is None or fact.ejection_time.value < _SHORTEST:
        return "an endpoint is out for no time that the target could measure"
    return ""


def legalise_ejections(
    facts: Sequence[Fact], inventory: Inventory, options: Options, losses: list[Loss]
) -> list[Fact]:
    """The facts with rules by the endpoints to which requests are sent."""
    book = Ejections(options, inventory)
    kept: list[Fact] = []
    for fact in facts:
        if isinstance(fact, Outliers) and fact.applies_to is AppliesTo.DESTINATION:
            book.keep(fact)
        elif isinstance(fact, Outliers):
            book.file(fact)
        else:
            kept.append(fact)
    for goal, ways in sorted(_ways(book.rules, goals_of(kept)).items()):
        book.say(goal, ways)
    book.close()
    losses.extend(book.losses)
    return [*kept, *book.written]


def _ways(
    rules: Mapping[Key, Outliers], goals: Mapping[Key, tuple[Key, ...]]
) -> dict[Key, tuple[Key, ...]]:
    """The services by which requests get to the endpoints of each service that one with a rule leads to."""
    wanted = {goal for key in rules for goal in goals.get(key, (key,))}
    found: dict[Key, tuple[Key, ...]] = {}
    for goal in wanted:
        ways = {key for key, own in goals.items() if goal in own}
        if goal not in goals:
            ways.add(goal)
        found[goal] = tuple(sorted(ways))
    return found
