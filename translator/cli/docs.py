"""The generated pages of the documentation: written, or compared with what is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from translator.cli.console import err
from translator.cli.matrix import matrix_page
from translator.report.catalogue import findings_markdown
from translator.report.schema import audit_schema, plan_schema, report_schema
from translator.telemetry.pages import observability_page

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """The text of each generated page by its file name."""
    return {
        "findings.md": findings_markdown(),
        "matrix.md": matrix_page(),
        "observability.md": observability_page(),
        "audit.schema.json": json.dumps(audit_schema(), indent=2) + "\n",
        "plan.schema.json": json.dumps(plan_schema(), indent=2) + "\n",
        "report.schema.json": json.dumps(report_schema(), indent=2) + "\n",
    }


def stale(folder: Path = DOCS) -> tuple[str, ...]:
    """The pages that are missing or are not what would be written today."""
    return tuple(
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    )


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Writes the pages; with ``--check`` ends with 1 where they are stale and writes nothing."""
    if list(arguments) == ["--check"]:
        names = stale(folder)
        if names:
            err(f"stale: {', '.join(names)}; run python -m translator.report.docs\n")
        return 1 if names else 0
    if arguments:
        err("usage: python -m translator.report.docs [--check]\n")
        return 2
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0
