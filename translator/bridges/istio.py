"""Istio beside another mesh.

Callers of the other mesh come in clear text. A port that demands mutual TLS takes both by a PeerAuthentication for the
workload with ``portLevelMtls`` PERMISSIVE (workload before namespace before mesh, the oldest of one level;
https://istio.io/latest/docs/reference/config/security/peer_authentication/). In an AuthorizationPolicy principals and
namespaces do not match a connection without a certificate, and ``notPrincipals: ["*"]`` matches nothing else
(https://istio.io/latest/docs/concepts/security/#dependency-on-mutual-tls). A sidecar sends clear text to pods without
one by itself, unless a DestinationRule says ISTIO_MUTUAL
(https://istio.io/latest/docs/tasks/security/authentication/authn-policy/#auto-mutual-tls).

A port that demanded mutual TLS refused all clear text before any rule was asked. Once it is permissive, rules that ask for
nobody let in clear text from anywhere, and so does a workload without rules; a refusal keeps out what comes from beyond the
networks of pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy

from ir.inventory import Workload
from translator.api import Options
from translator.bridges.ambient import held, is_in, unstaged
from translator.bridges.api import (
    AMBIENT,
    MARKS,
    STRANGERS,
    SUFFIX,
    Bridge,
    Way,
    items,
    mapping,
    name_of,
    selected,
    temporary,
    texts,
)
from translator.bridges.forced import space_of, unforced
from translator.bridges.patterns import matches
from translator.bridges.spaces import said
from translator.report.plan import Check
from translator.state import Piece, State, new_piece

_SECURITY = "security.istio.io"
_INJECTION = "istio-injection"
_V1 = "security.istio.io/v1"
_PLAIN = "*"
_IDENTITY = ("principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts")  # fmt: skip
_STRANGER = "stranger"

Peer = tuple[str, str]


def _join(state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
    """By ``istio-injection``, or by the mode that takes their connections on the node."""
    is_target = options.target.mesh == "istio"
    word = AMBIENT if is_target and options.profile == AMBIENT[1] else (_INJECTION, "enabled")
    return said(state, spaces, "labels", word)


def _part(state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
    """By ``istio-injection``, beside which no webhook heeds ``istio.io/rev`` or a word of the pod."""
    del options
    return said(state, spaces, "labels", (_INJECTION, "disabled"))


def _is_everywhere(piece: Piece, options: Options) -> bool:
    """Policies of the root namespace: its proxies heed them everywhere."""
    return piece.key[0] == _SECURITY and piece.namespace == options.root_namespace


def _holds(state: State, space: str, options: Options, *, inside: bool) -> tuple[str, ...]:
    """In an ambient mesh, a label of the pods themselves, which outranks that of their namespace."""
    del options
    return held(state, space, inside=inside)


def _refuses(state: State, options: Options) -> str:
    """What of an ambient mesh cannot be left, or joined, wave by wave."""
    return unstaged(state, options)


def _opening(state: State, ways: Sequence[Way], options: Options) -> tuple[Piece, ...]:
    """Permissive ports, and for each rule that lets in a peer its copy for callers in clear text."""
    found = [
        *_permissive(state, ways),
        *_kept_out(state, ways, options),
        *_copies(state, ways, options),
        *_denials(state, ways, options),
    ]
    return tuple(new_piece(value, options.namespace) for value in found)


def _release(state: State, gone: frozenset[str], until: int, options: Options) -> tuple[Piece, ...]:
    """DestinationRules that no longer force mutual TLS to hosts in namespaces that are gone."""
    del until
    found: list[Piece] = []
    for piece in _of(state, "networking.istio.io", "DestinationRule"):
        host = str(mapping(piece.value.get("spec")).get("host", ""))
        space = space_of(host, piece.namespace or options.namespace)
        value = deepcopy(dict(piece.value))
        if space in gone and unforced(value.get("spec")):
            found.append(new_piece(value, options.namespace))
    return tuple(found)


def _prerequisites(options: Options, *, leaving: bool) -> tuple[Check, ...]:
    """The version that is in charge."""
    version = (options.source if leaving else options.target).version
    beside = {options.source.mesh, options.target.mesh} == MARKS.keys()
    verb = (
        "runs" if leaving else "is installed with its own trust root" if beside else "is installed"
    )
    return (Check(f"Istio {version} {verb}", "istioctl version --short"),)


def _checks(state: State, namespace: str, options: Options) -> tuple[Check, ...]:
    """The sidecars of a namespace, or what the agents of nodes take of it."""
    del options
    what, command = (
        (
            f"agents of nodes take the pods of {namespace}",
            "istioctl ztunnel-config workloads --workload-namespace",
        )
        if is_in(state, namespace)
        else (f"every pod of {namespace} has its sidecar", "istioctl proxy-status -n")
    )
    return (
        Check(what, f"{command} {namespace}"),
        Check(f"the configuration of {namespace} is sound", f"istioctl analyze -n {namespace}"),
    )


def _of(state: State, group: str, kind: str) -> Iterator[Piece]:
    return (piece for key, piece in state.items() if key[:2] == (group, kind))


def _spec(piece: Piece) -> Mapping[str, object]:
    return mapping(piece.value.get("spec"))


# --- ports that take clear text ------------------------------------------------------------------


def _permissive(state: State, ways: Sequence[Way]) -> Iterator[dict[str, object]]:
    edited: dict[str, dict[str, object]] = {}
    for own in _by_workload(ways):
        workload = own[0].workload
        there = _workload_level(state, workload)
        if there is None:
            spec: dict[str, object] = {"selector": _labels(workload)}
            name = f"{workload.name}{SUFFIX}"
            value = temporary(_V1, "PeerAuthentication", workload.namespace, name, _last(own), spec)
        else:
            value = edited.get(there.resource) or deepcopy(dict(there.value))
        edited[f"{value['kind']}/{workload.namespace}/{name_of(value)}"] = value
        spec = value["spec"]  # type: ignore[assignment]
        # a key that is a number is what kustomize cannot print
        ports = {str(port): mode for port, mode in mapping(spec.get("portLevelMtls")).items()}
        for way in own:
            ports[str(way.port)] = {"mode": "PERMISSIVE"}
        spec["portLevelMtls"] = dict(sorted(ports.items(), key=_by_port))
    yield from edited.values()


def _kept_out(state: State, ways: Sequence[Way], options: Options) -> Iterator[dict[str, object]]:
    """Refusals of clear text from beyond the networks of pods, at ports that took none."""
    if not options.cluster_networks:
        return
    source = {"notPrincipals": [_PLAIN], "notIpBlocks": list(options.cluster_networks)}
    for own in _by_workload(ways):
        workload = own[0].workload
        strict = [way for way in own if _demanded(state, workload, way.port, options)]
        if strict:
            ports = [str(port) for port in sorted({way.port for way in strict})]
            spec = {
                "selector": _labels(workload),
                "action": "DENY",
                "rules": [{"from": [{"source": source}], "to": [{"operation": {"ports": ports}}]}],
            }
            name = f"{workload.name}-outside{SUFFIX}"
            space = workload.namespace
            yield temporary(_V1, "AuthorizationPolicy", space, name, _last(strict), spec)


def _by_workload(ways: Sequence[Way]) -> Iterator[list[Way]]:
    grouped: dict[str, list[Way]] = {}
    for way in ways:
        grouped.setdefault(way.workload.key, []).append(way)
    yield from grouped.values()


def _labels(workload: Workload) -> dict[str, object]:
    return {"matchLabels": dict(sorted(workload.labels.items()))}


def _demanded(state: State, workload: Workload, port: int, options: Options) -> bool:
    """Whether the port takes mutual TLS alone: its own word, then the workload's, the namespace's, the mesh's."""
    own = _workload_level(state, workload)
    spec = {} if own is None else _spec(own)
    by_port = {str(key): mode for key, mode in mapping(spec.get("portLevelMtls")).items()}
    levels = [
        by_port.get(str(port)),
        spec.get("mtls"),
        *(_whole(state, space) for space in (workload.namespace, options.root_namespace)),
    ]
    modes = (str(mapping(level).get("mode", "UNSET")) for level in levels)
    return next((mode for mode in modes if mode != "UNSET"), "PERMISSIVE") == "STRICT"


