"""Ports of a policy's entry, and what is asked of requests there: ``toPorts`` and ``icmps``.

cilium/cilium pkg/policy/api/{l4,l7,http,icmp}.go and pkg/policy/l4.go, 1.20. A port is a container's, by number or name,
never a service's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ir.attachment import WorkloadPort
from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Term, Test
from ir.opaque import Column, Intent, Opaque
from ir.provenance import Traced, Trail, absorb, trail
from translator.importers.cilium.http import read_http
from translator.importers.cilium.model import PortGroup, PortRule
from translator.importers.cilium.peers import PRUNED
from translator.resources.kubernetes.host_names import name_pattern
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

ANY = ("TCP", "UDP", "SCTP")
"""What ``ANY``, or no protocol at all, stands for."""

PROTOCOLS = (
    "TCP",
    "UDP",
    "SCTP",
    "ICMP",
    "ICMPv6",
    "ICMPV6",
    "VRRP",
    "IGMP",
    "GRE",
    "IPIP",
    "IPV6",
    "ESP",
    "AH",
    "ANY",
)
_FAMILIES = {"IPv4": "icmpv4", "IPv6": "icmpv6"}
_ALLOWING = ("rules", "terminatingTLS", "originatingTLS", "listener", "serverNames")
"""Fields that ports of an entry which denies do not have."""

_ODD = ("kafka", "l7", "l7proto")

PIECES: Mapping[str, tuple[Intent, tuple[Column, ...]]] = {
    "terminatingTLS": (Intent.TLS, (Column.ACCESS,)),
    "originatingTLS": (Intent.TLS, (Column.ACCESS, Column.ROUTING)),
    "listener": (Intent.ROUTE, (Column.ROUTING, Column.RESILIENCE, Column.HEADERS)),
}
"""Fields that hand the connection to something of their own, and what that may touch."""


def read_ports(
    item: Cursor, meta: Meta, *, deny: bool
) -> tuple[tuple[PortRule, ...] | None, Trail]:
    """The ports of an entry; absent: all, and all that is not TCP.

    An entry without ports of its own lets nothing pass (``mergeL4Filter`` goes through ports only); an empty list is as
    none.
    """
    node = absorb(trail("ports"), item.empty("toPorts"), item.empty("icmps"))
    rules = [_port_rule(place, meta, deny=deny) for place in item.opt_list("toPorts")]
    rules.extend(_icmp_rule(place, meta) for place in item.opt_list("icmps"))
    return tuple(rules) or None, node


def _port_rule(place: Cursor, meta: Meta, *, deny: bool) -> PortRule:
    if deny:
        pruned = tuple((meta.fact(key, *place.at(key).leaves()), PRUNED.format(key))
                       for key in _ALLOWING if place.has(key))  # fmt: skip
        node = absorb(meta.fact("toPorts"), place.here, place.empty("ports"))
        return PortRule(
            groups=tuple(_groups(place.opt_list("ports"), meta)), dead=pruned, trail=node
        )
    node = absorb(meta.fact("toPorts"), place.here, place.empty("ports"), place.empty("rules"))
    groups = tuple(_groups(place.opt_list("ports"), meta))
    rules = place.opt_map("rules")
    read = _Rules(meta)
    if rules is not None:
        read.read(rules)
    always = []
    names = place.opt_strings("serverNames")
    if names:
        terms: tuple[Traced[Term], ...] = tuple(
            Traced(_server_name(one.value), one.origin) for one in names
        )
        always.append(Test(part=Part.SERVER_NAME, any_of=terms, trail=meta.fact("serverNames")))
    odd = tuple(_piece(place.at(key), key, meta) for key in PIECES if place.has(key))
    return PortRule(
        groups=groups,
        requests=read.requests,
        always=tuple(always),
        odd=(*odd, *read.odd),
        trail=absorb(node, place.empty("serverNames"), *read.spent),
    )


def _server_name(text: str) -> Pattern:
    return name_pattern(text, exactly=False)


def _piece(place: Cursor, key: str, meta: Meta) -> Opaque:
    intent, columns = PIECES[key]
    return Opaque(kind=key, intent=intent, may_touch=columns, trail=meta.fact(key, *place.leaves()))


class _Rules:
    """The member of ``rules`` that is given."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.requests: tuple[AllOf, ...] | None = None
        self.odd: list[Opaque] = []
        self.spent: list[Traced[str]] = []

    def read(self, rules: Cursor) -> None:
        """An empty list counts as none."""
        self.spent.extend(rules.empty(key) for key in ("http", "dns", *_ODD))
        http, dns = rules.opt_list("http"), rules.opt_list("dns")
        if http:
            read = [read_http(one, self.meta) for one in http]
            self.requests = tuple(one.way for one in read)
            self.odd.extend(piece for one in read for piece in one.odd)
        elif dns:
            self.requests = tuple(self._name(one) for one in dns)
        else:
            self._odd_rules(rules)

    def _name(self, place: Cursor) -> AllOf:
        exact, pattern = place.opt_str("matchName"), place.opt_str("matchPattern")
        terms: tuple[Traced[Term], ...] = tuple(
            Traced(name_pattern(word.value, exactly=word is exact), word.origin)
            for word in (exact, pattern)
            if word is not None
        )
        test = Test(part=Part.DNS_NAME, any_of=terms, trail=self.meta.fact("dns"))
        return AllOf(tests=(test,), trail=absorb(self.meta.fact("dns"), place.here))

    def _odd_rules(self, rules: Cursor) -> None:
        """Protocols that only a parser of Cilium's own reads: what they let pass is not known."""
        leaves = [leaf for key in _ODD if rules.has(key) for leaf in rules.at(key).leaves()]
        if leaves:
            word: Traced[Term] = Traced(
                Pattern(PatternKind.EXACT, "rules of its own"), tuple(leaves)
            )
            test = Test(
                part=Part.EXTENSION,
                name=Traced("protocol", tuple(leaves)),
                any_of=(word,),
                trail=self.meta.fact("protocol"),
            )
            self.requests = (AllOf(tests=(test,), trail=self.meta.fact("protocol")),)


