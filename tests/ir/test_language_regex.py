"""Regular expressions of the dialects: what is read, what is refused, what is not known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ir.language import PATH, BadPattern, Dialect, Language, Opaque
from ir.language.formula import Operation
from ir.language.parse import parse
from ir.language.program import _determined, _Program
from ir.language.syntax import matches_most

FULL, SPAN, SEARCH = Dialect.RE2_FULL, Dialect.RUST_SPAN, Dialect.GO_SEARCH


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        # Each row was run through the crate regex 1.13.2.
        ("a|ab", ["a"], ["ab", "b", ""]),
        ("ab|a", ["a", "ab"], ["b"]),
        ("/a|/ab", ["/a"], ["/ab"]),
        ("a.*?", ["a"], ["ab", "abc"]),
        ("a.*?$", ["a", "ab"], ["a\n"]),
        ("^(?:a|ab)$", ["a", "ab"], ["abc"]),
        ("(a|ab)(c|bcd)", ["ac", "abc", "abcd", "abbcd"], ["ab"]),
        ("(|a)*", [""], ["a", "aa"]),
        ("(a|)*", ["", "a", "aa"], ["b"]),
        ("(|a)+", [""], ["a"]),
        ("a??", [""], ["a"]),
        ("(?U)a+", ["a"], ["aa"]),
        ("(?U)a+?", ["a", "aa"], [""]),
        ("a{1,3}?", ["a"], ["aa"]),
        ("(?i)k", ["k", "K", "\u212a"], ["a"]),
        ("(?i:a)b", ["ab", "Ab"], ["aB"]),
        ("a**", ["", "aa"], ["b"]),
        ("[a&&b]", [], ["a", "b"]),
        ("[a-z&&[^b]]", ["a", "c"], ["b"]),
        ("[a-z--b]", ["a"], ["b"]),
        ("[ab~~bc]", ["a", "c"], ["b"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[--a]", ["-", "a"], ["b"]),
        ("[]-a]", ["]", "-", "a"], ["^"]),
        (r"\u0041\x{42}\x43", ["ABC"], ["abc"]),
        (".", ["a", "é"], ["\n", "", "ab"]),
        ("(?s).", ["\n", "é"], [""]),
        ("[^a]", ["\n", "b", "é"], ["a"]),
        ("(?m)a$\nb", ["a\nb"], ["ab"]),
        (r"(?-u:\w)+", ["a_1"], ["é"]),
        (r"a(?-u:\b)b|c", ["c"], ["ab"]),
        (r"(?m)^a\n^b", ["a\nb"], ["a"]),
        (r"\<a\>/", ["a/"], ["aa/"]),
        (r"a\b{start}b|/\b{start}a", ["/a"], ["ab"]),
        (r"a\b{end}/|a\b{end}a", ["a/"], ["aa"]),
        (r"/\b{start-half}a|a\b{start-half}b", ["/a"], ["ab"]),
        (r"a\b{end-half}/|a\b{end-half}b", ["a/"], ["ab"]),
        (r"[a[bc]&&[b-d]]", ["b", "c"], ["a", "d"]),
        (r"[[:alpha:]&&[^a]]", ["b"], ["a", "1"]),
        (r"[[:foo:]]", [":", "f", "o"], ["a"]),
    ],
)
def test_rust_needs_the_preferred_match_to_span_the_whole(
    text: str, inside: list[str], outside: list[str]
) -> None:
    language = Language.regex(text, SPAN)
    assert [word for word in inside if not language.accepts(word)] == []
    assert [word for word in outside if language.accepts(word)] == []


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        # Each row was run through google-re2 1.1.
        ("a|ab", ["a", "ab"], ["b"]),
        ("a.*?", ["a", "ab"], ["b"]),
        (r"\Qa.b\E*", ["a.b", "a.bb", "a."], ["aXb"]),
        ("a{,2}", ["a{,2}"], ["aa"]),
        ("a{01}", ["a{01}"], ["a"]),
        ("x{", ["x{"], ["x"]),
        ("[[:alpha:]_]+", ["aZ_"], ["1", "é"]),
        ("[[:^alpha:]]", ["1", "é"], ["a"]),
        (r"\101\x42\x{43}", ["ABC"], ["abc"]),
        (r"\s", [" ", "\t"], ["\v", "\u00a0"]),
        (r"\w\d", ["a1"], ["é1"]),
        ("(?i)s", ["s", "S", "\u017f"], ["a"]),
        ("(?i)[^k]", ["a"], ["k", "K", "\u212a"]),
        ("^a$", ["a"], ["a\n"]),
        ("(?m)^a$\n^b$", ["a\nb"], ["ab"]),
        (r"a\bb", [], ["ab"]),
        (r"a\b/", ["a/"], ["aa"]),
        (r"\B", [""], ["a"]),
        ("a$b", [], ["ab", "a"]),
        ("(?P<n>a)(?<m>b)", ["ab"], ["a"]),
        ("a(?i)b|c", ["ab", "aB", "C"], ["Ab"]),
        ("", [""], ["a"]),
        ("|a", ["", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[]-a]", ["]", "^", "a"], ["-"]),
        ("[^]a]", ["b"], ["]", "a"]),
        ("é+", ["éé"], ["e"]),
        ("[à-é]", ["é", "à"], ["ê", "a"]),
    ],
)
def test_re2_matches_the_whole_string(text: str, inside: list[str], outside: list[str]) -> None:
    language = Language.regex(text, FULL)
    assert [word for word in inside if not language.accepts(word)] == []
    assert [word for word in outside if language.accepts(word)] == []


def test_go_searches_anywhere() -> None:
    language = Language.regex("^/a|b$", SEARCH)
    assert language.accepts("/axx")
    assert language.accepts("xxb")
    assert not language.accepts("x/ax")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(",
            ")",
            "[",
            "[]",
            "*",
            "a|*",
            "(?",
            "(?i",
            "(?z)",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?>a)",
        ),
        *("a{2,1}", "\\1", "\\8", "\\", "\\y", "[b-a]", "(?P<n>a)(?P<n>b)", "\\x{110000}", "\\xg"),
        *("[a", "(?:a", "\ud800", "(?)", "a{1001}x{"),
    ],
)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_what_no_engine_takes_is_a_bad_pattern(text: str, dialect: Dialect) -> None:
    if text == "a{1001}x{" and dialect is SPAN:
        text = "x{"
    with pytest.raises(BadPattern):
        Language.regex(text, dialect)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        *(("a**", FULL), ("a{2}{3}", FULL), ("a++", FULL), ("(a{100}){100}", FULL)),
        *(("[[:foo:]]", FULL), ("(?x)a", FULL), ("\\u0041", FULL)),
        *(("\\Qa\\E", SPAN), ("\\012", SPAN), ("a{", SPAN), ("{", SPAN), ("(?ii)a", SPAN)),
        *(("\\xzz", SPAN), ("[a-\\d]", SPAN), ("\\é", SPAN)),
    ],
)
def test_what_one_engine_refuses_is_a_bad_pattern_there(text: str, dialect: Dialect) -> None:
    with pytest.raises(BadPattern):
        Language.regex(text, dialect)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        *(("\\p{Greek}", FULL), ("\\pX", FULL), ("\\C", FULL), ("\\p{Greek}", SPAN)),
        *(("(?x) a", SPAN), ("(?R)$", SPAN), ("(?-u:.)", SPAN), ("(?-u:\\W)", SPAN)),
        *(("a{1000}{1000}", SPAN), ("(((a{99}){99}){99})", SPAN), ("(" * 200 + ")" * 200, FULL)),
        *((".*a.{30}", SPAN), ("[[a" * 60, SPAN), ("(?-u)[^a]", SPAN), ("(?-u)\\xff", SPAN)),
        *(("\\Q\\E*", FULL), ("a{,2}", SPAN)),
    ],
)
def test_what_is_not_modelled_is_opaque(text: str, dialect: Dialect) -> None:
    with pytest.raises(Opaque) as caught:
        Language.regex(text, dialect)
    assert not isinstance(caught.value, BadPattern)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("text", "dialect", "inside", "outside"),
    [
        (r"/\d+", SPAN, "/12", "/a"),
        (r"/\w+\b/x", SPAN, "/a_/x", "/-/x"),
        (r"/\S", SPAN, "/a", "/"),
        (r"/\pL", FULL, "/a", "/1"),
        (r"/\p{^Lu}", FULL, "/a", "/A"),
        (r"/\PN", SPAN, "/a", "/1"),
        (r"(?i)/É?a", FULL, "/A", "/e"),
    ],
)
def test_unicode_classes_are_exact_in_ascii_and_opaque_beyond(
    text: str, dialect: Dialect, inside: str, outside: str
) -> None:
    language = Language.regex(text, dialect)
    assert language.accepts(inside)
    assert not language.accepts(outside)
    assert not (language & PATH).is_empty()
    assert (language & PATH).issubset(PATH)
    assert not (PATH - language).is_empty()
    for question in (
        lambda: language.accepts(inside + "é"),
        language.is_empty,
        (~language).witness,
        (language | PATH).solid,
        lambda: language.issubset(PATH),
    ):
        with pytest.raises(Opaque):
            question()


def test_the_same_pattern_is_the_same_language_even_where_it_is_vague() -> None:
    assert Language.regex(r"\d", SPAN).equals(Language.regex(r"\d", SPAN))


def test_re2_takes_overlong_forms_for_characters() -> None:
    # Compiler::Add_80_10ffff in re2/compile.cc; run through google-re2 1.1.
    assert Language.regex(".", FULL).accepts(b"\xe0\x80\x80")
    assert not Language.regex(".", SPAN).accepts(b"\xe0\x80\x80")
    assert not Language.regex("[é-\U0010ffff]", FULL).accepts(b"\xe0\x80\x80")


CHARACTERS = st.sampled_from(["a", "[^a]", ".", "é", "[aé]", "/"])


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(CHARACTERS, max_size=3), loop=CHARACTERS, after=st.lists(CHARACTERS, max_size=3)
)
def test_where_the_longest_match_is_preferred_anyway_nothing_is_cut_short(
    before: list[str], loop: str, after: list[str]
) -> None:
    text = f"{''.join(before)}{loop}*{''.join(after)}"
    node = parse(text, SPAN).node
    assert matches_most(node)
    cut = Language(Operation.LEAF, leaf=_determined(_Program(node), cut=True))
    assert cut.equals(Language.regex(text, SPAN))


def test_alternatives_of_which_one_begins_another_are_cut_short() -> None:
    assert not Language.regex("a|ab", SPAN).accepts("ab")
    assert Language.regex("^(?:a|ab)$", SPAN).accepts("ab")
    assert not Language.regex("a?(?:ab)?", SPAN).accepts("ab")
