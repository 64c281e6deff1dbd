"""The command documents in ``examples/``: what they show is what happens.

A block marked ``console`` begins with ``$ meshmigrate ...``. Standard input follows up to a line ``^D``, then standard
output; lines after ``2>`` are standard error, and ``=>`` tells the exit code where it is not 0. ``pytest --update``
writes what happens into the documents.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run
from translator.cli.codes import BUG

EXAMPLES = Path(__file__).parents[2] / "examples"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """One block: the command line, standard input, and everything that is expected, as written."""

    line: str
    stdin: str | None
    expected: str

    @property
    def arguments(self) -> list[str]:
        """What follows ``$ meshmigrate``."""
        prompt, program, *rest = shlex.split(self.line)
        assert (prompt, program) == ("$", "meshmigrate"), self.line
        return rest

    def written(self, ran: Ran) -> str:
        """The block as it must be after a run."""
        stdin = "" if self.stdin is None else f"{self.stdin}^D\n"
        return f"{self.line}\n{stdin}{outcome(ran)}"


def outcome(ran: Ran) -> str:
    """A run as a block shows it."""
    said = "".join(f"2> {line}".rstrip() + "\n" for line in ran.err.splitlines())
    return f"{ran.out}{said}" + (f"=> {ran.code}\n" if ran.code else "")


def parsed(block: str) -> Shown:
    """Reads the text of a block."""
    line, _, rest = block.partition("\n")
    stdin, found, expected = rest.partition("^D\n")
    return Shown(line, stdin, expected) if found else Shown(line, None, rest)


def documents() -> list[Path]:
    """All documents that hold a block."""
    files = sorted(EXAMPLES.glob("*.md"))
    return [file for file in files if BLOCK.search(file.read_text(encoding="utf-8"))]


def test_there_are_documents() -> None:
    assert documents()


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.stem)
def test_what_a_document_shows_is_what_happens(
    document: Path, run: Run, monkeypatch: pytest.MonkeyPatch, *, update: bool
) -> None:
    monkeypatch.chdir(EXAMPLES)
    before = sorted(EXAMPLES.rglob("*"))

    def ran(block: re.Match[str]) -> str:
        shown = parsed(block[1])
        result = run(*shown.arguments, stdin=shown.stdin or "")
        assert result.code != BUG, result.err
        return f"```console\n{shown.written(result)}```"

    text = document.read_text(encoding="utf-8")
    now = BLOCK.sub(ran, text)
    if update:
        document.write_text(now, encoding="utf-8")
    else:
        assert text == now
    assert sorted(EXAMPLES.rglob("*")) == before
