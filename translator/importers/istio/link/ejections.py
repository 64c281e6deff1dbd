"""Failing endpoints where a rule says nothing of them and another one does.

istio/istio pilot/pkg/model/push_context.go ``destinationRule`` and pilot/pkg/networking/util/util.go
``shadowCopyPortTrafficPolicy``, 1.31: the clients of a rule have nothing of the rules that it stands
before, and a port with settings of its own nothing of the others. What is not written there is off.
So that a wider fact does not hold in its place, it is stated: nothing is counted. And a rule for all
hosts of a name is stated for each service that the input lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, Audience, EnforcedAt, Reach, ServicePort
from ir.inventory import Inventory
from ir.match import Labels
from ir.provenance import Traced, absorb, named, trail
from ir.resilience import Outliers
from translator.api import Options
from translator.importers.istio.link.destinations import Rulebook
from translator.importers.istio.link.hosts import Place, covers, subject_at
from translator.importers.istio.link.policies import Ruling, clients_of
from translator.importers.istio.link.unsaid import outliers_said
from translator.importers.istio.model import Policy


def ejections(
    book: Rulebook, used: frozenset[int], inventory: Inventory, options: Options
) -> Iterator[Outliers]:
    """The facts besides those of each rule for its own host.

    ``used``: leaves of the route tables, by which a subset is known to be used.
    """
    rulings = [ruling for shelf in book.by_namespace.values() for ruling in shelf.rulings]
    watched = {ruling.place.text for ruling in rulings if _watches(ruling)}
    if not watched:
        return
    for ruling in rulings:
        if ruling.place.text in watched:
            rivals = [r for r in rulings if r is not ruling and r.place.text == ruling.place.text]
            narrow = not ruling.seen.public or ruling.selector is not None
            if narrow and any(map(_watches, rivals)):
                at = _at(ruling, ruling.place, None)
                yield from (f for f in _stated(ruling, at, options) if _is_off(f))
            yield from _of_subsets(ruling, used)
    wild = [ruling for ruling in rulings if ruling.place.namespace is None]
    if wild:
        yield from _of_services(book, rulings, wild, inventory, options)


def _watches(ruling: Ruling) -> bool:
    """Whether a rule says anything of failing endpoints."""
    policies = [rule.policy for rule in ruling.rules]
    policies.extend(subset.policy for subset, _ in ruling.subsets.values())
    found = [policy for policy in policies if policy is not None]
    return any(own.outliers for policy in found for own in (policy, *policy.ports))


def _is_off(fact: Outliers) -> bool:
    return fact.consecutive_errors is not None and not fact.consecutive_errors.value


def _of_services(
    book: Rulebook,
    rulings: Sequence[Ruling],
    wild: Sequence[Ruling],
    inventory: Inventory,
    options: Options,
) -> Iterator[Outliers]:
    """What rules for many hosts say of each that is known."""
    places = {r.place.text: r.place for r in rulings if r.place.namespace is not None}
    for (space, name), service in sorted(inventory.services.items()):
        text = f"{name}.{space}.svc.{options.cluster_domain}"
        leaf = Traced("", (), service.leaves)
        places.setdefault(text, Place(text, named(name, leaf), named(space, leaf)))
    for place in places.values():
        if not any(covers(ruling.place.text, place.text) for ruling in wild):
            continue
        usual = book.find(place, None)
        elsewhere = usual is not None and usual.place.text != place.text
        if usual is not None and elsewhere and _watches(usual):
            yield from _stated(usual, _at(usual, place, None), options)
        for client, found in book.others(place, usual):
            there = found is not None and found.place.text != place.text
            if found is None or not there or found.selector is not None:
                continue
            if _watches(found) or (usual is not None and _watches(usual)):
                yield from _stated(found, _at(found, place, client), options)


def _at(ruling: Ruling, place: Place, client: str | None) -> Attachment:
    """Where a rule holds: for all of its clients, or for those of one namespace."""
    rule = ruling.policy or ruling.rules[0]
    audience = clients_of(ruling, rule)
    if client is not None:
        node = named("clients", rule.trail)
        space = named(client, rule.host)
        audience = Audience(reach=Reach.NAMESPACES, namespaces=(space,), trail=node)
    subject = subject_at(place, rule.meta)
    subject = replace(
        subject,
        name=named(place.name.value, place.name),
        namespace=None
        if place.namespace is None
        else named(place.namespace.value, place.namespace),
    )
    return Attachment(subject=subject, audience=audience, enforced_at=EnforcedAt.CLIENT)


def _stated(ruling: Ruling, at: Attachment, options: Options) -> Iterator[Outliers]:
    """What a rule says of failing endpoints, and where it says nothing that nothing is counted."""
    rule = ruling.policy
    policy = None if rule is None else rule.policy
    if rule is None or policy is None:
        yield _off(at, None)
        return
    numbered = [(own, own.port) for own in policy.ports if own.port is not None]
    others = tuple(named(ServicePort(port.value), port) for _, port in numbered)
    spent = (rule.trail, rule.host, policy.trail)
    for own, here in (
        (policy, replace(at, excluding_ports=others)),
        *((own, replace(at, ports=(port.map(ServicePort),))) for own, port in numbered),
    ):
        if own.outliers is None:
            yield _off(here, None)
        else:
            node = absorb(own.outliers.trail, *spent, own.trail)
            yield replace(outliers_said(own.outliers, options), attachment=here, trail=node)


def _of_subsets(ruling: Ruling, used: frozenset[int]) -> Iterator[Outliers]:
    """Ports of a subset with settings of their own that say nothing of failing endpoints."""
    for subset, _ in ruling.subsets.values():
        if subset.policy is None or not used.intersection(subset.name.origin):
            continue
        for own in _silent_ports(subset.policy):
            at = _at(ruling, ruling.place, None)
            yield _off(replace(at, ports=(own,)), subset.labels)


def _silent_ports(policy: Policy) -> Iterator[Traced[ServicePort]]:
    for own in policy.ports:
        if own.port is not None and own.outliers is None:
            yield named(ServicePort(own.port.value), own.port)


def _off(at: Attachment, labels: Traced[Labels] | None) -> Outliers:
    """Nothing is counted: a fact without leaves, since nothing is written."""
    silent = replace(
        at,
        audience=None if at.audience is None else _bare(at.audience),
        ports=tuple(named(port.value, port) for port in at.ports),
        excluding_ports=tuple(named(port.value, port) for port in at.excluding_ports),
        subject=replace(at.subject, trail=named(at.subject.trail.value, at.subject.trail)),
    )
    return Outliers(
        attachment=silent,
        labels=None if labels is None else named(labels.value, labels),
        consecutive_errors=Traced(0),
        trail=trail("nothing is counted"),
    )


def _bare(audience: Audience) -> Audience:
    return replace(
        audience,
        namespaces=tuple(named(space.value, space) for space in audience.namespaces),
        labels=None if audience.labels is None else named(audience.labels.value, audience.labels),
        trail=named(audience.trail.value, audience.trail),
    )
