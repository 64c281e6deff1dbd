"""What languages hold, and the laws of their algebra."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ir.language import (
    HEADER_VALUE,
    NORMAL_PATH,
    PATH,
    TOKEN,
    BadPattern,
    Dialect,
    Language,
    Opaque,
    atoms,
)

WORDS = tuple("".join(letters) for size in range(7) for letters in product("/ab", repeat=size))
FULL = Dialect.RE2_FULL

LEAVES = st.one_of(
    *(
        st.builds(maker, st.text("/ab", max_size=3))
        for maker in (Language.exact, Language.prefix, Language.suffix, Language.contains)
    ),
    st.builds(Language.element_prefix, st.text("/ab", max_size=3).map(lambda t: "/" + t)),
    st.sampled_from(["a*b", "(/a)+", "[^/]*", "(a|ab)(/b)?", "/[^/]+/b", "(?i)A.", "a\\b.*"]).map(
        lambda text: Language.regex(text, FULL)
    ),
)
LANGUAGES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=4,
)
SOME_WORDS = st.text("/ab", max_size=6)


def members(language: Language) -> frozenset[str]:
    return frozenset(word for word in WORDS if language.accepts(word))


@settings(deadline=None, max_examples=60)
@given(LANGUAGES, LANGUAGES, SOME_WORDS)
def test_operators_are_those_of_sets(left: Language, right: Language, word: str) -> None:
    a, b = left.accepts(word), right.accepts(word)
    assert (left & right).accepts(word) is (a and b)
    assert (left | right).accepts(word) is (a or b)
    assert (left - right).accepts(word) is (a and not b)
    assert (~left).accepts(word) is not a


@settings(deadline=None, max_examples=60)
@given(LANGUAGES, LANGUAGES, LANGUAGES)
def test_boolean_laws_hold(a: Language, b: Language, c: Language) -> None:
    assert (~(a & b)).equals(~a | ~b)
    assert (a & (b | c)).equals((a & b) | (a & c))
    assert (a - b).disjoint(b)
    assert (a & b).issubset(a)
    assert (a | ~a).is_everything()
    assert (a & ~a).is_empty()


@settings(deadline=None, max_examples=60)
@given(LANGUAGES, LANGUAGES)
def test_questions_agree_with_brute_force(left: Language, right: Language) -> None:
    a, b = members(left), members(right)
    if a != b:
        assert not left.equals(right)
    if left.issubset(right):
        assert a <= b
    if left.disjoint(right):
        assert not a & b
    shortest = left.witness("/ab")
    if shortest is None:
        assert not a
    elif len(shortest) <= 6:
        assert left.accepts(shortest)
        assert all(len(word) >= len(shortest) for word in a)
    else:
        assert not a


@settings(deadline=None, max_examples=60)
@given(LANGUAGES)
def test_a_solid_language_is_the_same_language(language: Language) -> None:
    assert language.solid().equals(language)
    assert members(language.solid()) == members(language)


@settings(deadline=None, max_examples=40)
@given(st.lists(LANGUAGES, min_size=1, max_size=4))
def test_atoms_are_all_signatures_that_occur(languages: list[Language]) -> None:
    found = {atom.signature: atom.witness for atom in atoms(languages)}
    for word in WORDS[:400]:
        signature = sum(one.accepts(word) << n for n, one in enumerate(languages))
        assert len(found[signature]) <= len(word)
    for signature, witness in found.items():
        assert signature == sum(one.accepts(witness) << n for n, one in enumerate(languages))


def test_atoms_stay_within_the_domain() -> None:
    found = atoms([Language.prefix("/a"), Language.suffix("b")], within=PATH)
    assert [(atom.signature, atom.witness) for atom in found] == [
        (0, b"/"),
        (1, b"/a"),
        (2, b"/b"),
        (3, b"/ab"),
    ]


def test_too_many_atoms_are_refused_and_not_sampled() -> None:
    with pytest.raises(Opaque, match="more than 100 states"):
        atoms([Language.contains(letter * 3) for letter in "abcdefgh"], cap=100)


@pytest.mark.parametrize(
    ("language", "inside", "outside"),
    [
        (Language.exact("/a"), ["/a"], ["/", "/A", "/aa", ""]),
        (Language.exact("/a", ignore_case=True), ["/a", "/A"], ["/b"]),
        (Language.exact("k", ignore_case=True), ["k", "K"], ["\u212a"]),
        (Language.exact("é", ignore_case=True), ["é"], ["É"]),
        (Language.prefix("/foo"), ["/foo", "/foobar", "/foo\n"], ["/fo"]),
        (Language.suffix(".js"), [".js", "a.js"], ["ajs"]),
        (Language.contains("a.b"), ["xa.by"], ["aXb"]),
        (Language.glob("*.a.*"), [".a.", "x.a.y.a.z"], ["x.a"]),
        (Language.one_of("ab"), ["a", "b"], ["", "ab", "c"]),
        (Language.non_empty(), ["a"], [""]),
        (Language.anything(), ["", "x"], []),
        (Language.nothing(), [], ["", "x"]),
        (Language.element_prefix("/foo"), ["/foo", "/foo/", "/foo/x"], ["/foobar", "/fo", "/"]),
        (Language.element_prefix("/foo/"), ["/foo", "/foo/x"], ["/foobar"]),
        (Language.element_prefix("/"), ["/", "/a", ""], []),
        (Language.template("/a/{*}"), ["/a/b", "/a/%20"], ["/a", "/a/", "/a/b/c", "/a/b=c"]),
        (Language.template("/a/{**}"), ["/a/", "/a/b/c", "/a/b/"], ["/a", "/ab"]),
        (Language.template("/{*}/{**}/x"), ["/a/b/x", "/a/b/c/x", "/a//x"], ["/a/x", "//b/x"]),
    ],
)
def test_makers_hold_what_they_say(
    language: Language, inside: list[str], outside: list[str]
) -> None:
    assert [word for word in inside if not language.accepts(word)] == []
    assert [word for word in outside if language.accepts(word)] == []


@pytest.mark.parametrize("text", ["a", "", "/{**}/{*}", "/{**}/{**}", "/a{*}", "/*", "/{a}"])
def test_templates_that_the_mesh_refuses_are_bad_patterns(text: str) -> None:
    with pytest.raises(BadPattern):
        Language.template(text)


@pytest.mark.parametrize(
    ("language", "shortest"),
    [
        (Language.prefix("/a") - Language.exact("/a"), b"/aa"),
        (PATH - Language.exact("/"), b"/a"),
        (Language.regex("[!-~]{2}", FULL), b"aa"),
        (Language.regex("[^a-z]", FULL), b"0"),
        (Language.regex("x+", FULL) & Language.regex("(xxx)*", FULL), b"xxx"),
        (Language.nothing(), None),
        (Language.exact("a") & Language.exact("b"), None),
    ],
)
def test_a_witness_is_shortest_and_readable(language: Language, shortest: bytes | None) -> None:
    assert language.witness() == shortest


def test_a_witness_prefers_as_asked() -> None:
    assert Language.regex("[a-z]{2}", FULL).witness("zy") == b"zz"


def test_bytes_that_are_not_utf8_are_strings_too() -> None:
    assert Language.prefix("a").accepts(b"a\xff")
    assert not Language.regex("a.", FULL).accepts(b"a\xff")
    assert Language.regex("a.", FULL).accepts("aé")
    assert (Language.contains("é") & Language.regex(".", FULL)).witness() == "é".encode()


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (PATH, ["/", "/a%zz", "//", "/\\", "/."], ["", "a", "/?", "/#", "/ ", "/é"]),
        (
            NORMAL_PATH,
            ["/", "//", "/a/", "/...", "/.a", "/a%2Fb", "/%5c", "/a..", "/..."],
            ["/.", "/..", "/a/./b", "/a/..", "/%2e", "/%2E%2e", "/%41", "/%", "/%4", "/\\", "/%7E"],
        ),
        (TOKEN, ["GET", "x-y"], ["", "G T", "a:b"]),
        (HEADER_VALUE, ["", "a", "a b", "a\tb"], [" a", "a ", "\t", "a\n", "é"]),
    ],
)
def test_domains_hold_what_they_say(
    domain: Language, inside: list[str], outside: list[str]
) -> None:
    assert [word for word in inside if not domain.accepts(word)] == []
    assert [word for word in outside if domain.accepts(word)] == []


def test_long_unions_do_not_exhaust_the_stack() -> None:
    whole = Language.nothing()
    for number in range(3000):
        whole = whole | Language.exact(f"/{number % 40}")
    assert whole.accepts("/7")
    assert whole.witness() == b"/0"


SMALL = st.recursive(
    st.sampled_from(["a", "b", "/", ".", "[ab]", "[^a]", "[^/]", "\\.", "^", "$", "\\b", "\\B"]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: f"(?:{a}|{b})", inner, inner),
        st.builds(
            lambda a, op: f"(?:{a}){op}",
            inner,
            st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"]),
        ),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=150)
@given(SMALL, st.lists(st.text("/ab\n.", max_size=6), max_size=20))
def test_full_matches_agree_with_another_engine(text: str, words: list[str]) -> None:
    ours = Language.regex(text, FULL)
    # The oracle differs: its $ also stands before a last newline, and its \B never holds in "".
    theirs = re.compile(text.replace("$", r"\Z"), re.ASCII)
    for word in words:
        if word or "\\B" not in text:
            assert ours.accepts(word) is bool(theirs.fullmatch(word))


@settings(deadline=None, max_examples=150)
@given(SMALL, st.lists(st.text("/ab\n.", max_size=6), max_size=20))
def test_searches_agree_with_another_engine(text: str, words: list[str]) -> None:
    ours = Language.regex(text, Dialect.GO_SEARCH)
    theirs = re.compile(text.replace("$", r"\Z"), re.ASCII)
    for word in words:
        if word or "\\B" not in text:
            assert ours.accepts(word) is bool(theirs.search(word))
