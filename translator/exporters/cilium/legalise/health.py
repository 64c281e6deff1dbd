"""Health checks: whoever asks for a path that is probed gets in, in the source; the node alone does here.

Cilium lets the node of a pod in whatever policies say (pkg/policy ``allow-localhost``, 1.20), and looks at no path for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.access import Closed, ProbeAccess, Probes
from ir.coverage import covers
from ir.inventory import Workload
from ir.model import Model
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support


def probed_by_others(model: Model) -> Iterator[Loss]:
    """What is said of the workloads that let anybody in by a path, on ports that are closed otherwise."""
    found = [
        workload.key
        for fact in model.facts
        if isinstance(fact, Probes) and fact.access.value is ProbeAccess.BY_PATH
        for workload in model.inventory.workloads
        if covers(fact.attachment.subject, workload, model.inventory)
        and _is_closed(workload, model)
    ]
    if found:
        yield Loss(
            code="MM404",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            message="others than their node no longer get in by the paths that are probed: "
            f"{', '.join(dict.fromkeys(found))}.",
            why="The source lets whoever asks for such a path in, since it cannot know the node; the target knows it.",
            advice="Let in by a policy whoever else checks the health of these workloads.",
        )


def _is_closed(workload: Workload, model: Model) -> bool:
    return any(
        isinstance(fact, Closed) and covers(fact.attachment.subject, workload, model.inventory)
        for fact in model.facts
    )
