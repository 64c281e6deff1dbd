"""What the rules of a VirtualService do, as written."""

from __future__ import annotations

import pytest

from ir.match import Pattern, PatternKind, RegexDialect
from ir.provenance import bare
from ir.resilience import RetryCondition
from ir.traffic import AS_ASKED, HeaderAction, HeaderEdit, HeaderSide, Rewrite
from tests.importers.istio.link_routes_cases import (
    names,
    read_one,
    read_rule,
)
from translator.errors import InputError

TO = "route: [{destination: {host: reviews}}]"


def edits(found: tuple[HeaderEdit, ...]) -> list[tuple[HeaderSide, HeaderAction, str, str | None]]:
    return [
        (e.side, e.action, e.name.value, None if e.value is None else e.value.value) for e in found
    ]


def rewrite(text: str) -> Rewrite:
    found = read_rule(f"{text}\n{TO}").rewrite
    assert found is not None
    return found


@pytest.mark.parametrize("weight", [0, 7, 100])
def test_the_weight_of_a_single_destination_counts_for_nothing(weight: int) -> None:
    (backend,) = read_rule(f"route: [{{destination: {{host: a}}, weight: {weight}}}]").backends
    assert backend.weight is None
    assert len(backend.trail.origin) == 1


def test_destinations_of_weight_0_go_and_belong_to_the_rule() -> None:
    route = read_rule(
        """\
        route:
        - {destination: {host: a}, weight: 30}
        - {destination: {host: b, subset: v2}, weight: 0}
        - {destination: {host: c}}
        - {destination: {host: d}, weight: 10}
        """
    )
    assert names(route) == ["a", "d"]
    assert [b.weight.value for b in route.backends if b.weight] == [30, 10]
    assert len(route.trail.origin) == len(("b", "v2", "0", "c"))


@pytest.mark.parametrize("weights", [(0, 0), (-1, 2)])
def test_weights_that_no_proxy_could_run_drop_the_rule(weights: tuple[int, int]) -> None:
    items = ", ".join(f"{{destination: {{host: a}}, weight: {w}}}" for w in weights)
    found = read_one(f"hosts: [a]\nhttp:\n- route: [{items}]\n- {TO}")
    assert [names(route) for route in found.http] == [["reviews"]]
    (refused,) = found.refused
    assert not refused.heeded
    assert len(refused.leaves) == len(("a", "a", *weights))


def test_a_rule_without_an_action_is_dropped() -> None:
    found = read_one("hosts: [a]\nhttp: [{timeout: 1s}]")
    assert found.http == ()
    assert [refused.heeded for refused in found.refused] == [False]


def test_a_destination_has_a_port_of_the_service_and_a_subset() -> None:
    (backend,) = read_rule(
        "route: [{destination: {host: a, subset: v1, port: {number: 80}}}]"
    ).backends
    wanted = backend.destination
    assert wanted.port is not None
    assert wanted.port.value.port == 80
    assert wanted.subset is not None
    assert wanted.subset.value == "v1"


def test_a_destination_without_a_host_is_refused() -> None:
    with pytest.raises(InputError, match='required field "host"'):
        read_rule("route: [{destination: {subset: v1}}]")


def test_an_absent_timeout_says_nothing_and_0_is_refused() -> None:
    assert read_rule(TO).timeouts is None
    found = read_rule(f"timeout: 1500ms\n{TO}").timeouts
    assert found is not None
    assert found.request is not None
    assert found.request.value == 1.5
    with pytest.raises(InputError, match="at least"):
        read_rule(f"timeout: 0s\n{TO}")


@pytest.mark.parametrize("written", ["{}", "{attempts: 0}", "{perTryTimeout: 2s}"])
def test_a_retry_block_without_attempts_switches_retries_off(written: str) -> None:
    found = read_rule(f"retries: {written}\n{TO}").retry
    assert found is not None
    assert (found.attempts.value, found.conditions) == (0, ())


def test_retry_on_holds_names_and_statuses() -> None:
    text = "{attempts: 3, retryOn: 'gateway-error,503,envoy-ratelimited', backoff: 1s}"
    found = read_rule(f"retries: {text}\n{TO}").retry
    assert found is not None
    assert [c.value for c in found.conditions] == [
        RetryCondition.GATEWAY_ERROR,
        RetryCondition.RATE_LIMITED,
    ]
    assert [s.value for s in found.statuses] == [503]
    assert found.backoff is not None
    assert found.backoff.value == 1


