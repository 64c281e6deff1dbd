"""A rule that asks twice for one thing has no form: one list means any of it."""

from __future__ import annotations

import pytest

from ir.match import AllOf, Part, Pattern, PatternKind, Test
from ir.provenance import Traced, trail
from translator.exporters.istio.write.authorization import _fields


def asks(text: str) -> Test:
    pattern = Traced(Pattern(PatternKind.EXACT, text), (1,))
    return Test(part=Part.PATH, any_of=(pattern,), trail=trail("path"))


def test_a_second_test_of_a_part_does_not_take_the_place_of_the_first() -> None:
    keys = {Part.PATH: "paths"}
    assert list(_fields(AllOf(tests=(asks("/a"),), trail=trail("request")), keys)) == ["paths"]
    both = AllOf(tests=(asks("/a"), asks("/b")), trail=trail("request"))
    with pytest.raises(TypeError, match="asks twice for paths"):
        _fields(both, keys)
