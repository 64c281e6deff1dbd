"""The peers of one entry of a policy: who is at the other end.

Kinds and their empty forms: cilium/cilium pkg/policy/api/{ingress,egress,cidr,entity,fqdn,service}.go and
pkg/policy/utils/parserules.go ``mergeEndpointSelectors``, 1.20.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ir.inventory import Inventory, meets
from ir.match import (
    AllOf,
    Cidr,
    Part,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
)
from ir.provenance import Traced, Trail, absorb, trail
from translator.importers.cilium.agent import Agent
from translator.importers.cilium.model import CidrGroup
from translator.importers.cilium.selector import in_namespace, plain_labels, read_selector
from translator.resources.kubernetes.host_names import name_pattern
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

ENTITIES = (
    "all", "world", "cluster", "cluster-mesh", "host", "init", "ingress", "unmanaged", "remote-node", "health",
    "none", "kube-apiserver", "world-ipv4", "world-ipv6",
)  # fmt: skip
_SPOKEN = MappingProxyType({"world-ipv4": "world", "world-ipv6": "world"})
"""Entities that are told by the word of a wider or equal one; addresses of the other family are no peers of a TCP test."""

_OPEN_WHEN_EMPTY = ("FQDNs", "Services", "Groups")
"""Lists that are not looked at where they are empty, so that the entry is for every peer."""

PRUNED = "the API server drops {} from an entry that denies: it denies the rest to everybody"
"""What becomes of fields that an entry which denies does not have."""

NOBODY = "a list of peers that is empty selects nobody"


@dataclass(frozen=True, slots=True)
class Around:
    """What a reader of peers knows besides: the policy, its kind, the blocks of addresses that have a name."""

    meta: Meta
    wide: bool
    groups: Mapping[str, CidrGroup]
    inventory: Inventory
    agent: Agent


@dataclass(frozen=True, slots=True)
class Peers:
    """``ways`` absent: anyone. ``dead``: peers that are nobody, and why. ``open``: an empty list that means everybody."""

    ways: tuple[AllOf, ...] | None
    dead: tuple[tuple[Trail, str], ...]
    trail: Trail
    kinds: tuple[str, ...] = ()
    open: bool = False


def read_peers(item: Cursor, prefix: str, around: Around, *, deny: bool) -> Peers:
    """The peers of an entry; ``prefix`` is ``from`` or ``to``. An entry that denies has no names of hosts."""
    ways: list[AllOf] = []
    dead: list[tuple[Trail, str]] = []
    kinds: list[str] = []
    node = trail("peers")
    given = wide_open = False
    for kind, read in _READERS.items():
        key = f"{prefix}{kind}"
        if not item.has(key):
            continue
        if deny and kind == "FQDNs":
            dead.append((trail(key, *item.at(key).leaves()), PRUNED.format(key)))
            continue
        node = absorb(node, item.empty(key))
        places = item.opt_list(key)
        if not places and kind in _OPEN_WHEN_EMPTY:
            wide_open = True
            continue
        given = True
        if places:
            kinds.append(key)
        for place in places:
            for way, why in read(place, around):
                if why:
                    dead.append((absorb(way.trail, *_values(way)), why))
                else:
                    ways.append(way)
    return Peers(tuple(ways) if given else None, tuple(dead), node, tuple(kinds), wide_open)


def _values(way: AllOf) -> Iterator[Traced[object]]:
    for test in way.tests:
        yield from (*test.any_of, *test.none_of)
        if test.presence is not None:
            yield test.presence


Found = Iterator[tuple[AllOf, str]]
"""Alternatives, each with the reason why it is nobody, if it is."""


def _endpoints(place: Cursor, around: Around) -> Found:
    chosen = read_selector(place, around.meta)
    tests = in_namespace(chosen, around.meta, wide=around.wide)
    yield AllOf(tests=tests, trail=chosen.trail), chosen.nobody


def _entities(place: Cursor, around: Around) -> Found:
    word = place.as_enum({name: name for name in ENTITIES})
    text = _SPOKEN.get(word.value, word.value)
    term: Traced[Term] = Traced(Pattern(PatternKind.EXACT, text), word.origin)
    test = Test(part=Part.ENTITY, any_of=(term,), trail=around.meta.fact("entity"))
    why = "the entity none is nobody" if word.value == "none" else ""
    yield AllOf(tests=(test,), trail=around.meta.fact("entity")), why


NODES = ("host", "remote-node", "kube-apiserver")
"""Parts of the cluster whose address is that of a node."""


def outside(meta: Meta) -> Test:
    """That the peer is outside of the cluster."""
    return Test(part=Part.ENTITY, any_of=_words(("world",), meta), trail=meta.fact("outside"))


def _words(words: Sequence[str], meta: Meta) -> tuple[Traced[Term], ...]:
    return tuple(Traced(Pattern(PatternKind.EXACT, w), (), meta.because) for w in words)


def _selected(around: Around) -> tuple[Test, ...]:
    """Whom blocks of addresses select: neither pods nor nodes, unless the agent is told so (policy-cidr-match-mode)."""
    meta, blocks = around.meta, around.agent.blocks
    if blocks == {"nodes", "pods"}:
        return ()
    if blocks == {"nodes"}:
        own = _words(("world", *NODES), meta)
        return (Test(part=Part.ENTITY, any_of=own, trail=meta.fact("no pod")),)
    if blocks == {"pods"}:
        own = _words(NODES, meta)
        return (Test(part=Part.ENTITY, none_of=own, trail=meta.fact("no node")),)
    return (outside(meta),)


def _block(around: Around, terms: tuple[Traced[Term], ...], node: Trail) -> AllOf:
    addresses = Test(part=Part.PEER_ADDRESS, any_of=terms, trail=around.meta.fact("addresses"))
    return AllOf(tests=(*_selected(around), addresses), trail=node)


def whole_block(text: str) -> str:
    """The block with its length: an address alone is one of its own."""
    if "/" in text:
        return text
    return f"{text}/128" if ":" in text else f"{text}/32"


def _cidr(place: Cursor, around: Around) -> Found:
    text = place.as_str()
    term: Traced[Term] = Traced(Cidr(whole_block(text.value)), text.origin)
    yield _block(around, (term,), around.meta.fact("block")), ""


def _cidr_set(place: Cursor, around: Around) -> Found:
    node = absorb(around.meta.fact("block"), place.here, place.empty("except"))
    out = place.opt_strings("except")
    left = tuple(whole_block(one.value) for one in out)
    spent = trail("except", *(leaf for one in out for leaf in one.origin))
    block = place.opt_str("cidr")
    if block is not None:
        term: Traced[Term] = Traced(
            Cidr(whole_block(block.value), left), (*block.origin, *spent.origin)
        )
        yield _block(around, (term,), node), ""
        return
    named_one = place.opt_str("cidrGroupRef")
    found: list[CidrGroup] = []
    if named_one is None and not place.has("cidrGroupSelector"):
        raise place.refuse("expected one of cidr, cidrGroupRef and cidrGroupSelector. Add one.")
    if named_one is not None:
        node = absorb(node, named_one, spent)
        found = [g for g in (around.groups.get(named_one.value),) if g is not None]
    selector = place.opt_map("cidrGroupSelector")
    if selector is not None:
        labels, leaves = plain_labels(selector)
        node = absorb(node, trail("selector", *leaves), spent)
        found = [g for _, g in sorted(around.groups.items()) if meets(g.labels, labels)]
    terms: tuple[Traced[Term], ...] = tuple(
        Traced(Cidr(whole_block(one.value), left), one.origin) for g in found for one in g.blocks
    )
    yield _block(around, terms, node), "" if terms else "no CiliumCIDRGroup of the input is meant"


def _groups(place: Cursor, around: Around) -> Found:
    """Groups of a cloud's own: their addresses are not in the input."""
    leaves = place.leaves()
    term: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "group of a cloud"), leaves)
    test = Test(
        part=Part.EXTENSION,
        name=Traced("groups", leaves),
        any_of=(term,),
        trail=around.meta.fact("groups"),
    )
    yield AllOf(tests=(outside(around.meta), test), trail=around.meta.fact("groups")), ""


