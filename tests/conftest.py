"""What all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update`` rewrites what is pinned; read the diff before it is committed."""
    parser.addoption("--update", action="store_true", help="rewrite pinned outputs and reports")
    parser.addoption("--thorough", action="store_true", help="try all single changes, not some")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether pinned files are to be rewritten."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether everything is tried that is tried in part otherwise."""
    return bool(request.config.getoption("--thorough"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A skipped or failing test must say why (see ``tests.expect``)."""
    for item in items:
        for name in ("skip", "xfail", "skipif"):
            for mark in item.iter_markers(name):
                if not mark.kwargs.get("reason"):
                    message = f"{item.nodeid}: {name} without a reason"
                    raise pytest.UsageError(message)
