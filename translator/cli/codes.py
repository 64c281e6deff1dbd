"""The exit codes."""

from __future__ import annotations

DONE, USAGE, FINDINGS, INPUT, DIFFERENT, BUG, INTERRUPTED = 0, 2, 3, 4, 5, 70, 130
"""The exit codes; when several hold, 130 goes before 70, 4, 5, 3 and 0."""
