"""Rules of Istio for callers in clear text: copies of those that let a peer in by name, and denials less such callers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

from translator.api import Options
from translator.bridges.api import (
    SUFFIX,
    Way,
    items,
    last_wave,
    mapping,
    of_kind,
    selected,
    spec_of,
    temporary,
    texts,
)
from translator.bridges.patterns import matches
from translator.state import Piece, State

_SECURITY = "security.istio.io"
_V1 = "security.istio.io/v1"
_PLAIN = "*"
_IDENTITY = ("principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts")  # fmt: skip
_STRANGER = "stranger"

Peer = tuple[str, str]


def _meant(piece: Piece, ways: Sequence[Way], options: Options) -> list[Way]:
    """The ways to workloads that the policy is for."""
    spec = spec_of(piece)
    if spec.get("targetRef") or spec.get("targetRefs"):
        return []
    return [
        way
        for way in ways
        if piece.namespace in (way.workload.namespace, options.root_namespace)
        and selected(spec.get("selector"), way.workload.labels)
    ]


def copies(state: State, ways: Sequence[Way], options: Options) -> Iterator[dict[str, object]]:
    """For each rule that lets in a peer by name one for callers without a name, at the ports of its ways alone."""
    for piece in of_kind(state, _SECURITY, "AuthorizationPolicy"):
        spec = spec_of(piece)
        own = _meant(piece, ways, options)
        if spec.get("action", "ALLOW") != "ALLOW" or not own:
            continue
        peers = sorted({peer for way in own for peer in way.peers})
        ports = [str(port) for port in sorted({way.port for way in own})]
        rules = [_copy(mapping(rule), peers, ports, options) for rule in items(spec.get("rules"))]
        kept = [rule for number, rule in enumerate(rules) if rule and rule not in rules[:number]]
        if kept:
            copy = {
                **({"selector": spec["selector"]} if "selector" in spec else {}),
                "action": "ALLOW",
                "rules": kept,
            }
            name = f"{piece.key[3]}{SUFFIX}"
            yield temporary(_V1, "AuthorizationPolicy", piece.namespace, name, last_wave(own), copy)


def _copy(
    rule: Mapping[str, object], peers: Sequence[Peer], ports: Sequence[str], options: Options
) -> dict[str, object]:
    """The rule for callers in clear text at these ports; nothing where it lets in no peer, or asks for no identity."""
    sources = [mapping(mapping(entry).get("source")) for entry in items(rule.get("from"))]
    whens = [mapping(when) for when in items(rule.get("when"))]
    about = [
        when
        for when in whens
        if str(when.get("key", "")).startswith("source.") and when.get("key") != "source.ip"
    ]
    asks = [source for source in sources if any(source.get(field) for field in _IDENTITY)]
    if not asks and not about:
        return {}
    let_in = [p for p in peers if all(_when_holds(when, p, options) for when in about)]
    chosen = [s for s in (asks if sources else [{}]) if any(_admits(s, p, options) for p in let_in)]
    replaced = [_in_clear(source, options) for source in chosen]
    if not replaced:
        return {}
    copy: dict[str, object] = {
        "from": [{"source": s} for n, s in enumerate(replaced) if s not in replaced[:n]]
    }
    copy["to"] = [_at(mapping(entry), ports) for entry in items(rule.get("to")) or ({},)]
    rest = [dict(when) for when in whens if when not in about]
    return {**copy, **({"when": rest} if rest else {})}


def _at(entry: Mapping[str, object], ports: Sequence[str]) -> dict[str, object]:
    """What a rule is for, at no other ports than these."""
    operation = mapping(entry.get("operation"))
    return {
        "operation": dict(operation) if "ports" in operation else {**operation, "ports": [*ports]}
    }


def _in_clear(source: Mapping[str, object], options: Options) -> dict[str, object]:
    rest = {key: value for key, value in source.items() if key not in _IDENTITY}
    if options.cluster_networks and not rest.get("ipBlocks"):
        rest["ipBlocks"] = list(options.cluster_networks)
    return {"notPrincipals": [_PLAIN], **rest}


def _admits(source: Mapping[str, object], peer: Peer, options: Options) -> bool:
    """Whether the source is that peer, as far as identities go."""
    wanted = {
        "principals": _principal(peer, options),
        "namespaces": peer[0],
        "serviceAccounts": f"{peer[0]}/{peer[1] or _STRANGER}",
    }
    for field, text in wanted.items():
        positive = texts(source.get(field))
        negative = texts(source.get(f"not{field[0].upper()}{field[1:]}"))
        if positive and not any(matches(pattern, text) for pattern in positive):
            return False
        if any(matches(pattern, text) for pattern in negative):
            return False
    return True


def _principal(peer: Peer, options: Options) -> str:
    return f"{options.trust_domain}/ns/{peer[0]}/sa/{peer[1] or _STRANGER}"


def _when_holds(when: Mapping[str, object], peer: Peer, options: Options) -> bool:
    text = peer[0] if when.get("key") == "source.namespace" else _principal(peer, options)
    values, others = texts(when.get("values")), texts(when.get("notValues"))
    return (not values or any(matches(v, text) for v in values)) and not any(
        matches(v, text) for v in others
    )


def denials(state: State, ways: Sequence[Way], options: Options) -> Iterator[dict[str, object]]:
    """Denials of everybody but some, who would now hit those who come without a name: for named callers only."""
    for piece in of_kind(state, _SECURITY, "AuthorizationPolicy"):
        if spec_of(piece).get("action") != "DENY":
            continue
        peers = sorted({p for way in _meant(piece, ways, options) for p in way.peers})
        value = deepcopy(dict(piece.value))
        touched = False
        for rule in items(mapping(value.get("spec")).get("rules")):
            for entry in items(mapping(rule).get("from")):
                source = mapping(entry).get("source")
                if (
                    isinstance(source, dict)
                    and _hits_the_nameless(source)
                    and any(not _admits(source, p, options) for p in peers)
                ):
                    source["principals"] = [_PLAIN]
                    touched = True
        if touched:
            yield value


def _hits_the_nameless(source: Mapping[str, object]) -> bool:
    positive = any(source.get(field) for field in ("principals", "namespaces", "serviceAccounts"))
    negative = any(
        source.get(field) for field in ("notPrincipals", "notNamespaces", "notServiceAccounts")
    )
    return negative and not positive
