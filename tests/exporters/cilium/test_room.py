"""Expressions that the proxy takes: of more than 100 instructions it takes none, and refuses all policies of the pod."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from ir.language import program_size
from tests.exporters.cilium.istio import policy, spec, translated
from tests.fixtures.cases import Case, cases
from translator.report.model import Impact

API = {"selector": {"matchLabels": {"app": "api"}}}
PROGRAM = 100


def expressions(tree: object) -> Iterator[str]:
    """All that a policy asks of paths, methods and hosts."""
    match tree:
        case {"http": list(rules)}:
            for rule in rules:
                yield from (rule[key] for key in ("path", "method", "host") if key in rule)
        case dict():
            for value in tree.values():
                yield from expressions(value)
        case list():
            for value in tree:
                yield from expressions(value)
        case _:
            pass


@pytest.mark.parametrize(
    "case", cases(target="cilium"), ids=lambda case: f"{case.mesh}-{case.name}"
)
def test_no_expression_of_a_fixture_is_larger_than_the_proxy_takes(case: Case) -> None:
    for document in case.result().documents:
        for tree in yaml.safe_load_all(document.text):
            for text in expressions(tree):
                assert program_size(text) <= PROGRAM


def allow(**operation: object) -> str:
    return policy({**API, "rules": [{"to": [{"operation": operation}]}]})


def test_what_is_left_of_all_paths_is_said_in_several_rules() -> None:
    result = translated(allow(notPaths=["/reports/of/the/year/before/last"]))
    found = list(expressions(spec(result)))
    assert len(found) > 1
    assert max(map(program_size, found)) <= PROGRAM
    assert not {"MM402", "MM901", "MM903", "MM904"} & {f.code for f in result.report.findings}


def test_a_path_that_cannot_be_said_is_refused_and_the_others_are_let_in() -> None:
    rules = [{"to": [{"operation": {"paths": [path]}}]} for path in ("/short", f"/{'a' * 120}")]
    result = translated(policy({**API, "rules": rules}))
    assert list(expressions(spec(result))) == ["/short(?:\\?.*)?"]
    (told,) = [f for f in result.report.findings if f.code == "MM402"]
    assert told.impact is Impact.STRICTER
    assert not {"MM901", "MM903", "MM904"} & {f.code for f in result.report.findings}