def test_a_word_that_is_no_retry_condition_counts_for_nothing() -> None:
    found = read_one(f"hosts: [a]\nhttp: [{{retries: {{attempts: 1, retryOn: 5yy}}, {TO}}}]")
    retry = found.http[0].retry
    assert retry is not None
    assert (retry.conditions, retry.statuses) == ((), ())
    assert [refused.heeded for refused in found.refused] == [True]


def test_where_the_next_try_goes_is_read() -> None:
    text = "{attempts: 1, retryRemoteLocalities: true, retryIgnorePreviousHosts: false}"
    found = read_rule(f"retries: {text}\n{TO}").retry
    assert found is not None
    assert found.other_localities is not None
    assert found.other_localities.value
    assert found.other_hosts is not None
    assert not found.other_hosts.value


def test_faults_have_a_share_that_is_0_where_it_has_no_value() -> None:
    found = read_rule(
        f"""\
        fault:
          delay: {{fixedDelay: 5s, percentage: {{value: 0.1}}}}
          abort: {{httpStatus: 503, percentage: {{}}}}
        {TO}
        """
    ).fault
    assert found is not None
    assert (found.delay and found.delay.value) == 5
    assert (found.delay_percent and found.delay_percent.value) == 0.1
    assert (found.abort_status and found.abort_status.value) == 503
    assert found.abort_percent is not None
    assert found.abort_percent.value == 0


def test_the_old_whole_percentage_of_a_delay_counts_where_no_other_is_given() -> None:
    found = read_rule(f"fault: {{delay: {{fixedDelay: 1s, percent: 20}}}}\n{TO}").fault
    assert found is not None
    assert found.delay_percent is not None
    assert found.delay_percent.value == 20


def test_mirrors_have_a_share_each() -> None:
    route = read_rule(f"mirror: {{host: a}}\nmirrorPercentage: {{value: 12.5}}\n{TO}")
    (mirror,) = route.mirrors
    assert mirror.percent is not None
    assert (mirror.destination.name.value, mirror.percent.value) == ("a", 12.5)
    several = read_rule(
        f"mirrors: [{{destination: {{host: a}}}}, "
        f"{{destination: {{host: b}}, percentage: {{value: 0}}}}]\n{TO}"
    ).mirrors
    assert [m.percent and m.percent.value for m in several] == [None, 0]


def test_a_mirror_percentage_without_a_mirror_shapes_nothing() -> None:
    found = read_one(f"hosts: [a]\nhttp: [{{mirrorPercentage: {{value: 5}}, {TO}}}]")
    assert found.http[0].mirrors == ()
    assert sum(len(value.origin) for value in found.quiet) == 1


def test_header_edits_set_add_and_remove() -> None:
    route = read_rule(
        f"headers: {{request: {{set: {{a: '1'}}, remove: [b]}}, "
        f"response: {{add: {{c: '2'}}}}}}\n{TO}"
    )
    assert edits(route.header_edits) == [
        (HeaderSide.REQUEST, HeaderAction.SET, "a", "1"),
        (HeaderSide.REQUEST, HeaderAction.REMOVE, "b", None),
        (HeaderSide.RESPONSE, HeaderAction.ADD, "c", "2"),
    ]


@pytest.mark.parametrize("key", ["Host", '":authority"'])
def test_setting_the_host_rewrites_the_authority(key: str) -> None:
    route = read_rule(f"headers: {{request: {{set: {{{key}: b.com}}}}}}\n{TO}")
    assert route.header_edits == ()
    assert route.rewrite is not None
    assert route.rewrite.authority is not None
    assert route.rewrite.authority.value == "b.com"


def test_the_host_of_the_rule_outdoes_that_of_its_destination() -> None:
    found = read_one(
        "hosts: [a]\nhttp: [{rewrite: {authority: r}, route: "
        "[{destination: {host: a}, headers: {request: {set: {host: d}}}}]}]"
    )
    (route,) = found.http
    assert route.rewrite is not None
    assert route.rewrite.authority is not None
    assert route.rewrite.authority.value == "r"
    assert [refused.heeded for refused in found.refused] == [True]


def test_one_of_several_destinations_has_a_host_of_its_own() -> None:
    route = read_rule(
        """\
        route:
        - {destination: {host: a}, weight: 1, headers: {request: {set: {host: x}}}}
        - {destination: {host: b}, weight: 1}
        """
    )
    assert route.rewrite is None
    assert edits(route.backends[0].header_edits) == [
        (HeaderSide.REQUEST, HeaderAction.SET, "host", "x")
    ]


