"""The page on the neutral model speaks of the facts that there are, and of nobody's mesh."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest

import ir

PAGE = (Path(__file__).parents[2] / "docs" / "ir.md").read_text(encoding="utf-8")
BLOCKS = tuple(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
TRAP = re.compile(r"^### ([ILCG])(\d+)\. .+$", re.MULTILINE)
MESHES = re.compile(r"istio|linkerd|cilium|gateway[-_ ]?api|envoy|ztunnel|kuma", re.IGNORECASE)
IMPLIED = frozenset({"trail"})
"""Fields that the page leaves out for brevity, as it says."""


def classes() -> dict[str, type]:
    """The classes that the modules directly in ``ir`` define, by name."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(ir.__path__, "ir."):
        if not module.ispkg:
            members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
            found |= {name: kind for name, kind in members if kind.__module__ == module.name}
    return found


CLASSES = classes()


def traps() -> dict[str, str]:
    """The text below the heading of each trap, by its letter and number."""
    heads = list(TRAP.finditer(PAGE))
    ends = [
        min(
            end
            for end in (PAGE.find("\n### ", h.end()), PAGE.find("\n## ", h.end()), len(PAGE))
            if end >= 0
        )
        for h in heads
    ]
    return {
        f"{h[1]}{h[2]}": PAGE[h.end() : end].strip() for h, end in zip(heads, ends, strict=True)
    }


def faults_of_call(call: ast.Call) -> Iterator[str]:
    """What is wrong with a constructor as the page writes it."""
    kind = CLASSES.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if kind is None or not is_dataclass(kind):
        yield f"{ast.unparse(call.func)} is no fact"
        return
    known = {field.name: field for field in fields(kind)}
    positional = [name for name, field in known.items() if not field.kw_only]
    if len(call.args) > len(positional):
        yield f"{kind.__name__} takes {len(positional)} positional values"
    given = {*positional[: len(call.args)], *(str(word.arg) for word in call.keywords)}
    for name in sorted(given - known.keys()):
        yield f"{kind.__name__} has no field {name}"
    for name, field in known.items():
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if not optional and name not in given | IMPLIED:
            yield f"{kind.__name__} needs {name}"


def faults(block: str, bound: set[str]) -> Iterator[str]:
    """What is wrong with a block, given the names that stand before it."""
    tree = ast.parse(block)
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    here = bound | {name.id for name in names if isinstance(name.ctx, ast.Store)}
    for name in names:
        if name.id not in here and name.id not in CLASSES:
            yield f"{name.id} is not in the model"
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from faults_of_call(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            kind = CLASSES.get(node.value.id)
            if kind and not (issubclass(kind, Enum) and node.attr in kind.__members__):
                yield f"{node.value.id} has no member {node.attr}"


def names_bound_by(block: str) -> set[str]:
    """The names that a block gives to values."""
    nodes = ast.walk(ast.parse(block))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


@pytest.mark.parametrize("letter", "ILCG")
def test_each_reference_has_its_ten_traps_in_order(letter: str) -> None:
    numbers = [int(found[2]) for found in TRAP.finditer(PAGE) if found[1] == letter]
    assert numbers == list(range(1, 11))


@pytest.mark.parametrize("trap", traps())
def test_a_trap_is_a_sentence_one_block_of_facts_and_what_to_do(trap: str) -> None:
    before, block, after = traps()[trap].split("```")
    assert before.strip().endswith(".")
    assert block.startswith("python\n")
    assert after.strip().endswith(".")


@pytest.mark.parametrize("block", BLOCKS[1:], ids=list(traps()))
def test_facts_use_the_classes_fields_and_members_of_the_model(block: str) -> None:
    assert list(faults(block, names_bound_by(BLOCKS[0]))) == []


def test_the_names_used_throughout_are_made_of_the_model() -> None:
    assert list(faults(BLOCKS[0], set())) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_no_fact_needs_the_name_of_a_mesh(block: str) -> None:
    assert MESHES.findall(block) == []


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ("Closed(layer=Layer.NETWORK)", "Closed needs attachment"),
        ("Retry(attempts=1, tries=2)", "Retry has no field tries"),
        ("Permit()", "Permit is no fact"),
        ("Cidr('10.0.0.0/8', (), 1)", "Cidr takes 2 positional values"),
        ("layer = Layer.CLOUD", "Layer has no member CLOUD"),
        ("AllOf(tests=(nobody,))", "nobody is not in the model"),
    ],
)
def test_a_wrong_block_is_found_out(block: str, fault: str) -> None:
    assert fault in list(faults(block, set()))
