"""What proxies tell, where it is said in the target's own words: an item of a Telemetry as it stands.

Only the target has these words, so that they come from itself alone. Of two objects for the same pods one counts
(istio.io/docs/reference/config/telemetry): what stood in several is not put into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ir.attachment import EnforcedAt, Scope
from ir.match import Operator
from ir.model import Fact
from ir.telemetry import Telemetry
from ir.walk import traced
from translator.api import AMBIENT, Options
from translator.exporters.istio.write.authorization import place_of
from translator.exporters.istio.write.telemetry import FIELDS, is_item
from translator.source.leaves import document_of

_SCOPES = (Scope.MESH, Scope.NAMESPACE, Scope.WORKLOADS)


def own_items(facts: Iterable[Fact], options: Options) -> tuple[Telemetry, ...]:
    """The items that an object of pods can hold."""
    told = [fact for fact in facts if isinstance(fact, Telemetry)]
    return tuple(fact for fact in told if _is_written(fact, told, options))


def _is_written(fact: Telemetry, told: Sequence[Telemetry], options: Options) -> bool:
    at = fact.attachment
    labels = at.subject.labels
    equal = labels is None or all(
        one.operator is Operator.IN and len(one.values) == 1 for one in labels.value.requirements
    )
    return (
        options.profile != AMBIENT
        and fact.aspect.value in FIELDS
        and fact.setting is not None
        and is_item(fact.setting.value)
        and at.enforced_at is EnforcedAt.SERVER
        and at.subject.scope in _SCOPES
        and not at.subject.excluding
        and equal
        and len(_documents(fact, told)) == 1
    )


def _documents(fact: Telemetry, told: Sequence[Telemetry]) -> set[int]:
    """The documents that say something of the same pods."""
    own = fact.attachment
    place = place_of(own.subject)
    near = (
        one
        for one in told
        if place_of(one.attachment.subject) == place
        and one.attachment.enforced_at is own.enforced_at
    )
    return {document_of(leaf) for one in near for value in traced(one) for leaf in value.origin}
