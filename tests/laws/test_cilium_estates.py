"""The main way from Cilium, over configurations drawn at random: no fault of ours, no difference that nobody told."""

from __future__ import annotations

import pytest

from tests.laws.cilium_estates import estate
from tests.laws.soundness import faults, translated


@pytest.mark.parametrize("target", ["linkerd", "istio", "gateway-api"])
@pytest.mark.parametrize("seed", range(20))
def test_each_difference_is_told_and_each_value_has_its_fate(seed: int, target: str) -> None:
    assert faults(translated(estate(seed), "cilium", target)) == []
