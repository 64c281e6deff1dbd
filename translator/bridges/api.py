"""What a bridge is given and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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


class Prerequisites(Protocol):
    """What must be there before the first wave."""

    def __call__(self, options: Options, *, leaving: bool) -> tuple[Check, ...]:
        """``leaving``: it is the mesh that goes."""


class Holding(Protocol):
    """Commands by which pods stay where they are until they are made anew."""

    def __call__(
        self, state: State, space: str, options: Options, *, inside: bool
    ) -> tuple[str, ...]:
        """``inside``: in the mesh, or out of it."""


def _nothing(*_: object, **__: object) -> tuple[()]:
    """Nothing is to be done."""
    return ()


def _no_objects(*_: object) -> Mapping[Key, Piece]:
    """None stay."""
    return {}


def _as_it_is(piece: Piece, options: Options, spaces: frozenset[str]) -> Piece:
    """It says nothing of pods without a proxy of this mesh."""
    del options, spaces
    return piece


def _never(*_: object) -> bool:
    """Of no object."""
    return False


def _in_any_state(*_: object) -> str:
    """It can serve beside another mesh."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """A mesh beside another: what differs from mesh to mesh, each with the answer of one that has nothing to do."""

    ending: str
    """What the last wave is about, where it is left."""

    prerequisites: Prerequisites
    """What must be there before the first wave."""

    asks: Callable[[Options, Collection[str]], tuple[Check, ...]] = _nothing
    """What must be there besides, where it is the one that comes, given the codes of what the translation tells."""

    knows: bool = False
    """Whether callers of the other mesh are known, though they come in clear text; nothing is to be opened for them."""

    plain: bool = False
    """Whether its ways let in those who come in clear text alone, not those who show an identity."""

    assumptions: tuple[str, ...] = ()
    """What is taken for granted of calls between the meshes, where it is the one that comes."""

    temporary: tuple[str, ...] = ()
    """The kinds of its temporary objects, as kubectl knows them."""

    open: Callable[[State, Sequence[Way], Options], tuple[Piece, ...]] = _nothing
    """Objects, new or changed, by which the ways are open."""

    release: Callable[[State, frozenset[str], int, Options], tuple[Piece, ...]] = _nothing
    """Objects by which what is left and what is in namespaces that are gone serve side by side, until that wave."""

    left: Callable[[State, Collection[str], Options], Mapping[Key, Piece]] = _no_objects
    """What stays of it at the end, for pods that are in no mesh; given the namespaces that have left."""

    beside: Callable[[Piece, Options, frozenset[str]], Piece | None] = _as_it_is
    """What is applied of an object while pods of the source's mesh are still there; nothing: it waits for the end.

    Given the namespaces that have moved or are moving.
    """

    join: Callable[[State, Iterable[str], Options], tuple[Piece, ...]] = _nothing
    """Namespaces by whose word pods that are made there are in the mesh, where no object of the input says so."""

    part: Callable[[State, Iterable[str], Options], tuple[Piece, ...]] = _nothing
    """Namespaces by whose word pods that are made there are in it no more, whatever the cluster said before."""

    is_everywhere: Callable[[Piece, Options], bool] = _never
    """Whether the object holds for its pods in every namespace, and for no others: it is there before the first moves."""

    holds: Holding = _nothing
    """Commands by which the pods of a namespace stay where they are, in the mesh or out of it, until they are made anew.

    They are for the moment before the objects change that say who is in the mesh.
    """

    refuses: Callable[[State, Options], str] = _in_any_state
    """Why it cannot serve beside another mesh in this state; empty where it can."""

    checks: Callable[[State, str, Options], tuple[Check, ...]] = _nothing
    """What shows that the pods of a namespace are served by this mesh, given the state in which they are."""


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


def spec_of(piece: Piece) -> Mapping[str, object]:
    """What an object says."""
    return mapping(piece.value.get("spec"))


def of_kind(state: State, group: str, kind: str) -> Iterator[Piece]:
    """The objects of a kind."""
    return (piece for key, piece in state.items() if key[:2] == (group, kind))


def last_wave(ways: Sequence[Way]) -> int:
    """The last wave for which one of the ways is open."""
    return max(way.until for way in ways)


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
    return tuple(
        p for p in state.values() if any(own.get(key) == word for own in worn(p, "labels"))
    )


def worn(piece: Piece, part: str) -> tuple[Mapping[str, object], ...]:
    """The ``labels`` or ``annotations`` of the object, and of the pods that it makes."""
    spec = mapping(piece.value.get("spec"))
    made = mapping(mapping(spec.get("jobTemplate")).get("spec")) or spec
    holders = piece.value, mapping(made.get("template"))
    return tuple(mapping(mapping(holder.get("metadata")).get(part)) for holder in holders)
