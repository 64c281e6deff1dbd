"""What holds by objects that stay where they are, as the source is the target: it is heeded, and not written."""

from __future__ import annotations

from collections.abc import Iterable

from ir.membership import Aspect, ProxySetting
from ir.model import Fact
from ir.walk import traced
from translator.api import Options

_KINDS = {
    "VirtualService": (Aspect.RULE_EXPORT, "defaultVirtualServiceExportTo"),
    "ServiceEntry": (Aspect.EXPORT, "defaultServiceExportTo"),
    "DestinationRule": (Aspect.RULE_EXPORT, "defaultDestinationRuleExportTo"),
}
"""Who heeds an object of a kind that does not say so: the field of istio/api mesh/v1alpha1/config.proto, 1.31."""


def stands(fact: Fact, options: Options) -> bool:
    """Whether nothing that is to be written says the fact."""
    own = options.source.mesh == options.target.mesh
    return own and not any(value.origin for value in traced(fact))


def must_say_all(facts: Iterable[Fact], options: Options) -> frozenset[str]:
    """Kinds of objects that must say that all heed them, since the mesh has another word for those that say nothing."""
    said = {
        (fact.aspect, fact.trail.value)
        for fact in facts
        if isinstance(fact, ProxySetting) and fact.value.value != "*" and stands(fact, options)
    }
    return frozenset(kind for kind, field in _KINDS.items() if field in said)
