"""Cilium beneath another mesh: it is the network of every pod already, with a proxy beside the pod or without.

It knows a caller by the labels of the pod that has its address, so that a caller of the other mesh loses nothing when it
comes in clear text: no way has to be opened here. What does not go together is a rule for requests and the mutual TLS of
sidecars: the node's proxy cannot read it and answers 503 (cilium/cilium Documentation/network/servicemesh/istio.rst,
1.20), and Linkerd dials 4143 in place of the port that is meant (linkerd.io/2/common-errors/network-policy, 2.18).

So a policy is confined to the pods without a proxy while there are both, by a label that the injector gives every pod
with one: ``security.istio.io/tlsMode`` (istio/istio manifests/charts/istio-control/istio-discovery/files/
injection-template.yaml, 1.31) or ``linkerd.io/control-plane-ns`` (linkerd/linkerd2 policy-controller/src/main.rs,
which finds the pods of the mesh by it). Neither is among the labels that an identity leaves out
(Documentation/operations/performance/scalability/identity-relevant-labels.rst). A pod is thus under the rules of the
mesh that is left or under those of the network, and there is no moment at which neither looks at its requests.

Where it is the one that is left, the same holds the other way round: its policies are confined to the pods without a
proxy before the first pod of theirs gets one, for what such a pod gets and sends. What they say of peers and ports holds
for those with a proxy until the end (:mod:`translator.bridges.lifted`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy

from translator.api import Options
from translator.bridges.api import NETWORK, Bridge, items, mapping, mark_of
from translator.bridges.lifted import NAMESPACE, lifted
from translator.report.plan import Check
from translator.state import Key, Piece, State, new_piece

_GROUP = "cilium.io"
_POLICIES = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_CONFIG = "kubectl get configmap cilium-config -n kube-system -o jsonpath"


def _release(state: State, gone: frozenset[str], until: int, options: Options) -> tuple[Piece, ...]:
    """Where it is left: its policies for the pods without a proxy, and for those with one what is not of requests.

    Those of namespaces that are going, and those of the whole cluster from the first wave on: where nobody has a proxy
    yet they hold as before.
    """
    pieces = [*_policies(state, gone, options)]
    found = (_confined(piece, options, ()) for piece in pieces)
    beside = (lifted(piece, options, until) for piece in pieces)
    return tuple(piece for piece in (*found, *beside) if piece is not None)


def _left(state: State, gone: Collection[str], options: Options) -> dict[Key, Piece]:
    """Where it is left: its policies for pods that get no proxy, of the whole cluster and of namespaces that stay."""
    wide = (_confined(piece, options, ()) for piece in _policies(state, frozenset(), options))
    kept = [p for p in state.values() if is_policy(p) and p.key[2] and p.key[2] not in gone]
    return {piece.key: piece for piece in (*wide, *kept) if piece is not None}


def _beside(piece: Piece, options: Options, spaces: frozenset[str]) -> Piece | None:
    """The policy for pods without a proxy, one of the whole cluster in the namespaces that have moved alone.

    Policies of nodes wait for the end, and those of the whole cluster where nothing moves.
    """
    if not is_policy(piece):
        return piece
    return _confined(piece, options, spaces) if piece.key[2] or spaces else None


def _refuses(state: State, options: Options) -> str:
    """Where pods are closed that no policy is about: those with a proxy would be, as soon as policies leave them out."""
    del options
    key = ("", "ConfigMap", "kube-system", "cilium-config")
    data = mapping(state[key].value.get("data")) if key in state else {}
    if str(data.get("enable-policy", "")).lower() != "always":
        return ""
    return (
        "ConfigMap/kube-system/cilium-config has enable-policy: always, by which a pod that no policy is about gets and "
        "sends nothing, so that a policy cannot leave pods with a proxy to their mesh. Write policies for all pods and "
        "set enable-policy: default first"
    )


def _prerequisites(options: Options, *, leaving: bool) -> tuple[Check, ...]:
    """The agent, what it must leave to sidecars, and the label in the identities."""
    mark = mark_of(options)
    version = (options.source if leaving else options.target).version
    sockets = Check(
        "where it replaces kube-proxy, it leaves the sockets of pods to the proxies (socketLB.hostNamespaceOnly): this prints true",
        f"{_CONFIG}='{{.data.bpf-lb-sock-hostns-only}}'",
    )
    network = Check(
        f"Cilium {version} is the network of the cluster",
        "kubectl exec daemonset/cilium -n kube-system -c cilium-agent -- cilium-dbg version",
    )
    if leaving:
        return (
            network,
            sockets,
            Check(
                "pods that no policy is about get and send what they like: this prints default, or nothing",
                f"{_CONFIG}='{{.data.enable-policy}}'",
            ),
            Check(
                f"identities hold every label, or {mark} among them: this prints nothing, or a list that lets it in",
                f"{_CONFIG}='{{.data.labels}}'",
            ),
            Check(
                "no pod bears that label yet: this prints nothing",
                f"kubectl get pods -A -l {mark} -o name",
            ),
        )
    return (
        network,
        Check(
            "its proxy reads HTTP: this prints true",
            f"{_CONFIG}='{{.data.enable-l7-proxy}}'",
        ),
        sockets,
        Check(
            f"identities hold the label {mark}, by which policies tell pods with a proxy: this prints more than 0",
            f"kubectl get ciliumendpoints -A -o jsonpath='{{.items[*].status.identity.labels}}' | grep -c {mark}",
        ),
    )


def _checks(state: State, namespace: str, options: Options) -> tuple[Check, ...]:
    """No proxy is left, the policies are valid, and what they refuse."""
    del state
    mark = mark_of(options)
    dropped = Check(
        f"nothing is refused that should pass in {namespace}",
        f"hubble observe --to-namespace {namespace} --verdict DROPPED --last 100",
    )
    if options.source.mesh == NETWORK:
        return (dropped,)
    return (
        Check(
            f"before the last step, no pod of {namespace} has a proxy any more: this prints nothing",
            f"kubectl get pods -n {namespace} -l {mark} -o name",
        ),
        Check(
            f"every policy of {namespace} is valid",
            f"kubectl get ciliumnetworkpolicies -n {namespace}",
        ),
        dropped,
    )


def _policies(state: State, gone: frozenset[str], options: Options) -> Iterator[Piece]:
    """Its policies that are about pods of namespaces that are going, where it is left."""
    if options.source.mesh == NETWORK:
        yield from (
            p for p in state.values() if is_policy(p) and (not p.key[2] or p.key[2] in gone)
        )


def is_policy(piece: Piece) -> bool:
    """Whether it is a policy of the network's own."""
    return piece.key[0] == _GROUP and piece.key[1] in _POLICIES


