"""DestinationRules together: subsets of destinations and policies of hosts."""

from __future__ import annotations

import pytest

from ir.access import ClientTls, TlsMode
from ir.attachment import Reach
from ir.match import Operator, Requirement
from ir.provenance import Silence
from ir.resilience import ConnectionLimits, LoadBalancing, Outliers
from ir.traffic import Destination
from tests.importers.istio.link_routes_cases import (
    destination_rule,
    link,
    optional,
    service_of,
    tables,
    virtual_service,
)
from translator.importers.linked import Linked
from translator.report.model import Fate

OLD, NEW = "'2024-01-01T00:00:00Z'", "'2025-01-01T00:00:00Z'"
TO_V1 = "hosts: [reviews]\nhttp: [{route: [{destination: {host: reviews, subset: v1}}]}]"
RULE = "host: reviews\nsubsets: [{name: v1, labels: {version: v1}}]"
LIMITS = "connectionPool: {http: {maxRetries: 1}}"


def wanted(linked: Linked) -> Destination:
    return tables(linked)[0].routes[0].backends[0].destination


def version(linked: Linked) -> str | None:
    labels = wanted(linked).labels
    return None if labels is None else labels.value.requirements[0].values[0]


def by_clients(linked: Linked) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for one in tables(linked):
        audience, labels = one.attachment.audience, one.routes[0].backends[0].destination.labels
        assert audience is not None
        assert labels is not None
        spaces = tuple(space.value for space in audience.namespaces)
        found[spaces] = labels.value.requirements[0].values[0]
    return found


def test_a_subset_is_the_labels_of_its_rule() -> None:
    found = wanted(link(virtual_service(TO_V1), destination_rule(RULE)))
    assert optional(found.subset) == "v1"
    assert found.labels is not None
    assert found.labels.value.requirements == (Requirement("version", Operator.IN, ("v1",)),)
    assert found.subset is not None
    assert len(found.subset.origin) == 2


def test_a_subset_that_no_rule_knows_has_no_labels() -> None:
    found = wanted(link(virtual_service(TO_V1)))
    assert (optional(found.subset), found.labels) == ("v1", None)


def test_a_subset_that_no_route_uses_is_idle_with_its_policy() -> None:
    rule = f"host: reviews\nsubsets: [{{name: v2, labels: {{a: b}}, trafficPolicy: {{{LIMITS}}}}}]"
    linked = link(virtual_service(TO_V1), destination_rule(rule))
    assert len(linked.facts) == 1
    assert [len(one.leaves) for one in linked.inactive] == [3, 1]


def test_a_rule_in_the_root_namespace_stands_in_where_the_service_has_none() -> None:
    rule = "host: reviews.prod.svc.cluster.local\nsubsets: [{name: v1, labels: {version: root}}]"
    root = destination_rule(rule, namespace="istio-system")
    assert version(link(virtual_service(TO_V1), root)) == "root"
    assert version(link(virtual_service(TO_V1), root, destination_rule(RULE))) == "v1"


def test_an_exact_host_comes_before_a_wildcard() -> None:
    wildcard = "'*.prod.svc.cluster.local'"
    wide = destination_rule(f"host: {wildcard}\nsubsets: [{{name: v1, labels: {{v: wide}}}}]", "w")
    assert version(link(virtual_service(TO_V1), wide)) == "wide"
    assert version(link(virtual_service(TO_V1), wide, destination_rule(RULE))) == "v1"


@pytest.mark.parametrize("host", ["reviews.prod.svc.cluster.local", "'*.local'"])
def test_a_rule_in_another_namespace_is_for_its_own_clients(host: str) -> None:
    text = f"host: {host}\nsubsets: [{{name: v1}}]\ntrafficPolicy: {{{LIMITS}}}"
    linked = link(virtual_service(TO_V1), destination_rule(text, namespace="web"))
    assert wanted(linked).labels is None
    limits = [fact for fact in linked.facts if isinstance(fact, ConnectionLimits)]
    audience = limits[0].attachment.audience
    assert audience is not None
    assert [space.value for space in audience.namespaces] == ["web"]


def test_rules_for_one_host_share_their_subsets_and_the_older_wins() -> None:
    old = destination_rule(RULE, "old", created=OLD)
    new = destination_rule(
        "host: reviews\nsubsets: [{name: v1, labels: {version: new}}, {name: v2}]", created=NEW
    )
    linked = link(virtual_service(TO_V1), new, old)
    assert version(linked) == "v1"
    winners = [one.winner for one in linked.inactive if one.winner]
    assert winners == ["DestinationRule/prod/old"]


def test_the_traffic_policy_is_that_of_the_oldest_rule_that_has_one() -> None:
    text = "host: reviews\ntrafficPolicy: {{connectionPool: {{http: {{maxRetries: {}}}}}}}"
    linked = link(
        destination_rule("host: reviews\nsubsets: []", "first", created="'2023-01-01T00:00:00Z'"),
        destination_rule(text.format(1), "old", created=OLD),
        destination_rule(text.format(2), "new", created=NEW),
    )
    (limits,) = linked.facts
    assert isinstance(limits, ConnectionLimits)
    assert limits.max_retries is not None
    assert limits.max_retries.value == 1


def test_of_public_rules_without_ages_the_assumption_is_named() -> None:
    linked = link(destination_rule(RULE, "a"), destination_rule(RULE, "b"))
    assert [assumption.name for assumption in linked.assumptions] == ["age"]


