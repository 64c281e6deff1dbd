"""Linkerd beside another mesh.

Callers of the other mesh come in clear text, so a MeshTLSAuthentication never holds for them. Each AuthorizationPolicy
that lets in a peer by its identity gets a companion for the same target that asks for a network instead; policies add up
(https://linkerd.io/2/reference/authorization-policy/). A NetworkAuthentication asks for no identity and refuses none: it
lets in everybody from its networks. A port that no Server describes gets one with such a policy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network

from ir.inventory import Workload
from translator.api import Options
from translator.bridges.api import (
    MARKS,
    STRANGERS,
    SUFFIX,
    Bridge,
    Way,
    items,
    mapping,
    selected,
    spec_of,
    temporary,
    texts,
    worn,
)
from translator.bridges.spaces import said
from translator.exporters.linkerd.networks import BEHIND_ONE_PORT, SINCE, TRANSPARENT
from translator.report.plan import Check
from translator.state import Piece, State, new_piece

_GROUP = "policy.linkerd.io"
_ALPHA = "policy.linkerd.io/v1alpha1"
_INJECT = "linkerd.io/inject"
_DEFAULT = "config.linkerd.io/default-inbound-policy"
EVERYWHERE = ("0.0.0.0/0", "::/0")
_STRANGER = "stranger"

Peer = tuple[str, str]


def _join(state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
    """By ``linkerd.io/inject`` (https://linkerd.io/2/features/proxy-injection/)."""
    del options
    return said(state, spaces, "annotations", (_INJECT, "enabled"))


def _part(state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
    """By the same, which outranks what the cluster said before."""
    del options
    return said(state, spaces, "annotations", (_INJECT, "disabled"))


def _opening(state: State, ways: Sequence[Way], options: Options) -> tuple[Piece, ...]:
    """Companions of the policies that let in the peers, by the networks of pods."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    for way in ways:
        for value in _opened(state, way, options):
            key = (
                str(value["kind"]),
                str(mapping(value["metadata"])["name"]) + way.workload.namespace,
            )
            found[key] = _later(found.get(key), value)
    return tuple(new_piece(value, options.namespace) for value in found.values())


def _prerequisites(options: Options, *, leaving: bool) -> tuple[Check, ...]:
    """The control plane with its own trust root, and the CRDs of the Gateway API."""
    space = options.control_plane_namespace
    version = (options.source if leaving else options.target).version
    beside = {options.source.mesh, options.target.mesh} == MARKS.keys()
    verb = "runs" if leaving else "is installed"
    verb += " with its own trust root, beside the other mesh" if beside and not leaving else ""
    return (
        Check(
            f"Linkerd {version} {verb}",
            f"linkerd check --linkerd-namespace {space}",
        ),
        Check(
            "the CRDs of the Gateway API are there, in a version that "
            + ("both meshes read" if beside else "it reads"),
            "kubectl get crd httproutes.gateway.networking.k8s.io grpcroutes.gateway.networking.k8s.io",
        ),
    )


def _asks(options: Options, told: Collection[str]) -> tuple[Check, ...]:
    """That proxies dial the ports that are meant, where policies of the network name ports of pods."""
    if BEHIND_ONE_PORT not in told or not options.target.at_least(SINCE):
        return ()
    name = TRANSPARENT.partition("=")[0].rpartition(".")[2]
    return (
        Check(
            f"policies of the network name ports of pods ({BEHIND_ONE_PORT}), so Linkerd is installed with {TRANSPARENT}: this "
            "prints transparent",
            f"kubectl get configmap linkerd-config -n {options.control_plane_namespace} "
            f"-o jsonpath='{{.data.values}}' | grep {name}",
        ),
    )


def _checks(state: State, namespace: str, options: Options) -> tuple[Check, ...]:
    """The proxies of a namespace, and who talks to whom with which proof; the collector that knows it is let in first."""
    space = options.control_plane_namespace
    return (
        *_scraped(state, namespace),
        Check(
            f"every pod of {namespace} has a proxy with a certificate",
            f"linkerd check --proxy --namespace {namespace} --linkerd-namespace {space}",
        ),
        Check(
            f"calls to {namespace} are secured where both ends have moved",
            f"linkerd viz edges deployment -n {namespace}",
        ),
        Check(
            f"nothing is refused that should pass in {namespace}",
            f"linkerd viz authz deployment -n {namespace}",
        ),
    )


def _scraped(state: State, namespace: str) -> Iterator[Check]:
    """Viz is refused by proxies that let in nobody by default (https://linkerd.io/2/reference/cli/viz/#allow-scrapes)."""
    pieces = (piece for piece in state.values() if piece.namespace == namespace)
    words = (own.get(_DEFAULT) for piece in pieces for own in worn(piece, "annotations"))
    if "deny" in words:
        yield Check(
            f"pods of {namespace} let in nobody by default: Linkerd Viz, which the next checks ask, is let in to their proxies by "
            "this",
            f"linkerd viz allow-scrapes --namespace {namespace} | kubectl apply -f -",
        )


def _later(known: dict[str, object] | None, value: dict[str, object]) -> dict[str, object]:
    """Of two objects of one name that which goes later."""
    return value if known is None or str(known["metadata"]) < str(value["metadata"]) else known


def _of(state: State, namespace: str, *kinds: str) -> Iterator[Piece]:
    return (p for key, p in state.items() if key[1] in kinds and key[2] == namespace)


def _opened(state: State, way: Way, options: Options) -> Iterator[dict[str, object]]:
    servers = [p.key[3] for p in _of(state, way.workload.namespace, "Server") if _describes(p, way)]
    if not servers:
        yield from _server(way, options)
        return
    targets = {("Server", name) for name in servers} | {("Namespace", way.workload.namespace)}
    for route in _of(
        state, way.workload.namespace, "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"
    ):
        parents = [mapping(parent) for parent in items(spec_of(route).get("parentRefs"))]
        if any(p.get("kind") == "Server" and p.get("name") in servers for p in parents):
            targets.add((route.key[1], route.key[3]))
    for policy in _of(state, way.workload.namespace, "AuthorizationPolicy"):
        spec = spec_of(policy)
        target = mapping(spec.get("targetRef"))
        meant = policy.key[0] == _GROUP and (target.get("kind"), target.get("name")) in targets
        if meant and _by_identity(state, policy, way, options):
            yield from _companion(state, policy, way, options)


def _describes(server: Piece, way: Way) -> bool:
    spec = spec_of(server)
    port = spec.get("port")
    number = way.workload.port_number(port) if isinstance(port, (int, str)) else None
    return number == way.port and selected(spec.get("podSelector"), way.workload.labels)


def _by_identity(state: State, policy: Piece, way: Way, options: Options) -> bool:
    """Whether the policy lets in one of the peers, by the identity that it shows."""
    for ref in map(mapping, items(spec_of(policy).get("requiredAuthenticationRefs"))):
        space = str(ref.get("namespace") or policy.namespace)
        if ref.get("kind") == "ServiceAccount":
            return (space, str(ref.get("name"))) in way.peers
        if ref.get("kind") == "MeshTLSAuthentication":
            found = state.get((_GROUP, "MeshTLSAuthentication", space, str(ref.get("name"))))
            return found is not None and any(_is_meant(found, peer, options) for peer in way.peers)
    return False


def _is_meant(authentication: Piece, peer: Peer, options: Options) -> bool:
    spec = spec_of(authentication)
    account = peer[1] or _STRANGER
    domain = f"serviceaccount.identity.{options.control_plane_namespace}.{options.trust_domain}"
    identity = f"{account}.{peer[0]}.{domain}"
    for pattern in texts(spec.get("identities")):
        if pattern in ("*", identity) or (
            pattern.startswith("*.") and identity.endswith(pattern[1:])
        ):
            return True
    for ref in map(mapping, items(spec.get("identityRefs"))):
        space = str(ref.get("namespace") or authentication.namespace)
        if ref.get("kind") == "Namespace" and ref.get("name") == peer[0]:
            return True
        if ref.get("kind") == "ServiceAccount" and (space, ref.get("name")) == peer:
            return True
    return False


def _companion(
    state: State, policy: Piece, way: Way, options: Options
) -> Iterator[dict[str, object]]:
    """The policy for callers from networks of pods; nothing where its own networks hold none of them."""
    spec = spec_of(policy)
    name = f"{policy.key[3]}{SUFFIX}"
    refs = [
        dict(mapping(ref))
        for ref in items(spec.get("requiredAuthenticationRefs"))
        if mapping(ref).get("kind") == "NetworkAuthentication"
    ]
    blocks = options.cluster_networks
    if refs and blocks:
        blocks = tuple(one for one in blocks if all(_holds(state, policy, r, one) for r in refs))
        if not blocks:
            return
    if not refs or blocks:
        refs = [{"group": _GROUP, "kind": "NetworkAuthentication", "name": name}]
        yield _networks(policy.namespace, name, way.until, blocks)
    body = {"targetRef": spec.get("targetRef"), "requiredAuthenticationRefs": refs}
    yield temporary(_ALPHA, "AuthorizationPolicy", policy.namespace, name, way.until, body)


def _holds(state: State, policy: Piece, ref: Mapping[str, object], block: str) -> bool:
    """Whether a NetworkAuthentication lets in a whole block of addresses."""
    space = str(ref.get("namespace") or policy.namespace)
    found = state.get((_GROUP, "NetworkAuthentication", space, str(ref.get("name"))))
    inner = ip_network(block, strict=False)
    for own in map(mapping, items(None if found is None else spec_of(found).get("networks"))):
        outer = ip_network(str(own.get("cidr")), strict=False)
        out = [ip_network(one, strict=False) for one in texts(own.get("except"))]
        within = inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version
        if within and not any(inner.overlaps(one) for one in out):
            return True
    return False


def _networks(namespace: str, name: str, until: int, blocks: Sequence[str]) -> dict[str, object]:
    networks = [{"cidr": block} for block in blocks or EVERYWHERE]
    return temporary(
        _ALPHA, "NetworkAuthentication", namespace, name, until, {"networks": networks}
    )


def _newer(options: Options) -> bool:
    """Whether Servers have an access policy of their own (2.16, v1beta3)."""
    own = next((t for t in (options.target, options.source) if t.mesh == "linkerd"), options.target)
    return own.at_least("2.16")


def _server(way: Way, options: Options) -> Iterator[dict[str, object]]:
    """A Server for a port that has none, and who may come."""
    workload: Workload = way.workload
    name = f"{workload.name}-{way.port}{SUFFIX}"
    version = "v1beta3" if _newer(options) else "v1beta1"
    labels = dict(sorted(workload.labels.items()))
    body: dict[str, object] = {"podSelector": {"matchLabels": labels}, "port": way.port}
    yield temporary(f"{_GROUP}/{version}", "Server", workload.namespace, name, way.until, body)
    yield _networks(workload.namespace, name, way.until, options.cluster_networks)
    refs = [{"group": _GROUP, "kind": "NetworkAuthentication", "name": name}]
    target = {"group": _GROUP, "kind": "Server", "name": name}
    spec = {"targetRef": target, "requiredAuthenticationRefs": refs}
    yield temporary(_ALPHA, "AuthorizationPolicy", workload.namespace, name, way.until, spec)


BRIDGE = Bridge(
    ending="linkerd goes",
    assumptions=STRANGERS,
    temporary=(
        "authorizationpolicies.policy.linkerd.io",
        "networkauthentications.policy.linkerd.io",
        "servers.policy.linkerd.io",
    ),
    join=_join,
    part=_part,
    open=_opening,
    prerequisites=_prerequisites,
    asks=_asks,
    checks=_checks,
)
"""Temporary AuthorizationPolicies with a NetworkAuthentication, and Servers where there is none."""
