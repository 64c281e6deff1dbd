"""What only the source's proxy understands, and what is observed: lost before pruning, one finding for each purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.model import Fact, Model
from ir.opaque import Column, Intent, Opaque
from ir.telemetry import Telemetry
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Severity, Support


@dataclass(frozen=True, slots=True)
class Words:
    """What a target has instead.

    ``instead``: what to do, by purpose. ``plain``: why there is no place for a piece. ``observed``: what to do about
    logs, metrics and traces.
    """

    instead: Mapping[Intent, str]
    plain: str
    observed: str


def _pieces(number: int) -> str:
    return "1 piece is" if number == 1 else f"{number} pieces are"


def without_extensions(model: Model, words: Words) -> tuple[Model, tuple[Loss, ...]]:
    """The model without opaque pieces and telemetry, and what that means for its users."""
    opaque = [f for f in model.facts if isinstance(f, Opaque)]
    observed = [f for f in model.facts if isinstance(f, Telemetry)]
    kept: tuple[Fact, ...] = tuple(f for f in model.facts if not isinstance(f, (Opaque, Telemetry)))
    losses = (*_opaque(opaque, words), *_observed(observed, words))
    return replace(model, facts=kept), losses


def _opaque(facts: Sequence[Opaque], words: Words) -> Iterator[Loss]:
    groups: dict[tuple[Intent, Impact], list[Opaque]] = {}
    for fact in facts:
        groups.setdefault((fact.intent, _harm(fact)), []).append(fact)
    for (intent, impact), group in groups.items():
        if intent in _ALONE:
            yield _ALONE[intent](group)
            continue
        kinds = ", ".join(dict.fromkeys(fact.kind for fact in group))
        touches = ", ".join(c.value for c in Column if any(c in f.may_touch for f in group))
        yield Loss(
            code="MM801",
            impact=impact,
            support=Support.NEVER,
            severity=_gravity(impact),
            sites=tuple(value for fact in group for value in traced(fact)),
            message=f"{intent.value}: {_pieces(len(group))} left out that only the source's proxy understands ({kinds}).",
            why=f"It may touch {touches}. {words.plain}",
            advice=words.instead[intent],
        )


def _from_elsewhere(facts: Sequence[Opaque]) -> Loss:
    """What leaves no longer shows the address of a gateway: nothing here refuses it, others may, or may have relied on it."""
    return Loss(
        code="MM536",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.BLOCKER,
        sites=tuple(value for fact in facts for value in traced(fact)),
        message=f"{', '.join(dict.fromkeys(fact.kind for fact in facts))}: what these pods send outside left by a gateway, from its "
        "address; it leaves by the node of each pod, from the address that the node gives it.",
        why="No mesh chooses the address from which a connection leaves a node; whoever is outside and lets in by address refuses "
        "it, or has to let in every node, and with it every pod.",
        advice="Keep the policy where the source stays as the network of the cluster; or lead these names through an egress gateway "
        "with an address of its own, and have that let in before traffic moves.",
    )


def _of_nodes(facts: Sequence[Opaque]) -> Loss:
    """Policies for the nodes themselves: no mesh stands before these."""
    return Loss(
        code="MM538",
        impact=Impact.LOOSER,
        support=Support.NEVER,
        sites=tuple(value for fact in facts for value in traced(fact)),
        message=f"{', '.join(dict.fromkeys(fact.kind for fact in facts))}: who may call the nodes, and whom they may call, is "
        "limited no longer.",
        why="A mesh stands before pods; what runs on a node itself, and pods on its network, pass it by. No comparison looks at nodes.",
        advice="Keep the policy where the source stays as the network of the cluster, with its host firewall; else guard the nodes by "
        "what guards machines before it goes.",
    )


_ALONE: Mapping[Intent, Callable[[Sequence[Opaque]], Loss]] = {
    Intent.NODES: _of_nodes,
    Intent.SOURCE_ADDRESS: _from_elsewhere,
}
"""Purposes that have a finding of their own."""


def _harm(fact: Opaque) -> Impact:
    """What may refuse lets more through once it is gone."""
    if {Column.ACCESS, Column.NODES} & set(fact.may_touch):
        return Impact.LOOSER
    only_observes = set(fact.may_touch) <= {Column.TELEMETRY}
    return Impact.NONE if only_observes else Impact.DIFFERENT


def _gravity(impact: Impact) -> Severity | None:
    match impact:
        case Impact.NONE:
            return Severity.LOW
        case Impact.DIFFERENT:
            return Severity.HIGH
        case _:
            return None


def _observed(facts: Sequence[Telemetry], words: Words) -> Iterator[Loss]:
    groups: dict[str, list[Telemetry]] = {}
    for fact in facts:
        groups.setdefault(fact.aspect.value, []).append(fact)
    for aspect, group in groups.items():
        yield Loss(
            code="MM701",
            impact=Impact.NONE,
            support=Support.NEVER,
            severity=Severity.LOW,
            sites=tuple(value for fact in group for value in traced(fact)),
            message=f"{aspect}: {len(group)} setting{'s' * (len(group) > 1)} of what is observed are left out.",
            why="Logs, metrics and traces are set for the whole mesh, and under other names.",
            advice=words.observed,
        )
