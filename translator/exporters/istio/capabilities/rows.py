"""Rows of this target, with its documentation."""

from __future__ import annotations

from functools import partial

from translator.exporters import rows
from translator.exporters.rows import ACCESS, ROUTES

DOCS = "https://istio.io/latest/docs/reference/config/"

whole = partial(rows.whole, source=DOCS)
field = partial(rows.field, source=DOCS)

__all__ = ["ACCESS", "DOCS", "ROUTES", "field", "whole"]
