"""Delegates: what Istio makes of a VirtualService that delegates and of the one without hosts."""

from __future__ import annotations

import pytest

from ir.match import Part
from ir.traffic import Route
from tests.importers.istio.link_routes_cases import link, names, patterns, table, virtual_service
from translator.report.model import Fate, Severity

ROOT = """
hosts: [reviews]
http:
- name: api
  match: [{uri: {prefix: /api}}]
  delegate: {name: team, namespace: team}
  timeout: 9s
  retries: {attempts: 4}
- route: [{destination: {host: reviews}}]
"""


def delegate(http: str, extra: str = "") -> str:
    """A VirtualService without hosts, in a namespace of its own."""
    return virtual_service(f"{extra}\nhttp:\n{http}", name="team", namespace="team")


def merged(http: str, root: str = ROOT, extra: str = "") -> list[Route]:
    """The rules of both, in order."""
    return list(table(link(virtual_service(root), delegate(http, extra))).routes)


def paths(route: Route) -> list[list[tuple[str, str]]]:
    """The patterns on the path of each alternative."""
    return [
        [p for test in match.requests.tests if test.part is Part.PATH for p in patterns(test)]
        for match in route.matches
    ]


def test_the_rules_of_the_delegate_take_the_place_of_the_rule_that_delegates() -> None:
    first, second, rest = merged(
        "- {match: [{uri: {exact: /api/a}}], route: [{destination: {host: a}}]}\n"
        "- {name: all, route: [{destination: {host: b.other.svc.cluster.local}}]}"
    )
    assert [paths(one) for one in (first, second)] == [
        [[("exact", "/api/a")]],
        [[("prefix", "/api")]],
    ]
    assert (first.name and first.name.value, second.name and second.name.value) == (
        "api",
        "api-all",
    )
    assert names(rest) == ["reviews"]


def test_short_names_of_a_delegate_are_completed_with_its_own_namespace() -> None:
    first, _ = merged("- route: [{destination: {host: a}}]")
    (backend,) = first.backends
    namespace = backend.destination.namespace
    assert (namespace and namespace.value, backend.destination.name.value) == ("team", "a")


def test_what_the_delegate_leaves_out_the_root_fills_in() -> None:
    first, second, _ = merged(
        "- {timeout: 1s, route: [{destination: {host: a}}]}\n- route: [{destination: {host: b}}]"
    )
    limits = [
        r.timeouts.request.value for r in (first, second) if r.timeouts and r.timeouts.request
    ]
    assert limits == [1, 9]
    assert [r.retry.attempts.value for r in (first, second) if r.retry] == [4, 4]


def test_a_rewrite_of_the_root_replaces_what_the_match_of_the_delegate_covers() -> None:
    root = ROOT.replace("timeout: 9s", "rewrite: {uri: /v2}")
    first, second, _ = merged(
        "- {match: [{uri: {exact: /api/a}}], route: [{destination: {host: a}}]}\n"
        "- {match: [{uri: {prefix: /api/b}}], route: [{destination: {host: a}}]}",
        root,
    )
    whole, part = first.rewrite, second.rewrite
    assert whole is not None
    assert part is not None
    assert (whole.path and whole.path.value, whole.prefix) == ("/v2", None)
    assert (part.prefix and part.prefix.value, part.path) == ("/v2", None)


@pytest.mark.parametrize(
    "match",
    [
        "{uri: {exact: /other}}",
        "{uri: {prefix: /ap}}",
        "{uri: {regex: /api/.*}}",
        "{uri: {prefix: /api/a}, ignoreUriCase: true}",
    ],
)
def test_a_rule_that_conflicts_with_the_root_is_left_out(match: str) -> None:
    (rest,) = merged(f"- {{match: [{match}], route: [{{destination: {{host: a}}}}]}}")
    assert names(rest) == ["reviews"]


def test_matches_are_paired_and_a_match_without_a_partner_drops_its_rule() -> None:
    root = ROOT.replace("[{uri: {prefix: /api}}]", "[{uri: {prefix: /api}}, {uri: {prefix: /x}}]")
    first, _ = merged(
        "- {match: [{uri: {prefix: /api/a}}, {headers: {h: {exact: '1'}}}], route: [{destination: {host: a}}]}\n"
        "- {match: [{uri: {prefix: /api/a}}, {uri: {prefix: /y}}], route: [{destination: {host: a}}]}",
        root,
    )
    assert len(first.matches) == 3


def test_a_namespace_of_clients_must_be_repeated() -> None:
    root = ROOT.replace("{uri: {prefix: /api}}", "{sourceNamespace: web}")
    (rest,) = merged("- {match: [{uri: {prefix: /a}}], route: [{destination: {host: a}}]}", root)
    assert names(rest) == ["reviews"]
    first, _ = merged(
        "- {match: [{sourceNamespace: web}], route: [{destination: {host: a}}]}", root
    )
    audience = first.matches[0].audience
    assert audience is not None
    assert [space.value for space in audience.namespaces] == ["web"]


def test_a_delegate_that_is_not_exported_to_the_root_is_left_out() -> None:
    (rest,) = merged("- route: [{destination: {host: a}}]", extra="exportTo: ['.']")
    assert names(rest) == ["reviews"]
    first, _ = merged("- route: [{destination: {host: a}}]", extra="exportTo: [prod]")
    assert names(first) == ["a"]


def test_a_delegate_that_is_not_in_the_input_is_a_loss_unless_the_input_is_complete() -> None:
    linked = link(virtual_service(ROOT))
    (loss,) = linked.losses
    assert (loss.code, loss.gravity, loss.fate) == ("MM203", Severity.HIGH, Fate.UNREAD)
    assert "delegates to a VirtualService that is not in the input" in loss.message
    whole = link(virtual_service(ROOT), complete=True)
    assert whole.losses == ()
    assert "there is no such delegate: the rule is left out" in [one.why for one in whole.inactive]


def test_a_delegate_that_delegates_counts_for_nothing() -> None:
    (rest,) = merged("- delegate: {name: third}")
    assert names(rest) == ["reviews"]


def test_rules_to_which_nobody_delegates_do_nothing() -> None:
    linked = link(delegate("- route: [{destination: {host: a}}]"))
    assert linked.facts == ()
    assert {one.why for one in linked.inactive} == {
        "no VirtualService of the input that is heeded delegates to it"
    }
