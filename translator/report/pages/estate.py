"""MM930 to MM939: what an audit tells of an estate beside its translation."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM930",
        "Given up by its own project",
        "It works as long as the source mesh stays at a version that has it; it is no reason against the move, and one "
        "less thing to move if it is replaced before.",
        "A kind, a version of one, a field or a mark that the documentation of its own mesh calls deprecated or removed. "
        "Only an audit tells it.",
        "Replace it by what the audit names, best before the translation: what it becomes is then that of the new form.",
        "outlierDetection: {consecutiveErrors: 5}  # Istio's proxies ignore it",
    ),
)
