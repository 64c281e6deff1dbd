"""What Gateway API can say, position by position: the table that pruning, the command line and the docs read.

A module a concern; most particular rows first in each, since the first that applies to a position counts. The channel
and the version are the target's: what another could say has a row of its own for those that cannot.
"""

from __future__ import annotations

from translator.api import Row
from translator.exporters.gateway_api.capabilities import (
    access,
    edge,
    membership,
    resilience,
    routing,
    where,
)
from translator.exporters.gateway_api.capabilities.rows import field
from translator.exporters.route_objects.rows import rows_of_tests

ROWS: tuple[Row, ...] = (
    *rows_of_tests(field),
    *where.ROWS,
    *access.ROWS,
    *routing.ROWS,
    *resilience.ROWS,
    *edge.ROWS,
    *membership.ROWS,
)
"""Every position that a fact of the model can have."""
