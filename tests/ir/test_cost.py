"""How large RE2's program for an expression is, and languages in pieces that are no larger than wished."""

from __future__ import annotations

import pytest

from ir.language import PATH, Dialect, Language, Opaque, in_pieces, program_size

SIZES = {
    "/a": 6,
    ".*": 12,
    "/a.*": 14,
    "[^/]*": 12,
    "(?i)abc": 7,
    "x{0,20}": 44,
    "/[0-9]+": 7,
    "(a?){10}": 44,
    "/v4/advisory/[0-9a-z-]{36}/clone": 131,
    "/(dashboard|alerts|calendar|components|metrics|critical_asset_metrics|critical_product_metrics|simple_search|support"
    "|celery_status|choices)([/?].*)?": 134,
}
"""What RE2 itself says (``ProgramSize``, 2025-11)."""


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_it_is_never_larger_than_is_said_and_not_much_smaller(text: str, size: int) -> None:
    assert size <= program_size(text) <= size * 3 // 2 + 4


def test_of_what_is_not_known_whole_nothing_is_said() -> None:
    with pytest.raises(Opaque):
        program_size(r"\p{L}+")


def small(text: str) -> bool:
    return program_size(text) <= 60


@pytest.mark.parametrize("text", ["/reports(?:/.*)?", "/a/secret|/b/hidden/.*", "(?:/x/)?[a-f]{8}"])
def test_pieces_are_small_and_say_the_same_together(text: str) -> None:
    wanted = PATH - Language.regex(text, Dialect.RE2_FULL)
    pieces = in_pieces(wanted, Dialect.RE2_FULL, PATH, small)
    union = Language.nothing()
    for piece in pieces:
        assert small(piece)
        union |= Language.regex(piece, Dialect.RE2_FULL)
    assert (union & PATH).equals(wanted)
    assert len(pieces) > 1


def test_what_cannot_be_taken_apart_is_told() -> None:
    literal = Language.exact(f"/{'a' * 80}")
    with pytest.raises(Opaque):
        in_pieces(literal, Dialect.RE2_FULL, PATH, small)
