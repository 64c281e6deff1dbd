"""What one target would make of an estate: the translation itself, told by namespace, area and cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from translator.audit.grade import KEPT, SAID, grade, worst
from translator.report.areas import area, namespace_of
from translator.report.audit import Matter, Outlook, Readiness
from translator.report.headline import headline
from translator.report.model import Finding, LedgerRow, Report, Severity, Source
from translator.report.render.groups import Cause, causes
from translator.source.leaves import Resource
from translator.telemetry.pages import renamed

MOST_MATTERS = 40
"""Causes that an audit keeps: a reader who needs all of them translates."""


def outlook(report: Report, spaces: Sequence[str], home: Callable[[str], str]) -> Outlook:
    """The outlook for the target of a report. ``spaces``: the namespaces of the estate; ``home``: that of a resource."""
    namespaces = tuple(_readiness(report, spaces, home))
    return Outlook(
        target=report.target,
        outputs=len(report.outputs),
        fates=report.summary.fates,
        findings=report.summary.findings,
        areas=_areas(report.findings),
        verdict=report.verification.verdict,
        access=headline(report).sentence,
        grade=worst(one.grade for one in namespaces),
        namespaces=namespaces,
        matters=tuple(_matter(one, home) for one in causes(report.findings)[:MOST_MATTERS]),
        metrics=renamed(report.source.mesh, report.target.mesh),
    )


def home_of(resources: Iterable[Resource], default: str) -> Callable[[str], str]:
    """The namespace of a resource by its ``Kind/namespace/name``; objects that name none are in ``default``."""
    bare = {f"{one.kind}//{one.name}" for one in resources if one.namespace is None}

    def home(resource: str) -> str:
        space = namespace_of(resource)
        return space or (default if resource in bare and not _is_wide(resource) else "")

    return home


_WIDE = (
    "CiliumCIDRGroup",
    "CiliumClusterwideEnvoyConfig",
    "CiliumClusterwideNetworkPolicy",
    "CiliumEgressGatewayPolicy",
    "ClusterNetworkPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "List",
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
)
"""Kinds that are in no namespace."""


def _is_wide(resource: str) -> bool:
    return resource.partition("/")[0] in _WIDE


def _readiness(
    report: Report, spaces: Sequence[str], home: Callable[[str], str]
) -> Iterable[Readiness]:
    """Each namespace, and the estate as a whole where anything concerns it."""
    said, kept = _leaves(report.ledger, home)
    found: dict[str, Counter[str]] = {}
    for one in report.findings:
        if one.accepted is None:
            for space in _spaces_of(one.sources, home) or ("",):
                found.setdefault(space, Counter())[one.severity.value] += 1
    names = [*spaces, *(("",) if "" in found or said[""] else ())]
    for name in names:
        by_severity = {s.value: found.get(name, Counter())[s.value] for s in Severity}
        letter, why = grade(by_severity, said[name], kept[name])
        yield Readiness(name, letter, said[name], kept[name], by_severity, why)


def _leaves(
    ledger: Iterable[LedgerRow], home: Callable[[str], str]
) -> tuple[Counter[str], Counter[str]]:
    """Leaves that speak to the mesh, and those of them that are kept, by namespace."""
    said: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for row in ledger:
        if row.fate in SAID:
            space = home(row.resource)
            said[space] += 1
            kept[space] += row.fate in KEPT
    return said, kept


def _spaces_of(sources: Iterable[Source], home: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(sorted({home(source.resource) for source in sources}))


def _areas(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for one in findings:
        found.setdefault(area(one.code), Counter())[one.severity.value] += 1
    return {
        name: {s.value: found[name][s.value] for s in Severity if found[name][s.value]}
        for name in sorted(found)
    }


def _matter(cause: Cause, home: Callable[[str], str]) -> Matter:
    first = cause.first
    places = [place for group in cause.groups for place in group.places]
    return Matter(
        code=first.code,
        severity=first.severity.value,
        impact=first.impact.value,
        support=first.support.value,
        title=cause.title,
        advice=cause.advice,
        count=cause.count,
        namespaces=tuple(one for one in _spaces_of(places, home) if one),
        first=places[0] if places else None,
    )
