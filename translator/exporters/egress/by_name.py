"""Names outside that policies of the network let pods reach, as declarations for a proxy that tells destinations by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ir.access import Grant
from ir.attachment import Audience, Reach, WorkloadPort
from ir.edge import ExternalPort, ExternalService, Resolution
from ir.match import AllOf, Part, Pattern, PatternKind, Term, texts_of
from ir.model import Fact
from ir.provenance import Traced, derived, named, trail
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Support

_WEB, _SECURE = (80, 8080), (443, 8443)
"""Ports by which it is told what is spoken where nothing else says so."""
_MOST_PORTS = 16
_LABEL = r"\[-a-zA-Z0-9_\]\*\\\."
_ONE, _MANY = re.compile(_LABEL), re.compile(r"\(\[-a-zA-Z0-9_\]\+\\\.\)\+")
_PLAIN = re.compile(r"(?:[a-z0-9_-]|\\\.)+\Z")
WORLD = {"world", "all"}
"""Entities that whatever is outside is one of."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name outside on some ports, as a rule says it."""

    host: Traced[Pattern]
    ports: tuple[Traced[WorkloadPort], ...]
    grant: Grant
    way: AllOf


@dataclass(slots=True)
class Held:
    """What holds pods to names, and the alternatives of rules that it holds, by identity, with what closes the pods."""

    facts: list[Fact] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    ways: dict[int, tuple[Traced[object], ...]] = field(default_factory=dict)


def left_out(names: Iterable[Name], reason: str, doc: str) -> Loss:
    """Names outside to which nothing leaves any more."""
    stated = list(names)
    return Loss(
        code="MM525",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(v for name in stated for v in traced(name.way)),
        because=tuple(v for name in stated for v in traced(name.grant)),
        message=f"what leaves for these names is refused: the mesh cannot hold their pods to them, since {reason}.",
        advice="Keep the policy of the source for it, where the source stays as the network of the cluster.",
        doc=doc,
    )


def leaves(grant: Grant) -> bool:
    """Whether it lets out to destinations outside, over TCP."""
    return over_tcp(grant) and (
        not grant.callers
        or any(
            test.part in (Part.DNS_NAME, Part.PEER_ADDRESS)
            or (test.part is Part.ENTITY and WORLD & set(texts_of(test)))
            for way in grant.callers
            for test in way.tests
        )
    )


def over_tcp(grant: Grant) -> bool:
    """Whether it is for TCP too: proxies look at nothing else."""
    spoken = [word for test in grant.always for word in texts_of(test)]
    return not spoken or "TCP" in spoken


def is_by_name(way: AllOf | None) -> bool:
    """Whether an alternative is for a name outside, or for something inside."""
    if way is None:
        return False
    parts = {test.part for test in way.tests}
    outside = Part.PEER_ADDRESS in parts or any(
        test.part is Part.ENTITY and WORLD & set(texts_of(test)) for test in way.tests
    )
    return Part.DNS_NAME in parts or not outside


def names_of(grant: Grant) -> Iterator[Name]:
    """The names that a rule for TCP lets out to; of those with patterns the ones that a wildcard covers."""
    if grant.requests or not over_tcp(grant):
        return
    ports = tuple(ports_of(grant))
    for way in grant.callers:
        for term in (t for test in way.tests if test.part is Part.DNS_NAME for t in test.any_of):
            host = _host(term.value)
            if host is not None:
                yield Name(term.derive(host), ports, grant, way)


def ports_of(grant: Grant) -> Iterator[Traced[WorkloadPort]]:
    """The ports one by one; none where they are too many, or have names."""
    for port in grant.attachment.ports:
        own = port.value
        if not isinstance(own, WorkloadPort) or not isinstance(own.port, int):
            return
        last = own.last or own.port
        if last - own.port >= _MOST_PORTS:
            return
        for number in range(own.port, last + 1):
            yield port.derive(WorkloadPort(number))


def _host(term: Term) -> Pattern | None:
    """The name, or all names below a domain where labels are left open; nothing where the pattern is another."""
    if not isinstance(term, Pattern):
        return None
    if term.kind is PatternKind.EXACT:
        return Pattern(PatternKind.EXACT, term.text, ignore_case=True)
    if term.kind is not PatternKind.REGEX:
        return None
    rest = _MANY.sub("", term.text, count=1)
    match = _ONE.match(rest)
    body = rest[match.end() :] if match else rest
    if body == term.text or not _PLAIN.match(body):
        return None
    return Pattern(PatternKind.SUFFIX, "." + body.replace("\\.", "."), ignore_case=True)


def protocol_of(port: Traced[WorkloadPort]) -> str:
    """What is taken to be spoken on a port: ``TLS``, ``HTTP``, or ``TCP`` for all else."""
    if port.value.port in _SECURE:
        return "TLS"
    return "HTTP" if port.value.port in _WEB else "TCP"


def declared(
    name: Name, namespace: str, title: str, resolution: Resolution, known: ExternalService | None
) -> ExternalService:
    """The declaration of a name for the clients of a namespace, with the ports that it has already."""
    reasons = (name.grant.trail, name.way.trail)
    ports = {p.number.value: p for p in (() if known is None else known.ports)}
    for port in name.ports:
        number = int(port.value.port)
        word = protocol_of(port)
        ports.setdefault(
            number,
            ExternalPort(
                number=port.derive(number),
                protocol=named(word, port),
                name=named(f"{word.lower()}-{number}", port),
                trail=named("port", port),
            ),
        )
    held = tuple(ports[number] for number in sorted(ports))
    if known is not None:
        return replace(
            known,
            hosts=(derived(name.host.value, (*known.hosts, name.host)),),
            ports=held,
            trail=derived(known.trail.value, (known.trail, *reasons)),
        )
    return ExternalService(
        name=named(f"{namespace}/{title}", *reasons),
        audience=Audience(
            reach=Reach.NAMESPACES,
            namespaces=(named(namespace, *reasons),),
            trail=trail("clients"),
        ),
        hosts=(name.host,),
        ports=held,
        resolution=named(resolution, *reasons),
        internal=named(False, *reasons),  # a value
        trail=derived("declared outside", reasons),
    )
