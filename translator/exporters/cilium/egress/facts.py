"""Ways out as facts of the legal form: pods closed for what leaves them, and grants for what may.

A policy with a rule of egress closes all of layer 3 and 4, so it grants too what no proxy of the source looks at: whatever
is in the cluster, datagrams, echo requests (cilium/cilium pkg/policy/api/entity.go, 1.20: ``cluster`` is every pod and node
of this cluster and the API server). SCTP is granted by nothing: an agent without it refuses a policy that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.access import Closed, Direction, Evidence, Grant, Layer
from ir.attachment import Attachment, EnforcedAt, Subject, WorkloadPort
from ir.match import (
    AllOf,
    Part,
    Pattern,
    PatternKind,
    Presence,
    RegexDialect,
    Term,
    Test,
)
from ir.model import Fact
from ir.provenance import Traced, derived, named
from ir.traffic import Protocol
from ir.walk import rebuild
from translator.exporters.cilium.egress.dns import Resolver
from translator.exporters.cilium.egress.doors import Door, Origins
from translator.exporters.cilium.legalise.facts import SEEN
from translator.exporters.cilium.legalise.regions import Region, subjects_of

ECHO = ("icmpv4/8", "icmpv6/128")
"""Echo requests of both families."""


@dataclass(frozen=True, slots=True)
class Exits:
    """What is to be written for some pods: ``place`` says which pods are meant, ``said`` that they are closed.

    ``apart``: namespaces that other limits are about.
    """

    name: str
    region: Region
    doors: tuple[Door, ...]
    place: Origins
    said: Origins
    apart: tuple[Traced[str], ...]
    usual: bool
    """Whether what no proxy looks at is granted here, and not by another policy for the same pods."""


def exit_facts(exits: Exits, resolver: Resolver) -> Iterator[Fact]:
    """The pods closed, and the ways out."""
    name = named(exits.name, *exits.said)
    for subject in subjects_of(exits.region, exits.place, name, exits.apart):
        made = _Made(subject, name, exits)
        yield Closed(
            attachment=Attachment(subject=subject, enforced_at=EnforcedAt.NODE),
            direction=Direction.OUTBOUND,
            layer=Layer.NETWORK,
            trail=derived(f"policy {exits.name}", exits.said),
        )
        if exits.usual:
            yield from made.usual()
        if any(door.names for door in exits.doors):
            yield made.look_ups(resolver)
        for door in exits.doors:
            yield made.door(door)


@dataclass(frozen=True, slots=True)
class _Made:
    """The grants of one policy."""

    subject: Subject
    name: Traced[str]
    exits: Exits

    def usual(self) -> Iterator[Grant]:
        """What passes whatever is declared."""
        by = self.exits.said
        yield self._grant((_way((_test(Part.ENTITY, (_exact("cluster"),), by),), by),), by)
        everyone = (_way((_test(Part.ENTITY, (_exact("all"),), by),), by),)
        yield self._grant(everyone, by, always=(_transport(("UDP",), by),))
        yield self._grant(everyone, by, always=(_transport(ECHO, by),))

    def look_ups(self, resolver: Resolver) -> Grant:
        """Every question to the cluster's DNS, by the agent's proxy, which learns from it where names lead."""
        by: Origins = (resolver.namespace, *self.exits.said)
        space: Traced[Term] = resolver.namespace.derive(_exact(resolver.namespace.value))
        labels: Traced[Term] = resolver.labels.derive(resolver.labels.value)
        peer = _way(
            (
                Test(part=Part.NAMESPACE, any_of=(space,), trail=named("namespace", *by)),
                Test(part=Part.WORKLOAD_LABELS, any_of=(labels,), trail=named("labels", *by)),
            ),
            by,
        )
        every = _way((_test(Part.DNS_NAME, (Pattern(PatternKind.PREFIX, ""),), by),), by)
        return self._grant(
            (peer,),
            by,
            ports=(resolver.port,),
            always=(_transport(("TCP", "UDP", "SCTP"), by),),
            requests=(every,),
        )

    def door(self, door: Door) -> Grant:
        """One way out."""
        by: Origins = door.by or self.exits.said
        always: list[Test] = []
        requests: tuple[AllOf, ...] = ()
        if door.port is not None:
            always.append(_transport(("TCP",), (door.port,)))
        if door.protocol is Protocol.HTTP:
            requests = tuple(_for_host(host) for host in door.asked) or (_any_request(by),)
        elif door.protocol is Protocol.TLS:
            always.append(_derived(Part.SERVER_NAME, door.asked))
        ports = () if door.port is None else (door.port.derive(WorkloadPort(door.port.value)),)
        return self._grant(
            (_way(tuple(_peers(door, by)), by),),
            by,
            ports=ports,
            always=tuple(always),
            requests=requests,
        )

    def _grant(
        self,
        callers: tuple[AllOf, ...],
        by: Origins,
        *,
        ports: tuple[Traced[WorkloadPort], ...] = (),
        always: tuple[Test, ...] = (),
        requests: tuple[AllOf, ...] = (),
    ) -> Grant:
        subject = rebuild(self.subject, lambda value: named(value.value, value))
        return Grant(
            name=self.name.derive(self.name.value),
            attachment=Attachment(subject=subject, ports=ports, enforced_at=EnforcedAt.NODE),
            direction=Direction.OUTBOUND,
            layer=Layer.NETWORK,
            callers=callers,
            always=always,
            requests=requests,
            view=SEEN,
            evidence=Evidence.LABEL,
            trail=derived(f"rule of {self.exits.name}", by),
        )


def _peers(door: Door, by: Origins) -> Iterator[Test]:
    """Where a way out leads: outside of the cluster, and no wider than it says."""
    yield _test(Part.ENTITY, (_exact("world"),), by)
    if door.names:
        yield _derived(Part.DNS_NAME, door.names)
    elif not door.anywhere:
        blocks = sorted(door.blocks, key=lambda block: (":" in block.block, block.block))
        found: tuple[Traced[Term], ...] = tuple(
            derived(one, door.stated) if door.stated else named(one, *by) for one in blocks
        )
        yield Test(part=Part.PEER_ADDRESS, any_of=found, trail=named("addresses", *by))


def _for_host(host: Traced[Pattern]) -> AllOf:
    """Requests for a host, whatever its case, with any port or none: ``host`` is compared with the whole authority."""
    text = re.escape(host.value.text).replace(r"\-", "-")
    if host.value.kind is PatternKind.SUFFIX:
        text = f"[-a-z0-9_.]+{text}"
    pattern = Pattern(PatternKind.REGEX, f"(?i){text}(:[0-9]+)?", dialect=RegexDialect.RE2_FULL)
    test = Test(part=Part.AUTHORITY, any_of=(host.derive(pattern),), trail=named("host", host))
    return AllOf(tests=(test,), trail=named("requests", host))


def _any_request(by: Origins) -> AllOf:
    there = named(Presence.PRESENT, *by)
    test = Test(part=Part.METHOD, presence=there, trail=named("any request", *by))
    return AllOf(tests=(test,), trail=named("requests", *by))


def _derived(part: Part, terms: Sequence[Traced[Pattern]]) -> Test:
    found: tuple[Traced[Term], ...] = tuple(term.derive(term.value) for term in terms)
    return Test(part=part, any_of=found, trail=named(part.value, *terms))


def _transport(words: Sequence[str], by: Origins) -> Test:
    return _test(Part.TRANSPORT, tuple(map(_exact, words)), by)


def _test(part: Part, terms: Iterable[Term], by: Origins) -> Test:
    """A test that no leaf of the input states."""
    found: tuple[Traced[Term], ...] = tuple(named(term, *by) for term in terms)
    return Test(part=part, any_of=found, trail=named(part.value, *by))


def _way(tests: tuple[Test, ...], by: Origins) -> AllOf:
    return AllOf(tests=tests, trail=named("destinations", *by))


def _exact(text: str) -> Pattern:
    return Pattern(PatternKind.EXACT, text)
