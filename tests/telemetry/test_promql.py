"""PromQL is read as far as names and labels go, and held against a parser of others."""

from __future__ import annotations

import pytest

from translator.telemetry.promql import Unclear, parse

EXPRESSIONS = (
    "up",
    "1 + 2",
    "node_load1{}",
    'rate(http_requests_total{job="api", code!~"4..|5.."}[5m])',
    "sum by (a, b) (rate(x[5m]))",
    "sum(rate(x[5m])) by (a)",
    "sum without (a) (x)",
    "x / on (a) group_left (b) y",
    "x / ignoring (a) y",
    "x * on () group_left sum(y) by (c)",
    "topk(3, sum by (a) (x))",
    "histogram_quantile(0.99, sum(rate(x_bucket[5m])) by (le, a)) > 0.5",
    "max_over_time(rate(x[5m])[1h:1m])",
    "x offset 5m",
    "x @ 1609746000",
    "x @ start()",
    "-x ^ 2 % 3",
    "x > bool 1 and y unless z or w",
    'label_replace(x, "a", "$1", "b", "(.*)")',
    "job:x:rate5m > 5e-3",
    'x{a="b\\"c", d=\'e\', f=`g`}',
    "# a comment\nsum(x) # another\n",
    '{__name__="x", a="b"}',
    '{__name__=~"x.*"}',
    "absent(x{a='b'})",
    "x == 0x1F",
    "SUM(x) BY (a)",
    "count_values('v', x)",
    "(x + y) * (z)",
    "vector(1)",
    "x < Inf",
    'x{a="b",}',
    "rate(x[1h30m]) ",
    "sum by () (x)",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_selectors_are_those_that_another_parser_finds(text: str) -> None:
    other = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    found: list[tuple[str, list[tuple[str, str, str]]]] = []

    def visit(node: object) -> bool:
        if isinstance(node, other.VectorSelector):
            matchers = [(m.name, str(m.op), m.value) for m in node.matchers.matchers]
            found.append((node.name or "", matchers))
        return True

    other.walk(other.parse(text), pre_visit=visit)
    ours = [
        (one.metric, sorted((m.label, m.value) for m in one.matchers))
        for one in parse(text).selectors
    ]
    theirs = [
        (name, sorted((label, value) for label, _, value in matchers)) for name, matchers in found
    ]
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize(
    "text", ["sum(", "x{a=b}", 'x{a="b"', "sum(x))", "x ? y", "sum by a (x)", "x{a!b}", "by (a)"]
)
def test_what_is_not_understood_is_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        parse(text)


def test_a_grouping_knows_what_it_speaks_of() -> None:
    text = "sum(rate(x[5m])) by (a) / sum by (b) (y) > on (c) z"
    scopes = {one.word + one.labels[0]: text[slice(*one.scope)] for one in parse(text).groupings}
    assert scopes == {"bya": "(rate(x[5m]))", "byb": "(y)", "onc": text}


def test_two_sides_of_an_operator_are_those_of_its_brackets() -> None:
    text = "a and (b / on (l) c)"
    (one,) = parse(text).groupings
    assert text[slice(*one.scope)] == "(b / on (l) c)"


def test_selectors_know_the_calls_around_them() -> None:
    (one,) = parse("histogram_quantile(0.9, sum by (le) (rate(x[5m])))").selectors
    assert one.within == ("histogram_quantile", "sum", "rate")
