"""Versions of the meshes as their users name them."""

from __future__ import annotations

import pytest

from translator.errors import TargetError
from translator.target import EDGE, parse_target


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("edge", "edge"),
        ("edge-26.8.2", "edge"),
        ("edge-26.8.1", "2.20"),
        ("edge-26.6.3", "2.20"),
        ("edge-26.6.2", "2.19"),
        ("edge-25.4.4", "2.18"),
        ("edge-24.11.8", "2.17"),
        ("edge-24.2.3", "2.14"),
        ("stable-2.14.10", "2.14"),
        ("enterprise-2.18.3", "2.18"),
        ("v2.20", "2.20"),
    ],
)
def test_linkerd_is_known_by_what_its_own_command_prints(said: str, read: str) -> None:
    found = parse_target(f"linkerd@{said}")
    assert str(found) == f"linkerd@{read}"


def test_an_edge_has_all_that_the_versions_before_it_have() -> None:
    assert parse_target("linkerd@edge").at_least("2.20")
    assert not parse_target("linkerd@2.20").at_least(EDGE)


@pytest.mark.parametrize("said", ["linkerd@edge-x", "istio@edge", "linkerd@2.21"])
def test_an_unknown_version_is_refused_with_those_that_are_known(said: str) -> None:
    with pytest.raises(TargetError, match="expected one of"):
        parse_target(said)
