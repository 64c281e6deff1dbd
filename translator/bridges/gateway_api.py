"""A cluster without a mesh, in which controllers of gateways heed the kinds of the Gateway API: no pod has a proxy."""

from __future__ import annotations

from translator.api import Options
from translator.bridges.api import Bridge, items, mapping
from translator.report.plan import Check
from translator.state import State

_GROUP = "gateway.networking.k8s.io"


def _refuses(state: State, options: Options) -> str:
    """Routes of services: some mesh heeds them, and that is where the pods are."""
    for piece in state.values():
        parents = map(mapping, items(mapping(piece.value.get("spec")).get("parentRefs")))
        if piece.key[0] == _GROUP and any(one.get("kind") == "Service" for one in parents):
            return (
                f"{piece.resource} is bound to a Service, which only a mesh heeds: the pods are in one already. Plan from it "
                f"(--from linkerd, istio or cilium, --to {options.target.mesh}), with these objects among the input"
            )
    return ""


def _prerequisites(options: Options, *, leaving: bool) -> tuple[Check, ...]:
    """That there is no mesh."""
    del options, leaving
    return (
        Check(
            "no pod has a proxy of a mesh yet: this prints nothing",
            "kubectl get pods -A -l 'linkerd.io/control-plane-ns' -o name; "
            "kubectl get pods -A -l 'security.istio.io/tlsMode' -o name",
        ),
    )


BRIDGE = Bridge(
    knows=True,
    ending="what is left",
    assumptions=(
        "No pod is in a mesh at the start: what pods send each other is in clear text and shows no identity.",
    ),
    refuses=_refuses,
    prerequisites=_prerequisites,
)
"""Nothing to open: who sends in clear text is who always did."""
