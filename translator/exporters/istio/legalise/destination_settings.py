"""Budgets for further tries and sessions, each for all clients of a service.

istio/istio pilot/pkg/networking/core/cluster_traffic_policy.go ``applyRetryBudget``, ``ApplyRingHashLoadBalancer`` and
pilot/pkg/networking/core/route/route.go ``consistentHashToHashPolicy``, 1.31.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment
from ir.inventory import Inventory
from ir.model import Fact
from ir.provenance import Traced, derived
from ir.resilience import RetryBudget, SessionAffinity
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.istio.legalise.destination_findings import (
    clients_of_their_own,
    counted_at_once,
    more_tries,
    no_budget,
    no_session,
    soft_session,
    unended,
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

_HUNDRED = 100.0
_COOKIE = "cookie "
_UNNAMED = "of the implementation"


@dataclass(slots=True)
class _Settings:
    options: Options
    inventory: Inventory
    goals: Mapping[Key, tuple[Key, ...]]
    losses: list[Loss]
    taken: set[tuple[type, Key]] = field(default_factory=set)

    def reason(self, fact: RetryBudget | SessionAffinity, key: Key | None) -> str:
        """Why the fact cannot be written at its service; empty where it can."""
        reason = elsewhere(fact.attachment, self.inventory, self.options)
        if reason or key is None:
            return reason
        there = in_the_way(key, self.options)
        if there is not None:
            return f"the input has {there.key} for the host, which is heeded in the place of a new rule"
        if (type(fact), key) in self.taken:
            return "another one is written for the Service"
        if self.goals.get(key, (key,)) != (key,):
            return "its routes send requests to the endpoints of other services, for which it would not hold"
        return ""

    def place(self, fact: RetryBudget | SessionAffinity, key: Key, code: str) -> None:
        """Notes that the fact is written, and who does not go by it."""
        self.taken.add((type(fact), key))
        for rule in of_clients(key, self.options):
            self.losses.append(clients_of_their_own(spoken(key), fact.trail, rule, code))

    def budget(self, fact: RetryBudget) -> list[Fact]:
        """The budget as the target counts it."""
        key = key_of(fact.attachment)
        reason = self.reason(fact, key)
        if fact.percent is not None and not 0 <= fact.percent.value <= _HUNDRED:
            reason = "more further tries than requests cannot be said"
        if reason or key is None:
            self.losses.append(no_budget(fact, reason))
            return []
        self.place(fact, key, "MM302")
        if fact.interval is not None:
            self.losses.append(counted_at_once(fact, key))
        node, at = _for_all(fact)
        least = fact.at_least
        if least is not None and least.value < 1:  # 0 is "not set" there, which is 3
            self.losses.append(more_tries(least, key))
            least = least.derive(1)
        return [replace(fact, attachment=at, at_least=least, trail=node)]

    def session(self, fact: SessionAffinity) -> list[Fact]:
        """Sessions by a cookie that the proxy makes."""
        key = key_of(fact.attachment)
        reason = self.reason(fact, key)
        if not fact.key.value.startswith(_COOKIE):
            reason = (
                "the target tells sessions apart by a header that the client sends of itself, and "
                "gives it none"
            )
        if reason or key is None:
            self.losses.append(no_session(fact, reason))
            return []
        self.place(fact, key, "MM306")
        self.losses.append(soft_session(fact, key))
        node, at = _for_all(fact)
        word = fact.key.value.replace(_UNNAMED, f"{key[1]}-session")
        said = fact.key if word == fact.key.value else fact.key.derive(word)
        if fact.ends:
            self.losses.append(unended(fact, key))
        return [replace(fact, attachment=at, key=said, ends=(), trail=node)]


def _for_all(fact: RetryBudget | SessionAffinity) -> tuple[Traced[str], Attachment]:
    """The trail of the fact and its place, which says by itself that it is for all clients."""
    at = fact.attachment
    spent = [*at.ports, *(() if at.audience is None else traced(at.audience))]
    if not spent:
        return fact.trail, at
    node = derived(fact.trail.value, (fact.trail, *spent))
    return node, replace(at, ports=(), audience=None)


def legalise_settings(
    facts: Sequence[Fact], inventory: Inventory, options: Options, losses: list[Loss]
) -> list[Fact]:
    """The facts with budgets and sessions that can be written."""
    book = _Settings(options, inventory, goals_of(facts), losses)
    kept: list[Fact] = []
    for fact in facts:
        if isinstance(fact, RetryBudget):
            kept.extend(book.budget(fact))
        elif isinstance(fact, SessionAffinity):
            kept.extend(book.session(fact))
        else:
            kept.append(fact)
    return kept