def _confined(piece: Piece, options: Options, spaces: Collection[str]) -> Piece | None:
    """The policy for the pods without a proxy, of these namespaces if any are given; nothing for one of nodes."""
    value = deepcopy(dict(piece.value))
    for rule in (mapping(value.get("spec")), *map(mapping, items(value.get("specs")))):
        if "nodeSelector" in rule:
            return None
        selector = rule.get("endpointSelector")
        if isinstance(selector, dict):
            asked = [*items(selector.get("matchExpressions"))]
            if spaces and not piece.key[2]:
                asked.append(_only(NAMESPACE, "In", sorted(spaces)))
            asked.append(_only(mark_of(options), "DoesNotExist"))
            selector["matchExpressions"] = asked
    return new_piece(value, options.namespace)


def _only(key: str, operator: str, values: Sequence[str] = ()) -> dict[str, object]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


BRIDGE = Bridge(
    ending="policies of cilium go",
    knows=True,
    temporary=("ciliumnetworkpolicies.cilium.io", "ciliumclusterwidenetworkpolicies.cilium.io"),
    assumptions=(
        "A call between a pod with a proxy and one without arrives in clear text and shows its identity to no proxy.",
        "The network knows each caller by the labels of the pod that has its address, with a proxy or without.",
        "Every pod with a proxy bears the label that its injector writes, no other pod does, and identities hold the label.",
    ),
    release=_release,
    left=_left,
    beside=_beside,
    refuses=_refuses,
    prerequisites=_prerequisites,
    checks=_checks,
)
"""No temporary ways; policies that hold for the pods without a proxy."""
