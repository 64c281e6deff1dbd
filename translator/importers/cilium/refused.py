"""What the API server takes and the agent refuses: then the whole object is in force nowhere.

cilium/cilium pkg/policy/api/rule_validation.go, 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.source.cursor import Cursor

_SIDES = ("ingress", "ingressDeny", "egress", "egressDeny")
_PEERS = ("Endpoints", "Entities", "CIDR", "CIDRSet", "Groups", "Nodes", "Services", "FQDNs")


def refusals(place: Cursor, *, wide: bool, requests: bool = True) -> Iterator[str]:
    """Why the agent refuses a rule, if it does; ``requests``: whether its proxy for rules on requests runs."""
    if not any(place.opt_list(key) for key in _SIDES):
        yield "a rule must have an entry of ingress, ingressDeny, egress or egressDeny"
    if place.has("endpointSelector") == place.has("nodeSelector"):
        yield "a rule must have one of endpointSelector and nodeSelector"
    if place.has("nodeSelector") and not wide:
        yield "a policy of a namespace cannot select nodes"
    for side in _SIDES:
        for item in place.opt_list(side):
            yield from _of_item(item, "from" if side.startswith("in") else "to", side)
            if not requests and any(_asks(ports) for ports in item.opt_list("toPorts")):
                yield "rules for requests need the proxy, which is switched off (enable-l7-proxy)"


def _of_item(item: Cursor, prefix: str, side: str) -> Iterator[str]:
    given = [
        kind for kind in _PEERS if item.has(f"{prefix}{kind}") and item.opt_list(f"{prefix}{kind}")
    ]
    if len(given) > 1:
        yield f"an entry combines {' and '.join(prefix + kind for kind in given)}"
    if item.opt_list("icmps") and item.opt_list("toPorts"):
        yield "an entry combines toPorts and icmps"
    for place in item.opt_list("toPorts"):
        yield from _of_ports(place, side)


def _asks(place: Cursor) -> bool:
    rules = place.opt_map("rules")
    return rules is not None and any(
        rules.opt(key) is not None and rules.opt_list(key) for key in ("http", "dns", "kafka", "l7")
    )


def _of_ports(place: Cursor, side: str) -> Iterator[str]:
    rules, ports = place.opt_map("rules"), place.opt_list("ports")
    if rules is None:
        return
    l7 = any(rules.opt(key) is not None and rules.opt_list(key) for key in ("http", "kafka", "l7"))
    for port in ports:
        protocol, number = port.opt_str("protocol"), port.opt_str("port")
        if l7 and (protocol is None or protocol.value != "TCP"):
            yield "rules for requests need the protocol TCP"
        if l7 and number is not None and number.value == "0":
            yield "rules for requests need a port"
    if rules.opt_list("dns"):
        if side.startswith("in"):
            yield "rules on DNS are for egress"
        elif not ports:
            yield "rules on DNS need ports"
