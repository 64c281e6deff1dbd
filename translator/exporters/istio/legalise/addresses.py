"""That the address of a caller is its own: rules by block say of whom they hold only where nothing on the way puts another there.

``ipBlocks`` is about the address from which the connection comes that the proxy takes (istio.io/docs/reference/config/security/
authorization-policy ``Source``). For who comes by a Service of type LoadBalancer or NodePort this is the address of a node, unless
``externalTrafficPolicy: Local`` keeps it; for who comes through a gateway that of the gateway (istio.io/docs/tasks/security/
authorization/authz-ingress). A network may know such a caller by its own address all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.access import Direction, Grant, Refusal
from ir.match import Part
from ir.model import Fact
from ir.provenance import Assumption

ADDRESSES = Assumption(
    "peer-addresses",
    "proxies see callers by the addresses by which the source knows them: no node (externalTrafficPolicy: Cluster), gateway or "
    "translation of addresses puts its own in their place",
)


def of_addresses(facts: Iterable[Fact]) -> Iterator[Assumption]:
    """What is taken for granted where rules ask where a connection comes from."""
    tests = (
        test
        for fact in facts
        if isinstance(fact, (Grant, Refusal)) and fact.direction is Direction.INBOUND
        for way in fact.callers
        for test in way.tests
    )
    if any(t.part is Part.PEER_ADDRESS and (t.any_of or t.none_of) for t in tests):
        yield ADDRESSES
