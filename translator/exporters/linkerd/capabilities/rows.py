"""Rows of this target, with its documentation.

Sources are the field inventories and evaluation rules of linkerd2 and linkerd2-proxy at 2.20.
"""

from __future__ import annotations

from functools import partial

from translator.exporters import rows
from translator.exporters.rows import ACCESS, ROUTES

DOCS = "https://linkerd.io/2/reference/"

GUARDED = ("GuardedRoutes",)
"""Facts that say who may take which route of a port."""

whole = partial(rows.whole, source=DOCS)
field = partial(rows.field, source=DOCS)

__all__ = ["ACCESS", "DOCS", "GUARDED", "ROUTES", "field", "whole"]