def _groups(places: Sequence[Cursor], meta: Meta) -> Iterator[PortGroup]:
    """The ports by their transport, in the order in which transports come."""
    found: dict[str, list[Cursor]] = {}
    for place in places:
        protocol = place.opt_enum("protocol", {name: name for name in PROTOCOLS})
        found.setdefault("ANY" if protocol is None else protocol.value, []).append(place)
    for word, own in found.items():
        ports = [_port(place) for place in own]
        node = meta.fact(f"{word} ports")
        spent = [v for place in own for v in (place.here, *_end(place))]
        every = any(port is None for port in ports)
        if every:
            written = (
                v for place in own for v in (place.opt_str("port"), place.opt_int("endPort"))
            )
            spent.extend(v for v in written if v is not None)
        yield PortGroup(
            ports=() if every else tuple(p for p in ports if p is not None),
            transport=transport(word, own, meta),
            trail=absorb(node, *spent),
        )


def _end(place: Cursor) -> Iterator[Traced[object]]:
    """The end of a range that is none: it is not looked at beside a name."""
    end, port = place.opt_int("endPort"), place.opt_str("port")
    if end is not None and (port is None or not _is_number(port.value)):
        yield end


def _is_number(text: str) -> bool:
    return text[:1].isdigit()


def number(text: str) -> int:
    """A port as it is parsed: a zero at the start means octal."""
    if text.startswith("0") and text != "0" and text.isdigit():
        return int(text, 8) if not set(text) & {"8", "9"} else 0
    return int(text, 0)


def _port(place: Cursor) -> Traced[WorkloadPort] | None:
    """The port of an entry; ``None``: every port.

    Raises:
        InputError: it is no text, or no port.
    """
    port = place.opt_str("port")
    if port is None:
        return None
    if not _is_number(port.value):
        return port.map(lambda name: WorkloadPort(name.lower()))
    try:
        first = number(port.value)
    except ValueError:
        raise place.refuse(f'expected a port number or name, found "{port.value}".') from None
    if not first:
        return None
    end = place.opt_int("endPort")
    last = 0 if end is None or end.value <= first else end.value
    value = WorkloadPort(first, last)
    return port.derive(value) if end is None else port.derive(value, end)


def transport(word: str, places: Sequence[Cursor], meta: Meta) -> Test:
    """That the connection is by this transport."""
    leaves = tuple(
        leaf
        for place in places
        if (written := place.opt_str("protocol")) is not None
        for leaf in written.origin
    )
    names = ANY if word == "ANY" else (word,)
    terms: tuple[Traced[Term], ...] = tuple(
        Traced(Pattern(PatternKind.EXACT, name), leaves, () if leaves else meta.because)
        for name in names
    )
    return Test(part=Part.TRANSPORT, any_of=terms, trail=meta.fact("transport"))


def _icmp_rule(place: Cursor, meta: Meta) -> PortRule:
    terms: list[Traced[Term]] = []
    spent = [place.here, place.empty("fields")]
    for one in place.opt_list("fields"):
        family = one.opt_enum("family", _FAMILIES)
        kind = one.at("type").as_port()
        text = f"{'icmpv4' if family is None else family.value}/{kind.value}"
        leaves = (*kind.origin, *(() if family is None else family.origin))
        terms.append(Traced(Pattern(PatternKind.EXACT, text), leaves))
    test = Test(part=Part.TRANSPORT, any_of=tuple(terms), trail=meta.fact("icmps"))
    group = PortGroup(ports=(), transport=test, trail=meta.fact("icmps"))
    return PortRule(groups=(group,) if terms else (), trail=absorb(meta.fact("icmps"), *spent))


def spoken_http(meta: Meta) -> Test:
    """That the request is read as HTTP at all."""
    there = Traced(Presence.PRESENT, (), meta.because)
    return Test(part=Part.METHOD, presence=there, trail=meta.fact("http"))
