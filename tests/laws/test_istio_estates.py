"""The main way, over configurations drawn at random: no fault of ours, nothing newly allowed that nobody told."""

from __future__ import annotations

import pytest

from tests.laws.istio_estates import estate
from tests.laws.soundness import faults, translated


@pytest.mark.parametrize("seed", range(40))
def test_each_difference_is_told_and_each_value_has_its_fate(seed: int) -> None:
    assert faults(translated(estate(seed), "istio", "linkerd")) == []


@pytest.mark.parametrize("seed", [*range(4), 58, 126])
def test_clients_that_share_routes_are_told_all_that_becomes_of_theirs(seed: int) -> None:
    """Routes of the target are for all clients; of 58 and 126 a table for some refused and let on."""
    assert faults(translated(estate(seed), "istio", "cilium")) == []
