"""Who has a proxy, for every combination of words, against rules that share no code with the reader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import yaml

from ir.membership import Enrolment
from tests.translation import options
from translator.importers.istio.membership import read_membership
from translator.importers.istio.words import read_words
from translator.source.load import load_text

Pair = tuple[dict[str, str], dict[str, str], dict[str, str]]


def combinations() -> Iterator[Pair]:
    """Labels of a namespace, labels of a pod, annotations of a pod."""
    for injection, revision, mode, label, word, own_revision, own_mode in product(
        (None, "enabled", "disabled"),
        (None, "canary"),
        (None, "ambient"),
        (None, "true", "false"),
        (None, "true", "false"),
        (None, "canary"),
        (None, "ambient", "none"),
    ):
        yield (
            given({"istio-injection": injection, "istio.io/rev": revision, MODE: mode}),
            given({INJECT: label, "istio.io/rev": own_revision, MODE: own_mode}),
            given({INJECT: word}),
        )


INJECT = "sidecar.istio.io/inject"
MODE = "istio.io/dataplane-mode"


def given(words: dict[str, str | None]) -> dict[str, str]:
    """Those that are there."""
    return {key: value for key, value in words.items() if value is not None}


def webhook_asks(space: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether one of the injector's webhooks selects the pod, as their selectors are written."""
    kept = labels.get(INJECT) != "false"
    if space.get("istio-injection") == "enabled":
        return kept
    if "istio-injection" not in space and "istio.io/rev" in space:
        return kept
    if "istio-injection" in space:
        return False
    return kept and (labels.get(INJECT) == "true" or "istio.io/rev" in labels)


def injected(space: dict[str, str], labels: dict[str, str], annotations: dict[str, str]) -> bool:
    """Whether the pod gets a sidecar once a webhook asks: the label before the annotation."""
    word = labels.get(INJECT, annotations.get(INJECT))
    return webhook_asks(space, labels) and word != "false"


def captured(space: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether the node's agent takes the pod."""
    return labels.get(MODE, space.get(MODE)) == "ambient"


def read(pair: Pair) -> dict[str, Enrolment]:
    """What the reader makes of a namespace and a pod in it."""
    space, labels, annotations = pair
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": space}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "db",
                "namespace": "shop",
                "labels": labels,
                "annotations": annotations,
            },
            "spec": {"containers": []},
        },
    ]
    resources = load_text(yaml.safe_dump_all(documents)).resources
    found = read_membership(tuple(read_words(resources, options(), set())))
    return {fact.object: fact for fact in found}


def test_the_reader_agrees_with_the_webhooks_on_every_combination() -> None:
    for pair in combinations():
        space, labels, _ = pair
        found = read(pair)
        own = found.get("Pod/shop/db") or found.get("Namespace//shop")
        enrolled = own is not None and own.enrolled.value
        assert enrolled is (injected(*pair) or captured(space, labels)), pair


def test_every_word_that_is_heeded_leaves() -> None:
    for pair in combinations():
        found = read(pair)
        words = sum(len(part) for part in pair)
        leaves = {
            leaf
            for fact in found.values()
            for value in (fact.enrolled, fact.trail)
            for leaf in value.origin
        }
        assert len(leaves) == words, pair
