"""An ambient mesh beside another: the agent of the node takes what pods send and get, from the moment a label says so.

istio/istio cni/pkg/util/podutil.go ``PodRedirectionEnabled`` and cni/pkg/nodeagent/informers.go, 1.31: a pod is in the
mesh where its namespace or the pod itself is labelled ``ambient``, unless the pod is labelled ``none``; running pods
are taken, or let go, as soon as the label of either changes. A proxy of another mesh comes and goes with its pod. So
the pods that run get a label of their own before the namespace loses or gets its: they stay where they are until they
are made anew, and new ones bear no such label.
"""

from __future__ import annotations

from collections.abc import Mapping

from translator.api import Options
from translator.bridges.api import AMBIENT, NETWORK, ambient, items, mapping
from translator.state import Piece, State

_SECURITY = "security.istio.io"
_SOURCE = "istio"
_POLICIES = ("AuthorizationPolicy", "RequestAuthentication")
_WAYPOINT = "istio-waypoint"


def is_in(state: State, space: str) -> bool:
    """Whether pods of a namespace are in the mesh by a word of it."""
    return any(piece.key == ("", "Namespace", "", space) for piece in ambient(state))


def held(state: State, space: str, *, inside: bool) -> tuple[str, ...]:
    """The command by which the running pods of a namespace stay in the mesh, or stay out of it."""
    if not is_in(state, space):
        return ()
    key, word = AMBIENT
    return (f"kubectl label pods -n {space} -l '!{key}' {key}={word if inside else 'none'}",)


def unstaged(state: State, options: Options) -> str:
    """Why an ambient mesh is neither left nor joined wave by wave; empty where it can be."""
    there = ambient(state)
    if not there:
        return ""
    first = there[0].resource.replace("//", "/")
    if NETWORK in (options.source.mesh, options.target.mesh):
        return (
            f"{first} is in an ambient mesh, whose pods have no proxy and bear no label of one, so that policies of the "
            "network cannot tell who has moved; what the agents of nodes send each other on port 15008 no rule of the "
            f"network can read. Translate with {options.source.mesh}-to-{options.target.mesh} and change all at once in a "
            "maintenance window, or go by way of sidecars"
        )
    at = _at_a_waypoint(state)
    if at is None:
        return ""
    told = (
        f"{at.resource} holds at a waypoint, and who comes from the other mesh passes waypoints by"
    )
    if options.source.mesh == _SOURCE:
        return (
            f"{told}: until the servers have moved too, it would hold for nobody who has left. Let the pods of those servers "
            "have sidecars and write the policy for them (selector instead of targetRefs), then plan"
        )
    return (
        f"{told}: until its callers have moved too, servers would have to let them in whatever they ask for. Plan without "
        "--profile ambient, and go on from sidecars"
    )


def _at_a_waypoint(state: State) -> Piece | None:
    """A policy that waypoints hold and agents of nodes do not."""
    for piece in state.values():
        spec = mapping(piece.value.get("spec"))
        targets = map(mapping, (*items(spec.get("targetRefs")), spec.get("targetRef")))
        own = piece.key[0] == _SECURITY and piece.key[1] in _POLICIES
        if own and any(_is_waypoint(state, piece.namespace, one) for one in targets):
            return piece
    return None


def _is_waypoint(state: State, space: str, target: Mapping[str, object]) -> bool:
    """Whether a target is served by a waypoint: any but a Gateway of another class."""
    if target.get("kind") != "Gateway":
        return bool(target)
    key = ("gateway.networking.k8s.io", "Gateway", space, str(target.get("name")))
    found = state.get(key)
    return found is None or mapping(found.value.get("spec")).get("gatewayClassName") == _WAYPOINT