def test_a_rewrite_replaces_the_prefix_or_a_path_that_is_matched_whole() -> None:
    prefix = rewrite("match: [{uri: {prefix: /a}}]\nrewrite: {uri: /b}")
    assert (prefix.path, prefix.prefix and prefix.prefix.value) == (None, "/b")
    for kind in ("exact", "regex"):
        whole = rewrite(f"match: [{{uri: {{{kind}: /a}}}}]\nrewrite: {{uri: /b}}")
        assert (whole.path and whole.path.value, whole.prefix) == ("/b", None)


def test_a_rewrite_of_prefixes_and_whole_paths_is_two_routes_in_order() -> None:
    found = read_one(
        "hosts: [a]\nhttp: [{match: [{uri: {exact: /a}}, {uri: {prefix: /a/}}], "
        f"rewrite: {{uri: /b}}, {TO}}}]"
    )
    rewrites = [route.rewrite for route in found.http]
    assert [r is not None and r.path is not None for r in rewrites] == [True, False]
    assert [len(route.matches) for route in found.http] == [1, 1]


def test_a_rewrite_by_expression_replaces_what_it_finds() -> None:
    found = rewrite("rewrite: {uriRegexRewrite: {match: /a(.*), rewrite: '\\1'}}")
    assert found.pattern is not None
    assert found.pattern.value == Pattern(
        PatternKind.REGEX, "/a(.*)", dialect=RegexDialect.GO_SEARCH
    )
    assert found.substitution is not None
    assert found.substitution.value == "\\1"


def test_a_redirect_states_its_parts() -> None:
    found = read_rule(
        "redirect: {uri: /x, authority: b.com, scheme: https, port: 8443, redirectCode: 308}"
    ).redirect
    assert found is not None
    parts = (found.path, found.authority, found.scheme, found.port, found.status)
    assert [part and part.value for part in parts] == ["/x", "b.com", "https", "8443", 308]


def test_a_redirect_may_keep_the_port_of_the_listener() -> None:
    found = read_rule("redirect: {uri: /x, derivePort: FROM_REQUEST_PORT}").redirect
    assert found is not None
    assert (found.port and found.port.value) == AS_ASKED
    usual = read_rule("redirect: {uri: /x, derivePort: FROM_PROTOCOL_DEFAULT}").redirect
    assert usual is not None
    assert usual.port is None


def test_a_body_of_bytes_is_read_as_text() -> None:
    found = read_rule("directResponse: {status: 503, body: {bytes: Z29uZQ==}}").answer
    assert found is not None
    assert (found.body and found.body.value) == "gone"


def test_a_direct_response_is_a_fixed_answer() -> None:
    found = read_rule("directResponse: {status: 503, body: {string: gone}}").answer
    assert found is not None
    assert (found.status.value, found.body and found.body.value) == (503, "gone")
    with pytest.raises(InputError, match='required field "status"'):
        read_rule("directResponse: {}")


def test_cross_origin_rules_are_read_and_a_star_is_every_origin() -> None:
    found = read_rule(
        f"""\
        corsPolicy:
          allowOrigins: [{{exact: "*"}}, {{regex: "https://.*"}}]
          allowMethods: [GET]
          allowHeaders: []
          maxAge: 24h
          allowCredentials: false
          unmatchedPreflights: IGNORE
        {TO}
        """
    ).cross_origin
    assert found is not None
    assert [origin.value.kind for origin in found.origins] == [PatternKind.GLOB, PatternKind.REGEX]
    assert (found.max_age and found.max_age.value) == 86400
    assert (found.preflights and found.preflights.value) == "ignore"
    assert len(found.trail.origin) == 1


@pytest.mark.parametrize(
    "spec",
    [
        "hosts: [a]\nhttp: [{delegate: {name: b}}]",
        "http: [{route: [{destination: {host: a}}]}]",
        "hosts: []\nhttp: [{route: [{destination: {host: a}}]}]",
    ],
)
def test_rules_that_need_another_resource_wait_for_it(spec: str) -> None:
    service = read_one(spec)
    assert service.http == ()
    assert len(service.pending) == 1


def test_the_same_text_reads_as_the_same_values() -> None:
    spec = f"hosts: [a]\nhttp: [{{timeout: 1s, {TO}}}]"
    assert bare(read_one(spec).http) == bare(read_one(spec).http)
