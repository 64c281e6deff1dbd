"""Names of ours are told the same in every form."""

from __future__ import annotations

import pytest

from translator.report.words import (
    CHANGES,
    VERDICTS,
    change_rank,
    change_title,
    kind_title,
    message_title,
    resource_title,
    verdict_title,
)
from translator.verify.result import Kind, Verdict


def test_every_kind_of_change_and_every_verdict_has_words() -> None:
    assert {kind.value for kind in Kind} <= set(CHANGES)
    assert {verdict.value for verdict in Verdict} == set(VERDICTS)
    assert all("_" not in change_title(kind) for kind in CHANGES)


def test_wider_access_is_graver_than_anything_else() -> None:
    ranks = sorted(CHANGES, key=change_rank)
    assert ranks[0] == "newly_allowed"
    assert ranks.index("newly_denied") < ranks.index("rerouted")
    assert change_rank("of tomorrow") > max(map(change_rank, CHANGES))


@pytest.mark.parametrize(
    ("resource", "title"),
    [
        ("Namespace//shop", "Namespace/shop"),
        ("Deployment/shop/web", "Deployment/shop/web"),
        ("List//", "List//"),
        ("", ""),
    ],
)
def test_what_is_in_no_namespace_shows_none(resource: str, title: str) -> None:
    assert resource_title(resource) == title


def test_equal_under_says_under_what() -> None:
    assert verdict_title("EQUAL_UNDER") == "equal under assumptions"
    assert kind_title("RateLimit") == "Rate limit"
    assert kind_title("PeerMtls") == "Peer mutual TLS"
    assert kind_title("ClientTls") == "Client TLS"


def test_a_sentence_shows_no_namespace_where_there_is_none() -> None:
    said = "GatewayClass//istio, Pod/shop/a: see https://x//y"
    assert message_title(said) == "GatewayClass/istio, Pod/shop/a: see https://x//y"
