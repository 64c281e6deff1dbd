"""How one test reads one request."""

from __future__ import annotations

import pytest

from ir.access import Evidence
from ir.behaviour.concrete_match import Sight, holds, pattern_matches, seen_path
from ir.behaviour.concrete_regex import Unsupported
from ir.behaviour.request import Caller, Request
from ir.match import (
    Cidr,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Presence,
    RegexDialect,
    Unreadable,
    View,
)
from ir.match import (
    Test as Question,
)
from tests.ir.facts import labelled, on, pattern, shop

WEB = Caller(namespace="shop", service_account="web", labels={"app": "reviews"})


def met(test: Question, request: Request | None = None, view: View | None = None) -> bool:
    return holds(
        test,
        Sight(request=request or Request(caller=WEB), view=view or View(), inventory=shop()),
    )


@pytest.mark.parametrize(
    ("kind", "text", "covered", "not_covered"),
    [
        (PatternKind.EXACT, "/a", "/a", "/a/"),
        (PatternKind.PREFIX, "/foo", "/foobar", "/fo"),
        (PatternKind.SUFFIX, ".html", "/x.html", "/x.html?"),
        (PatternKind.CONTAINS, "b", "abc", "ac"),
        (PatternKind.ELEMENT_PREFIX, "/foo/", "/foo", "/foobar"),
        (PatternKind.ELEMENT_PREFIX, "/foo", "/foo/x", "/fo"),
        (PatternKind.TEMPLATE, "/a/{*}/b", "/a/x/b", "/a/x/y/b"),
        (PatternKind.TEMPLATE, "/a/{**}", "/a/x/y", "/a"),
        (PatternKind.NON_EMPTY, "", "x", ""),
        (PatternKind.GLOB, "a*c*", "abcd", "xac"),
        (PatternKind.GLOB, "a.*", "a.b", "ab"),
    ],
)
def test_a_pattern_covers_whole_values_by_its_kind(
    kind: PatternKind, text: str, covered: str, not_covered: str
) -> None:
    assert pattern_matches(Pattern(kind, text), covered)
    assert not pattern_matches(Pattern(kind, text), not_covered)


def test_an_element_prefix_of_one_slash_covers_everything() -> None:
    assert pattern_matches(Pattern(PatternKind.ELEMENT_PREFIX, "/"), "/any/path")


def test_case_counts_unless_the_pattern_ignores_it() -> None:
    assert not pattern_matches(Pattern(PatternKind.EXACT, "Shop"), "shop")
    assert pattern_matches(Pattern(PatternKind.EXACT, "Shop", ignore_case=True), "sHOP")


def regex(text: str, value: str, dialect: RegexDialect | None = RegexDialect.RE2_FULL) -> bool:
    return pattern_matches(Pattern(PatternKind.REGEX, text, dialect=dialect), value)


def test_a_full_match_tries_every_alternative() -> None:
    assert regex("a|ab", "ab")
    assert not regex("a|ab", "abc")
    assert regex("(?i)/V[0-9]+$", "/v12")
    assert regex(r"/\d{1,2}(?:/[a-z.\-]*)?", "/12/a.b-c")


def test_a_span_match_keeps_the_first_alternative_that_is_found() -> None:
    rust = RegexDialect.RUST_SPAN
    assert not regex("a|ab", "ab", rust)
    assert regex("(?:ab|a)", "ab", rust)
    assert not regex("a.*?", "abc", rust)
    assert not regex("b", "ab", rust)


def test_a_search_finds_its_text_anywhere() -> None:
    assert regex("b+", "abbc", RegexDialect.GO_SEARCH)
    assert not regex("^b+", "abbc", RegexDialect.GO_SEARCH)


@pytest.mark.parametrize(
    "text",
    ["(?=a)", "(?<!a)b", r"(a)\1", "a++", "a{,3}", "[[:alpha:]]", r"\pL", "a(?i)b", "[a&&b]", "("],
)
def test_an_expression_outside_of_the_common_subset_is_refused(text: str) -> None:
    with pytest.raises(Unsupported):
        regex(text, "a")


def test_text_beyond_ascii_and_a_missing_dialect_are_refused() -> None:
    with pytest.raises(Unsupported):
        regex(".", "é")
    with pytest.raises(Unsupported):
        regex("a", "a", None)


@pytest.mark.parametrize(
    ("path", "form", "seen"),
    [
        ("/a/../b?q=1", PathForm.RAW, "/a/../b"),
        ("/a/../b", PathForm.NORMAL, "/b"),
        ("/a/%2e%2E/b", PathForm.NORMAL, "/b"),
        ("/a/./b/..", PathForm.NORMAL, "/a/"),
        ("/../..", PathForm.NORMAL, "/"),
        ("\\a\\b", PathForm.NORMAL, "/a/b"),
        ("/%61%2F%7e", PathForm.NORMAL, "/a%2F~"),
        ("/a//b", PathForm.NORMAL, "/a//b"),
        ("/a//./b///c", PathForm.MERGED, "/a/b/c"),
        ("/a%2F..%5cb", PathForm.DECODED_AND_MERGED, "/b"),
        ("*", PathForm.NORMAL, "*"),
    ],
)
def test_a_path_is_seen_in_the_form_of_the_view(path: str, form: PathForm, seen: str) -> None:
    assert seen_path(path, View(path=form)) == seen


