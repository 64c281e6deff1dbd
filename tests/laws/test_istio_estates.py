"""The main way, over configurations drawn at random: no fault of ours, nothing newly allowed that nobody told."""

from __future__ import annotations

import pytest

from tests.laws.istio_estates import estate
from tests.laws.soundness import faults, translated


# 9053 and 9094: connections beside rules for requests; 9239: requests at a port of bytes; 9725: callers that a
# refusal names in its conditions; 9128 and 9427: a match of which a rule that goes too takes what is left
@pytest.mark.parametrize("seed", [*range(40), 9053, 9094, 9128, 9239, 9427, 9488, 9725, 9757])
def test_each_difference_is_told_and_each_value_has_its_fate(seed: int) -> None:
    assert faults(translated(estate(seed), "istio", "linkerd")) == []


@pytest.mark.parametrize("seed", [*range(4), 58, 126, 9074, 9110, 9193])
def test_clients_that_share_routes_are_told_all_that_becomes_of_theirs(seed: int) -> None:
    """Routes of the target are for all clients; of 58 and 126 a table for some refused and let on.

    Of 9074 a grant leaves out by name whom it lets in in clear text; of 9110 and 9193 requests that name no host are refused.
    """
    assert faults(translated(estate(seed), "istio", "cilium")) == []


@pytest.mark.parametrize("seed", [9017, 9128])
def test_what_becomes_of_the_requests_of_a_rule_that_goes_is_told(seed: int) -> None:
    """Of 9017 no rule is left for a port on which some were refused."""
    assert faults(translated(estate(seed), "istio", "gateway-api")) == []
