"""What changes no traffic by its nature, with the reason; and keys that a reader of its own takes care of."""

from __future__ import annotations

from translator.importers.istio.authorization_policy import DRY_RUN

INERT_KEYS = frozenset((DRY_RUN,))
"""Labels and annotations that do not simply go along with their object."""