def _nodes(place: Cursor, around: Around) -> Found:
    """Other nodes by their labels, which are not in the input."""
    leaves = place.leaves()
    node: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "remote-node"), (), around.meta.because)
    chosen: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "labels of nodes"), leaves)
    tests = (
        Test(part=Part.ENTITY, any_of=(node,), trail=around.meta.fact("nodes")),
        Test(
            part=Part.EXTENSION,
            name=Traced("nodes", leaves),
            any_of=(chosen,),
            trail=around.meta.fact("nodes"),
        ),
    )
    yield AllOf(tests=tests, trail=around.meta.fact("nodes")), ""


def _services(place: Cursor, around: Around) -> Found:
    """Endpoints of a service; its ports do not count."""
    node = absorb(around.meta.fact("service"), place.here)
    one = place.opt_map("k8sService")
    if one is not None:
        name, space = one.opt_str("serviceName"), one.opt_str("namespace")
        words = [w for w in (name, space) if w is not None]
        home = around.meta.namespace.value if space is None else space.value
        text = f"{home}/{'' if name is None else name.value}"
        leaves = tuple(leaf for w in words for leaf in w.origin)
        term: Traced[Term] = Traced(Pattern(PatternKind.EXACT, text), leaves)
        test = Test(part=Part.SERVICE, any_of=(term,), trail=around.meta.fact("service"))
        yield AllOf(tests=(test,), trail=absorb(node, one.here)), ""
        return
    chosen = place.opt_map("k8sServiceSelector")
    if chosen is None:
        yield AllOf(trail=node), "no service is named"
        return
    labels, leaves = plain_labels(chosen.map("selector"))
    space = chosen.opt_str("namespace")
    node = absorb(node, trail("selector", *leaves), *(() if space is None else (space,)))
    found = [
        Pattern(PatternKind.EXACT, f"{s.namespace}/{s.name}")
        for s in around.inventory.services.values()
        if (space is None or s.namespace == space.value) and meets(s.labels, labels)
    ]
    terms: tuple[Traced[Term], ...] = tuple(Traced(one, (), node.origin) for one in found)
    test = Test(part=Part.SERVICE, any_of=terms, trail=around.meta.fact("service"))
    yield (
        AllOf(tests=(test,), trail=node),
        "" if terms else "no service of the input has these labels",
    )


