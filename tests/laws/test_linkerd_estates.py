"""From Linkerd, over configurations drawn at random: no fault of ours, nothing newly allowed that nobody told."""

from __future__ import annotations

import pytest

from tests.laws.linkerd_estates import estate
from tests.laws.soundness import faults, translated

EVERYWHERE = (0, 2, 6, 7, 8, 9, 10, 11, 12, 13, 15)
TO_ISTIO = (
    3,
    4,
    22,
    23,
    29,
    33,
    34,
    39,
    43,
    47,
    48,
    53,
    64,
    89,
    94,
    100,
    103,
    128,
    129,
    137,
    142,
    151,
    164,
    218,
    234,
    244,
    257,
    5108,
    5272,
    5299,
    6414,
)


@pytest.mark.parametrize("target", ["cilium", "gateway-api"])
@pytest.mark.parametrize("seed", [14, 16, 24, 29, 40, 43, 62, 103, 5165])
def test_what_guards_servers_is_held_or_told(seed: int, target: str) -> None:
    """Of 14 and 40 a Server of calls has no route; of 24 a method alone is asked for, of 103 a parameter.

    Of 5165 a rule without a path stands once more at the path of the root, which another one asks for.
    """
    assert faults(translated(estate(seed), "linkerd", target)) == []


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
@pytest.mark.parametrize("seed", EVERYWHERE)
def test_each_difference_is_told_and_each_value_has_its_fate(seed: int, target: str) -> None:
    assert faults(translated(estate(seed), "linkerd", target)) == []


def test_of_routes_on_a_server_the_first_of_equals_decides() -> None:
    """Of 16 one asks for nothing, and another for the path ``/``."""
    assert faults(translated(estate(16), "linkerd", "cilium")) == []


@pytest.mark.parametrize("seed", TO_ISTIO)
def test_to_istio_each_difference_is_told_and_each_value_has_its_fate(seed: int) -> None:
    assert faults(translated(estate(seed), "linkerd", "istio")) == []


@pytest.mark.parametrize("target", ["cilium", "gateway-api"])
@pytest.mark.parametrize("seed", [6255, 6284, 6482])
def test_a_rule_that_stands_again_at_its_own_path_makes_others_stand_there_too(
    seed: int, target: str
) -> None:
    assert faults(translated(estate(seed), "linkerd", target)) == []
