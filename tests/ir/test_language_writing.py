"""Languages said as regular expressions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ir.language import HEADER_VALUE, NORMAL_PATH, PATH, Dialect, Language, Opaque

FULL, SPAN, SEARCH = Dialect.RE2_FULL, Dialect.RUST_SPAN, Dialect.GO_SEARCH
API = Language.prefix("/api/")


@pytest.mark.parametrize(
    ("language", "dialect", "within", "text"),
    [
        (API, SPAN, PATH, "/api/.*"),
        (API, SPAN, None, "(?s)/api/.*"),
        (API, SEARCH, PATH, "^(?:/api/.*)$"),
        (Language.exact("/a.b"), SPAN, PATH, r"/a\.b"),
        (Language.suffix(".js"), FULL, PATH, r".*\.js"),
        (Language.contains("x"), FULL, HEADER_VALUE, ".*x.*"),
        (Language.element_prefix("/a/"), SPAN, PATH, "/a(?:/.*)?"),
        (Language.non_empty(), SPAN, HEADER_VALUE, ".+"),
        (Language.anything(), SPAN, PATH, ".*"),
        (Language.anything(), SPAN, None, "(?s).*"),
        (PATH, SPAN, PATH, ".*"),
        (API & Language.suffix(".js"), SPAN, PATH, r"/api/.*\.js"),
        (Language.exact("/a") | Language.exact("/ab"), SPAN, PATH, "/ab?"),
        (Language.prefix("/a") | Language.suffix("b"), SPAN, PATH, "/a.*|.*b"),
        (~Language.prefix("/a"), FULL, PATH, "/(?:[^a].*)?"),
        (Language.exact("Ab", ignore_case=True), SPAN, None, "[Aa][Bb]"),
        (Language.regex("/v[0-9]/(a|ab)", FULL), SPAN, PATH, "^(?:/v[0-9]/(a|ab))$"),
        (Language.nothing(), SPAN, PATH, "[^\\x00-\\x{10FFFF}]"),
        (Language.exact("é\n"), SPAN, None, "\\x{E9}\\x0A"),
    ],
)
def test_common_sets_are_said_as_a_person_would(
    language: Language, dialect: Dialect, within: Language | None, text: str
) -> None:
    assert language.to_regex(dialect, within=within) == text


def test_a_set_that_takes_too_long_to_say_is_opaque() -> None:
    with pytest.raises(Opaque, match="needs more than 20 characters"):
        (~Language.contains("/admin/")).to_regex(SPAN, limit=20, within=PATH)


@pytest.mark.parametrize("forbidden", ["/admin", "/admin/", "/a"])
def test_a_complement_fits_into_a_path_match(forbidden: str) -> None:
    allowed = ~(Language.prefix(forbidden) | Language.prefix("/internal"))
    text = (allowed & NORMAL_PATH).to_regex(SPAN, within=PATH)
    assert len(text) <= 1024
    assert (Language.regex(text, SPAN) & PATH).equals(allowed & NORMAL_PATH)


LEAVES = st.one_of(
    *(
        st.builds(maker, st.text("/ab.", min_size=1, max_size=3))
        for maker in (Language.exact, Language.prefix, Language.suffix, Language.contains)
    ),
    st.sampled_from(["a*b", "(/a)+", "[^/]*", "[^é]a", "\n?a", "é|ab|a"]).map(
        lambda text: Language.regex(text, FULL)
    ),
)
LANGUAGES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=3,
)
UTF8 = Language.regex("(?s:.*)", SPAN)


@pytest.mark.parametrize("text", ["é", "é|ab|a", "[à-é]x*", "[^é]a", "\U0001f600+", "(?s:.)"])
def test_characters_beyond_ascii_are_said_exactly(text: str) -> None:
    language = Language.regex(text, FULL)
    for one in (language, ~language, language | Language.exact("ab")):
        said = one.to_regex(SPAN)
        assert (Language.regex(said, SPAN) & UTF8).equals(one & UTF8)


@settings(deadline=None, max_examples=60)
@given(LANGUAGES, st.sampled_from(Dialect), st.sampled_from([PATH, HEADER_VALUE, None]))
def test_what_is_said_agrees_within_the_domain(
    language: Language, dialect: Dialect, within: Language | None
) -> None:
    try:
        text = language.to_regex(dialect, within=within)
    except Opaque:
        return
    domain = UTF8 if within is None else within
    assert len(text) <= 1024
    assert (Language.regex(text, dialect) & domain).equals(language & domain)


def test_the_text_does_not_depend_on_how_the_set_was_built() -> None:
    a, b = Language.prefix("/a"), Language.prefix("/b")
    assert (~a & ~b).to_regex(SPAN, within=PATH) == (~(b | a)).to_regex(SPAN, within=PATH)
