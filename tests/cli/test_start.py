"""The command line starts at once: what a command does not need is not loaded (``benchmarks/run.py`` has the time)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.reports import SHOP

HEAVY = ("deepdiff", "ir.model", "jinja2", "pydantic", "ruamel", "translator.api", "yaml")


def test_help_loads_neither_the_model_nor_any_large_library() -> None:
    code = (
        "import sys; from translator.cli.app import run; run(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stderr.strip() == "[]"
    assert "Usage: meshmigrate" in done.stdout


@pytest.mark.parametrize(("suffix", "loaded"), [("json", "[]"), ("html", "['jinja2']")])
def test_a_translation_loads_what_makes_pages_only_for_a_page(
    tmp_path: Path, suffix: str, loaded: str
) -> None:
    arguments = ["istio-to-linkerd", str(SHOP), "-q", "-o", str(tmp_path / "out")]
    arguments += ["--report", str(tmp_path / f"r.{suffix}")]
    code = (
        f"import sys; from translator.cli.app import run; run({arguments!r}); "
        "print([name for name in ['jinja2', 'deepdiff'] if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stdout.strip() == loaded
