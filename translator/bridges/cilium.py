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
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from translator.api import Options
from translator.bridges.api import MARKS, Way, items, mapping
from translator.report.plan import Check
from translator.state import Piece, State, new_piece

_GROUP = "cilium.io"
_POLICIES = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_NAMESPACE = "k8s:io.kubernetes.pod.namespace"
_CONFIG = "kubectl get configmap cilium-config -n kube-system -o jsonpath"


class CiliumBridge:
    """No temporary ways; policies that hold for the pods without a proxy."""

    knows = True
    plain = False
    temporary = ()
    assumptions = (
        "A call between a pod with a proxy and one without arrives in clear text and shows its identity to no proxy.",
        "The network knows each caller by the labels of the pod that has its address, with a proxy or without.",
        "Every pod with a proxy bears the label that its injector writes, no other pod does, and identities hold the label.",
    )

    def open(self, state: State, ways: Sequence[Way], options: Options) -> tuple[Piece, ...]:
        """None: who calls is known by the labels of its pod."""
        del state, ways, options
        return ()

    def release(self, state: State, gone: frozenset[str], options: Options) -> tuple[Piece, ...]:
        """None: there is no proxy beside a client."""
        del state, gone, options
        return ()

    def beside(self, piece: Piece, options: Options, spaces: frozenset[str]) -> Piece | None:
        """The policy for pods without a proxy, one of the whole cluster in the namespaces that have moved alone.

        Policies of nodes wait for the end, and those of the whole cluster where nothing moves.
        """
        if piece.key[0] != _GROUP or piece.key[1] not in _POLICIES:
            return piece
        value = deepcopy(dict(piece.value))
        for rule in (mapping(value.get("spec")), *map(mapping, items(value.get("specs")))):
            if "nodeSelector" in rule or (not piece.key[2] and not spaces):
                return None
            selector = rule.get("endpointSelector")
            if isinstance(selector, dict):
                asked = [*items(selector.get("matchExpressions"))]
                if not piece.key[2]:
                    asked.append(_only(_NAMESPACE, "In", sorted(spaces)))
                asked.append(_only(MARKS[options.source.mesh], "DoesNotExist"))
                selector["matchExpressions"] = asked
        return new_piece(value, options.namespace)

    def refuses(self, state: State) -> str:
        """Nothing."""
        del state
        return ""

    def prerequisites(self, options: Options, *, leaving: bool) -> tuple[Check, ...]:
        """The agent, what it must leave to sidecars, and the label in the identities."""
        del leaving
        mark = MARKS[options.source.mesh]
        return (
            Check(
                f"Cilium {options.target.version} is the network of the cluster",
                "kubectl exec daemonset/cilium -n kube-system -c cilium-agent -- cilium-dbg version",
            ),
            Check(
                "its proxy reads HTTP: this prints true",
                f"{_CONFIG}='{{.data.enable-l7-proxy}}'",
            ),
            Check(
                "where it replaces kube-proxy, it leaves the sockets of pods to the proxies (socketLB.hostNamespaceOnly): this prints true",
                f"{_CONFIG}='{{.data.bpf-lb-sock-hostns-only}}'",
            ),
            Check(
                f"identities hold the label {mark}, by which policies tell pods with a proxy: this prints more than 0",
                f"kubectl get ciliumendpoints -A -o jsonpath='{{.items[*].status.identity.labels}}' | grep -c {mark}",
            ),
        )

    def checks(self, namespace: str, options: Options) -> tuple[Check, ...]:
        """No proxy is left, the policies are valid, and what they refuse."""
        mark = MARKS[options.source.mesh]
        return (
            Check(
                f"before the last step, no pod of {namespace} has a proxy any more: this prints nothing",
                f"kubectl get pods -n {namespace} -l {mark} -o name",
            ),
            Check(
                f"every policy of {namespace} is valid",
                f"kubectl get ciliumnetworkpolicies -n {namespace}",
            ),
            Check(
                f"nothing is refused that should pass in {namespace}",
                f"hubble observe --to-namespace {namespace} --verdict DROPPED --last 100",
            ),
        )


def _only(key: str, operator: str, values: Sequence[str] = ()) -> dict[str, object]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


BRIDGE = CiliumBridge()
