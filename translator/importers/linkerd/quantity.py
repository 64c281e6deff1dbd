"""Weights as quantities of Kubernetes (``1``, ``900m``, ``"95"``), in thousandths.

linkerd2 controller/api/destination/profile_translator.go ``toWeightedDst`` (``MilliValue``), 2.20.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

from ir.provenance import Traced
from translator.source.cursor import Cursor

_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(m|k|)\Z", re.ASCII)
_FACTORS = {"m": 1, "": 1000, "k": 1_000_000}


def read_weight(place: Cursor) -> Traced[int]:
    """The weight of a share.

    Raises:
        InputError: it is missing, or no quantity.
    """
    found = place.at("weight")
    value = found.node.value
    text = f"{value}" if not isinstance(value, (dict, list, bool)) else ""
    parts = _QUANTITY.match(text)
    if parts is None:
        raise found.refuse('expected a weight such as 90 or "900m".')
    number, unit = parts.groups()
    return Traced(ceil(Fraction(number) * _FACTORS[unit]), found.leaf)


def plainest(weights: tuple[Traced[int], ...]) -> tuple[Traced[int], ...]:
    """The weights in whole numbers where all of them are: what readers wrote."""
    if any(weight.value % 1000 for weight in weights):
        return weights
    return tuple(weight.map(lambda thousandths: thousandths // 1000) for weight in weights)
