"""What decides the exit code: accepted and known findings, the threshold, and our own faults."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

from translator.cli.codes import BUG, DONE, FINDINGS
from translator.cli.options import Gate, Threshold
from translator.errors import TargetError
from translator.report.catalogue import CATALOGUE
from translator.report.model import (
    INVENTION,
    OTHERWISE,
    UNEXPLAINED,
    Fate,
    Finding,
    Report,
    Severity,
)
from translator.report.render.json import finding_tree

_SEVERITIES = tuple(Severity)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """``CODE[@GLOB][=REASON]``: findings that are known and borne."""

    code: str
    glob: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is meant: all resources of the finding fit; a blocker needs a glob."""
        if finding.code != self.code or (finding.severity is Severity.BLOCKER and not self.glob):
            return False
        resources = [source.resource for source in finding.sources] or [""]
        return all(fnmatchcase(resource, self.glob or "*") for resource in resources)


def parse_acceptance(text: str) -> Acceptance:
    """Reads ``CODE[@GLOB][=REASON]``.

    Raises:
        TargetError: the code is none of the catalogue.
    """
    what, _, reason = text.partition("=")
    code, _, glob = what.partition("@")
    code = code.strip().upper()
    if code not in CATALOGUE:
        message = f'--accept {text}: there is no finding "{code}"; see meshmigrate explain --list.'
        raise TargetError(message)
    return Acceptance(code, glob.strip(), reason.strip() or "accepted with --accept")


def judged(report: Report, gate: Gate) -> Report:
    """The report with accepted and known findings marked; they stay in it and in its counts."""
    accepted = tuple(map(parse_acceptance, gate.accept))
    known = read_baseline(Path(gate.baseline)) if gate.baseline else frozenset[Key]()
    findings = tuple(_judged(one, accepted, known, gate.baseline) for one in report.findings)
    return replace(report, findings=findings)


def _judged(
    finding: Finding, accepted: Sequence[Acceptance], known: frozenset[Key], baseline: str
) -> Finding:
    if finding_key(finding_tree(finding)) in known:
        return replace(finding, accepted=f"known from {baseline}")
    for one in accepted:
        if one.covers(finding):
            return replace(finding, accepted=one.reason)
    return finding


def finding_key(tree: Mapping[str, object]) -> Key:
    """What makes two findings of two runs the same: all but lines, which move."""
    sources = cast("list[Mapping[str, object]]", tree["sources"])
    places = sorted(f"{source['resource']} {source['path']}" for source in sources)
    told = tuple(str(tree[name]) for name in ("code", "severity", "fate", "impact", "message"))
    return (*told, *places)


def read_baseline(file: Path) -> frozenset[Key]:
    """The findings of an earlier ``report.json``.

    Raises:
        TargetError: the file is no report.
    """
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        return frozenset(finding_key(finding) for finding in report["findings"])
    except OSError as error:
        message = f"--baseline {file}: cannot be read: {error.strerror}."
        raise TargetError(message) from error
    except (ValueError, KeyError, TypeError) as error:
        message = f"--baseline {file}: expected a report written with --report FILE.json."
        raise TargetError(message) from error


def exit_code(report: Report, threshold: Threshold) -> int:
    """How a run with this report ends."""
    fates = report.summary.fates
    faulty = any(finding.code in (INVENTION, OTHERWISE, UNEXPLAINED) for finding in report.findings)
    if fates.get(Fate.DROPPED) or fates.get(Fate.STRANDED) or faulty:
        return BUG
    if threshold is Threshold.NEVER:
        return DONE
    limit = _SEVERITIES.index(Severity(threshold.value))
    counted = (one for one in report.findings if one.accepted is None)
    grave = any(_SEVERITIES.index(one.severity) <= limit for one in counted)
    return FINDINGS if grave else DONE
