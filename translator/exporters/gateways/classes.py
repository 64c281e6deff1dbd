"""Gateways of the input whose class is the source's: they get the class that is given, or nobody serves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from ir.membership import Aspect, ProxySetting
from ir.walk import traced
from translator.api import Edit, Loss
from translator.report.model import Fate, Impact, Severity, Support

_BETWEEN = ("istio-waypoint",)
_FAR = ("istio-remote", "istio-east-west")
_DECIDE = "Decide which gateway takes over; with its Gateway API class give --gateway-class."


def is_class(fact: object) -> TypeGuard[ProxySetting]:
    """Whether the fact is the class of a Gateway of the input."""
    return isinstance(fact, ProxySetting) and fact.aspect is Aspect.GATEWAY_CLASS


def of_class(
    settings: Iterable[ProxySetting], class_name: str, advice: str
) -> Iterator[ProxySetting | Loss]:
    """Each setting with the class that is given, or what becomes of its gateway; ``class_name`` may be empty.

    ``advice``: what to see to with one that is given.
    """
    for one in settings:
        word = one.value.value
        if word in _BETWEEN:
            yield _lost(one, Impact.NONE, "is a proxy in between, of which the target has none: "
                        "its rules hold at the pods themselves", "Delete it once the source is gone.")  # fmt: skip
        elif word in _FAR:
            yield _lost(one, Impact.STRICTER, "joins networks or clusters for the source alone: nothing enters by it "
                        "once the source is gone", "Link the clusters with the target's multicluster extension.")  # fmt: skip
        elif class_name:
            yield replace(one, value=one.value.derive(class_name))
            if word != class_name:
                yield _moved(one, class_name, advice)
        else:
            yield _lost(one, Impact.STRICTER, "is served by the source: nothing enters by it once the source is gone",
                        _DECIDE)  # fmt: skip


def _lost(one: ProxySetting, impact: Impact, what: str, advice: str) -> Loss:
    return Loss(
        code="MM733",
        impact=impact,
        support=Support.PARTIAL,
        severity=Severity.LOW if impact is Impact.NONE else Severity.HIGH,
        sites=tuple(traced(one)),
        message=f"{one.object} of class {one.value.value} {what}.",
        advice=advice,
    )


def _moved(one: ProxySetting, class_name: str, advice: str) -> Loss:
    return Loss(
        code="MM505",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(one.value,),
        message=f"{one.object} becomes one of class {class_name}: other pods serve it, at an address of their own.",
        why="Its class was the source's, which goes away.",
        advice=advice,
    )


def class_edits(facts: Sequence[object]) -> Iterator[Edit]:
    """The Gateways of the input that get another class."""
    for fact in facts:
        if isinstance(fact, ProxySetting):
            yield Edit(
                resource=fact.object,
                put=((("spec", "gatewayClassName"), fact.value),),
                restart=False,
            )
