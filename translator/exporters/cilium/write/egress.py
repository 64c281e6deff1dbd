"""Egress of CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2): one a policy of the legal form.

As in :mod:`.policy`, an item has peers of one kind; names count only beside a rule of DNS for the port of the resolver;
``"0"`` is every port of a protocol (cilium/cilium pkg/policy/api/{egress,l4,fqdn,icmp}.go, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ir.access import Closed, Grant
from ir.attachment import Subject
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced
from translator.api import Manifest, Said, Tree
from translator.exporters.cilium.write.policy import API, Values, block, endpoint, selector, text_of

_ANY = ("TCP", "UDP", "SCTP")
_FAMILIES = {"icmpv4": "IPv4", "icmpv6": "IPv6"}
_EVERY_PORT = "0"


@dataclass(slots=True)
class Exits:
    """The facts of one policy."""

    closed: Closed | None = None
    grants: list[Grant] = field(default_factory=list)


def write_exits(facts: Sequence[Closed | Grant]) -> Iterator[Manifest]:
    """A manifest for each policy, in the order of the facts."""
    found: dict[tuple[str, str], Exits] = {}
    for fact in facts:
        subject = fact.attachment.subject
        if subject.name is None:
            raise TypeError(fact)
        space = "" if subject.namespace is None else subject.namespace.value
        exits = found.setdefault((space, subject.name.value), Exits())
        if isinstance(fact, Closed):
            exits.closed = fact
        else:
            exits.grants.append(fact)
    for (_, name), exits in found.items():
        if exits.closed is None:
            raise TypeError(exits)
        yield _manifest(name, exits.closed.attachment.subject, exits.closed, exits.grants)


def _manifest(name: str, subject: Subject, closed: Closed, grants: Sequence[Grant]) -> Manifest:
    space = subject.namespace
    node: Values = (closed.trail,)
    spec: dict[str, Tree] = {
        "endpointSelector": selector(subject, node),
        "egress": [_item(grant) for grant in grants] or [{}],
    }
    return Manifest(
        api_version=API,
        kind="CiliumClusterwideNetworkPolicy" if space is None else "CiliumNetworkPolicy",
        namespace=None if space is None else space.value,
        name=name,
        tree={"metadata": {} if space is None else {"namespace": space}, "spec": spec},
        purpose=node,
    )


def _item(grant: Grant) -> dict[str, Tree]:
    (way,) = grant.callers
    item: dict[str, Tree] = dict(_peers(way))
    words = [t for test in grant.always if test.part is Part.TRANSPORT for t in test.any_of]
    if words and text_of(words[0]).startswith("icmp"):
        item["icmps"] = [{"fields": [_echo(word) for word in words]}]
    elif words or grant.attachment.ports:
        item["toPorts"] = [_ports(grant, words)]
    return item


def _peers(way: AllOf) -> Iterator[tuple[str, Tree]]:
    parts = {test.part: test for test in way.tests}
    if Part.DNS_NAME in parts:
        yield "toFQDNs", [_name(term) for term in parts[Part.DNS_NAME].any_of]
    elif Part.PEER_ADDRESS in parts:
        yield "toCIDRSet", [block(term) for term in parts[Part.PEER_ADDRESS].any_of]
    elif Part.ENTITY in parts:
        yield "toEntities", [term.derive(text_of(term)) for term in parts[Part.ENTITY].any_of]
    else:
        yield "toEndpoints", [endpoint(way)]


def _ports(grant: Grant, words: Sequence[Traced[object]]) -> dict[str, Tree]:
    protocol: Tree = Said("ANY", tuple(words))
    if [text_of(word) for word in words] != list(_ANY):
        (word,) = words
        protocol = word.derive(text_of(word))
    ports: list[Tree] = [
        {"port": port.derive(str(port.value.port)), "protocol": protocol}
        for port in grant.attachment.ports
    ]
    tree: dict[str, Tree] = {
        "ports": ports or [{"port": Said(_EVERY_PORT, tuple(words)), "protocol": protocol}]
    }
    for test in grant.always:
        if test.part is Part.SERVER_NAME:
            tree["serverNames"] = [term.derive(_spelt(term)) for term in test.any_of]
    if grant.requests:
        first = grant.requests[0].tests[0]
        if first.part is Part.DNS_NAME:
            tree["rules"] = {"dns": [_every(first)]}
        else:
            tree["rules"] = {"http": [_request(way) for way in grant.requests]}
    return tree


def _request(way: AllOf) -> dict[str, Tree]:
    """A rule for a host; one without a field is met by every request."""
    tree: dict[str, Tree] = {}
    for test in way.tests:
        if test.part is Part.AUTHORITY:
            (term,) = test.any_of
            tree["host"] = term.derive(text_of(term))
    return tree


def _every(test: Test) -> dict[str, Tree]:
    (term,) = test.any_of
    return {"matchPattern": term.derive("*")}


def _name(term: Traced[object]) -> dict[str, Tree]:
    deep = isinstance(term.value, Pattern) and term.value.kind is PatternKind.SUFFIX
    return {"matchPattern" if deep else "matchName": term.derive(_spelt(term))}


def _spelt(term: Traced[object]) -> str:
    """A name, or all below one at any depth."""
    deep = isinstance(term.value, Pattern) and term.value.kind is PatternKind.SUFFIX
    return f"**{text_of(term)}" if deep else text_of(term)


def _echo(word: Traced[object]) -> dict[str, Tree]:
    family, _, kind = text_of(word).partition("/")
    return {"family": word.derive(_FAMILIES[family]), "type": word.derive(int(kind))}
