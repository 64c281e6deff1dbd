"""Single changes of the fixtures' inputs: what is called equal is equal, what differs has a witness."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
import yaml

from ir.behaviour.concrete import Unsupported, decide_access
from ir.model import Model
from tests.accounting.mutation import mutations
from tests.fixtures.cases import Case, cases
from tests.fixtures.grid import repeats, requests
from translator.errors import InputError
from translator.registry import load_importer
from translator.verify.access import Comparison
from translator.verify.result import Kind, Slice, Verdict
from translator.verify.routes import RouteComparison

EVERY = 9
"""Of the changes of a fixture every ninth is tried."""

SOME = 997
"""Of the requests of the grid every so many is decided."""


def models(case: Case) -> Iterator[Model]:
    """The models of the changed inputs that can be read."""
    for number, mutation in enumerate(mutations(list(yaml.safe_load_all(case.text)))):
        if number % EVERY == 0:
            try:
                resources = case.loaded(mutation.text).resources
                yield load_importer(case.mesh)(resources, case.options()).model
            except (ExceptionGroup, InputError):
                continue


def slices(before: Model, after: Model) -> list[Slice]:
    """All slices; a disagreement with the naive decider is raised."""
    access = Comparison(before, after, strict=True)
    found = list(access.slices())
    routes = RouteComparison(before, after, access.world, access.lowered, strict=True)
    return [*found, *routes.slices()]


@pytest.mark.parametrize("case", cases(target="linkerd"), ids=lambda case: case.name)
def test_no_change_is_called_equal_that_some_request_tells(case: Case) -> None:
    before = case.result().model
    for after in models(case):
        told = {
            one.name.partition(" ")[0]
            for one in slices(before, after)
            if one.verdict is Verdict.UNKNOWN
            or any(c.kind in (Kind.NEWLY_ALLOWED, Kind.NEWLY_DENIED) for c in one.changes)
        }
        for request in islice(requests(before, after), 0, None, SOME):
            if request.workload not in told and not repeats(request):
                try:
                    was, becomes = (decide_access(side, request) for side in (before, after))
                except Unsupported:
                    continue
                assert was.allowed is becomes.allowed, request
