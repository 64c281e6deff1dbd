"""The main way, over configurations drawn at random: no fault of ours, nothing newly allowed that nobody told."""

from __future__ import annotations

import pytest

from tests.laws.istio_estates import estate
from tests.laws.soundness import faults, translated


@pytest.mark.parametrize("seed", range(40))
def test_each_difference_is_told_and_each_value_has_its_fate(seed: int) -> None:
    assert faults(translated(estate(seed), "istio", "linkerd")) == []
