"""A cluster without a mesh, in which controllers of gateways heed the kinds of the Gateway API: no pod has a proxy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from translator.api import Options
from translator.bridges.api import Way, items, mapping
from translator.report.plan import Check
from translator.state import Key, Piece, State

_GROUP = "gateway.networking.k8s.io"


class GatewayApiBridge:
    """Nothing to open: who sends in clear text is who always did."""

    knows = True
    plain = False
    temporary = ()
    ending = "what is left"
    assumptions = (
        "No pod is in a mesh at the start: what pods send each other is in clear text and shows no identity.",
    )

    def open(self, state: State, ways: Sequence[Way], options: Options) -> tuple[Piece, ...]:
        """None: nobody shows an identity."""
        del state, ways, options
        return ()

    def release(
        self, state: State, gone: frozenset[str], until: int, options: Options
    ) -> tuple[Piece, ...]:
        """None."""
        del state, gone, until, options
        return ()

    def left(self, state: State, gone: Collection[str], options: Options) -> Mapping[Key, Piece]:
        """Nothing that a translation does not leave by itself."""
        del state, gone, options
        return {}

    def beside(self, piece: Piece, options: Options, spaces: frozenset[str]) -> Piece | None:
        """The object as it is."""
        del options, spaces
        return piece

    def join(self, state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
        """None: there is no mesh."""
        del state, spaces, options
        return ()

    def part(self, state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
        """None: no word of a namespace is about it."""
        del state, spaces, options
        return ()

    def is_everywhere(self, piece: Piece, options: Options) -> bool:
        """None."""
        del piece, options
        return False

    def holds(self, state: State, space: str, options: Options, *, inside: bool) -> tuple[str, ...]:
        """None."""
        del state, space, options, inside
        return ()

    def refuses(self, state: State, options: Options) -> str:
        """Routes of services: some mesh heeds them, and that is where the pods are."""
        for piece in state.values():
            parents = map(mapping, items(mapping(piece.value.get("spec")).get("parentRefs")))
            if piece.key[0] == _GROUP and any(one.get("kind") == "Service" for one in parents):
                return (
                    f"{piece.resource} is bound to a Service, which only a mesh heeds: the pods are in one already. Plan from it "
                    f"(--from linkerd, istio or cilium, --to {options.target.mesh}), with these objects among the input"
                )
        return ""

    def prerequisites(self, options: Options, *, leaving: bool) -> tuple[Check, ...]:
        """That there is no mesh."""
        del options, leaving
        return (
            Check(
                "no pod has a proxy of a mesh yet: this prints nothing",
                "kubectl get pods -A -l 'linkerd.io/control-plane-ns' -o name; "
                "kubectl get pods -A -l 'security.istio.io/tlsMode' -o name",
            ),
        )

    def checks(self, state: State, namespace: str, options: Options) -> tuple[Check, ...]:
        """None: no mesh serves it."""
        del state, namespace, options
        return ()


BRIDGE = GatewayApiBridge()
