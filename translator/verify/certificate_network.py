"""Policies of the network on what leaves, in a certificate: one gate, beside those of the client's proxy.

What a rule asks of a peer that is none of the cluster is decided: it is in the world, and speaks TCP. What is left are its
address, the name whose look-up led there, and the host or the name in the hello.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ir.access import Grant, Refusal
from ir.language import Opaque
from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced
from translator.verify.certificate import LeftOut, Tree
from translator.verify.certificate_trees import (
    BYTES,
    BYTES_SEEN,
    HELLO,
    HOST,
    LOOKED_UP,
    REQUEST,
    REQUEST_SEEN,
    asks,
    gate,
    named,
    rule,
)
from translator.verify.leaving import Client, Leaving
from translator.verify.network import closes, holds_outside

Way = list[Tree]


def network_gate(side: Leaving, client: Client) -> Iterator[Tree]:
    """The gate of the policies that are about the client, on the port of the side; none where none is."""
    own = side.network.of(client)
    if own:
        grants = [one for f in own if isinstance(f, Grant) for one in _rules(f)]
        refusals = [one for f in own if isinstance(f, Refusal) for one in _rules(f)]
        yield gate("network", [], grants, refusals, closed=closes(own))


def _rules(fact: Grant | Refusal) -> Iterator[Tree]:
    """What a rule is about: requests, and apart connections that are none, as far as it tells them apart."""
    nothing = AllOf(trail=fact.trail)
    peers = [w for way in fact.callers or (nothing,) if (w := _peer(way)) is not None]
    for http, mark, view in ((True, REQUEST, REQUEST_SEEN), (False, BYTES, BYTES_SEEN)):
        ways = [
            [mark, *peer, *asked]
            for way in fact.requests or (nothing,)
            for peer, asked in product(peers, _asked((*way.tests, *fact.always), http=http))
        ]
        if ways:
            yield rule(ways, view)


def _peer(way: AllOf) -> Way | None:
    """What an alternative of peers asks of a destination outside; ``None`` where it can be none."""
    found: Way = []
    for held in way.tests:
        if held.part is Part.PEER_ADDRESS:
            found.append(asks("address", _blocks(held.any_of), _blocks(held.none_of)))
        elif held.part is Part.DNS_NAME:
            found.append(_looked_up(held))
        elif not holds_outside(held):
            return None
    return found


def _blocks(terms: Sequence[Traced[Term]]) -> list[Cidr]:
    return [t.value for t in terms if isinstance(t.value, Cidr)]


def _patterns(terms: Sequence[Traced[Term]]) -> list[Pattern]:
    return [t.value for t in terms if isinstance(t.value, Pattern)]


def _looked_up(held: Test) -> Tree:
    """A test on the name whose look-up led to the address; an address that was had otherwise is none of those meant."""
    wanted, others = _patterns(held.any_of), _patterns(held.none_of)
    if any(one.kind is PatternKind.SUFFIX and one.text[:1] != "." for one in (*wanted, *others)):
        raise LeftOut("names that are looked up by an end that begins within a word")
    return asks(LOOKED_UP, wanted, others, presence=Presence.PRESENT)


def _asked(tests: Iterable[Test], *, http: bool) -> list[Way]:
    """What alternatives of requests, or of connections that are none, ask for; none where it can be none of them."""
    found: list[Way] = [[]]
    for held in tests:
        patterns = [] if held.none_of else _patterns(held.any_of)
        match held.part:
            case Part.TRANSPORT:
                found = found if holds_outside(held) else []
            case (Part.AUTHORITY | Part.SERVER_NAME) as part if patterns:
                of = HOST if http else HELLO
                names = named(of, patterns) if http is (part is Part.AUTHORITY) else []
                found = [[*way, name] for way in found for name in names]
            case Part.METHOD if not held.any_of and not held.none_of:
                found = found if http else []
            case Part.DNS_NAME:
                return []  # a question to DNS is neither HTTP nor TLS, and other bytes are none
            case part:
                raise Opaque(f"policies of the network that ask for the {part.replace('_', ' ')}")
    return found
