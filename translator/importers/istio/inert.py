"""What changes no traffic by its nature, with the reason; and keys that a reader of its own takes care of."""

from __future__ import annotations

from collections.abc import Mapping

from translator.importers.istio.authorization_policy import DRY_RUN
from translator.importers.istio.keys import OPERATED

INERT_KEYS = frozenset((DRY_RUN,))
"""Labels and annotations that do not simply go along with their object."""

OBJECT_KEYS: Mapping[str, str] = {
    "istio.io/rev": "says which revision of the control plane reads the object",
    "internal.istio.io/parents": "is written by the source's own controllers",
    "internal.istio.io/parent-namespace": "is written by the source's own controllers",
    **OPERATED,
}
"""Labels and annotations of the mesh's own objects that do not go along to what these become."""