def _whole(state: State, namespace: str) -> object:
    """What is said of a whole namespace: the first by name where ages are not known."""
    found = [
        piece
        for piece in _of(state, _SECURITY, "PeerAuthentication")
        if piece.namespace == namespace
        and not mapping(mapping(_spec(piece).get("selector")).get("matchLabels"))
    ]
    first = min(found, key=lambda piece: piece.key[3], default=None)
    return None if first is None else _spec(first).get("mtls")


def _by_port(entry: tuple[str, object]) -> tuple[int, str]:
    text = entry[0]
    return (int(text), "") if text.isdecimal() else (1 << 16, text)


def _workload_level(state: State, workload: Workload) -> Piece | None:
    """The PeerAuthentication with a selector that is in charge: the first by name where ages are not known."""
    found = [
        piece
        for piece in _of(state, _SECURITY, "PeerAuthentication")
        if piece.namespace == workload.namespace
        and mapping(mapping(_spec(piece).get("selector")).get("matchLabels"))
        and selected(_spec(piece).get("selector"), workload.labels)
    ]
    return min(found, key=lambda piece: piece.key[3], default=None)


def _last(ways: Sequence[Way]) -> int:
    return max(way.until for way in ways)


# --- rules for callers in clear text -------------------------------------------------------------


def _meant(piece: Piece, ways: Sequence[Way], options: Options) -> list[Way]:
    """The ways to workloads that the policy is for."""
    spec = _spec(piece)
    if spec.get("targetRef") or spec.get("targetRefs"):
        return []
    return [
        way
        for way in ways
        if piece.namespace in (way.workload.namespace, options.root_namespace)
        and selected(spec.get("selector"), way.workload.labels)
    ]


def _copies(state: State, ways: Sequence[Way], options: Options) -> Iterator[dict[str, object]]:
    for piece in _of(state, _SECURITY, "AuthorizationPolicy"):
        spec = _spec(piece)
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
            yield temporary(_V1, "AuthorizationPolicy", piece.namespace, name, _last(own), copy)


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


def _denials(state: State, ways: Sequence[Way], options: Options) -> Iterator[dict[str, object]]:
    """Denials of everybody but some, who would now hit those who come without a name: for named callers only."""
    for piece in _of(state, _SECURITY, "AuthorizationPolicy"):
        if _spec(piece).get("action") != "DENY":
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


BRIDGE = Bridge(
    ending="istio goes",
    assumptions=STRANGERS,
    plain=True,
    temporary=("peerauthentications.security.istio.io", "authorizationpolicies.security.istio.io"),
    join=_join,
    part=_part,
    is_everywhere=_is_everywhere,
    holds=_holds,
    refuses=_refuses,
    open=_opening,
    release=_release,
    prerequisites=_prerequisites,
    checks=_checks,
)
"""Temporary PeerAuthentications and AuthorizationPolicies, DestinationRules without ISTIO_MUTUAL."""
