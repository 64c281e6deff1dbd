"""The report as SARIF 2.1.0, as code scanning takes it: one result for every finding.

SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os.html
What GitHub asks for beyond it: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from translator.report.catalogue import CATALOGUE, page
from translator.report.model import Finding, Report, Severity, Source
from translator.report.render.groups import causes
from translator.report.render.words import printable

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
"""The folder that relative names of files start from: that of the run."""

_RELATED = 99
"""Further places of a result: GitHub shows up to 100 in all."""

Tree = dict[str, object]


def render_sarif(report: Report) -> str:
    """The whole as one text that ends in a newline."""
    pair = f"{report.source.mesh}-to-{report.target.mesh}"
    gravest = _gravest(report.findings)
    rules = {code: number for number, code in enumerate(gravest)}
    run: Tree = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": [_rule(code, severity) for code, severity in gravest.items()],
            }
        },
        "automationDetails": {"id": f"{report.tool.name}/{pair}/"},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": _results(report, rules),
        "properties": {
            "summary": {
                "leaves": report.summary.leaves,
                "fates": report.summary.fates,
                "findings": report.summary.findings,
            },
            "verification": report.verification.verdict,
            "verificationReasons": report.verification.reasons,
        },
    }
    tree = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(tree, indent=1, ensure_ascii=True) + "\n"


def level(severity: Severity) -> str:
    """The word of SARIF for a severity."""
    match severity:
        case Severity.BLOCKER | Severity.HIGH:
            return "error"
        case Severity.MEDIUM:
            return "warning"
        case Severity.LOW | Severity.INFO:
            return "note"


def _gravest(findings: Sequence[Finding]) -> dict[str, Severity]:
    """The codes that were found, in their order, each with its gravest severity."""
    order = tuple(Severity)
    found: dict[str, Severity] = {}
    for one in sorted(findings, key=lambda f: (f.code, order.index(f.severity))):
        found.setdefault(one.code, one.severity)
    return found


def _rule(code: str, severity: Severity) -> Tree:
    rule: Tree = {"id": code, "defaultConfiguration": {"level": level(severity)}}
    entry = CATALOGUE.get(code)
    if entry is None:
        return rule
    text = page(entry)
    markdown = (
        f"**{entry.title}**\n\n{entry.what}\n\n**When it appears.** {entry.why}\n\n"
        f"**What to do.** {entry.advice}\n\n```yaml\n{entry.example}\n```\n"
    )
    return rule | {
        "name": entry.title,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.what},
        "help": {"text": text, "markdown": markdown},
    }


def _results(report: Report, rules: Mapping[str, int]) -> list[Tree]:
    """One result a finding, in the order of the causes."""
    seen = Counter[str]()
    results: list[Tree] = []
    start = report.ledger[0].file if report.ledger else ""
    for number, cause in enumerate(causes(report.findings), 1):
        for index in cause.numbers:
            finding = report.findings[index]
            mark = fingerprint(finding)
            seen[mark] += 1
            advice = finding.advice or cause.advice
            results.append(
                {
                    "ruleId": finding.code,
                    "ruleIndex": rules[finding.code],
                    "level": level(finding.severity),
                    "message": {"text": _message(finding, advice)},
                    **_places(finding, start),
                    "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
                    **_suppressed(finding),
                    "properties": _properties(finding, number),
                }
            )
    return results


def fingerprint(finding: Finding) -> str:
    """What makes findings of two runs the same: all but lines, which move."""
    told = (finding.code, finding.severity, finding.fate, finding.impact, finding.message)
    places = sorted(f"{place.resource} {place.path}" for place in finding.sources)
    whole = "\n".join((*told, *places)).encode("utf-8", "backslashreplace")
    return hashlib.sha256(whole).hexdigest()[:16]


def _message(finding: Finding, advice: str) -> str:
    parts = [finding.message]
    if finding.why:
        parts.append(finding.why)
    if advice:
        parts.append(f"Advice: {advice}")
    return "\n\n".join(map(printable, parts))


def _places(finding: Finding, start: str) -> Tree:
    """The first source as the place, the others as related ones; a result must have a place."""
    if not finding.sources:
        default = finding.default
        where = f"{default.mesh}: where {default.field} is not written" if default else ""
        return {"locations": [_location(Source(start, 1, None, where, ""))]}
    first, *others = finding.sources
    tree: Tree = {"locations": [_location(first)]}
    if others:
        tree["relatedLocations"] = [
            {"id": number} | _location(place)
            for number, place in enumerate(others[:_RELATED], start=1)
        ]
    return tree


def _location(place: Source) -> Tree:
    region = {
        name: number
        for name, number in (("startLine", place.line), ("startColumn", place.column))
        if number is not None
    }
    physical: Tree = {"artifactLocation": _artifact(place.file)}
    if "startLine" in region:
        physical["region"] = region
    tree: Tree = {"physicalLocation": physical}
    name = f"{place.resource} {place.path}".strip()
    if name:
        tree["logicalLocations"] = [{"fullyQualifiedName": printable(name)}]
    return tree


def _artifact(file: str) -> Tree:
    """A file as an URI: relative to the folder of the run, unless its name is absolute."""
    if file.startswith("/"):
        return {"uri": "file://" + quote(file.encode("utf-8", "surrogateescape"))}
    name = "stdin" if file in ("-", "") else posixpath.normpath(file)
    return {"uri": quote(name.encode("utf-8", "surrogateescape")), "uriBaseId": ROOT}


def _suppressed(finding: Finding) -> Tree:
    if finding.accepted is None:
        return {}
    reason = printable(finding.accepted)
    return {"suppressions": [{"kind": "external", "justification": reason}]}


def _properties(finding: Finding, cause: int) -> Tree:
    tree: Tree = {
        "severity": finding.severity.value,
        "fate": finding.fate.value,
        "impact": finding.impact.value,
        "support": finding.support.value,
        "cause": cause,
    }
    if finding.witness is not None:
        tree["witness"] = finding.witness
    return tree
