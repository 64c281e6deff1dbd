"""The catalogue of findings: what each code means, when it appears and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from translator.report.pages import (
    ambient,
    carried,
    edge,
    editions,
    egress,
    estate,
    from_network,
    limits,
    network,
    planning,
    reading,
    resilience,
    routes_alone,
    routing,
    security,
    telemetry,
)
from translator.report.pages.entry import Entry

CATALOGUE: Mapping[str, Entry] = MappingProxyType(
    {
        entry.code: entry
        for entry in sorted(
            (
                entry
                for pages in (
                    reading,
                    routing,
                    carried,
                    resilience,
                    security,
                    limits,
                    from_network,
                    network,
                    edge,
                    ambient,
                    editions,
                    egress,
                    estate,
                    telemetry,
                    planning,
                    routes_alone,
                )
                for entry in pages.ENTRIES
            ),
            key=lambda entry: entry.code,
        )
    }
)
"""Every code that a finding can have, in the order of the codes."""


def page(entry: Entry) -> str:
    """The page of a code for a terminal."""
    example = "\n".join(f"    {line}" for line in entry.example.splitlines())
    return (
        f"{entry.code}: {entry.title}\n\n"
        f"What it means:\n    {entry.what}\n\n"
        f"When it appears:\n    {entry.why}\n\n"
        f"What to do:\n    {entry.advice}\n\n"
        f"For example:\n{example}\n"
    )


def findings_markdown() -> str:
    """The page of all findings: ``docs/findings.md``."""
    head = (
        "# Findings\n\n"
        "Generated from the catalogue by `python -m translator.report.docs`; "
        "change it there.\n\n"
        "`meshmigrate explain CODE` shows one of them.\n"
    )
    return "\n".join((head, *map(_section, CATALOGUE.values())))


def _section(entry: Entry) -> str:
    return (
        f"## {entry.code}: {entry.title}\n\n"
        f"{entry.what}\n\n"
        f"**When it appears.** {entry.why}\n\n"
        f"**What to do.** {entry.advice}\n\n"
        f"```yaml\n{entry.example}\n```\n"
    )


__all__ = ["CATALOGUE", "Entry", "findings_markdown", "page"]
