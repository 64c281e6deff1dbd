"""``http[].match[]``: which requests a rule is for."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from ir.attachment import Reach
from ir.match import Part, Pattern, PatternKind, Presence, RegexDialect, Test
from ir.traffic import RouteMatch
from tests.importers.istio.link_routes_cases import patterns, read_one, read_rule
from translator.errors import InputError

ROUTE = "route: [{destination: {host: reviews}}]"


def match(text: str) -> RouteMatch:
    body = indent(dedent(text).strip(), "  ")
    (found,) = read_rule(f"match:\n-{body[1:]}\n{ROUTE}").matches
    return found


def asked(text: str) -> Test:
    (found,) = match(text).requests.tests
    return found


@pytest.mark.parametrize(
    ("written", "kind"),
    [("exact", PatternKind.EXACT), ("prefix", PatternKind.PREFIX), ("regex", PatternKind.REGEX)],
)
def test_a_path_is_compared_as_written(written: str, kind: PatternKind) -> None:
    found = asked(f"uri: {{{written}: /api}}")
    assert found.part is Part.PATH
    dialect = RegexDialect.RE2_FULL if kind is PatternKind.REGEX else None
    assert found.any_of[0].value == Pattern(kind, "/api", dialect=dialect)


def test_ignore_uri_case_folds_exact_and_prefix() -> None:
    found = asked("uri: {prefix: /Api}\nignoreUriCase: true")
    assert found.any_of[0].value == Pattern(PatternKind.PREFIX, "/Api", ignore_case=True)
    assert len(found.trail.origin) == 1


def test_ignore_uri_case_leaves_a_regular_expression_as_it_is() -> None:
    found = asked("uri: {regex: /a.*}\nignoreUriCase: true")
    pattern = found.any_of[0].value
    assert isinstance(pattern, Pattern)
    assert not pattern.ignore_case


def test_ignore_uri_case_alone_shapes_nothing_but_the_match() -> None:
    found = match("ignoreUriCase: true")
    assert found.requests.tests == ()
    assert len(found.trail.origin) == 1


@pytest.mark.parametrize("field", ["uri", "method", "authority", "headers: {x: "])
def test_a_string_match_of_two_kinds_is_refused(field: str) -> None:
    end = "}" if "{" in field else ""
    colon = "" if "{" in field else ": "
    with pytest.raises(InputError, match="expected only one of exact, prefix, regex"):
        match(f"{field}{colon}{{exact: a, prefix: b}}{end}")


@pytest.mark.parametrize(
    ("field", "part"),
    [("scheme", Part.SCHEME), ("method", Part.METHOD), ("authority", Part.AUTHORITY)],
)
def test_parts_that_every_request_has_are_compared(field: str, part: Part) -> None:
    found = asked(f"{field}: {{exact: GET}}")
    assert (found.part, patterns(found)) == (part, [("exact", "GET")])
    assert match(f"{field}: {{}}").requests.tests == ()


def test_header_names_are_lower_case_and_their_leaf_is_the_value() -> None:
    found = asked("headers: {X-User: {exact: jason}}")
    assert found.part is Part.HEADER
    assert found.name is not None
    assert (found.name.value, found.name.origin) == ("x-user", ())
    assert found.name.because == found.any_of[0].origin


@pytest.mark.parametrize("written", ["{}", '{regex: "*"}'])
def test_an_empty_header_match_asks_for_presence(written: str) -> None:
    found = asked(f"headers: {{x-user: {written}}}")
    assert found.presence is not None
    assert (found.presence.value, len(found.presence.origin)) == (Presence.PRESENT, 1)
    assert found.any_of == ()


@pytest.mark.parametrize("written", ["{}", '{regex: "*"}'])
def test_an_empty_match_without_a_header_asks_for_absence(written: str) -> None:
    found = asked(f"withoutHeaders: {{x-user: {written}}}")
    assert found.presence is not None
    assert found.presence.value is Presence.ABSENT


def test_without_headers_takes_a_missing_header_for_the_empty_value() -> None:
    found = asked('withoutHeaders: {x-user: {exact: ""}}')
    assert found.missing_is_empty
    assert found.any_of == ()
    assert patterns(found) == [("exact", "")]


@pytest.mark.parametrize("key", [":authority", "host", "Host"])
def test_the_host_header_is_the_authority(key: str) -> None:
    found = asked(f'headers: {{"{key}": {{exact: a.com}}}}')
    assert (found.part, found.name) == (Part.AUTHORITY, None)


@pytest.mark.parametrize(
    ("key", "name"),
    [("@request.auth.claims.group", "[group]"), ("@request.auth.claims[a][b.c]", "[a][b.c]")],
)
def test_claims_are_asked_for_by_their_path(key: str, name: str) -> None:
    found = asked(f'headers: {{"{key}": {{exact: x}}}}')
    assert found.part is Part.TOKEN_CLAIM
    assert found.name is not None
    assert found.name.value == name


def test_query_parameters_keep_the_case_of_their_name() -> None:
    found = asked("queryParams: {Page: {exact: '1'}}")
    assert found.part is Part.QUERY
    assert found.name is not None
    assert found.name.value == "Page"
    empty = asked("queryParams: {page: {}}")
    assert empty.presence is not None
    assert empty.presence.value is Presence.PRESENT


def test_a_port_is_the_one_of_the_service() -> None:
    found = asked("port: 9080")
    assert (found.part, patterns(found)) == (Part.SERVICE_PORT, [("exact", "9080")])


def test_clients_are_chosen_by_namespace_and_labels_together() -> None:
    audience = match("sourceNamespace: web\nsourceLabels: {app: shop}").audience
    assert audience is not None
    assert audience.reach is Reach.WORKLOADS
    assert [space.value for space in audience.namespaces] == ["web"]
    assert audience.labels is not None
    assert audience.labels.value.requirements[0].values == ("shop",)


def test_a_namespace_alone_reaches_namespaces() -> None:
    audience = match("sourceNamespace: web").audience
    assert audience is not None
    assert (audience.reach, audience.labels) == (Reach.NAMESPACES, None)


def test_names_for_statistics_change_no_request() -> None:
    spec = f"hosts: [a]\nhttp: [{{match: [{{name: canary, statPrefix: stats}}], {ROUTE}}}]"
    assert [value.value for value in read_one(spec).quiet] == ["canary", "stats"]


def test_empty_collections_are_part_of_the_match() -> None:
    found = match("headers: {}\nwithoutHeaders: {}\nqueryParams: {}\nsourceLabels: {}\nuri: {}")
    assert found.requests.tests == ()
    assert found.audience is None
    assert len(found.trail.origin) == 5
