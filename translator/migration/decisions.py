"""What is to be decided, or accepted, before the first wave."""

from __future__ import annotations

from collections.abc import Iterator

from translator.migration.course import Course
from translator.migration.faults import problem
from translator.migration.ground import Ground
from translator.planning.coexistence import SOURCE
from translator.report.model import UNJOINED, Severity
from translator.report.plan import Problem

_MOST = 3


def blockers(ground: Ground) -> Iterator[Problem]:
    """What nobody should begin with."""
    yield from _found(ground, Severity.BLOCKER)


def decisions(course: Course) -> Iterator[Problem]:
    """What somebody has to decide."""
    ground = course.ground
    if ground.silent and ground.moving:
        names, mesh = ", ".join(ground.moving), ground.options.source.mesh
        yield Problem(
            "MM917", "high", f"no object of the input says that pods of {names} are in {mesh}: the plan takes it that their namespaces "
            "say so by the usual word, and writes it.",
            f"Look whether that is so (kubectl get namespace {ground.moving[0]} -o yaml); where it is not, give the Namespaces and plan "
            "again, since a rollback writes that word too.")  # fmt: skip
    if not course.options.cluster_networks and course.spells:
        yield Problem("MM911", "medium", "the addresses of pods are not known: temporary policies let in callers from everywhere.",
                      "Give the networks of pods with --cluster-networks.")  # fmt: skip
    if ground.outside:
        names = ", ".join(ground.outside)
        yield Problem("MM912", "medium", f"callers in {names} are in no wave: they {_stay(ground)}.",
                      "Say what becomes of them before the first wave.")  # fmt: skip
    if ground.odd:
        rest = f" and {len(ground.odd) - _MOST} more" if len(ground.odd) > _MOST else ""
        yield Problem("MM915", "medium", "calls were seen that the input does not let in or does not know: "
                      f"{', '.join(ground.odd[:_MOST])}{rest}.",
                      "Give their manifests too; the plan opens nothing for them.")  # fmt: skip
    if ground.jobs:
        yield Problem("MM918", "medium", f"{', '.join(ground.jobs)}: the API server takes no change of what the pods of a Job are made "
                      "from. No wave changes it: its pods stay as they are until they end.",
                      "Let it end before its wave. Where it is to run again, delete it and make it anew as the translation writes it.")  # fmt: skip
    yield from _found(ground, Severity.HIGH)


def _stay(ground: Ground) -> str:
    """What is taken for granted of callers that no wave moves."""
    if ground.bridges[SOURCE].knows:
        return "get no proxy, and those who are let in by who they are show no identity at the end"
    return "are taken to be in the source's mesh until the last wave"


def _found(ground: Ground, severity: Severity) -> Iterator[Problem]:
    """What the translation says of a severity, but for the words by which pods join: a plan writes them itself."""
    found = (one for one in ground.result.report.findings if one.code != UNJOINED)
    return (problem(finding) for finding in found if finding.severity is severity)
