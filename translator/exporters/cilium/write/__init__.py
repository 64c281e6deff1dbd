"""Writes a legal model: total, and never loses anything."""

from __future__ import annotations

from ir.access import Bypass, Closed, Grant, Refusal
from ir.membership import Enrolment, ProxySetting
from ir.model import Model
from translator.api import Edit, Emission
from translator.exporters.cilium.write.policy import write_policies


def write(model: Model) -> Emission:
    """The manifests and edits of a legal model.

    Raises:
        TypeError: the model is not in legal form, which is a fault of the passes before.
    """
    edits: list[Edit] = []
    rules: list[Closed | Grant | Refusal] = []
    for fact in model.facts:
        match fact:
            case Closed() | Grant() | Refusal():
                rules.append(fact)
            case Enrolment():
                edits.append(Edit(resource=fact.object, leave=(fact.enrolled, fact.trail)))
            case ProxySetting():
                edits.append(Edit(resource=fact.object, leave=(fact.value,), restart=False))
            case Bypass() if fact.object:
                leaving = (*fact.attachment.ports, *fact.attachment.excluding_ports, fact.trail)
                edits.append(Edit(resource=fact.object, leave=leaving, restart=False))
            case Bypass():
                pass
            case _:
                message = f"{type(fact).__name__} is not in legal form"
                raise TypeError(message)
    return Emission(manifests=tuple(write_policies(rules)), edits=tuple(edits))
