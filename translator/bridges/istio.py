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

from collections.abc import Iterable, Iterator, Sequence
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
    last_wave,
    mapping,
    name_of,
    of_kind,
    selected,
    spec_of,
    temporary,
)
from translator.bridges.forced import space_of, unforced
from translator.bridges.istio_rules import copies, denials
from translator.bridges.spaces import said
from translator.report.plan import Check
from translator.state import Piece, State, new_piece

_SECURITY = "security.istio.io"
_INJECTION = "istio-injection"
_V1 = "security.istio.io/v1"
_PLAIN = "*"
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
        *copies(state, ways, options),
        *denials(state, ways, options),
    ]
    return tuple(new_piece(value, options.namespace) for value in found)


def _release(state: State, gone: frozenset[str], until: int, options: Options) -> tuple[Piece, ...]:
    """DestinationRules that no longer force mutual TLS to hosts in namespaces that are gone."""
    del until
    found: list[Piece] = []
    for piece in of_kind(state, "networking.istio.io", "DestinationRule"):
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


# --- ports that take clear text ------------------------------------------------------------------


def _permissive(state: State, ways: Sequence[Way]) -> Iterator[dict[str, object]]:
    edited: dict[str, dict[str, object]] = {}
    for own in _by_workload(ways):
        workload = own[0].workload
        there = _workload_level(state, workload)
        if there is None:
            spec: dict[str, object] = {"selector": _labels(workload)}
            name = f"{workload.name}{SUFFIX}"
            value = temporary(
                _V1, "PeerAuthentication", workload.namespace, name, last_wave(own), spec
            )
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
            yield temporary(_V1, "AuthorizationPolicy", space, name, last_wave(strict), spec)


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
    spec = {} if own is None else spec_of(own)
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
        for piece in of_kind(state, _SECURITY, "PeerAuthentication")
        if piece.namespace == namespace
        and not mapping(mapping(spec_of(piece).get("selector")).get("matchLabels"))
    ]
    first = min(found, key=lambda piece: piece.key[3], default=None)
    return None if first is None else spec_of(first).get("mtls")


def _by_port(entry: tuple[str, object]) -> tuple[int, str]:
    text = entry[0]
    return (int(text), "") if text.isdecimal() else (1 << 16, text)


def _workload_level(state: State, workload: Workload) -> Piece | None:
    """The PeerAuthentication with a selector that is in charge: the first by name where ages are not known."""
    found = [
        piece
        for piece in of_kind(state, _SECURITY, "PeerAuthentication")
        if piece.namespace == workload.namespace
        and mapping(mapping(spec_of(piece).get("selector")).get("matchLabels"))
        and selected(spec_of(piece).get("selector"), workload.labels)
    ]
    return min(found, key=lambda piece: piece.key[3], default=None)


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
