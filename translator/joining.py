"""Whose the input is, and pods that neither it nor what is written puts into the target's mesh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.access import Closed, GuardedRoutes, PeerMtls, Refusal
from ir.coverage import covers
from ir.inventory import SYSTEM, Inventory, Workload
from ir.membership import Enrolment
from ir.model import Fact, Model
from translator.api import AMBIENT, Loss, Options
from translator.registry import others_than
from translator.report.model import UNJOINED, Fate, Impact, Severity, Support
from translator.source.leaves import Resource


@dataclass(frozen=True, slots=True)
class _Words:
    """The keys by which pods and namespaces join a mesh, and the command that says it of a namespace."""

    keys: tuple[str, ...]
    command: str


_SIDECARS = _Words(
    ("istio-injection", "istio.io/rev", "sidecar.istio.io/inject", "istio.io/dataplane-mode"),
    "kubectl label namespace {space} istio-injection=enabled",
)
_AMBIENT = _Words(_SIDECARS.keys, "kubectl label namespace {space} istio.io/dataplane-mode=ambient")
_LINKERD = _Words(
    ("linkerd.io/inject",), "kubectl annotate namespace {space} linkerd.io/inject=enabled"
)
_WITH_WORDS = ("istio", "linkerd")
"""Meshes that pods join by a word."""
_OUT = " and take the source's word out in the same step"
_GUARDS = (Closed, GuardedRoutes, PeerMtls, Refusal)
_GATEWAYS = "inject.istio.io/templates"


def joining(
    resources: Sequence[Resource], model: Model, legal: Model, options: Options
) -> Iterator[Loss]:
    """What is to be said of who is in which mesh; ``legal``: what is written of the model."""
    others = others_than(options.source.mesh, resources)
    return _another_mesh(others, options) if others else _unjoined(model, legal, options)


def _another_mesh(others: Sequence[str], options: Options) -> Iterator[Loss]:
    """That the input is of another mesh than the one that it is to be translated from."""
    right = len(others) == 1 and others[0] != options.target.mesh
    yield Loss(
        code="MM110",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.CARRIED,
        message=f"nothing in the input is of {options.source.mesh}; there are objects of {' and '.join(others)}, which stay as "
        "they are.",
        advice=f"Translate from it: meshmigrate {others[0]}-to-{options.target.mesh}"
        if right
        else "",
    )


def _unjoined(model: Model, legal: Model, options: Options) -> Iterator[Loss]:
    """A finding about all such pods, since no rule of the target's proxies holds for a pod without one.

    It is graver where rules that refuse are written for some of them.
    """
    words = _words_of(options)
    if words is None:
        return
    told = [fact for fact in model.facts if isinstance(fact, Enrolment)]
    left = [w for w in model.inventory.workloads if _may_join(w, options)]
    left = [w for w in left if not _is_told(w, told, model.inventory, words.keys)]
    if not left:
        return
    guarded = any(_guards(fact, left, model.inventory) for fact in legal.facts)
    spaces = sorted({workload.namespace for workload in left})
    mesh = options.target.mesh
    yield Loss(
        code=UNJOINED,
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH if guarded else Severity.MEDIUM,
        leaves=tuple(sorted({leaf for w in left for leaf in w.leaves[:1]})),
        fate=Fate.CARRIED,
        message=f"no object of the input says that the pods of {', '.join(spaces)} are in a mesh, so nothing that is written "
        f"puts them into {mesh}, whose rules hold only for pods with its proxy"
        f"{': until somebody does, nothing is refused there' if guarded else ''}.",
        why="The word by which pods join stands on their namespace, or on what makes them.",
        advice=f"Give the Namespaces with their labels too; or say it in the cluster ({words.command.format(space=spaces[0])})"
        f"{_OUT if options.source.mesh in _WITH_WORDS else ''}. Then make the pods anew.",
    )


def _words_of(options: Options) -> _Words | None:
    """Nothing where no pod has to join: in the mesh that is left they are already, and a network has all of them."""
    if options.source.mesh == options.target.mesh:
        return None
    match options.target.mesh:
        case "istio":
            return _AMBIENT if options.profile == AMBIENT else _SIDECARS
        case "linkerd":
            return _LINKERD
        case _:
            return None


def _may_join(workload: Workload, options: Options) -> bool:
    """Whether it is an application: no part of a control plane, and no proxy itself."""
    apart = (*SYSTEM, options.root_namespace, options.control_plane_namespace)
    is_gateway = "gateway" in workload.annotations.get(_GATEWAYS, "")
    return workload.namespace not in apart and not workload.host_network and not is_gateway


def _is_told(
    workload: Workload, told: Sequence[Enrolment], inventory: Inventory, keys: Sequence[str]
) -> bool:
    """Whether some object says that the pods are in the source's mesh or the target's, or in none."""
    space = inventory.namespaces.get(workload.namespace)
    spoken: list[Mapping[str, str]] = [workload.labels, workload.annotations]
    spoken.extend(() if space is None else (space.labels, space.annotations))
    return any(key in one for key in keys for one in spoken) or any(
        covers(fact.subject, workload, inventory) for fact in told
    )


def _guards(fact: Fact, workloads: Sequence[Workload], inventory: Inventory) -> bool:
    return isinstance(fact, _GUARDS) and any(
        covers(fact.attachment.subject, one, inventory) for one in workloads
    )
