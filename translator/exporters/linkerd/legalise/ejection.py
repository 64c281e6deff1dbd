"""Endpoints that fail: one rule for each Service that clients address, for all endpoints to which its routes lead.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config`` and
policy-controller/grpc/src/outbound.rs, 2.20: annotations of the Service that the client dialled, for all of its
backends, ports and clients; only where requests are HTTP. The source has a rule for the endpoints, whatever was dialled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ir.attachment import Attachment, EnforcedAt, Reach, ServicePort
from ir.inventory import Inventory, Service, equal_to
from ir.match import Labels
from ir.provenance import Traced, derived, named
from ir.resilience import AppliesTo, Outliers
from ir.traffic import EndpointSubset, RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.linkerd.legalise.ejection_findings import (
    Goal,
    Key,
    counted_otherwise,
    for_nobody,
    not_on_bytes,
    not_written,
    off,
    on_all_ports,
    other_for_some,
    sent_elsewhere,
)
from translator.exporters.routes.slots import is_http

_SOME = "it is for some clients only, and the target says it for all of them"


class Unsaid(Exception):  # noqa: N818  # carries a reason upwards
    """The ejection of endpoints cannot be said for this subject."""


@dataclass(slots=True)
class Ejections:
    """The rules of the source by service: for all clients, for a part of the endpoints, for some clients."""

    inventory: Inventory
    whole: dict[Key, Outliers] = field(default_factory=dict)
    parts: dict[Key, list[Outliers]] = field(default_factory=dict)
    some: dict[Key, list[Outliers]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    written: dict[Key, Outliers] = field(default_factory=dict)
    leading: dict[Key, list[Key]] = field(default_factory=dict)
    """The services by which requests get to the endpoints of one."""
    used: set[int] = field(default_factory=set)

    def file(self, fact: Outliers) -> None:
        """Takes a rule in, in the form that it would have as the only one; what has no form is lost."""
        try:
            service = _service(fact.attachment, self.inventory)
            key = service.namespace, service.name
            if _for_some(fact):
                self.some.setdefault(key, []).append(fact)
            elif fact.labels is not None:
                self._of_part(key, service, fact)
            elif key in self.whole:
                _beside(fact)
            elif not off(fact):
                self.whole[key] = self._at(service, fact)
        except Unsaid as reason:
            self.losses.extend(not_written(fact, str(reason)))

    def _of_part(self, key: Key, service: Service, fact: Outliers) -> None:
        """Takes in what is said of a part of the endpoints; that nothing is counted on some ports yields to the rest.

        Raises:
            Unsaid: it is for ports that are not HTTP, or counts what the target does not count.
        """
        if off(fact):
            self.parts.setdefault(key, []).append(fact)
            return
        self._told_of_ports(service, fact)
        self.parts.setdefault(key, []).insert(0, fact)

    def _at(self, service: Service, fact: Outliers) -> Outliers:
        """The rule for the Service as a whole.

        Raises:
            Unsaid: it is for ports that are not HTTP, or counts what the target does not count.
        """
        if fact.consecutive_errors is None:
            message = "answers of 500 and above are not to be counted, and nothing else can be"
            raise Unsaid(message)
        self._told_of_ports(service, fact)
        return _addressed(fact, service, (fact,))

    def _told_of_ports(self, service: Service, fact: Outliers) -> None:
        """Says on which ports the rule holds and is not for, and for which it is and does not hold.

        Raises:
            Unsaid: it is for ports that are not HTTP, or counts what the target does not count.
        """
        others = _other_ports(service, fact)
        if others:
            self.losses.append(on_all_ports(fact, service, others))
        bytes_only = _wanted(service, fact) - _http(service)
        if bytes_only:
            self.losses.append(not_on_bytes(fact, service, bytes_only))

    def rule(self, goal: Goal) -> Outliers | None:
        """The rule of the source for endpoints; ``None`` where none are left out."""
        key, selector = goal
        for part in self.parts.get(key, ()):
            if selector is not None and part.labels is not None:
                service = self.inventory.service(*key)
                own = {} if service is None else service.selector
                if selector == _merged(own, part.labels.value):
                    return None if off(part) else part
        return self.whole.get(key)

    def say(self, key: Key, goals: Sequence[Goal]) -> None:
        """The rule for those who address a service whose requests are sent to the goals."""
        service = self.inventory.service(*key)
        for goal in goals:
            self.leading.setdefault(goal[0], []).append(key)
        rules = [self.rule(goal) for goal in goals]
        known = [rule for rule in rules if rule is not None]
        if not known or service is None:
            return
        same = len(known) == len(rules) and len({_settings(rule) for rule in known}) == 1
        if same and not _undiallable(service) and _http(service):
            self.written[key] = _addressed(known[0], service, known)
            self.used.update(map(id, known))
            return
        own = self.whole.get(key)
        if own is not None:
            self.written[key] = own
            self.used.add(id(own))
        for goal, rule in zip(goals, rules, strict=True):
            if (rule and _settings(rule)) != (own and _settings(own)):
                self.losses.append(sent_elsewhere(service, goal, rule, own))

    def close(self) -> None:
        """What is left: rules of which no Service says anything, and those of some clients."""
        for key, fact in self.whole.items():
            if key not in self.leading:
                self.losses.append(for_nobody(key, fact))
            elif id(fact) not in self.used:
                self.losses.extend(not_written(fact, "some of its endpoints have another rule"))
        apart = "a part of the endpoints cannot be counted apart from the others"
        for fact in (part for parts in self.parts.values() for part in parts):
            if id(fact) not in self.used:
                self.losses.extend(not_written(fact, apart))
        for key, facts in self.some.items():
            for fact in facts:
                self._for_clients(key, fact)

    def _for_clients(self, key: Key, fact: Outliers) -> None:
        """A rule for some clients: the same as that for all, or lost."""
        ways = list(dict.fromkeys(self.leading.get(key, ())))
        usual = [self.written.get(way) for way in ways]
        if (
            fact.labels is None
            and usual
            and all(u and _settings(u) == _settings(fact) for u in usual)
        ):
            first = usual[0]
            if first is not None:
                node = derived(first.trail.value, (first.trail, *traced(fact)))
                self.written[ways[0]] = replace(first, trail=node)
                self.losses.append(counted_otherwise(fact))
            return
        wide = [u for u in usual if u is not None]
        if wide:
            self.losses.append(other_for_some(ways, fact, wide[0]))
        else:
            self.losses.extend(not_written(fact, _SOME))


def legalise_ejections(
    facts: Iterable[Outliers], others: Sequence[object], inventory: Inventory
) -> tuple[list[Outliers], list[Loss]]:
    """The rules by the service that clients address, and what was lost; ``others``: all other legal facts."""
    book = Ejections(inventory)
    for fact in facts:
        book.file(fact)
    goals = _goals([f for f in others if isinstance(f, RouteTable)], others, inventory)
    for key in sorted({**book.whole, **dict.fromkeys(goals, ()), **dict.fromkeys(book.parts, ())}):
        book.say(key, goals.get(key) or [(key, None)])
    book.close()
    for fact in book.written.values():
        book.losses.append(counted_otherwise(fact))
    return list(book.written.values()), book.losses


def _goals(
    tables: Sequence[RouteTable], others: Sequence[object], inventory: Inventory
) -> dict[Key, list[Goal]]:
    """Where requests to each service may be sent: by its tables, and to itself on ports or for clients that have none."""
    subsets = {
        (f.namespace.value, f.name.value): ((f.namespace.value, f.of.value), f.selector.value)
        for f in others
        if isinstance(f, EndpointSubset)
    }
    found: dict[Key, dict[Goal, None]] = {}
    routed: dict[Key, set[int | str]] = {}
    for table in tables:
        subject = table.attachment.subject
        client = table.attachment.enforced_at is EnforcedAt.CLIENT
        if not client or subject.namespace is None or subject.name is None:
            continue
        key = subject.namespace.value, subject.name.value
        routed.setdefault(key, set()).update(_for_everybody(table, inventory.service(*key)))
        for route in table.routes:
            if route.redirect is None and not route.backends:
                found.setdefault(key, {})[key, None] = None
            for backend in route.backends:
                space, name = backend.destination.namespace, backend.destination.name
                goal = ("" if space is None else space.value, name.value)
                found.setdefault(key, {})[subsets.get(goal, (goal, None))] = None
    for key, goals in found.items():
        service = inventory.service(*key)
        if service is not None and not _http(service) <= routed[key]:
            goals[key, None] = None
    return {key: list(goals) for key, goals in found.items()}


def _for_everybody(table: RouteTable, service: Service | None) -> set[int | str]:
    """The ports on which all clients have the table."""
    audience = table.attachment.audience
    if service is None or (audience is not None and audience.reach is not Reach.EVERYONE):
        return set()
    ports: set[int | str] = {port.value.port for port in table.attachment.ports}
    return ports or {port.number for port in service.ports}


def _for_some(fact: Outliers) -> bool:
    audience = fact.attachment.audience
    return audience is not None and audience.reach is not Reach.EVERYONE


def _beside(fact: Outliers) -> None:
    if not off(fact):
        message = (
            "another statement for the same Service is written, and there is one for all its ports"
        )
        raise Unsaid(message)


def _settings(fact: Outliers) -> tuple[object, ...]:
    values = (
        fact.consecutive_errors,
        fact.ejection_time,
        fact.longest_ejection,
    )
    return tuple(None if value is None else value.value for value in values)


def _merged(selector: Mapping[str, str], labels: Labels) -> Labels:
    both = dict(selector)
    for requirement in labels.requirements:
        both[requirement.key] = requirement.values[0] if requirement.values else ""
    return equal_to(both)


def _service(attachment: Attachment, inventory: Inventory) -> Service:
    subject = attachment.subject
    if subject.name is None or subject.namespace is None:
        many = subject.name is not None and subject.name.value.startswith("*")
        message = (
            "it is for every service of that name, and those that the input does not list cannot be told"
            if many
            else "the host is no single service of the cluster"
        )
        raise Unsaid(message)
    service = inventory.service(subject.namespace.value, subject.name.value)
    if service is None:
        message = "the Service is not in the input"
        raise Unsaid(message)
    if _undiallable(service):
        message = "its endpoints are dialled directly"
        raise Unsaid(message)
    if not _http(service):
        message = "only failures of HTTP are counted, and it has no such port"
        raise Unsaid(message)
    return service


def _undiallable(service: Service) -> bool:
    return service.headless or bool(service.external_name)


def _http(service: Service) -> set[int]:
    return {port.number for port in service.ports if is_http(port)}


def _other_ports(service: Service, fact: Outliers) -> set[int]:
    """The HTTP ports that the rule is not for.

    Raises:
        Unsaid: it is for none of them; or nothing is counted.
    """
    http, wanted = _http(service), _wanted(service, fact)
    if not fact.consecutive_errors or not fact.consecutive_errors.value:
        message = "answers of 500 and above are not to be counted, and nothing else can be"
        raise Unsaid(message)
    if not wanted & http:
        message = "it is for ports that the Service does not have, or that are not HTTP"
        raise Unsaid(message)
    return http - wanted


def _wanted(service: Service, fact: Outliers) -> set[int]:
    """The ports that the rule is for."""
    at = fact.attachment
    every = {port.number for port in service.ports if port.protocol == "TCP"}
    own = {p.value.port for p in at.ports if isinstance(p.value, ServicePort)}
    excluded = {p.value.port for p in at.excluding_ports if isinstance(p.value, ServicePort)}
    return (own or every) - excluded


def _addressed(fact: Outliers, service: Service, spent: Sequence[Outliers]) -> Outliers:
    """The rule for those who address the service; ``spent``: all that say the same of its endpoints."""
    because = Traced("", (), service.leaves)
    subject = fact.attachment.subject
    same = subject.name is not None and subject.name.value == service.name
    here = Attachment(
        subject=replace(
            subject,
            name=subject.name if same else named(service.name, because),
            namespace=subject.namespace if same else named(service.namespace, because),
            trail=named(service.key, fact.trail),
        ),
        enforced_at=fact.attachment.enforced_at,
    )
    nodes: list[Traced[object]] = []
    for one in spent:
        of = one.attachment.subject
        nodes.extend((one.trail, of.trail, *one.attachment.ports))
        nodes.extend(value for value in (of.name, of.namespace) if value is not None and not same)
        if one.attachment.audience is not None:
            nodes.append(one.attachment.audience.trail)
        if one.labels is not None:
            nodes.append(one.labels)
        if one is not fact:
            nodes.extend(traced(one))
    return replace(
        fact,
        attachment=here,
        labels=None,
        applies_to=AppliesTo.ADDRESS,
        trail=derived(fact.trail.value, nodes),
    )
