"""What Istio can say, position by position: the table that pruning, the command line and the docs read.

A module a concern; most particular rows first in each, since the first that applies to a position counts.
"""

from __future__ import annotations

from translator.api import Row
from translator.exporters.istio.capabilities import (
    access,
    edge,
    membership,
    resilience,
    routing,
    where,
)
from translator.exporters.istio.capabilities.tests import rows_of_tests

ROWS: tuple[Row, ...] = (
    *rows_of_tests(),
    *where.ROWS,
    *access.ROWS,
    *routing.ROWS,
    *resilience.ROWS,
    *edge.ROWS,
    *membership.ROWS,
)
"""Every position that a fact of the model can have."""
