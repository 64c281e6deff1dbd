"""Edits of headers in the filters of Gateway API.

Limits and patterns: config/crd of sigs.k8s.io/gateway-api, 1.6 (16 items in each list of a filter).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ir.traffic import HeaderAction, HeaderEdit, HeaderSide, Route, text_of
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Severity, Support

MOST_EDITS = 16
"""Edits of one kind in a filter."""
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_\x60|~]{1,256}\Z")
HEADER_VALUE = re.compile(r"[!-~]([\t !-~]*[!-~])?\Z")
LONGEST_VALUE = 4096


def with_edits(route: Route, losses: list[Loss]) -> Route:
    """The rule with those edits of headers, its own and its destinations', that filters of Gateway API can say."""
    return replace(
        route,
        header_edits=_edits(route.header_edits, losses),
        backends=tuple(
            replace(one, header_edits=_edits(one.header_edits, losses)) for one in route.backends
        ),
    )


def _edits(edits: Sequence[HeaderEdit], losses: list[Loss]) -> tuple[HeaderEdit, ...]:
    kept: list[HeaderEdit] = []
    counts: dict[tuple[HeaderSide, HeaderAction], list[str]] = {}
    for edit in edits:
        names = counts.setdefault((edit.side, edit.action), [])
        reason = _why_not(edit, names)
        if reason:
            losses.append(_unedited(edit, reason))
        else:
            names.append(edit.name.value)
            kept.append(edit)
    return tuple(kept)


def _why_not(edit: HeaderEdit, names: Sequence[str]) -> str:
    name = edit.name.value
    if not HEADER_NAME.match(name):
        return f'"{name}" is no name of a header in Gateway API'
    if name in names:
        return f'"{name}" stands in the same list already'
    if len(names) == MOST_EDITS:
        return f"a list of edits has {MOST_EDITS} items at most"
    template = "" if edit.value is None else edit.value.value
    value = text_of(template)
    if value is None:
        return (
            f'"{template}" is filled in by the proxy of the source; as it stands it is only a text'
        )
    if edit.action is not HeaderAction.REMOVE and not (
        HEADER_VALUE.match(value) and len(value) <= LONGEST_VALUE
    ):
        return f'the value "{value}" cannot be written (printable, not empty, no blank at an end)'
    return ""


def _unedited(edit: HeaderEdit, reason: str) -> Loss:
    return Loss(
        code="MM205",
        impact=Impact.DIFFERENT,
        support=Support.NEVER,
        severity=Severity.HIGH,
        sites=tuple(traced(edit)),
        message=f"an edit of a header is left out: {reason}.",
        advice="Let the application do it.",
    )
