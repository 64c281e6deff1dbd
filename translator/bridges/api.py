"""What a bridge is given and what it gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ir.inventory import Workload
from translator.api import MANAGED_BY, TOOL, Options
from translator.report.plan import Check
from translator.state import Key, Piece, State

EXPIRES = "meshmigrate.io/expires"
"""The annotation that names the wave at whose end a temporary object goes."""

SUFFIX = "-coexistence"
"""What the names of temporary objects end in."""


AMBIENT = ("istio.io/dataplane-mode", "ambient")
"""The label by which pods are in an ambient mesh, by themselves or with their namespace; ``none`` keeps them out."""

MARKS: Mapping[str, str] = {
    "istio": "security.istio.io/tlsMode",
    "linkerd": "linkerd.io/control-plane-ns",
}
"""The label that every pod with a proxy of a mesh bears: its injector writes it."""

NETWORK = "cilium"
"""The mesh that is the network of every pod, with a proxy beside it or without."""


def mark_of(options: Options) -> str:
    """The label of the pods with a proxy, where the one mesh is the network and the other has the proxies; empty elsewhere."""
    source, target = options.source.mesh, options.target.mesh
    if NETWORK not in (source, target):
        return ""
    return MARKS[target if source == NETWORK else source]


STRANGERS = (
    "Between pods of two meshes a call arrives in clear text and shows no identity: the meshes share no trust root.",
)
"""What holds between two meshes of proxies."""


@dataclass(frozen=True, slots=True)
class Way:
    """At ``port`` of ``workload`` the requests of ``peers`` have to be let in when they come in clear text.

    A peer is a namespace and a service account; without account everybody of the namespace is meant.
    """

    workload: Workload
    port: int
    peers: tuple[tuple[str, str], ...]
    until: int


class Bridge(Protocol):
    """A mesh beside another.

    ``knows``: it tells callers of the other mesh apart, though they come in clear text; nothing is to be opened for them.
    ``plain``: its ways let in those who come in clear text alone, not those who show an identity.
    """

    @property
    def knows(self) -> bool:
        """Whether callers of the other mesh are known all the same."""

    @property
    def plain(self) -> bool:
        """Whether its ways are for callers in clear text alone."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is taken for granted of calls between the meshes, where it is the one that comes."""

    @property
    def ending(self) -> str:
        """What the last wave is about, where it is left."""

    @property
    def temporary(self) -> tuple[str, ...]:
        """The kinds of its temporary objects, as kubectl knows them."""

    def open(self, state: State, ways: Sequence[Way], options: Options) -> tuple[Piece, ...]:
        """Objects, new or changed, by which the ways are open."""

    def release(
        self, state: State, gone: frozenset[str], until: int, options: Options
    ) -> tuple[Piece, ...]:
        """Objects by which what is left and what is in namespaces that are gone serve side by side, until that wave."""

    def left(self, state: State, gone: Collection[str], options: Options) -> Mapping[Key, Piece]:
        """What stays of it at the end, for pods that are in no mesh; ``gone``: the namespaces that have left."""

    def beside(self, piece: Piece, options: Options, spaces: frozenset[str]) -> Piece | None:
        """What is applied of an object while pods of the source's mesh are still there.

        ``spaces``: the namespaces that have moved or are moving. Nothing: it waits for the end.
        """

    def join(self, state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
        """Namespaces by whose word pods that are made there are in the mesh, where no object of the input says so."""

    def part(self, state: State, spaces: Iterable[str], options: Options) -> tuple[Piece, ...]:
        """Namespaces by whose word pods that are made there are in it no more, whatever the cluster said before."""

    def is_everywhere(self, piece: Piece, options: Options) -> bool:
        """Whether the object holds for its pods in every namespace, and for no others: it is there before the first moves."""

    def holds(self, state: State, space: str, options: Options, *, inside: bool) -> tuple[str, ...]:
        """Commands by which the pods of a namespace stay where they are, in the mesh or out of it, until they are made anew.

        They are for the moment before the objects change that say who is in the mesh. ``state``: where they are in it.
        """

    def refuses(self, state: State, options: Options) -> str:
        """Why it cannot serve beside another mesh in this state; empty where it can."""

    def prerequisites(self, options: Options, *, leaving: bool) -> tuple[Check, ...]:
        """What must be there before the first wave."""

    def checks(self, state: State, namespace: str, options: Options) -> tuple[Check, ...]:
        """What shows that the pods of a namespace are served by this mesh; ``state``: where they are in it."""


def temporary(
    api_version: str, kind: str, namespace: str, name: str, until: int, spec: Mapping[str, object]
) -> dict[str, object]:
    """An object that goes at the end of a wave."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {MANAGED_BY: TOOL},
            "annotations": {EXPIRES: f"wave-{until:02d}"},
        },
        "spec": dict(spec),
    }


def mapping(value: object) -> Mapping[str, object]:
    """A mapping, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else ()


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(item for item in items(value) if isinstance(item, str))


def name_of(value: Mapping[str, object]) -> str:
    """The name of an object."""
    return str(mapping(value.get("metadata")).get("name", ""))


def selected(selector: object, labels: Mapping[str, str]) -> bool:
    """Whether a ``matchLabels`` selector holds; without one it always does. Expressions hold for nobody here."""
    chosen = mapping(selector)
    if chosen.get("matchExpressions"):
        return False
    return all(
        labels.get(key) == value for key, value in mapping(chosen.get("matchLabels")).items()
    )


def ambient(state: State) -> tuple[Piece, ...]:
    """The objects by which pods are in an ambient mesh."""
    key, word = AMBIENT
    return tuple(p for p in state.values() if any(own.get(key) == word for own in _labels(p)))


def _labels(piece: Piece) -> tuple[Mapping[str, object], ...]:
    """Those of the object and of the pods that it makes."""
    spec = mapping(piece.value.get("spec"))
    made = mapping(mapping(spec.get("jobTemplate")).get("spec")) or spec
    holders = piece.value, mapping(made.get("template"))
    return tuple(mapping(mapping(holder.get("metadata")).get("labels")) for holder in holders)
