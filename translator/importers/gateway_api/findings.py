"""What reading tells: fields that are not there, kinds that no reader knows."""

from __future__ import annotations

from collections.abc import Iterator

from translator.api import Loss, Options
from translator.importers.gateway_api.model import RouteObject
from translator.report.model import Fate, Impact, Severity, Support

DROPPED = "the API server of this version and channel drops the field"


def pruned(route: RouteObject, options: Options) -> Iterator[Loss]:
    """Fields that the API server of this version and channel drops without a word."""
    for rule in route.rules:
        for field, leaves in rule.pruned:
            yield Loss(
                code="MM260",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.INERT,
                leaves=leaves,
                message=f"{route.meta.key}: {field} is no field of {options.source}, so the API server drops it and "
                "nothing of it holds.",
                advice=f"If {field} does hold in your cluster, name the version and channel that are installed, for "
                f"instance --from gateway-api@{options.source.version}+experimental.",
            )
