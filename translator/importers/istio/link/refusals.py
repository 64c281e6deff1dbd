"""What the API server takes and only the webhook of the source would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from translator.api import Loss
from translator.importers.istio.model import VirtualService
from translator.report.model import Fate, Impact, Severity, Support


def refusals(service: VirtualService) -> Iterator[Loss]:
    """A finding for each."""
    for one in dict.fromkeys(service.refused):
        then = "" if one.heeded else " The rule is left out: its requests go to the next."
        yield Loss(
            code="MM106",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED if one.heeded else Fate.INERT,
            leaves=one.leaves,
            message=f"{service.meta.key} holds what its webhook would refuse: {one.why}.{then}",
            advice="Correct the source first.",
        )