def test_a_private_rule_beside_a_younger_public_one_is_idle() -> None:
    private = destination_rule(f"exportTo: ['.']\n{RULE}", "a", created=OLD)
    linked = link(virtual_service(TO_V1), private, destination_rule(RULE, "b", created=NEW))
    assert [one.winner for one in linked.inactive] == ["DestinationRule/prod/b"]
    assert linked.losses == ()


def test_a_private_rule_beside_an_older_public_one_is_used_alone_by_its_clients() -> None:
    text = "exportTo: ['.']\nhost: reviews\nsubsets: [{name: v1, labels: {version: new}}]"
    private = destination_rule(text, "a", created=NEW)
    linked = link(virtual_service(TO_V1), private, destination_rule(RULE, "b", created=OLD))
    assert linked.losses == ()
    assert by_clients(linked) == {(): "v1", ("prod",): "new"}


def test_clients_with_other_endpoints_for_a_subset_have_a_table_of_their_own() -> None:
    text = "host: reviews.prod.svc.cluster.local\nsubsets: [{name: v1, labels: {version: theirs}}]"
    own = destination_rule(text, namespace="web")
    linked = link(virtual_service(TO_V1), destination_rule(RULE), own)
    assert by_clients(linked) == {(): "v1", ("web",): "theirs"}
    assert not linked.losses
    assert not linked.inactive
    some = link(
        virtual_service(f"exportTo: [bank, web]\n{TO_V1}"),
        destination_rule(RULE),
        own,
        destination_rule(text.replace("theirs", "foreign"), namespace="other"),
    )
    assert by_clients(some) == {("bank",): "v1", ("web",): "theirs"}


def test_clients_whose_rule_does_not_know_the_subset_are_told() -> None:
    own = destination_rule("host: '*.local'\nsubsets: [{name: v2}]", namespace="web")
    linked = link(virtual_service(TO_V1), destination_rule(RULE), own)
    assert by_clients(linked) == {(): "v1"}
    (loss,) = linked.losses
    assert (loss.code, loss.fate) == ("MM210", Fate.APPROXIMATED)
    assert "clients in web" in loss.message


def test_clients_that_do_not_see_the_subset_are_a_finding() -> None:
    linked = link(virtual_service(TO_V1), destination_rule(f"exportTo: ['.']\n{RULE}"))
    (loss,) = linked.losses
    assert (loss.code, loss.fate) == ("MM210", Fate.APPROXIMATED)
    assert [site for site in loss.sites if site is wanted(linked).subset]


def test_policies_are_facts_about_the_host_at_the_clients() -> None:
    linked = link(
        destination_rule(
            f"host: reviews\nexportTo: [web]\ntrafficPolicy: {{{LIMITS}, "
            "loadBalancer: {simple: RANDOM}, outlierDetection: {}}"
        )
    )
    limits, balancing, outliers = linked.facts
    assert isinstance(limits, ConnectionLimits)
    assert isinstance(balancing, LoadBalancing)
    assert isinstance(outliers, Outliers)
    subject = outliers.attachment.subject
    assert (optional(subject.namespace), optional(subject.name)) == ("prod", "reviews")
    assert outliers.attachment.audience is not None
    assert outliers.attachment.audience.reach is Reach.NAMESPACES


def test_an_empty_outlier_block_has_the_usual_values_by_default() -> None:
    (found,) = link(destination_rule("host: reviews\ntrafficPolicy: {outlierDetection: {}}")).facts
    assert isinstance(found, Outliers)
    values = (found.consecutive_errors, found.interval, found.ejection_time)
    assert [value and value.value for value in values] == [5, 10, 30]
    assert all(isinstance(value and value.stated_by, Silence) for value in values)


def test_the_policy_of_a_subset_is_for_its_labels() -> None:
    rule = f"{RULE[:-2]}, trafficPolicy: {{{LIMITS}}}}}]"
    linked = link(virtual_service(TO_V1), destination_rule(rule))
    limits = linked.facts[1]
    assert isinstance(limits, ConnectionLimits)
    assert limits.labels is not None
    assert limits.labels.value.requirements[0].key == "version"


def test_a_rule_for_some_client_workloads_is_for_these_alone() -> None:
    rule = (
        f"host: reviews\nworkloadSelector: {{matchLabels: {{a: b}}}}\ntrafficPolicy: {{{LIMITS}}}"
    )
    (limits,) = link(destination_rule(rule)).facts
    assert isinstance(limits, ConnectionLimits)
    audience = limits.attachment.audience
    assert audience is not None
    assert audience.reach is Reach.WORKLOADS


def test_the_way_to_a_host_is_a_fact_about_its_clients() -> None:
    linked = link(destination_rule("host: reviews\ntrafficPolicy: {tls: {mode: DISABLE}}"))
    assert linked.inactive == ()
    (tls,) = linked.facts
    assert isinstance(tls, ClientTls)
    assert tls.mode.value is TlsMode.OFF


def test_hosts_outside_the_cluster_keep_their_name() -> None:
    rule = destination_rule(f"host: api.example.com\ntrafficPolicy: {{{LIMITS}}}")
    (limits,) = link(rule).facts
    assert isinstance(limits, ConnectionLimits)
    subject = limits.attachment.subject
    assert (subject.namespace, optional(subject.name)) == (None, "api.example.com")


def test_the_subject_of_a_table_is_not_changed_by_its_rules() -> None:
    found = tables(link(virtual_service(TO_V1), destination_rule(RULE)))
    assert [service_of(one) for one in found] == [("prod", "reviews")]
