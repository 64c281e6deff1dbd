"""What all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update`` rewrites what is pinned; read the diff before it is committed."""
    parser.addoption("--update", action="store_true", help="rewrite pinned outputs and reports")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether pinned files are to be rewritten."""
    return bool(request.config.getoption("--update"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A skipped or failing test must say why (see ``tests.expect``)."""
    for item in items:
        for name in ("skip", "xfail", "skipif"):
            for mark in item.iter_markers(name):
                if not mark.kwargs.get("reason"):
                    message = f"{item.nodeid}: {name} without a reason"
                    raise pytest.UsageError(message)
