"""The items of a rule: peers, ports, and what is asked of requests there.

Ports are strings with their protocol (what is not said is ANY, which rules for HTTP refuse), ``"0"`` is every port of a
protocol, at most 40 stand in an item; an entry of ``icmps`` has no ports. Names of hosts count only beside a rule of DNS for
the port of the resolver (cilium/cilium pkg/policy/api/{l4,l7,http,icmp,fqdn,rule_validation}.go, 1.20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Grant, Refusal
from ir.attachment import WorkloadPort
from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced
from translator.api import Said, Tree
from translator.exporters.cilium.legalise.words import with_query
from translator.exporters.cilium.write.peers import Values, host_name, peers, text_of
from translator.resources.kubernetes.host_names import spelt

MOST_PORTS = 40
_LAST = 65535
_EVERY_PORT = "0"
_ANY = ("TCP", "UDP", "SCTP")
_FAMILIES = {"icmpv4": "IPv4", "icmpv6": "IPv6"}


def items(fact: Grant | Refusal) -> Iterator[dict[str, Tree]]:
    """The items of one grant or refusal: one for each kind of peer, and for each 40 ports."""
    rules = _rules(fact)
    proof = _proof(fact)
    for ends in peers(fact):
        for ports in _connections(fact, rules):
            yield {**ends, **ports, **proof}


def _connections(fact: Grant | Refusal, rules: dict[str, Tree] | None) -> Iterator[dict[str, Tree]]:
    words = [t for test in fact.always if test.part is Part.TRANSPORT for t in test.any_of]
    if words and text_of(words[0]).startswith("icmp"):
        yield {"icmps": [{"fields": [_message(word) for word in words]}]}
        return
    names = [t for test in fact.always if test.part is Part.SERVER_NAME for t in test.any_of]
    ports = _ports(fact, words, asked=rules is not None)
    if not ports:
        yield {}
    for start in range(0, len(ports), MOST_PORTS):
        chunk: list[Tree] = [*ports[start : start + MOST_PORTS]]
        item: dict[str, Tree] = {"ports": chunk}
        if names:
            item["serverNames"] = [term.derive(_server(term)) for term in names]
        if rules is not None:
            item["rules"] = rules
        yield {"toPorts": [item]}


def _proof(fact: Grant | Refusal) -> dict[str, Tree]:
    """That both ends prove to the agents who they are."""
    for test in fact.always:
        if test.part is Part.CERTIFICATE and test.presence is not None:
            return {"authentication": {"mode": test.presence.derive("required")}}
    return {}


def _message(word: Traced[object]) -> dict[str, Tree]:
    family, _, kind = text_of(word).partition("/")
    return {"family": word.derive(_FAMILIES[family]), "type": word.derive(int(kind))}


def _server(term: Traced[object]) -> str:
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return spelt(term.value)


# --- ports ---------------------------------------------------------------------------------------


def _ports(fact: Grant | Refusal, words: Sequence[Traced[object]], *, asked: bool) -> list[Tree]:
    """The ports; none where all of all protocols are meant and nothing is asked of requests."""
    at = fact.attachment
    if at.ports:
        return [_port(_own(port), (port,), words) for port in at.ports]
    if words and not asked and not at.excluding_ports:
        return [{"port": Said(_EVERY_PORT, tuple(words)), "protocol": _protocol(words)}]
    if not at.excluding_ports and not asked:
        return []
    out = sorted((_number(port), port) for port in at.excluding_ports)
    by: Values = tuple(port for _, port in out) or (fact.trail,)
    found: list[Tree] = []
    start = 1
    for number in (*(number for number, _ in out), _LAST + 1):
        if start < number:
            found.append(_port(WorkloadPort(start, number - 1), by, words))
        start = number + 1
    return found


def _protocol(words: Sequence[Traced[object]]) -> Tree:
    if sorted(text_of(word) for word in words) == sorted(_ANY):
        return Said("ANY", tuple(words))
    (word,) = words
    return word.derive(text_of(word))


def _own(port: Traced[object]) -> WorkloadPort:
    value = port.value
    if not isinstance(value, WorkloadPort) or not value.port:  # "0" would be every port
        raise TypeError(port)
    return value


def _number(port: Traced[object]) -> int:
    value = _own(port).port
    if not isinstance(value, int):
        raise TypeError(port)
    return value


def _port(own: WorkloadPort, by: Values, words: Sequence[Traced[object]]) -> dict[str, Tree]:
    """A port, or a range; where no protocol is asked for, requests are meant, which go by TCP."""
    tree: dict[str, Tree] = {"port": Said(str(own.port), by)}
    if own.last and own.last != own.port:
        tree["endPort"] = Said(own.last, by)
    tree["protocol"] = _protocol(words) if words else Said("TCP", by)
    return tree


# --- requests ------------------------------------------------------------------------------------


def _rules(fact: Grant | Refusal) -> dict[str, Tree] | None:
    if not fact.requests:
        return None
    first = fact.requests[0].tests[0]
    if first.part is Part.DNS_NAME:
        return {
            "dns": [
                host_name(t) for way in fact.requests for test in way.tests for t in test.any_of
            ]
        }
    seen = fact.view.path_has_query
    return {"http": [_request(way, queried=seen) for way in fact.requests]}


_PSEUDO = {Part.PATH: ":path", Part.METHOD: ":method", Part.AUTHORITY: ":authority"}
_EXPRESSIONS = {Part.PATH: "path", Part.METHOD: "method", Part.AUTHORITY: "host"}


def _request(way: AllOf, *, queried: bool) -> Tree:
    """A rule for requests; ``queried``: patterns on paths speak of the query too."""
    tree: dict[str, Tree] = {}
    headers: list[Tree] = []
    for test in way.tests:
        match test.part:
            case Part.PATH if test.any_of and not queried:
                tree["path"] = _alone(test)
            case Part.PATH | Part.METHOD | Part.AUTHORITY if _is_expression(test):
                (term,) = test.any_of
                tree[_EXPRESSIONS[test.part]] = term.derive(text_of(term))
            case Part.METHOD if test.presence is not None and not test.presence.origin:
                pass  # every request that is read as HTTP
            case Part.PATH | Part.METHOD | Part.AUTHORITY if test.any_of or test.presence:
                headers.append(_header(test))
            case Part.HEADER if test.name is not None:
                headers.append(_header(test))
            case _:
                raise TypeError(test)
    if not tree and not headers:
        return Said({}, (way.trail,))
    if headers:
        tree["headerMatches"] = headers
    _mark(tree, way.trail)
    return tree


def _is_expression(test: Test) -> bool:
    values = [term.value for term in test.any_of]
    return len(values) == 1 and all(
        isinstance(v, Pattern) and v.kind is PatternKind.REGEX for v in values
    )


def _alone(test: Test) -> Tree:
    """A pattern on the path alone, with any query behind it."""
    (term,) = test.any_of
    if not isinstance(term.value, Pattern):
        raise TypeError(test)
    return term.derive(with_query(term.value))


def _header(test: Test) -> dict[str, Tree]:
    """A header that is compared with a value, or must be there."""
    values = test.any_of
    by = [v for v in (test.name, None if values else test.presence) if v is not None]
    text = _PSEUDO[test.part] if test.name is None else test.name.value
    tree: dict[str, Tree] = {"name": Said(text, tuple(by) or (test.trail,))}
    for term in values:
        tree["value"] = term.derive(text_of(term))
    return tree


def _mark(tree: dict[str, Tree], trail: Traced[str]) -> None:
    """Lets the first of the fields say what the request comes from and none of them repeats."""
    first, leaf = next(iter(tree.items()))
    if isinstance(leaf, Traced):
        tree[first] = Said(leaf.value, (leaf, trail))
    elif isinstance(leaf, list) and isinstance(leaf[0], dict):
        _mark(leaf[0], trail)