def _names(place: Cursor, around: Around) -> Found:
    """Hosts outside, known by the answers to questions of names."""
    exact, pattern = place.opt_str("matchName"), place.opt_str("matchPattern")
    words = [w for w in (exact, pattern) if w is not None]
    node = absorb(around.meta.fact("name"), place.here)
    terms: list[Traced[Term]] = [
        Traced(name_pattern(word.value, exactly=word is exact), word.origin) for word in words
    ]
    test = Test(part=Part.DNS_NAME, any_of=tuple(terms), trail=around.meta.fact("name"))
    yield AllOf(tests=(outside(around.meta), test), trail=node), "" if terms else "no name is given"


def required(item: Cursor, key: str, around: Around) -> Iterator[AllOf]:
    """Pods that miss what ``fromRequires`` or ``toRequires`` asks for: they are refused (pkg/policy/rule.go, 1.18)."""
    for place in item.opt_list(key):
        chosen = read_selector(place, around.meta)
        there = Test(
            part=Part.NAMESPACE,
            presence=Traced(Presence.PRESENT, (), around.meta.because),
            trail=around.meta.fact("pods"),
        )
        if chosen.labels is not None:
            out: Traced[Term] = Traced(chosen.labels.value, chosen.labels.origin)
            missing = Test(part=Part.WORKLOAD_LABELS, none_of=(out,), trail=around.meta.fact(key))
            yield AllOf(tests=(there, missing), trail=chosen.trail)


_READERS: Mapping[str, Callable[[Cursor, Around], Found]] = {
    "Endpoints": _endpoints,
    "Entities": _entities,
    "CIDR": _cidr,
    "CIDRSet": _cidr_set,
    "Groups": _groups,
    "Nodes": _nodes,
    "Services": _services,
    "FQDNs": _names,
}
