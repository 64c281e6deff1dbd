"""What Cilium can say, position by position: the table that pruning, the command line and the docs read.

A module a concern; most particular rows first in each, since the first that applies to a position counts.
"""

from __future__ import annotations

from translator.api import Row
from translator.exporters.cilium.capabilities import (
    access,
    configurations,
    membership,
    network,
    resilience,
    routing,
    where,
)
from translator.exporters.cilium.capabilities.rows import routes
from translator.exporters.route_objects.rows import rows_of_tests

ROWS: tuple[Row, ...] = (
    *access.rows_of_tests(),
    *rows_of_tests(routes),
    *where.ROWS,
    *access.ROWS,
    *routing.ROWS,
    *resilience.ROWS,
    *membership.ROWS,
    *configurations.ROWS,
    *network.ROWS,
)
"""Every position that a fact of the model can have."""