def test_the_query_belongs_to_the_path_only_where_the_view_says_so() -> None:
    request = Request(caller=WEB, path="/a?x=1")
    test = on(Part.PATH, "/a?x=1")
    assert not met(test, request)
    assert met(test, request, View(path_has_query=True))


def test_none_of_passes_where_the_part_is_missing_and_any_of_fails() -> None:
    plain = Request(caller=Caller(namespace="shop", service_account="web", mtls=False))
    identity = "cluster.local/ns/shop/sa/web"
    assert met(on(Part.IDENTITY, none_of=(identity,)), plain)
    assert not met(on(Part.IDENTITY, identity), plain)
    assert met(on(Part.IDENTITY, identity))
    assert not met(on(Part.IDENTITY, none_of=(identity,)))


def test_a_missing_header_counts_as_empty_where_the_test_says_so() -> None:
    assert met(on(Part.HEADER, "", name="x-a", missing_is_empty=True))
    assert not met(on(Part.HEADER, "", name="x-a"))


def test_presence_asks_whether_the_part_is_there() -> None:
    request = Request(caller=WEB, headers={"X-A": ""})
    assert met(on(Part.HEADER, name="x-a", presence=Presence.PRESENT), request)
    assert met(on(Part.HEADER, name="x-b", presence=Presence.ABSENT), request)
    assert not met(on(Part.HEADER, name="x-b", presence=Presence.PRESENT), request)


def test_the_node_agent_shows_no_certificate() -> None:
    probe = Request(caller=Caller(probe=True))
    assert not met(on(Part.CERTIFICATE, presence=Presence.PRESENT), probe)
    assert met(on(Part.CERTIFICATE, presence=Presence.PRESENT))


@pytest.mark.parametrize(
    "test",
    [
        on(Part.NAMESPACE, "shop"),
        on(Part.SERVICE_ACCOUNT, "shop/web"),
        on(Part.TRUST_DOMAIN, "cluster.local"),
        on(Part.PEER_ADDRESS, Cidr("10.0.0.0/8")),
        on(Part.CLIENT_ADDRESS, none_of=(Cidr("10.0.0.0/8", ("10.1.0.0/16",)),)),
        on(Part.WORKLOAD_LABELS, labelled(app="reviews")),
        on(Part.ENTITY, "cluster"),
        on(Part.SERVICE, "shop/reviews"),
        on(Part.PORT, "9080"),
        on(Part.SERVICE_PORT, "80"),
        on(Part.METHOD, "POST"),
        on(Part.SCHEME, "http"),
        on(Part.SERVER_NAME, "reviews"),
        on(Part.AUTHORITY, "reviews:80"),
        on(Part.HEADER, "reviews:80", name="Host"),
        on(Part.QUERY, "a b", name="q"),
        on(Part.RPC_SERVICE, "shop.Reviews"),
        on(Part.RPC_METHOD, "Get"),
        on(Part.TOKEN_CLAIM, name="iss", none_of=("x",)),
    ],
)
def test_every_part_is_read_off_the_request(test: Question) -> None:
    request = Request(
        caller=WEB,
        port=9080,
        service_port=80,
        method="POST",
        path="/shop.Reviews/Get?q=a%20b",
        authority="reviews:80",
        server_name="reviews",
    )
    assert met(test, request)


def test_the_view_may_hide_the_port_of_the_authority() -> None:
    request = Request(caller=WEB, authority="reviews:80")
    assert met(on(Part.AUTHORITY, "reviews"), request, View(authority_has_port=False))


def test_labels_prove_a_namespace_where_the_rule_goes_by_labels() -> None:
    plain = Caller(namespace="shop", service_account="web", mtls=False)
    sight = Sight(request=Request(caller=plain), evidence=Evidence.LABEL)
    assert holds(on(Part.NAMESPACE, "shop"), sight)
    assert not met(on(Part.NAMESPACE, "shop"), Request(caller=plain))


@pytest.mark.parametrize(
    ("part", "headers"),
    [
        (Part.EXTENSION, {}),
        (Part.TOKEN_PRINCIPAL, {"Authorization": "Bearer x"}),
        (Part.CLIENT_ADDRESS, {"X-Forwarded-For": "1.2.3.4"}),
    ],
)
def test_what_a_plain_request_does_not_tell_is_refused(part: Part, headers: dict[str, str]) -> None:
    with pytest.raises(Unsupported):
        met(on(part, "x"), Request(caller=WEB, headers=headers))


def test_a_pseudo_header_is_refused() -> None:
    with pytest.raises(Unsupported):
        met(on(Part.HEADER, "x", name=":path"))


def test_on_a_connection_that_is_not_http_the_view_decides() -> None:
    request = Request(caller=WEB, http=False)
    test = on(Part.METHOD, none_of=("GET",))
    assert not met(test, request, View(on_unreadable=Unreadable.NO_MATCH))
    assert met(on(Part.METHOD, "PUT"), request, View(on_unreadable=Unreadable.IGNORE_TEST))


def test_to_the_network_the_node_agent_is_the_host() -> None:
    assert met(on(Part.ENTITY, "host"), Request(caller=Caller(probe=True)))


def test_an_outsider_has_no_labels() -> None:
    outsider = Request(caller=Caller(mtls=False))
    assert not met(on(Part.WORKLOAD_LABELS, labelled()), outsider)
    assert met(on(Part.ENTITY, pattern("world")), outsider)
