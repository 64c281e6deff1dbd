"""``cilium.io`` CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: rules for pods, and for nodes.

``spec`` and ``specs`` add up (cilium/cilium pkg/k8s/apis/cilium.io/v2/cnp_types.go ``Parse``, 1.20). What the API server
takes and the agent refuses: pkg/policy/api/rule_validation.go; then the whole object is in force nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ir.access import Direction
from ir.inventory import Inventory
from ir.match import Part, Presence, Test
from ir.provenance import Traced, absorb
from translator.importers.cilium.agent import Agent
from translator.importers.cilium.model import CidrGroup, Item, Policy, PolicyRule, Selection, Side
from translator.importers.cilium.peers import NOBODY, Around, read_peers, required
from translator.importers.cilium.ports import read_ports
from translator.importers.cilium.refused import refusals
from translator.importers.cilium.selector import read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

WIDE = "CiliumClusterwideNetworkPolicy"
NARROW = "CiliumNetworkPolicy"

_SIDES = {Direction.INBOUND: ("ingress", "from"), Direction.OUTBOUND: ("egress", "to")}
_MODES = ("disabled", "required", "test-always-fail")
NOTES = ("description", "labels", "log")
"""Fields of a rule that change no traffic."""


def read_policy(
    root: Cursor,
    meta: Meta,
    groups: Mapping[str, CidrGroup],
    inventory: Inventory,
    agent: Agent,
) -> Policy:
    """The policy as written.

    Raises:
        InputError: a field has a type or a word that the API server refuses.
    """
    wide = meta.kind == WIDE
    around = Around(meta, wide, groups, inventory, agent)
    places = list(root.opt_list("specs"))
    single = root.opt_map("spec")
    if single is not None:
        places.insert(0, single)
    return Policy(
        meta=meta,
        wide=wide,
        rules=tuple(_rule(place, around) for place in places),
        trail=absorb(meta.fact("policy"), root.empty("specs"), root.empty("spec")),
    )


def _rule(place: Cursor, around: Around) -> PolicyRule:
    meta = around.meta
    key = "nodeSelector" if place.has("nodeSelector") else "endpointSelector"
    chosen = place.opt_map(key)
    subject = Selection(trail=meta.fact("everything"))
    if chosen is not None:
        subject = read_selector(chosen, meta)
    switches = place.opt_map("enableDefaultDeny")
    sides = (
        _side(place, Direction.INBOUND, switches, around),
        _side(place, Direction.OUTBOUND, switches, around),
    )
    return PolicyRule(
        subject=subject,
        of_nodes=key == "nodeSelector",
        sides=sides,
        refused=next(refusals(place, wide=around.wide, requests=around.agent.requests), ""),
        trail=absorb(meta.fact("rule"), place.here, place.empty("enableDefaultDeny")),
    )


def notes_of(root: Cursor) -> Iterator[tuple[int, str]]:
    """Leaves of rules that change no traffic, with the field that they stand in."""
    places = [*root.opt_list("specs")]
    single = root.opt_map("spec")
    for place in (*((single,) if single is not None else ()), *places):
        for key in NOTES:
            found = place.opt(key)
            if found is not None:
                yield from ((leaf, key) for leaf in found.leaves())


def _side(place: Cursor, direction: Direction, switches: Cursor | None, around: Around) -> Side:
    key, prefix = _SIDES[direction]
    deny = f"{key}Deny"
    allows = place.opt_list(key)
    needs = tuple(way for item in allows for way in required(item, f"{prefix}Requires", around))
    return Side(
        direction=direction,
        allows=tuple(_item(one, prefix, around, deny=False) for one in allows),
        denies=tuple(_item(one, prefix, around, deny=True) for one in place.opt_list(deny)),
        required=needs,
        closes=None if switches is None else switches.opt_bool(key),
        trail=absorb(around.meta.fact(key), place.empty(key), place.empty(deny)),
    )


def _item(item: Cursor, prefix: str, around: Around, *, deny: bool) -> Item:
    meta = around.meta
    peers = read_peers(item, prefix, around, deny=deny)
    ports, spent = read_ports(item, meta, deny=deny)
    node = absorb(meta.fact(f"{prefix} rule"), item.here, peers.trail, spent)
    node = absorb(node, item.empty(f"{prefix}Requires"), item.empty("authentication"))
    proof, mode = _proof(item, meta)
    pruned = tuple(one for rule in ports or () for one in rule.dead)
    idle = ""
    if mode is not None:
        node = absorb(node, mode)
        idle = "its authentication always fails" if mode.value == "test-always-fail" else ""
    if peers.ways is None and ports is None and not item.has(f"{prefix}Requires"):
        idle = "it names neither peers nor ports"
    elif peers.ways == () and not peers.dead:
        idle = NOBODY
    dead = (*peers.dead, *pruned)
    return Item(peers=peers.ways, ports=ports, proof=proof, idle=idle, dead=dead, trail=node)


def _proof(item: Cursor, meta: Meta) -> tuple[Test | None, Traced[str] | None]:
    """The handshake of identities that an entry may ask for; and its mode, where that asks for nothing."""
    place = item.opt_map("authentication")
    if place is None:
        return None, None
    mode = place.at("mode").as_enum({word: word for word in _MODES})
    if mode.value != "required":
        return None, mode
    there = Traced(Presence.PRESENT, mode.origin)
    return Test(part=Part.CERTIFICATE, presence=there, trail=meta.fact("authentication")), None
