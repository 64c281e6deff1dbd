"""How a decision names the fact that made it, and a share the pods that are not listed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.behaviour.concrete_trail import name_of
from ir.behaviour.delivery import spelt_selector
from ir.match import Operator, Requirement
from ir.provenance import trail
from tests.ir.facts import closed


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("policy of CiliumClusterwideNetworkPolicy//egress", "policy of CiliumClusterwideNetworkPolicy/egress"),
        ("default of Namespace//shop", "default of Namespace/shop"),
        ("Server of Server/shop/api", "Server of Server/shop/api"),
        ("a redirect to https://a.example", "a redirect to https://a.example"),
    ],
)  # fmt: skip
def test_what_is_in_no_namespace_shows_none(told: str, shown: str) -> None:
    assert name_of(replace(closed(), trail=trail(told))) == shown


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (Requirement("app", Operator.IN, ("web",)), "app=web"),
        (Requirement("app", Operator.IN, ("web", "api")), "app in (web,api)"),
        (Requirement("app", Operator.NOT_IN, ("web",)), "app notin (web)"),
        (Requirement("app", Operator.EXISTS), "app"),
        (Requirement("app", Operator.DOES_NOT_EXIST), "!app"),
    ],
)
def test_requirements_read_as_selectors_do(one: Requirement, shown: str) -> None:
    assert spelt_selector(one) == shown
