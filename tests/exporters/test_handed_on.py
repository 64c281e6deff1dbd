"""What becomes of requests whose rule is left out."""

from __future__ import annotations

import pytest

from ir.match import Part
from ir.traffic import NoMatch
from tests.ir import facts
from translator.exporters.handed_on import harm_of_rule, turns_away
from translator.report.model import Impact

_ONE = facts.route("one", facts.on(Part.PATH, "/one"))
_TWO = facts.route("two", facts.on(Part.PATH, "/two"))
_ALL = facts.route("all")


@pytest.mark.parametrize("no_match", [NoMatch.NOT_FOUND, NoMatch.FORBIDDEN])
def test_where_nothing_matches_requests_are_turned_away(no_match: NoMatch) -> None:
    table = facts.table(_ONE, _TWO, no_match=no_match)
    impact, then = harm_of_rule(_ONE, table, [_TWO])
    assert turns_away([table])
    assert impact is Impact.STRICTER
    assert "they are not found" in then


def test_a_table_that_passes_requests_on_turns_none_away() -> None:
    table = facts.table(_ONE, _TWO, no_match=NoMatch.PASS)
    impact, then = harm_of_rule(_ONE, table, [_TWO])
    assert not turns_away([table])
    assert impact is Impact.DIFFERENT
    assert then.endswith("or to the service.")


def test_a_rule_for_all_requests_turns_none_away() -> None:
    table = facts.table(_ONE, _ALL)
    assert not turns_away([table])
    assert harm_of_rule(_ONE, table, [_ALL])[0] is Impact.DIFFERENT
