"""The rules of the house that no import contract can say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from translator import registry

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / "translator" / "check.py"
MODULES = sorted((*(ROOT / "ir").rglob("*.py"), *(ROOT / "translator").rglob("*.py")))
LONGEST_MODULE = 500
LONGEST_FUNCTION = 60

each_module = pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: str(path.relative_to(ROOT))
)


def _functions(module: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


@each_module
def test_a_module_fits_into_a_room(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


@each_module
def test_a_function_fits_on_a_screen(module: Path) -> None:
    long = [
        f"{function.name}: {length}"
        for function in _functions(module)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


SHARED = {
    "importers": frozenset({"route_objects"}),
    "exporters": frozenset(
        {"egress", "from_network", "gateways", "network_policies", "route_objects", "routes"}
    ),
}
"""Rooms that several meshes share."""


def test_the_registry_names_the_folders() -> None:
    for names, room in ((registry.SOURCES, "importers"), (registry.TARGETS, "exporters")):
        folders = {
            folder.parent.name.replace("_", "-")
            for folder in (ROOT / "translator" / room).glob("*/__init__.py")
            if folder.parent.name not in SHARED[room]
        }
        assert folders == set(names)
    assert set(registry.SOURCES) | set(registry.TARGETS) <= set(registry.MESHES)


@pytest.mark.parametrize("word", ["istio", "linkerd", "cilium", "envoy", "kuma", "consul"])
def test_the_model_names_no_mesh(word: str) -> None:
    found = [
        f"{module.relative_to(ROOT)}:{number}"
        for module in MODULES
        if module.is_relative_to(ROOT / "ir")
        for number, text in _spoken(module)
        if word in text.lower()
    ]
    assert found == []


def _spoken(module: Path) -> Iterator[tuple[int, str]]:
    """Names and texts of a module; docstrings may cite where a claim comes from."""
    tree = ast.parse(module.read_text())
    cited = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and _is_docstring(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in cited
        ):
            yield node.lineno, node.value


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@each_module
def test_nothing_below_the_command_line_prints_or_logs(module: Path) -> None:
    if module.is_relative_to(ROOT / "translator" / "cli"):
        return
    tree = ast.parse(module.read_text())
    prints = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "print"]
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    if module != ROOT / "translator" / "report" / "docs.py":
        assert prints == []
    assert not {"logging", "random", "time", "socket", "urllib"} & imported


@each_module
def test_no_set_is_gone_through_in_its_own_order(module: Path) -> None:
    """A set display or ``set(...)`` as the iterable of a loop would give another order on each run."""
    loops = [
        loop.iter
        for loop in ast.walk(ast.parse(module.read_text()))
        if isinstance(loop, (ast.For, ast.comprehension))
    ]
    found = [
        loop.lineno
        for loop in loops
        if isinstance(loop, ast.Set)
        or (
            isinstance(loop, ast.Call)
            and isinstance(loop.func, ast.Name)
            and loop.func.id in {"set", "frozenset"}
        )
    ]
    assert found == []


@each_module
def test_untyped_values_stay_in_the_reading_room(module: Path) -> None:
    """``Any`` is for YAML events: nowhere but in ``source``, and in the checker, which reads JSON by itself."""
    if module.is_relative_to(ROOT / "translator" / "source") or module == CHECKER:
        return
    names = [n for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.Name)]
    assert [n.lineno for n in names if n.id == "Any"] == []
