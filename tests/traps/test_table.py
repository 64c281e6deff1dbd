"""Every numbered trap of both meshes is either a test or a row that says why it is none of this direction."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRAPS = {"cilium-read": 70, "cilium-write": 70, "gateway-api": 38, "istio": 53, "linkerd": 53}
"""How many traps of each mesh are numbered, from 1 on."""

_NAME = re.compile(
    r"^def test_trap_(cilium|gateway_api|istio|linkerd)_(\d+)_(?:and_(\d+)_)?", re.MULTILINE
)
_ROW = re.compile(rf"^\| ({'|'.join(sorted(TRAPS))}) (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)


def shown() -> set[tuple[str, int]]:
    """The traps that a test names; those of Cilium by the direction that the file is about."""
    found = set[tuple[str, int]]()
    for file in sorted(HERE.parent.rglob("test_*.py")):
        way = "write" if "writing" in file.stem else "read"
        for mesh, *numbers in _NAME.findall(file.read_text()):
            name = f"cilium-{way}" if mesh == "cilium" else mesh.replace("_", "-")
            found.update((name, int(number)) for number in numbers if number)
    return found


def rows() -> dict[tuple[str, int], tuple[str, str]]:
    """The rows of the table: what the trap is about, and where it is shown or why it is not."""
    text = (HERE / "README.md").read_text()
    found = [
        ((mesh, int(number)), (about, where)) for mesh, number, about, where in _ROW.findall(text)
    ]
    assert len(dict(found)) == len(found), "a trap has two rows"
    return dict(found)


@pytest.mark.parametrize("mesh", sorted(TRAPS))
def test_every_trap_has_a_row(mesh: str) -> None:
    numbers = [number for of, number in rows() if of == mesh]
    assert numbers == list(range(1, TRAPS[mesh] + 1))


def test_a_row_says_test_only_where_there_is_one() -> None:
    said = {trap for trap, (_, where) in rows().items() if where == "test"}
    assert sorted(said - shown()) == [], "there is no such test"


def test_every_other_row_says_why() -> None:
    short = [trap for trap, (_, where) in rows().items() if where != "test" and len(where) < 30]
    assert short == []
