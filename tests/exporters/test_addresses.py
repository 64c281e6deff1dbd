"""Sets of addresses: exact, of both families, in the fewest blocks."""

from __future__ import annotations

import pytest

from ir.match import Cidr
from translator.exporters.egress.addresses import EVERYWHERE, NOWHERE, addresses_in, networks


def test_a_block_less_its_exceptions() -> None:
    found = addresses_in([Cidr("192.0.2.0/24", ("192.0.2.128/25", "192.0.2.0/26"))])
    assert found.blocks == ("192.0.2.64/26",)


def test_blocks_that_touch_are_one() -> None:
    assert networks(["192.0.2.0/25", "192.0.2.128/25"]).blocks == ("192.0.2.0/24",)


def test_families_are_apart() -> None:
    both = networks(["0.0.0.0/0", "2001:db8::/32"])
    assert both.blocks == ("0.0.0.0/0", "2001:db8::/32")
    assert (both & networks(["::/0"])).blocks == ("2001:db8::/32",)


def test_everything_less_something_and_that_are_everything() -> None:
    some = networks(["10.0.0.0/8", "fd00::/8", "203.0.113.7/32"])
    rest = EVERYWHERE - some
    assert rest | some == EVERYWHERE
    assert not rest & some
    assert EVERYWHERE.covers(rest)
    assert not rest.covers(EVERYWHERE)


def test_nothing_is_nothing() -> None:
    assert not NOWHERE
    assert NOWHERE.blocks == ()
    assert EVERYWHERE - EVERYWHERE == NOWHERE


def test_what_is_no_block_is_an_error() -> None:
    with pytest.raises(ValueError, match="192"):
        networks(["192.0.2.300/32"])
