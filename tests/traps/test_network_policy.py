"""Traps of NetworkPolicies beside a mesh."""

from __future__ import annotations

from tests.resources.test_network_policy import EVERYBODY, gets_in, translated


def test_trap_linkerd_30_no_rule_closes_and_an_empty_rule_opens() -> None:
    closed = translated({"podSelector": {}, "ingress": []}).model
    opened = translated({"podSelector": {}, "ingress": [{}]}).model
    assert [gets_in(closed, caller) for caller in EVERYBODY] == [False, False, False]
    assert [gets_in(opened, caller) for caller in EVERYBODY] == [True, True, True]
