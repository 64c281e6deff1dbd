"""Facts on which neither access nor routes are decided, compared one by one: what the two sides state of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from ir.access import AuditMark, ClientTls
from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.behaviour.concrete_trail import leaves_of, name_of
from ir.behaviour.delivery import spelt
from ir.behaviour.rulings import is_ruling
from ir.edge import EgressPolicy, ExternalService, ExternalWorkload, Listener
from ir.membership import Enrolment, ProxySetting
from ir.model import Fact, Model
from ir.opaque import Opaque
from ir.provenance import Traced
from ir.resilience import (
    ConnectionLimits,
    LoadBalancing,
    RateLimit,
    RetryBudget,
    SessionAffinity,
)
from ir.telemetry import Telemetry
from ir.traffic import PortProtocol, Protocol, RouteTable

_NOUNS: dict[type, str] = {
    AuditMark: "an audit mark",
    ClientTls: "how clients secure their connections",
    ConnectionLimits: "limits of connections",
    EgressPolicy: "what may leave the mesh",
    Enrolment: "who is in the mesh",
    ExternalService: "a service outside the cluster",
    ExternalWorkload: "a workload outside the cluster",
    Listener: "a listener of a gateway",
    LoadBalancing: "load balancing",
    Opaque: "an extension that is not understood",
    PortProtocol: "the protocol of a port",
    ProxySetting: "a setting of proxies",
    RateLimit: "a limit of the rate of requests",
    RetryBudget: "a budget of retries",
    SessionAffinity: "session affinity",
    Telemetry: "telemetry",
}
"""What each kind of fact is about."""

_HTTP = (Protocol.HTTP, Protocol.GRPC)


@dataclass(frozen=True, slots=True)
class Setting:
    """A fact as it is told: ``noun`` and ``subject`` say what it is about, ``text`` what it says, without its trails."""

    noun: str
    subject: str
    text: str
    leaves: tuple[int, ...] = ()

    @property
    def about(self) -> tuple[str, str]:
        """What it is about."""
        return self.noun, self.subject


@dataclass(frozen=True, slots=True)
class OtherSetting:
    """What one side states and the other does not; both are given where one took the other's place."""

    before: Setting | None
    after: Setting | None

    @property
    def either(self) -> Setting:
        """The one that there is.

        Raises:
            ValueError: neither is given.
        """
        found = self.before or self.after
        if found is None:
            message = "a difference of settings without a setting"
            raise ValueError(message)
        return found


def settings(model: Model, gateways: frozenset[str] = frozenset()) -> Iterator[Setting]:
    """The facts by which requests are not compared; ``gateways``: those at which they are."""
    for fact in model.facts:
        noun = _noun(fact, gateways) or _out_of_sight(fact, model)
        if noun:
            yield Setting(noun, _subject(fact), spelt(fact), leaves_of(fact))
        elif isinstance(fact, RouteTable):
            yield from _tries(fact)
    for default in model.defaults:
        yield Setting(
            f"the default of {default.key}", "the mesh", spelt(default.fact or default.text)
        )


def _noun(fact: Fact, gateways: frozenset[str]) -> str:
    """What the fact is about; empty where requests are compared by it."""
    if isinstance(fact, RouteTable):
        at = fact.attachment
        if at.subject.scope is Scope.EGRESS:
            return "routes for what leaves the cluster"
        names = () if at.audience is None else at.audience.listeners
        seen = bool(names) and {name.value for name in names} <= gateways
        if at.enforced_at is EnforcedAt.GATEWAY or at.subject.scope is not Scope.SERVICE:
            return "" if seen and fact.protocol in _HTTP else "routes at a gateway"
        return "" if fact.protocol in _HTTP else f"routes of {fact.protocol.value.upper()} streams"
    return _NOUNS.get(type(fact), "")


