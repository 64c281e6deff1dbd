"""Rows of this target, with its documentation."""

from __future__ import annotations

from functools import partial

from translator.exporters import rows
from translator.exporters.rows import ROUTES

DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"

STANDARD = "standard"
"""The channel without what is still being tried."""

whole = partial(rows.whole, source=DOCS)
field = partial(rows.field, source=DOCS)

__all__ = ["DOCS", "ROUTES", "STANDARD", "field", "whole"]
