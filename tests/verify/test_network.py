"""What policies of the network let out, compared: by block, look-up, host and name; what is not told apart is not proved."""

from __future__ import annotations

import pytest

from ir.behaviour.lower import Lowering
from ir.model import Model
from translator import pipeline
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.egress import EgressComparison
from translator.verify.result import Kind, Slice, Verdict

POLICY = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: out, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: front}}}}
  egress: [{items}]
"""
WORLD = "{toEntities: [world]}"
WEB = "toPorts: [{ports: [{port: '80', protocol: TCP}]"


def model(*items: str) -> Model:
    """A policy with these items, or none at all."""
    options = pipeline.options_of(load_text(""), "cilium", "linkerd", {})
    text = POLICY.format(items=", ".join(items)) if items else ""
    return load_importer("cilium")(load_text(text).resources, options).model


def slices(before: Model, after: Model) -> list[Slice]:
    """The slices; a disagreement with the naive decider is raised."""
    sides = Lowering(before), Lowering(after)
    return [*EgressComparison(before, after, sides, strict=True).slices()]


def kinds(before: Model, after: Model) -> set[Kind]:
    """How destinations fare otherwise."""
    return {change.kind for one in slices(before, after) for change in one.changes}


ITEMS = [
    "{toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.128/25]}]}",
    "{toFQDNs: [{matchName: a.example}]}",
    "{toFQDNs: [{matchPattern: '*.a.example'}, {matchPattern: '**.b.example'}]}",
    f"{{toEntities: [world], {WEB}, rules: {{http: [{{host: 'a[.]example'}}]}}}}]}}",
    f"{{toEntities: [world], {WEB}, serverNames: [a.example]}}]}}",
    f"{{toFQDNs: [{{matchName: a.example}}], {WEB}, rules: {{http: [{{}}]}}}}]}}",
]


@pytest.mark.parametrize("item", ITEMS)
def test_each_form_of_a_way_out_is_wider_than_none_and_narrower_than_all(item: str) -> None:
    shut, some, wide = model("{}"), model(item), model(WORLD)
    assert kinds(some, model(item, "{}")) == set()
    assert kinds(shut, some) == {Kind.NEWLY_ALLOWED}
    assert kinds(wide, some) == {Kind.NEWLY_DENIED}


@pytest.mark.parametrize("first", range(len(ITEMS)))
def test_forms_of_ways_out_are_told_from_each_other(first: int) -> None:
    others = [model(item) for place, item in enumerate(ITEMS) if place != first]
    assert all(kinds(model(ITEMS[first]), other) for other in others)


def test_peers_in_the_cluster_and_other_transports_let_nothing_out() -> None:
    datagrams = "{toEntities: [all], toPorts: [{ports: [{port: '0', protocol: UDP}]}]}"
    look_ups = "{toEntities: [world], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}"
    for item in ("{toEntities: [cluster]}", "{toEndpoints: [{}]}", datagrams, look_ups):
        assert kinds(model("{}"), model(item)) == set()


def test_a_policy_that_goes_lets_everything_out() -> None:
    assert kinds(model(ITEMS[0]), model()) == {Kind.NEWLY_ALLOWED}


def test_policies_that_are_the_same_on_both_sides_are_not_looked_at() -> None:
    assert slices(model(ITEMS[0]), model(ITEMS[0])) == []


def test_what_asks_for_more_is_not_proved() -> None:
    item = f"{{toEntities: [world], {WEB}, rules: {{http: [{{path: /a}}]}}}}]}}"
    (found,) = (one for one in slices(model(item), model()) if one.verdict is Verdict.UNKNOWN)
    assert "path" in found.reasons[0]