def _out_of_sight(fact: Fact, model: Model) -> str:
    """What a rule of access is about that holds at no port of a workload that can be known."""
    attachment = getattr(fact, "attachment", None)
    if not is_ruling(fact) or attachment is None:
        return ""
    subject = attachment.subject
    if subject.scope is Scope.LISTENER:
        return "who gets in at a gateway"
    space, name = (None if one is None else one.value for one in (subject.namespace, subject.name))
    if subject.scope is Scope.SERVICE and model.inventory.service(space or "", name or "") is None:
        return "who gets in by a service that is not listed"
    return ""


def _tries(table: RouteTable) -> Iterator[Setting]:
    """When and how long routes try: of this the routes' outcome holds how often and for how long in all."""
    for route in table.routes:
        limits = (
            None if route.retry is None else replace(route.retry, attempts=Traced(0)),
            None if route.timeouts is None else replace(route.timeouts, request=None),
        )
        text = " ".join(spelt(one) for one in limits if one is not None)
        if text.replace("attempts=0", "").strip():
            leaves = {leaf for one in limits if one is not None for leaf in leaves_of(one)}
            name = _subject(table)
            yield Setting("when routes try again", name, text, tuple(sorted(leaves)))


def _subject(fact: Fact) -> str:
    if isinstance(fact, Listener):
        return f"Gateway {fact.gateway.value} port {fact.port.value}"
    attachment: object = getattr(fact, "attachment", None)
    subject: object = getattr(fact, "subject", None)
    if isinstance(attachment, Attachment):
        subject = attachment.subject
    if isinstance(subject, Subject):
        return subject_text(subject)
    owner: object = getattr(fact, "object", None)
    return owner if isinstance(owner, str) else name_of(fact)


def subject_text(subject: Subject) -> str:
    """The servers meant, for a person."""
    space = "" if subject.namespace is None else subject.namespace.value
    name = "" if subject.name is None else subject.name.value
    match subject.scope:
        case Scope.MESH:
            return "the mesh"
        case Scope.NAMESPACE:
            return f"namespace {space}"
        case Scope.SERVICE | Scope.LISTENER:
            kind = "Service" if subject.scope is Scope.SERVICE else "Gateway"
            return f"{kind}/{space}/{name}"
        case Scope.EGRESS:
            return f"what leaves by {space}/{name}"
        case Scope.WORKLOADS:
            labels = () if subject.labels is None else subject.labels.value.requirements
            chosen = ", ".join(f"{r.key} {r.operator} {' '.join(r.values)}".strip() for r in labels)
            return f"pods with {chosen or 'any labels'} in {space or 'every namespace'}"


def other_settings(before: Model, after: Model) -> tuple[OtherSetting, ...]:
    """What only one side states, in order of what it is about; the same thing stated otherwise is one difference."""
    compared = frozenset(f.gateway.value for f in before.facts if isinstance(f, Listener))
    sides = [*settings(before, compared)], [*settings(after, compared)]
    for own, model, other in zip(sides, (before, after), (after, before), strict=True):
        own.extend(_alone(model, other))
    gone, come = _without(*sides), _without(*reversed(sides))
    found: list[OtherSetting] = []
    for about in sorted({one.about for one in (*gone, *come)}):
        was = [one for one in gone if one.about == about]
        becomes = [one for one in come if one.about == about]
        found.extend(OtherSetting(*pair) for pair in zip_longest(was, becomes))
    return tuple(found)


def _alone(model: Model, other: Model) -> Iterator[Setting]:
    """Workloads that only this side lists: there is nothing to compare them with."""
    listed = {workload.key for workload in other.inventory.workloads}
    for one in model.inventory.workloads:
        if one.key not in listed:
            labels = ", ".join(f"{key}={value}" for key, value in sorted(one.labels.items()))
            yield Setting("a workload", one.key, f"it runs, with the labels {labels}", one.leaves)


def _without(some: Iterable[Setting], others: Iterable[Setting]) -> list[Setting]:
    """Those of some that others do not state as often."""
    left: dict[tuple[str, str, str], int] = {}
    for one in others:
        key = *one.about, one.text
        left[key] = left.get(key, 0) + 1
    found: list[Setting] = []
    for one in some:
        key = *one.about, one.text
        if left.get(key, 0):
            left[key] -= 1
        else:
            found.append(one)
    return found
